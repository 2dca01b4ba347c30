"""Global sensitivity in a picture: indices by parameter, and how they settle with the number of evaluations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from bandg.plot.output import check_picture_path, save
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.sensitivity.indices import GlobalSensitivity

QUANTITIES = ("g_e", "g_h", "g_bx")
_COLORS = {"g_e": "#0072B2", "g_h": "#D55E00", "g_bx": "#333333"}
_NAMES = {"g_e": r"$g_\mathrm{e}$", "g_h": r"$g_\mathrm{h}$", "g_bx": r"$g_\mathrm{BX}$"}
_RANK = {"morris": ("mu_star", "mean magnitude of the change over the range"), "sobol": ("ST", "total Sobol index")}
_CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
LARGEST = 10


def plot_indices(found: GlobalSensitivity, path: str | os.PathLike[str], crystal: int = -1) -> None:
    """Draw the indices of one nanocrystal (default: the last) with 95 % intervals, and their convergence below.

    Raises BandgError where the file cannot be written.
    """
    import matplotlib.pyplot as plt

    check_picture_path(path)
    number = crystal % len(found.crystals)
    rank, label = _RANK[found.method]
    best = {index.path: 0.0 for index in found.final(number, "g_e")}
    for quantity in QUANTITIES:
        for index in found.final(number, quantity):
            best[index.path] = max(best[index.path], index.values[rank])
    chosen = sorted(best, key=lambda name: -best[name])[:LARGEST]
    with style():
        size = (7.0, 2.9 + 0.2 * len(chosen))
        figure, panels = plt.subplots(2, 3, figsize=size, sharex="row", sharey="row", layout="constrained")
        try:
            for axes, below, quantity in zip(*panels, QUANTITIES, strict=True):
                _bars(axes, found, number, quantity, chosen)
                _convergence(below, found, number, quantity, chosen[: len(_CURVES)])
                axes.set_title(_NAMES[quantity], fontsize=8)
            panels[0][0].set_yticks(np.arange(len(chosen)), [literal(name) for name in chosen], fontsize=6)
            panels[0][0].invert_yaxis()
            panels[0][1].set_xlabel(label, fontsize=7)
            panels[1][0].set_ylabel(rank, fontsize=7)
            panels[1][1].set_xlabel("evaluations", fontsize=7)
            panels[1][2].legend(fontsize=5)
            cut = found.crystals[number]
            title = f"{found.parameters.name}, {cut.size_nm:.2f} nm {cut.shape}, {cut.termination}: {found.method}"
            figure.suptitle(literal(title), fontsize=8)
            save(figure, path)
        finally:
            plt.close(figure)


def _bars(axes: Axes, found: GlobalSensitivity, number: int, quantity: str, chosen: list[str]) -> None:
    rank = _RANK[found.method][0]
    values = {index.path: index.values for index in found.final(number, quantity)}
    place = np.arange(len(chosen))
    error = [values[name][f"{rank}_conf"] for name in chosen]
    length = [values[name][rank] for name in chosen]
    axes.barh(place, length, 0.7, xerr=error, color=_COLORS[quantity], alpha=0.7, error_kw={"elinewidth": 0.8})
    if found.method == "sobol":
        axes.plot([values[name]["S1"] for name in chosen], place, "|", color="black", markersize=7)
    axes.tick_params(axis="y", which="both", length=0)


def _convergence(axes: Axes, found: GlobalSensitivity, number: int, quantity: str, chosen: list[str]) -> None:
    rank = _RANK[found.method][0]
    for color, name in zip(_CURVES, chosen, strict=False):
        own = [i for i in found.indices if (i.crystal, i.quantity, i.path) == (number, quantity, name)]
        evaluations, values = [i.evaluations for i in own], [i.values[rank] for i in own]
        errors = [i.values[f"{rank}_conf"] for i in own]
        axes.errorbar(evaluations, values, errors, color=color, marker="o", markersize=2, label=literal(name))
