"""Simulated ensembles: traces, distribution of g, and T2* against field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.models.observable import CARRIERS
from bandg.plot.palette import GRID, LINES, NAMES
from bandg.plot.sheet import Contents, letters, sheet
from bandg.plot.spin import STEP, shown_traces
from bandg.plot.style import Look, literal, number, pt
from bandg.spin.ensemble import Ensemble
from bandg.spin.traces import Traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 60
_FIELDS = 30
_PANELS = ("traces", "g", "t2")


CONTENTS = Contents(_PANELS, labels=(2,), colors=(2,))
"""What may be chosen of the picture."""


def plot_ensemble(
    ensemble: Ensemble,
    traces: Traces,
    t2_zero_ps: Sequence[float] = (np.inf, np.inf),
    ax: Axes | Sequence[Axes] | None = None,
    **look: Unpack[Look],
) -> tuple[Axes, ...]:
    """Draw traces, distributions of g_e and g_h, and T2* against field.

    t2_zero_ps: decay of electron and hole besides that of the spread of g, as the traces have it. ax: three axes;
    without it a new figure is made. look: style, width, panels, labels and colors as in `bandg.plot.Look`; the panels
    are "traces", "g" and "t2", labels and colors those of electron and hole. Returns the axes. Raises BandgError for
    another number of axes and for a look that cannot be.
    """
    with sheet(ax, look) as page:
        names = page.pick(_PANELS)
        labels, colors = page.labels([NAMES["g_e"], NAMES["g_h"]]), page.colors(LINES[:2])
        axes = page.mosaic(names, [["traces", "g"], ["traces", "t2"]], 4.6, width_ratios=(1.25, 1))
        for one, name in zip(axes, names, strict=True):
            if name == "traces":
                _traces(one, traces)
            elif name == "g":
                _distributions(one, ensemble, labels, colors)
            else:
                _times(one, ensemble, traces.fields, t2_zero_ps, labels, colors)
        if page.is_new:
            letters(axes)
            figure: Any = axes[0].figure
            stated = [str(ensemble.options.get("set", "")), f"{ensemble.laser_eV:g} eV"]
            figure.suptitle(literal(", ".join(filter(None, stated))), fontsize="medium")
    return axes


def _traces(axes: Axes, traces: Traces) -> None:
    shown = shown_traces(len(traces.traces))
    step = STEP * max(float(np.ptp(traces.traces[n].signal)) for n in shown)
    for place, n in enumerate(shown):
        trace = traces.traces[n]
        axes.plot(1000 * trace.time_ns, trace.signal + place * step, color=LINES[0], linewidth=pt(0.8))
        text = f"{1000 * trace.field_T:g} mT"
        spot = (1, place * step)
        axes.annotate(text, spot, (pt(3), 0), ("axes fraction", "data"), "offset points", fontsize="small", va="center")
    axes.set_yticks([])
    axes.set_xlabel("time (ps)")
    axes.set_ylabel("signal")
    axes.margins(x=0.01)
    if len(shown) < len(traces.traces):
        axes.set_title(f"{len(shown)} of {len(traces.traces)} traces", fontsize="small")


def _distributions(axes: Axes, ensemble: Ensemble, labels: Sequence[str], colors: Sequence[str]) -> None:
    for n, carrier in enumerate(CARRIERS):
        mean, deviation, _ = ensemble.spread(carrier)
        text = f"{labels[n]} = {number(mean, '.3f')}, $\\sigma$ = {deviation:.3f}"
        axes.hist(ensemble.g[:, n], _BINS, weights=ensemble.weight, color=colors[n], alpha=0.8, label=text)
    axes.set_xlabel("effective g-factor")
    axes.set_ylabel("share")
    axes.set_ylim(0, 1.5 * axes.get_ylim()[1])
    axes.legend(fontsize="small", loc="upper left", borderaxespad=0.6)


def _times(
    axes: Axes,
    ensemble: Ensemble,
    fields: Any,
    t2_zero_ps: Sequence[float],
    labels: Sequence[str],
    colors: Sequence[str],
) -> None:
    line = np.linspace(0, 1.05 * fields.max(), _FIELDS + 1)[1:] if fields.any() else fields
    highest = 0.0
    for n, (carrier, decay) in enumerate(zip(CARRIERS, t2_zero_ps, strict=True)):
        axes.plot(1000 * line, ensemble.t2_star_ps(carrier, line, decay), color=colors[n])
        times = ensemble.t2_star_ps(carrier, fields, decay)
        axes.plot(1000 * fields, times, "os"[n], color=colors[n], label=labels[n])
        highest = max(highest, *times[np.isfinite(times)], 0.0)
    axes.set_ylim(0, 1.35 * highest or 1.0)
    axes.set_xlim(0, 1050 * fields.max() or 1.0)
    axes.set_xlabel("magnetic field (mT)")
    axes.set_ylabel(r"$T_2^*$ (ps)")
    axes.grid(color=GRID, linewidth=pt(0.3))
    axes.legend(fontsize="small", loc="upper right", borderaxespad=0.8)
