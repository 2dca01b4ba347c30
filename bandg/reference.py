"""First-principles bands: those that ship, with levels and characters at symmetric points, or a user's own table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg import resources
from bandg._paths import nearest, one_line
from bandg.errors import BandgError
from bandg.etb.bloch import HIGH_SYMMETRY
from bandg.files import read_text

POINTS = {name: tuple(x / 2 for x in k) for name, k in HIGH_SYMMETRY.items()}
"""High-symmetry points in units of 2 pi/a."""

_KEYS = {"path": "path", "mesh": "mesh_8x8x8_irreducible", "line": "fine_line_R"}
_TOP_VALENCE = 84
"""Number of the highest valence band in the files that ship; every Kramers partner has a number."""
_SPECIES = ("Pb_spdf", "I_sum_spdf", "Cs_spdf")
_LEAD_S = range(59, 67)
"""Bands among which the bonding Pb 6s lies; the others are Cs 5p."""


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


@dataclass(frozen=True, eq=False)
class ReferenceBands:
    """Bands to compare with; energies in eV from the valence-band top at R.

    sections: "path", "mesh", "line" (around R), as far as there are any; one column is one Kramers doublet.
    top: column of the upper valence band. first_band: number of the first band in the source; levels, characters: at R
    and by point, empty where unknown. R: doublets at R, or None. per_doublet: band numbers that a doublet has.
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

    def offset(self, band: int) -> int:
        """Doublets above the upper valence band (0; the conduction band is 1), from a band number of the source."""
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

    def lead_s(self, point: str) -> float:
        """Energy in eV of the bonding Pb 6s at a high-symmetry point. Raises BandgError where it cannot be known."""
        column = self.lead_s_column(point)
        for section in self.sections.values():
            for k, energies in zip(section.k, section.energies, strict=True):
                if point_at(k) == point:
                    return float(energies[column])
        raise BandgError(f"{self.name} has no k point at {point}")

    def lead_s_column(self, point: str) -> int:
        """Doublet of the bonding Pb 6s at Gamma, X, M or R, picked by its character among bands 59-66 of the source."""
        if point not in self.characters:
            raise BandgError(f"{self.name} has no characters at {point}, so its Pb s band cannot be picked")
        first, last = (self.offset(band) + self.top for band in (_LEAD_S[0], _LEAD_S[-1]))
        return first + int(np.argmax(self.characters[point].lead[first : last + 1, 0]))

    def parity_at(self, point: str) -> NDArray[np.int64]:
        """Parity about Pb (+1, -1) of the doublets at Gamma, X, M or R from their characters, 0 where unclear; (m,).

        Pb s and d are even, Pb p and f odd. On X an s orbital has the parity exp(-2 i k r), a p orbital minus that.
        """
        character = self.characters[point]
        phase = np.cos(2 * np.pi * np.array(POINTS[point]))
        odd_shells = np.array([1, -1, 1, -1])
        total = np.maximum(character.halide.sum(axis=1), 1e-12)
        halide = (character.by_halide @ phase) * (character.halide @ odd_shells) / total
        score = character.lead @ odd_shells + halide
        scale = character.lead.sum(axis=1) + character.halide.sum(axis=1)
        return np.where(np.abs(score) > 0.5 * np.maximum(scale, 1e-3), np.sign(score), 0).astype(np.int64)


def point_at(k: NDArray[np.float64]) -> str:
    """Name of the high-symmetry point equivalent to k (in 2 pi/a), "" for none."""
    folded = np.sort(np.abs(k - np.round(k)))[::-1]
    return next((name for name, point in POINTS.items() if np.abs(folded - point).max() < 1e-6), "")


def available_references() -> tuple[str, ...]:
    """Names of the first-principles bands that ship."""
    names = resources.theory_curve_files("reference")
    return tuple(name.removesuffix(".json") for name in names if name.endswith("_soc.json"))


def load_reference(name_or_path: str) -> ReferenceBands:
    """Shipped bands by name, or the CSV file at a path (it ends in .csv); see :func:`read_bands`. Raises BandgError."""
    if name_or_path.lower().endswith(".csv"):
        return read_bands(name_or_path)
    names = available_references()
    if name_or_path not in names:
        hint = nearest(name_or_path, names) or f"; there are: {', '.join(names)}, or give a .csv file"
        raise BandgError(one_line(f"unknown reference bands {name_or_path!r}{hint}"))
    return _shipped(name_or_path)


@lru_cache(maxsize=4)
def _shipped(name: str) -> ReferenceBands:
    raw = json.loads(resources.theory_curve(f"reference/{name}.json").read_text(encoding="utf-8"))
    first = int(raw["band_index_first"])
    sections = {label: _section(raw[key]) for label, key in _KEYS.items() if key in raw}
    levels = tuple(_level(entry) for entry in raw["R_levels"])
    characters = {point: _characters(rows) for point, rows in raw.get("character_muffin_tin", {}).items()}
    line = sections["line"]
    at_R = line.energies[int(np.abs(line.k - POINTS["R"]).max(axis=1).argmin())]
    return ReferenceBands(
        name,
        f"{raw['structure']}; {raw['functional']}",
        raw["lattice_constant_A"] / 10,
        sections,
        (_TOP_VALENCE - 1 - first) // 2,
        first,
        levels,
        characters,
        at_R,
    )


def _section(raw: Mapping[str, Any]) -> Section:
    energies = np.array(raw["E"], dtype=float)
    doublets = energies.reshape(len(energies), -1, 2).mean(axis=2)
    weights = np.array(raw.get("weight", np.full(len(energies), 1 / len(energies))), dtype=float)
    return Section(np.array(raw["k"], dtype=float), doublets, weights / weights.sum())


def _level(entry: Mapping[str, Any]) -> ReferenceLevel:
    sums = {"valence": "Sum2p2_VB_eV", "R6-": "Sum2p2_CB_R6m_eV", "R8-": "Sum2p2_R8m_eV"}
    first, last = entry["bands"]
    energy = float(entry["E_eV"]) + 0.0  # the top itself may be written -0.0
    return ReferenceLevel(energy, entry["irrep"], (first, last), {key: float(entry[raw]) for key, raw in sums.items()})


def _characters(rows: list[dict[str, Any]]) -> Characters:
    def of(key: str) -> NDArray[np.float64]:
        values = np.array([row[key] for row in rows], dtype=float)
        return np.asarray(values.reshape(len(rows) // 2, 2, -1).mean(axis=1))

    lead, halide, cesium = (of(key) for key in _SPECIES)
    return Characters(lead, halide, cesium, of("I1_I2_I3_total"))


def read_bands(path: str) -> ReferenceBands:
    """Bands from a CSV file with the columns kx, ky, kz (in 2 pi/a), optionally weight, and band_N, band_N+1, ...

    Instead of kx, ky, kz there may be from, to, fraction: two of Gamma, X, M, R and how far between them. Two comment
    lines must say `# top_valence_band = N` and `# kramers = both` (each partner has a column) or `once`. Energies are
    in eV on any zero; they are given back from the valence-band top at R, or where the file has no R, from its maximum.
    Raises BandgError, one line, for whatever is wrong.
    """
    from bandg._bands_csv import parse

    wanted = "a CSV file with kx,ky,kz,band_1,..."
    return parse(read_text(path, path, f"give {wanted}", wanted), path)
