"""Waterfall: what each ingredient does to g on the way from one theory line to the measurement, at fixed energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.plot.palette import BLACK, BLUE, FAINT, GRAY, INK, NAMES, VERMILLION
from bandg.plot.sheet import Contents, Sheet, letters, sheet
from bandg.plot.style import Look, literal, number, pt, remember

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bandg.analysis.verdict.waterfall import Waterfall
    from bandg.data.measured import MeasuredPoint


_LEAST = 3.3
"""Least width of the picture in inches of the paper's style."""


def contents(points: Sequence[MeasuredPoint]) -> Contents:
    """What may be chosen of the picture of these numbers."""
    _, others = _split(points)
    return Contents(("1", "2", *(_panel_of(points[n]) for n in others)), colors=(2,), least=lambda _: _LEAST)


def _split(points: Sequence[MeasuredPoint]) -> tuple[int, list[int]]:
    """The number to which both paths are drawn, g_h at the highest energy, and the others."""
    names = [(_quantity(point), point.energy_eV or 0.0) for point in points]
    main = max(range(len(names)), key=lambda one: (names[one][0] == "g_h", names[one][1]))
    return main, [number for number in sorted(range(len(points)), key=lambda one: names[one]) if number != main]


def _quantity(point: MeasuredPoint) -> str:
    return point.quantity.removeprefix("abs_")


def _panel_of(point: MeasuredPoint) -> str:
    return f"{_quantity(point)}@{point.energy_eV:g}"


def plot_waterfall(
    paths: Mapping[str, Waterfall],
    ingredients: Mapping[str, str],
    points: Sequence[MeasuredPoint],
    band: NDArray[np.float64],
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw the paths for g_h at the highest energy side by side, and the first path for the other numbers beneath.

    Parameters
    ----------
    paths : mapping of str to Waterfall
        Two paths by their titles.
    ingredients : mapping of str to str
        Label of each step.
    points : sequence of MeasuredPoint
        What the paths were computed for.
    band : array (points,)
        One standard error of the end; NaN where it is not known.
    ax : matplotlib axes, as many as panels, optional
        Where to draw; without it a new figure is made.
    **look
        style, width, panels and colors as in `bandg.plot.Look`; the panels are "1" and "2", the paths, and the other
        numbers as "g_e@1.911"; colors are those of steps up and down.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.

    Raises
    ------
    BandgError
        For another number of axes and for a look that cannot be.
    """
    main, others = _split(points)
    first = next(iter(paths.values()))
    drawn = {str(n): (path, main, f": {title}") for n, (title, path) in enumerate(paths.items(), start=1)}
    drawn |= {_panel_of(points[number]): (first, number, "") for number in others}
    with sheet(ax, look) as page:
        chosen = page.pick(tuple(drawn))
        page.check_width(_LEAST)
        up, down = page.colors((VERMILLION, BLUE))
        whole = page.is_new and chosen == tuple(drawn) and page.width > 5 and len(others) > 1
        axes = _frames(page, len(paths), len(others)) if whole else page.axes(len(chosen), 2.6, 2, narrowest=3.2)
        for one, name in zip(axes, chosen, strict=True):
            path, number, title = drawn[name]
            _panel(one, path, ingredients, number, float(band[number]), (up, down), small=whole and name not in "12")
            narrow = page.is_new and page.width < 4
            if narrow:  # names of the steps take most of the width
                one.locator_params(axis="x", nbins=2)
            one.set_title(_title(points[number]) + title.replace(": ", ":\n" if narrow else ": "), loc="left")
        parts = [[one for one, name in zip(axes, chosen, strict=True) if (name in "12") == side] for side in (1, 0)]
        _same_scale(parts[0], parts[1])
        if whole:
            for one in parts[1][1:]:
                one.set_yticklabels([])
        if page.is_new:
            letters(axes)
    return axes


def _frames(page: Sheet, above: int, below: int) -> tuple[Axes, ...]:
    """Two rows of axes with room for labels of their own."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(page.width * pt(1), pt(5.4)), layout="constrained")
    remember(figure, page.style)
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.12, 1))
    return (*parts[0].subplots(1, above), *parts[1].subplots(1, below))


def _same_scale(upper: Sequence[Axes], lower: Sequence[Axes]) -> None:
    """The same limits for the paths to one number, limits of the same width for the other numbers."""
    if upper:
        low, high = zip(*(axes.get_xlim() for axes in upper), strict=True)
        for axes in upper:
            axes.set_xlim(min(low), max(high))
    width = max((float(np.ptp(axes.get_xlim())) for axes in lower), default=0.0)
    for axes in lower:
        middle = float(np.mean(axes.get_xlim()))
        axes.set_xlim(middle - width / 2, middle + width / 2)


def _title(point: MeasuredPoint) -> str:
    return f"{NAMES[_quantity(point)]} at {point.energy_eV:g} eV"


def _panel(
    axes: Axes,
    path: Waterfall,
    labels: Mapping[str, str],
    number_of: int,
    band: float,
    colors: tuple[str, str],
    small: bool = False,
) -> None:
    """One bar a step, from its beginning to its end; the residual last, and the band about the end."""
    values, measured = path.values[:, number_of], float(path.measured[number_of])
    stops = np.append(values, measured)
    rows = np.arange(1, len(stops))
    size = "small" if small else "medium"
    for row, begin, end in zip(rows, stops[:-1], stops[1:], strict=True):
        last = row == rows[-1]
        color = colors[0] if end >= begin else colors[1]
        look: dict[str, Any] = {"hatch": "////", "edgecolor": color, "facecolor": "white"} if last else {"color": color}
        axes.barh(row, end - begin, 0.62, left=begin, linewidth=pt(0.6), zorder=3, **look)
        axes.plot([begin, begin], [row - 1, row], color=GRAY, linewidth=pt(0.5), zorder=2)
        place: dict[str, Any] = {"xytext": (pt(2.5), 0), "textcoords": "offset points", "verticalalignment": "center"}
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0, "alpha": 0.8}
        axes.annotate(number(end - begin, "+.2f"), (max(begin, end), row), fontsize=size, bbox=box, **place)
    if np.isfinite(band):
        axes.axvspan(values[-1] - band, values[-1] + band, color=FAINT, alpha=0.3, linewidth=0, zorder=1)
    axes.plot(values[0], 0, "o", color=INK)
    axes.axvline(measured, color=BLACK, linewidth=pt(0.9), zorder=1)
    names = ["stand-in for the published theory", *(labels[step] for step in path.steps), "left to the measured"]
    axes.set_yticks(np.arange(len(names)), [literal(name) for name in names], fontsize=size)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    span = stops.max() - stops.min()
    axes.set_xlim(stops.min() - 0.08 * span, stops.max() + (0.65 if small else 0.5) * span)
