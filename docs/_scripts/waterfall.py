"""From the stand-in for the published theory to the measurement, step by step: stored numbers, table and picture.

python docs/_scripts/waterfall.py --compute   computes the stored numbers anew
python docs/_scripts/waterfall.py FOLDER      writes the table and the picture
python docs/_scripts/waterfall.py --readme README.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import theory_lines
from validation import table

import bandg
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict import waterfall
from bandg.analysis.verdict.report import sentences
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table, write_csv
from bandg.data.compare import verdict_points
from bandg.data.measured import MeasuredPoint, load_measured
from bandg.parameters.loader import load_set
from bandg.plot.output import save
from bandg.plot.waterfall import plot_waterfall
from bandg.runs.options import Run

STORED = Path(__file__).parents[2] / "theory_curves" / "computed" / "waterfall.csv"
FIRST = waterfall.FORWARD
PATHS = {
    "first order": FIRST,
    "other order": waterfall.REVERSE,
    f"first order, {waterfall.GAMMA_LAW}": (*FIRST[:-1], "tilt-law"),
    f"first order, {waterfall.SCREENINGS['screening-weak'].describe()}": (
        *("screening-weak" if step == "screening" else step for step in FIRST),
    ),
}
"""Two orders, and the first with another choice for one ingredient."""

SETS = (waterfall.START, waterfall.FITTED, waterfall.GAMMA, waterfall.GAMMA_LAW)
"""The sets of the stored numbers."""

BEGIN, END = "<!-- waterfall: begin -->", "<!-- waterfall: end -->"
LABELS = waterfall.INGREDIENTS | {name: waterfall.INGREDIENTS[of] for name, of in waterfall.VARIANTS.items()}


def points() -> tuple[MeasuredPoint, ...]:
    """The five independent measurements, by quantity and energy."""
    found = verdict_points(load_measured("meliakov2025"))
    return tuple(sorted(found, key=lambda point: (point.quantity.removeprefix("abs_"), point.energy_eV or 0.0)))


def columns() -> list[str]:
    """Names of the measured numbers."""
    return [f"{point.quantity.removeprefix('abs_')} {point.energy_eV:g}" for point in points()]


def compute() -> None:
    """Compute all paths and store them; what is in the cache is not computed again."""
    evaluator, rows = Evaluator(Run(workers=1)), []
    for name, steps in PATHS.items():
        found = waterfall.path(steps, points(), evaluator)
        for step, values in zip(("start", *steps), found.values, strict=True):
            rows.append({"path": name, "step": step} | dict(zip(columns(), map("{:.4f}".format, values), strict=True)))
            print(rows[-1], flush=True)
    screening = waterfall.SCREENINGS["screening"]
    angles = ",".join(f"{one:g}" for one in waterfall.ANGLES)
    comments = [
        f"bandg {bandg.__version__}: g at the measured energies, from lead planes of {waterfall.START} on",
        *(f"{name}, sha256 {load_set(name).digest()}" for name in SETS),
        f"screening: {screening.describe()}, {waterfall.GLASS_EPS:g} outside; surface: slabs",
        f"tilt {waterfall.SYMBOL} {angles}; {waterfall.START}: gap of the tilted bulk held by Pb p",
        "again: python docs/_scripts/waterfall.py --compute",
    ]
    write_csv(STORED, rows, ["path", "step", *columns()], comments)


def stored() -> dict[str, waterfall.Waterfall]:
    """The stored paths by name."""
    label = "computed/waterfall.csv"
    cells = read_table(theory_curve(label).read_text(encoding="utf-8"), label).cells
    measured = np.array([point.value for point in points()])
    found = {}
    for name in dict.fromkeys(row["path"] for row in cells):
        own = [row for row in cells if row["path"] == name]
        values = np.array([[float(row[column]) for column in columns()] for row in own])
        found[name] = waterfall.Waterfall(tuple(row["step"] for row in own[1:]), values, measured)
    return found


HEADS = ["", *(f"{column} eV" for column in columns()), "rms after it"]


def path_lines(path: waterfall.Waterfall) -> list[list[str]]:
    """Start, steps, end, measurement and their difference, a number a column; rms of the difference after each step."""
    rms = [f"{one:.2f}" for one in np.sqrt(np.mean((path.values - path.measured) ** 2, axis=1))]
    lines = [["stand-in for the published theory", *(f"{value:.2f}" for value in path.values[0]), rms[0]]]
    lines += [
        [LABELS[step], *(f"{one:+.2f}" for one in change), after]
        for step, change, after in zip(path.steps, path.changes, rms[1:], strict=True)
    ]
    lines.append(["end", *(f"{value:.2f}" for value in path.values[-1]), ""])
    lines.append(["measured", *(f"{value:.2f}" for value in path.measured), ""])
    return [*lines, ["measured minus end", *(f"{value:+.2f}" for value in path.residual), ""]]


def paths_table() -> str:
    """What each step does to each number, for every path; of those that differ in one step, that step alone."""
    lines, first = [], stored()["first order"]
    for name, path in stored().items():
        own = path_lines(path)
        if name not in ("first order", "other order"):
            own = own[
                1
                + next(n for n, (one, other) in enumerate(zip(path.steps, first.steps, strict=True)) if one != other) :
            ]
        lines += [[f"**{name}**", *([""] * (len(HEADS) - 1))], *(line for line in own if line[0] != "measured")]
    return table(HEADS, lines)


def verdict_table() -> str:
    """rms over the five numbers and the distance of g_h at 2.25 eV, of slabs and pairs: ranges over the screenings."""
    found = json.loads(theory_curve("computed/verdict.json").read_text(encoding="utf-8"))
    place = [(point["quantity"], point["energy_eV"]) for point in found["points"]].index(("g_h", 2.25))
    lines = []
    for name in dict.fromkeys(row["set"] for row in found["rows"]):
        own = [row for row in found["rows"] if row["set"] == name and not row["minimum"]]
        own = [
            row for row in own if row["surface"] == "slabs" and row["scale"] != "none" and None not in row["residual"]
        ]
        cells = []
        for termination, image in (("halide", False), ("halide", True), ("lead", False)):
            rows = [row for row in own if (row["termination"], row["image"]) == (termination, image)]
            cells.append(_span([row["rms"] for row in rows]))
        halide = [row for row in own if row["termination"] == "halide"]
        cells.append(_span([-row["residual"][place] for row in halide]))
        cells.append(_span([row["distance"][place] for row in halide if row["distance"][place] is not None], ".0f"))
        lines.append([f"`{name}`", own[0]["phase"], f"{own[0]['chosen']}", *cells])
    heads = ["rms, halide planes", "with image potential", "rms, lead planes"]
    text = table(["set", "crystal", "chosen", *heads, "g_h short at 2.25 eV by", "in standard errors"], lines)
    told = [one for one in sentences(found) if one.startswith(("Of ", "There ", "The largest"))]
    return text + "\n" + "\n".join(f"- {one}" for one in told) + "\n"


def _span(values: list[float], form: str = ".2f") -> str:
    ends = dict.fromkeys(format(end, form) for end in (min(values), max(values))) if values else {}
    return " to ".join(ends)


def readme_block() -> str:
    """The first path, as it stands in the README."""
    return BEGIN + "\n" + table(HEADS, path_lines(stored()["first order"])) + END


def write_readme(path: Path) -> None:
    """Put the table between its marks."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    path.write_text(before + readme_block() + rest.partition(END)[2], encoding="utf-8")


def write(folder: Path) -> None:
    """Write waterfall.md and waterfall.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdict-short.md").write_text(verdict_table(), encoding="utf-8")
    (folder / "waterfall.md").write_text(paths_table(), encoding="utf-8")
    found = stored()
    two = {name: found[name] for name in ("first order", "other order")}
    line = theory_lines.stored()[theory_lines.SHOWN]
    band = [line.stderr_at(point.quantity.removeprefix("abs_"), point.energy_eV or 0.0) for point in points()]
    save(plot_waterfall(two, LABELS, points(), np.array(band)), folder / "waterfall.png")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute()
    elif sys.argv[1] == "--readme":
        write_readme(Path(sys.argv[2]))
    else:
        write(Path(sys.argv[1]))
