"""Tornado plot: what a step of each parameter does to g_e, g_h and g_BX, one panel a nanocrystal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.plot.palette import BLACK, NAMES, QUANTITIES
from bandg.plot.sheet import Contents, letters, sheet, suptitle
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.sensitivity.effects import Effects

_LETTER_PT = 4.5
"""Mean width of a letter of the title in the paper's style."""

_NARROWEST = 1.3
"""Least width of a panel in inches of the paper's style."""

LARGEST = 12
"""So many parameters are drawn, those with the largest effect at any size."""


def contents(crystals: int) -> Contents:
    """What may be chosen of the picture of so many nanocrystals."""
    return Contents([str(number + 1) for number in range(crystals)], labels=(3,), colors=(3,))


def plot_tornado(
    found: Effects, largest: int = LARGEST, ax: Axes | Sequence[Axes] | None = None, **look: Unpack[Look]
) -> tuple[Axes, ...]:
    """Draw the effects of the steps, one panel a nanocrystal; the pale half of a bar is the step the other way.

    ax: as many axes as there are panels; without it a new figure is made. look: style, width, panels, labels and colors
    as in `bandg.plot.Look`; the panels are the nanocrystals by number from "1", labels and colors those of g_e, g_h and
    g_BX. Returns the axes. Raises BandgError for another number of axes and for a look that cannot be.
    """
    tables = [{row["path"]: row for row in found.rows(number)} for number in range(len(found.found))]
    by_path = {
        step.path: max(abs(table[step.path][f"effect_{q}"]) for table in tables for q in ("g_e", "g_h"))
        for step in found.steps
    }
    chosen = sorted(by_path, key=lambda name: -by_path[name])[:largest]
    steps = {step.path: step for step in found.steps}
    with sheet(ax, look) as page:
        numbers = [int(name) - 1 for name in page.pick(contents(len(tables)).panels)]
        labels, colors = page.labels([NAMES[one] for one in QUANTITIES]), page.colors(tuple(QUANTITIES.values()))
        names = [_name(steps[name]) for name in chosen]
        beside = max(map(len, names)) * _LETTER_PT / 72
        narrow = page.is_new and page.width < beside + _NARROWEST
        if narrow:  # value and unit of a step below its name
            names = [name.replace(" (", "\n(") for name in names]
            beside /= 1.5
        height = 0.8 + (0.32 if narrow else 0.25) * len(chosen)
        axes = page.axes(len(numbers), height, narrowest=_NARROWEST, beside=beside, sharey=True, sharex=True)
        for one, number in zip(axes, numbers, strict=True):
            _bars(one, [tables[number][name] for name in chosen], labels, colors)
            crystal = found.found[number].nanocrystal
            between = "\n" if narrow else ", "
            one.set_title(f"{crystal.size_nm:.2f} nm {crystal.shape}{between}{crystal.termination}")
        axes[0].set_yticks(np.arange(len(chosen)), names, fontsize="small" if narrow else None)
        axes[0].invert_yaxis()
        if page.is_new:
            letters(axes)
            figure: Any = axes[0].figure
            change, fits = "change of $g$ for a step up (pale: down), linear", int(page.width * 72 / _LETTER_PT)
            wide = fits > 90  # room for the keys on the line of this label
            if wide:
                figure.supxlabel(change, fontsize="medium")
            suptitle(page, axes, f"{found.parameters.name}: exact derivatives times the stated step")
            keys = axes[0].get_legend_handles_labels()
            place: dict[str, Any] = (
                {"loc": "outside lower right"}
                if wide
                else {"loc": "outside lower center", "title": "\n".join(page.lines(change))}
            )
            figure.legend(*keys, ncols=3, **place)
        else:
            axes[0].legend(loc="lower right", fontsize="small")
    return axes


def _bars(axes: Axes, table: Sequence[dict[str, Any]], labels: Sequence[str], colors: Sequence[str]) -> None:
    """Two bars a parameter, and a diamond for their sum."""
    place = np.arange(len(table))
    for shift, quantity, label, color in zip((-0.2, 0.2), ("g_e", "g_h"), labels, colors, strict=False):
        values = [row[f"effect_{quantity}"] for row in table]
        axes.barh(place + shift, np.negative(values), 0.36, color=color, alpha=0.25, linewidth=0)
        axes.barh(place + shift, values, 0.36, color=color, label=label, linewidth=0)
    both = [row["effect_g_bx"] for row in table]
    axes.plot(both, place, "D", color=colors[2], markersize=pt(3), label=labels[2], linestyle="none")
    axes.tick_params(axis="y", which="both", length=0)
    axes.axvline(0, color=BLACK, linewidth=pt(0.6))


def _name(step: object) -> str:
    path, size, unit = (getattr(step, key) for key in ("path", "size", "unit"))
    return literal(f"{path} ({size:.3g} {unit})")
