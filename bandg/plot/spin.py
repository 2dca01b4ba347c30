"""Fits of spin traces: traces with fits, components, and frequency and T2* against field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.palette import BLACK, FAINT, GRID, INK, LINES
from bandg.plot.style import literal, panels, style
from bandg.spin.decay import MU_B_OVER_HBAR, larmor
from bandg.spin.results import Component, Fit, Line, components, lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TRACES = 12
STEP = 1.25
"""Distance of stacked traces in units of their largest range."""


def plot_spin(fit: Fit, ax: Sequence[Axes] | None = None) -> tuple[Axes, ...]:
    """Draw traces with fits, components in the highest field, frequency and T2* against field.

    Points in the last two panels are the fits of the single fields, where these were asked for; lines are the common
    fit, with the range of two standard errors of T2*. ax: four axes; without it a new figure is made. Returns the axes.
    Raises BandgError for another number of axes.
    """
    found = components(fit)
    with style(ax):
        axes = _new() if ax is None else panels(ax, 1, 4)
        _traces(axes[0], fit)
        _parts(axes[1], fit, found)
        _against_field(axes[2], axes[3], fit, found)
        if ax is None:
            figure: Any = axes[0].figure
            stated = [
                fit.traces.sample,
                f"{fit.traces.energy_eV:g} eV" if fit.traces.energy_eV else "",
                fit.best.model.name,
            ]
            figure.suptitle(literal(", ".join(filter(None, stated))), fontsize=8, y=0.99)
    return axes


def _new() -> tuple[Axes, ...]:
    import matplotlib.pyplot as plt

    axes = plt.subplot_mosaic(
        [["traces", "parts"], ["traces", "omega"], ["traces", "t2"]],
        figsize=(7.0, 6.0),
        gridspec_kw={"width_ratios": (1.25, 1), "wspace": 0.5, "hspace": 0.32, "top": 0.95},
    )[1]
    return axes["traces"], axes["parts"], axes["omega"], axes["t2"]


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
        axes.plot(time, trace.signal + base, ".", color=FAINT, markersize=1.5, zorder=2, rasterized=len(time) > 500)
        axes.plot(time, whole + base, color=LINES[0], linewidth=0.9, zorder=3)
        text = f"{1000 * trace.field_T:.4g} mT"
        axes.annotate(
            text, (1, place * step), (3, 0), ("axes fraction", "data"), "offset points", fontsize=6.5, va="center"
        )
    axes.set_yticks([])
    axes.set_yticks([], minor=True)
    axes.set_xlabel("time (ps)")
    axes.set_ylabel("signal (dots) and fit (lines)")
    axes.margins(x=0.01)
    if len(shown) < len(traces):
        axes.set_title(f"{len(shown)} of {len(traces)} traces", fontsize=7)


def _parts(axes: Axes, fit: Fit, found: Sequence[Component]) -> None:
    """Carriers and the rest in the highest field."""
    model, trace = fit.best.model, fit.traces.traces[-1]
    whole, each = _curves(fit, len(fit.traces.traces) - 1)
    first = 1 + model.slow
    width = (each.shape[1] - first) // len(found)
    time = 1000 * trace.time_ns
    axes.plot(time, trace.signal, ".", color=FAINT, markersize=1.5, zorder=2, rasterized=len(time) > 500)
    axes.plot(time, whole, color=BLACK, linewidth=0.7, zorder=3)
    for n, one in enumerate(found):
        own = each[:, first + n * width : first + (n + 1) * width].sum(axis=1)
        axes.plot(time, own, color=LINES[_place(one, n)], zorder=4, label=_name(one))
    axes.plot(time, each[:, :first].sum(axis=1), "--", color=INK, linewidth=0.8, zorder=3, label="not oscillating")
    axes.set_xlabel("time (ps)")
    axes.set_ylabel(f"components at {1000 * trace.field_T:.4g} mT")
    axes.margins(x=0.01)
    axes.legend(fontsize=6)


def _place(one: Component, number: int) -> int:
    """Place of the color and mark of a component: the electron's and the hole's wherever these are known."""
    return {"e": 0, "h": 1}.get(one.label, number)


def _name(one: Component) -> str:
    label = {"e": r"$|g_{\mathrm{e}}|$", "h": r"$|g_{\mathrm{h}}|$"}.get(one.label, r"$|g|$")
    return f"{label} = {one.g}"


def _against_field(upper: Axes, lower: Axes, fit: Fit, found: Sequence[Component]) -> None:
    fields = fit.traces.fields
    grid = np.linspace(0, 1.05 * fields.max(), 200)
    problem, theta = fit.best.problem, fit.best.theta
    alone = lines(fit)
    for n, one in enumerate(found):
        color, mark = LINES[_place(one, n)], "os"[_place(one, n)]
        upper.plot(1000 * grid, larmor(one.g.value, grid), color=color, label=_name(one))
        power = 1 if one.decay == "exponential" else 2
        weights = np.array([problem.decay_weights(n, B) for B in grid])
        x = weights @ theta
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", weights, fit.best.covariance, weights), 0))
        inside = (grid >= fields.min()) if problem.has_spread else np.zeros(len(grid), bool)
        seen = inside & (x > 2 * error)
        lower.plot(1000 * grid[seen], 1000 * x[seen] ** (-1 / power), color=color)
        band = [1000 * (x[seen] + sign * 2 * error[seen]) ** (-1 / power) for sign in (1, -1)]
        lower.fill_between(1000 * grid[seen], *band, color=color, alpha=0.2, linewidth=0)
        if alone:
            line: Line = alone[n]
            look: dict[str, Any] = {"fmt": mark, "color": color, "zorder": 4, "elinewidth": 0.8}
            upper.errorbar(1000 * line.fields_T, line.omega[:, 0], line.omega[:, 1], **look)
            rate, off = line.decays.T
            kept = rate > off
            times = 1000 * rate[kept] ** (-1 / power)
            lower.errorbar(1000 * line.fields_T[kept], times, times * off[kept] / rate[kept] / power, **look)
        elif not problem.has_spread:
            lower.errorbar([1000 * fields[0]], [one.t2_ps[0].value], [one.t2_ps[0].error or 0], fmt=mark, color=color)
    upper.set_ylabel("frequency (rad/ns)")
    upper.set_ylim(0, 1.1 * MU_B_OVER_HBAR * max(one.g.value for one in found) * fields.max())
    upper.legend(fontsize=6, loc="upper left")
    lower.set_ylabel(r"$T_2^*$ (ps)")
    known = [time.value for one in found for time in one.t2_ps if not time.bound]
    lower.set_ylim(0, 1.6 * max(known, default=1.0))
    for axes in (upper, lower):
        axes.set_xlim(0, 1050 * fields.max())
        axes.set_xlabel("magnetic field (mT)")
        axes.grid(color=GRID, linewidth=0.3)
