"""Evidence and leave-one-out predictions against a linear Gaussian model, whose values are known in closed form."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bandg.analysis.verdict.evidence import leave_one_out, log_evidence, log_terms

SLOPES = np.array([[0.1, 0.02], [0.05, -0.08], [-0.04, 0.1], [0.07, 0.03], [0.02, 0.06]])
CENTER = np.array([2.3, 1.4, -0.2, 0.9, 1.6])
MEASURED = np.array([2.35, 1.32, -0.15, 0.95, 1.7])
ERROR = 0.1


@pytest.fixture(scope="module")
def predictions():
    """Draws of a model that is linear in two standard normal deviates."""
    return CENTER + np.random.default_rng(1).standard_normal((40000, 2)) @ SLOPES.T


def test_the_evidence_of_a_linear_model_is_that_of_its_joint_normal_distribution(predictions):
    covariance = SLOPES @ SLOPES.T + ERROR**2 * np.eye(5)
    expected = multivariate_normal(CENTER, covariance).logpdf(MEASURED)
    found, error = log_evidence(log_terms(predictions, MEASURED, ERROR))
    assert error < 0.01
    assert found == pytest.approx(expected, abs=4 * error)


def test_numbers_left_out_are_predicted_as_the_conditional_distribution_does(predictions):
    for number, found in enumerate(leave_one_out(log_terms(predictions, MEASURED, ERROR), predictions)):
        others = np.delete(np.arange(5), number)
        within = SLOPES[others] @ SLOPES[others].T + ERROR**2 * np.eye(4)
        gain = SLOPES[number] @ SLOPES[others].T @ np.linalg.inv(within)
        mean = CENTER[number] + gain @ (MEASURED - CENTER)[others]
        variance = SLOPES[number] @ SLOPES[number] - gain @ SLOPES[others] @ SLOPES[number]
        assert found.mean == pytest.approx(mean, abs=0.004)
        assert found.sd == pytest.approx(math.sqrt(variance), rel=0.03)
        assert 1000 < found.effective < 40000


def test_one_draw_is_effective_where_one_fits():
    predictions = np.array([[0.0, 0.0], [5.0, 5.0], [9.0, np.nan]])
    left = leave_one_out(log_terms(predictions, np.array([0.0, 0.0]), 0.1), predictions)
    assert left[0].effective == pytest.approx(1.0)
    assert left[0].mean == pytest.approx(0.0)


def test_there_is_no_evidence_where_no_draw_predicts_all_numbers():
    terms = log_terms(np.array([[1.0, np.nan], [np.nan, 2.0]]), np.array([1.0, 2.0]), 0.1)
    assert log_evidence(terms)[0] == -math.inf
