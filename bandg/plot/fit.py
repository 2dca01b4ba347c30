"""A fit as a picture: bands over the reference, residuals along the path, and the error of each band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.matching import BandRow
from bandg.analysis.fit.report import worst
from bandg.analysis.fit.result import fitted_set
from bandg.base.errors import BandgError
from bandg.data.bands import point_at
from bandg.plot.palette import FAINT, GRID, INK, LINES, VERMILLION
from bandg.plot.style import literal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.fit.residuals import Problem
    from bandg.analysis.fit.solve import Fit
    from bandg.data.bands import ReferenceBands

_SYMBOLS = {"Gamma": "Γ"}
_DEEPEST_EV = -6.0
_JUMP = 3.0
"""A step in k this many times longer than the median step is a jump, not a line."""


def plot_fit(fit: Fit, ax: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw a fit along the path of its reference, energies from the valence-band top at R.

    First axes: bands of the fit (lines) over the reference (dots, conduction bands shifted); rings mark the largest
    errors. Second: residuals, colored by group. Third: rms error of every band. ax: three axes; without it a new figure
    is made. Returns the axes. Raises BandgError where the job has no bands along a path, and for other axes.
    """
    reference = drawable(fit.problem)
    k = reference.sections["path"].k
    distance = _distances(k)
    errors = 1000 * (fit.problem.bands(fit.theta)[0] - fit.problem.band_energy)
    with style(ax):
        axes = _new() if ax is None else panels(ax, 1, 3)
        _bands(axes[0], fit, k, distance)
        _residuals(axes[1], fit, k, distance, errors)
        _by_band(axes[2], fit, errors)
        for one in axes[:2]:
            _ticks(one, k, distance)
        if ax is None:
            figure: Any = axes[0].figure
            figure.suptitle(literal(f"{fit.problem.job.name} (lines) over {reference.name} (dots)"), fontsize=8)
    return axes


def _new() -> tuple[Axes, ...]:
    """Bands above residuals, and the errors of the bands beside both."""
    import matplotlib.pyplot as plt

    ratios = {"width_ratios": (3, 1), "height_ratios": (2.2, 1)}
    axes = plt.subplot_mosaic(
        [["bands", "errors"], ["residuals", "errors"]], figsize=(7.0, 5.2), layout="constrained", gridspec_kw=ratios
    )[1]
    return axes["bands"], axes["residuals"], axes["errors"]


def drawable(problem: Problem) -> ReferenceBands:
    """The reference of a job that can be drawn; call it before long work. Raises BandgError for any other."""
    reference = problem.reference
    if reference is None or "path" not in reference.sections or not problem.rows:
        raise BandgError("a fit without bands along a path has nothing to draw: leave out `plot`")
    return reference


def _distances(k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length along the path in 2 pi/a; a jump counts as one median step."""
    steps = np.linalg.norm(np.diff(k, axis=0), axis=1)
    median = float(np.median(steps)) if len(steps) else 0.0
    return np.concatenate([[0.0], np.cumsum(np.where(steps > _JUMP * median, median, steps))])


def _ticks(axes: Axes, k: NDArray[np.float64], distance: NDArray[np.float64]) -> None:
    names = [(float(x), point_at(point)) for x, point in zip(distance, k, strict=True)]
    corners = [(x, _SYMBOLS.get(name, name)) for x, name in names if name]
    for x, _ in corners:
        axes.axvline(x, color=GRID, linewidth=0.5, zorder=1)
    axes.set_xticks([x for x, _ in corners], [name for _, name in corners])
    axes.tick_params(axis="x", which="both", length=0)
    axes.set_xlim(distance[0], distance[-1])


def _bands(axes: Axes, fit: Fit, k: NDArray[np.float64], distance: NDArray[np.float64]) -> None:
    from bandg.models.etb.bloch import BlochHamiltonian

    problem, reference = fit.problem, fit.problem.reference
    assert reference is not None  # checked by the caller
    hamiltonian = BlochHamiltonian.of(fitted_set(fit))
    top = problem.edges.quantities(fit.theta, ("E_v",))["E_v"][0]
    model = np.linalg.eigvalsh(hamiltonian.H(k * 2 * np.pi / hamiltonian.a_nm))[:, ::2] - top
    offsets = np.arange(reference.sections["path"].energies.shape[1]) - reference.top
    shift = np.where(offsets < 1, 0.0, np.where(offsets == 1, *problem.shifts))
    energies = reference.sections["path"].energies + shift
    axes.plot(distance, energies, ".", color=FAINT, markersize=2.5, zorder=2)
    axes.plot(distance, model, color=INK, linewidth=0.7, zorder=3)
    place = {tuple(point): x for point, x in zip(k.tolist(), distance, strict=True)}
    for row, error in worst(fit):
        if row.k in place:
            axes.plot(
                place[row.k], row.energy + error / 2000, "o", color=VERMILLION, fillstyle="none", markersize=7, zorder=4
            )
    own = [row.energy for row in problem.rows if row.energy > _DEEPEST_EV] or [row.energy for row in problem.rows]
    axes.set_ylim(min(own) - 0.8, max(own) + 0.8)
    axes.axhline(0, color=GRID, linewidth=0.5, zorder=1)
    axes.set_ylabel("Energy from the valence-band top at R (eV)")


def _residuals(
    axes: Axes, fit: Fit, k: NDArray[np.float64], distance: NDArray[np.float64], errors: NDArray[np.float64]
) -> None:
    rows = fit.problem.rows
    place = {tuple(point): x for point, x in zip(k.tolist(), distance, strict=True)}
    for number, group in enumerate(fit.problem.job.bands):
        own = [n for n, row in enumerate(rows) if row.group == number and row.k in place]
        if own:
            x = [place[rows[n].k] for n in own]
            color = LINES[number % len(LINES)]
            axes.plot(x, errors[own], ".", color=color, markersize=2.5, label=literal(group.name))
    shown = [abs(error) for row, error in zip(rows, errors, strict=True) if row.energy > _DEEPEST_EV] or np.abs(errors)
    axes.set_ylim(-1.1 * max(shown) - 1e-6, 1.1 * max(shown) + 1e-6)
    axes.axhline(0, color=GRID, linewidth=0.5, zorder=1)
    axes.set_ylabel("fit minus reference (meV)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, markerscale=3, fontsize=6)


def _by_band(axes: Axes, fit: Fit, errors: NDArray[np.float64]) -> None:
    """Rms error of every band, the highest on top, with the number of residuals."""
    rows = fit.problem.rows
    names = sorted({row.band for row in rows}, key=lambda name: int(name.partition("-")[0]))
    rms = [float(np.sqrt(np.mean(errors[_of_band(rows, name)] ** 2))) for name in names]
    color = [LINES[rows[_of_band(rows, name)[0]].group % len(LINES)] for name in names]
    axes.barh(range(len(names)), rms, color=color, height=0.7)
    for position, value in enumerate(rms):
        axes.annotate(f"{value:.0f}", (value, position), (2, 0), textcoords="offset points", va="center", fontsize=6)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.set_xlim(0, 1.25 * max(rms) if max(rms) > 0 else 1)
    axes.tick_params(axis="y", which="minor", length=0)
    axes.set_xlabel("rms error (meV)")
    axes.set_ylabel("band of the reference")


def _of_band(rows: tuple[BandRow, ...], name: str) -> list[int]:
    return [number for number, row in enumerate(rows) if row.band == name]
