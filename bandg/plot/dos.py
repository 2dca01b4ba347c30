"""The density of states of a nanocrystal in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from bandg.plot.legends import own_legend
from bandg.plot.palette import BLACK, BLUE
from bandg.plot.sheet import Contents, letters, sheet
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.models.etb.dos import DensityOfStates


PANELS = ("density", "count")


def contents(counts: bool) -> Contents:
    """What may be chosen of the picture. counts: whether there are exact counts."""
    return Contents(PANELS, labels=(1 + counts,), colors=(1 + counts,))


def plot_dos(
    found: DensityOfStates,
    title: str = "",
    counts: Sequence[tuple[float, int]] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Density of states above, number of states below an energy beneath it, with the exact counts as points.

    counts: (energy in eV, number of states below). ax: two axes; without it a new figure is made. look: style, width,
    panels, labels and colors as in `bandg.plot.Look`; the panels are "density" and "count", labels and colors those of
    the curve and of the exact counts. Returns the axes. Raises BandgError for another number of axes and for a look
    that cannot be.
    """
    with sheet(ax, look) as page:
        names = page.pick(PANELS)
        own = ("kernel polynomials", "exact count") if counts else ("kernel polynomials",)
        labels, colors = page.labels(own), page.colors((BLUE, BLACK)[: len(own)])
        axes = page.axes(len(names), 1.9, 1, sharex=True)
        energies, density, error = found.energies_eV, found.states_per_eV, found.error_per_eV
        for one, name in zip(axes, names, strict=True):
            if name == "density":
                one.fill_between(energies, density - error, density + error, color=colors[0], alpha=0.3, linewidth=0)
                one.plot(energies, density, color=colors[0], linewidth=pt(1), label=labels[0])
                one.set(ylabel="states per eV", ylim=(0, None))
            else:
                number = np.array([found.count_below(energy)[0] for energy in energies])
                one.plot(energies, number, color=colors[0], linewidth=pt(1), label=labels[0])
                if counts:
                    one.plot(*np.array(counts).T, "o", color=colors[1], markersize=pt(3), label=labels[1])
                one.set(ylabel="states below", ylim=(0, None))
            one.set_xlim(energies[0], energies[-1])
        axes[-1].set_xlabel("energy (eV)")
        own_legend(page, axes[-1], loc="upper left", borderaxespad=0.8)
        axes[0].set_title("\n".join(page.lines(literal(title), 1.2)) if page.is_new else literal(title))
        if page.is_new:
            letters(axes)
    return axes
