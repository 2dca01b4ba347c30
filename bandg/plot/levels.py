"""g-factors of nanocrystals against transition energy, with measured points."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.data.choice import beside, material_of, measured_points
from bandg.data.materials import mixed
from bandg.data.measured import MeasuredPoint
from bandg.data.pairs import with_pairs
from bandg.plot.band import WIDEST, band_handles
from bandg.plot.curves import Curve, curves_of
from bandg.plot.legends import put_legends
from bandg.plot.palette import FAINT, INK, NAMES
from bandg.plot.points import Mark, Series, point_notes, series_of
from bandg.plot.sheet import Contents, grow, letters, sheet
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from xarray import Dataset

PARTS = ("g_e", "g_h", "g_bx")
PANELS = ("g_e+g_h", "g_bx")
_X_LABEL = "Transition energy (eV)"
_X_EXCITON = "Energy of the exciton (eV)"
_CARRIERS = {"g_e": "electron", "g_h": "hole"}
_SMALLEST_SPAN = 2.0
_HEIGHT = 2.35
_SIZE_ROWS = 4
_SIZE_ROW_PT = 8.5
_SIZE_WIDTH_PT = 17.0
_BULK = ("bulk_E_gap_eV", "bulk_g_e", "bulk_g_h")
_NO_BULK = "bulk_missing"
"""Attribute that says in a sentence why there are no bulk values."""


def contents(curves: Collection[int]) -> Contents:
    """What may be chosen of a picture of g against energy with so many curves."""
    return Contents(PANELS, PARTS, curves, curves)


def plot_levels(
    dataset: Dataset,
    data: object = None,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw g_e and g_h (left) and g_BX (right) against transition energy in eV, that of the exciton where it is there.

    One curve for each set, model, shape and termination (for spheres also center, and neighbors where they differ),
    drawn through the computed nanocrystals and no further. Attributes bulk_E_gap_eV, bulk_g_e and bulk_g_h, if there,
    are drawn as the bulk limit. A measured value is open without known sign, and a bar where the source states a range.
    A sample with g_e and g_h at one energy and no g_BX has their sum, with the error of independent errors.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables over ``nc`` as `bandg.compute` returns them.
    data : str, path, MeasuredPoint or sequence of these, optional
        Measured points to draw: names of shipped collections, CSV files or points, "none" for none. Without it the
        shipped points of the set's material are drawn. Points without an energy have no place: see `levels_caption`.
    title : str, optional
        Text above the picture.
    ax : matplotlib axes, as many as panels or the first of them, optional
        Where to draw. Without it a new figure is made, which has sizes in nm above the frames and legends below.
    **look
        style, width, panels, labels and colors as in `bandg.plot.Look`; panels of "g_e", "g_h" and "g_bx", joined as
        "g_e+g_h"; labels and colors of the curves.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.

    Raises
    ------
    BandgError
        For an empty or incomplete dataset, for objects that are not axes, and for a look that cannot be.

    Examples
    --------
    >>> import bandg
    >>> levels = bandg.compute("2..3cells", run=bandg.Run(workers=1))
    >>> axes = bandg.plot_levels(levels, panels=["g_h"], labels=["my crystal"], colors=["tab:red"])
    """
    curves, points = curves_of(dataset), _points(dataset, data)
    bulk = _bulk(dataset.attrs)
    with sheet(ax, look) as page:
        names = [name.split("+") for name in page.pick(PANELS, PARTS)]
        words, colors = page.labels([one.label for one in curves]), page.colors(["" for _ in curves])
        curves = tuple(
            replace(one, label=label, chosen=color) for one, label, color in zip(curves, words, colors, strict=True)
        )
        series = series_of(points, {curve.color for curve in curves})
        axes = page.axes(len(names), _HEIGHT, least=1)
        for one, quantities in zip(axes, names, strict=False):
            _panel(one, quantities, curves, series, bulk)
            one.set_xlabel(_X_EXCITON if curves[0].exciton else _X_LABEL)
            one.set_ylabel(quantity_label(quantities))
        calculated = "Calculated" + (", to first order" if curves[0].exciton else ", without exciton binding")
        shown = [quantity for panel in names for quantity in panel]
        put_legends(page, axes, _calculated_handles(curves, bulk, shown), series, calculated)
        if page.is_new:
            columns = len({one.get_position().x0 for one in axes})
            for one in axes:
                _size_rows(one, curves, (page.width / columns - 0.7) * 72)
            letters(axes)
            _title_above(axes[0], title, curves)
            grow(axes, _HEIGHT, len({one.get_position().y0 for one in axes}))
        else:
            axes[0].set_title(literal(title or ""))
    return axes


def quantity_label(quantities: Sequence[str]) -> str:
    """Label of an axis of these quantities."""
    if list(quantities) == ["g_bx"]:
        return f"{NAMES['g_bx']} = {NAMES['g_e']} + {NAMES['g_h']}"
    return NAMES[quantities[0]] if len(quantities) == 1 else ", ".join(NAMES[one] for one in quantities)


