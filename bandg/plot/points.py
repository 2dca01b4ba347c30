"""Measured g-factors in a picture: points, magnitudes without sign, and ranges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bandg.data.measured import MeasuredPoint, range_of
from bandg.plot.palette import POINTS, RANGES, marker
from bandg.plot.style import literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THEORY_LINE = (0, (1, 1.4))
"""Line of a range that contains theory."""

_MARKERS_AT, _BARS_AT = 5, 6
"""Error bars lie above the markers of all samples, these above all curves."""


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
            axes.plot(self.energies, self.values, "|", color=color, markersize=pt(16), zorder=4)
            axes.plot(self.energies, self.values, toward, color=color, markersize=pt(4), zorder=_MARKERS_AT)
            return
        axes.plot(self.energies, self.values, **look, zorder=_MARKERS_AT)
        if self.error:
            error_bar(axes, self.energies, self.values, self.error, color, look["markersize"])


def error_bar(axes: Axes, x: Any, y: Any, error: Any, color: str, markersize: float) -> None:
    """Error bars above all markers and lines, with caps that are wider than the marker of this size in points."""
    wide: dict[str, Any] = {"capsize": markersize / 2 + pt(1.2), "capthick": pt(0.9), "elinewidth": pt(0.9)}
    axes.errorbar(x, y, yerr=error, fmt="none", ecolor=color, **wide, zorder=_BARS_AT)


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
        return common | {"markerfacecolor": color, "markersize": pt(4.6)}
    return common | {"markerfacecolor": "none", "markersize": pt(7.2), "markeredgewidth": pt(1.0)}


def theory_look(color: str) -> dict[str, Any]:
    """Marker of a value that contains theory."""
    return {"linestyle": "none", "marker": "x", "color": color, "markersize": pt(5.2), "markeredgewidth": pt(1.0)}


def range_look(color: str, cap: str = "|", family: int = 0) -> dict[str, Any]:
    """Line of a range that a source states."""
    line = RANGES[family % len(RANGES)]
    return {
        "color": color,
        "linewidth": pt(1.6),
        "linestyle": line,
        "marker": cap,
        "markersize": pt(7),
        "markeredgewidth": pt(1.4),
    }


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


def point_notes(points: Sequence[MeasuredPoint], most: int = 8) -> list[str]:
    """Sentences for the caption: points at a gap, sums of pairs, of other materials, and without an energy."""
    notes = []
    if sources := at_the_gap(points):
        notes.append(f"Points of {', '.join(sources)} stand at the band gap of the bulk crystal.")
    if any(point.quantity == "g_bx" and point.evidence == "derived" and point.kind == "point" for point in points):
        notes.append("Derived g_BX is the sum of the measured g_e and g_h of a sample, with independent errors.")
    foreign: dict[tuple[str, str], list[str]] = {}
    for point in points:
        if point.foreign_to:
            foreign.setdefault((point.material, point.foreign_to), []).append(point.sample or source_name(point))
    for (material, own), names in foreign.items():
        notes.append(f"{', '.join(dict.fromkeys(names))}: of {material}, not {own} as the curves.")
    unplaced = without_energy(points)
    by_source: dict[str, list[str]] = {}
    for point in unplaced[:most]:
        name = point.quantity.removeprefix("abs_")
        symbol = "g_BX" if name == "g_bx" else name
        signed = name == point.quantity
        text = f"{symbol} = {point.value:+g}" if signed else f"|{symbol}| = {point.value:g}"
        by_source.setdefault(source_name(point), []).append(text)
    if unplaced:
        listed = "; ".join(f"{', '.join(values)} ({source})" for source, values in by_source.items())
        more = f"; and {len(unplaced) - most} more" if len(unplaced) > most else ""
        notes.append(f"Not drawn, because no energy is stated: {listed}{more}.")
    return notes


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
