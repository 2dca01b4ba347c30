"""Fits of spin traces: traces with fits, components, and frequency and T2* against field."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.plot.legends import own_legend
from bandg.plot.palette import BLACK, FAINT, GRID, INK, LINES
from bandg.plot.points import error_bar
from bandg.plot.sheet import Contents, letters, sheet, suptitle
from bandg.plot.style import Look, pt
from bandg.spin.decay import MU_B_OVER_HBAR, larmor
from bandg.spin.results import Component, Fit, Line, components, lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TRACES = 12
STEP = 1.25
"""Distance of stacked traces in units of their largest range."""


PANELS = ("traces", "parts", "frequency", "t2")


def contents(components: Collection[int]) -> Contents:
    """What may be chosen of the picture of a fit with so many components."""
    return Contents(PANELS, labels=components, colors=components)


def plot_spin(fit: Fit, ax: Axes | Sequence[Axes] | None = None, **look: Unpack[Look]) -> tuple[Axes, ...]:
    """Draw traces with fits, components in the highest field, frequency and T2* against field.

    Points in the last two panels are the fits of the single fields, where these were asked for; lines are the common
    fit, with the range of two standard errors of T2*. ax: four axes; without it a new figure is made. look: style,
    width, panels, labels and colors as in `bandg.plot.Look`; the panels are "traces", "parts", "frequency" and "t2",
    labels and colors those of the components. Returns the axes. Raises BandgError for another number of axes and for a
    look that cannot be.
    """
    found = components(fit)
    with sheet(ax, look) as page:
        names = page.pick(PANELS)
        labels = page.labels([_name(one) for one in found])
        colors = page.colors([LINES[_place(one, n)] for n, one in enumerate(found)])
        whole = [["traces", "parts"], ["traces", "frequency"], ["traces", "t2"]]
        axes = page.mosaic(names, whole, 5.8, width_ratios=(1.25, 1))
        for one, name in zip(axes, names, strict=True):
            if name == "traces":
                _traces(one, fit)
            elif name == "parts":
                _parts(one, fit, labels, colors)
                own_legend(page, one, borderaxespad=0.6)
            elif name == "frequency":
                _frequency(one, fit, found, labels, colors)
                own_legend(page, one, loc="upper left", borderaxespad=0.6)
            else:
                _times(one, fit, found, colors)
        if page.is_new:
            letters(axes)
            stated = [
                fit.traces.sample,
                f"{fit.traces.energy_eV:g} eV" if fit.traces.energy_eV else "",
                fit.best.model.name,
            ]
            suptitle(page, axes, ", ".join(filter(None, stated)))
    return axes


def _curves(fit: Fit, number: int) -> tuple[Any, Any]:
    """The fit of a trace, and each column times its amplitude."""
    problem = fit.best.problem
    part, weight = problem.parts(fit.best.theta)[number], problem.weights[number]
    each = part.matrix * part.amplitudes / weight[:, None]
    return each.sum(axis=1), each


def shown_traces(count: int) -> list[int]:
    """Numbers of the traces that a stack shows, evenly spaced where there are many."""
    return sorted({round(n) for n in np.linspace(0, count - 1, min(count, _MOST_TRACES))})


def _traces(axes: Axes, fit: Fit) -> None:
    traces = fit.traces.traces
    shown = shown_traces(len(traces))
    step = STEP * max(float(np.ptp(_curves(fit, n)[0])) for n in shown)
    for place, n in enumerate(shown):
        trace, whole = traces[n], _curves(fit, n)[0]
        base = place * step - whole[-1]
        time = 1000 * trace.time_ns
        axes.plot(time, trace.signal + base, ".", color=FAINT, markersize=pt(1.5), zorder=2, rasterized=len(time) > 500)
        axes.plot(time, whole + base, color=LINES[0], linewidth=pt(0.9), zorder=3)
        text = f"{1000 * trace.field_T:.4g} mT"
        spot = (1, place * step)
        axes.annotate(text, spot, (pt(3), 0), ("axes fraction", "data"), "offset points", fontsize="small", va="center")
    axes.set_yticks([])
    axes.set_yticks([], minor=True)
    axes.set_xlabel("time (ps)")
    axes.set_ylabel("signal (dots) and fit (lines)")
    axes.margins(x=0.01)
    if len(shown) < len(traces):
        axes.set_title(f"{len(shown)} of {len(traces)} traces", fontsize="small")


def _parts(axes: Axes, fit: Fit, labels: Sequence[str], colors: Sequence[str]) -> None:
    """Carriers and the rest in the highest field."""
    model, trace = fit.best.model, fit.traces.traces[-1]
    whole, each = _curves(fit, len(fit.traces.traces) - 1)
    first = 1 + model.slow
    width = (each.shape[1] - first) // len(labels)
    time = 1000 * trace.time_ns
    axes.plot(time, trace.signal, ".", color=FAINT, markersize=pt(1.5), zorder=2, rasterized=len(time) > 500)
    axes.plot(time, whole, color=BLACK, linewidth=pt(0.7), zorder=3)
    for n, (label, color) in enumerate(zip(labels, colors, strict=True)):
        own = each[:, first + n * width : first + (n + 1) * width].sum(axis=1)
        axes.plot(time, own, color=color, zorder=4, label=label)
    axes.plot(time, each[:, :first].sum(axis=1), "--", color=INK, linewidth=pt(0.8), zorder=3, label="not oscillating")
    axes.set_xlabel("time (ps)")
    axes.set_ylabel(f"components\nat {1000 * trace.field_T:.4g} mT")
    axes.margins(x=0.01)


def _place(one: Component, number: int) -> int:
    """Place of the color and mark of a component: the electron's and the hole's wherever these are known."""
    return {"e": 0, "h": 1}.get(one.label, number)


def _name(one: Component) -> str:
    label = {"e": r"$|g_{\mathrm{e}}|$", "h": r"$|g_{\mathrm{h}}|$"}.get(one.label, r"$|g|$")
    return f"{label} = {one.g}"


def _frequency(axes: Axes, fit: Fit, found: Sequence[Component], labels: Sequence[str], colors: Sequence[str]) -> None:
    fields = fit.traces.fields
    grid, alone = np.linspace(0, 1.05 * fields.max(), 200), lines(fit)
    for n, (one, label, color) in enumerate(zip(found, labels, colors, strict=True)):
        axes.plot(1000 * grid, larmor(one.g.value, grid), color=color, label=label)
        if alone:
            line: Line = alone[n]
            _marks(axes, 1000 * line.fields_T, line.omega[:, 0], line.omega[:, 1], color, "os"[_place(one, n)])
    axes.set_ylabel("frequency (rad/ns)")
    axes.set_ylim(0, 1.1 * MU_B_OVER_HBAR * max(one.g.value for one in found) * fields.max())
    _field_axis(axes, fields)


def _times(axes: Axes, fit: Fit, found: Sequence[Component], colors: Sequence[str]) -> None:
    """T2* against field."""
    fields, problem, theta = fit.traces.fields, fit.best.problem, fit.best.theta
    grid, alone = np.linspace(0, 1.05 * fields.max(), 200), lines(fit)
    for n, (one, color) in enumerate(zip(found, colors, strict=True)):
        mark = "os"[_place(one, n)]
        power = 1 if one.decay == "exponential" else 2
        weights = np.array([problem.decay_weights(n, B) for B in grid])
        x = weights @ theta
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", weights, fit.best.covariance, weights), 0))
        inside = (grid >= fields.min()) if problem.has_spread else np.zeros(len(grid), bool)
        seen = inside & (x > 2 * error)
        axes.plot(1000 * grid[seen], 1000 * x[seen] ** (-1 / power), color=color)
        band = [1000 * (x[seen] + sign * 2 * error[seen]) ** (-1 / power) for sign in (1, -1)]
        axes.fill_between(1000 * grid[seen], *band, color=color, alpha=0.2, linewidth=0)
        if alone:
            rate, off = alone[n].decays.T
            kept = rate > off
            times = 1000 * rate[kept] ** (-1 / power)
            errors = times * off[kept] / rate[kept] / power
            _marks(axes, 1000 * alone[n].fields_T[kept], times, errors, color, mark)
        elif not problem.has_spread:
            _marks(axes, [1000 * fields[0]], [one.t2_ps[0].value], [one.t2_ps[0].error or 0], color, mark)
    axes.set_ylabel(r"$T_2^*$ (ps)")
    known = [time.value for one in found for time in one.t2_ps if not time.bound]
    axes.set_ylim(0, 1.6 * max(known, default=1.0))
    _field_axis(axes, fields)


def _marks(axes: Axes, x: Any, y: Any, error: Any, color: str, mark: str) -> None:
    """Points with errors that no marker hides."""
    axes.plot(x, y, mark, color=color, zorder=4)
    error_bar(axes, x, y, error, color, pt(3.6))


def _field_axis(axes: Axes, fields: Any) -> None:
    axes.set_xlim(0, 1050 * fields.max())
    axes.set_xlabel("magnetic field (mT)")
    axes.grid(color=GRID, linewidth=pt(0.3))
