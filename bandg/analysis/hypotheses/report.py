"""The findings as plain rows, as a table of text, and as one HTML file that stands alone."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandg import __version__
from bandg.analysis.hypotheses.combine import Pair
from bandg.analysis.hypotheses.study import ENERGIES_EV, Finding, Study, Trial
from bandg.base.decode import finite
from bandg.data.compare import QUANTITIES, TheoryCurve

HEADINGS = ("mechanism", "range", "best", "dg_h", "rms g_e", "rms g_h", "rms g_BX", "explains", "needed", "verdict")


def legend(row: Mapping[str, Any]) -> str:
    """What the columns mean."""
    return (
        "best: the value in the range with the smallest rms over all points; dg_h: what it does to g_h at "
        f"{row['target_eV']:g} eV; explains: share of the rms that it removes; needed: the value that meets g_h there, "
        "- where that is not reached within three times the range. Where no curve reaches all points there is no best."
    )


def rows(found: Study) -> list[dict[str, Any]]:
    """One dictionary for each finding, what explains most first, as plain types.

    range, needed and best in `unit`; rms_* and delta_g_h (at target_eV) of the best value in the range. best and rms_*
    are None where no curve in the range reaches all points; delta_g_h is then the largest change.
    """
    return [_row(finding, found) for finding in found.findings]


def _row(finding: Finding, found: Study) -> dict[str, Any]:
    mechanism, best = finding.mechanism, finding.best
    change = mechanism.change
    return {
        "name": mechanism.name,
        "range": [mechanism.lower, mechanism.upper],
        "unit": mechanism.unit,
        "baseline": mechanism.baseline,
        "status": mechanism.status,
        "source": mechanism.source,
        "text": mechanism.text,
        "needed": finite(finding.needed),
        "needed_also": finite(finding.needed_also),
        "also_eV": finding.goals[1][0] if len(finding.goals) > 1 else None,
        "defensible": finding.defensible,
        "best": best.value if best else None,
        **{f"rms_{quantity}": finite(best.rms(quantity)) if best else None for quantity in QUANTITIES},
        "rms": finite(best.rms(*QUANTITIES)) if best else None,
        "delta_g_h": finite(finding.delta_g_h),
        "target_eV": finding.goals[0][0],
        "explained": finding.explained,
        "verdict": finding.verdict,
        "pair": list(change.end) if isinstance(change, Pair) else None,
        "trials": [_trial(trial, finding.base) for trial in finding.trials],
        "at_best": _trial(best, finding.base) if best else None,
        "at_needed": _trial(finding.at_needed, finding.base) if finding.at_needed else None,
        "energies_eV": list(ENERGIES_EV),
        "independent_points": len(found.points),
        "without": _trial(finding.base, finding.base),
        "provenance": found.base.describe() | {"bandg": __version__} | found.settings,
    }


def _trial(trial: Trial, base: Trial) -> dict[str, Any]:
    described: dict[str, Any] = {"value": finite(trial.value), "error": trial.error, "curve": _curve(trial)}
    for quantity in QUANTITIES:
        described[quantity] = finite(trial.g[quantity])
        described[f"delta_{quantity}"] = finite(trial.g[quantity] - base.g[quantity])
        described[f"rms_{quantity}"] = finite(trial.rms(quantity))
    return described


def _curve(trial: Trial) -> dict[str, list[float]] | None:
    """The points of the curve, or None where there is none."""
    curve = trial.curve
    if not np.isfinite(curve.energy).all():
        return None
    columns = {"energy_eV": curve.energy} | {name: curve.values[name] for name in ("g_e", "g_h")}
    return {name: [round(float(x), 5) for x in values] for name, values in columns.items()}


def curve_from(trial: Mapping[str, Any]) -> TheoryCurve | None:
    """The curve of a trial of `rows`, or None where there is none."""
    if trial["curve"] is None:
        return None
    energy, g_e, g_h = (np.array(trial["curve"][name]) for name in ("energy_eV", "g_e", "g_h"))
    return TheoryCurve("", energy, {"g_e": g_e, "g_h": g_h}, np.full(len(energy), np.nan))


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of a row under HEADINGS, as text."""
    unit = f" {row['unit']}" if row["unit"] else ""
    low, high = row["range"]
    mark = " (assumed)" if row["status"] == "assumed" else ""
    pair = row["pair"]
    best = "-" if row["best"] is None else f"{row['best']:.3g}"
    return (
        str(row["name"]),
        f"both{mark}" if pair else f"{low:.3g}..{high:.3g}{unit}{mark}",
        f"{pair[0]:.3g}, {pair[1]:.3g}" if pair and row["best"] == 1 else best,
        _signed(row["delta_g_h"]),
        *(_number(row[f"rms_{quantity}"]) for quantity in QUANTITIES),
        "-" if row["best"] is None else f"{row['explained']:.0%}",
        "-" if row["needed"] is None else f"{row['needed']:.3g}",
        str(row["verdict"]),
    )


