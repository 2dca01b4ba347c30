"""The findings as plain rows, as a table, and as one HTML file that stands alone."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bandg import __version__
from bandg.analysis.hypotheses.combine import Pair
from bandg.analysis.hypotheses.study import ENERGIES_EV, Finding, Study, Trial
from bandg.base.decode import finite
from bandg.data.compare import QUANTITIES, TheoryCurve, of_those, rms


def rows(found: Study) -> list[dict[str, Any]]:
    """One dictionary for each finding, in the order of the study, as plain types.

    range and best in `unit`; rms and residuals of the best value in the range, over the points that its curve reaches,
    None where no curve there reaches any. spread_allowed: whether it spreads g no more than is measured. scatter: what
    the measured spreads allow where the value varies from one nanocrystal to the next. trials, at_best and without (the
    baseline) hold g, its change, residuals, measured and predicted spreads, those by orientation, and the curve.
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
        "omits": mechanism.omits,
        "best": best.value if best else None,
        "rms": finite(best.rms) if best else None,
        "is_mixture": bool(best and len(best.kinds) > 1),
        "spread_allowed": finding.allowed,
        "pair": list(change.end) if isinstance(change, Pair) else None,
        "scatter": finding.scatter.to_dict() if finding.scatter else None,
        "trials": [_trial(trial, finding) for trial in finding.trials],
        "at_best": _trial(best, finding) if best else None,
        "without": _trial(finding.base, finding),
        "energies_eV": list(ENERGIES_EV),
        "independent_points": len(found.points),
        "measured_spreads": [
            {name: getattr(one, name) for name in ("sample", "quantity", "energy_eV", "value", "kind", "convention")}
            for one in found.spreads
            if not one.why_not_judged_by
        ],
        "provenance": found.base.describe() | {"bandg": __version__} | found.settings,
    }


def _trial(trial: Trial, finding: Finding) -> dict[str, Any]:
    base = finding.base
    described: dict[str, Any] = {"value": finite(trial.value), "error": trial.error, "rms": finite(trial.rms)}
    for quantity in QUANTITIES:
        described[quantity] = finite(trial.at(quantity))
        described[f"delta_{quantity}"] = finite(trial.at(quantity) - base.at(quantity))
        described[f"rms_{quantity}"] = finite(trial.comparison.rms(quantity))
    described["residuals"] = [
        {"quantity": one.quantity, "energy_eV": one.point.energy_eV, "residual": finite(one.residual)}
        for one in sorted(trial.comparison.residuals, key=lambda one: one.point.energy_eV or 0.0)
    ]
    for quantity in ("g_e", "g_h"):
        described[f"spread_{quantity}"] = [finite(trial.spread(quantity, energy)) for energy in ENERGIES_EV]
    described["spreads"] = [one.to_dict() for one in trial.judged(finding.spreads)]
    described["spreads_by_orientation"] = [one.to_dict() for one in trial.by_orientation(finding.spreads)]
    return described | {"curve": _curve(trial)}


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


@dataclass(frozen=True)
class Group:
    """Columns of the table under one heading. part: "change" or "left", the two tables of a narrow screen."""

    heading: str
    columns: tuple[str, ...] = ("",)
    part: str = ""
    left: bool = False

    @property
    def short(self) -> str:
        """The heading where the title of the table says the rest."""
        return self.heading.split()[-1]


def groups(row: Mapping[str, Any]) -> tuple[Group, ...]:
    """The columns of the table."""
    energies = tuple(f"{E:g}" for E in row["energies_eV"])
    left = []
    for known in _by_quantity(row["without"]):
        name = known[0]["quantity"].replace("bx", "BX")
        left.append(Group(f"left in {name}", tuple(f"{one['energy_eV']:g}" for one in known), "left"))
    return (
        Group("mechanism", left=True),
        Group("at", part="change"),
        Group("change of g_e", energies, "change"),
        Group("change of g_h", energies, "change"),
        Group("rms", part="change"),
        Group("best", part="left"),
        *left,
        Group("rms", part="left"),
        Group("range", part="left", left=True),
    )


