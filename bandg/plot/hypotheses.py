"""Small multiples: what each mechanism does to g_e and g_h over its range, beside the measured points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.analysis.hypotheses.report import curve_from, reached
from bandg.data.compare import of_those
from bandg.plot.legends import keys_of
from bandg.plot.overlay import draw_curve
from bandg.plot.palette import FAINT, GRAY, INK, NAMES, QUANTITIES
from bandg.plot.points import Series, series_of
from bandg.plot.sheet import Contents, Sheet, grow, letters, sheet
from bandg.plot.style import Look, formulas, literal, number, pt, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.data.compare import TheoryCurve
    from bandg.data.measured import MeasuredPoint

_COLORS = {quantity: QUANTITIES[quantity] for quantity in ("g_e", "g_h")}
_SPAN = (1.64, 2.3)
_COLUMNS = 4
_FINE = 200


def contents(names: Sequence[str]) -> Contents:
    """What may be chosen of the picture of these mechanisms."""
    return Contents([name.replace(" ", "") for name in names], labels=None, colors=(2,))


def plot_hypotheses(
    table: Sequence[Mapping[str, Any]],
    data: Sequence[MeasuredPoint],
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw one panel for each row of `bandg.analysis.hypotheses.report.rows`, in their order, over measured points.

    ax: as many axes as there are panels; without it a new figure is made. look: style, width, panels, labels and colors
    as in `bandg.plot.Look`; panels are the names of the mechanisms, labels their titles, colors those of g_e and g_h.
    Returns the axes. Raises BandgError for another number of axes and for a look that cannot be.
    """
    rows = dict(zip(contents([str(row["name"]) for row in table]).panels, table, strict=True))
    with sheet(ax, look) as page:
        names = page.pick(tuple(rows))
        chosen = [rows[name] for name in names]
        labels = page.labels([literal(str(row["name"])) for row in chosen])
        colors = dict(zip(_COLORS, page.colors(tuple(_COLORS.values())), strict=True))
        axes = page.axes(len(names), 1.15, _COLUMNS, narrowest=1.6, sharex=True, sharey=True)
        series = series_of(data)
        for one, row, label in zip(axes, chosen, labels, strict=True):
            _panel(one, row, label, colors)
            for group in series:
                group.draw(one, tuple(_COLORS))
            one.set_xlim(*_SPAN)
            one.set_ylim(*_height(table[0], data))
        _frames(page, axes)
        handles = [*_handles(colors), *_measured(series)]
        if page.is_new:
            letters(axes)
            figure: Any = axes[0].figure
            lines = [formulas("\n".join(wrapped(str(handle.get_label()), 36))) for handle in handles]
            columns = max(1, int(page.width / 2.3))
            figure.legend(handles, lines, loc="outside lower center", ncols=columns)
            grow(axes, 1.15, len({round(one.get_position().y0, 3) for one in axes}))
        else:
            axes[0].legend(handles=handles, fontsize="small")
    return axes


def _frames(page: Sheet, axes: Sequence[Axes]) -> None:
    """Labels of the outer axes; of an incomplete last row also above the gaps."""
    if not page.is_new:
        for one in axes:
            one.set(xlabel="transition energy (eV)", ylabel="$g$-factor")
        return
    columns = len({one.get_position().x0 for one in axes})
    for one in axes[::columns]:
        one.set_ylabel("$g$-factor")
    for one in axes[-columns:]:
        one.set_xlabel("transition energy (eV)")
        one.tick_params(labelbottom=True)


def _measured(series: Sequence[Series]) -> list[Any]:
    """The sets of measured points, and what their markers mean."""
    from matplotlib.lines import Line2D

    sets = [Line2D([], [], **group.look(), label=group.label) for group in series]
    keys = [(handle[0] if isinstance(handle, tuple) else handle, text) for handle, text in keys_of(series)]
    for handle, text in keys:
        handle.set_label(text)
    return [*sets, *(handle for handle, _ in keys)]


def _panel(axes: Axes, row: Mapping[str, Any], label: str, colors: Mapping[str, str]) -> None:
    base, best = curve_from(row["without"]), curve_from(row["at_best"]) if row["at_best"] else None
    curves = [curve for curve in map(curve_from, row["trials"]) if curve is not None]
    for quantity, color in colors.items():
        if len(curves) > 1:
            _band(axes, curves, quantity, color)
        for curve, ink, width in ((base, INK, 0.8), (best, color, 1.3)):
            if curve is not None:
                draw_curve(axes, curve, quantity, _SPAN, color=ink, linestyle="-", linewidth=pt(width))
    mark = ", assumed" if row["status"] == "assumed" else ""
    unit = f" {row['unit']}" if row["unit"] else ""
    low, high = (number(end, ".3g") for end in row["range"])
    lines = [*label.replace(" + ", " +\n").split("\n"), literal(f"{low} to {high}{unit}{mark}")]
    axes.set_title("\n".join(lines), fontsize="small")
    corner: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": "small", "horizontalalignment": "right"}
    corner |= {"bbox": {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1}, "zorder": 7}
    wide = "spread too wide\n" if row["spread_allowed"] is False else ""
    over = of_those(*reached(row["at_best"])) if row["at_best"] else ""
    axes.annotate("" if row["rms"] is None else f"{wide}rms {row['rms']:.2f}{over}", (0.97, 0.04), **corner)
    axes.axhline(0, color=FAINT, linewidth=pt(0.5), zorder=1)


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


def _handles(colors: Mapping[str, str]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color=INK, linewidth=pt(0.8), label="baseline"),
        *(Line2D([], [], color=color, label=f"best in the range, {NAMES[q]}") for q, color in colors.items()),
        Patch(color=GRAY, alpha=0.3, linewidth=0, label="the whole range"),
    ]
