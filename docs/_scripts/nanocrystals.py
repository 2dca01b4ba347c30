"""Pictures of g against tilt, aspect ratio, bromide, occupancy and vacancies of X and Pb, from stored results.

python docs/_scripts/nanocrystals.py FOLDER      draws them
python docs/_scripts/nanocrystals.py --compute   computes the stored results anew: about two minutes on two processors
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bandg.base.resources import theory_curve
from bandg.base.tables import read_table, write_csv
from bandg.plot.palette import INK, LINES
from bandg.plot.style import style
from bandg.runs.options import Run

SET, BROMIDE, OFFSET_EV = "nestoklon2023-standin", "bandg-cspbbr3", -0.3
STORED = Path(__file__).parents[2] / "theory_curves" / "computed"
SEEDS = 6
QUANTITIES = ("g_e", "g_h")
_TAILS = ("", "_x", "_y", "_z", "_stderr")
COLUMNS = ("series", "x", "seeds", "E_gap_eV", *(f"{quantity}{tail}" for quantity in QUANTITIES for tail in _TAILS))
LABELS = {"g_e": r"$g_{\mathrm{e}}$", "g_h": r"$g_{\mathrm{h}}$"}
COLORS = LINES[:4]


@dataclass(frozen=True)
class Study:
    """One picture: what is varied (series, x, arguments of `bandg.compute`), the label of x, and what is drawn."""

    points: tuple[tuple[str, float, dict[str, Any]], ...]
    label: str
    principal: bool = False


def studies() -> dict[str, Study]:
    """What is computed and drawn."""
    angles = {"a0a0c+": "{0}", "a0a0c-": "{0}", "a-a-a-": "{0}", "a-b+a-": "{0},{0}"}
    tilts = [
        (symbol, float(angle), {"size": "8cells"} | ({"tilt": symbol, "angles": form.format(angle)} if angle else {}))
        for symbol, form in angles.items()
        for angle in range(0, 13, 2)
    ]
    edges = ((12, 4), (10, 5), (9, 6), (8, 8), (7, 10), (6, 14), (5, 20))
    aspect = [("about 500 Pb", m / n, {"size": f"{n}x{n}x{m}cells", "shape": "cuboid"}) for n, m in edges]
    mixed = {"second": BROMIDE, "offset_eV": OFFSET_EV, "size": "5cells"}
    bromide = [
        ("cube of 5 cells", x, mixed | {"fraction": x} | ({"seeds": SEEDS} if 0 < x < 1 else {}))
        for x in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)
    ]
    tenths = [number / 10 for number in range(11)]
    occupancy = [(f"cube of {n} cells", f, {"size": f"{n}cells", "occupancy": f}) for n in (6, 10) for f in tenths]
    vacancies = [
        ("random vacancies", x, {"size": "5cells"} | ({"x_vacancies": x, "seeds": SEEDS} if x else {}))
        for x in (0.0, 0.125, 0.25, 0.5, 0.75)
    ]
    vacancies += [("mean field", x, {"size": "5cells", "occupancy": 1 - x}) for x in tenths]
    lead = [
        (
            f"{planes} planes",
            x,
            {"size": "5cells", "termination": planes} | ({"pb_vacancies": x, "seeds": SEEDS} if x else {}),
        )
        for planes in ("halide", "lead")
        for x in (0.0, 0.125, 0.25, 0.5)
    ]
    return {
        "tilt": Study(tuple(tilts), "angle of each tilt (degrees)"),
        "aspect": Study(tuple(aspect), "edge along z over edge along x and y", principal=True),
        "bromide": Study(tuple(bromide), "share of Br"),
        "occupancy": Study(tuple(occupancy), "mean-field occupancy of the surface X"),
        "vacancies": Study(tuple(vacancies), "share of the surface X that is missing"),
        "pb_vacancies": Study(tuple(lead), "share of the surface Pb that is missing"),
    }


def compute(name: str, study: Study) -> None:
    """Compute a study and store it; what is in the cache is not computed again."""
    import bandg
    from bandg.runs.rows import columns_of

    STORED.mkdir(exist_ok=True)
    table = []
    for series, x, arguments in study.points:
        found = columns_of(bandg.compute(set=SET, run=Run(workers=1), **arguments))
        row: dict[str, Any] = {"series": series, "x": f"{x:.6g}", "seeds": len(found["seed"])}
        for column in COLUMNS[3:]:
            values = found[column.removesuffix("_stderr")]
            error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
            row[column] = f"{error if column.endswith('_stderr') else values.mean():.6f}"
        table.append(row)
        print(name, row, flush=True)
    write_csv(STORED / f"nanocrystals_{name}.csv", table, COLUMNS)


def read(name: str) -> dict[str, dict[str, np.ndarray]]:
    """A stored study: for each series the columns as arrays."""
    label = f"computed/nanocrystals_{name}.csv"
    rows = read_table(theory_curve(label).read_text(encoding="utf-8"), label).cells
    return {
        series: {
            column: np.array([float(row[column]) for row in rows if row["series"] == series]) for column in COLUMNS[1:]
        }
        for series in dict.fromkeys(row["series"] for row in rows)
    }


def draw(name: str, study: Study, path: Path) -> None:
    """One picture: g_h and g_e side by side."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        for frame, quantity in zip(figure.subplots(1, 2), ("g_h", "g_e"), strict=True):
            for (series, columns), color, over in zip(read(name).items(), COLORS, ("-", ":", "-", ":"), strict=False):
                curves = [(quantity, series, color, over)]
                if study.principal:
                    curves = [
                        (quantity, "Tr(g)/3", INK, "-"),
                        (f"{quantity}_x", "along x and y", COLORS[0], "--"),
                        (f"{quantity}_z", "along z", COLORS[1], "--"),
                    ]
                for column, label, line_color, dash in curves:
                    errors = columns[f"{quantity}_stderr"] if column == quantity else np.zeros(1)
                    look = {"color": line_color, "linestyle": dash, "marker": "o", "markersize": 3, "label": label}
                    frame.errorbar(columns["x"], columns[column], errors if errors.any() else None, **look)
            frame.set_xlabel(study.label)
            frame.set_ylabel(LABELS[quantity])
            if quantity == "g_h":
                frame.legend(fontsize=7)
        figure.savefig(path)