def lines(row: Mapping[str, Any]) -> list[list[list[str]]]:
    """The cells of a mechanism by line and group.

    The first line holds the first end of the range that is not the baseline; a second line has the change at the other.
    """
    changes = []
    for end in (row["trials"][0], row["trials"][-1]):
        if end["value"] != row["baseline"]:
            moved = [list(map(_signed, end[f"delta_{quantity}"])) for quantity in ("g_e", "g_h")]
            changes.append([[_value(row, end["value"])], *moved, [_rms(end)]])
    blank = [[""] * len(known) for known in _by_quantity(row["without"])]
    if row["best"] is None or row["best"] == row["baseline"]:
        tail = [["-" if row["best"] is None else "baseline"], *blank, [""]]
    else:
        tail = [[_value(row, row["best"])], *_residuals(row["at_best"]), [_rms(row["at_best"])]]
    tail += [[row["status"]]]
    names = row["name"].replace(" + ", "\n+ ").split("\n")
    rest = [[""] * len(cells) for cells in tail]
    found = []
    for number in range(max(len(names), len(changes))):
        change = changes[number] if number < len(changes) else [[""] * len(cells) for cells in changes[0]]
        name = names[number] if number < len(names) else ""
        found.append([[name], *change, *(rest if number else tail)])
    return found


def baseline_line(row: Mapping[str, Any]) -> list[list[str]]:
    """The cells of the baseline by group."""
    without = row["without"]
    blank = [""] * len(row["energies_eV"])
    rms = [_rms(without)]
    return [["baseline"], [""], blank, blank, rms, [""], *_residuals(without), rms, [""]]


