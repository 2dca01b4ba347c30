"""g-factors of nanocrystals against transition energy, with measured points."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.data.measured import MeasuredPoint, material_of, measured_points
from bandg.plot.band import WIDEST, band_handles
from bandg.plot.curves import Curve, curves_of
from bandg.plot.palette import FAINT, GRAY, INK, SYMBOLS
from bandg.plot.points import Mark, Series, at_the_gap, measured_legend, series_of, source_name, without_energy
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from xarray import Dataset

PANELS = (("g_e", "g_h"), ("g_bx",))
_X_LABEL = r"Transition energy $E_{\mathrm{e}} - E_{\mathrm{h}}$ (eV), no exciton binding"
_X_EXCITON = "Energy of the exciton (eV), to first order"
_Y_LABELS = ("$g$-factor", r"$g_{\mathrm{BX}} = g_{\mathrm{e}} + g_{\mathrm{h}}$")
_CARRIERS = {"g_e": "electron", "g_h": "hole"}
_SMALLEST_SPAN = 2.0
_SIZE_ROWS = 4
_SIZE_ROW_PT = 8.5
_SIZE_WIDTH_PT = 17.0
_LEGEND_DROP_PT = 30.0
_NOTE_WIDTH = 128
_BULK = ("bulk_E_gap_eV", "bulk_g_e", "bulk_g_h")
_NO_BULK = "bulk_missing"
"""Attribute that says in a sentence why there are no bulk values."""


def plot_levels(
    dataset: Dataset,
    data: object = None,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Draw g_e and g_h (left) and g_BX (right) against transition energy in eV, that of the exciton where it is there.

    One curve for each set, model, shape and termination (for spheres also center, and neighbors where they differ),
    drawn through the computed nanocrystals and no further. Attributes bulk_E_gap_eV, bulk_g_e and bulk_g_h, if there,
    are drawn as the bulk limit. A measured value is open without known sign, and a bar where the source states a range.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables over ``nc`` as `bandg.compute` returns them.
    data : str, path, MeasuredPoint or sequence of these, optional
        Measured points to draw: names of shipped collections, CSV files or points, "none" for none. Without it the
        shipped points of the set's material are drawn. Points without an energy are named below.
    title : str, optional
        Text above the picture.
    ax : matplotlib axes, one or two, optional
        Where to draw: g_e and g_h on the first, g_BX on the second if there is one. Without it a new figure is made,
        which has sizes in nm above the frames and notes below.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.

    Raises
    ------
    BandgError
        For an empty or incomplete dataset, and for objects that are not axes.

    Examples
    --------
    >>> import bandg
    >>> levels = bandg.compute("2..3cells", run=bandg.Run(workers=1))
    >>> axes = bandg.plot_levels(levels)
    """
    curves, material = curves_of(dataset), _material(dataset)
    points = measured_points(data, material or "CsPbI3")
    missing = f"No measured points of {material} ship with bandg." if data is None and not points else ""
    series, bulk = series_of(points, {curve.color for curve in curves}), _bulk(dataset.attrs)
    with style(ax):
        axes = panels(ax, 1, 2, least=1)
        for one, quantities, y_label in zip(axes, PANELS, _Y_LABELS, strict=False):
            _panel(one, quantities, curves, series, bulk)
            one.set_xlabel(_X_EXCITON if curves[0].exciton else _X_LABEL)
            one.set_ylabel(y_label)
        if ax is None:
            notes = [*_notes(curves, series, points), *filter(None, (missing, dataset.attrs.get(_NO_BULK)))]
            _surroundings(axes, curves, series, bulk, notes, title)
        else:
            handles = _calculated_handles(curves, bulk)
            if len(axes) > 1:
                axes[0].legend(handles=handles, fontsize="small")
            measured_legend(axes[-1], series, 40, handles if len(axes) == 1 else (), fontsize="small")
            axes[0].set_title(literal(title or ""))
    return axes


def _surroundings(
    axes: Sequence[Axes],
    curves: Sequence[Curve],
    series: Sequence[Series],
    bulk: Mapping[str, float],
    notes: Sequence[str],
    title: str | None,
) -> None:
    """Sizes and title above the frames, legends and notes below them."""
    left, right = axes
    figure = _figure(left)
    figure.subplots_adjust(left=0.065, right=0.97, bottom=0.14, top=0.88, wspace=0.19)
    for one, letter in zip(axes, "ab", strict=True):
        _size_rows(one, curves, letter)
    if title:
        above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": 9}
        height = 8 + _SIZE_ROW_PT * _rows_of_sizes(curves)
        left.annotate(literal(title), (0, 1), (0, height), **above, verticalalignment="bottom")
    calculated = "Calculated: set (model): shape, termination"
    handles = _calculated_handles(curves, bulk)
    legends = [left.legend(handles=handles, title=calculated, alignment="left", **_below(left))]
    if series:
        legends.append(measured_legend(right, series, 54, title="Measured", **_below(right)))
    lowest = _lower_end(legends)
    text = "\n".join(line for note in notes for line in _wrap(note))
    figure.text(0.065, lowest, text, fontsize=6.5, color=INK, verticalalignment="top", linespacing=1.35)


