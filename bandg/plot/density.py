"""A nanocrystal with the densities of its electron and hole on the atoms, in perspective, and its density of states."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.plot.palette import BLACK, BLUE, ELEMENTS, GRAY, PINK
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.models.etb.dos import DensityOfStates
    from bandg.models.etb.full import Densities, FullSystem

_LARGEST = 60.0
_ELEVATION, _AZIMUTH = 0.38, -0.96
_SMALLEST_SHARE = 1e-3


def plot_densities(
    system: FullSystem, weights: Densities, title: str = "", ax: Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """Electron and hole side by side: the area of each dot is the weight of the doublet on the atom.

    Thin lines are the box that holds all atoms. ax: two axes with projection="3d"; without it a new figure is made.
    Returns the two axes. Raises BandgError for other things than two axes.
    """
    with style(ax):
        axes = panels(ax, 1, 2, figsize=(7, 3.6), subplot_kw={"projection": "3d", "computed_zorder": False})
        carriers = (("electron", weights.electron, weights.E_e_eV), ("hole", weights.hole, weights.E_h_eV))
        for one, (name, weight, energy) in zip(axes, carriers, strict=True):
            _draw(one, system, weight)
            one.set_title(f"{name}, {energy:.3f} eV")
        axes[1].legend(loc="upper right", bbox_to_anchor=(1.12, 1.0), title="dot area:\nweight on")
        if ax is None:
            figure: Any = axes[0].figure
            figure.suptitle(literal(title))
            figure.subplots_adjust(left=0.0, right=0.93, bottom=0.06, top=0.86, wspace=0.12)
    return axes


def _draw(axes: Any, system: FullSystem, weight: NDArray[np.float64]) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.ticker import MaxNLocator, NullLocator

    positions, species = system.positions_nm, system.species
    seen = np.flatnonzero(weight > _SMALLEST_SHARE * weight.max())
    toward_eye = np.array([np.cos(_AZIMUTH), np.sin(_AZIMUTH), np.tan(_ELEVATION)])
    order = seen[np.argsort(positions[seen] @ toward_eye)]
    share = weight[order] / weight.max()
    colors = np.array([to_rgba(ELEMENTS.get(name, PINK)) for name in species[order].tolist()])
    colors[:, 3] = 0.25 + 0.6 * share
    axes.scatter(*positions[order].T, s=share * _LARGEST, c=colors, linewidths=0, depthshade=False)
    for name in dict.fromkeys(species.tolist()):
        axes.scatter([], [], [], s=_LARGEST / 2, c=ELEMENTS.get(name, PINK), label=name)
    _draw_box(axes, positions)
    extent = np.abs(positions).max()
    for axis in "xyz":
        getattr(axes, f"set_{axis}lim")(-extent, extent)
        getattr(axes, f"set_{axis}label")(f"{axis} (nm)", labelpad=-4)
        getattr(axes, f"{axis}axis").set_major_locator(MaxNLocator(4))
        getattr(axes, f"{axis}axis").set_minor_locator(NullLocator())
        getattr(axes, f"{axis}axis").pane.set_visible(False)
    axes.grid(False)
    axes.tick_params(pad=-2)
    axes.set_box_aspect((1, 1, 1))
    axes.view_init(elev=np.degrees(_ELEVATION), azim=np.degrees(_AZIMUTH))


def _draw_box(axes: Any, positions: NDArray[np.float64]) -> None:
    """The edges of the box that holds all atoms."""
    corners = np.array(list(product(*zip(positions.min(axis=0), positions.max(axis=0), strict=True))))
    for one, other in combinations(corners, 2):
        if np.sum(one != other) == 1:
            axes.plot(*np.stack([one, other]).T, color=GRAY, linewidth=0.6, zorder=0)


def plot_dos(
    found: DensityOfStates,
    title: str = "",
    counts: Sequence[tuple[float, int]] | None = None,
    ax: Sequence[Axes] | None = None,
) -> tuple[Axes, ...]:
    """Density of states above, number of states below an energy beneath it, with the exact counts as points.

    counts: (energy in eV, number of states below). ax: two axes; without it a new figure is made. Returns the two axes.
    Raises BandgError for other things than two axes.
    """
    with style(ax):
        top, low = panels(ax, 2, 1, figsize=(7, 4.4), sharex=True, layout="constrained")
        energies, density, error = found.energies_eV, found.states_per_eV, found.error_per_eV
        top.fill_between(energies, density - error, density + error, color=BLUE, alpha=0.3, linewidth=0)
        top.plot(energies, density, color=BLUE, linewidth=1)
        top.set(ylabel="states per eV", ylim=(0, None), xlim=(energies[0], energies[-1]))
        number = np.array([found.count_below(energy)[0] for energy in energies])
        low.plot(energies, number, color=BLUE, linewidth=1, label="kernel polynomials")
        if counts:
            low.plot(*np.array(counts).T, "o", color=BLACK, markersize=3, label="exact count")
        low.set(xlabel="energy (eV)", ylabel="states below", ylim=(0, None))
        low.legend()
        top.set_title(literal(title))
    return top, low
