"""A candidate: the nanocrystals of one emulator, at points of the prior and along their sizes.

The prior is uniform in every knob and in 1 / eps over their ranges, and in the logarithm of the size over the range of
the emulator, with the same density for all candidates. Knobs and 1 / eps are at points of a Sobol sequence. Along the
size each of these curves is piecewise linear in ln L, with steps fine enough for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.emulators.emulator import Emulator, between_sizes

Array = NDArray[np.float64]

STEP = 0.015
"""Largest step in ln L. Energies between the ends of a step are right within 0.1 meV."""

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

    @property
    def name(self) -> str:
        """Set, shape and termination."""
        own = self.emulator
        return f"{own.set}, {own.shape}" + ("" if "occupancy" in self.names else f", {own.termination}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the unknowns besides the size, d + 1."""
        return (*(one.name for one in self.emulator.knobs), INVERSE_EPS)

    @property
    def ranges(self) -> Array:
        """Lowest and highest value of each of them, (d + 1, 2)."""
        return ranges(self.emulator)

    @cached_property
    def ends(self) -> Array:
        """ln L at the ends of the c steps, (c + 1,)."""
        low, high = np.log([self.emulator.size_nm[0], self.emulator.size_nm[-1]])
        return np.linspace(low, high, math.ceil((high - low) / STEP) + 1)

    @cached_property
    def curves(self) -> Array:
        """Energy, g_e, g_h and size at the ends of the steps, (4, N, c + 1)."""
        return curves(self.emulator, self.values, self.clipped(np.exp(self.ends)))

    def clipped(self, size_nm: Array) -> Array:
        """Sizes within those of the emulator, from which rounding may have taken them."""
        return np.clip(size_nm, self.emulator.size_nm[0], self.emulator.size_nm[-1])

    @cached_property
    def error(self) -> Array:
        """Standard errors of energy, g_e, g_h and size of the curves in each step, (c, 4)."""
        return errors(self.emulator, np.exp((self.ends[:-1] + self.ends[1:]) / 2))


def candidate(emulator: Emulator, count: int) -> Candidate:
    """The candidate with `count` points, a power of two."""
    from scipy.stats import qmc

    low, high = ranges(emulator).T
    unit = qmc.Sobol(len(low), scramble=True, rng=1).random(count)
    return Candidate(emulator, low + (high - low) * unit)


def ranges(emulator: Emulator) -> Array:
    """Ranges of the knobs and of 1 / eps, (d + 1, 2)."""
    own = [(one.low, one.high) for one in emulator.knobs]
    return np.array([*own, (emulator.exciton.inverse_eps_low, emulator.exciton.inverse_eps_high)])


def curves(emulator: Emulator, values: Array, size_nm: Array) -> Array:
    """Energy, g_e, g_h and size of unknowns (N, d + 1) at sizes (k,): (4, N, k)."""
    table = emulator.levels(values[:, :-1])
    found = between_sizes(np.array(emulator.size_nm), table.reshape(-1, table.shape[-1]), size_nm)
    E_e, E_h, g_e, g_h = found.reshape(len(values), 4, -1).transpose(1, 0, 2)
    energy = emulator.transition(E_e - E_h, size_nm, values[:, -1:])
    return np.array([energy, g_e, g_h, np.broadcast_to(size_nm, energy.shape)])


def errors(emulator: Emulator, size_nm: Array) -> Array:
    """Standard errors of energy, g_e, g_h and size at sizes (k,): of the emulator and of the bulk, (k, 4).

    Between the sizes of the emulator they are linear in 1 / size. Those of electron and hole are independent.
    """
    variance = np.square(emulator.error_rms)
    if emulator.band is not None:
        variance = variance + np.square(emulator.band)
    at = 1 / np.array(emulator.size_nm)[::-1]
    e, h, g_e, g_h = (np.interp(1 / size_nm, at, np.sqrt(one[::-1])) for one in variance)
    return np.column_stack([np.hypot(e, h), g_e, g_h, np.zeros(len(size_nm))])
