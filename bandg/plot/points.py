"""Measured g-factors in a picture: points, magnitudes without sign, and ranges."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bandg.data.measured import MeasuredPoint, range_of
from bandg.plot.palette import INK, POINTS, RANGES, marker
from bandg.plot.style import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THEORY_LINE = (0, (1, 1.4))
"""Line of a range that contains theory."""


@dataclass(frozen=True)
class Mark:
    """What is drawn for one value: ``energies`` and ``values`` hold one number, or the two ends of a range.

    quantity is g_e, g_h, g_bx, or g of a carrier that is not decided, which stands beside both.
    signed is False where only the magnitude is known. Energies in eV. bound: "upper" or
    "lower" where the value is one. theory: whether a theory has part in it.
    """

    quantity: str
    signed: bool
    energies: tuple[float, ...]
    values: tuple[float, ...]
    error: float | None = None
    bound: str = ""
    theory: bool = False

    @property
    def is_range(self) -> bool:
        """Whether the source states a range and no point."""
        return len(self.energies) > 1

    def belongs(self, quantities: Collection[str]) -> bool:
        """Whether it is drawn in a panel of these quantities."""
        return self.quantity in quantities or (self.quantity == "g" and "g_h" in quantities)

    def draw(self, axes: Axes, color: str, family: int = 0) -> None:
        """Draw a point (open without sign), with its error if it has one, or a bar over the range.

        family: number of the pair of markers. A bound has an arrow.
        """
        if self.is_range:
            cap = "|" if self.energies[0] != self.energies[1] else "_"
            look = range_look(color, cap, family) | ({"linestyle": THEORY_LINE} if self.theory else {})
            axes.plot(self.energies, self.values, **look, zorder=4)
            return
        look = theory_look(color) if self.theory else point_look(self.quantity, self.signed, color, family)
        if self.bound:
            toward = {"upper": "v", "lower": "^"}[self.bound]
            axes.plot(self.energies, self.values, "|", color=color, markersize=16, zorder=4)
            axes.plot(self.energies, self.values, toward, color=color, markersize=4, zorder=5)
        elif self.error:
            axes.errorbar(self.energies, self.values, yerr=self.error, **look, ecolor=color, elinewidth=0.8, zorder=5)
        else:
            axes.plot(self.energies, self.values, **look, zorder=5)


@dataclass(frozen=True)
class Series:
    """Measured values that share source, material and temperature; ``label`` says so in the legend."""

    label: str
    color: str
    marks: tuple[Mark, ...]
    family: int = 0

    def draw(self, axes: Axes, quantities: Collection[str]) -> None:
        """Draw the marks of these quantities."""
        for mark in self.marks:
            if mark.belongs(quantities):
                mark.draw(axes, self.color, self.family)

    def look(self) -> dict[str, Any]:
        """Marker for the legend: that of a point, or of a range where the series has nothing else."""
        if all(mark.is_range for mark in self.marks):
            return range_look(self.color, family=self.family)
        if all(mark.theory for mark in self.marks):
            return theory_look(self.color)
        signed = any(mark.signed for mark in self.marks)
        return point_look("g_e", signed, self.color, self.family)


def point_look(quantity: str, signed: bool, color: str, family: int = 0) -> dict[str, Any]:
    """Marker of a measured value: one for electrons and g_BX, another for holes, open without known sign."""
    common = {"linestyle": "none", "marker": marker(quantity, family), "markeredgecolor": color}
    if signed:
        return common | {"markerfacecolor": color, "markersize": 5.2}
    return common | {"markerfacecolor": "none", "markersize": 8.0, "markeredgewidth": 1.0}


def theory_look(color: str) -> dict[str, Any]:
    """Marker of a value that contains theory."""
    return {"linestyle": "none", "marker": "x", "color": color, "markersize": 5.2, "markeredgewidth": 1.0}


def range_look(color: str, cap: str = "|", family: int = 0) -> dict[str, Any]:
    """Line of a range that a source states."""
    line = RANGES[family % len(RANGES)]
    return {"color": color, "linewidth": 1.6, "linestyle": line, "marker": cap, "markersize": 7, "markeredgewidth": 1.4}


def measured_legend(
    axes: Axes, series: Collection[Series], width: int, calculated: Collection[Any] = (), **place: Any
) -> Any:
    """Legend of measured series, after that of what is calculated if given, and what their markers mean."""
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D

    handles: list[Any] = list(calculated)
    labels = [str(handle.get_label()) for handle in handles]
    for group in series:
        handles.append(Line2D([], [], **group.look()))
        labels.append("\n".join(textwrap.wrap(group.label, width)))
    marks = [(group.family, mark) for group in series for mark in group.marks]
    holes = sorted({family for family, mark in marks if mark.quantity == "g_h" and not mark.is_range})
    if holes:
        handles.append(tuple(Line2D([], [], **point_look("g_h", True, INK, family)) for family in holes))
        labels.append("hole (other markers: electron or sum)")
    if any(mark.quantity == "g" for _, mark in marks):
        handles.append(Line2D([], [], **point_look("g", False, INK)))
        labels.append("octagon: electron or hole, not decided")
    if any(mark.theory for _, mark in marks):
        handles.append(Line2D([], [], **theory_look(INK) | {"linestyle": THEORY_LINE}))
        labels.append("dotted or cross: contains theory")
    if any(not mark.signed for _, mark in marks):
        handles.append(Line2D([], [], **point_look("g_e", False, INK)))
        labels.append("open: stated as a magnitude")
    if any(mark.is_range for _, mark in marks):
        handles.append(Line2D([], [], **range_look(INK)))
        labels.append("bar: stated as a range, not as points")
    return axes.legend(handles, labels, handler_map={tuple: HandlerTuple(ndivide=None)}, alignment="left", **place)


def series_of(points: Iterable[MeasuredPoint], taken: Collection[str] = ()) -> tuple[Series, ...]:
    """Measured points as they are drawn, without those that have no energy.

    Each series has its own color and markers. Colors that are not taken come first.
    """
    colors = sorted(POINTS, key=lambda color: color in taken)
    points_of: dict[tuple[str, str, float | None], list[MeasuredPoint]] = {}
    for point in points:
        if point.energy_eV is not None:
            points_of.setdefault((point.source, point.series or point.sample, point.temperature_K), []).append(point)
    return tuple(
        Series(_label(*key[1:], members), colors[number % len(colors)], _marks(members), number // len(colors))
        for number, (key, members) in enumerate(points_of.items())
    )


def without_energy(points: Iterable[MeasuredPoint]) -> tuple[MeasuredPoint, ...]:
    """Points whose source states no energy: they have no place in the picture."""
    return tuple(point for point in points if point.energy_eV is None)


def at_the_gap(points: Iterable[MeasuredPoint]) -> tuple[str, ...]:
    """Names of the sources whose points stand at a band gap instead of a transition energy."""
    return tuple(dict.fromkeys(source_name(point) for point in points if point.energy_is == "gap"))


def source_name(point: MeasuredPoint) -> str:
    """The source of a point as a legend calls it: the name that its file gives, or the name of the file."""
    return literal(point.source_name or PurePath(point.source).name or "source not given")


def _label(sample: str, temperature: float | None, points: list[MeasuredPoint]) -> str:
    sizes = {point.size_nm for point in points}
    size = f"{points[0].size_nm:g} nm" if sample and len(sizes) == 1 and points[0].size_nm is not None else ""
    kelvin = "" if temperature is None else f"{temperature:g} K"
    what = ", ".join(filter(None, (literal(sample), size, kelvin)))
    origins = {point.origin for point in points}
    origin = literal(f", {origins.pop()}") if len(origins) == 1 and origins != {""} else ""
    return f"{source_name(points[0])}{origin}" + (f" ({what})" if what else "")


def _marks(points: list[MeasuredPoint]) -> tuple[Mark, ...]:
    """The two ends of each range joined, and the other points one by one."""
    ranges: dict[tuple[object, ...], list[MeasuredPoint]] = {}
    for point in points:
        if key := range_of(point):
            ranges.setdefault(key, []).append(point)
    return (*map(_mark, ranges.values()), *(_mark([point]) for point in points if not range_of(point)))


def _mark(points: list[MeasuredPoint]) -> Mark:
    first = points[0]
    signed = not first.quantity.startswith("abs_")
    ends = sorted({(point.energy_eV or 0.0, point.value) for point in points})
    energies, values = zip(*ends, strict=True)
    bound = first.kind.removesuffix("-bound") if first.kind.endswith("-bound") else ""
    theory = first.evidence == "contains-theory"
    return Mark(first.quantity.removeprefix("abs_"), signed, energies, values, first.error, bound, theory)
