"""Small multiples: what each mechanism does to g_e and g_h over its range, beside the measured points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.analysis.hypotheses.report import curve_from
from bandg.plot.overlay import draw_curve, draw_points
from bandg.plot.palette import BLACK, FAINT, GRAY, INK, NAMES, QUANTITIES
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.data.compare import TheoryCurve
    from bandg.data.measured import MeasuredPoint

_COLORS = {quantity: QUANTITIES[quantity] for quantity in ("g_e", "g_h")}
_SPAN = (1.64, 2.3)
_COLUMNS = 4
_FINE = 200


def plot_hypotheses(
    table: Sequence[Mapping[str, Any]], data: Sequence[MeasuredPoint], ax: Axes | Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """Draw one panel for each row of `bandg.analysis.hypotheses.report.rows`, in their order, over measured points.

    ax: as many axes as there are rows; without it a new figure is made. Returns the axes. Raises BandgError for
    another number of axes.
    """
    columns = min(_COLUMNS, len(table)) if ax is None else len(table)
    rows = math.ceil(len(table) / columns)
    with style(ax):
        size = (7.0, 0.75 + 1.75 * rows)
        grid = panels(ax, rows, columns, figsize=size, sharex=True, sharey=True, layout="constrained")
        axes = grid[: len(table)]
        for one, row in zip(axes, table, strict=True):
            _panel(one, row)
            draw_points(one, data, ("g_e", "g_h"))
            one.set_xlim(*_SPAN)
            one.set_ylim(*_height(table[0], data))
        for one in grid[len(table) :]:
            one.set_visible(False)
        for one in axes[::columns]:
            one.set_ylabel("$g$-factor")
        for one in axes[-columns:]:
            one.set_xlabel("energy (eV)")
            one.tick_params(labelbottom=True)
        if ax is None:
            figure: Any = axes[0].figure
            figure.legend(handles=_handles(), loc="outside upper center", ncols=5, fontsize=6.5)
        else:
            axes[0].legend(handles=_handles(), fontsize=6.5)
    return axes


def _panel(axes: Axes, row: Mapping[str, Any]) -> None:
    base, best = curve_from(row["without"]), curve_from(row["at_best"]) if row["at_best"] else None
    curves = [curve for curve in map(curve_from, row["trials"]) if curve is not None]
    for quantity, color in _COLORS.items():
        if len(curves) > 1:
            _band(axes, curves, quantity, color)
        for curve, ink, width in ((base, INK, 0.8), (best, color, 1.3)):
            if curve is not None:
                draw_curve(axes, curve, quantity, _SPAN, color=ink, linestyle="-", linewidth=width)
    mark = ", assumed" if row["status"] == "assumed" else ""
    unit = f" {row['unit']}" if row["unit"] else ""
    low, high = row["range"]
    lines = [*str(row["name"]).replace(" + ", " +\n").split("\n"), f"{low:.3g}..{high:.3g}{unit}{mark}"]
    axes.set_title("\n".join(map(literal, lines)), fontsize=6.5)
    corner: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": 7, "horizontalalignment": "right"}
    wide = "spread too wide\n" if row["spread_allowed"] is False else ""
    axes.annotate("" if row["rms"] is None else f"{wide}{row['rms']:.2f}", (0.97, 0.04), **corner)
    axes.axhline(0, color=FAINT, linewidth=0.5, zorder=1)


def _band(axes: Axes, curves: Sequence[TheoryCurve], quantity: str, color: str) -> None:
    """What the range spans; where a curve ends, the band does."""
    fine = np.linspace(*_SPAN, _FINE)
    values = np.array([curve.at(quantity, fine) for curve in curves])
    axes.fill_between(fine, values.min(axis=0), values.max(axis=0), color=color, alpha=0.22, linewidth=0)


def _height(row: Mapping[str, Any], measured: Sequence[MeasuredPoint]) -> tuple[float, float]:
    """Limits that hold the baseline and the points."""
    fine = np.linspace(*_SPAN, 40)
    base = curve_from(row["without"])
    values = [base.at(quantity, fine) for quantity in _COLORS] if base is not None else []
    values.append(np.array([p.value for p in measured if p.energy_eV is not None and p.quantity != "g_bx"]))
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    return float(known.min()) - 0.45, float(known.max()) + 0.45


def _handles() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color=INK, linewidth=0.8, label="baseline"),
        *(Line2D([], [], color=color, label=f"best in the range, {NAMES[q]}") for q, color in _COLORS.items()),
        Patch(color=GRAY, alpha=0.3, linewidth=0, label="the whole range"),
        Line2D(
            [], [], color=BLACK, marker="o", linestyle="none", markersize=3.6, label="measured; number: rms of best"
        ),
    ]
