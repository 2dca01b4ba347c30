"""Tilted and strained crystals: what the sets make of them beside first principles, and the two sets for them.

python docs/_scripts/tilts.py FOLDER       tables for the docs
python docs/_scripts/tilts.py --compute    stores the nanocrystals of the sets for the tilted crystal; some minutes
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from second_neighbors import stored
from validation import table

import bandg
from bandg.base.tables import write_csv
from bandg.data.cells import ReferenceCell, load_cells
from bandg.models.etb.cell import CellBulk

SETS = ("nestoklon2023-standin", "bandg-cspbi3-nnn", "bandg-cspbi3-nn")
CELLS = {
    "cubic_098": "a − 2 %",
    "cubic_102": "a + 2 %",
    "cplus_10": "a⁰a⁰c⁺ 10°, rigid octahedra",
    "gamma_9_8": "a⁻b⁺a⁻ 9°, 8°, rigid octahedra",
    "gamma_relaxed": "relaxed γ cell of another group (not peer reviewed)",
}
GAMMA = {"bandg-cspbi3-nnn": "cubic", "bandg-cspbi3-gamma": "tilted", "bandg-cspbi3-gamma-law": "tilted"}
SIZES = (4, 5, 6)
COLUMNS = ("set", "cells", "E_gap_eV", "g_e", "g_h")
ENERGY_EV = 2.25


def compute() -> None:
    """Store halide cubes of the sets for the tilted crystal and of the cubic one that they come from."""
    rows: list[dict[str, Any]] = []
    for name in GAMMA:
        found = bandg.compute(f"{SIZES[0]}..{SIZES[-1]}cells", termination="halide", set=name, run=bandg.Run(workers=1))
        for n, cells in enumerate(SIZES):
            values = {column: f"{found[column].values[n]:.4f}" for column in COLUMNS[2:]}
            rows.append({"set": name, "cells": cells} | values)
        print(rows[-len(SIZES) :], flush=True)
    comments = [
        f"bandg {bandg.__version__}, {datetime.now(UTC).date()}: halide cubes, energy E_e - E_h, no shifts, no exciton",
        "again: python docs/_scripts/tilts.py --compute",
    ]
    folder = Path(__file__).resolve().parents[2] / "theory_curves" / "computed"
    write_csv(folder / "gamma_nanocrystals.csv", rows, COLUMNS, comments)


def _cell_bulk(name: str, cell: ReferenceCell) -> CellBulk:
    found = bandg.bulk(name, structure=cell.cell)
    assert isinstance(found, CellBulk)
    return found


def next_levels(energies: list[float]) -> tuple[float, float]:
    """Distance in eV of the second valence level from the first, and of the second conduction level from the first."""
    below, above = sorted((e for e in energies if e < 1e-3), reverse=True), sorted(e for e in energies if e > 1e-3)
    return below[0] - below[1], above[1] - above[0]


def cells_table() -> str:
    """Change of the gap, momentum sums and next levels: first principles, then each set, with nothing adjusted."""
    cells = load_cells()
    ideal = {name: bandg.bulk(name).E_g for name in SETS}
    gaps, sums, levels = [], [], []
    for key, label in CELLS.items():
        cell = cells[key]
        found = [_cell_bulk(name, cell) for name in SETS]
        changes = [one.E_g - ideal[name] for one, name in zip(found, SETS, strict=True)]
        gaps.append([label, *(f"{change:+.2f}" for change in (cell.E_g - cells["cubic_100"].E_g, *changes))])
        of_cell = cell.momentum_sums if cell.levels else None
        both = [of_cell, *(one.momentum_sums for one in found)]
        sums.append([label, *("" if one is None else ", ".join(f"{x:.2f}" for x in one) for one in both)])
        if key in ("cplus_10", "gamma_9_8"):
            own = [[level.energy for level in cell.levels]]
            own += [[level.energy - one.valence.energy for level in one.levels] for one in found]
            levels.append([label, *("{:.2f}, {:.2f}".format(*next_levels(one)) for one in own)])
    head = ["first principles (PBE)", *(f"`{name}`" for name in SETS)]
    parts = [
        table(["change of the gap (eV)", *head], gaps),
        table(["momentum sums x, y, z (eV)", *head], sums),
        table(["next level below, above the gap (eV)", *head], levels),
    ]
    return "\n".join(parts)


def gamma_table() -> str:
    """Bulk of the sets for the tilted crystal, and g of their cubes at one energy."""
    rows = []
    for name, crystal in GAMMA.items():
        found = bandg.bulk(name)
        cubes = [row for row in stored("gamma_nanocrystals") if row["set"] == name]
        energies = np.array([row["E_gap_eV"] for row in cubes])[::-1]
        at = [np.interp(ENERGY_EV, energies, [row[key] for row in cubes[::-1]]) for key in ("g_e", "g_h")]
        sums = found.momentum_sums if isinstance(found, CellBulk) else np.full(3, found.kane_energy("R6-") / 3)
        masses = found.conduction.mass, found.valence.mass
        cells = [f"{x:.3f}" for x in (found.E_g, *masses)] + [f"{g:+.2f}" for g in found.g_factors()]
        rows.append([f"`{name}`, {crystal}", *cells, ", ".join(f"{x:.2f}" for x in sums), *(f"{g:+.2f}" for g in at)])
    first = load_cells()["gamma_9_8"].momentum_sums
    shown = ", ".join(f"{x:.2f}" for x in first)
    rows.append(["first principles, tilted (bare)", "", "", "", "", "", shown, "", ""])
    head = ["", "gap (eV)", "m_e", "m_h", "g_e", "g_h", "momentum sums (eV)"]
    return table([*head, *(f"{g}, cubes at {ENERGY_EV:g} eV" for g in ("g_e", "g_h"))], rows)


def write(folder: Path) -> None:
    """Write the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tilted_cells.md").write_text(cells_table(), encoding="utf-8")
    (folder / "gamma_sets.md").write_text(gamma_table(), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute()
    else:
        write(Path(sys.argv[1]))
