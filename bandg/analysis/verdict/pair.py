"""The energy of a pair against size for any screening constants, from a few integrals of its computed densities.

The attraction is linear in 1 / eps_static and in 1 / eps_inf - 1 / eps_static: J = J_0 / eps_static +
(1 / eps_inf - 1 / eps_static) J_l. J_0 is the bare integral, J_l that with the screened part of the potential for a
polaron radius l, a parabola through three radii. Image charges go as (e_in - e_out) / (e_in (e_in + e_out)), the first
order in the contrast; between the constants in use that is within 2 % of their energy, 1 meV.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.models.etb.pairs import Coulomb, Polarization
from bandg.models.observable import Observable
from bandg.models.screening import GLASS_EPS, PRESETS, Screening

Array = NDArray[np.float64]

IMAGE = (5.0, GLASS_EPS)
"""Constants inside and outside of the computed image potential."""

RADII_NM = (3.0, 3.5, 4.0)
KINDS = ("haken", "pollmann-buettner")
_NO_LATTICE = 1e12


def pair_observables() -> tuple[Observable, ...]:
    """What is computed of each pair in eV: the polarization, J_0, and J_l for each kind and radius."""
    parts: dict[str, Coulomb | Polarization] = {
        "polarization": Polarization(*IMAGE),
        "J_0": Coulomb(Screening("constant", 1.0)),
    }
    for kind in KINDS:
        for number, radius in enumerate(RADII_NM):
            parts[f"{kind.replace('-', '_')}_{number}"] = Coulomb(Screening(kind, 1.0, _NO_LATTICE, radius, radius))
    return tuple(Observable(name, "of the pair", "eV", states=function) for name, function in parts.items())


@dataclass(frozen=True)
class Scale:
    """The energy of a transition: E_e - E_h where there is no screening, else that of a pair in a glass.

    name: for tables. outside: dielectric constant of the surroundings.
    """

    name: str
    screening: Screening | None = None
    outside: float = GLASS_EPS

    @property
    def family(self) -> str:
        """Kind of the screening, or none."""
        return self.screening.kind if self.screening else "none"


def _haken(eps_inf: float, eps_static: float, radius: float) -> Scale:
    own = Screening("haken", eps_inf, eps_static, radius, radius)
    return Scale(f"haken {eps_inf:g}/{eps_static:g}/{radius:g} nm", own)


SCALES = (
    Scale("none"),
    _haken(5.0, 25.0, 3.0),
    _haken(4.4, 20.0, 4.0),
    _haken(4.4, 15.0, 4.0),
    Scale("pollmann-buettner 4.7/20/3.5 nm", replace(PRESETS["middle"], kind="pollmann-buettner")),
)
"""Without binding, corners of the sourced ranges of `bandg.models.screening`, and the middle with another potential."""


@dataclass(frozen=True)
class Range:
    """A range within which every value is as likely, with its source."""

    lower: float
    upper: float
    source: str


PRIOR = {
    "eps_inf": Range(4.4, 5.0, "mapbi2015: 2.10^2; frost2017: MAPbI3"),
    "eps_static": Range(15.0, 25.0, "frost2017: 18.1 computed for cubic CsPbI3, 24.1 for MAPbI3"),
    "radius_nm": Range(3.0, 4.0, "second-hand"),
    "interface": Range(0.55, 1.0, "assumed: image potential with the interface half a cell to a quarter cell outside"),
    "correlation_eV": Range(0.005, 0.020, "assumed: the correlation of the charged exciton, which is left out"),
    "eps_out": Range(2.25, 2.30, "1.5^2 of a common glass; schott_nbk7: 1.517^2; that of the samples is not known"),
}


@dataclass(frozen=True, eq=False)
class Constants:
    """Screening constants of draws, each (draws,).

    interface: factor of the image potential, 1 with the interface a quarter cell beyond the outer plane, 0.55 at half a
    cell (cubes of 5 cells). correlation_eV: what is taken from the energy of a pair.
    """

    eps_inf: Array
    eps_static: Array
    radius_nm: Array
    eps_out: Array
    interface: Array
    correlation_eV: Array

    @classmethod
    def of(cls, scale: Scale, draws: int) -> Constants:
        """Those of one scale for all draws; without screening those of the image potential."""
        one = scale.screening or Screening("haken", IMAGE[0], IMAGE[0], RADII_NM[0], RADII_NM[0])
        return cls(*(np.full(draws, x) for x in (one.eps_inf, one.eps_static, one.radius_h, scale.outside, 1.0, 0.0)))

    @classmethod
    def drawn(cls, rng: np.random.Generator, draws: int) -> Constants:
        """From the prior."""
        return cls(**{name: rng.uniform(one.lower, one.upper, draws) for name, one in PRIOR.items()})

    @property
    def strength(self) -> Array:
        """Image potential over that of IMAGE."""
        return np.asarray(self.interface * _contrast(self.eps_inf, self.eps_out) / _contrast(*IMAGE))

    def attraction(self, kind: str, integrals: Array) -> Array:
        """J in eV, (draws, n), from the integrals (draws, n, observables) in the order of `pair_observables`."""
        first = 2 + len(RADII_NM) * KINDS.index(kind)
        weights = lagrange(np.array(RADII_NM), self.radius_nm)
        screened = np.einsum("dr,dnr->dn", weights, integrals[:, :, first : first + len(RADII_NM)])
        lattice = 1 / self.eps_inf - 1 / self.eps_static
        return np.asarray(integrals[:, :, 1] / self.eps_static[:, None] + lattice[:, None] * screened)


def _contrast(inside: ArrayLike, outside: ArrayLike) -> Array:
    one, other = np.asarray(inside, dtype=float), np.asarray(outside, dtype=float)
    return np.asarray((one - other) / (one * (one + other)))


def lagrange(nodes: Array, at: Array) -> Array:
    """Weights (draws, nodes) of the polynomial through all nodes at places (draws,)."""
    others = [np.delete(nodes, n) for n in range(len(nodes))]
    return np.stack(
        [np.prod((at[:, None] - rest) / (node - rest), axis=1) for node, rest in zip(nodes, others, strict=True)],
        axis=1,
    )
