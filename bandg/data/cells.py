"""First-principles levels of deformed crystals: strained, tilted, relaxed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.text import nearest
from bandg.crystal.cell import Cell, cell_of_atoms

STRAIN_TILT = "cspbi3_strain_tilt_pbe"
"""Name of the file that ships."""


@dataclass(frozen=True)
class ReferenceCellLevel:
    """One level at the folded k point of the band edges: energy in eV from the valence-band top, degeneracy, irrep.

    to_valence, to_conduction: (2/m0) sum of |p_i|^2 over the states of the level, from one state of the edge, in eV,
    by direction. irrep: "" where it is not known.
    """

    energy: float
    degeneracy: int
    to_valence: tuple[float, float, float]
    to_conduction: tuple[float, float, float]
    irrep: str = ""


@dataclass(frozen=True, eq=False)
class ReferenceCell:
    """A deformed crystal: its description, cell, gap in eV, and levels, lowest first, as far as they are known."""

    name: str
    structure: str
    cell: Cell
    E_g: float
    levels: tuple[ReferenceCellLevel, ...]

    @property
    def momentum_sums(self) -> tuple[float, float, float]:
        """(2/m0) sum of |p_i|^2 between the edges in eV, by direction. Raises BandgError where there are no levels."""
        if not self.levels:
            raise BandgError(f"{self.name}: only the gap is known")
        return next(level for level in self.levels if level.energy > 0).to_valence

    def level(self, irrep: str, number: int = 1) -> float:
        """Energy in eV of the number-th level of an irrep at R, counted from the gap: into the valence bands.

        R6-.0 and R8-.0 are the conduction bands. Raises BandgError for a level that is not there.
        """
        above = sorted(one.energy for one in self.levels if one.irrep == irrep and one.energy > 0)
        below = sorted((one.energy for one in self.levels if one.irrep == irrep and one.energy < 0), reverse=True)
        if number == 0 and above:
            return float(np.mean([one for one in above if one < above[0] + _SAME_EV]))
        if not 1 <= number <= len(below):
            raise BandgError(f"{self.name} has no level {irrep}.{number}")
        return below[number - 1]


_SAME_EV = 0.02
"""R8- of the conduction bands is split by up to 5 meV in the calculation, which cubic symmetry forbids."""


@lru_cache(maxsize=4)
def load_cells(name: str = STRAIN_TILT) -> Mapping[str, ReferenceCell]:
    """The deformed crystals of a shipped file by name, as "cubic_098". Raises BandgError for an unknown file."""
    known = [file.removesuffix(".json") for file in resources.theory_curve_files("reference") if "strain" in file]
    if name not in known:
        raise BandgError(f"unknown strained cells {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
    runs = json.loads(resources.theory_curve(f"reference/{name}.json").read_text(encoding="utf-8"))["runs"]
    return MappingProxyType({key: _cell(key, raw) for key, raw in runs.items()})


def _cell(name: str, raw: Mapping[str, Any]) -> ReferenceCell:
    vectors, places = np.array(raw["cell_nm"], dtype=float), raw["positions_fractional"]
    positions = np.array(places["Pb"] + places["I"], dtype=float) @ vectors
    cell = cell_of_atoms(vectors, positions, np.arange(len(positions)) < len(places["Pb"]))
    levels = tuple(
        ReferenceCellLevel(
            float(one["E_eV"]) + 0.0,
            one["degeneracy"],
            tuple(one["p2_valence_edge_xyz_eV"]),
            tuple(one["p2_conduction_edge_xyz_eV"]),
            one.get("irrep", ""),
        )
        for one in raw["levels"]
    )
    return ReferenceCell(name, raw["structure"], cell, raw["E_g_eV"], levels)
