"""Waterfall: what each ingredient does to g on the way from one theory line to the measurement, at fixed energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, BLUE, FAINT, GRAY, INK, NAMES, ORANGE, SKY, VERMILLION
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bandg.analysis.verdict.waterfall import Waterfall
    from bandg.data.measured import MeasuredPoint

_UP = {True: (VERMILLION, ORANGE), False: (BLUE, SKY)}
"""Colors of steps up and down; the residual has the paler one."""


def plot_waterfall(
    paths: Mapping[str, Waterfall],
    labels: Mapping[str, str],
    points: Sequence[MeasuredPoint],
    band: NDArray[np.float64],
) -> tuple[Axes, ...]:
    """Draw the paths for g_h at the highest energy side by side, and the first path for the other numbers beneath.

    Parameters
    ----------
    paths : mapping of str to Waterfall
        Two paths by their titles.
    labels : mapping of str to str
        Label of each step.
    points : sequence of MeasuredPoint
        What the paths were computed for.
    band : array (points,)
        One standard error of the end; NaN where it is not known.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.
    """
    import matplotlib.pyplot as plt

    names = [(point.quantity.removeprefix("abs_"), point.energy_eV) for point in points]
    main = max(range(len(names)), key=lambda one: (names[one][0] == "g_h", names[one][1] or 0.0))
    others = [number for number in sorted(range(len(points)), key=lambda one: names[one]) if number != main]
    with style():
        figure = plt.figure(figsize=(7.0, 5.4), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=(1.12, 1))
        upper, lower = parts[0].subplots(1, 2), parts[1].subplots(1, max(len(others), 1), squeeze=False)[0]
        for axes, (title, path) in zip(upper, paths.items(), strict=True):
            _panel(axes, path, labels, main, float(band[main]))
            axes.set_title(f"{_title(names[main])}: {title}")
        first = next(iter(paths.values()))
        for axes, number in zip(lower, others, strict=False):
            _panel(axes, first, labels, number, float(band[number]), small=True)
            axes.set_title(_title(names[number]))
        for axes in lower[1:]:
            axes.set_yticklabels([])
        low, high = zip(*(axes.get_xlim() for axes in upper), strict=True)
        for axes in upper:
            axes.set_xlim(min(low), max(high))
        width = max(float(np.ptp(axes.get_xlim())) for axes in lower)
        for axes in lower:
            middle = float(np.mean(axes.get_xlim()))
            axes.set_xlim(middle - width / 2, middle + width / 2)
    return (*upper, *lower)


def _title(name: tuple[str, float | None]) -> str:
    quantity, energy = name
    return f"{NAMES[quantity]} at {energy:g} eV"


def _panel(
    axes: Axes, path: Waterfall, labels: Mapping[str, str], number: int, band: float, small: bool = False
) -> None:
    """One bar a step, from its beginning to its end; the residual last, and the band about the end."""
    values, measured = path.values[:, number], float(path.measured[number])
    stops = np.append(values, measured)
    rows = np.arange(1, len(stops))
    for row, begin, end in zip(rows, stops[:-1], stops[1:], strict=True):
        last = row == rows[-1]
        color = _UP[bool(end >= begin)][int(last)]
        look: dict[str, Any] = {"hatch": "////", "edgecolor": color, "facecolor": "white"} if last else {"color": color}
        axes.barh(row, end - begin, 0.62, left=begin, linewidth=0.6, zorder=3, **look)
        axes.plot([begin, begin], [row - 1, row], color=GRAY, linewidth=0.5, zorder=2)
        axes.annotate(
            f"{end - begin:+.2f}",
            (max(begin, end), row),
            xytext=(2.5, 0),
            textcoords="offset points",
            verticalalignment="center",
            fontsize=6 if small else 7,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0, "alpha": 0.8},
        )
    if np.isfinite(band):
        axes.axvspan(values[-1] - band, values[-1] + band, color=FAINT, alpha=0.3, linewidth=0, zorder=1)
    axes.plot(values[0], 0, "o", color=INK)
    axes.axvline(measured, color=BLACK, linewidth=0.9, zorder=1)
    names = ["stand-in for the published theory", *(labels[step] for step in path.steps), "left to the measured"]
    axes.set_yticks(np.arange(len(names)), [literal(name) for name in names], fontsize=6.5 if small else 7.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    span = stops.max() - stops.min()
    axes.set_xlim(stops.min() - 0.08 * span, stops.max() + (0.3 if small else 0.2) * span)
