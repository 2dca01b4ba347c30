"""A waterfall draws each step from where the one before it ends, and the rest up to the measurement."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bandg.analysis.verdict.waterfall import FORWARD, INGREDIENTS, REVERSE, Waterfall
from bandg.data.compare import verdict_points
from bandg.data.measured import load_measured
from bandg.plot.waterfall import plot_waterfall

POINTS = verdict_points(load_measured("meliakov2025"))
MEASURED = np.array([point.value for point in POINTS])
PLACE = [(point.quantity, point.energy_eV) for point in POINTS].index(("g_h", 2.25))


def fall(steps):
    values = np.cumsum(np.full((len(steps) + 1, len(POINTS)), 0.1), axis=0)
    return Waterfall(steps, values, MEASURED)


def test_bars_join_the_start_with_the_measurement():
    paths = {"one": fall(FORWARD), "other": fall(REVERSE)}
    axes = plot_waterfall(paths, INGREDIENTS, POINTS, np.full(len(POINTS), 0.05))
    assert len(axes) == 2 + 4
    for one, path in zip(axes, paths.values(), strict=False):
        bars = [patch for patch in one.patches if patch.get_height() == pytest.approx(0.62)]
        ends = np.array([[bar.get_x(), bar.get_x() + bar.get_width()] for bar in bars])
        assert ends[0, 0] == pytest.approx(path.values[0, PLACE])
        assert ends[1:, 0] == pytest.approx(ends[:-1, 1])
        assert ends[-1, 1] == pytest.approx(MEASURED[PLACE])
        assert len(bars) == len(path.steps) + 1
        labels = [label.get_text() for label in one.get_yticklabels()]
        assert labels[1:-1] == [INGREDIENTS[step] for step in path.steps]
    shaded = [patch for patch in axes[0].patches if patch.get_width() == pytest.approx(0.1) and patch.get_y() == 0]
    assert [patch.get_x() for patch in shaded] == pytest.approx([fall(FORWARD).values[-1, PLACE] - 0.05])
    plt.close("all")
