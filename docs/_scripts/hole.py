"""Tables and pictures of the page on the mechanisms, from stored results.

python docs/_scripts/hole.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from second_neighbors import errors_of
from stored import command_text
from validation import table

from bandg.analysis.curves import resolve
from bandg.analysis.hypotheses.report import SPREADS, baseline_text, incomplete, markdown, spread_lines
from bandg.analysis.inference.emulator import knob, parameters_at
from bandg.analysis.inference.likelihood import SPECIAL
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table
from bandg.data.compare import compare, verdict_points
from bandg.data.measured import load_measured
from bandg.models.etb.bulk import bulk
from bandg.parameters.loader import load_set
from bandg.parameters.ranges import Range
from bandg.parameters.sets import ParameterSet
from bandg.plot.hypotheses import plot_hypotheses
from bandg.plot.output import save
from bandg.plot.overlay import plot_overlay

CURVES = ("etb:lead", "etb:halide", "kp:bulk-law", "etb:halide:bandg-nnn")


def stored(name: str = "hypotheses") -> list[dict[str, Any]]:
    """The findings that are stored with the curves."""
    return json.loads(theory_curve(f"computed/{name}.json").read_text(encoding="utf-8"))


def residuals() -> str:
    """Theory minus measured for the named curves."""
    points = load_measured("meliakov2025")
    found = [compare(curve, points) for curve in resolve(CURVES)]
    lines = []
    for number, residual in enumerate(found[0].residuals):
        point = residual.point
        mark = " (not counted)" if point.why_not_judged_by else ""
        cells = [f"{one.residuals[number].residual:+.2f}" for one in found]
        lines.append([f"{point.energy_eV:g}", f"`{point.quantity}`{mark}", f"{point.value:+.2f}", *cells])
    for names in (("g_e",), ("g_h",), ("g_e", "g_h")):
        lines.append(["", f"rms of {' and '.join(names)}", "", *(f"{one.rms(*names):.2f}" for one in found)])
    return table(["eV", "", "measured", *(f"`{one.name}`" for one in found)], lines)


JOINTS = ("joint-fit", "joint-spin", "joint-held", "joint", "joint-first")
"""The joint question, from the least freedom to the most, and without second neighbors."""


def joint(name: str) -> str:
    """Evidences, residuals, posteriors and price of one answer to the joint question."""
    found = json.loads(theory_curve(f"computed/{name}.json").read_text(encoding="utf-8"))
    models = found["models"]
    names = [f"`{model['name']}`" for model in models]
    lines = []
    for number, point in enumerate(found["points"]):
        cells = [f"{model['best_predicted'][number] - point['value']:+.2f}" for model in models]
        lines.append([f"{point['energy_eV']:g}", f"`{point['quantity']}`", f"{point['value']:+.2f}", *cells])
    lines.append(["", "rms", "", *(f"**{model['best_rms']:.3f}**" for model in models)])
    lines.append(["", "ln Z below the best", "", *(f"{model['ln_Z_below_best']:.1f}" for model in models)])
    text = table(["eV", "best minus measured", "measured", *names], lines)
    paths = list(dict.fromkeys(path for model in models for path in model["posterior"]))
    posterior = [[f"`{path}`", *(_posterior(model["posterior"].get(path)) for model in models)] for path in paths]
    text += "\n" + table(["mean +- std (best)", *names], posterior)
    sets = [load_set(found["set"]["name"]), *(_best_set(found, model) for model in models)]
    columns = [_price(one, found["neighbors"]) for one in sets]
    cost = [[what, *(column[what] for column in columns)] for what in columns[0]]
    return text + "\n" + table(["bulk crystal", f"`{sets[0].name}`", *names], cost)


def refits(held: str) -> str:
    """Sets fitted again with `held` at a value: what the bands pay, and how near each comes to the points."""
    label = "computed/refits.csv"
    table_of_all = read_table(theory_curve(label).read_text(encoding="utf-8"), label)
    rows = [row for row in table_of_all.cells if row["held"] == held]
    models = list(dict.fromkeys(row["model"] for row in rows))
    lines = []
    for first in (row for row in rows if row["model"] == models[0]):
        own = {row["model"]: row for row in rows if (row["g_h"], row["g_e"]) == (first["g_h"], first["g_e"])}
        bound = own["halide, exciton"]
        cells = [f"{round(float(first[name]), 2) + 0.0:.2f}" for name in ("g_h", "g_e", "lambda_Pb_eV")]
        cells += [f"{float(first['chi2_rise']):.0f}", *(f"{float(first[f'rms {name} (meV)']):.0f}" for name in BANDS)]
        cells += [*(f"{float(own[model]['rms']):.3f}" for model in models), f"{float(bound['inverse_eps']):.3f}"]
        lines.append([*cells, f"{float(bound['g_h 2.25']):+.2f}"])
    heads = ["bulk g_h", "bulk g_e", "λ of Pb (eV)", "chi2 rises by", *(f"{name} (meV)" for name in BANDS)]
    heads += [*(f"rms, {model}" for model in models), "1/eps", "left in g_h at 2.25 eV"]
    return table(heads, lines)


BANDS = ("upper valence, mesh", "lower halide valence, mesh", "two conduction bands within 0.15 of R")
"""Errors against the first-principles bands that the table of refits shows."""


def _best_set(found: dict[str, Any], model: dict[str, Any]) -> ParameterSet:
    """The parameter set of a model's best point."""
    own = load_set(found["set"]["name"])
    ranges = [Range(**prior) for prior in model["priors"] if prior["path"] not in SPECIAL]
    values = [model["posterior"][chosen.path]["best"] for chosen in ranges]
    return parameters_at(own, [knob(own, chosen) for chosen in ranges], values)