def _panel(
    axes: Axes,
    quantities: Sequence[str],
    curves: Sequence[Curve],
    series: Sequence[Series],
    bulk: Mapping[str, float],
) -> None:
    """One panel: curves, measured marks and bulk values, with limits that hold them all."""
    for curve in curves:
        for quantity in quantities:
            curve.draw(axes, quantity)
    for group in series:
        group.draw(axes, quantities)
    for quantity in quantities:
        if quantity in bulk:
            axes.plot(bulk["E"], bulk[quantity], **_bulk_look(), zorder=4)
    x = [curve.energy for curve in curves] + [np.array(mark.energies) for group in series for mark in group.marks]
    x += [np.array([bulk["E"]])] if bulk else []
    axes.set_xlim(*_limits(np.concatenate(x), 0.05, 0.05))
    y = [
        curve.values[quantity] + width * np.nan_to_num(curve.stderr[quantity])
        for curve in curves
        for quantity in quantities
        for width in (-WIDEST, WIDEST)
    ]
    y += [_reach(mark) for group in series for mark in group.marks if mark.belongs(quantities)]
    y += [np.array([bulk[quantity]]) for quantity in quantities if quantity in bulk]
    low, high = _limits(np.concatenate(y), 0.07, _SMALLEST_SPAN)
    axes.set_ylim(low, high)
    if low < 0 < high:
        axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1)


def _reach(mark: Mark) -> np.ndarray:
    error = mark.error or 0.0
    return np.array([value + sign * error for value in mark.values for sign in (-1, 1)])


def _limits(values: np.ndarray, margin: float, smallest: float) -> tuple[float, float]:
    """Limits around the finite values with a relative margin, at least ``smallest`` apart."""
    values = values[np.isfinite(values)]
    if not len(values):
        return -smallest / 2, smallest / 2
    low, high = float(values.min()), float(values.max())
    middle, half = (low + high) / 2, max((high - low) / 2, smallest / 2)
    return middle - half * (1 + 2 * margin), middle + half * (1 + 2 * margin)


def _rows_of_sizes(curves: Sequence[Curve]) -> int:
    return len(curves) if len(curves) <= _SIZE_ROWS else 0


def _size_rows(axes: Axes, curves: Sequence[Curve], letter: str) -> None:
    """Above the frame one row for each curve, in its color: the sizes in nm of its nanocrystals where they stand."""
    width = axes.get_window_extent().width / axes.figure.dpi * 72
    low, high = axes.get_xlim()
    blend = axes.get_xaxis_transform()
    for row, curve in enumerate(curves[: _rows_of_sizes(curves)]):
        known = np.isfinite(curve.energy)
        energy, size = curve.energy[known], curve.size[known]
        height = 4 + _SIZE_ROW_PT * row
        text: dict[str, Any] = {"color": curve.color, "fontsize": 6.5, "verticalalignment": "bottom"}
        text |= {"xycoords": blend, "textcoords": "offset points", "annotation_clip": False}
        for i in _apart((energy - low) / (high - low) * width):
            label = f"{size[i]:.3g}" if size[i] >= 10 else f"{size[i]:.1f}"
            axes.plot([energy[i]] * 2, [1, 0.98], color=curve.color, linewidth=0.8, transform=blend)
            axes.annotate(label, (energy[i], 1), (0, height), **text, horizontalalignment="center")
        axes.annotate("nm", (high, 1), (2, height), **text, horizontalalignment="left")
    axes.annotate(f"({letter})", (0, 1), (-24, 4), xycoords="axes fraction", textcoords="offset points", weight="bold")


def _apart(places: np.ndarray) -> list[int]:
    """Numbers of the places (in points, along the curve) that leave room for a label each; both ends among them."""
    chosen: list[int] = []
    for number, place in enumerate(places):
        if all(abs(place - places[other]) >= _SIZE_WIDTH_PT for other in chosen):
            chosen.append(number)
    last = len(places) - 1
    if last not in chosen:
        near = [number for number in chosen if abs(places[number] - places[last]) < _SIZE_WIDTH_PT]
        if near == chosen[-1:] and len(chosen) > 1:
            chosen[-1] = last
    return chosen