def sentences() -> dict[str, str]:
    """What each picture shows, with its numbers."""
    tilt, aspect, bromide, occupancy, vacancies, lead = (read(name) for name in studies())

    def change(columns: dict[str, np.ndarray], quantity: str, start: float, end: float) -> str:
        first, last = (columns[quantity][np.argmin(np.abs(columns["x"] - x))] for x in (start, end))
        return f"{last - first:+.2f}"

    one, three = tilt["a0a0c-"], tilt["a-a-a-"]
    box = aspect["about 500 Pb"]
    apart = {q: box[f"{q}_z"] - box[f"{q}_x"] for q in QUANTITIES}
    mixed = bromide["cube of 5 cells"]
    spread = {q: mixed[f"{q}_stderr"].max() * np.sqrt(SEEDS) for q in QUANTITIES}
    small, large = occupancy["cube of 6 cells"], occupancy["cube of 10 cells"]
    random, mean = vacancies["random vacancies"], vacancies["mean field"]
    own, other = lead["halide planes"], lead["lead planes"]
    off = {q: np.abs(random[q] - np.interp(random["x"], mean["x"], mean[q])).max() for q in QUANTITIES}
    return {
        "tilt": (
            f"Tilts of 10 degrees change g_h by {change(one, 'g_h', 0, 10)} and g_e by {change(one, 'g_e', 0, 10)} "
            f"about one axis (a0a0c-), by {change(three, 'g_h', 0, 10)} and {change(three, 'g_e', 0, 10)} about all "
            f"three (a-a-a-), in a cube of 8 cells (5.0 nm), and the gap by {change(three, 'E_gap_eV', 0, 10)} eV."
        ),
        "aspect": (
            "Boxes of about 500 Pb: the value along z differs from that in the plane by "
            f"{apart['g_h'][0]:+.2f} (g_h) and {apart['g_e'][0]:+.2f} (g_e) in the flattest, by "
            f"{apart['g_h'][-1]:+.2f} and {apart['g_e'][-1]:+.2f} in the longest."
        ),
        "bromide": (
            f"All iodide replaced by bromide changes g_h by {change(mixed, 'g_h', 0, 1)} and g_e by "
            f"{change(mixed, 'g_e', 0, 1)} in a cube of 5 cells; seeds of one composition spread by up to "
            f"{spread['g_h']:.3f} and {spread['g_e']:.3f} (standard deviation; bars are errors of the mean)."
        ),
        "occupancy": (
            f"Filling the surface X from `lead` to `halide` changes g_h by {change(small, 'g_h', 0, 1)} and g_e by "
            f"{change(small, 'g_e', 0, 1)} at 6 cells (3.8 nm), by {change(large, 'g_h', 0, 1)} and "
            f"{change(large, 'g_e', 0, 1)} at 10 cells (6.3 nm)."
        ),
        "vacancies": (
            f"In a cube of 5 cells a quarter of the surface X missing changes g_h by {change(random, 'g_h', 0, 0.25)} "
            f"and g_e by {change(random, 'g_e', 0, 0.25)}; the mean field is off by up to {off['g_h']:.2f} and "
            f"{off['g_e']:.2f}."
        ),
        "pb_vacancies": (
            "In a cube of 5 cells a quarter of the surface Pb missing changes g_h by "
            f"{change(own, 'g_h', 0, 0.25)} and g_e by {change(own, 'g_e', 0, 0.25)} with halide planes, by "
            f"{change(other, 'g_h', 0, 0.25)} and {change(other, 'g_e', 0, 0.25)} with lead planes; the "
            f"energy rises by {change(own, 'E_gap_eV', 0, 0.25)} and {change(other, 'E_gap_eV', 0, 0.25)} eV."
        ),
    }


def write(folder: Path) -> None:
    """The pictures, each with its sentence."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, sentence in sentences().items():
        draw(name, studies()[name], folder / f"nanocrystals_{name}.png")
        parts.append(f"![g against {name.replace('_', ' ')}](_generated/nanocrystals_{name}.png)\n\n{sentence}\n")
    (folder / "nanocrystals.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        for chosen, one in studies().items():
            if chosen in sys.argv[2:] or len(sys.argv) == 2:
                compute(chosen, one)
    else:
        write(Path(sys.argv[1]))
