"""The function of `bandg match`: reads the samples, chooses the emulators, and matches each sample with all of them."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bandg.analysis.emulators.emulator import Emulator
from bandg.analysis.emulators.knobs import BROMIDES
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.analysis.match.candidate import Candidate, candidate, fixed, unknowns
from bandg.analysis.match.posterior import REACH, Weights, log_sum, weigh
from bandg.analysis.match.result import SIZE, Match, fits_of
from bandg.analysis.match.sample import Sample, sample_of, samples_of
from bandg.base.arguments import names, strict, words
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, named
from bandg.base.show import Shown
from bandg.base.text import nearest, quote
from bandg.data.choice import material_of
from bandg.data.materials import is_mixed, mixed, same_material
from bandg.data.measured import MeasuredPoint, load_measured, load_spreads

FEWEST, MOST = 2**12, 2**16
"""Points of the prior of each candidate: doubled from the first to the second until enough are effective."""

KEPT = 2**14
"""Most points of candidates that are kept, so that memory is some 30 MB for each of them."""

EFFECTIVE = 200
"""Effective points that are enough."""

HOPELESS = 100.0
"""Chi-square of the best point above which more points do not matter."""

NEGLIGIBLE = 0.01
"""Posterior probability below which a candidate needs no more points."""


@dataclass(frozen=True, eq=False, repr=False)
class Matches(Shown):
    """A match for each sample, and sentences on what of the data did not enter."""

    samples: tuple[Match, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain types."""
        return {"samples": [one.to_dict() for one in self.samples], "notes": list(self.notes)}

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and a line for each sample."""
        lines = {}
        for number, one in enumerate(self.samples):
            best = one.fits[0]
            text = f"{best.name}, probability {best.probability:.2f}" if one.found else "none of these"
            lines[one.sample.name or f"sample {number + 1}"] = text
        return f"{len(self.samples)} sample{'s' * (len(self.samples) != 1)}", lines


@strict
def match(
    energy: Any = None,
    g_e: Any = None,
    g_h: Any = None,
    g_bx: Any = None,
    *,
    size: Any = None,
    dg_e: Any = None,
    dg_h: Any = None,
    data: str | os.PathLike[str] | None = None,
    set: str | Sequence[str] = (),
    shape: str | Sequence[str] = (),
    fix: str | Sequence[str] = (),
    emulators: Sequence[Emulator] | None = None,
) -> Matches:
    """Which nanocrystal a sample is: set, shape, size, surface and energy scale by posterior probability.

    Parameters
    ----------
    energy : str, float or pair
        Transition energy with its error, as "1.911+-0.01eV"; a number or a pair of value and error is in eV.
        Without an error 0.01 eV is assumed.
    g_e, g_h, g_bx : str, float or pair, optional
        g-factors with their errors, as "1.41+-0.05", or ``"|1.41|+-0.05"`` without a known sign; at least one.
        Without an error 0.1 is assumed.
    size : str, float or pair, optional
        Edge of a cube, or diameter of the ball with the volume of a sphere's cells, as "10+-1nm" or in nm. Without an
        error 10 % is assumed.
    dg_e, dg_h : str or float, optional
        Spread of g within the sample, half width of a Lorentzian as T2* gives it. It bounds the scatter of the sizes
        and does not enter the probabilities.
    data : str or path, optional
        In place of all these a file or a shipped collection of measured points, whose samples are matched in turn.
    set, shape : str or list of str
        Emulators to match with; by default all that ship of the material.
    fix : str or list of str
        Unknowns that are known, as "bromide=0" or "inverse_eps=0.1": any knob of an emulator, or 1 / eps.
    emulators : sequence of Emulator, optional
        In place of those that ship.

    Returns
    -------
    Matches
        `samples` has a `Match` for each sample, whose `fits` are the candidates, the most probable first, and whose
        `found` is False where none of these fits.

    Raises
    ------
    BandgError
        For any wrong input, for an unknown set, shape or name, and for an energy or size outside of all emulators.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.match("1.911+-0.01eV", "1.41+-0.05", "0.91+-0.05", set="bandg-cspbi3-nnn")
    >>> found.samples[0].found
    True
    >>> 4 < found.samples[0].fits[0].unknowns["size_nm"].median < 7
    True
    """
    given = {"energy": energy, "g_e": g_e, "g_h": g_h, "g_bx": g_bx, "size": size, "dg_e": dg_e, "dg_h": dg_h}
    notes: tuple[str, ...] = ()
    if data is None:
        samples: tuple[Sample, ...] = (sample_of(**given),)
    else:
        if stated := [name for name, value in given.items() if value is not None]:
            raise BandgError(f"`{stated[0]}` is that of one sample, and `data` has its own: give one of them")
        points = load_measured(data)
        samples, notes = samples_of(points, load_spreads(data)), _unused(points)
    materials = dict.fromkeys(one.material for one in samples)
    chosen = chosen_emulators(set, shape, emulators, () if "" in materials else tuple(materials))
    samples, foreign = _of_material(samples, {name for one in chosen for name in materials_of(one)})
    pools: dict[str, Pool] = {}
    known: dict[str, dict[str, float]] = {}
    for material in dict.fromkeys(one.material for one in samples):
        its = (material,) if material else ()
        own = chosen_emulators(set, shape, emulators, its)
        free = {name for one in own for name in unknowns(one)}
        known[material] = {name: x for name, x in fixed_values(fix, chosen, its).items() if name in free}
        pools[material] = Pool([fixed(one, known[material]) for one in own])
        check_sizes(pools[material].emulators, [one for one in samples if one.material == material])
    found = tuple(pools[one.material].match(one) for one in samples)
    if not any(one.inside for one in found):
        raise BandgError(outside([one for pool in pools.values() for one in pool.emulators], samples))
    return Matches(found, (*notes, *foreign, *_fixed(known)))


def _fixed(known: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Sentences on the values that are fixed, by material where there are several."""
    for material, values in known.items():
        whose = f" in samples of {material}" if material else " in samples without a material"
        if values:
            listed = ", ".join(f"{name} = {value:g}" for name, value in values.items())
            yield f"Fixed{whose if len(known) > 1 else ''}: {listed}."


