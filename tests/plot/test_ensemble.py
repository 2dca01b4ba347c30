"""Pictures of simulated ensembles."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.plot.ensemble import plot_ensemble
from bandg.spin import Ensemble


@pytest.fixture(scope="module")
def found():
    g = np.stack([np.linspace(1.0, 1.4, 50), np.full(50, 0.5)], axis=1)
    vectors = g[:, :, None] * np.array([1.0, 0.0, 0.0])
    one = np.ones(50)
    return Ensemble(1.9, 0.0, 0.0, 1.9 * one, one / 50, np.ones((50, 3)), vectors, 0.0, (0.0,) * 3, {"set": "$4"})


def test_a_picture_has_traces_distributions_and_times(found):
    traces = found.traces([0.1, 0.42], np.arange(0, 500, 5.0), t2_zero_ps=(300, 200))
    axes = plot_ensemble(found, traces, (300, 200))
    try:
        assert [text.get_text() for text in axes[0].texts] == ["100 mT", "420 mT", "(a)"]
        np.testing.assert_allclose(axes[0].lines[0].get_ydata(), traces.traces[0].signal)
        for bars in axes[1].containers:
            assert sum(bar.get_height() for bar in bars) == pytest.approx(1)
        points = axes[2].lines[1]
        np.testing.assert_allclose(points.get_xdata(), [100, 420])
        np.testing.assert_allclose(points.get_ydata(), found.t2_star_ps("electron", [0.1, 0.42], 300))
        assert axes[2].lines[2].get_ydata() == pytest.approx(200, rel=1e-3)  # no spread of g_h
        assert "\\$4, 1.9 eV" in axes[0].figure.get_suptitle()
    finally:
        plt.close(axes[0].figure)


def test_other_numbers_of_axes_are_refused(found):
    figure, axes = plt.subplots(1, 2)
    with pytest.raises(BandgError, match="this picture needs 3"):
        plot_ensemble(found, found.traces([0.1], np.arange(0, 500, 5.0)), ax=axes)
    plt.close(figure)
