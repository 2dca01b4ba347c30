"""Global sensitivity in a picture: indices by parameter, and how they settle with the number of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, LINES, NAMES, QUANTITIES
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.sensitivity.indices import GlobalSensitivity

_RANK = {"morris": ("mu_star", "mean magnitude of the change over the range"), "sobol": ("ST", "total Sobol index")}
LARGEST = 10
_FOLLOWED = 5
"""The convergence is drawn of so many parameters."""


def plot_indices(found: GlobalSensitivity, crystal: int = -1, ax: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw the indices of one nanocrystal (default: the last) with 95 % intervals, and their convergence below.

    ax: six axes, row by row; without it a new figure is made. Returns the axes. Raises BandgError for another number.
    """
    number = crystal % len(found.crystals)
    rank, label = _RANK[found.method]
    best = {index.path: 0.0 for index in found.final(number, "g_e")}
    for quantity in QUANTITIES:
        for index in found.final(number, quantity):
            best[index.path] = max(best[index.path], index.values[rank])
    chosen = sorted(best, key=lambda name: -best[name])[:LARGEST]
    with style(ax):
        size = (7.0, 2.9 + 0.2 * len(chosen))
        axes = panels(ax, 2, 3, figsize=size, sharex="row", sharey="row", layout="constrained")
        for top, low, quantity in zip(axes[:3], axes[3:], QUANTITIES, strict=True):
            _bars(top, found, number, quantity, chosen)
            _convergence(low, found, number, quantity, chosen[:_FOLLOWED])
            top.set_title(NAMES[quantity], fontsize=8)
        axes[0].set_yticks(np.arange(len(chosen)), [literal(name) for name in chosen], fontsize=6)
        axes[0].invert_yaxis()
        axes[1].set_xlabel(label, fontsize=7)
        axes[3].set_ylabel(rank, fontsize=7)
        axes[4].set_xlabel("evaluations", fontsize=7)
        axes[5].legend(fontsize=5)
        if ax is None:
            cut = found.crystals[number]
            title = f"{found.parameters.name}, {cut.size_nm:.2f} nm {cut.shape}, {cut.termination}: {found.method}"
            figure: Any = axes[0].figure
            figure.suptitle(literal(title), fontsize=8)
    return axes


def _bars(axes: Axes, found: GlobalSensitivity, number: int, quantity: str, chosen: list[str]) -> None:
    rank = _RANK[found.method][0]
    values = {index.path: index.values for index in found.final(number, quantity)}
    place = np.arange(len(chosen))
    error = [values[name][f"{rank}_conf"] for name in chosen]
    length = [values[name][rank] for name in chosen]
    axes.barh(place, length, 0.7, xerr=error, color=QUANTITIES[quantity], alpha=0.7, error_kw={"elinewidth": 0.8})
    if found.method == "sobol":
        axes.plot([values[name]["S1"] for name in chosen], place, "|", color=BLACK, markersize=7)
    axes.tick_params(axis="y", which="both", length=0)


def _convergence(axes: Axes, found: GlobalSensitivity, number: int, quantity: str, chosen: list[str]) -> None:
    rank = _RANK[found.method][0]
    for color, name in zip(LINES, chosen, strict=False):
        own = [i for i in found.indices if (i.crystal, i.quantity, i.path) == (number, quantity, name)]
        evaluations, values = [i.evaluations for i in own], [i.values[rank] for i in own]
        errors = [i.values[f"{rank}_conf"] for i in own]
        axes.errorbar(evaluations, values, errors, color=color, marker="o", markersize=2, label=literal(name))
