"""Derivatives, projected amplitudes and starts of fits."""

from dataclasses import replace

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.spin.decay import DECAYS
from bandg.spin.model import Model, Problem
from bandg.spin.starts import Periodogram

FIELDS = (0.0, 0.09, 0.42)


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("phase", ["common", "free", "none"])
def test_the_gradient_is_that_of_finite_differences(make, decay, phase):
    """And the normal matrix is that of the slopes without what the columns explain (Kaufman)."""
    problem = Problem(make(FIELDS, noise=0.02, end=400), Model((decay,) * 2, True, phase))
    rates = (3.0, 9.0, 4.0, 4.5) if decay == "exponential" else (11.0, 60.0, 16.0, 20.0)
    own = [0.1] * problem.has_phase
    theta = np.array([1.5, *rates[:2], *own, 0.8, *rates[2:], *own, 2.5])
    normal = problem.normal(theta)
    for n in range(len(theta)):
        step = 1e-5 * max(1.0, theta[n])
        ends = [problem.rss(theta + sign * step * (np.arange(len(theta)) == n)) for sign in (1, -1)]
        assert 2 * normal.gradient[n] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-3, abs=1e-5), (
            problem.names[n]
        )
    expected = 0.0
    for part, slopes in zip(problem.parts(theta), problem.slopes(theta), strict=True):
        left = slopes - part.matrix @ np.linalg.lstsq(part.matrix, slopes, rcond=None)[0]
        expected = expected + left.T @ left
    assert normal.matrix == pytest.approx(expected, rel=1e-6, abs=1e-8 * np.abs(expected).max())


def test_traces_of_different_lengths_stand_side_by_side(make):
    """Together they have the sum of squares that they have alone."""
    traces = make((0.0, 0.2, 0.42), noise=0.02)
    cut = [
        replace(t, time_ns=t.time_ns[:n], signal=t.signal[:n]) for t, n in zip(traces.traces, (40, 90, 70), strict=True)
    ]
    model, theta = Model(("exponential",), False, "free"), np.array([1.4, 4.0, 4.0])
    alone = [Problem(replace(traces, traces=(one,)), model).rss(theta[:2]) for one in cut]
    assert Problem(replace(traces, traces=tuple(cut)), model).rss(theta) == pytest.approx(sum(alone), rel=1e-10)


def test_amplitudes_are_the_best_for_the_parameters(make):
    traces = make((0.42,), offset=0.3, phase=0.4)
    problem = Problem(traces, Model(("exponential",) * 2))
    rates = [1000 / 350 + 87.941 * 0.22 * 0.42, 1000 / 260]
    part = problem.parts(np.array([1.41, rates[0], 0.91, rates[1]]))[0]
    expected = [0.3, np.cos(0.4), -np.sin(0.4), 0.6 * np.cos(0.4), -0.6 * np.sin(0.4)]
    assert part.amplitudes == pytest.approx(expected, abs=1e-4)
    assert np.abs(part.residual).max() < 1e-4


def test_decays_between_the_fields_are_lines_in_the_field_or_its_square(make):
    problem = Problem(make((0.1, 0.2, 0.3)), Model(("exponential", "gaussian")))
    theta = np.array([1.0, 2.0, 4.0, 0.0, 1.0, 2.0, 10.0, 0.0])
    at = [[problem.decay_weights(n, B) @ theta for B in (0.1, 0.2, 0.3, 0.0)] for n in (0, 1)]
    assert at[0] == pytest.approx([2, 3, 4, 1]) and at[1] == pytest.approx([2, 5, 10, 1])


def test_the_periodogram_finds_both_components(make):
    scan = Periodogram(make((0.0, 0.2, 0.42), noise=0.05), 4.0)
    first = scan.peaks(most=1)[0]
    second = scan.peaks([(1.41, 11.0)], most=1)[0]
    assert 0.85 < first[0] < 1.45
    assert second[0] == pytest.approx(0.91, abs=0.05)


def test_wrong_models_and_few_points(make):
    with pytest.raises(BandgError, match="'lorentz' is unknown: choose exponential"):
        Model(("lorentz",))
    with pytest.raises(BandgError, match="one or two components, not 3"):
        Model(("gaussian",) * 3)
    with pytest.raises(BandgError, match="`phase` 'zero' is unknown"):
        Model(("gaussian",), False, "zero")
    with pytest.raises(BandgError, match="420 mT: has 5 points for 5 amplitudes of '2 x gaussian'"):
        Problem(make((0.42,), end=30), Model(("gaussian",) * 2)).check()
