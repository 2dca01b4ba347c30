"""The verdict as plain rows, as a table, and as sentences that its numbers make."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bandg import __version__
from bandg.analysis.hypotheses.report import STYLE, html_table
from bandg.analysis.verdict.bulk_error import FIRST_PRINCIPLES, bulk_sd
from bandg.analysis.verdict.checks import ASPECT, SCATTER
from bandg.analysis.verdict.combination import AMOUNTS, case_of
from bandg.analysis.verdict.pair import IMAGE, PRIOR
from bandg.analysis.verdict.study import ERRORS, SEED, Evidence, Row, Verdict, perfect
from bandg.base.decode import finite
from bandg.data.choice import spreads_to_judge_by
from bandg.data.compare import of_those
from bandg.data.measured import MeasuredPoint, load_measured

DECIDING = ("g_h", 2.25)
"""The number that the published theory misses most."""


def content(found: Verdict) -> dict[str, Any]:
    """Everything as plain types: points, rows, and what they rest on."""
    rows = [_row(one) for one in found.rows]
    material = found.rows[0].bulk.parameters.material
    return {
        "points": [_point(one) for one in found.points],
        "rows": rows,
        "perfect_log_z": perfect(found.points),
        "notes": [*found.notes, *(found.checks.notes if found.checks else ())],
        "spreads": [_plain(one) for one in found.checks.spreads] if found.checks else [],
        "measured_spreads": [_point(one) for one in spreads_to_judge_by(None, material) if not one.why_not_judged_by],
        "bromides": [_plain(one) for one in found.checks.bromides] if found.checks else [],
        "published_bromides": [_point(one) for one in load_measured("checks") if "CsPbBr3" in one.sample],
        "settings": {
            "bandg": __version__,
            "material": material,
            "draws": found.draws,
            "seed": SEED,
            "assumed_errors": list(ERRORS),
            "cells": {
                f"{row.bulk.label}, {row.combination.termination}": list(
                    case_of(row.bulk, row.combination.termination).counts
                )
                for row in found.rows
            },
            "image_eps": list(IMAGE),
            "surface_scale": {end: [amounts[0], amounts[-1]] for end, amounts in AMOUNTS.items()},
            "constants": {name: [one.lower, one.upper, one.source] for name, one in PRIOR.items()},
            "bulk_g_first_principles": {name: list(ends) for name, ends in FIRST_PRINCIPLES.get(material, {}).items()},
            "bulk_sd": bulk_sd(material),
            "sets": {one.bulk.label: one.bulk.parameters.digest() for one in found.rows},
        },
    }


def _plain(one: Any) -> dict[str, Any]:
    return {name: value if isinstance(value, str | bool) else finite(value) for name, value in asdict(one).items()}


def _point(point: MeasuredPoint) -> dict[str, Any]:
    return {name: getattr(point, name) for name in ("quantity", "energy_eV", "value", "kind", "sample", "source")}


def _row(row: Row) -> dict[str, Any]:
    one = row.combination
    return {
        "set": row.bulk.name,
        "minimum": row.bulk.minimum,
        "phase": row.bulk.phase,
        "chosen": row.bulk.chosen,
        "termination": one.termination,
        "surface": one.surface,
        "scale": one.scale.name,
        "family": one.scale.family,
        "image": one.image,
        "predicted": finite(row.predicted),
        "band": finite(row.band),
        "residual": finite(row.residual),
        "distance": finite(row.distance),
        "rms": finite(row.rms),
        "evidence": _evidence(row.evidence) if row.evidence else None,
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "log_z": {f"{sd:g}": finite(value) for sd, value in one.log_z.items()},
        "log_z_error": {f"{sd:g}": finite(value) for sd, value in one.log_z_error.items()},
        "left_out": [
            {"mean": finite(left.mean), "sd": finite(left.sd), "effective_draws": finite(left.effective)}
            for left in one.left_out
        ],
    }


def headings(table: Mapping[str, Any]) -> list[str]:
    """Headings of the columns; those of text come first, `TEXT_COLUMNS` of them."""
    names = _heads(table)
    left = f"{DECIDING[0]} {DECIDING[1]:g} from\nthe other {len(names) - 1}"
    return ["set", "planes", "surface", "energy scale", "image", *names, "rms", "chosen", "ln Z", left]


TEXT_COLUMNS = 5


def _heads(table: Mapping[str, Any]) -> list[str]:
    return [f"{_name(one)}\n{one['energy_eV']:g}" for one in table["points"]]


def set_of(row: Mapping[str, Any]) -> str:
    """The set of a row, and which of its minima."""
    return str(row["set"]) + (f", {row['minimum']}" if row["minimum"] else "")


def lines(table: Mapping[str, Any]) -> list[list[str]]:
    """The cells of each row, as text."""
    return [_line(row, _place(table)) for row in table["rows"]]


def _name(point: Mapping[str, Any]) -> str:
    return str(point["quantity"]).removeprefix("abs_")


def _place(table: Mapping[str, Any]) -> int | None:
    """Where the deciding number stands among the points."""
    known = [(_name(one), one["energy_eV"]) for one in table["points"]]
    return known.index(DECIDING) if DECIDING in known else None


def _line(row: Mapping[str, Any], place: int | None) -> list[str]:
    residuals = [_residual(*pair) for pair in zip(row["residual"], row["distance"], strict=True)]
    cells = [set_of(row), row["termination"], row["surface"], row["scale"], "in H" if row["image"] else "no"]
    cells += [*residuals, rms_of(row, 3), f"{row['chosen']}"]
    worth = row["evidence"]
    if worth is None:
        return [*cells, "", ""]
    left = worth["left_out"][place] if place is not None else None
    error = f"{ERRORS[0]:g}"
    return [*cells, _number(worth["log_z"][error], "+.1f") + _doubt(row, error), _left(left)]


def _doubt(row: Mapping[str, Any], error: str) -> str:
    """What stands behind an ln Z that does not compare: one of a bulk taken as known, or of too few draws."""
    if None in row["band"]:
        return " *"
    return " ?" if (row["evidence"]["log_z_error"][error] or 1.0) > LARGEST_ERROR else ""


LARGEST_ERROR = 0.3
"""Above this standard error an ln Z is marked."""


def _left(left: Mapping[str, Any] | None) -> str:
    if left is None or left["mean"] is None:
        return "-"
    few = "" if left["effective_draws"] >= FEW_DRAWS else " ?"
    return f"{left['mean']:+.2f} +- {left['sd']:.2f}{few}"


FEW_DRAWS = 50
"""Below this effective number of draws a prediction from the others is marked."""


def _residual(residual: float | None, distance: float | None) -> str:
    if residual is None:
        return "-"
    return f"{residual:+.2f}" + (f" ({abs(distance):.1f})" if distance is not None else "")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def legend(table: Mapping[str, Any]) -> str:
    """What the columns mean."""
    where = table["settings"]
    scale = ", ".join(
        f"{low:g} to {high:g} times that of the slab ({end})" for end, (low, high) in where["surface_scale"].items()
    )
    ranges = ", ".join(f"{name} {one[0]:g} to {one[1]:g}" for name, one in where["constants"].items())
    g = ", ".join(f"{name} {ends[0]:g} to {ends[1]:g}" for name, ends in where["bulk_g_first_principles"].items())
    error, other = where["assumed_errors"]
    return (
        "g: theory minus measured; in parentheses its size in standard deviations of what is not known in the bulk "
        f"(first principles: {g}, half of it one standard deviation, about what each set has; gap: "
        f"{where['bulk_sd']['E_gap_eV']:g} eV). No number is adjusted to nanocrystals but those "
        "counted under chosen, in view of which the set was made. ln Z: evidence of the family of rows that begins "
        f"there, with an error of g of {error:g}, which is assumed (the report has {other:g} too); a model that "
        f"predicts every number exactly has {table['perfect_log_z']:+.1f}. Its priors: the surface potential {scale}, "
        f"{ranges}, bulk g and the gap. "
        "*: without a bulk prior, not to be compared with the others. "
        f"Last column: mean and standard deviation; ? stands for fewer than {FEW_DRAWS} effective draws, behind ln Z "
        f"for a standard error above {LARGEST_ERROR:g}."
    )


def sentences(table: Mapping[str, Any]) -> list[str]:
    """The result in plain sentences, from the numbers alone."""
    most, count = max((reached(row) for row in table["rows"]), default=0), len(table["points"])
    if not most:
        return ["No combination reaches any measured point."]
    rows = [row for row in table["rows"] if reached(row) == most]  # an rms over fewer points does not compare
    free = [row for row in rows if not row["chosen"]]
    numbers = f"all {count} measured numbers" if most == count else f"{most} of {count} measured numbers, none more"
    found = [f"{len(rows)} combinations reach {numbers}."]
    for title, some in (("without a number chosen in view of nanocrystals", free), ("with such numbers", rows)):
        known = [row for row in some if title.startswith("without") or row["chosen"]]
        if known:
            best = min(known, key=lambda row: row["rms"])
            found.append(f"The smallest rms {title} is {best['rms']:.3f}: {_named(best)}.")
    found += _inside(free, table)
    found += _by_evidence(table)
    return found


def reached(row: Mapping[str, Any]) -> int:
    """Number of measured points that a row reaches."""
    return sum(one is not None for one in row["residual"])


def rms_of(row: Mapping[str, Any], digits: int) -> str:
    """The rms of a row, with the number of points where it does not reach all; "-" where it reaches none."""
    count = reached(row)
    return f"{row['rms']:.{digits}f}{of_those(count, len(row['residual']))}" if count else "-"


def _named(row: Mapping[str, Any]) -> str:
    surface = "slab shifts" if row["surface"] == "slabs" else "no shifts"
    image = "image potential in H" if row["image"] else "no image potential in H"
    return f"{set_of(row)}, {row['termination']} planes, {surface}, energy scale {row['scale']}, {image}"


WITHIN = 2.0
"""A number within so many standard deviations counts as allowed by bulk knowledge."""


def _inside(rows: Sequence[Mapping[str, Any]], table: Mapping[str, Any]) -> list[str]:
    """How often each number lies within what bulk knowledge and the assumed error allow."""
    error = table["settings"]["assumed_errors"][0]
    found = []
    for termination in dict.fromkeys(row["termination"] for row in rows):
        known = [row for row in rows if row["termination"] == termination and None not in row["band"]]
        if not known:
            continue
        counts = []
        for place, point in enumerate(table["points"]):
            sizes = [abs(row["residual"][place]) / (row["band"][place] ** 2 + error**2) ** 0.5 for row in known]
            inside = sum(one <= WITHIN for one in sizes)
            counts.append(f"{_name(point)} at {point['energy_eV']:g} eV in {inside}")
        found.append(
            f"Of {len(known)} combinations with {termination} planes and a band, the measured value lies within "
            f"{WITHIN:g} standard deviations of bulk and error ({error:g}, assumed) together for {'; '.join(counts)}."
        )
    return found


def _by_evidence(table: Mapping[str, Any]) -> list[str]:
    """The families with the largest evidence, and the deciding number from the others."""
    error = f"{table['settings']['assumed_errors'][0]:g}"
    known = [
        row
        for row in table["rows"]
        if row["evidence"] and row["evidence"]["log_z"][error] is not None and None not in row["band"]
    ]
    if not known:
        return []
    best = max(known, key=lambda row: row["evidence"]["log_z"][error])
    value, top = best["evidence"]["log_z"][error], table["perfect_log_z"]
    found = [
        f"The largest evidence is ln Z = {value:+.1f} +- {best['evidence']['log_z_error'][error]:.1f} "
        f"({_named(best)}), {top - value:.1f} below that of a model that predicts every number exactly."
    ]
    place = _place(table)
    if place is not None:
        left, measured = best["evidence"]["left_out"][place], table["points"][place]["value"]
        if left["mean"] is not None:
            found.append(
                f"There the other numbers predict {DECIDING[0]} at {DECIDING[1]:g} eV as {left['mean']:.2f} "
                f"+- {left['sd']:.2f}; measured is {measured:.2f}."
            )
    for name, what in (("termination", "planes"), ("set", "set")):
        largest = {
            value: max(row["evidence"]["log_z"][error] for row in known if row[name] == value)
            for value in dict.fromkeys(row[name] for row in known)
        }
        ordered = sorted(largest.items(), key=lambda pair: -pair[1])
        values = ", ".join(f"{value} {log_z:+.1f}" for value, log_z in ordered)
        found.append(f"The largest ln Z by {what}, of those with a bulk prior: {values}.")
    return found


def check_tables(table: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, headings and rows of each number from the others, and of each check that was computed."""
    families = [row for row in table["rows"] if row["evidence"]]
    if families:
        head = ["set", "planes", "surface", "screening", "image", *(one.replace("\n", " ") for one in _heads(table))]
        rows = [
            [set_of(row), row["termination"], row["surface"], row["family"], "in H" if row["image"] else "no"]
            + [_left(left) for left in row["evidence"]["left_out"]]
            for row in families
        ]
        values = ", ".join(f"{one['value']:g}" for one in table["points"])
        yield f"Each number predicted from the others; measured {values}", head, rows
    if table["spreads"]:
        measured = "; ".join(
            f"{one['quantity']} {'below ' if one['kind'] == 'upper-bound' else ''}{one['value']:g} ({one['sample']})"
            for one in table["measured_spreads"]
        )
        head = ["set", "cause", "energy (eV)", "dg_e", "dg_h"]
        rows = [
            [one["set"], one["cause"], f"{one['energy_eV']:g}", *(_number(one[name], ".3f") for name in head[3:])]
            for one in table["spreads"]
        ]
        assumed = f"scatter of the shifts by {SCATTER:g} of the slab's and edges up to {ASPECT:g}: assumed"
        widths = (
            "half widths of a Lorentzian, for which a standard deviation of the same decay time is 1.41 times as large"
        )
        yield f"Spread of g within a sample (standard deviation; {assumed}); measured {measured}: {widths}", head, rows
    if table["bromides"]:
        ends = "; ".join(
            f"{_name(one)} {one['value']:g}"
            + (f" at a gap of {one['energy_eV']:g} eV" if one["energy_eV"] else "")
            + f" ({one['sample']}, {one['source']})"
            for one in table["published_bromides"]
            if one["quantity"] in ("g_e", "g_h")
        )
        rows = [
            [one["set"], "in H" if one["image"] else "no", f"{one['size_nm']:g}", f"{one['energy_eV']:.3f}"]
            + [_number(x, "+.2f") for x in (one["g_e"], one["g_h"], one["g_e"] + one["g_h"])]
            for one in table["bromides"]
        ]
        head = ["set", "image", "size (nm)", "energy (eV)", "g_e", "g_h", "g_e + g_h"]
        yield f"CsPbBr3 by the same law, no new number; published, second-hand: {ends}", head, rows