def problems(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why there is no curve at some value of a range, one line each."""
    return [
        f"{row['name']} at {trial['value']:.4g}: no curve: {trial['error']}"
        for row in table
        for trial in row["trials"]
        if trial["error"]
    ]


def baseline_text(row: Mapping[str, Any]) -> str:
    """What all rows are measured against, in one sentence."""
    where, without = row["provenance"], row["without"]
    known = [(name, without[f"rms_{key}"]) for name, key in _SHOWN if without[f"rms_{key}"] is not None]
    values = ", ".join(f"{name} {value:.2f}" for name, value in known)
    count = f" over {row['independent_points']} independent measurements" if "independent_points" in row else ""
    return (
        f"Baseline: {where['set']}, neighbors {where['neighbors']}, {where['termination']}-terminated "
        f"{where['shape']}s; rms{count} {values}."
    )


_SHOWN = (("g_e", "g_e"), ("g_h", "g_h"), ("g_BX", "g_bx"))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def markdown(table: Sequence[Mapping[str, Any]]) -> str:
    """The table for a page or a README."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in table]
    return "\n".join(lines) + "\n"


_STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child, td:last-child { text-align: left; }
img { max-width: 100%; } .assumed { color: #888; } pre { white-space: pre-wrap; font-size: 12px; }
"""


def to_html(table: Sequence[Mapping[str, Any]], picture: Path | None = None, points: Sequence[Any] = ()) -> str:
    """One HTML page that needs nothing else: table, picture and, for each mechanism, what it rests on."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>bandg hypotheses</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>What could explain the hole g-factor?</h1>",
        f"<p>{_text(baseline_text(table[0]))} {_text(legend(table[0]))}</p>",
        _html_table(HEADINGS, [cells(row) for row in table], [row["status"] for row in table]),
    ]
    if picture is not None:
        content = base64.b64encode(picture.read_bytes()).decode()
        parts.append(f'<img alt="g against energy for every mechanism" src="data:image/png;base64,{content}">')
    if points:
        head = ("energy (eV)", "quantity", "measured", "source")
        body = [(f"{p.energy_eV:g}", p.quantity, f"{p.value:+g}", p.source) for p in points]
        parts += ["<h2>Measured points</h2>", _html_table(head, body)]
    parts += [_section(row) for row in table]
    where = json.dumps(table[0]["provenance"], indent=1)
    parts += [f"<h2>Settings</h2><pre>{_text(where)}</pre>", "</body></html>\n"]
    return "\n".join(parts)


def _section(row: Mapping[str, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    energies = row["energies_eV"]
    head = ["value" + unit] + [f"{name} {E:g} eV" for name, _ in _SHOWN for E in energies]
    head += [f"rms {name}" for name, _ in _SHOWN]
    trials = [("without", row["without"]), *(("", trial) for trial in row["trials"])]
    trials += [(label, row[key]) for label, key in (("best", "at_best"), ("needed", "at_needed")) if row[key]]
    body = []
    for label, trial in trials:
        value = "" if trial["value"] is None else f"{trial['value']:.4g}"
        g = [_signed(x) for _, key in _SHOWN for x in trial[key]]
        body.append([f"{label} {value}".strip(), *g, *(_number(trial[f"rms_{key}"]) for _, key in _SHOWN)])
    errors = {trial["error"] for _, trial in trials if trial["error"]}
    source = row["source"] or ("by definition" if row["status"] == "definition" else "none: assumed, not judged")
    note = "".join(f"<p>No curve: {_text(error)}.</p>" for error in sorted(errors))
    return (
        f"<h2>{_text(row['name'])}</h2><p>{_text(row['text'])}</p><p>Range {row['range'][0]:.4g} to "
        f"{row['range'][1]:.4g}{_text(unit)}; source: {_text(source)}.</p>{note}{_html_table(head, body)}"
    )


def _html_table(head: Sequence[str], body: Sequence[Sequence[str]], statuses: Sequence[str] | None = None) -> str:
    top = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    lines = []
    for number, row in enumerate(body):
        look = ' class="assumed"' if statuses and statuses[number] == "assumed" else ""
        lines.append(f"<tr{look}>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>")
    return f"<table><tr>{top}</tr>{''.join(lines)}</table>"


def _text(value: object) -> str:
    return html.escape(str(value))
