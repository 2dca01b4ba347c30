"""Theory lines with the band of what is not known of the bulk, on the axes of the paper.

python docs/_scripts/theory_lines.py --compute   computes the stored numbers anew
python docs/_scripts/theory_lines.py FOLDER      writes the picture
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bandg
from bandg.analysis.curves import resolve
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict import waterfall
from bandg.analysis.verdict.combination import Combination, bulk_sets
from bandg.analysis.verdict.line import Line
from bandg.analysis.verdict.pair import SCALES
from bandg.analysis.verdict.study import lines_of, predicted
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table, write_csv
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint, load_measured
from bandg.parameters.loader import load_set
from bandg.plot.output import save
from bandg.plot.overlay import draw_curve
from bandg.plot.palette import LINES, NAMES
from bandg.plot.points import series_of
from bandg.plot.style import style
from bandg.runs.options import Run

STORED = Path(__file__).parents[2] / "theory_curves" / "computed" / "lines.csv"
CUBIC = ("bandg-cspbi3-nnn", "nestoklon2023-standin", "bandg-cspbi3-nn", "bandg-nnn")
SETS = (waterfall.GAMMA, *CUBIC)
"""All sets of the stored numbers, and those of the cubic crystal."""

KINDS = {
    "E_e - E_h": Combination("halide", "slabs", SCALES[0], False),
    "pair": Combination("halide", "slabs", SCALES[1], True),
}
"""Cubes with halide planes and slab shifts: bare carriers; attraction, image charges and their potential."""

GRID = tuple(round(float(one), 4) for one in (*np.arange(1.66, 2.345, 0.02), 1.911, 2.25))
QUANTITIES = ("g_e", "g_h", "g_bx")
COLUMNS = ("set", "energy", "energy_eV", *QUANTITIES, *(f"{one}_stderr" for one in QUANTITIES))
SHOWN = ("bandg-cspbi3-nnn", "pair")

Array = NDArray[np.float64]


def places(energies: tuple[float, ...]) -> list[MeasuredPoint]:
    """Points that stand for g_e and then g_h at energies."""
    one = next(point for point in load_measured("meliakov2025") if point.energy_eV is not None)
    return [replace(one, quantity=of, energy_eV=at) for of in ("g_e", "g_h") for at in energies]


def values(line: Line, kind: Combination, energies: tuple[float, ...]) -> tuple[Array, Array]:
    """g_e, g_h and g_BX at energies, and their standard errors, each (3, n)."""
    steps = 0.5 * np.eye(line.deviates)
    draws = np.vstack([np.zeros((1, line.deviates)), steps, -steps])
    g = predicted(line, kind, places(energies), draws).reshape(len(draws), 2, -1)
    g = np.concatenate([g, g.sum(axis=1, keepdims=True)], axis=1)
    up, down = g[1 : 1 + line.deviates], g[1 + line.deviates :]
    error = np.sqrt(np.sum((up - down) ** 2, axis=0)) if line.deviates else np.full(g.shape[1:], np.nan)
    return g[0], error


def compute() -> None:
    """Compute all lines and store them; what is in the cache is not computed again."""
    evaluator, rows = Evaluator(Run(workers=1)), []
    comments = [
        f"bandg {bandg.__version__}: cubes with halide planes and slab shifts; stderr: what is not known of the bulk",
        f"pair: {KINDS['pair'].scale.name} with glass, image potential in H",
        *(f"{name}, sha256 {load_set(name).digest()}" for name in SETS),
        "again: python docs/_scripts/theory_lines.py --compute",
    ]
    (curve,) = evaluator.curves([waterfall.nanocrystals(waterfall.FORWARD, waterfall.TILTED_CELLS)])
    for energy in sorted(GRID):
        cells = {one: f"{float(curve.at(one, energy)):.4f}" for one in QUANTITIES}
        unknown = {f"{one}_stderr": "nan" for one in QUANTITIES}
        rows.append({"set": waterfall.GAMMA, "energy": "pair", "energy_eV": f"{energy:g}"} | cells | unknown)
    for name in CUBIC:
        bulk = bulk_sets([name])[0]
        lines, _ = lines_of([bulk], list(KINDS.values()), evaluator, ())
        for label, kind in KINDS.items():
            g, error = values(lines[bulk.label, "halide"], kind, tuple(sorted(GRID)))
            for number, energy in enumerate(sorted(GRID)):
                cells = dict(zip(COLUMNS[3:], map("{:.4f}".format, [*g[:, number], *error[:, number]]), strict=True))
                rows.append({"set": name, "energy": label, "energy_eV": f"{energy:g}"} | cells)
        print(name, flush=True)
        write_csv(STORED, rows, COLUMNS, comments)


def stored() -> dict[tuple[str, str], TheoryCurve]:
    """The stored lines by set and kind of energy."""
    label = "computed/lines.csv"
    cells = read_table(theory_curve(label).read_text(encoding="utf-8"), label).cells
    found = {}
    for key in dict.fromkeys((row["set"], row["energy"]) for row in cells):
        own = [row for row in cells if (row["set"], row["energy"]) == key and row["g_h"] != "nan"]
        column = {name: np.array([float(row[name]) for row in own]) for name in COLUMNS[2:]}
        stderr = {one: column[f"{one}_stderr"] for one in QUANTITIES}
        known = {one: column[one] for one in QUANTITIES}
        nothing = np.full(len(own), np.nan)
        errors = stderr if np.isfinite(stderr["g_h"]).all() else {}
        found[key] = TheoryCurve(" ".join(key), column["energy_eV"], known, nothing, {}, errors)
    return found


def unmeasured(name: str) -> list[str]:
    """g_e of a set at 2.25 eV, where samples 5 and 6 are and no measured value, with its standard error, by KINDS."""
    found = [stored()[name, kind] for kind in KINDS]
    pairs = [(float(curve.at("g_e", 2.25)), float(curve.stderr_at("g_e", 2.25))) for curve in found]
    return [f"{g:.2f}" + ("" if np.isnan(error) else f" ± {error:.2f}") for g, error in pairs]


def drawn() -> list[tuple[str, TheoryCurve]]:
    """The lines of the picture with their labels."""
    found = stored()
    return [
        ("stand-in for the published theory, lead planes", resolve(["etb:lead"])[0]),
        ("bandg-cspbi3-nnn, all but the tilt", found[SHOWN]),
        ("bandg-cspbi3-gamma, all", found[waterfall.GAMMA, "pair"]),
    ]


def draw(path: Path) -> None:
    """g_e and g_h on the left, g_BX on the right."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    points = load_measured("meliakov2025")
    with style():
        figure, axes = plt.subplots(1, 2, figsize=(7.0, 3.3), layout="constrained")
        for one, quantities in zip(axes, (("g_e", "g_h"), ("g_bx",)), strict=True):
            for color, (_, curve) in zip(LINES, drawn(), strict=False):
                for quantity in quantities:
                    draw_curve(one, curve, quantity, (1.64, 2.31), color=color)
            for series in series_of(points):
                series.draw(one, quantities)
            one.set_xlim(1.64, 2.31)
            one.set_xlabel("transition energy (eV)")
        axes[0].set_ylabel("$g$-factor (solid, circles: electron; dashed, squares: hole)", fontsize=7)
        axes[1].set_ylabel(NAMES["g_bx"])
        handles = [Line2D([], [], color=color, label=label) for color, (label, _) in zip(LINES, drawn(), strict=False)]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
    save(axes, path)


def write(folder: Path) -> None:
    """Write lines.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "lines.png")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute()
    else:
        write(Path(sys.argv[1]))
