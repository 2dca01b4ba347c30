"""Inference in pictures: the posterior-predictive band on g against energy, and dynesty's corner plot."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from bandg.base.errors import BandgError
from bandg.plot.legends import legend_below
from bandg.plot.palette import BLACK, BLUE, FAINT, LINES, NAMES, QUANTITIES
from bandg.plot.points import series_of
from bandg.plot.sheet import Contents, letters, sheet
from bandg.plot.style import Look, checked, literal, number, pt, remember, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.inference.posterior import Inference, Posterior
    from bandg.data.measured import MeasuredPoint

ENERGIES = np.linspace(1.62, 2.4, 157)
"""Photon energies in eV at which the bands are evaluated."""


CORNER = Contents(colors=(1,))
"""What may be chosen of a corner plot."""


def contents(models: int) -> Contents:
    """What may be chosen of the picture of so many models."""
    return Contents(tuple(QUANTITIES), labels=(models,), colors=(models,))


def plot_bands_of_models(
    found: Inference,
    energies: Sequence[float] | None = None,
    measured: Sequence[MeasuredPoint] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw median and 95 % of g_e, g_h and g_BX against photon energy for every model over the measured points.

    A band ends where the curve of any of its samples does. Filled points entered, open gray ones did not.
    measured: points to draw in place of those that were given to the inference, all in gray but those that entered.
    ax: as many axes as panels; without it a new figure is made. look: style, width, panels, labels and colors as in
    `bandg.plot.Look`; the panels are "g_e", "g_h" and "g_bx", labels and colors those of the models, the best first.
    Returns the axes. Raises BandgError for another number of axes and for a look that cannot be.
    """
    from bandg.analysis.inference.posterior import band

    grid = np.asarray(ENERGIES if energies is None else energies)
    ranking = found.ranking()
    with sheet(ax, look) as page:
        names = page.pick(tuple(QUANTITIES))
        labels = page.labels([literal(f"{one.model.name} (ln Z {number(one.log_evidence, '.1f')})") for one in ranking])
        colors = page.colors([LINES[place % len(LINES)] for place in range(len(ranking))])
        axes = page.axes(len(names), 2.3)
        for one, label, color in zip(ranking, labels, colors, strict=True):
            low, median, high = band(one, grid)
            for panel, name in zip(axes, names, strict=True):
                place = list(QUANTITIES).index(name)
                panel.fill_between(grid, low[:, place], high[:, place], color=color, alpha=0.2, linewidth=0)
                panel.plot(grid, median[:, place], color=color, label=label)
        for panel, quantity in zip(axes, names, strict=True):
            _points(panel, found, measured, quantity)
            panel.set_ylabel(NAMES[quantity])
            panel.set_xlabel("Transition energy (eV)")
        if page.is_new:
            letters(axes)
            title = "median and 95 % of each model; gray points did not enter"
            legend_below(page, axes, *axes[0].get_legend_handles_labels(), title)
        else:
            axes[0].legend(fontsize="small")
    return axes


def _points(axes: Axes, found: Inference, measured: Sequence[MeasuredPoint] | None, quantity: str) -> None:
    entered = found.points.measured
    every = [*entered, *(point for point, _ in found.points.left_out)] if measured is None else measured
    parts = [point for point in every if point in entered], [point for point in every if point not in entered]
    for points, color in zip(parts, (BLACK, FAINT), strict=True):
        for series in series_of(points):
            replace(series, color=color).draw(axes, (quantity,))


def plot_corner(found: Posterior, **look: Unpack[Look]) -> tuple[Axes, ...]:
    """dynesty's corner plot of one model on a new figure; returns its axes, row by row.

    look: style, width and one of colors as in `bandg.plot.Look`. Raises BandgError for a look that cannot be.
    """
    from dynesty import plotting

    labels = [literal(f"{r.path}" + (f" ({r.unit})" if r.unit else "")) for r in found.model.ranges]
    chosen = checked(look)
    if set(chosen) - {"style", "width", "colors"} or len(chosen.get("colors", ())) > 1:
        raise BandgError("a corner plot takes `style`, `width` and one of `colors` alone")
    with style(chosen.get("style", "paper")), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library that a newer matplotlib or scipy may warn about
        figure, axes = plotting.cornerplot(
            found.raw,
            labels=labels,
            show_titles=True,
            title_fmt=".3f",
            title_kwargs={"fontsize": "small", "y": 1.04},
            label_kwargs={"fontsize": "medium"},
            color=next(iter(chosen.get("colors", ())), BLUE),
            max_n_ticks=4,
            smooth=0.04,
            span=[(r.lower, r.upper) for r in found.model.ranges],
        )
        remember(figure, chosen.get("style", "paper"))
        side = chosen["width"] / 25.4 if "width" in chosen else pt(1.6 + 1.5 * len(labels))  # type: ignore[operator]
        figure.set_size_inches(side, side)
    return tuple(np.asarray(axes, dtype=object).flat)
