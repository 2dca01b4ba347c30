"""The verdict in one picture: residuals as a matrix, and predictions with bulk bands beside the measured numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.analysis.verdict.report import reached, rms_of, set_of
from bandg.plot.palette import BLACK, BLUE, FAINT, INK, NAMES, VERMILLION
from bandg.plot.sheet import Contents, sheet
from bandg.plot.style import Look, literal, number, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LIMIT = 0.6
"""Residual at the ends of the color scale."""

_REACH = 0.75
"""Half width of the panel of one number."""

_LARGEST = 60
"""Rows of the picture; of more, those with the smallest rms of each set are drawn."""


def contents(numbers: Sequence[tuple[str, float | None]]) -> Contents:
    """What may be chosen of the picture of these measured numbers: quantity and energy in eV."""
    named = (f"{quantity.removeprefix('abs_')}@{energy:g}" for quantity, energy in numbers)
    return Contents(("residuals", *named), colors=(2,), least=_width)


def _width(panels: Sequence[str]) -> float:
    """Least width of the picture in inches of the paper's style: names of the rows, matrix, and numbers."""
    numbers = [name for name in panels if name != "residuals"]
    return 1.7 + (1.9 if len(numbers) < len(panels) else 0) + 0.42 * len(numbers)


def plot_verdict(
    table: Mapping[str, Any], ax: Axes | Sequence[Axes] | None = None, **look: Unpack[Look]
) -> tuple[Axes, ...]:
    """Draw the rows of `bandg.analysis.verdict.report.content`: a matrix of residuals, and a panel for each number.

    ax: one more axes than there are measured numbers; without them a new figure is made. look: style, width, panels and
    colors as in `bandg.plot.Look`; the panels are "residuals" and the numbers as "g_h@1.911", colors those of g_e and
    g_h. Returns the axes. Raises BandgError for another number of axes and for a look that cannot be.
    """
    from matplotlib.ticker import MultipleLocator

    rows, points = _drawn(table["rows"]), table["points"]
    error = table["settings"]["assumed_errors"][0]
    known = contents([(one["quantity"], one["energy_eV"]) for one in points]).panels
    places = {name: n for n, name in enumerate(known[1:])}
    with sheet(ax, look) as page:
        names = page.pick(known)
        page.check_width(_width(names))
        narrow = page.is_new and page.width < _width(known) + 1
        e, h = page.colors((BLUE, VERMILLION))
        widths = [0.62 * len(points) if name == "residuals" else 1.0 for name in names]
        settings: dict[str, Any] = {"sharey": True, "gridspec_kw": {"width_ratios": widths}}
        axes = page.axes(len(names), 1.2 + 0.135 * len(rows), len(names), narrowest=0.1, **settings)
        for one, name in zip(axes, names, strict=True):
            if name == "residuals":
                _matrix(one, rows, points)
                one.set_xlabel(_lines("theory minus measured; rms at the right", narrow), fontsize="small")
            else:
                point = points[places[name]]
                _predictions(one, rows, places[name], point, error, e if name.startswith("g_e") else h)
                one.locator_params(axis="x", nbins=3)
                if narrow:
                    one.xaxis.set_major_locator(MultipleLocator(1))
        _rows(axes[0], rows)
        numbers = [one for one, name in zip(axes, names, strict=True) if name != "residuals"]
        if numbers:
            text = _lines("prediction and bulk band; gray: measured, assumed error", narrow)
            numbers[len(numbers) // 2].set_xlabel(text, fontsize="small")
    return axes


def _lines(text: str, narrow: bool) -> str:
    """A label, in two lines below narrow panels."""
    return text.replace("; ", ";\n") if narrow else text


def _rows(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """What is combined in each row."""
    axes.set_yticks(range(len(rows)), _labels(rows), fontsize="xx-small")
    axes.set_ylim(len(rows) - 0.5, -0.5)


def _drawn(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    if len(rows) <= _LARGEST:
        return list(rows)
    sets = list(dict.fromkeys(set_of(row) for row in rows))
    share = max(2, _LARGEST // len(sets))
    found = []
    for name in sets:
        same = [row for row in rows if set_of(row) == name]
        own = sorted(same, key=lambda row: (-reached(row), row["rms"] if reached(row) else np.inf))
        found += own[:share]
    return found


def _symbol(point: Mapping[str, Any]) -> str:
    return NAMES[point["quantity"].removeprefix("abs_")]


def _labels(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is combined in each row; the first of a set has its name above."""
    found, last = [], ""
    for row in rows:
        parts = [row["termination"], "slabs" if row["surface"] == "slabs" else "", row["scale"]]
        parts += ["image"] if row["image"] else []
        words = ", ".join(part for part in parts if part and part != "none").replace("pollmann-buettner", "P.-B.")
        found.append(literal(words if set_of(row) == last else f"{set_of(row)}: {words}"))
        last = set_of(row)
    return found


def _matrix(axes: Axes, rows: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]]) -> None:
    residuals = np.array([[np.nan if one is None else one for one in row["residual"]] for row in rows], dtype=float)
    axes.imshow(residuals, cmap="RdBu_r", vmin=-_LIMIT, vmax=_LIMIT, aspect="auto", interpolation="nearest")
    for y, (row, values) in enumerate(zip(rows, residuals, strict=True)):
        for x, value in enumerate(values):
            look: dict[str, Any] = {"horizontalalignment": "center", "verticalalignment": "center"}
            look |= {"fontsize": "xx-small", "color": "white" if abs(value) > 0.65 * _LIMIT else BLACK}
            axes.text(x, y, number(value, "+.2f") if np.isfinite(value) else "none", **look)
        axes.text(len(points) - 0.4, y, rms_of(row, 2), ha="left", va="center", fontsize="xx-small", clip_on=False)
    names = [f"{_symbol(one)}\n{one['energy_eV']:g}" for one in points]
    axes.set_xticks(range(len(points)), names, fontsize="x-small")
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0, bottom=False, left=False, right=False)
    axes.minorticks_off()


def _predictions(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    place: int,
    point: Mapping[str, Any],
    error: float,
    color: str,
) -> None:
    """The predictions of one number with their bulk bands, about the measured value with the assumed error."""
    values = np.array([row["predicted"][place] for row in rows], dtype=float)
    bands = np.nan_to_num(np.array([row["band"][place] for row in rows], dtype=float))
    axes.axvspan(point["value"] - error, point["value"] + error, color=FAINT, alpha=0.3, linewidth=0)
    axes.axvline(point["value"], color=INK, linewidth=pt(0.8), zorder=1)
    axes.plot(values, np.arange(len(rows)), "o", color=color, markersize=pt(2.0), zorder=2)
    bar: dict[str, Any] = {"fmt": "none", "ecolor": color, "elinewidth": pt(0.7), "capsize": pt(1.6), "zorder": 3}
    axes.errorbar(values, np.arange(len(rows)), xerr=bands, **bar)
    axes.set_title(f"{_symbol(point)}\n{point['energy_eV']:g} eV", fontsize="small")
    axes.set_xlim(point["value"] - _REACH, point["value"] + _REACH)
    axes.grid(axis="y", color=FAINT, linewidth=pt(0.2))
    axes.tick_params(axis="y", which="both", length=0)
    axes.tick_params(axis="x", labelsize="x-small", top=False, which="both")
