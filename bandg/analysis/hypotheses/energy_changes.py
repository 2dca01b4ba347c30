"""Changes of what is computed from a nanocrystal: bound carriers, image charges, another dispersion, walls, g."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from bandg.analysis.hypotheses.case import Case, Sizes, bulk_of
from bandg.base.errors import BandgError
from bandg.base.units import HBAR2_OVER_M0
from bandg.models.etb.bulk import occupied_bands
from bandg.models.exciton import exciton_shift, reduced_mass
from bandg.models.screening import Screening, between
from bandg.parameters.sets import ParameterSet


@dataclass(frozen=True)
class After:
    """Change the result: step(value) is a frozen function of Sizes."""

    rank: ClassVar[int] = 4
    step: Callable[[float], Callable[[Sizes], Sizes]]

    def __call__(self, case: Case, value: float) -> Case:
        """The case with one more step behind it."""
        return replace(case, after=(*case.after, self.step(value)))


@dataclass(frozen=True)
class IntraAtomic:
    """Add a share of the p shells' own moment to both g-factors."""

    share: float

    def __call__(self, sizes: Sizes) -> Sizes:
        """g with the moment."""
        g_e, g_h = sizes.g_e + self.share * sizes.atomic_e, sizes.g_h + self.share * sizes.atomic_h
        return replace(sizes, g_e=g_e, g_h=g_h)


@dataclass(frozen=True)
class Bound:
    """Exciton energy in place of E_e - E_h; inverse: 1 / eps_in."""

    inverse: float
    reduced_mass: float

    def __call__(self, sizes: Sizes) -> Sizes:
        """Energies of the exciton."""
        shift = exciton_shift(sizes.radius_nm, self.inverse, self.reduced_mass)
        return replace(sizes, energy=sizes.energy + shift)


@dataclass(frozen=True)
class Binding:
    """Exciton energies with one eps for all sizes, by the formula of a sphere; the value is 1 / eps_in."""

    rank: ClassVar[int] = 4

    def __call__(self, case: Case, value: float) -> Case:
        """The case with bound carriers."""
        _check_unbound(case)
        mass = reduced_mass(bulk_of(case.parameters, case.neighbors))
        return replace(case, after=(*case.after, Bound(value, mass)))


def _check_unbound(case: Case) -> None:
    if case.exciton or any(isinstance(step, Bound) for step in case.after):
        raise BandgError("the carriers are bound already: the exciton counts once")


@dataclass(frozen=True)
class Screened:
    """Energies of the pair to first order with the densities of each nanocrystal.

    The value goes from one screening to the other, linearly in their constants. outside: eps_out, unless the image
    charges stand in H already.
    """

    rank: ClassVar[int] = 4
    first: Screening
    second: Screening
    outside: float | None = None

    def __call__(self, case: Case, value: float) -> Case:
        """The case with bound carriers. Raises BandgError."""
        _check_unbound(case)
        if case.model != "etb":
            raise BandgError(f"the model {case.model} has no densities on atoms, which a screened attraction needs")
        outside = None if "image" in dict(case.distortion) else self.outside
        return replace(case, exciton=between(self.first, self.second, value), eps_out=outside)


@dataclass(frozen=True)
class Image:
    """The image self-energy in H of each carrier; the value is eps_out, at a fixed eps_in that is no contrast."""

    inside: float

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that potential. Raises BandgError."""
        if case.model != "etb":
            raise BandgError(f"the model {case.model} has no atoms, on which the image potential acts")
        if value == self.inside:
            return case
        return replace(case, distortion=(*case.distortion, ("image", f"{self.inside!r},{float(value)!r}")))


@dataclass(frozen=True)
class Parabolic:
    """Put a parabola in place of the hole's dispersion: its confinement energy E becomes hbar^2 k(E)^2 / 2 m.

    amount: 0 leaves tight binding, 1 is the parabola, below 0 is more non-parabolic. top: of the valence band in eV.
    confined, parabolic: energies in eV of the set's own valence band below it from R towards Gamma and of its parabola
    at the same k, ascending.
    """

    amount: float
    top: float
    confined: tuple[float, ...]
    parabolic: tuple[float, ...]

    def __call__(self, sizes: Sizes) -> Sizes:
        """Energies with another hole; NaN beyond the dispersion."""
        depth = self.top - sizes.E_h
        moved = np.interp(depth, self.confined, self.parabolic, right=np.nan) - depth
        return replace(sizes, energy=sizes.energy + self.amount * moved, E_h=sizes.E_h - self.amount * moved)


@dataclass(frozen=True)
class HoleDispersion:
    """Move the hole by `value` of the way from its own dispersion to its parabola."""

    rank: ClassVar[int] = 4
    points: int = 400

    def __call__(self, case: Case, value: float) -> Case:
        """The case with another hole dispersion."""
        confined, parabolic = _dispersion(case.parameters, case.neighbors, self.points)
        top = bulk_of(case.parameters, case.neighbors).valence.energy
        return replace(case, after=(*case.after, Parabolic(value, top, confined, parabolic)))


@lru_cache(maxsize=32)
def _dispersion(parameters: ParameterSet, neighbors: int, points: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Depth in eV of the valence band below its top from R towards Gamma, and of the parabola, while it falls."""
    crystal = bulk_of(parameters, neighbors)
    corner = crystal.hamiltonian.point("R")
    steps = np.linspace(0, 1, points)
    bands = np.linalg.eigvalsh(crystal.hamiltonian.H(corner * (1 - steps)[:, None]))
    depth = crystal.valence.energy - bands[:, occupied_bands(crystal.hamiltonian) - 1]
    falling = np.flatnonzero(np.diff(depth) <= 0)
    last = int(falling[0]) + 1 if len(falling) else points
    inverse_mass = float(np.trace(crystal.valence.inverse_mass)) / 3
    k = steps * np.linalg.norm(corner)
    parabola = HBAR2_OVER_M0 / 2 * inverse_mass * k**2
    return tuple(map(float, depth[:last])), tuple(map(float, parabola[:last]))


@dataclass(frozen=True)
class Glass:
    """Another barrier: the difference in the envelope model to one of `reference` eV, size by size.

    Hard walls are no reference: g approaches its value there as the inverse 0.3rd power of the height.
    """

    rank: ClassVar[int] = 3
    reference: float

    def __call__(self, case: Case, value: float) -> Case:
        """The case with barriers of that height in eV. Raises BandgError for one that is not above 0."""
        if value <= 0:
            raise BandgError(f"a barrier must be above 0 eV, not {value:g}")
        if value == self.reference:
            return case
        plain = replace(case, model="kp", after=(), added=(), exciton=None, eps_out=None)
        one, other = (replace(plain, barrier=(height, height)) for height in (value, self.reference))
        return replace(case, added=(*case.added, (one, other)))
