"""A nanocrystal with the densities of its electron and hole on the atoms, in perspective, and its density of states."""

from __future__ import annotations

import os
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.plot.output import save
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bandg.models.etb.dos import DensityOfStates
    from bandg.models.etb.full import Densities, FullSystem

_COLORS = {"Pb": "#0072B2", "I": "#D55E00", "Br": "#E69F00", "Cl": "#009E73"}
_LARGEST = 60.0
_ELEVATION, _AZIMUTH = 0.38, -0.96
_SMALLEST_SHARE = 1e-3


def plot_densities(
    system: FullSystem, weights: Densities, path: str | os.PathLike[str] | None = None, title: str = ""
) -> Figure:
    """Electron and hole side by side: the area of each dot is the weight of the doublet on the atom.

    Thin lines are the box that holds all atoms. path: file to write, .pdf, .png or .svg. Raises BandgError where it
    cannot be written.
    """
    import matplotlib.pyplot as plt

    with style():
        figure = plt.figure(figsize=(7, 3.6))
        carriers = (("electron", weights.electron, weights.E_e_eV), ("hole", weights.hole, weights.E_h_eV))
        for number, (name, weight, energy) in enumerate(carriers):
            axes: Any = figure.add_subplot(1, 2, number + 1, projection="3d", computed_zorder=False)
            _draw(axes, system, weight)
            axes.set_title(f"{name}, {energy:.3f} eV")
            if number:
                axes.legend(loc="upper right", bbox_to_anchor=(1.12, 1.0), title="dot area:\nweight on")
        if title:
            figure.suptitle(literal(title))
        figure.subplots_adjust(left=0.0, right=0.93, bottom=0.06, top=0.86, wspace=0.12)
        if path is not None:
            save(figure, path)
        plt.close(figure)
    return figure


def _draw(axes: Any, system: FullSystem, weight: NDArray[np.float64]) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.ticker import MaxNLocator, NullLocator

    positions, species = system.positions_nm, system.species
    seen = np.flatnonzero(weight > _SMALLEST_SHARE * weight.max())
    toward_eye = np.array([np.cos(_AZIMUTH), np.sin(_AZIMUTH), np.tan(_ELEVATION)])
    order = seen[np.argsort(positions[seen] @ toward_eye)]
    share = weight[order] / weight.max()
    colors = np.array([to_rgba(_COLORS.get(name, "#CC79A7")) for name in species[order].tolist()])
    colors[:, 3] = 0.25 + 0.6 * share
    axes.scatter(*positions[order].T, s=share * _LARGEST, c=colors, linewidths=0, depthshade=False)
    for name in dict.fromkeys(species.tolist()):
        axes.scatter([], [], [], s=_LARGEST / 2, c=_COLORS.get(name, "#CC79A7"), label=name)
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
            axes.plot(*np.stack([one, other]).T, color="#888888", linewidth=0.6, zorder=0)


def plot_dos(
    found: DensityOfStates,
    path: str | os.PathLike[str] | None = None,
    title: str = "",
    counts: list[tuple[float, int]] | None = None,
) -> Figure:
    """Density of states above, number of states below an energy beneath it, with the exact counts as points.

    counts: (energy in eV, number of states below). path: file to write. Raises BandgError where it cannot be written.
    """
    import matplotlib.pyplot as plt

    with style():
        figure, (top, low) = plt.subplots(2, 1, figsize=(7, 4.4), sharex=True, layout="constrained")
        energies, density, error = found.energies_eV, found.states_per_eV, found.error_per_eV
        top.fill_between(energies, density - error, density + error, color="C0", alpha=0.3, linewidth=0)
        top.plot(energies, density, color="C0", linewidth=1)
        top.set(ylabel="states per eV", ylim=(0, None), xlim=(energies[0], energies[-1]))
        number = np.array([found.count_below(energy)[0] for energy in energies])
        low.plot(energies, number, color="C0", linewidth=1, label="kernel polynomials")
        if counts:
            low.plot(*np.array(counts).T, "o", color="black", markersize=3, label="exact count")
        low.set(xlabel="energy (eV)", ylabel="states below", ylim=(0, None))
        low.legend()
        if title:
            top.set_title(literal(title))
        if path is not None:
            save(figure, path)
        plt.close(figure)
    return figure
