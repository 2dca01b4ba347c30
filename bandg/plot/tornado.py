"""Tornado plot: what a step of each parameter does to g_e, g_h and g_BX, one panel a nanocrystal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, NAMES, QUANTITIES
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.sensitivity.effects import Effects

LARGEST = 12
"""So many parameters are drawn, those with the largest effect at any size."""


def plot_tornado(found: Effects, largest: int = LARGEST, ax: Axes | Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw the effects of the steps, one panel a nanocrystal; the pale half of a bar is the step the other way.

    ax: as many axes as there are nanocrystals; without it a new figure is made. Returns the axes. Raises BandgError
    for another number of axes.
    """
    tables = [{row["path"]: row for row in found.rows(number)} for number in range(len(found.found))]
    by_path = {
        step.path: max(abs(table[step.path][f"effect_{q}"]) for table in tables for q in ("g_e", "g_h"))
        for step in found.steps
    }
    chosen = sorted(by_path, key=lambda name: -by_path[name])[:largest]
    steps = {step.path: step for step in found.steps}
    with style(ax):
        size = (7.0, 1.4 + 0.27 * len(chosen))
        axes = panels(ax, 1, len(tables), sharey=True, sharex=True, figsize=size)
        for one, table, derivative in zip(axes, tables, found.found, strict=True):
            _bars(one, [table[name] for name in chosen])
            crystal = derivative.nanocrystal
            one.set_title(f"{crystal.size_nm:.2f} nm {crystal.shape}, {crystal.termination}", fontsize=7)
        axes[0].set_yticks(np.arange(len(chosen)), [_name(steps[name]) for name in chosen])
        axes[0].invert_yaxis()
        axes[0].legend(loc="lower right", fontsize=6)
        if ax is None:
            figure: Any = axes[0].figure
            figure.supxlabel("change of g for a step up (pale: down), linear", fontsize=8)
            figure.suptitle(literal(f"{found.parameters.name}: exact derivatives times the stated step"), fontsize=8)
    return axes


def _bars(axes: Axes, table: Sequence[dict[str, Any]]) -> None:
    """Two bars a parameter, and a diamond for their sum."""
    place = np.arange(len(table))
    for shift, quantity in ((-0.2, "g_e"), (0.2, "g_h")):
        values, color = [row[f"effect_{quantity}"] for row in table], QUANTITIES[quantity]
        axes.barh(place + shift, np.negative(values), 0.36, color=color, alpha=0.25, linewidth=0)
        axes.barh(place + shift, values, 0.36, color=color, label=NAMES[quantity], linewidth=0)
    both = [row["effect_g_bx"] for row in table]
    axes.plot(both, place, "D", color=QUANTITIES["g_bx"], markersize=3, label=NAMES["g_bx"], linestyle="none")
    axes.tick_params(axis="y", which="both", length=0)
    axes.axvline(0, color=BLACK, linewidth=0.6)


def _name(step: object) -> str:
    path, size, unit = (getattr(step, key) for key in ("path", "size", "unit"))
    return literal(f"{path} ({size:.3g} {unit})")
