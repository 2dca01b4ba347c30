"""What a verdict combines: bulk set, termination, potential at the surface, energy scale, image potential."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bandg.analysis.hypotheses.case import Case
from bandg.analysis.verdict.bulk_error import is_linear
from bandg.analysis.verdict.pair import IMAGE, SCALES, Scale, pair_observables
from bandg.base.errors import BandgError
from bandg.base.text import nearest
from bandg.models.etb.local import resolve_neighbors
from bandg.parameters.covariance import Member, ensemble_of
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

SETS = (
    "nestoklon2023-standin",
    "bandg-nnn",
    "bandg-nnn-spin",
    "bandg-cspbi3-nn",
    "bandg-cspbi3-nnn",
    "bandg-cspbi3-gamma",
    "bandg-cspbi3-gamma-law",
)

CHOSEN = {"bandg-nnn-spin": 2}
"""Numbers of a set that were chosen in view of nanocrystals: bulk g_e and g_h of bandg-nnn-spin, as its job says."""

CELLS = (3, 4, 5, 6, 8, 11, 16)
QUICK_CELLS = (3, 4, 6, 9, 13)
TILTED_CELLS = (4, 5, 6, 8)
"""Edges in cells: of halide planes, of lead planes and quick verdicts, and of tilted crystals, whose little symmetry
makes them expensive. Between 16 cells and the bulk, which ends every curve, the interpolation is off by up to 0.01 in
g_e and 0.03 in g_h at 1.69 eV, and by less elsewhere; of tilted crystals, and of lead planes, by up to 0.13 in g_h
there and 0.03 at 1.911 eV."""

AMOUNTS = {"halide": (0.0, 1.0, 2.0), "lead": (0.0, 1.0)}
"""Scales of the shifts of a slab that are computed; within them every value is as likely. 2 shifts the outermost halide
as point charges in a dielectric constant of 4.4 do."""

IMAGE_AMOUNTS = (0.0, 1.0)
"""Those at which the image potential is computed too."""


@dataclass(frozen=True, eq=False)
class BulkSet:
    """A set or another minimum of its fit, with its crystal.

    member: with the covariance of the fit (of its base for a tilted set), None where there is none or where the fit is
    not linear over the range of first principles. note: about that. chosen: how many of its numbers were chosen in
    view of nanocrystals. tilt: of the crystal, empty for a cubic one.
    """

    name: str
    minimum: str
    parameters: ParameterSet
    member: Member | None
    chosen: int = 0
    tilt: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def label(self) -> str:
        """Name and minimum."""
        return self.name + (f", {self.minimum}" if self.minimum else "")

    @property
    def phase(self) -> str:
        """cubic, or the tilt with its angles."""
        return " ".join(value for _, value in self.tilt) or "cubic"


@dataclass(frozen=True)
class Combination:
    """One row of the verdict.

    surface: "none" or "slabs", first-principles shifts. image: whether the self-energy is in H.
    """

    termination: str
    surface: str
    scale: Scale
    image: bool

    @property
    def words(self) -> frozenset[str]:
        """What `only` may say."""
        image = "image" if self.image else "no-image"
        return frozenset((self.termination, self.surface_word, self.scale.family, self.scale.name, image))

    @property
    def surface_word(self) -> str:
        """slabs or no-slabs."""
        return self.surface if self.surface != "none" else "no-slabs"

    @property
    def amount(self) -> float:
        """The scale of the shifts."""
        return 0.0 if self.surface == "none" else 1.0


def bulk_sets(names: Sequence[str]) -> list[BulkSet]:
    """The sets by name, each followed by the further minima of its fit. Raises BandgError."""
    found = []
    for name in names:
        parameters = load_set(name)
        tilt = tuple(parameters.crystal.items())
        source = parameters.base if tilt and parameters.base else name
        try:
            members: Sequence[Member] = ensemble_of(load_set(source))
        except BandgError:
            note = "no covariance, so there is no band"
            found.append(BulkSet(name, "", parameters, None, CHOSEN.get(name, 0), tilt, note))
            continue
        for number, member in enumerate(members[: 1 if tilt else None]):
            own = parameters if tilt else member.parameters
            note = f"its band is that of {source} at the same energy" if tilt else ""
            if not is_linear(member):
                note = "no band: the fit is not linear over what first principles leave open in the bulk"
            held = member if is_linear(member) else None
            minimum = member.name if number else ""
            found.append(BulkSet(name, minimum, own, held, CHOSEN.get(name, 0), tilt, note))
    return found


def all_combinations() -> tuple[Combination, ...]:
    """Every combination that is computed for a cubic set, from the simplest on."""
    found = [
        Combination("halide", surface, scale, image)
        for surface in ("none", "slabs")
        for scale in SCALES
        for image in ((False, True) if scale.screening else (False,))
    ]
    found += [Combination("lead", surface, scale, False) for surface in ("none", "slabs") for scale in SCALES[:2]]
    return tuple(found)


def combinations_of(bulk: BulkSet, chosen: Iterable[Combination]) -> tuple[Combination, ...]:
    """Those of the chosen combinations that are computed for a set.

    Of a tilted crystal few, since it is expensive; of further minima no lead planes, which are far off in any set.
    """
    if not bulk.tilt:
        return tuple(one for one in chosen if one.termination == "halide" or not bulk.minimum)
    kept = (SCALES[0].name, SCALES[1].name)
    return tuple(one for one in chosen if one.termination == "halide" and not one.image and one.scale.name in kept)


def choose(words: Iterable[str], known: Sequence[Combination]) -> tuple[Combination, ...]:
    """The combinations that have all the words. Raises BandgError for an unknown word, and where nothing is left."""
    wanted = {word.strip().lower() for word in words if word.strip()}
    every = sorted({word.lower() for one in known for word in one.words})
    for word in sorted(wanted):
        if word not in every:
            raise BandgError(f"`only` names {word!r}{nearest(word, every)}; there are: {', '.join(every)}")
    found = tuple(one for one in known if wanted <= {word.lower() for word in one.words})
    if not found:
        raise BandgError(f"no combination has all of {', '.join(sorted(wanted))}")
    return found


def case_of(
    bulk: BulkSet, termination: str, amount: float = 0.0, image: bool = False, cells: tuple[int, ...] = ()
) -> Case:
    """The nanocrystals of a set with an amount of the shifts, with or without the image self-energy."""
    distortion: list[tuple[str, Any]] = list(bulk.tilt)
    if amount:
        distortion.append(("surface", f"slabs:scale={amount:g}"))
    if image:
        distortion.append(("image", ",".join(f"{one:g}" for one in IMAGE)))
    neighbors = resolve_neighbors(bulk.parameters, None)
    usual = QUICK_CELLS if termination == "lead" else CELLS
    counts = TILTED_CELLS if bulk.tilt else cells or usual
    return Case(
        bulk.parameters,
        neighbors,
        "cube",
        termination,
        cells=counts,
        distortion=tuple(distortion),
        observables=pair_observables(),
    )
