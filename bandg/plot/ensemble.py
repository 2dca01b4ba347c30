"""Simulated ensembles: traces, distribution of g, and T2* against field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.models.observable import CARRIERS
from bandg.plot.palette import GRID, LINES
from bandg.plot.spin import STEP, shown_traces
from bandg.plot.style import literal, panels, style
from bandg.spin.ensemble import Ensemble
from bandg.spin.traces import Traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 60
_FIELDS = 30
_LABELS = r"$g_{\mathrm{e}}$", r"$g_{\mathrm{h}}$"


def plot_ensemble(
    ensemble: Ensemble, traces: Traces, t2_zero_ps: Sequence[float] = (np.inf, np.inf), ax: Sequence[Axes] | None = None
) -> tuple[Axes, ...]:
    """Draw traces, distributions of g_e and g_h, and T2* against field.

    t2_zero_ps: decay of electron and hole besides that of the spread of g, as the traces have it. ax: three axes;
    without it a new figure is made. Returns the axes. Raises BandgError for another number of axes.
    """
    with style(ax):
        axes = _new() if ax is None else panels(ax, 1, 3)
        _traces(axes[0], traces)
        _distributions(axes[1], ensemble)
        _times(axes[2], ensemble, traces.fields, t2_zero_ps)
        if ax is None:
            figure: Any = axes[0].figure
            stated = [str(ensemble.options.get("set", "")), f"{ensemble.laser_eV:g} eV"]
            figure.suptitle(literal(", ".join(filter(None, stated))), fontsize=8)
    return axes


def _new() -> tuple[Axes, ...]:
    import matplotlib.pyplot as plt

    axes = plt.subplot_mosaic(
        [["traces", "g"], ["traces", "t2"]],
        figsize=(7.0, 4.6),
        layout="constrained",
        gridspec_kw={"width_ratios": (1.25, 1)},
    )[1]
    return axes["traces"], axes["g"], axes["t2"]


def _traces(axes: Axes, traces: Traces) -> None:
    shown = shown_traces(len(traces.traces))
    step = STEP * max(float(np.ptp(traces.traces[n].signal)) for n in shown)
    for place, n in enumerate(shown):
        trace = traces.traces[n]
        axes.plot(1000 * trace.time_ns, trace.signal + place * step, color=LINES[0], linewidth=0.8)
        text = f"{1000 * trace.field_T:g} mT"
        spot = (1, place * step)
        axes.annotate(text, spot, (3, 0), ("axes fraction", "data"), "offset points", fontsize=6.5, va="center")
    axes.set_yticks([])
    axes.set_xlabel("time (ps)")
    axes.set_ylabel("signal")
    axes.margins(x=0.01)
    if len(shown) < len(traces.traces):
        axes.set_title(f"{len(shown)} of {len(traces.traces)} traces", fontsize=7)


def _distributions(axes: Axes, ensemble: Ensemble) -> None:
    for n, carrier in enumerate(CARRIERS):
        mean, deviation, _ = ensemble.spread(carrier)
        text = f"{_LABELS[n]} = {mean:.3f}, standard deviation {deviation:.3f}"
        axes.hist(ensemble.g[:, n], _BINS, weights=ensemble.weight, color=LINES[n], alpha=0.8, label=text)
    axes.set_xlabel("effective g-factor")
    axes.set_ylabel("share")
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])
    axes.legend(fontsize=6, loc="upper center")


def _times(axes: Axes, ensemble: Ensemble, fields: Any, t2_zero_ps: Sequence[float]) -> None:
    line = np.linspace(0, 1.05 * fields.max(), _FIELDS + 1)[1:] if fields.any() else fields
    highest = 0.0
    for n, (carrier, decay) in enumerate(zip(CARRIERS, t2_zero_ps, strict=True)):
        axes.plot(1000 * line, ensemble.t2_star_ps(carrier, line, decay), color=LINES[n])
        times = ensemble.t2_star_ps(carrier, fields, decay)
        axes.plot(1000 * fields, times, "os"[n], color=LINES[n], label=_LABELS[n])
        highest = max(highest, *times[np.isfinite(times)], 0.0)
    axes.set_ylim(0, 1.35 * highest or 1.0)
    axes.set_xlim(0, 1050 * fields.max() or 1.0)
    axes.set_xlabel("magnetic field (mT)")
    axes.set_ylabel(r"$T_2^*$ (ps)")
    axes.grid(color=GRID, linewidth=0.3)
    axes.legend(fontsize=6)
