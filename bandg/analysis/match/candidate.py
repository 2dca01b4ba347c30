"""A candidate: the nanocrystals of one emulator, at points of the prior and along their sizes.

The prior is uniform in every knob and in 1 / eps over their ranges, and in the logarithm of the size over the range of
the emulator, with the same density for all candidates. Knobs and 1 / eps are at points of a Sobol sequence. Along the
size each of these curves is piecewise linear in ln L, with steps fine enough for that.

Points where the emulator does not hold have no likelihood, and count among the N.

Where a knob changes the lattice constant, ln L counts cells: L is the size at the lattice constant of the set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.emulators.emulator import Emulator, between_sizes
from bandg.base.errors import BandgError

Array = NDArray[np.float64]

STEP = 0.02
"""Largest step in ln L. Energies between the ends of a step are right within 0.2 meV."""

_BLOCK = 2**13
"""Points that are computed at once in double precision."""

INVERSE_EPS = "inverse_eps"
"""Name of 1 / eps among the unknowns."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Curves of one emulator at N points of the prior.

    Parameters
    ----------
    emulator : Emulator
    values : ndarray, shape (N, d + 1)
        Values of the knobs, and 1 / eps.
    """

    emulator: Emulator
    values: Array

    @cached_property
    def ends(self) -> Array:
        """ln L at the ends of the c steps, (c + 1,)."""
        return steps(self.emulator)

    @cached_property
    def curves(self) -> NDArray[np.float32]:
        """Energy, g_e, g_h and size at the ends of the steps, (4, N, c + 1)."""
        found = [curves(self.emulator, one, self.ends).astype(np.float32) for one in self._blocks()]
        return np.concatenate(found, axis=1)

    @cached_property
    def holds(self) -> NDArray[np.bool_]:
        """Whether the emulator holds at each point, (N,)."""
        return np.concatenate([self.emulator.holds(one[:, :-1]) for one in self._blocks()])

    @cached_property
    def error(self) -> Array:
        """Standard errors of energy, g_e, g_h and size of the curves in each step, (c, 4)."""
        return errors(self.emulator, (self.ends[:-1] + self.ends[1:]) / 2)

    def _blocks(self) -> list[Array]:
        """The values in blocks of points."""
        return np.split(self.values, range(_BLOCK, len(self.values), _BLOCK))


def candidate(emulator: Emulator, count: int) -> Candidate:
    """The candidate with `count` points, a power of two."""
    from scipy.stats import qmc

    low, high = ranges(emulator).T
    unit = qmc.Sobol(len(low), scramble=True, rng=1).random(count)
    return Candidate(emulator, low + (high - low) * unit)


def fixed(emulator: Emulator, values: Mapping[str, float]) -> Emulator:
    """The emulator with some unknowns at fixed values, knobs or INVERSE_EPS; names that it has not are passed over.

    Raises BandgError for a value outside of its range.
    """
    known = [one.name for one in emulator.knobs]
    own = {name: value for name, value in values.items() if name in known}
    full, exponents = emulator.values(own), np.array(emulator.exponents).reshape(-1, len(known))
    kept = [n for n, name in enumerate(known) if name not in own]
    terms = np.ones(len(exponents))
    for n in (n for n, name in enumerate(known) if name in own):
        terms = terms * emulator.knobs[n].scaled(full[n]) ** exponents[:, n]
    coefficients = np.array(emulator.coefficients) * terms
    exciton, inverse = emulator.exciton, values.get(INVERSE_EPS)
    if inverse is not None:
        low, high = exciton.inverse_eps_low, exciton.inverse_eps_high
        if not low <= inverse <= high:
            raise BandgError(f"{INVERSE_EPS} must lie between {low:g} and {high:.4g}, not {inverse:g}")
        exciton = replace(exciton, inverse_eps_low=inverse, inverse_eps_high=inverse, inverse_eps_default=inverse)
    changes = {
        n: emulator.knobs[n].size_change * (emulator.knobs[n].scaled(full[n]) + 1) / 2 for n in range(len(known))
    }
    factor = math.prod(1 + float(change) for n, change in changes.items() if n not in kept)
    return replace(
        emulator,
        knobs=tuple(emulator.knobs[n] for n in kept),
        exponents=tuple(map(tuple, exponents[:, kept].tolist())),
        coefficients=tuple(tuple(map(tuple, one)) for one in coefficients.tolist()),
        size_nm=tuple(size * factor for size in emulator.size_nm),
        a_nm=emulator.a_nm * factor,
        overlap=tuple((np.array(emulator.overlap) * terms).tolist()),
        exciton=exciton,
        checks=(),
    )


def name_of(emulator: Emulator) -> str:
    """Set and shape."""
    return f"{emulator.set}, {emulator.shape}"


def unknowns(emulator: Emulator) -> tuple[str, ...]:
    """Names of the unknowns besides the size: knobs and 1 / eps, d + 1."""
    return (*(one.name for one in emulator.knobs), INVERSE_EPS)


def ranges(emulator: Emulator) -> Array:
    """Lowest and highest value of each of them, (d + 1, 2)."""
    own = [(one.low, one.high) for one in emulator.knobs]
    return np.array([*own, (emulator.exciton.inverse_eps_low, emulator.exciton.inverse_eps_high)])


def steps(emulator: Emulator) -> Array:
    """Ends of equal steps in ln L over the sizes of the emulator."""
    low, high = np.log([emulator.size_nm[0], emulator.size_nm[-1]])
    return np.asarray(np.linspace(low, high, math.ceil((high - low) / STEP) + 1))


def curves(emulator: Emulator, values: Array, ln_size: Array) -> Array:
    """Energy, g_e, g_h and size of unknowns (N, d + 1) at ln L (k,) with an unchanged lattice: (4, N, k)."""
    known = np.array(emulator.size_nm)
    size_nm = np.clip(np.exp(ln_size), known[0], known[-1])
    table = emulator.levels(values[:, :-1])
    found = between_sizes(known, table.reshape(-1, table.shape[-1]), size_nm)
    E_e, E_h, g_e, g_h = found.reshape(len(values), 4, -1).transpose(1, 0, 2)
    size = size_nm * emulator.sizes(values[:, :-1])[:, :1] / known[0]
    return np.array([emulator.transition(E_e - E_h, size, values[:, -1:]), g_e, g_h, size])


def errors(emulator: Emulator, ln_size: Array) -> Array:
    """Standard errors of energy, g_e, g_h and size at ln L (k,), (k, 4): of the emulator, and of g by the bulk.

    Those of electron and hole are taken as independent. The error of g by the bulk is at fixed energy; that of the
    energy, which moves the size, is not among them. Between the sizes of the emulator they are linear in 1 / size.
    """
    variance = np.square(emulator.error_rms)
    if emulator.band is not None:
        variance[2:] += np.square(emulator.band[2:])
    at = 1 / np.array(emulator.size_nm)[::-1]
    e, h, g_e, g_h = (np.interp(np.exp(-ln_size), at, np.sqrt(one[::-1])) for one in variance)
    return np.column_stack([np.hypot(e, h), g_e, g_h, np.zeros(len(ln_size))])
