"""Matching of bands of model and reference: by irrep at R, by parity at Gamma, X and M, else by order.

Order means order within the valence bands (X p with Pb s: nine doublets, counted down from the gap) and upward within
the conduction bands. At Gamma, X and M a conduction band of the reference must be odd with Pb p character, so that the
Cs d and X d bands between are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.edges import EdgeModel
from bandg.analysis.fit.job import GROUPS, BandGroup, Reference
from bandg.base.errors import BandgError
from bandg.data.bands import LEAD_P, POINTS, ReferenceBands, point_at
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import occupied_bands

_VALENCE = 9
"""Doublets of X p and Pb s above the bonding Pb s."""


@dataclass(frozen=True)
class BandRow:
    """One residual: the doublet at `position` of a sector at a k point against a reference energy in eV.

    k in 2 pi/a; point: Gamma, X, M, R, or "" where bands are matched by order. band: numbers in the reference.
    """

    k: tuple[float, float, float]
    point: str
    sector: str
    position: int
    energy: float
    error: float
    group: int
    band: str


@dataclass(frozen=True, eq=False)
class Matcher:
    """Makes rows for one structure of the model and one reference."""

    hamiltonian: BlochHamiltonian
    reference: ReferenceBands
    shifts: tuple[float, float]
    edges: EdgeModel

    @property
    def halide_s(self) -> int:
        """Doublets of X s in the model."""
        return 3 * ("s" in self.hamiltonian.model.spaces[1].shells)

    def rows(self, group: BandGroup, number: int) -> list[BandRow]:
        """All residuals of one group of bands. Raises BandgError where its window holds nothing."""
        if group.section not in self.reference.sections:
            known = ", ".join(self.reference.sections)
            raise BandgError(f"bands {group.name!r}: {self.reference.name} has no {group.section}, only {known}")
        section = self.reference.sections[group.section]
        chosen = np.flatnonzero(_in_window(section.k, group))[:: group.every]
        error = group.error_meV / 1000 / np.sqrt(section.weights * len(section.k))
        rows = []
        for index in chosen:
            k = section.k[index]
            for place, column in self._places(group, k):
                energy = float(section.energies[index, column] + self.shift(column - self.reference.top))
                band = self.reference.bands(column - self.reference.top)
                rows.append(
                    BandRow((float(k[0]), float(k[1]), float(k[2])), *place, energy, float(error[index]), number, band)
                )
        if not rows:
            raise BandgError(f"bands {group.name!r}: no k point lies in the window; widen near and within")
        return rows

    def shift(self, offset: int) -> float:
        """Rigid shift in eV of a doublet."""
        return 0.0 if offset < 1 else self.shifts[0] if offset == 1 else self.shifts[1]

    def _places(self, group: BandGroup, k: NDArray[np.float64]) -> list[tuple[tuple[str, str, int], int]]:
        """((point, sector, position), column of the reference) of every doublet of the group at k."""
        point = point_at(k)
        if group.bands == "lead-s":
            if not self.reference.characters:
                raise BandgError(f"bands {group.name!r}: {self.reference.name} has no characters to pick Pb s by")
            return self._lead_s(point)
        if group.bands == "halide-s":
            if not self.halide_s or self.reference.top < _VALENCE + 3:
                raise BandgError(f"bands {group.name!r}: there is no X s in the basis or in {self.reference.name}")
            columns = [0, 1, 2]
        else:
            first, last = self._offsets(group)
            columns = [self.reference.top + offset for offset in range(first, last + 1)]
        found = [(self._place(point, column), column) for column in columns]
        if point in ("Gamma", "X", "M") and self._by_parity(point):
            found = self._with_parity(point, columns)
        return [(place, column) for place, column in found if place is not None]

    def _offsets(self, group: BandGroup) -> tuple[int, int]:
        named = GROUPS[group.bands] if isinstance(group.bands, str) else None
        if named is not None:
            first, last = named
        else:
            first, last = (self.reference.offset(int(band)) for band in group.bands)
        width = next(iter(self.reference.sections.values())).energies.shape[1]
        own = self.reference.characters or self.reference.levels
        lowest = 1 - _VALENCE if own else 1 - occupied_bands(self.hamiltonian) // 2
        if first < lowest or last > 3:
            raise BandgError(
                f"bands {group.name!r}: by number only {1 - lowest} valence and 3 conduction doublets can be matched"
            )
        if not 0 <= self.reference.top + first <= self.reference.top + last < width:
            raise BandgError(f"bands {group.name!r}: {self.reference.name} does not hold all of these bands")
        return first, last

    def _place(self, point: str, column: int) -> tuple[str, str, int] | None:
        """By irrep at R where the reference knows them, else by order."""
        if point == "R" and self.reference.levels:
            return self._at_R(column)
        if self.reference.characters and column < self.reference.top - _VALENCE:
            return ("", "", column)  # X s, with Cs 5p between it and the valence bands
        return ("", "", occupied_bands(self.hamiltonian) // 2 - 1 + column - self.reference.top)

    def _at_R(self, column: int) -> tuple[str, str, int]:
        band = self.reference.first_band + 2 * column
        level = next(level for level in self.reference.levels if level.bands[0] <= band <= level.bands[1])
        if level.energy >= 0:
            return ("R", level.irrep, self.edges.places[level.irrep][1])
        number = self.reference.levels_of(level.irrep).index(level) + 1
        if level.irrep.endswith("-"):
            number = 1  # X s, the only odd levels below the gap
        return ("R", level.irrep, self.edges.places[f"{level.irrep}.{number}"][1])

    def _lead_s(self, point: str) -> list[tuple[tuple[str, str, int], int]]:
        if point not in self.reference.characters:
            return []
        column = self.reference.lead_s_column(point)
        if point == "R":
            return [(("R", "R6+", 0), column)]
        return [((point, "+", int(np.sum(self._halide_s_parity(point) > 0))), column)]

    def _halide_s_parity(self, point: str) -> NDArray[np.int64]:
        """Parities of the X s doublets of the model."""
        phases = np.round(np.cos(2 * np.pi * np.array(POINTS[point]))).astype(np.int64)
        return phases[: self.halide_s]

    def _by_parity(self, point: str) -> bool:
        """Whether the characters give every valence band a parity, as many even ones as X p and Pb s must have."""
        if point not in self.reference.characters:
            return False
        parity = self.reference.parity_at(point)[self.reference.top - _VALENCE + 1 : self.reference.top + 1]
        phases = np.round(np.cos(2 * np.pi * np.array(POINTS[point])))
        return bool((parity != 0).all() and np.sum(parity > 0) == 3 * np.sum(phases < 0))

    def _with_parity(self, point: str, columns: list[int]) -> list[tuple[tuple[str, str, int] | None, int]]:
        parity, top = self.reference.parity_at(point), self.reference.top
        own = self._halide_s_parity(point)
        below = {1: int(np.sum(own > 0)) + 1, -1: int(np.sum(own < 0))}  # + 1 is the bonding Pb s
        valence = parity[top - _VALENCE + 1 : top + 1]
        lead_p = self.reference.characters[point].lead[:, 1] > LEAD_P
        empty = [column for column in range(top + 1, len(parity)) if parity[column] < 0 and lead_p[column]]
        found: list[tuple[tuple[str, str, int] | None, int]] = []
        for column in columns:
            if column <= 2 and column < top - _VALENCE:
                sign, position = int(parity[column]), int(np.sum(parity[:column] == parity[column]))
            elif column <= top:
                sign = int(parity[column])
                position = below[sign] + int(np.sum(valence[: column - (top - _VALENCE + 1)] == sign))
            elif column - top <= len(empty):
                sign, position = -1, below[-1] + int(np.sum(valence < 0)) + column - top - 1
                column = empty[column - top - 1]
            else:
                continue
            found.append(((point, "+" if sign > 0 else "-", position), column))
        return found


def shifts_of(reference: ReferenceBands, wanted: Reference) -> tuple[float, float]:
    """Rigid shifts in eV of the lowest conduction doublet and of those above that make E_g and Delta at R as wanted."""
    if wanted.E_g_eV is None and wanted.Delta_eV is None:
        return 0.0, 0.0
    if reference.R is None or len(reference.R) <= reference.top + 2:
        raise BandgError(
            f"{reference.name} has no conduction bands at R, so they cannot be shifted to E_g_eV or Delta_eV"
        )
    top, bottom, upper = reference.R[reference.top : reference.top + 3]
    lower = 0.0 if wanted.E_g_eV is None else wanted.E_g_eV - (bottom - top)
    return float(lower), float(lower if wanted.Delta_eV is None else lower + wanted.Delta_eV - (upper - bottom))


def _in_window(k: NDArray[np.float64], group: BandGroup) -> NDArray[np.bool_]:
    """Whether each k lies within reach of one of the points of the group, or of equivalents; (n,)."""
    if group.within is None:
        return np.ones(len(k), dtype=bool)
    folded = -np.sort(-np.abs(k - np.round(k)), axis=1)
    distances = [np.linalg.norm(folded - np.array(POINTS[point]), axis=1) for point in group.near]
    return np.asarray(np.min(distances, axis=0) <= group.within + 1e-9)