def _by_quantity(trial: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """The residuals of each quantity that is measured."""
    found = [[one for one in trial["residuals"] if one["quantity"] == quantity] for quantity in QUANTITIES]
    return [known for known in found if known]


def _rms(trial: Mapping[str, Any]) -> str:
    """The rms, with the number of points where the curve does not reach all."""
    return "-" if trial["rms"] is None else f"{_number(trial['rms'])}{of_those(*reached(trial))}"


def reached(trial: Mapping[str, Any]) -> tuple[int, int]:
    """Number of points that the curve of a trial of `rows` reaches, and of all."""
    return sum(one["residual"] is not None for one in trial["residuals"]), len(trial["residuals"])


def _residuals(trial: Mapping[str, Any]) -> list[list[str]]:
    return [[_signed(one["residual"]) for one in known] for known in _by_quantity(trial)]


SPREADS = (
    *("mechanism", "mixture: dg_e", "dg_h", "fits", "turned at random: dg_e", "dg_h"),
    *("allowed scatter", "whole range: dg_e", "dg_h"),
)
"""Columns of the table of spreads."""


def spread_lines(table: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The cells of the table of spreads, one line for each mechanism that predicts one."""
    found = [[row["name"], *_spread(row)] for row in table]
    return [line for line in found if any(line[1:])]


def _spread(row: Mapping[str, Any]) -> list[str]:
    """Predicted and measured spreads of the best mixture, of its orientations, and of a value that varies."""
    mixed = row["at_best"]["spreads"] if row["is_mixture"] else []
    fits = {True: "yes", False: "no", None: "?"}[row["spread_allowed"]] if row["is_mixture"] else ""
    turned = row["at_best"]["spreads_by_orientation"] if row["at_best"] else []
    scatter = row["scatter"]
    whole = scatter["whole_range"] if scatter else []
    return [*_beside(mixed), fits, *_beside(turned), _allowed(row), *_beside(whole)]


def _beside(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Predicted / measured spread of each carrier; of several samples at a stated energy, and the smallest of them."""
    found = []
    for quantity in ("dg_e", "dg_h"):
        own = [one for one in checks if one["quantity"] == quantity]
        one = min(own, key=lambda one: (one["energy_eV"] is None, one["measured"]), default=None)
        found.append("" if one is None else f"{_short(one['predicted'])}/{one['measured']:.2f}")
    return found


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _allowed(row: Mapping[str, Any]) -> str:
    """The largest scatter that the measured spreads allow, in the unit of the value."""
    scatter = row["scatter"]
    if scatter is None:
        return ""
    if scatter["unlimited"]:
        return "any"
    return "-" if scatter["allowed"] is None else f"{scatter['allowed']:.2g} {row['unit']}".strip()


def _value(row: Mapping[str, Any], value: float | None) -> str:
    """A value of the mechanism with its unit; the two values of the best pair."""
    if value is None:
        return "-"
    if row["pair"] and value == 1:
        return ", ".join(f"{one:.3g}" for one in row["pair"])
    return f"{value:.3g} {row['unit']}".strip()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def baseline_text(row: Mapping[str, Any]) -> str:
    """What all rows are measured against, in one sentence."""
    where, (count, of) = row["provenance"], reached(row["without"])
    return (
        f"Baseline: {where['set']}, neighbors {where['neighbors']}, {where['termination']}-terminated "
        f"{where['shape']}s; rms {_number(row['without']['rms'])} over {'' if count == of else f'{count} of '}{of} "
        "independent measurements."
    )


def legend(row: Mapping[str, Any]) -> dict[str, str]:
    """What the columns mean, by the part of the table."""
    conventions = sorted({one["convention"] for one in row["measured_spreads"]})
    measured = ", ".join(
        f"{one['quantity']} {'below ' if one['kind'] == 'upper-bound' else ''}{one['value']:g} ({one['sample']})"
        for one in row["measured_spreads"]
    )
    return {
        "change": (
            "at: the ends of the range that are not the baseline. Changes of g are those at fixed energy, in eV above "
            "the columns. rms: over the independent measurements, with their number where the curve does not reach "
            "all of them."
        ),
        "left": (
            "best: the value in the range with the smallest rms of those computed that reach most points. left: theory "
            "minus measured there. Mechanisms whose curves end before the last point stand last. "
            "range: sourced, by definition, or assumed."
        ),
        "spread": (
            "Predicted/measured spread of g within a sample, where an energy is stated: both are what the fit of one "
            f"cosine to the trace gives ({' and '.join(conventions) or 'none is measured'}). "
            + (f"Judged by {measured}, within two errors, and by what the cosine leaves. " if measured else "")
            + "mixture: that of the best value; one that does not fit is no explanation. turned at random: of a g that "
            "is not isotropic. allowed scatter: the largest standard deviation of a value that varies from one "
            "nanocrystal to the next, a Gaussian around the best value and cut off at the ends of the range; any: up "
            "to the whole range, each value as likely, whose spread stands beside. It means something only for what "
            "can differ between nanocrystals."
        ),
    }


def incomplete(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences on the mechanisms whose best curve does not reach all points: the baseline over the same points."""
    found = []
    for row in table:
        count, of = reached(row["at_best"]) if row["at_best"] else (0, row["independent_points"])
        if not any(reached(trial)[0] for trial in row["trials"]):
            found.append(f"{row['name']}: no curve in the range reaches any point.")
        elif 0 < count < of:
            both = zip(row["at_best"]["residuals"], row["without"]["residuals"], strict=True)
            there = [base["residual"] for own, base in both if None not in (own["residual"], base["residual"])]
            beside = f", over which the baseline leaves {rms(there):.3f}" if len(there) == count else ""
            found.append(f"{row['name']}: its rms {row['rms']:.3f} is over {count} of {of} points{beside}.")
    return found


def problems(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why there is no curve at some value of a range, one line each."""
    return [
        f"{row['name']} at {trial['value']:.4g}: no curve: {trial['error']}"
        for row in table
        for trial in row["trials"]
        if trial["error"]
    ]


def markdown(table: Sequence[Mapping[str, Any]]) -> str:
    """The table for a page or a README; the numbers of a group stand in one cell."""
    heads = [
        f"{one.heading} at {', '.join(one.columns)}" if len(one.columns) > 1 else one.heading
        for one in groups(table[0])
    ]
    text = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for mechanism in [[baseline_line(table[0])], *map(lines, table)]:
        cells = ("<br>".join(filter(None, map(_joined, stack))) for stack in zip(*mechanism, strict=True))
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def _joined(cells: Sequence[str]) -> str:
    return ", ".join(filter(None, cells))


STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 80em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; }
th, td { padding: 3px 7px; text-align: right; white-space: nowrap; }
tr.first td { border-top: 1px solid #ddd; } th.group { text-align: center; border-bottom: 1px solid #999; }
th:first-child, td:first-child, td:last-child { text-align: left; } .faint { color: #888; }
img { max-width: 100%; } pre { white-space: pre-wrap; font-size: 12px; }
"""


def to_html(table: Sequence[Mapping[str, Any]], picture: bytes | None = None, points: Sequence[Any] = ()) -> str:
    """One HTML page that needs nothing else: table, picture (PNG) and, for each mechanism, what it rests on."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>bandg hypotheses</title>',
        f"<style>{STYLE}</style></head><body>",
        "<h1>What could explain the hole g-factor?</h1>",
        f"<p>{_text(' '.join([baseline_text(table[0]), *legend(table[0]).values()]))}</p>",
        "".join(_wide_table(table)),
        *(f"<p>{_text(sentence)}</p>" for sentence in incomplete(table)),
        "<h2>Spread of g within a sample</h2>",
        html_table(SPREADS, spread_lines(table)),
    ]
    if picture is not None:
        content = base64.b64encode(picture).decode()
        parts.append(f'<img alt="g against energy for every mechanism" src="data:image/png;base64,{content}">')
    if points:
        head = ("energy (eV)", "quantity", "measured", "source")
        body = [(f"{p.energy_eV:g}", p.quantity, f"{p.value:+g}", p.source) for p in points]
        parts += ["<h2>Independent measurements</h2>", html_table(head, body)]
    parts += [_section(row) for row in table]
    where = json.dumps(table[0]["provenance"], indent=1)
    parts += [f"<h2>Settings</h2><pre>{_text(where)}</pre>", "</body></html>\n"]
    return "\n".join(parts)


def _wide_table(table: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The table with all groups side by side; faint where a mechanism is assumed or its spread does not fit."""
    known = groups(table[0])
    yield "<table><tr>"
    for one in known:
        yield f'<th class="group" colspan="{len(one.columns)}">{_text(one.heading)}</th>'
    yield "</tr><tr>" + "".join(f"<th>{_text(column)}</th>" for one in known for column in one.columns) + "</tr>"
    for row, stack in [(None, [baseline_line(table[0])]), *((row, lines(row)) for row in table)]:
        faint = row is not None and (row["status"] == "assumed" or row["spread_allowed"] is False)
        for number, line in enumerate(stack):
            look = " ".join(["first"] * (number == 0) + ["faint"] * faint)
            cells = "".join(f"<td>{_text(cell)}</td>" for group in line for cell in group)
            yield f'<tr class="{look}">{cells}</tr>'
    yield "</table>"


_SHOWN = (("g_e", "g_e"), ("g_h", "g_h"), ("g_BX", "g_bx"))


def _section(row: Mapping[str, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    head = ["value" + unit] + [f"{name} {E:g} eV" for name, _ in _SHOWN for E in row["energies_eV"]]
    head += [f"rms {name}" for name, _ in _SHOWN]
    trials = [("without", row["without"]), *(("", trial) for trial in row["trials"])]
    trials += [("best", row["at_best"])] if row["at_best"] else []
    body = []
    for label, trial in trials:
        value = "" if trial["value"] is None else f"{trial['value']:.4g}"
        g = [_signed(x) for _, key in _SHOWN for x in trial[key]]
        body.append([f"{label} {value}".strip(), *g, *(_number(trial[f"rms_{key}"]) for _, key in _SHOWN)])
    errors = {trial["error"] for _, trial in trials if trial["error"]}
    source = row["source"] or ("by definition" if row["status"] == "definition" else "none: assumed")
    omits = f" Left out: {_text(row['omits'])}." if row["omits"] else ""
    note = "".join(f"<p>No curve: {_text(error)}.</p>" for error in sorted(errors))
    return (
        f"<h2>{_text(row['name'])}</h2><p>{_text(row['text'])}{omits}</p><p>Range {row['range'][0]:.4g} to "
        f"{row['range'][1]:.4g}{_text(unit)}; source: {_text(source)}.</p>{note}{html_table(head, body)}"
    )


def html_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table of plain texts."""
    top = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    filled = ("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><tr>{top}</tr>{''.join(filled)}</table>"


def _text(value: object) -> str:
    return html.escape(str(value))
