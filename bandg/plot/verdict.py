"""The verdict in one picture: residuals as a matrix, and predictions with bulk bands beside the measured numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, BLUE, FAINT, GRAY, INK, VERMILLION
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LIMIT = 0.6
"""Residual at the ends of the color scale."""

_LARGEST = 60
"""Rows of the picture; of more, those with the smallest rms of each set are drawn."""


def plot_verdict(table: Mapping[str, Any], ax: Axes | Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw the rows of `bandg.analysis.verdict.report.content`: a matrix of residuals, and one panel of predictions.

    ax: two axes; without them a new figure is made. Returns the axes. Raises BandgError for another number of axes.
    """
    rows = _drawn(table["rows"])
    with style(ax):
        height = 1.2 + 0.135 * len(rows)
        matrix, values = panels(
            ax, 1, 2, figsize=(7.0, height), sharey=True, layout="constrained", gridspec_kw={"width_ratios": [1, 1.3]}
        )
        _matrix(matrix, rows, table["points"])
        _predictions(values, rows, table["points"])
    return matrix, values


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


def _label(row: Mapping[str, Any]) -> str:
    parts = [row["termination"], "slabs" if row["surface"] == "slabs" else "", row["scale"]]
    parts += ["image"] if row["image"] else []
    return literal(f"{_set(row)}: " + ", ".join(part for part in parts if part and part != "none"))


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
    names = [f"{one['quantity'].removeprefix('abs_')}\n{one['energy_eV']:g}" for one in points]
    axes.set_xticks(range(len(points)), names, fontsize=5.5)
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=4.8)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.set_xlabel("theory minus measured; rms at the right", fontsize=6)


def _predictions(axes: Axes, rows: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]]) -> None:
    """Each number's prediction with its bulk band, about a line at the measured value."""
    heights = np.arange(len(rows))
    for point, shade in zip(points, np.linspace(0.55, 1.0, len(points)), strict=True):
        place = points.index(point)
        color = BLUE if point["quantity"].removeprefix("abs_") == "g_e" else VERMILLION
        values = np.array([row["predicted"][place] for row in rows], dtype=float)
        bands = np.nan_to_num(np.array([row["band"][place] for row in rows], dtype=float))
        axes.axvline(point["value"], color=INK, linewidth=0.8, zorder=1)
        axes.errorbar(
            values,
            heights,
            xerr=bands,
            fmt="o" if color == BLUE else "s",
            color=color,
            markersize=2.0,
            elinewidth=0.6,
            alpha=float(shade),
            zorder=2,
        )
        axes.text(
            point["value"],
            -0.9,
            f"{point['quantity'].removeprefix('abs_')} {point['energy_eV']:g}",
            fontsize=5,
            rotation=40,
            ha="left",
            va="bottom",
            color=GRAY,
        )
    axes.set_xlabel("prediction with its bulk band; lines: measured", fontsize=6)
    axes.grid(axis="y", color=FAINT, linewidth=0.2)
    axes.tick_params(axis="y", length=0)
