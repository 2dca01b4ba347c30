"""The marginal likelihood against Gaussian integrals, sums on a grid and nested sampling; which model it chooses."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from bandg.spin import fit
from bandg.spin.evidence import Marginal, integrate

ONE = {"g": (1.41,), "t2_ps": (300,), "dg": (0.0,), "size": (1.0,), "end": 200}


@pytest.fixture
def one(make):
    """One carrier in one field, and its marginal likelihood."""
    best = fit(make((0.42,), noise=0.05, **ONE), components=1, decay="exponential", slow=False).best
    return best, Marginal(best, 0.05**2)


def test_amplitudes_are_integrated_out(one):
    best, found = one
    signal = best.problem.traces.traces[0].signal
    values = []
    for theta in (np.array([1.41, 3.3]), np.array([1.2, 5.0])):
        matrix = best.problem.parts(theta)[0].matrix
        covariance = 0.05**2 * np.eye(len(signal)) + np.abs(signal).max() ** 2 * matrix @ matrix.T
        values.append((found(theta), multivariate_normal(cov=covariance).logpdf(signal)))
    assert values[0][0] - values[1][0] == pytest.approx(values[0][1] - values[1][1], rel=1e-8)


def test_the_integral_is_that_of_a_grid(one):
    found = one[1]
    (g, _), covariance = found.start()
    width, n = 8 * np.sqrt(covariance[0, 0]), 40
    cells = [(x, y) for x in g + width * (2 * np.arange(n) + 1 - n) / n for y in (np.arange(n) + 0.5) / n]
    grid = logsumexp([found.at(np.array(cell)) for cell in cells]) + np.log(2 * width / n**2)
    value, error = integrate(found.at, *found.start(), np.random.default_rng(0))
    assert error < 0.1
    assert value == pytest.approx(grid, abs=3 * error)


def test_a_gaussian_far_from_the_start_is_found():
    normal = multivariate_normal([0.6, 0.4, 0.5], np.diag([0.01, 0.02, 0.03]) ** 2)
    start = np.array([0.5, 0.5, 0.5]), 0.05**2 * np.eye(3)
    value, error = integrate(lambda x: float(normal.logpdf(x)) + 7, *start, np.random.default_rng(1))
    assert error < 0.1
    assert value == pytest.approx(7, abs=3 * error)


def test_the_prior_fills_the_bounds(make):
    best = fit(make((0.2, 0.42), noise=0.02), components=2, decay=("gaussian", "exponential"), slow=True).best
    problem, found = best.problem, Marginal(best, 1.0)
    low, high = (found.parameters(np.full(9, u)) for u in (0.0, 1.0))
    rates, phases = [1, 2, 5, 6, 8], [3, 7]
    assert (low[[0, 4]], high[[0, 4]]) == (pytest.approx(1e-3), pytest.approx(4.0))
    first, last = 0.1 / 1.19, 200.0
    assert low[rates] == pytest.approx([first**2, first**2, first, first, first])
    assert high[rates] == pytest.approx([last**2, last**2, last, last, last])
    assert high[phases] - low[phases] == pytest.approx(np.pi)
    inside = (best.theta > problem.bounds[0]) & (best.theta < problem.bounds[1])
    there = found.parameters(found.start()[0])
    assert there[inside] == pytest.approx(best.theta[inside], rel=1e-9)


def test_two_alike_components_count_once(make):
    best = fit(make((0.42,), noise=0.05), components=2, decay="exponential", slow=False).best
    found = Marginal(best, best.variance)
    cube = found.start()[0]
    assert found.at(cube) == pytest.approx(found(found.parameters(cube)) + np.log(2))
    assert found.at(cube[[2, 3, 0, 1]]) == -np.inf


def test_the_truth_is_preferred(make):
    traces = make((0.42,), noise=0.15, **ONE | {"t2_ps": (150,), "end": 600})
    found = fit(traces, components=1, slow=False, evidence=True)
    assert found.best.model.name == "1 x exponential"
    other = next(name for name in found.evidence if name != "1 x exponential")
    assert found.evidence["1 x exponential"][0] > found.evidence[other][0] + 3


@pytest.mark.slow
def test_nested_sampling_gives_the_same(make):
    dynesty = pytest.importorskip("dynesty")
    best = fit(make((0.42,), noise=0.05, seed=1), components=2, decay="exponential", slow=False).best
    found = Marginal(best, best.variance)
    value, error = integrate(found.at, *found.start(), np.random.default_rng(0))
    nested = dynesty.NestedSampler(
        lambda cube: max(found.at(cube), -1e10), lambda cube: cube, 4, nlive=100, sample="rslice",
        rstate=np.random.default_rng(0),
    )  # fmt: skip
    nested.run_nested(dlogz=0.3, print_progress=False)
    assert nested.results.logz[-1] == pytest.approx(value, abs=3 * np.hypot(nested.results.logzerr[-1], error))
