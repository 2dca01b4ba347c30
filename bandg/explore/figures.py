"""The two panels of the page as Bokeh figures without data: page.js fills their sources."""

from __future__ import annotations

from typing import Any

from bokeh.models import (
    ColumnDataSource,
    CustomJSHover,
    FixedTicker,
    HoverTool,
    Legend,
    LegendItem,
    LinearAxis,
    Range1d,
    ResetTool,
)
from bokeh.plotting import figure

from bandg.plot.palette import FAINT, GRID, INK, QUANTITIES

PANELS = {"carriers": ("g_e", "g_h"), "exciton": ("g_bx",)}
"""Quantities by panel, as in the paper's figures."""

_LABELS = {"carriers": "g-factor", "exciton": "gₑ + gₕ (bright exciton)"}
_LEGEND = {"g_e": "electron", "g_h": "hole", "g_bx": "sum"}
_DASHES = {"g_e": "solid", "g_h": "dashed", "g_bx": "solid"}
_FONT = "system-ui, sans-serif"

COLUMNS = {
    "line": ("energy", "size", "cells", *(f"{q}{end}" for q in QUANTITIES for end in ("", "_low", "_high"))),
    "nodes": ("energy", "size", "cells", *QUANTITIES),
    "band": ("energy", *(f"{q}{end}" for q in QUANTITIES for end in ("_low", "_high"))),
    "marks": (
        *("energy", "value", "lower", "upper", "theory", "color", "marker", "fill", "size", "sample", "label"),
        *("quantity", "measured", "residual", "where", "why"),
    ),
    "ranges": ("x0", "y0", "x1", "y1", "color", "dash", "label"),
    "bounds": ("energy", "value", "marker", "color"),
}
"""Columns of each source, which page.js fills."""

_OF_CURVE = "<b>{name} @{quantity}{{custom}}</b> at @energy{{0.000}} eV<br>@size{{0.00}} nm, @cells{{0.0}} cells"
_OF_POINT = (
    "<b>@sample: @quantity = @measured</b> at @energy{0.000} eV, in the rms: @why<br>"
    "curve − measured: @residual; nanocrystal there: @where"
)
_SIGNED = "return (value < 0 ? '−' : '+') + Math.abs(value).toFixed(3)"


def panel(name: str) -> Any:
    """One of PANELS as a Bokeh figure with empty sources, which are named as in page.js."""
    quantities = PANELS[name]
    plot = figure(
        name=name,
        frame_height=270,
        sizing_mode="stretch_width",
        x_range=Range1d(start=1.6, end=2.4),
        y_range=Range1d(start=-1, end=3),
        tools="pan,box_zoom,wheel_zoom",
        active_drag=None,
        toolbar_location="above",
        x_axis_label="transition energy (eV)",
        y_axis_label=_LABELS[name],
        min_border_right=12,
    )
    plot.add_tools(ResetTool())
    plot.toolbar.logo = None
    sources = {
        kind: ColumnDataSource({column: [] for column in columns}, name=f"{name} {kind}")
        for kind, columns in COLUMNS.items()
    }
    items = [_curve(plot, sources, quantity) for quantity in quantities]
    items += _measured(plot, sources)
    _axes(plot, name)
    for side in ("above", "below"):
        look = {"border_line_color": None, "margin": 4, "padding": 0, "spacing": 1, "visible": side == "below"}
        legend = Legend(items=items, name=f"{name} legend {side}", **look)
        legend.label_text_font, legend.label_text_font_size, legend.glyph_width = _FONT, "12px", 24
        legend.label_height = legend.glyph_height = 16
        plot.add_layout(legend, side)
    return plot


def _curve(plot: Any, sources: dict[str, Any], quantity: str) -> Any:
    """The curve of a quantity with its band, its emulator's error and the computed sizes; its item of the legend."""
    color, low, high = QUANTITIES[quantity], f"{quantity}_low", f"{quantity}_high"
    plot.varea("energy", low, high, source=sources["band"], fill_color=color, fill_alpha=0.13)
    plot.varea("energy", low, high, source=sources["line"], fill_color=color, fill_alpha=0.3)
    look = {"line_color": color, "line_dash": _DASHES[quantity]}
    line = plot.line("energy", quantity, source=sources["line"], line_width=2, **look)
    nodes = plot.scatter(
        "energy", quantity, source=sources["nodes"], size=6, fill_color="white", line_color=color, line_width=1.2
    )
    plot.add_tools(
        HoverTool(
            renderers=[line, nodes],
            tooltips=_OF_CURVE.format(name=_LEGEND[quantity], quantity=quantity),
            formatters={f"@{quantity}": CustomJSHover(code=_SIGNED)},
            limit=1,
            attachment="above",
            description=f"nanocrystals of the curve: {_LEGEND[quantity]}",
            line_policy="nearest",
        )
    )
    return LegendItem(label=_LEGEND[quantity], renderers=[line])


def _measured(plot: Any, sources: dict[str, Any]) -> list[Any]:
    """Measured points with their errors, ranges and bounds, and what is left to the curve; items of the legend."""
    marks, ranges, bounds = sources["marks"], sources["ranges"], sources["bounds"]
    plot.segment("energy", "value", "energy", "theory", source=marks, line_color=FAINT, line_dash="dotted")
    bars = plot.segment("x0", "y0", "x1", "y1", source=ranges, line_color="color", line_dash="dash", line_width=2)
    points = plot.scatter(
        *("energy", "value"),
        source=marks,
        marker="marker",
        size="size",
        line_color="color",
        fill_color="color",
        fill_alpha="fill",
        line_width=1.2,
    )
    plot.segment("energy", "lower", "energy", "upper", source=marks, line_color="color", line_width=1.2)
    for end in ("lower", "upper"):
        plot.scatter("energy", end, source=marks, marker="dash", size=8, line_color="color")
    plot.scatter("energy", "value", source=bounds, marker="marker", size=14, line_color="color", fill_alpha=0)
    plot.add_tools(
        HoverTool(renderers=[points], tooltips=_OF_POINT, attachment="above", limit=3, description="measured points")
    )
    named = [LegendItem(label={"field": "label"}, renderers=[one]) for one in (points, bars)]
    return named


def _axes(plot: Any, name: str) -> None:
    """The look of the axes, and the scale of sizes on top."""
    sizes = LinearAxis(ticker=FixedTicker(ticks=[]), axis_label="size (nm)", name=f"{name} sizes")
    plot.add_layout(sizes, "above")
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_label_text_font = axis.major_label_text_font = _FONT
        axis.axis_label_text_font_style, axis.axis_label_text_font_size = "normal", "13px"
        axis.major_label_text_font_size, axis.axis_label_text_color, axis.major_label_text_color = "12px", INK, INK
        axis.minor_tick_line_color = None
    plot.grid.grid_line_color, plot.grid.grid_line_alpha = GRID, 0.5
    plot.outline_line_color = FAINT
