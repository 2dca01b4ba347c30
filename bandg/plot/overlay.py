"""Theory curves over measured points: g_e and g_h on the left, g_BX on the right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.data.pairs import with_pairs
from bandg.plot.band import band_handles, shade
from bandg.plot.legends import put_legends
from bandg.plot.levels import PANELS, PARTS, quantity_label
from bandg.plot.palette import DASHES, FAINT, INK, LINES, NAMES, marker
from bandg.plot.points import series_of
from bandg.plot.sheet import grow, letters, sheet
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FINE = 400
_HEIGHT = 2.6


def plot_overlay(
    curves: Sequence[TheoryCurve],
    data: Sequence[MeasuredPoint],
    span_eV: tuple[float, float] = (1.62, 2.32),
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw curves, each within its own range, over measured points.

    A sample with g_e and g_h at one energy and no g_BX has their sum, with the error of independent errors.

    Parameters
    ----------
    curves : sequence of TheoryCurve
        For example from `bandg.analysis.curves.resolve`.
    data : sequence of MeasuredPoint
        The points; those without an energy are left out.
    span_eV : tuple of float
        Energies in eV that are shown if nothing measured lies beyond.
    ax : matplotlib axes, as many as panels or the first of them, optional
        Where to draw. Without it a new figure is made.
    **look
        As in `plot_levels`; labels and colors of the curves.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.
    """
    energies = [point.energy_eV for point in data if point.energy_eV is not None]
    low, high = min([span_eV[0], *(e - 0.03 for e in energies)]), max([span_eV[1], *(e + 0.03 for e in energies)])
    with sheet(ax, look) as page:
        names = [name.split("+") for name in page.pick(PANELS, PARTS)]
        labels = page.labels([literal(curve.name) for curve in curves])
        colors = page.colors([LINES[number % len(LINES)] for number in range(len(curves))])
        series = series_of(with_pairs(data), set(colors))
        axes = page.axes(len(names), _HEIGHT, least=1)
        for one, quantities in zip(axes, names, strict=False):
            for number, (curve, color) in enumerate(zip(curves, colors, strict=True)):
                for quantity in quantities:
                    draw_curve(one, curve, quantity, (low, high), **_look(number, quantity, color))
            for group in series:
                group.draw(one, quantities)
            one.set_xlim(low, high)
            one.set_xlabel("Transition energy (eV)")
            one.set_ylabel(quantity_label(quantities))
            if one.get_ylim()[0] < 0 < one.get_ylim()[1]:
                one.axhline(0, color=FAINT, linewidth=pt(0.6), zorder=1)
        carriers = {quantity for panel in names for quantity in panel} & {"g_e", "g_h"}
        put_legends(page, axes, _handles(curves, labels, colors, carriers), series, _title(curves))
        if page.is_new:
            letters(axes)
            grow(axes, _HEIGHT, len({one.get_position().y0 for one in axes}))
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


def _look(number: int, quantity: str, color: str) -> dict[str, Any]:
    """Look of the curve of this number; from the eighth on a few markers tell it from one of the same color."""
    look: dict[str, Any] = {"color": color}
    family = number // len(LINES)
    return look | ({"marker": marker(quantity, family), "markevery": (_FINE // 16, _FINE // 8)} if family else {})


def _title(curves: Sequence[TheoryCurve]) -> str:
    bound = [curve.provenance.get("energy") == "exciton" for curve in curves]
    binding = ", energies of excitons" if all(bound) else "" if any(bound) else ", without exciton binding"
    return f"Calculated{binding}"


def _handles(
    curves: Sequence[TheoryCurve], labels: Sequence[str], colors: Sequence[str], carriers: Collection[str]
) -> list[Any]:
    from matplotlib.lines import Line2D

    handles: list[Any] = [
        Line2D([], [], linewidth=pt(2.0), label=label, **_look(number, "g_e", color) | {"markevery": None})
        for number, (label, color) in enumerate(zip(labels, colors, strict=True))
    ]
    names, dashes = {"g_e": "electron", "g_h": "hole"}, dict[str, Any](DASHES)
    handles += [
        Line2D([], [], color=INK, linestyle=dashes[one], label=f"{name}, {NAMES[one]}")
        for one, name in names.items()
        if one in carriers
    ]
    return handles + (band_handles() if any(curve.stderr for curve in curves) else [])
