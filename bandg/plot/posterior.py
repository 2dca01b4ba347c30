"""Inference in pictures: the posterior-predictive band on g against energy, and dynesty's corner plot."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bandg.plot.output import check_picture_path, save
from bandg.plot.points import series_of
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.inference.sampling import Inference, Posterior

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_NAMES = {"g_e": r"$g_\mathrm{e}$", "g_h": r"$g_\mathrm{h}$", "g_bx": r"$g_\mathrm{BX}$"}
ENERGIES = np.linspace(1.62, 2.4, 157)
"""Photon energies in eV at which the bands are evaluated."""


def plot_bands_of_models(
    found: Inference, path: str | os.PathLike[str], energies: Sequence[float] | None = None
) -> None:
    """Draw median and 95 % of g_e, g_h and g_BX against photon energy for every model over the measured points.

    A band ends where the curve of any of its samples does. Filled points entered, open gray ones did not.
    Raises BandgError where the file cannot be written.
    """
    import matplotlib.pyplot as plt

    from bandg.analysis.inference.sampling import band

    check_picture_path(path)
    grid = np.asarray(ENERGIES if energies is None else energies)
    with style():
        figure, panels = plt.subplots(1, 3, figsize=(7.0, 2.9), layout="constrained")
        try:
            for color, one in zip(_COLORS, found.ranking(), strict=False):
                low, median, high = band(one, grid)
                for number, axes in enumerate(panels):
                    axes.fill_between(grid, low[:, number], high[:, number], color=color, alpha=0.2, linewidth=0)
                    label = f"{one.model.name} (ln Z {one.log_evidence:.1f})"
                    axes.plot(grid, median[:, number], color=color, label=literal(label))
            for axes, (quantity, name) in zip(panels, _NAMES.items(), strict=True):
                _points(axes, found, quantity)
                axes.set_ylabel(name)
                axes.set_xlabel("photon energy (eV)")
            panels[0].legend(fontsize=6)
            figure.suptitle("posterior-predictive median and 95 %; gray: did not enter", fontsize=8)
            save(figure, path)
        finally:
            plt.close(figure)


def _points(axes: Axes, found: Inference, quantity: str) -> None:
    for points, color in ((found.points.measured, "black"), ([p for p, _ in found.points.left_out], "#999999")):
        for series in series_of(points):
            for mark in series.marks:
                if mark.quantity == quantity:
                    mark.draw(axes, color)


def plot_corner(found: Posterior, path: str | os.PathLike[str]) -> None:
    """dynesty's corner plot of one model. Raises BandgError where the file cannot be written."""
    import matplotlib.pyplot as plt
    from dynesty import plotting

    check_picture_path(path)
    labels = [literal(f"{r.path}" + (f" ({r.unit})" if r.unit else "")) for r in found.model.ranges]
    with style(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library that a newer matplotlib or scipy may warn about
        figure, _ = plotting.cornerplot(
            found.raw,
            labels=labels,
            show_titles=True,
            title_fmt=".3f",
            title_kwargs={"fontsize": 6, "y": 1.04},
            label_kwargs={"fontsize": 7},
            color=_COLORS[0],
            max_n_ticks=4,
            smooth=0.04,
            span=[(r.lower, r.upper) for r in found.model.ranges],
        )
        try:
            side = 1.6 + 1.5 * len(labels)
            figure.set_size_inches(side, side)
            save(figure, path)
        finally:
            plt.close(figure)
