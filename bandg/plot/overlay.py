"""Theory curves over measured points: g_e and g_h on the left, g_BX on the right."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.plot.output import check_picture_path, save
from bandg.plot.points import series_of
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7B3294")
_DASHES = {"g_e": "-", "g_h": (0, (4, 1.6)), "g_bx": "-"}
_PANELS = (("g_e", "g_h"), ("g_bx",))
_LABELS = ("$g$-factor (solid: electron, dashed: hole)", r"$g_{\mathrm{BX}} = g_{\mathrm{e}} + g_{\mathrm{h}}$")
_FINE = 400


def plot_overlay(
    curves: Sequence[TheoryCurve],
    measured: Sequence[MeasuredPoint],
    path: str | os.PathLike[str],
    span_eV: tuple[float, float] = (1.62, 2.32),
) -> None:
    """Draw curves, each within its own range, over measured points; the file's ending chooses the format.

    span_eV: energies that are shown if nothing measured lies beyond. Raises BandgError where it cannot be written.
    """
    import matplotlib.pyplot as plt

    check_picture_path(path)
    energies = [point.energy_eV for point in measured if point.energy_eV is not None]
    low, high = min([span_eV[0], *(e - 0.03 for e in energies)]), max([span_eV[1], *(e + 0.03 for e in energies)])
    with style():
        figure, panels = plt.subplots(1, 2, figsize=(7.0, 3.4))
        try:
            figure.subplots_adjust(left=0.065, right=0.97, bottom=0.13, top=0.97, wspace=0.19)
            for axes, quantities, label in zip(panels, _PANELS, _LABELS, strict=True):
                for color, curve in zip(_cycle(len(curves)), curves, strict=True):
                    for quantity in quantities:
                        draw_curve(axes, curve, quantity, (low, high), color)
                draw_points(axes, measured, quantities)
                axes.set_xlim(low, high)
                axes.set_xlabel("energy (eV)")
                axes.set_ylabel(label)
            panels[0].axhline(0, color="#999999", linewidth=0.6, zorder=1)
            _legends(panels, curves, measured)
            save(figure, path)
        finally:
            plt.close(figure)


def draw_curve(
    axes: Axes, curve: TheoryCurve, quantity: str, span_eV: tuple[float, float], color: str, **look: Any
) -> None:
    """One quantity of one curve as a line, within the curve's range."""
    low, high = max(span_eV[0], curve.range_eV[0]), min(span_eV[1], curve.range_eV[1])
    if not low < high:
        return
    fine = np.linspace(low, high, _FINE)
    style_of: dict[str, Any] = {"linestyle": _DASHES[quantity], "color": color, "zorder": 3} | look
    axes.plot(fine, curve.at(quantity, fine), **style_of)


def draw_points(axes: Axes, measured: Sequence[MeasuredPoint], quantities: Sequence[str]) -> None:
    """The measured marks of some quantities."""
    for series in series_of(measured):
        for mark in series.marks:
            if mark.quantity in quantities:
                mark.draw(axes, series.color)


def _cycle(count: int) -> list[str]:
    return [COLORS[n % len(COLORS)] for n in range(count)]


def _legends(panels: Sequence[Axes], curves: Sequence[TheoryCurve], measured: Sequence[MeasuredPoint]) -> None:
    from matplotlib.lines import Line2D

    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0, -0.14), "alignment": "left"}
    lines = [
        Line2D([], [], color=color, linewidth=2.0, label=literal(curve.name))
        for color, curve in zip(_cycle(len(curves)), curves, strict=True)
    ]
    if lines:
        panels[0].legend(handles=lines, title="Calculated, without exciton binding", ncols=2, **place)
    marks = [
        Line2D([], [], label="\n".join(textwrap.wrap(series.label, 52)), **series.look())
        for series in series_of(measured)
    ]
    if marks:
        title = "Measured (square: hole; open: magnitude; bar: range)"
        panels[1].legend(handles=marks, title=title, **place)