def _calculated_handles(curves: Sequence[Curve], bulk: Mapping[str, float]) -> list[Any]:
    """What the legend says of the curves."""
    from matplotlib.lines import Line2D

    alike = len({curve.rank // 3 for curve in curves}) == 1  # one kind of marker for all curves
    handles: list[Any] = []
    for curve in curves:
        label = "\n".join(textwrap.wrap(curve.label, 58))
        look = {"linewidth": 2.2} if alike else curve.look("g_e")
        handles.append(Line2D([], [], color=curve.color, label=label, **look))
    for quantity, carrier in _CARRIERS.items():
        look = curves[0].look(quantity) | ({} if alike else {"marker": "none"})
        handles.append(Line2D([], [], color=INK, label=f"{carrier}, ${SYMBOLS[quantity]}$", **look))
    if any(np.isfinite(error).any() for curve in curves for error in curve.stderr.values()):
        handles += band_handles()
    if bulk:
        handles.append(
            Line2D([], [], **_bulk_look(), label=f"bulk crystal, $E_{{\\mathrm{{g}}}}$ = {bulk['E']:.3f} eV")
        )
    return handles


def _below(axes: Axes) -> dict[str, Any]:
    """Where a legend below the axes is."""
    from matplotlib.transforms import ScaledTranslation

    drop = ScaledTranslation(0, -_LEGEND_DROP_PT / 72, _figure(axes).dpi_scale_trans)
    return {"loc": "upper left", "bbox_to_anchor": (0, 0), "bbox_transform": axes.transAxes + drop}


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def _lower_end(legends: Sequence[Legend]) -> float:
    """Lower end of the legends in figure coordinates."""
    figure = legends[0].get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    low = min(legend.get_window_extent().y0 for legend in legends) / figure.bbox.height
    return float(low - 5 / 72 / figure.get_figheight())


def _material(dataset: Dataset) -> str:
    """Material of the crystals, as CsPbI3; "" where it is not known."""
    provenance = json.loads(dataset.attrs.get("provenance", "{}"))
    if provenance.get("second"):
        return "a mixed halide"
    names = {str(name) for name in np.atleast_1d(dataset["set"].values)}
    stated = provenance.get("parameters", {}).get("material", "")
    return stated or (material_of(names.pop()) if len(names) == 1 else "")


def _notes(curves: Sequence[Curve], series: Sequence[Series], points: Sequence[MeasuredPoint]) -> list[str]:
    """Small print below the picture."""
    notes = []
    if _rows_of_sizes(curves):
        notes.append(_size_note({curve.shape for curve in curves}, {curve.termination for curve in curves}))
    if curves[0].exciton:
        notes.append("Calculated energies leave out the correlation of electron and hole, 5 to 20 meV.")
    elif series:
        notes.append("Measured energies contain the exciton binding, calculated ones do not.")
    if sources := at_the_gap(points):
        notes.append(f"Points of {', '.join(sources)} stand at the band gap of the bulk crystal.")
    if unplaced := without_energy(points):
        notes.append(f"Not drawn, because no energy is stated: {_unplaced(unplaced)}.")
    return notes


def _size_note(shapes: set[str], terminations: set[str]) -> str:
    parts = ["$Na$ for a cube of $N$ cells"] if "cube" in shapes else []
    parts += ["the diameter of a sphere"] if "sphere" in shapes else []
    if shapes & {"cuboid", "structure"}:
        parts.append("that of the cube of as many Pb for others")
    note = f"Above the frames: size in nm{', ' if parts else ''}{' and '.join(parts)}."
    if "cube" in shapes and "lead" in terminations:
        note += " The outer planes of a lead-terminated cube are $(N-1)a$ apart."
    return note


def _unplaced(points: Sequence[MeasuredPoint], most: int = 8) -> str:
    by_source: dict[str, list[str]] = {}
    for point in points[:most]:
        symbol = SYMBOLS[point.quantity.removeprefix("abs_")]
        text = (
            f"$|{symbol}|$ = {point.value:g}" if point.quantity.startswith("abs_") else f"${symbol}$ = {point.value:+g}"
        )
        by_source.setdefault(source_name(point), []).append(text)
    text = "; ".join(f"{', '.join(values)} ({source})" for source, values in by_source.items())
    return text + (f"; and {len(points) - most} more" if len(points) > most else "")


def _wrap(text: str) -> list[str]:
    """Lines of the small print; a formula counts with the letters that it shows."""
    lines, length = [""], 0
    for word in text.split():
        shown = len(re.sub(r"\\mathrm|[${}_\\]", "", word)) + 1
        if length and length + shown > _NOTE_WIDTH:
            lines.append("")
            length = 0
        lines[-1] += f" {word}" if length else word
        length += shown
    return lines


def _bulk(attrs: Mapping[Any, Any]) -> dict[str, float]:
    """Bulk gap in eV ("E") and bulk g by quantity; empty where the attributes do not hold all three."""
    values: Iterable[Any] = [attrs.get(name) for name in _BULK]
    try:
        energy, g_e, g_h = (float(np.asarray(value)) for value in values)
    except (TypeError, ValueError):
        return {}
    if not all(map(math.isfinite, (energy, g_e, g_h))):
        return {}
    return {"E": energy, "g_e": g_e, "g_h": g_h, "g_bx": g_e + g_h}


def _bulk_look() -> dict[str, Any]:
    return {"linestyle": "none", "marker": "*", "color": GRAY, "markersize": 7, "markeredgewidth": 0}
