"""Global sensitivity in a picture: indices by parameter, and how they settle with the number of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.plot.palette import BLACK, LINES, NAMES, QUANTITIES
from bandg.plot.points import error_bar
from bandg.plot.sheet import Contents, sheet, suptitle
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.sensitivity.indices import GlobalSensitivity

_RANK = {"morris": ("mu_star", "mean magnitude of the change over the range"), "sobol": ("ST", "total Sobol index")}
_SHORT = {"mu_star": "mean change", "ST": "$S_T$"}
LARGEST = 10
_FOLLOWED = 5
"""The convergence is drawn of so many parameters."""


CONTENTS = Contents(tuple(QUANTITIES), labels=None, colors=None, least=lambda panels: 1.3 + 0.68 * len(panels))
"""What may be chosen of the picture."""


def plot_indices(
    found: GlobalSensitivity, crystal: int = -1, ax: Axes | Sequence[Axes] | None = None, **look: Unpack[Look]
) -> tuple[Axes, ...]:
    """Draw the indices of one nanocrystal (default: the last) with 95 % intervals, and their convergence below.

    ax: two axes for each panel, row by row; without it a new figure is made. look: style, width, panels, labels and
    colors as in `bandg.plot.Look`; panels, labels and colors are of g_e, g_h and g_bx. Returns the axes. Raises
    BandgError for another number of axes and for a look that cannot be.
    """
    number = crystal % len(found.crystals)
    rank, label = _RANK[found.method]
    best = {index.path: 0.0 for index in found.final(number, "g_e")}
    for quantity in QUANTITIES:
        for index in found.final(number, quantity):
            best[index.path] = max(best[index.path], index.values[rank])
    chosen = sorted(best, key=lambda name: -best[name])[:LARGEST]
    with sheet(ax, look) as page:
        shown = page.pick(CONTENTS.panels)
        page.check_width(CONTENTS.least(shown))
        labels = page.labels([NAMES[quantity] for quantity in shown])
        colors = page.colors([QUANTITIES[quantity] for quantity in shown])
        n, high = len(shown), 1.2 + 0.17 * len(chosen)
        ratios = {"height_ratios": (high, 1.5)}
        sharing: dict[str, Any] = {"sharex": "row", "sharey": "row", "gridspec_kw": ratios}
        axes = page.axes(2 * n, (high + 1.5) / 2, n, narrowest=0.1, **sharing)
        for top, low, quantity, name, color in zip(axes[:n], axes[n:], shown, labels, colors, strict=True):
            _bars(top, found, number, quantity, chosen, color)
            _convergence(low, found, number, quantity, chosen[:_FOLLOWED])
            top.set_title(name, fontsize="medium")
        axes[0].set_yticks(np.arange(len(chosen)), [literal(name) for name in chosen], fontsize="small")
        axes[0].invert_yaxis()
        axes[n // 2].set_xlabel(label)
        axes[n].set_ylabel(_SHORT[rank])
        axes[n + n // 2].set_xlabel("evaluations")
        if page.is_new:
            cut = found.crystals[number]
            title = f"{found.parameters.name}, {cut.size_nm:.2f} nm {cut.shape}, {cut.termination}: {found.method}"
            figure: Any = axes[0].figure
            suptitle(page, axes, title)
            figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        else:
            axes[-1].legend(fontsize="small")
    return axes


def _bars(axes: Axes, found: GlobalSensitivity, number: int, quantity: str, chosen: list[str], color: str) -> None:
    rank = _RANK[found.method][0]
    values = {index.path: index.values for index in found.final(number, quantity)}
    place = np.arange(len(chosen))
    error = [values[name][f"{rank}_conf"] for name in chosen]
    length = [values[name][rank] for name in chosen]
    lines = {"elinewidth": pt(0.8), "ecolor": BLACK, "capsize": pt(2), "zorder": 4}
    axes.barh(place, length, 0.7, xerr=error, color=color, alpha=0.7, error_kw=lines)
    if found.method == "sobol":
        axes.plot([values[name]["S1"] for name in chosen], place, "|", color=BLACK, markersize=pt(7))
    axes.tick_params(axis="y", which="both", length=0)


def _convergence(axes: Axes, found: GlobalSensitivity, number: int, quantity: str, chosen: list[str]) -> None:
    rank = _RANK[found.method][0]
    for color, name in zip(LINES, chosen, strict=False):
        own = [i for i in found.indices if (i.crystal, i.quantity, i.path) == (number, quantity, name)]
        evaluations, values = [i.evaluations for i in own], [i.values[rank] for i in own]
        errors = [i.values[f"{rank}_conf"] for i in own]
        axes.plot(evaluations, values, color=color, marker="o", markersize=pt(2.4), label=literal(name))
        error_bar(axes, evaluations, values, errors, color, pt(2.4))
