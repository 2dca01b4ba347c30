"""The potential at the surface plane by plane: point charges beside first-principles slabs.

python docs/_scripts/surfaces.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from validation import table

from bandg.crystal.electrostatics import surface_shifts
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.slabs import load_slabs
from bandg.parameters.loader import load_set

EPS = 4.4
"""Square of the lowest refractive index measured in an iodide perovskite [mapbi2015]."""

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


def write(folder: Path) -> None:
    """Write surface_shifts.md into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "surface_shifts.md").write_text(shifts_table(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