def _price(parameters: ParameterSet, neighbors: int) -> dict[str, str]:
    """What a set costs elsewhere: the bulk crystal, and rms errors against the first-principles bands."""
    crystal = bulk(parameters, neighbors)
    below = [level.energy - crystal.valence.energy for level in crystal.levels]
    numbers = {
        "gap (eV)": crystal.E_g,
        "R8- minus R6- (eV)": crystal.Delta,
        "E_p to R6- (eV)": crystal.kane_energy("R6-"),
        "E_p to R8- (eV)": crystal.kane_energy("R8-"),
        "electron mass": 3 / float(np.trace(crystal.conduction.inverse_mass)),
        "hole mass": 3 / float(np.trace(crystal.valence.inverse_mass)),
        "g_e": crystal.conduction.g(False),
        "g_h": crystal.valence.g(False),
        "highest halide level (eV)": max(energy for energy in below if energy < -1e-6),
    }
    shown = {what: f"{number:.2f}" for what, number in numbers.items()}
    return shown | {f"rms of bands: {what} (meV)": f"{error:.0f}" for what, error in errors_of(parameters).items()}


def _posterior(one: dict[str, float] | None) -> str:
    return "" if one is None else f"{one['mean']:.3f} +- {one['std']:.3f} ({one['best']:.3f})"


def write(folder: Path) -> None:
    """Write the tables and pictures of the page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    points = load_measured("meliakov2025")
    for name in ("hypotheses", "hypotheses-nnn", "hypotheses-slow"):
        rows, label = stored(name), name.replace("-", "_")
        text = f"{baseline_text(rows[0])}\n\n{markdown(rows)}"
        text += "".join(f"\n{sentence}\n" for sentence in incomplete(rows))
        if "scatter" in rows[0]:  # a result that is older has no spreads
            found = table(SPREADS, spread_lines(rows))
            text += f"\nSpread of g within a sample, predicted/measured:\n\n{found}"
        (folder / f"{label}.md").write_text(text, encoding="utf-8")
        save(plot_hypotheses(rows, verdict_points(points)), folder / f"{label}.png")
    (folder / "refits.md").write_text(refits("g_h"), encoding="utf-8")
    (folder / "refits-both.md").write_text(refits("g_h, g_e"), encoding="utf-8")
    for name in JOINTS:
        (folder / f"{name}.md").write_text(joint(name), encoding="utf-8")
    for name in ("hypotheses", "hypotheses-nnn", *JOINTS):
        (folder / f"{name}-command.md").write_text(f"```\n{command_text(name)}\n```\n", encoding="utf-8")
    (folder / "overlay.md").write_text(residuals(), encoding="utf-8")
    save(plot_overlay(resolve(CURVES), points), folder / "overlay.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
