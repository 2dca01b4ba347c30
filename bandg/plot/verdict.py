"""The verdict in one picture: residuals as a matrix, and predictions with bulk bands beside the measured numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, BLUE, FAINT, INK, NAMES, VERMILLION
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LIMIT = 0.6
"""Residual at the ends of the color scale."""

_REACH = 0.75
"""Half width of the panel of one number."""

_LARGEST = 60
"""Rows of the picture; of more, those with the smallest rms of each set are drawn."""


def plot_verdict(table: Mapping[str, Any], ax: Axes | Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw the rows of `bandg.analysis.verdict.report.content`: a matrix of residuals, and a panel for each number.

    ax: one more axes than there are measured numbers; without them a new figure is made. Returns the axes. Raises
    BandgError for another number of axes.
    """
    rows, points = _drawn(table["rows"]), table["points"]
    error = table["settings"]["assumed_errors"][0]
    with style(ax):
        settings: dict[str, Any] = {"figsize": (7.0, 1.2 + 0.135 * len(rows)), "sharey": True, "layout": "constrained"}
        widths = {"width_ratios": [0.62 * len(points), *[1.0] * len(points)]}
        matrix, *numbers = panels(ax, 1, 1 + len(points), gridspec_kw=widths, **settings)
        _matrix(matrix, rows, points)
        for place, one in enumerate(numbers):
            _predictions(one, rows, place, points[place], error)
        numbers[len(numbers) // 2].set_xlabel("prediction and bulk band; gray: measured, assumed error", fontsize=6)
    return matrix, *numbers


def _drawn(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    if len(rows) <= _LARGEST:
        return list(rows)
    sets = list(dict.fromkeys(_set(row) for row in rows))
    share = max(2, _LARGEST // len(sets))
    found = []
    for name in sets:
        own = sorted((row for row in rows if _set(row) == name), key=lambda row: row["rms"] or np.inf)
        found += own[:share]
    return found


def _set(row: Mapping[str, Any]) -> str:
    return str(row["set"]) + (f", {row['minimum']}" if row["minimum"] else "")


def _symbol(point: Mapping[str, Any]) -> str:
    return NAMES[point["quantity"].removeprefix("abs_")]


def _labels(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is combined in each row; the first of a set has its name above."""
    found, last = [], ""
    for row in rows:
        parts = [row["termination"], "slabs" if row["surface"] == "slabs" else "", row["scale"]]
        parts += ["image"] if row["image"] else []
        words = ", ".join(part for part in parts if part and part != "none").replace("pollmann-buettner", "P.-B.")
        found.append(literal(words if _set(row) == last else f"{_set(row)}: {words}"))
        last = _set(row)
    return found


def _matrix(axes: Axes, rows: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]]) -> None:
    residuals = np.array([[np.nan if one is None else one for one in row["residual"]] for row in rows], dtype=float)
    axes.imshow(residuals, cmap="RdBu_r", vmin=-_LIMIT, vmax=_LIMIT, aspect="auto", interpolation="nearest")
    for y, (row, values) in enumerate(zip(rows, residuals, strict=True)):
        for x, value in enumerate(values):
            color = "white" if abs(value) > 0.65 * _LIMIT else BLACK
            axes.text(
                x,
                y,
                f"{value:+.2f}" if np.isfinite(value) else "–",
                ha="center",
                va="center",
                fontsize=4.8,
                color=color,
            )
        rms = "–" if row["rms"] is None else f"{row['rms']:.2f}"
        axes.text(len(points) - 0.4, y, rms, ha="left", va="center", fontsize=5.2, clip_on=False)
    names = [f"{_symbol(one)}\n{one['energy_eV']:g}" for one in points]
    axes.set_xticks(range(len(points)), names, fontsize=5.5)
    axes.set_yticks(range(len(rows)), _labels(rows), fontsize=4.8)
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0, bottom=False, left=False, right=False)
    axes.minorticks_off()
    axes.set_xlabel("theory minus measured; rms at the right", fontsize=6)


def _predictions(
    axes: Axes, rows: Sequence[Mapping[str, Any]], place: int, point: Mapping[str, Any], error: float
) -> None:
    """The predictions of one number with their bulk bands, about the measured value with the assumed error."""
    color = BLUE if point["quantity"].removeprefix("abs_") == "g_e" else VERMILLION
    values = np.array([row["predicted"][place] for row in rows], dtype=float)
    bands = np.nan_to_num(np.array([row["band"][place] for row in rows], dtype=float))
    axes.axvspan(point["value"] - error, point["value"] + error, color=FAINT, alpha=0.3, linewidth=0)
    axes.axvline(point["value"], color=INK, linewidth=0.8, zorder=1)
    axes.errorbar(
        values, np.arange(len(rows)), xerr=bands, fmt="o", color=color, markersize=2.0, elinewidth=0.7, zorder=2
    )
    axes.set_title(f"{_symbol(point)}\n{point['energy_eV']:g} eV", fontsize=6)
    axes.locator_params(axis="x", nbins=3)
    axes.set_xlim(point["value"] - _REACH, point["value"] + _REACH)
    axes.grid(axis="y", color=FAINT, linewidth=0.2)
    axes.tick_params(axis="y", which="both", length=0)
    axes.tick_params(axis="x", labelsize=5.5, top=False, which="both")
