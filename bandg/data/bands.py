"""Bands and levels of the bulk from first principles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.lattice import HIGH_SYMMETRY

POINTS = {name: tuple(x / 2 for x in k) for name, k in HIGH_SYMMETRY.items()}
"""High-symmetry points in units of 2 pi/a."""

_TOP_VALENCE = 84
"""Number of the highest valence band in the files that ship; every Kramers partner has a number."""

_LEAD_S = range(59, 67)
"""Bands among which the bonding Pb 6s lies; the others are Cs 5p."""


LEAD_P = 0.1
"""Muffin-tin charge in Pb p above which a conduction band counts as Pb 6p."""


@dataclass(frozen=True)
class ReferenceLevel:
    """One level at R: energy in eV from the valence-band top, irrep such as "R8+", first and last band.

    E_p: (2/m0) sum of |p|^2 over x, y, z and the level's states in eV, from one state of the valence-band top
    ("valence"), of R6- ("R6-") and of R8- ("R8-").
    """

    energy: float
    irrep: str
    bands: tuple[int, int]
    E_p: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Section:
    """Doublets at k points: k (n, 3) in units of 2 pi/a, energies (n, m) in eV, weights (n,) that sum to 1."""

    k: NDArray[np.float64]
    energies: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Characters:
    """Muffin-tin charge of the doublets at one point: Pb, X and Cs (m, 4) by l = 0 to 3; each of the three X (m, 3)."""

    lead: NDArray[np.float64]
    halide: NDArray[np.float64]
    cesium: NDArray[np.float64]
    by_halide: NDArray[np.float64]

    def parity(self, point: str) -> NDArray[np.int64]:
        """Parity about Pb (+1, -1) of the doublets at the point of the characters, 0 where unclear; (m,).

        Pb s and d are even, Pb p and f odd. On X an s orbital has the parity exp(-2 i k r), a p orbital minus that.
        """
        phase = np.cos(2 * np.pi * np.array(POINTS[point]))
        odd_shells = np.array([1, -1, 1, -1])
        total = np.maximum(self.halide.sum(axis=1), 1e-12)
        halide = (self.by_halide @ phase) * (self.halide @ odd_shells) / total
        score = self.lead @ odd_shells + halide
        scale = self.lead.sum(axis=1) + self.halide.sum(axis=1)
        return np.where(np.abs(score) > 0.5 * np.maximum(scale, 1e-3), np.sign(score), 0).astype(np.int64)


@dataclass(frozen=True)
class Contributions:
    """g of one edge at R: from the spin, from levels as (first band, energy in eV, share of g), and from the rest.

    gap: R6+ to R6- in eV in the calculation of the list. ratio: of the squared velocities of the bands (dE/dk) to
    those of the bare momenta.
    """

    gap: float
    spin: float
    levels: tuple[tuple[int, float, float], ...]
    rest: float
    ratio: float


@dataclass(frozen=True, eq=False)
class ReferenceBands:
    """Bands to compare with; energies in eV from the valence-band top at R.

    sections: "path", "mesh", "line" (around R), as far as there are any; one column is one Kramers doublet.
    top: column of the upper valence band. first_band: number of the first band in the source; levels, characters: at R
    and by point, empty where unknown. R: doublets at R, or None. per_doublet: band numbers that a doublet has.
    contributions: to g of "R6+" and "R6-", empty where unknown.
    """

    name: str
    description: str
    a_nm: float | None
    sections: Mapping[str, Section]
    top: int
    first_band: int
    levels: tuple[ReferenceLevel, ...]
    characters: Mapping[str, Characters]
    R: NDArray[np.float64] | None
    per_doublet: int = 2
    contributions: Mapping[str, Contributions] = field(default_factory=dict)

    def offset(self, band: int) -> int:
        """Doublets above the upper valence band (0; the conduction band is 1), from a band number of the source.

        Raises BandgError for a band that the source has not.
        """
        column = (band - self.first_band) // self.per_doublet
        count = next(iter(self.sections.values())).energies.shape[1]
        if not 0 <= column < count:
            last = self.first_band + count * self.per_doublet - 1
            raise BandgError(f"{self.name} has no band {band}: its bands are {self.first_band} to {last}")
        return column - self.top

    def bands(self, offset: int) -> str:
        """Band numbers of a doublet as text."""
        first = self.first_band + (offset + self.top) * self.per_doublet
        return f"{first}" if self.per_doublet == 1 else f"{first}-{first + 1}"

    def levels_of(self, irrep: str) -> tuple[ReferenceLevel, ...]:
        """Levels at R of an irrep ("R8+") below the valence-band top, highest first."""
        chosen = (level for level in self.levels if level.irrep == irrep and level.energy < 0)
        return tuple(sorted(chosen, key=lambda level: -level.energy))

    def level(self, name: str) -> ReferenceLevel | None:
        """A level at R: "R6+" is the top, "R6-" or "R8-" the lowest above it, "R8+.2" the second below; or None."""
        irrep, _, number = name.partition(".")
        if number:
            below = self.levels_of(irrep)
            return below[int(number) - 1] if int(number) <= len(below) else None
        above = (level for level in self.levels if level.irrep == irrep and level.energy >= 0)
        return min(above, key=lambda level: level.energy, default=None)

    def edge_columns(self, name: str) -> slice | None:
        """Doublets of a level at R ("R6-", "R8+.2") or of an edge ("M.valence", "X.conduction"); None where unknown.

        Edges are the highest even valence and the lowest odd conduction band with Pb p.
        """
        point, _, edge = name.partition(".")
        if point not in POINTS or point == "R":
            level = self.level(name)
            if level is None:
                return None
            first, last = (self.offset(band) + self.top for band in level.bands)
            return slice(first, last + 1)
        if point not in self.characters:
            return None
        parity, lead_p = self.parity_at(point), self.characters[point].lead[:, 1]
        columns = np.arange(len(parity))
        if edge == "valence":
            found = columns[(columns <= self.top) & (parity > 0)][-1:]
        else:
            found = columns[(columns > self.top) & (parity < 0) & (lead_p > LEAD_P)][:1]
        return slice(found[0], found[0] + 1) if len(found) else None

    def lead_s(self, point: str) -> float:
        """Energy in eV of the bonding Pb 6s at a high-symmetry point. Raises BandgError where it cannot be known."""
        column = self.lead_s_column(point)
        for section in self.sections.values():
            for k, energies in zip(section.k, section.energies, strict=True):
                if point_at(k) == point:
                    return float(energies[column])
        raise BandgError(f"{self.name} has no k point at {point}")

    def lead_s_column(self, point: str) -> int:
        """Doublet of the bonding Pb 6s at Gamma, X, M or R, picked by its character among bands 59-66 of the source.

        Raises BandgError where there are no characters.
        """
        if point not in self.characters:
            raise BandgError(f"{self.name} has no characters at {point}, so its Pb s band cannot be picked")
        first, last = (self.offset(band) + self.top for band in (_LEAD_S[0], _LEAD_S[-1]))
        return first + int(np.argmax(self.characters[point].lead[first : last + 1, 0]))

    def parity_at(self, point: str) -> NDArray[np.int64]:
        """Parity about Pb (+1, -1) of the doublets at Gamma, X, M or R from their characters, 0 where unclear; (m,)."""
        return self.characters[point].parity(point)


def point_at(k: NDArray[np.float64]) -> str:
    """Name of the high-symmetry point equivalent to k (in 2 pi/a), "" for none."""
    folded = np.sort(np.abs(k - np.round(k)))[::-1]
    return next((name for name, point in POINTS.items() if np.abs(folded - point).max() < 1e-6), "")