def _of_material(samples: Sequence[Sample], offered: Collection[str]) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """The samples that the offered materials may be, "" for any, and a sentence on the others."""
    others = [one for one in samples if not any(same_material(one.material, own) for own in offered)]
    listed = ", ".join(f"{one.name or 'one without a name'} ({one.material})" for one in others)
    kept = tuple(one for one in samples if one not in others)
    return kept, (f"No emulator is of the material of these samples, which are left out: {listed}.",) if others else ()


def _unused(points: Sequence[MeasuredPoint]) -> tuple[str, ...]:
    """Sentences on what of the data belongs to no sample."""
    found = []
    reasons = Counter(point.why_not_judged_by for point in points if point.why_not_judged_by)
    if reasons:
        listed = "; ".join(f"{count} ({why})" for why, count in reasons.items())
        found.append(f"Points that belong to no sample: {listed}.")
    if any(point.size_nm is not None and not point.why_not_judged_by for point in points):
        found.append("Sizes of the data do not enter, because they have no error: match such a sample by `size`.")
    return tuple(found)


def chosen_emulators(
    set: str | Sequence[str], shape: str | Sequence[str], given: Sequence[Emulator] | None, materials: Collection[str]
) -> tuple[Emulator, ...]:
    """The emulators of these sets, shapes and materials. Raises BandgError where there is none."""
    every = tuple(load_emulator(*name) for name in stored_names()) if given is None else tuple(given)
    for kind, wanted in (("set", set), ("shape", shape)):
        asked = words(kind, wanted, "cube")
        known = tuple(dict.fromkeys(getattr(one, kind) for one in every))
        for word in asked:
            if word not in known:
                raise BandgError(
                    f"`{kind}` {quote(word)} has no emulator{nearest(word, known)}; there are {', '.join(known)}"
                )
        every = tuple(one for one in every if not asked or getattr(one, kind) in asked)
    found = tuple(
        one
        for one in every
        if not materials or any(same_material(name, own) for name in materials for own in materials_of(one))
    )
    if not found:
        what = f"of {' and '.join(sorted(materials))} " if every else "of both `set` and `shape` "
        raise BandgError(f"there is no emulator {what}to match with")
    return found