def to_markdown(table: Mapping[str, Any]) -> str:
    """The page as Markdown: the result, the table, and what it means."""
    head = [one.replace("\n", " ") for one in headings(table)]
    text = ["# Verdict", "", *sentences(table), "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    text += ["| " + " | ".join(row) + " |" for row in lines(table)]
    text += ["", legend(table)]
    for title, head, rows in check_tables(table):
        text += ["", title, "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        text += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*text, "", *table["notes"], ""])


def to_html(table: Mapping[str, Any], picture: bytes) -> str:
    """One HTML page that needs nothing else: the result, the picture (PNG), the table and the settings."""
    encoded = base64.b64encode(picture).decode()
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>bandg verdict</title>',
        f"<style>{STYLE}</style></head><body><h1>Verdict</h1>",
        *(f"<p>{html.escape(one)}</p>" for one in sentences(table)),
        f'<img alt="residuals and predictions" src="data:image/png;base64,{encoded}">',
        html_table(headings(table), lines(table)),
        f"<p>{html.escape(legend(table))}</p>",
        *(f"<p>{html.escape(title)}</p>{html_table(head, rows)}" for title, head, rows in check_tables(table)),
        *(f"<p>{html.escape(one)}</p>" for one in table["notes"]),
        f"<h2>Settings</h2><pre>{html.escape(json.dumps(table['settings'], indent=1))}</pre></body></html>\n",
    ]
    return "\n".join(parts)
