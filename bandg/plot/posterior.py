"""Inference in pictures: the posterior-predictive band on g against energy, and dynesty's corner plot."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, BLUE, FAINT, LINES, NAMES, QUANTITIES
from bandg.plot.points import series_of
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.inference.sampling import Inference, Posterior

ENERGIES = np.linspace(1.62, 2.4, 157)
"""Photon energies in eV at which the bands are evaluated."""


def plot_bands_of_models(
    found: Inference, energies: Sequence[float] | None = None, ax: Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """Draw median and 95 % of g_e, g_h and g_BX against photon energy for every model over the measured points.

    A band ends where the curve of any of its samples does. Filled points entered, open gray ones did not.
    ax: three axes; without it a new figure is made. Returns the axes. Raises BandgError for another number of axes.
    """
    from bandg.analysis.inference.sampling import band

    grid = np.asarray(ENERGIES if energies is None else energies)
    with style(ax):
        axes = panels(ax, 1, 3, figsize=(7.0, 2.9), layout="constrained")
        for color, one in zip(LINES, found.ranking(), strict=False):
            low, median, high = band(one, grid)
            for number, panel in enumerate(axes):
                panel.fill_between(grid, low[:, number], high[:, number], color=color, alpha=0.2, linewidth=0)
                label = f"{one.model.name} (ln Z {one.log_evidence:.1f})"
                panel.plot(grid, median[:, number], color=color, label=literal(label))
        for panel, quantity in zip(axes, QUANTITIES, strict=True):
            _points(panel, found, quantity)
            panel.set_ylabel(NAMES[quantity])
            panel.set_xlabel("photon energy (eV)")
        axes[0].legend(fontsize=6)
        if ax is None:
            figure: Any = axes[0].figure
            figure.suptitle("posterior-predictive median and 95 %; gray: did not enter", fontsize=8)
    return axes


def _points(axes: Axes, found: Inference, quantity: str) -> None:
    for points, color in ((found.points.measured, BLACK), ([p for p, _ in found.points.left_out], FAINT)):
        for series in series_of(points):
            replace(series, color=color).draw(axes, (quantity,))


def plot_corner(found: Posterior) -> tuple[Axes, ...]:
    """dynesty's corner plot of one model on a new figure; returns its axes, row by row."""
    from dynesty import plotting

    labels = [literal(f"{r.path}" + (f" ({r.unit})" if r.unit else "")) for r in found.model.ranges]
    with style(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library that a newer matplotlib or scipy may warn about
        figure, axes = plotting.cornerplot(
            found.raw,
            labels=labels,
            show_titles=True,
            title_fmt=".3f",
            title_kwargs={"fontsize": 6, "y": 1.04},
            label_kwargs={"fontsize": 7},
            color=BLUE,
            max_n_ticks=4,
            smooth=0.04,
            span=[(r.lower, r.upper) for r in found.model.ranges],
        )
        side = 1.6 + 1.5 * len(labels)
        figure.set_size_inches(side, side)
    return tuple(np.asarray(axes, dtype=object).flat)
