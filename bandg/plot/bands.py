"""Bulk bands along a path through the Brillouin zone, and the orbitals they are made of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.lattice import BAND_PATH, HIGH_SYMMETRY
from bandg.plot.palette import BLUE, GREEN, GRID, INK, ORANGE, PINK, SKY, VERMILLION
from bandg.plot.sheet import Contents, Sheet, letters, sheet
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.models.etb.bloch import BlochHamiltonian
    from bandg.models.etb.bulk import Bulk

_COLORS = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILLION)
"""Colors of the lattice's characters, by turns."""

_WIDEST_PT, _THIN_PT = 5.0, 0.35
"""Line widths of a pure character and of the bands themselves."""


class Bands(NamedTuple):
    """Bands along a path: distances (n,) in 1/nm, energies (n, dim) in eV, weights (n, dim, m) by character.

    ticks: (distance in 1/nm, name) of every corner of the path.
    """

    distances: NDArray[np.float64]
    energies: NDArray[np.float64]
    weights: NDArray[np.float64]
    ticks: list[tuple[float, str]]


def band_path(
    hamiltonian: BlochHamiltonian, points: Sequence[str] = BAND_PATH, n_per_segment: int = 60
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[tuple[float, str]]]:
    """Bands along straight lines between high-symmetry points (Gamma, X, M, R).

    Returns the distances along the path (n,) in 1/nm with n = n_per_segment (len(points) - 1) + 1, the energies
    (n, dim) in eV on the set's own zero, in ascending order at each k, and the corners as (distance, name).
    Raises BandgError for an unknown point, fewer than two points, a point that follows itself or n_per_segment < 1.
    """
    k, distances, ticks = path_of(hamiltonian, points, n_per_segment)
    energies: NDArray[np.float64] = np.asarray(np.linalg.eigvalsh(hamiltonian.H(k)), dtype=float)
    return distances, energies, ticks


def bands_with_character(
    hamiltonian: BlochHamiltonian, points: Sequence[str] = BAND_PATH, n_per_segment: int = 60
) -> Bands:
    """Bands along a path and their weights on the lattice's characters; arguments, errors as :func:`band_path`."""
    k, distances, ticks = path_of(hamiltonian, points, n_per_segment)
    energies, states = np.linalg.eigh(hamiltonian.H(k))
    density = np.abs(states) ** 2
    characters = hamiltonian.lattice.characters
    weights = [density[:, _positions(hamiltonian, kind, shell)].sum(axis=1) for kind, shell in characters]
    return Bands(distances, energies, np.stack(weights, axis=-1), ticks)


def contents(characters: Sequence[tuple[str, str]]) -> Contents:
    """What may be chosen of the picture of a lattice with these characters."""
    return Contents([" ".join(one) for one in characters], labels=None, colors=None)


