"""A nanocrystal with the densities of its electron and hole: a slice through its middle with the outline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from bandg.base.arguments import choices
from bandg.base.errors import BandgError
from bandg.models.observable import CARRIERS
from bandg.plot.palette import BLUE, ELEMENTS, INK, PINK, VERMILLION
from bandg.plot.sheet import Contents, letters, sheet
from bandg.plot.style import Look, formulas, literal, number, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.models.etb.full import Densities, FullSystem

NORMALS = {"x": 0, "y": 1, "z": 2}
"""Directions across the slice."""

_SPREAD_NM = 0.25
"""Standard deviation of the Gaussian over which the weight of an atom is spread in the picture."""

_STEP_NM = 0.05
_LEVELS = (0.25, 0.5, 0.75)
_WIDE_INCHES = 3.2
"""Width of the keys in one line, in inches of the paper's style."""


CONTENTS = Contents(tuple(CARRIERS), labels=None, colors=None)
"""What may be chosen of the picture."""


def plot_densities(
    system: FullSystem,
    weights: Densities,
    title: str = "",
    ax: Axes | Sequence[Axes] | None = None,
    normal: str = "z",
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Electron and hole side by side in the plane through the middle of the nanocrystal, with its outline.

    The weight of the doublet on each atom is spread over a Gaussian of 0.25 nm standard deviation in all three
    directions; shades and lines are the density in the plane, each carrier by its own maximum. Dots are the atoms in
    the layer that is nearest to the plane, the outline is the convex hull of all atoms seen along the normal.

    Parameters
    ----------
    system : FullSystem
        As `bandg.full_hamiltonian` returns it.
    weights : Densities
        As `bandg.models.etb.full.densities` returns them.
    title : str
        Text below the picture.
    ax : matplotlib axes, as many as panels, optional
        Where to draw; without it a new figure is made.
    normal : {"x", "y", "z"}
        Cubic axis across the plane.
    **look
        style, width, panels, labels and colors as in `bandg.plot.Look`; the panels are "electron" and "hole", which
        labels and colors belong to.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.

    Raises
    ------
    BandgError
        For another number of axes, an unknown normal and a look that cannot be.
    """
    if normal not in NORMALS:
        raise BandgError(f"`normal` {normal!r} is unknown: choose {choices(NORMALS)}")
    carriers = {"electron": (weights.electron, weights.E_e_eV), "hole": (weights.hole, weights.E_h_eV)}
    own = {"electron": BLUE, "hole": VERMILLION}
    with sheet(ax, look) as page:
        names = page.pick(CONTENTS.panels)
        labels, colors = page.labels(names), page.colors([own[name] for name in names])
        axes = page.axes(len(names), 3.1, narrowest=2.2)
        for one, name, label, color in zip(axes, names, labels, colors, strict=True):
            weight, energy = carriers[name]
            _draw(one, system, weight, NORMALS[normal], color)
            one.set_title(f"{label}, {number(energy, '.3f')} eV")
        handles = _handles(system, NORMALS[normal])
        if page.is_new:
            letters(axes)
            figure: Any = axes[0].figure
            said = formulas(literal(title)) or None
            columns = len(handles) if page.width > _WIDE_INCHES else 1
            figure.legend(handles=handles, loc="outside lower center", ncols=columns, title=said)
        else:
            axes[-1].legend(handles=handles, fontsize="small")
    return axes


def _draw(axes: Axes, system: FullSystem, weight: NDArray[np.float64], normal: int, color: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    across, up = (axis for axis in range(3) if axis != normal)
    positions = system.positions_nm
    middle = _middle(positions, normal)
    grid = [np.arange(low - 0.5, high + 0.5 + _STEP_NM, _STEP_NM) for low, high in _box(positions, (across, up))]
    density = spread_in_plane(positions, weight, (across, up, normal), (grid[0], grid[1], middle))
    shades = LinearSegmentedColormap.from_list("density", ["white", color])
    share = density.T / density.max()
    axes.pcolormesh(*grid, share, cmap=shades, vmin=0, vmax=1.25, shading="gouraud", rasterized=True, zorder=1)
    axes.contour(*grid, share, levels=_LEVELS, colors=color, linewidths=pt(0.6), zorder=2)
    layer = _layer(positions, normal)
    species = system.species
    for name in dict.fromkeys(species[layer].tolist()):
        chosen = layer & (species == name)
        dots: dict[str, Any] = {"markersize": pt(1.8), "markeredgewidth": 0, "color": ELEMENTS.get(name, PINK)}
        axes.plot(positions[chosen, across], positions[chosen, up], "o", **dots, zorder=3)
    axes.plot(*outline(positions[:, [across, up]]).T, color=INK, linewidth=pt(1.0), zorder=4)
    axes.set_aspect("equal")
    axes.set_xlabel(f"${'xyz'[across]}$ (nm)")
    axes.set_ylabel(f"${'xyz'[up]}$ (nm)")


def _box(positions: NDArray[np.float64], axes: Sequence[int]) -> list[tuple[float, float]]:
    return [(float(positions[:, axis].min()), float(positions[:, axis].max())) for axis in axes]


def _middle(positions: NDArray[np.float64], normal: int) -> float:
    """Place of the layer of atoms that is nearest to the middle of the nanocrystal, in nm."""
    own = positions[:, normal]
    return float(own[np.argmin(np.abs(own - (own.min() + own.max()) / 2))])


def _layer(positions: NDArray[np.float64], normal: int) -> NDArray[np.bool_]:
    """Atoms in the plane of the slice, up to displacements by tilts."""
    return np.abs(positions[:, normal] - _middle(positions, normal)) < 0.1


def spread_in_plane(
    positions: NDArray[np.float64],
    weight: NDArray[np.float64],
    axes: tuple[int, int, int],
    at: tuple[NDArray[np.float64], NDArray[np.float64], float],
) -> NDArray[np.float64]:
    """Density in 1/nm^3 on a grid (n, m) in a plane: the weights (atoms,) as Gaussians of 0.25 nm.

    axes: numbers of the axes of the grid and of the normal. at: coordinates in nm along both, and that of the plane.
    """
    parts = [
        np.exp(-((np.atleast_1d(np.asarray(x))[:, None] - positions[None, :, axis]) ** 2) / (2 * _SPREAD_NM**2))
        for axis, x in zip(axes, at, strict=True)
    ]
    first, second, across = (part / (_SPREAD_NM * np.sqrt(2 * np.pi)) for part in parts)
    return np.asarray(np.einsum("ia,ja,a->ij", first, second, across[0] * weight, optimize=True))


def outline(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners (n, 2) of the convex hull of places in a plane (atoms, 2), closed."""
    from scipy.spatial import ConvexHull

    corners = ConvexHull(places).vertices
    return places[np.append(corners, corners[0])]


def _handles(system: FullSystem, normal: int) -> list[Any]:
    from matplotlib.lines import Line2D

    layer = _layer(system.positions_nm, normal)
    found = [
        Line2D([], [], linestyle="none", marker="o", markeredgewidth=0, color=ELEMENTS.get(name, PINK), label=name)
        for name in dict.fromkeys(system.species[layer].tolist())
    ]
    return [*found, Line2D([], [], color=INK, linewidth=pt(1.0), label="outline of the nanocrystal")]
