"""Curves that take minutes: computed once, stored in theory_curves/computed, drawn from there by the documentation.

python docs/_scripts/computed_curves.py [NAME ...]

A curve is one parameter set over sizes in both terminations, with the errors of `bandg.compute(band=True)`.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bandg
from bandg.base.tables import write_csv
from bandg.parameters.loader import load_set
from bandg.runs.dataset import crystals
from bandg.runs.options import Run
from bandg.runs.rows import edge_rows

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "theory_curves" / "computed"
CURVES = {
    "bandg-nn": [*range(4, 13), 14, 16, 20, 25, 30],
    "bandg-nnn": [*range(4, 13), 14, 16, 20, 25, 30],
    "bandg-nnn-small": [*range(4, 11), 12, 16, 20],
    "bandg-nnn-spin": [*range(4, 11), 12, 14, 16, 20, 25, 30],
    "bandg-cspbi3-nn": [*range(4, 11), 12, 14, 16, 20, 25, 32],
    "bandg-cspbi3-nnn": [*range(4, 11), 12, 14, 16, 20, 25, 32],
    "bandg-cspbbr3": [*range(4, 11), 12, 16, 20],
    "bandg-cspbbr3-nn": [*range(4, 11), 12, 16, 20],
    "bandg-cspbbr3-nnn": [*range(4, 11), 12, 16, 20],
}
"""Edges of the cubes in cells, by parameter set."""

WITH_ERRORS = 16
"""Largest edge in cells for which the errors are computed."""

QUANTITIES = ("g_e", "g_h", "g_bx")
COLUMNS = (
    *("set", "termination", "cells", "size_nm", "E_gap_eV", "E_gap_stderr_eV"),
    *(name for quantity in QUANTITIES for name in (quantity, f"{quantity}_stderr", f"{quantity}_stderr_at_E")),
    *("surface_weight_e", "surface_weight_h", "overlap_e", "overlap_h", "warnings"),
)


def curve(name: str, cells: list[int]) -> list[dict[str, Any]]:
    """Rows of one set, sizes ascending within each termination."""
    rows = []
    for with_errors in (True, False):
        size = ",".join(f"{n}cells" for n in cells if (n <= WITH_ERRORS) == with_errors)
        if size:
            made = bandg.compute(
                size,
                termination=["halide", "lead"],
                set=name,
                observables="details",
                band=with_errors,
                run=Run(workers=1),
            )
            for found, crystal, overlap in zip(edge_rows(made), crystals(made), made["overlap"].values, strict=True):
                row = {key: value for key, value in found.items() if key in COLUMNS}
                row |= {"overlap_e": float(overlap[0]), "overlap_h": float(overlap[1])}
                rows.append(row | {"warnings": " | ".join(crystal["warnings"])})
    return sorted(rows, key=lambda row: (row["termination"], row["cells"]))


def write(name: str) -> None:
    """Compute and store one curve, with what it was computed from in its first lines."""
    parameters = load_set(name)
    rows = curve(name, CURVES[name])
    comments = [
        f"bandg {bandg.__version__}, {datetime.now(UTC).date()}, set {name}, digest {parameters.digest()}",
        f"cubes, without the p shells' own moment; again: python docs/_scripts/computed_curves.py {name}",
    ]
    table = [{key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows]
    write_csv(FOLDER / f"{name}.csv", table, COLUMNS, comments)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or CURVES:
        write(wanted)