def plot_bands(
    bulk: Bulk,
    set_name: str,
    window_eV: tuple[float, float] = (-6.0, 6.0),
    n_per_segment: int = 60,
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw the bulk bands along Gamma-X-M-R-Gamma-M, as wide as the weight of Pb s, X p and Pb p in three panels.

    Another lattice has a panel for each of its characters.

    Parameters
    ----------
    bulk : Bulk
        As `bandg.models.etb.bulk.bulk` returns it.
    set_name : str
        Name of the set for the legend.
    window_eV : tuple of float
        Energies that are shown, in eV from the valence-band top.
    n_per_segment : int
        k points from corner to corner.
    ax : three matplotlib axes, optional
        Where to draw; without it a new figure is made.
    **look
        style, width, panels, labels and colors as in `bandg.plot.Look`; the panels are "Pb s", "X p" and "Pb p",
        labels and colors those of the characters.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The three axes; `bandg.plot.save` writes their figure.

    Raises
    ------
    BandgError
        For an empty window, for another number of axes, and for a look that cannot be.
    """
    low, high = window_eV
    if not (np.isfinite([low, high]).all() and low < high):
        raise BandgError(f"window_eV is ({low:g}, {high:g}): give a lower and a higher energy in eV")
    bands = bands_with_character(bulk.hamiltonian, n_per_segment=n_per_segment)
    with sheet(ax, look) as page:
        return _draw(page, bulk, bands, set_name, (low, high))


def path_of(
    hamiltonian: BlochHamiltonian, points: Sequence[str], n_per_segment: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[tuple[float, str]]]:
    """k in 1/nm (n, 3), distances in 1/nm (n,), and ticks: distance and name of each corner.

    Raises BandgError for an unknown point, for fewer than two and for one twice in a row.
    """
    unknown = [name for name in points if name not in HIGH_SYMMETRY]
    if unknown:
        raise BandgError(f"no high-symmetry point {unknown[0]!r}; there are: {', '.join(HIGH_SYMMETRY)}")
    if len(points) < 2 or any(one == other for one, other in itertools.pairwise(points)):
        raise BandgError("a path needs two points or more, each different from the one before")
    if n_per_segment < 1:
        raise BandgError(f"n_per_segment is {n_per_segment}: it must be 1 or more")
    corners = np.array([hamiltonian.point(name) for name in points])
    steps = np.arange(n_per_segment)[:, None] / n_per_segment
    segments = [start + steps * (end - start) for start, end in itertools.pairwise(corners)]
    k = np.concatenate([*segments, corners[-1:]])
    distances = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(k, axis=0), axis=1))])
    return k, distances, [(float(d), name) for d, name in zip(distances[::n_per_segment], points, strict=True)]


def _positions(hamiltonian: BlochHamiltonian, kind: str, shell: str) -> NDArray[np.int64]:
    """Positions of the spin-orbitals of one shell on all atoms of a kind."""
    number = hamiltonian.model.kinds.index(kind)
    space = hamiltonian.model.spaces[number]
    if shell not in space.shells:
        return np.zeros(0, dtype=np.int64)
    part = space.shell_slice(shell)
    starts = hamiltonian.offsets[:-1][number == hamiltonian.kinds]
    return np.concatenate([start + np.arange(2 * part.start, 2 * part.stop) for start in starts])


def _draw(page: Sheet, bulk: Bulk, bands: Bands, set_name: str, window: tuple[float, float]) -> tuple[Axes, ...]:
    """One panel for each character: all bands thin, and colored as wide as the weight of the character."""
    energies = bands.energies - bulk.valence.energy
    shown = (energies.min(axis=0) <= window[1]) & (energies.max(axis=0) >= window[0])
    shown[1::2] = False  # Kramers partners lie on each other
    every = contents(bulk.hamiltonian.lattice.characters).panels
    names = page.pick(every)
    labels = page.labels([f"{kind} ${shell}$" for kind, shell in (name.split() for name in names)])
    own = dict(zip(every, itertools.cycle(_COLORS)))
    colors = page.colors([own[name] for name in names])
    panels = page.axes(len(names), 2.9, sharey=True)
    for axes, name, label, color in zip(panels, names, labels, colors, strict=True):
        draw_frame(axes, bands, window)
        axes.plot(bands.distances, energies[:, shown], color=INK, linewidth=pt(_THIN_PT), zorder=3)
        _color(axes, bands.distances, energies[:, shown], bands.weights[:, shown, every.index(name)], color)
        axes.set_title(label, loc="center", color=color, fontweight="bold")
    _annotate_gap(panels[0], bulk, bands, window)
    panels[0].set_ylabel(f"Energy from the valence-band top\nat {_symbol(bulk.hamiltonian.lattice.edges.point)} (eV)")
    _legend(panels, page.is_new, literal(set_name), labels, colors)
    if page.is_new:
        letters(panels)
    return panels


def draw_frame(axes: Axes, bands: Bands, window: tuple[float, float]) -> None:
    """Limits, corners of the path and the zero of energy."""
    axes.set_xlim(bands.distances[0], bands.distances[-1])
    axes.set_ylim(*window)
    for distance, _ in bands.ticks:
        axes.axvline(distance, color=GRID, linewidth=pt(0.5), zorder=1)
    if window[0] < 0 < window[1]:
        axes.axhline(0, color=GRID, linewidth=pt(0.5), zorder=1)
    axes.set_xticks([d for d, _ in bands.ticks], [_symbol(name) for _, name in bands.ticks])
    axes.tick_params(axis="x", which="both", length=0)


def _color(
    axes: Axes,
    distances: NDArray[np.float64],
    energies: NDArray[np.float64],
    weights: NDArray[np.float64],
    color: str,
) -> None:
    """Lines along bands (n, m) as wide as the weights (n, m)."""
    from matplotlib.collections import LineCollection

    points = np.stack(np.broadcast_arrays(distances[:, None], energies), axis=-1)
    pieces = np.stack([points[:-1], points[1:]], axis=2).reshape(-1, 2, 2)
    width = pt(_WIDEST_PT) * ((weights[:-1] + weights[1:]) / 2).ravel()
    seen = width > pt(_WIDEST_PT) / 100
    lines = LineCollection(
        list(pieces[seen]), colors=color, linewidths=width[seen].tolist(), capstyle="round", zorder=2
    )
    axes.add_collection(lines, autolim=False)


def _annotate_gap(axes: Axes, bulk: Bulk, bands: Bands, window: tuple[float, float]) -> None:
    """An arrow over the gap at R and its size, if the window holds them."""
    if not window[0] <= 0 < bulk.E_g <= window[1]:
        return
    at = next(distance for distance, name in bands.ticks if name == bulk.hamiltonian.lattice.edges.point)
    arrow: dict[str, Any] = {"arrowstyle": "<->", "linewidth": pt(0.8), "shrinkA": 0, "shrinkB": 0}
    arrow["mutation_scale"] = pt(7)
    axes.annotate("", (at, 0), (at, bulk.E_g), arrowprops=arrow, zorder=5)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    text = rf"$E_{{\mathrm{{g}}}}$ = {bulk.E_g:.3f} eV"
    place: dict[str, Any] = {"textcoords": "offset points", "verticalalignment": "center", "fontsize": "small"}
    axes.annotate(text, (at, bulk.E_g / 2), (pt(5), 0), **place, bbox=box, zorder=4)


def _symbol(point: str) -> str:
    return "Γ" if point == "Gamma" else point


def _legend(axes: Sequence[Axes], is_new: bool, set_name: str, labels: Sequence[str], colors: Sequence[str]) -> None:
    """Below all panels, or in the last one that was given: the set, and what the widths mean."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=INK, linewidth=pt(2 * _THIN_PT), label=f"bands of {set_name}")]
    handles += [
        Line2D([], [], color=color, linewidth=pt(_WIDEST_PT), solid_capstyle="butt", label=f"all weight on {label}")
        for label, color in zip(labels, colors, strict=True)
    ]
    if is_new:
        figure = axes[0].get_figure(root=True)
        assert figure is not None
        columns = len({one.get_position().x0 for one in axes})
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles) if columns > 2 else columns)
    else:
        axes[-1].legend(handles=handles)
