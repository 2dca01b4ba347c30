"""Small multiples: what each mechanism does to g_e and g_h over its range, beside the measured points."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.plot.output import check_picture_path, save
from bandg.plot.overlay import draw_curve, draw_points
from bandg.plot.style import literal, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.compare import TheoryCurve
    from bandg.hypotheses.study import Finding, Study

_COLORS = {"g_e": "#0072B2", "g_h": "#D55E00"}
_SPAN = (1.64, 2.3)
_COLUMNS = 4
_FINE = 200


def plot_hypotheses(found: Study, path: str | os.PathLike[str]) -> None:
    """Draw one panel for each finding in the order of the table. Raises BandgError where it cannot be written."""
    import matplotlib.pyplot as plt

    check_picture_path(path)
    rows = math.ceil(len(found.findings) / _COLUMNS)
    with style():
        size = (7.0, 0.75 + 1.75 * rows)
        figure, panels = plt.subplots(
            rows, _COLUMNS, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
        )
        try:
            for axes, finding in zip(panels.flat, found.findings, strict=False):
                _panel(axes, finding, found)
            for axes in panels.flat[len(found.findings) :]:
                axes.set_visible(False)
            panels[0][0].set_xlim(*_SPAN)
            panels[0][0].set_ylim(*_height(found))
            for axes in panels[:, 0]:
                axes.set_ylabel("$g$-factor")
            for column in range(_COLUMNS):
                last = [axes for axes in panels[:, column] if axes.get_visible()]
                if last:
                    last[-1].set_xlabel("energy (eV)")
                    last[-1].tick_params(labelbottom=True)
            _legend(figure)
            save(figure, path)
        finally:
            plt.close(figure)


def _panel(axes: Axes, finding: Finding, found: Study) -> None:
    for quantity, color in _COLORS.items():
        _band(axes, [trial.curve for trial in finding.trials], quantity, color)
        draw_curve(axes, finding.base.curve, quantity, _SPAN, "#555555", linestyle="-", linewidth=0.8)
        draw_curve(axes, finding.best.curve, quantity, _SPAN, color, linestyle="-")
    draw_points(axes, found.points, ("g_e", "g_h"))
    mechanism = finding.mechanism
    mark = ", assumed" if mechanism.status == "assumed" else ""
    unit = f" {mechanism.unit}" if mechanism.unit else ""
    name = mechanism.name.replace(" + ", " +\n")
    title = f"{name}\n{mechanism.lower:.3g}..{mechanism.upper:.3g}{unit}{mark}"
    axes.set_title("\n".join(map(literal, title.split("\n"))), fontsize=6.5)
    corner: dict[str, Any] = {"xycoords": "axes fraction", "fontsize": 7, "horizontalalignment": "right"}
    axes.annotate(f"{finding.explained:.0%}", (0.97, 0.04), **corner)
    axes.axhline(0, color="#999999", linewidth=0.5, zorder=1)


def _band(axes: Axes, curves: list[TheoryCurve], quantity: str, color: str) -> None:
    """What the range spans; where a curve ends, the band does."""
    fine = np.linspace(*_SPAN, _FINE)
    values = np.array([curve.at(quantity, fine) for curve in curves])
    axes.fill_between(fine, values.min(axis=0), values.max(axis=0), color=color, alpha=0.22, linewidth=0)


def _height(found: Study) -> tuple[float, float]:
    fine = np.linspace(*_SPAN, 40)
    values = [found.base_trial.curve.at(quantity, fine) for quantity in _COLORS]
    values.append(np.array([point.value for point in found.points if point.quantity != "g_bx"]))
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    return float(known.min()) - 0.45, float(known.max()) + 0.45


def _legend(figure: object) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color="#555555", linewidth=0.8, label="baseline"),
        *(
            Line2D([], [], color=c, label=f"best in the range, ${n[0]}_{{\\mathrm{{{n[2]}}}}}$")
            for n, c in _COLORS.items()
        ),
        Patch(color="#888888", alpha=0.3, linewidth=0, label="the whole range"),
        Line2D([], [], color="black", marker="o", linestyle="none", markersize=3.6, label="measured; %: explained"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=5, fontsize=6.5)  # type: ignore[attr-defined]
