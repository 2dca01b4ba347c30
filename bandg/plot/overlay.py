"""Theory curves over measured points: g_e and g_h on the left, g_BX on the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.plot.band import band_handles, shade
from bandg.plot.palette import DASHES, FAINT, LINES, NAMES, marker
from bandg.plot.points import measured_legend, series_of
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = (("g_e", "g_h"), ("g_bx",))
_LABELS = ("$g$-factor (solid: electron, dashed: hole)", f"{NAMES['g_bx']} = {NAMES['g_e']} + {NAMES['g_h']}")
_FINE = 400


def plot_overlay(
    curves: Sequence[TheoryCurve],
    data: Sequence[MeasuredPoint],
    span_eV: tuple[float, float] = (1.62, 2.32),
    ax: Axes | Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw curves, each within its own range, over measured points.

    Parameters
    ----------
    curves : sequence of TheoryCurve
        For example from `bandg.analysis.curves.resolve`.
    data : sequence of MeasuredPoint
        The points; those without an energy are left out.
    span_eV : tuple of float
        Energies in eV that are shown if nothing measured lies beyond.
    ax : matplotlib axes, one or two, optional
        Where to draw: g_e and g_h on the first, g_BX on the second if there is one. Without it a new figure is made.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.
    """
    energies = [point.energy_eV for point in data if point.energy_eV is not None]
    low, high = min([span_eV[0], *(e - 0.03 for e in energies)]), max([span_eV[1], *(e + 0.03 for e in energies)])
    with style(ax):
        axes = panels(ax, 1, 2, least=1, figsize=(7.0, 3.4))
        for one, quantities, label in zip(axes, _PANELS, _LABELS, strict=False):
            for number, curve in enumerate(curves):
                for quantity in quantities:
                    draw_curve(one, curve, quantity, (low, high), **_look(number, quantity))
            draw_points(one, data, quantities)
            one.set_xlim(low, high)
            one.set_xlabel("energy (eV)")
            one.set_ylabel(label)
        axes[0].axhline(0, color=FAINT, linewidth=0.6, zorder=1)
        if ax is None:
            axes[0].figure.subplots_adjust(left=0.065, right=0.97, bottom=0.13, top=0.97, wspace=0.19)
        _legends(axes, curves, data, below=ax is None)
    return axes


def draw_curve(axes: Axes, curve: TheoryCurve, quantity: str, span_eV: tuple[float, float], **look: Any) -> None:
    """One quantity of one curve as a line, within the curve's range, with its error shaded."""
    low, high = max(span_eV[0], curve.range_eV[0]), min(span_eV[1], curve.range_eV[1])
    if not low < high:
        return
    fine = np.linspace(low, high, _FINE)
    line: dict[str, Any] = {"linestyle": DASHES[quantity], "zorder": 3} | look
    values, stderr = curve.at(quantity, fine), curve.stderr_at(quantity, fine)
    if np.isfinite(stderr).any():
        shade(axes, fine, values, stderr, line["color"])
    axes.plot(fine, values, **line)


def draw_points(axes: Axes, measured: Sequence[MeasuredPoint], quantities: Sequence[str]) -> None:
    """The measured marks of some quantities."""
    for series in series_of(measured):
        series.draw(axes, quantities)


def _look(number: int, quantity: str) -> dict[str, Any]:
    """Color of the curve of this number; from the eighth on a few markers tell it from one of the same color."""
    look: dict[str, Any] = {"color": LINES[number % len(LINES)]}
    family = number // len(LINES)
    return look | ({"marker": marker(quantity, family), "markevery": (_FINE // 16, _FINE // 8)} if family else {})


def _legends(axes: Sequence[Axes], curves: Sequence[TheoryCurve], data: Sequence[MeasuredPoint], below: bool) -> None:
    from matplotlib.lines import Line2D

    lines: list[Any] = [
        Line2D([], [], linewidth=2.0, label=literal(curve.name), **_look(number, "g_e") | {"markevery": None})
        for number, curve in enumerate(curves)
    ]
    lines += band_handles() if any(curve.stderr for curve in curves) else []
    series = series_of(data)
    if not below:
        if len(axes) > 1:
            axes[0].legend(handles=lines, fontsize="small")
        measured_legend(axes[-1], series, 40, lines if len(axes) == 1 else (), fontsize="small")
        return
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0, -0.14)}
    if lines:
        bound = [curve.provenance.get("energy") == "exciton" for curve in curves]
        binding = ", energies of excitons" if all(bound) else "" if any(bound) else ", without exciton binding"
        title = f"Calculated{binding}"
        axes[0].legend(handles=lines, title=title, ncols=2, alignment="left", **place)
    if series:
        measured_legend(axes[1], series, 52, title="Measured", **place)