def materials_of(one: Emulator) -> tuple[str, ...]:
    """What the nanocrystals of an emulator may be made of: its material, "" where it is not known, and its alloy."""
    own, other = material_of(one.set), BROMIDES.get(one.set)
    is_alloy = other is not None and any(knob.name == "bromide" for knob in one.knobs)
    return own, *([mixed(own, material_of(str(other)))] if is_alloy else [])


def fixed_values(
    fix: str | Sequence[str], emulators: Sequence[Emulator], materials: Collection[str]
) -> dict[str, float]:
    """Value by name of the unknowns that are known. Data that state a material with one halide have no bromide besides.

    Raises BandgError for a name that no emulator has.
    """
    known = tuple(dict.fromkeys(name for one in emulators for name in unknowns(one)))
    is_pure = bool(materials) and not any(map(is_mixed, materials))
    found = {"bromide": 0.0} if is_pure and "bromide" in known else {}
    for name, text in named(names("fix", fix, "bromide=0"), "`fix`", "bromide=0").items():
        if name not in known:
            hint = f"{nearest(name, known)}; there are {', '.join(known)}"
            raise BandgError(f"`fix` {quote(name)} is not among the unknowns{hint}")
        found[name] = Grammar(f"`fix` {name}", "bromide=0").value(text).number
    return found


def check_sizes(emulators: Sequence[Emulator], samples: Sequence[Sample]) -> None:
    """Raise BandgError for a size that no emulator comes near."""
    low, high = min(one.size_nm[0] for one in emulators), max(one.size_nm[-1] for one in emulators)
    for datum in (one for sample in samples for one in sample.data if one.quantity == SIZE):
        if not low - REACH * datum.error < datum.value < high + REACH * datum.error:
            reach = f"from {low:.3g} to {high:.3g} nm"
            raise BandgError(f"the size {datum.value:g} nm lies outside of all emulators, which reach {reach}")


class Pool:
    """Candidates by their number of points of the prior; those with few points are kept from sample to sample."""

    def __init__(self, emulators: Sequence[Emulator], fewest: int = FEWEST) -> None:
        self.emulators, self.fewest = tuple(emulators), fewest
        self._kept: dict[tuple[int, int], Candidate] = {}

    def candidate(self, number: int, count: int) -> Candidate:
        """The candidate of an emulator, with `count` points."""
        found = self._kept.get((number, count)) or candidate(self.emulators[number], count)
        if count <= KEPT:
            self._kept[number, count] = found
        return found

    def match(self, sample: Sample) -> Match:
        """The match of one sample."""
        weights = [weigh(self.candidate(n, self.fewest), sample) for n in range(len(self.emulators))]
        while True:
            total = log_sum(np.array([one.log_evidence for one in weights]))
            short = [n for n, one in enumerate(weights) if _is_short(one, total)]
            if not short:
                return Match(sample, fits_of(weights, sample))
            for n in short:
                weights[n] = weigh(self.candidate(n, 2 * len(weights[n].candidate.values)), sample)


def _is_short(one: Weights, total: float) -> bool:
    """Whether a candidate matters, has too few effective points, and may have more."""
    matters = one.log_evidence - total > math.log(NEGLIGIBLE)
    if not matters or one.effective >= EFFECTIVE or len(one.candidate.values) >= MOST:
        return False
    return bool(one.chi2.min() < HOPELESS)


def outside(emulators: Sequence[Emulator], samples: Sequence[Sample]) -> str:
    """What to say where no curve comes near the energy of any sample."""
    energies = np.concatenate(
        [own.curves[0][own.holds].ravel() for own in (candidate(one, FEWEST) for one in emulators)]
    )
    if not energies.size:
        return "no emulator holds at these values of `fix`: the band edge may be another level at some size"
    low, high = energies.min(), energies.max()
    given = ", ".join(f"{one.energy_eV:g}" for one in samples)
    return f"the energy {given} eV lies outside of all emulators, which reach from {low:.3f} to {high:.3f} eV"
