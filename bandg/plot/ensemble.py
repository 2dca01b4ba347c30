"""Simulated ensembles: traces, distribution of g, and T2* against field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.models.observable import CARRIERS
from bandg.plot.legends import own_legend
from bandg.plot.palette import GRID, LINES, NAMES
from bandg.plot.sheet import Contents, letters, sheet, suptitle
from bandg.plot.spin import STEP, shown_traces
from bandg.plot.style import Look, number, pt
from bandg.spin.ensemble import Ensemble
from bandg.spin.results import time_unit
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
                own_legend(page, one, loc="upper left", borderaxespad=0.6)
            else:
                _times(one, ensemble, traces.fields, t2_zero_ps, labels, colors)
                own_legend(page, one, loc="upper right", borderaxespad=0.8)
        if page.is_new:
            letters(axes)
            stated = [str(ensemble.options.get("set", "")), f"{ensemble.laser_eV:g} eV"]
            suptitle(page, axes, ", ".join(filter(None, stated)))
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


def _times(
    axes: Axes,
    ensemble: Ensemble,
    fields: Any,
    t2_zero_ps: Sequence[float],
    labels: Sequence[str],
    colors: Sequence[str],
) -> None:
    line = np.linspace(0, 1.05 * fields.max(), _FIELDS + 1)[1:] if fields.any() else fields
    found = [
        [ensemble.t2_star_ps(carrier, at, decay) for at in (line, fields)]
        for carrier, decay in zip(CARRIERS, t2_zero_ps, strict=True)
    ]
    highest = max((time for _, times in found for time in times[np.isfinite(times)]), default=0.0)
    unit, name = time_unit(highest)
    for n, (curve, times) in enumerate(found):
        axes.plot(1000 * line, curve / unit, color=colors[n])
        axes.plot(1000 * fields, times / unit, "os"[n], color=colors[n], label=labels[n])
    axes.set_ylim(0, 1.35 * highest / unit or 1.0)
    axes.set_xlim(0, 1050 * fields.max() or 1.0)
    axes.set_xlabel("magnetic field (mT)")
    axes.set_ylabel(rf"$T_2^*$ ({name})")
    axes.grid(color=GRID, linewidth=pt(0.3))
