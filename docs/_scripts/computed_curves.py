"""Curves that take minutes: computed once, stored in theory_curves/computed, drawn from there by the documentation.

python docs/_scripts/computed_curves.py [NAME ...]

A curve is one parameter set over sizes in both terminations. Its error at fixed size comes from the exact derivatives
and the covariance of the fit, and so does its error at fixed transition energy, where the shift along the curve is
taken off.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import bandg
from bandg.analysis.fit.covariance import Covariance, read_covariance
from bandg.base.tables import write_csv
from bandg.crystal.shapes import cube
from bandg.models.etb.derivatives import Derivatives, derivatives
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
    "bandg-cspbbr3": [*range(4, 11), 12, 16, 20],
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
    parameters = load_set(name)
    covariance = read_covariance(ROOT / "params" / f"{name}.json")
    size = ",".join(f"{n}cells" for n in cells)
    dataset = bandg.compute(size, termination=["halide", "lead"], set=name, observables="details", run=Run(workers=1))
    rows = []
    for found, crystal, overlap in zip(edge_rows(dataset), crystals(dataset), dataset["overlap"].values, strict=True):
        row = {key: value for key, value in found.items() if key in COLUMNS}
        row |= {"overlap_e": float(overlap[0]), "overlap_h": float(overlap[1])}
        rows.append(row | {"warnings": " | ".join(crystal["warnings"])})
    for termination in ("halide", "lead"):
        chosen = [row for row in rows if row["termination"] == termination]
        energy = np.array([row["E_gap_eV"] for row in chosen])
        slopes = {q: np.gradient([row[q] for row in chosen], energy) for q in QUANTITIES}
        for place, row in enumerate(chosen):
            if row["cells"] <= WITH_ERRORS:
                crystal = cube(row["cells"], parameters.a_nm, termination)
                found = derivatives(parameters, crystal)
                row |= errors(found, covariance, {q: float(slopes[q][place]) for q in QUANTITIES})
            print(name, termination, row["cells"], flush=True)
    return rows


def errors(found: Derivatives, covariance: Covariance, slopes: dict[str, float]) -> dict[str, float]:
    """Standard errors at fixed size and at fixed energy; slopes: dg/dE along the curve."""
    energy = found.gradient("E_gap_eV")
    row = {"E_gap_stderr_eV": covariance.stderr(found.paths, energy)}
    for quantity in QUANTITIES:
        gradient = found.gradient(quantity)
        row[f"{quantity}_stderr"] = covariance.stderr(found.paths, gradient)
        row[f"{quantity}_stderr_at_E"] = covariance.stderr(found.paths, gradient - slopes[quantity] * energy)
    return row


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
