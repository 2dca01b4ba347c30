"""Derivatives, projected amplitudes and starts of fits."""

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.spin.decay import DECAYS
from bandg.spin.model import Model, Problem
from bandg.spin.starts import Periodogram

FIELDS = (0.0, 0.09, 0.42)


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("phase", ["common", "free", "none"])
def test_the_jacobian_is_that_of_finite_differences(make, decay, phase):
    """The gradient of the sum of squares, for which Kaufman's approximation of the Jacobian is exact."""
    problem = Problem(make(FIELDS, noise=0.02, end=400), Model((decay,) * 2, True, phase))
    rates = (3.0, 9.0, 4.0, 4.5) if decay == "exponential" else (11.0, 60.0, 16.0, 20.0)
    own = [0.1] * problem.has_phase
    theta = np.array([1.5, *rates[:2], *own, 0.8, *rates[2:], *own, 2.5])
    gradient = 2 * problem.jacobian(theta).T @ problem.residuals(theta)
    for n in range(len(theta)):
        step = 1e-5 * max(1.0, theta[n])
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[n] += sign * step
            ends.append(np.sum(problem.residuals(moved) ** 2))
        assert gradient[n] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-3, abs=1e-5), problem.names[n]


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
