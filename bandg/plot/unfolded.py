"""Bands of a periodic cell along the path of the cubic crystal, as the spectral weights of its unfolded states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from bandg.base.errors import BandgError
from bandg.crystal.lattice import BAND_PATH
from bandg.plot.bands import Bands, draw_frame, path_of
from bandg.plot.palette import BLUE, GRID, INK
from bandg.plot.sheet import Contents, sheet
from bandg.plot.style import Look, formulas, literal, pt
from bandg.runs.progress import SILENT, Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.models.etb.cell import CellBulk

_AREA_PT2 = 14.0
"""Area of the marker of weight 1."""

_START_S, _PER_CUBE_S = 1.0, 1.5e-9
"""Seconds of a picture, and for each k point and cube of the dimension."""

_LEAST = 0.02
"""Weights below this are not drawn."""


def estimate_seconds(result: CellBulk, n_per_segment: int = 24) -> float:
    """Seconds that `plot_unfolded` takes on one processor, by the dimension of the Hamiltonian and the k points."""
    own, n = result.hamiltonian, n_per_segment * (len(BAND_PATH) - 1)
    return _START_S + _PER_CUBE_S * n * len(own.H(np.zeros(3))) ** 3


def unfolded_bands(
    result: CellBulk, points: Sequence[str] = BAND_PATH, n_per_segment: int = 24, progress: Progress = SILENT
) -> Bands:
    """Energies (n, dim) of the folded states along a path of the cubic crystal, and their weights there (n, dim, 1)."""
    own, ideal = result.hamiltonian, result.ideal.hamiltonian
    k, distances, ticks = path_of(ideal, points, n_per_segment)
    energies, weights = [], []
    progress.start(len(k), "k points")
    for q in k * ideal.a_nm / np.pi:
        at = own.cell.folded(q)
        levels, states = np.linalg.eigh(own.H(at))
        energies.append(levels)
        weights.append(own.spectral_weights(states, at, q))
        progress.advance(f"{len(levels)} bands")
    return Bands(distances, np.array(energies), np.array(weights)[:, :, None], ticks)


CONTENTS = Contents(labels=(2,), colors=(2,))
"""What may be chosen of the picture."""


def plot_unfolded(
    result: CellBulk,
    set_name: str,
    window_eV: tuple[float, float] = (-3.0, 4.0),
    n_per_segment: int = 24,
    ax: Axes | None = None,
    progress: Progress = SILENT,
    **look: Unpack[Look],
) -> Axes:
    """Draw the unfolded bands of a periodic cell; area and opacity of a marker are the spectral weight.

    Thin lines are the bands of the cubic crystal of the same set.

    Parameters
    ----------
    result : CellBulk
        As `bandg.bulk(tilt=...)` returns it.
    set_name : str
        Name of the set for the legend.
    window_eV : tuple of float
        Energies that are shown, in eV from the valence-band top of the cell.
    n_per_segment : int
        k points from corner to corner.
    ax : matplotlib axes, optional
        Where to draw; without it a new figure is made.
    progress : Progress
        Shows how many k points are done.
    **look
        style, width, labels and colors as in `bandg.plot.Look`: those of the cell and of the cubic crystal.

    Returns
    -------
    matplotlib.axes.Axes
        `bandg.plot.save` writes its figure.

    Raises
    ------
    BandgError
        For an empty window, and for a look that cannot be.
    """
    from matplotlib.colors import to_rgba

    low, high = window_eV
    if not (np.isfinite([low, high]).all() and low < high):
        raise BandgError(f"window_eV is ({low:g}, {high:g}): give a lower and a higher energy in eV")
    bands, zero = unfolded_bands(result, n_per_segment=n_per_segment, progress=progress), result.valence.energy
    ideal = result.ideal.hamiltonian
    k, distances, _ = path_of(ideal, BAND_PATH, n_per_segment)
    with sheet(ax, look) as page:
        [axes] = page.axes(1, 3.0)
        labels = page.labels(["spectral weight 1", "cubic crystal"])
        color, pale = page.colors([BLUE, GRID])
        area = _AREA_PT2 * pt(1) ** 2
        draw_frame(axes, bands, window_eV)
        cubic = np.linalg.eigvalsh(ideal.H(k))[:, ::2] - zero
        axes.plot(distances, cubic, color=pale, linewidth=pt(0.6), zorder=2)
        energies, weights = bands.energies - zero, bands.weights[:, :, 0].clip(0, 1)
        seen = (weights > _LEAST) & (energies > low) & (energies < high)
        places = np.broadcast_to(bands.distances[:, None], energies.shape)[seen]
        colors = np.tile(to_rgba(color), (int(seen.sum()), 1))
        colors[:, 3] = weights[seen]
        axes.scatter(places, energies[seen], s=area * weights[seen], color=colors, linewidths=0, zorder=3)
        axes.set_ylabel("Energy from the valence-band top (eV)")
        cell = result.hamiltonian.cell
        turned = f", turned by {angles}°" if (angles := cell.turns(1)) else ""
        title = f"{literal(set_name)}, {cell.formulas}{turned}"
        lines = page.lines(title, 1.1, 0.85) if page.is_new else [title]
        axes.set_title(formulas("\n".join(lines)), fontsize="small")
        axes.plot([], [], "o", color=color, markersize=area**0.5, markeredgewidth=0, label=labels[0])
        axes.plot([], [], color=pale, label=labels[1])
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=1 if page.is_narrow else 2, labelcolor=INK)
    return axes
