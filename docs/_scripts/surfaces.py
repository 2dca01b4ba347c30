"""The potential at the surface plane by plane, point charges beside first-principles slabs, and what it does to cubes.

python docs/_scripts/surfaces.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from validation import table

import bandg
from bandg.crystal.electrostatics import surface_shifts
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.slabs import load_slabs
from bandg.data.surfaces import EPS
from bandg.parameters.loader import load_set

CUBES = (
    ("bandg-cspbi3-nnn", "halide", 5),
    ("bandg-nnn", "halide", 5),
    ("nestoklon2023-standin", "halide", 8),
    ("nestoklon2023-standin", "lead", 8),
    ("bandg-nnn", "lead", 8),
)
"""Set, termination and number of cells."""

IODIDE = {"Pb": "Pb", "X": "I", "Cs": "Cs"}


def shifts_table() -> str:
    """Shift of each species in each plane of both terminations."""
    a_nm = load_set("bandg-nnn").a_nm
    rows = []
    for termination in PEROVSKITE.terminations:
        slab = load_slabs()[termination.name].shifts
        for (kind, plane), bare in surface_shifts(termination, a_nm).items():
            shifts = slab[IODIDE[kind], plane], bare, bare / EPS
            place = f"{plane}" + (" (middle of the slab)" if plane == 3 else "")
            rows.append([termination.aka, place, IODIDE[kind], *(f"{round(shift, 2) + 0.0:+.2f}" for shift in shifts)])
    return table(["ends in", "plane", "species", "first principles", "point charges", f"point charges / {EPS:g}"], rows)


def cubes_table() -> str:
    """Energies, g and the weight of the hole on the surface without shifts and with those of the slabs."""
    rows = []
    run = bandg.Run(workers=1)
    for name, end, cells in CUBES:
        for asked, words in (("none", "no shift"), ("slabs", "slab")):
            options = {"set": name, "termination": end, "surface": asked, "observables": "overlap"}
            found = bandg.compute(f"{cells}cells", run=run, **options).isel(nc=0)
            numbers = [f"{float(found.E_gap_eV):.4f}", f"{float(found.g_e):+.3f}", f"{float(found.g_h):+.3f}"]
            numbers.append(f"{float(found.overlap.sel(carrier='hole')):.2f}")
            rows.append([f"`{name}`", end, f"{cells}", words, *numbers])
    return table(["set", "planes", "cells", "shifts", "E_e − E_h (eV)", "g_e", "g_h", "overlap of the hole"], rows)


def write(folder: Path) -> None:
    """Write surface_shifts.md and surface_cubes.md into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "surface_cubes.md").write_text(cubes_table(), encoding="utf-8")
    (folder / "surface_shifts.md").write_text(shifts_table(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