def levels_caption(dataset: Dataset, data: object = None) -> tuple[str, ...]:
    """What the picture of `plot_levels` leaves to its caption, a sentence each: sizes, energies, what is not drawn.

    Parameters
    ----------
    dataset, data
        As in `plot_levels`.

    Returns
    -------
    tuple of str
        Plain text.
    """
    curves, points = curves_of(dataset), _points(dataset, data)
    missing = "" if points or data is not None else f"No measured points of {_material(dataset)} ship with bandg."
    return tuple(filter(None, (*_notes(curves, points), missing, dataset.attrs.get(_NO_BULK, ""))))


def _points(dataset: Dataset, data: object) -> tuple[MeasuredPoint, ...]:
    material = _material(dataset)
    return beside(with_pairs(measured_points(data, material or "CsPbI3")), [material])


def _title_above(axes: Axes, title: str | None, curves: Sequence[Curve]) -> None:
    if title:
        height = pt(8 + _SIZE_ROW_PT * _rows_of_sizes(curves))
        place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
        axes.annotate(literal(title), (0, 1), (0, height), **place, verticalalignment="bottom")


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
        axes.axhline(0, color=FAINT, linewidth=pt(0.6), zorder=1)


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


def _size_rows(axes: Axes, curves: Sequence[Curve], width_pt: float) -> None:
    """Above the frame one row for each curve, in its color: the sizes in nm of its nanocrystals where they stand.

    width_pt: of the frame in points of the paper's style.
    """
    low, high = axes.get_xlim()
    blend = axes.get_xaxis_transform()
    for row, curve in enumerate(curves[: _rows_of_sizes(curves)]):
        known = np.isfinite(curve.energy)
        energy, size = curve.energy[known], curve.size[known]
        height = pt(4 + _SIZE_ROW_PT * row)
        text: dict[str, Any] = {"color": curve.color, "fontsize": "small", "verticalalignment": "bottom"}
        text |= {"xycoords": blend, "textcoords": "offset points", "annotation_clip": False}
        labeled = _apart((energy - low) / (high - low) * width_pt)
        for i in labeled:
            label = f"{size[i]:.3g}" if size[i] >= 10 else f"{size[i]:.1f}"
            unit = " nm" if i == labeled[-1] else ""
            axes.plot([energy[i]] * 2, [1, 0.98], color=curve.color, linewidth=pt(0.8), transform=blend)
            axes.annotate(label + unit, (energy[i], 1), (0, height), **text, horizontalalignment="center")


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


def _calculated_handles(curves: Sequence[Curve], bulk: Mapping[str, float], quantities: Sequence[str]) -> list[Any]:
    """What the legend says of the curves."""
    from matplotlib.lines import Line2D

    alike = len({curve.rank // 3 for curve in curves}) == 1  # one kind of marker for all curves
    handles: list[Any] = []
    for curve in curves:
        look = {"linewidth": pt(2.2)} if alike else curve.look("g_e")
        handles.append(Line2D([], [], color=curve.color, label=curve.label, **look))
    for quantity, carrier in _CARRIERS.items():
        if quantity in quantities:
            look = curves[0].look(quantity) | ({} if alike else {"marker": "none"})
            handles.append(Line2D([], [], color=INK, label=f"{carrier}, {NAMES[quantity]}", **look))
    if any(np.isfinite(error).any() for curve in curves for error in curve.stderr.values()):
        handles += band_handles()
    if bulk:
        label = f"bulk crystal, $E_{{\\mathrm{{g}}}}$ = {bulk['E']:.3f} eV"
        handles.append(Line2D([], [], **_bulk_look(), label=label))
    return handles


def _material(dataset: Dataset) -> str:
    """Material of the crystals, as CsPbI3; "" where it is not known."""
    provenance = json.loads(dataset.attrs.get("provenance", "{}"))
    names = {str(name) for name in np.atleast_1d(dataset["set"].values)}
    stated = provenance.get("parameters", {}).get("material", "")
    own = stated or (material_of(names.pop()) if len(names) == 1 else "")
    second = provenance.get("second")
    return mixed(own, second.get("material", "")) or "a mixed halide" if second else own


def _notes(curves: Sequence[Curve], points: Sequence[MeasuredPoint]) -> list[str]:
    """Sentences for the caption."""
    notes = []
    if _rows_of_sizes(curves):
        notes.append(_size_note({curve.shape for curve in curves}, {curve.termination for curve in curves}))
    if curves[0].exciton:
        notes.append("Calculated energies leave out the correlation of electron and hole, 5 to 20 meV.")
    elif any(point.energy_eV is not None for point in points):
        notes.append("Measured energies contain the exciton binding, calculated ones do not.")
    return [*notes, *point_notes(points)]


def _size_note(shapes: set[str], terminations: set[str]) -> str:
    parts = ["N a for a cube of N cells"] if "cube" in shapes else []
    parts += ["the diameter of a sphere"] if "sphere" in shapes else []
    if shapes & {"cuboid", "structure"}:
        parts.append("that of the cube of as many Pb for others")
    note = f"Above the frames: size in nm{', ' if parts else ''}{' and '.join(parts)}."
    if "cube" in shapes and "lead" in terminations:
        note += " The outer planes of a lead-terminated cube are (N-1)a apart."
    return note


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
    return {
        "linestyle": "none",
        "marker": "*",
        "markerfacecolor": "white",
        "markeredgecolor": INK,
        "markersize": pt(8),
        "markeredgewidth": pt(0.8),
    }
