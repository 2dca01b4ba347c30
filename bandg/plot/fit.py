"""A fit as a picture: bands over the reference, residuals along the path, and the error of each band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.matching import BandRow
from bandg.analysis.fit.report import worst
from bandg.analysis.fit.result import fitted_set
from bandg.base.errors import BandgError
from bandg.data.bands import point_at
from bandg.plot.palette import FAINT, GRID, INK, LINES, VERMILLION
from bandg.plot.sheet import Contents, letters, sheet, suptitle
from bandg.plot.style import Look, literal, pt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.fit.residuals import Problem
    from bandg.analysis.fit.solve import Fit
    from bandg.data.bands import ReferenceBands

_SYMBOLS = {"Gamma": "Γ"}
_DEEPEST_EV = -6.0
_JUMP = 3.0
"""A step in k this many times longer than the median step is a jump, not a line."""


PANELS = ("bands", "residuals", "errors")


def contents(groups: int) -> Contents:
    """What may be chosen of the picture of a fit to so many groups of bands."""
    return Contents(PANELS, labels=(groups,), colors=(groups,))


def plot_fit(fit: Fit, ax: Axes | Sequence[Axes] | None = None, **look: Unpack[Look]) -> tuple[Axes, ...]:
    """Draw a fit along the path of its reference, energies from the valence-band top at R.

    First axes: bands of the fit (lines) over the reference (dots, conduction bands shifted); rings mark the largest
    errors. Second: residuals, colored by group. Third: rms error of every band. ax: three axes; without it a new figure
    is made. look: style, width, panels, labels and colors as in `bandg.plot.Look`; the panels are "bands", "residuals"
    and "errors", labels and colors those of the groups of bands. Returns the axes. Raises BandgError where the job has
    no bands along a path, for other axes and for a look that cannot be.
    """
    reference = drawable(fit.problem)
    k = reference.sections["path"].k
    distance = _distances(k)
    errors = 1000 * (fit.problem.bands(fit.theta)[0] - fit.problem.band_energy)
    groups = [literal(group.name) for group in fit.problem.job.bands]
    with sheet(ax, look) as page:
        names = page.pick(PANELS)
        labels = page.labels(groups)
        colors = page.colors([LINES[number % len(LINES)] for number in range(len(groups))])
        ratios: dict[str, Any] = {"width_ratios": (3, 1), "height_ratios": (2.2, 1)}
        axes = page.mosaic(names, [["bands", "errors"], ["residuals", "errors"]], 5.4, 2.6, **ratios)
        for one, name in zip(axes, names, strict=True):
            if name == "bands":
                _bands(one, fit, k, distance)
            elif name == "residuals":
                _residuals(one, fit, k, distance, errors, labels, colors)
                share = 1 if page.is_new and page.columns == 1 else 0.75
                columns = min(3, max(1, int((share * page.width - 0.7) / 1.1))) if page.is_new else 3
                place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12)}
                one.legend(ncols=columns, markerscale=3, fontsize="small", **place)
            else:
                _by_band(one, fit, errors, colors, 2.3 if page.is_narrow else 1.4)
                one.set_xlabel("rms error\n(meV)" if page.is_narrow else "rms error (meV)")
            if name != "errors":
                _ticks(one, k, distance)
        if page.is_new:
            letters(axes)
            title = f"{fit.problem.job.name} (lines) over {reference.name} (dots)"
            suptitle(page, axes, title)
    return axes


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
        axes.axvline(x, color=GRID, linewidth=pt(0.5), zorder=1)
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
    axes.plot(distance, energies, ".", color=FAINT, markersize=pt(2.5), zorder=2)
    axes.plot(distance, model, color=INK, linewidth=pt(0.7), zorder=3)
    place = {tuple(point): x for point, x in zip(k.tolist(), distance, strict=True)}
    for row, error in worst(fit):
        if row.k in place:
            ring: dict[str, Any] = {"color": VERMILLION, "fillstyle": "none", "markersize": pt(7), "zorder": 4}
            axes.plot(place[row.k], row.energy + error / 2000, "o", **ring)
    own = [row.energy for row in problem.rows if row.energy > _DEEPEST_EV] or [row.energy for row in problem.rows]
    axes.set_ylim(min(own) - 0.8, max(own) + 0.8)
    axes.axhline(0, color=GRID, linewidth=pt(0.5), zorder=1)
    axes.set_ylabel("Energy from the valence-band\ntop at R (eV)")


def _residuals(
    axes: Axes,
    fit: Fit,
    k: NDArray[np.float64],
    distance: NDArray[np.float64],
    errors: NDArray[np.float64],
    labels: Sequence[str],
    colors: Sequence[str],
) -> None:
    rows = fit.problem.rows
    place = {tuple(point): x for point, x in zip(k.tolist(), distance, strict=True)}
    for group, (label, color) in enumerate(zip(labels, colors, strict=True)):
        own = [n for n, row in enumerate(rows) if row.group == group and row.k in place]
        if own:
            x = [place[rows[n].k] for n in own]
            axes.plot(x, errors[own], ".", color=color, markersize=pt(2.5), label=label)
    shown = [abs(error) for row, error in zip(rows, errors, strict=True) if row.energy > _DEEPEST_EV] or np.abs(errors)
    axes.set_ylim(-1.1 * max(shown) - 1e-6, 1.1 * max(shown) + 1e-6)
    axes.axhline(0, color=GRID, linewidth=pt(0.5), zorder=1)
    axes.set_ylabel("fit minus\nreference (meV)")


def _by_band(axes: Axes, fit: Fit, errors: NDArray[np.float64], colors: Sequence[str], room: float) -> None:
    """Rms error of every band in numbers, the highest on top. room: width of the axes by the longest bar."""
    rows = fit.problem.rows
    names = sorted({row.band for row in rows}, key=lambda name: int(name.partition("-")[0]))
    rms = [float(np.sqrt(np.mean(errors[_of_band(rows, name)] ** 2))) for name in names]
    color = [colors[rows[_of_band(rows, name)[0]].group] for name in names]
    axes.barh(range(len(names)), rms, color=color, height=0.7)
    for position, value in enumerate(rms):
        spot: dict[str, Any] = {"textcoords": "offset points", "verticalalignment": "center", "fontsize": "small"}
        axes.annotate(f"{value:.0f}", (value, position), (pt(3), 0), **spot)
    axes.set_yticks(range(len(names)), [name.replace("-", "\N{EN DASH}") for name in names], fontsize="small")
    axes.set_xlim(0, room * max(rms) if max(rms) > 0 else 1)
    axes.tick_params(axis="y", which="minor", length=0)
    axes.set_ylabel("band of the reference")


def _of_band(rows: tuple[BandRow, ...], name: str) -> list[int]:
    return [number for number, row in enumerate(rows) if row.band == name]
