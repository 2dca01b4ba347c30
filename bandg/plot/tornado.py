"""Tornado plot: what a step of each parameter does to g_e, g_h and g_BX, one panel a nanocrystal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from bandg.plot.output import check_picture_path, save
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from bandg.analysis.sensitivity.effects import Effects

_LOOKS = {"g_e": ("#0072B2", r"$g_\mathrm{e}$"), "g_h": ("#D55E00", r"$g_\mathrm{h}$")}
_BX = ("#333333", r"$g_\mathrm{BX}$")
LARGEST = 12
"""So many parameters are drawn, those with the largest effect at any size."""


def plot_tornado(found: Effects, path: str | os.PathLike[str], largest: int = LARGEST) -> None:
    """Draw the effects of the steps to a file; the pale half of a bar is the step the other way.

    Raises BandgError where the file cannot be written.
    """
    import matplotlib.pyplot as plt

    check_picture_path(path)
    tables = [{row["path"]: row for row in found.rows(number)} for number in range(len(found.found))]
    by_path = {
        step.path: max(abs(table[step.path][f"effect_{q}"]) for table in tables for q in ("g_e", "g_h"))
        for step in found.steps
    }
    chosen = sorted(by_path, key=lambda name: -by_path[name])[:largest]
    steps = {step.path: step for step in found.steps}
    with style():
        size = (7.0, 1.4 + 0.27 * len(chosen))
        figure, panels = plt.subplots(1, len(tables), sharey=True, sharex=True, squeeze=False, figsize=size)
        try:
            place = np.arange(len(chosen))
            for axes, table, derivative in zip(panels[0], tables, found.found, strict=True):
                for shift, (quantity, (color, label)) in zip((-0.2, 0.2), _LOOKS.items(), strict=True):
                    values = [table[name][f"effect_{quantity}"] for name in chosen]
                    axes.barh(place + shift, np.negative(values), 0.36, color=color, alpha=0.25, linewidth=0)
                    axes.barh(place + shift, values, 0.36, color=color, label=label, linewidth=0)
                both = [table[name]["effect_g_bx"] for name in chosen]
                axes.plot(both, place, "D", color=_BX[0], markersize=3, label=_BX[1], linestyle="none")
                axes.tick_params(axis="y", which="both", length=0)
                axes.axvline(0, color="black", linewidth=0.6)
                crystal = derivative.nanocrystal
                axes.set_title(f"{crystal.size_nm:.2f} nm {crystal.shape}, {crystal.termination}", fontsize=7)
            panels[0][0].set_yticks(place, [_name(steps[name]) for name in chosen])
            panels[0][0].invert_yaxis()
            figure.supxlabel("change of g for a step up (pale: down), linear", fontsize=8)
            panels[0][0].legend(loc="lower right", fontsize=6)
            figure.suptitle(literal(f"{found.parameters.name}: exact derivatives times the stated step"), fontsize=8)
            save(figure, path)
        finally:
            plt.close(figure)


def _name(step: object) -> str:
    path, size, unit = (getattr(step, key) for key in ("path", "size", "unit"))
    return literal(f"{path} ({size:.3g} {unit})")
