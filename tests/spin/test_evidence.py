"""The marginal likelihood against a plain Gaussian integral, and which model it chooses."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bandg.spin import fit
from bandg.spin.evidence import Marginal
from bandg.spin.model import Model, Problem


def test_amplitudes_are_integrated_out(make):
    traces = make((0.42,), g=(1.41,), t2_ps=(300,), dg=(0.0,), size=(1.0,), noise=0.05, end=200)
    problem = Problem(traces, Model(("exponential",)))
    found = Marginal(problem, 0.05**2)
    signal = traces.traces[0].signal
    values = []
    for theta in (np.array([1.41, 3.3]), np.array([1.2, 5.0])):
        matrix = problem.parts(theta)[0].matrix
        covariance = 0.05**2 * np.eye(len(signal)) + np.abs(signal).max() ** 2 * matrix @ matrix.T
        values.append((found(theta), multivariate_normal(cov=covariance).logpdf(signal)))
    assert values[0][0] - values[1][0] == pytest.approx(values[0][1] - values[1][1], rel=1e-8)


def test_the_prior_fills_the_bounds(make):
    problem = Problem(make((0.2, 0.42)), Model(("gaussian", "exponential"), True))
    found = Marginal(problem, 1.0)
    low, high = (found.prior(np.full(9, u)) for u in (0.0, 1.0))
    assert (low >= problem.bounds[0] - 1e-12).all() and (high <= problem.bounds[1]).all()
    rates = 0.1 / 1.19, 200.0
    assert low[[1, 5, 8]] == pytest.approx([rates[0] ** 2, rates[0], rates[0]])
    assert high[[1, 5, 8]] == pytest.approx([rates[1] ** 2, rates[1], rates[1]])


@pytest.mark.slow
def test_nested_sampling_prefers_the_truth(make):
    pytest.importorskip("dynesty")
    traces = make((0.42,), g=(1.41,), t2_ps=(150,), dg=(0.0,), size=(1.0,), noise=0.15, end=600)
    found = fit(traces, components=1, slow=False, evidence=True)
    assert found.best.model.name == "1 x exponential" and found.evidence["1 x exponential"][1] < 1
    other = next(name for name in found.evidence if name != "1 x exponential")
    assert found.evidence["1 x exponential"][0] > found.evidence[other][0] + 3
