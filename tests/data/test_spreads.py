"""The spread that a model implies beside measured ones: closed forms, and what the conventions mean."""

import math

import numpy as np
import pytest

from bandg.data.measured import MeasuredPoint, load_spreads
from bandg.data.spreads import SpreadCheck, judge_spreads, mixture_spread, standard_deviations


def test_the_spread_of_a_mixture_is_that_of_a_sample_drawn_from_it():
    kinds, shares = np.array([[0.2, 1.0], [1.2, 1.0], [0.7, -3.0]]), np.array([2, 1, 1])
    drawn = np.repeat(kinds, [2000, 1000, 1000], axis=0)
    assert mixture_spread(kinds, shares) == pytest.approx(drawn.std(axis=0), abs=1e-12)
    assert mixture_spread([0.2, 1.0], [0.3, 0.7]) == pytest.approx(0.8 * math.sqrt(0.21))


def test_what_a_lorentzian_width_may_stand_for():
    least, most = standard_deviations("lorentzian")
    assert math.exp(-0.5 * (1 / least) ** 2) == pytest.approx(0.5)  # the half height of a Gaussian at the half width 1
    time = 1.0  # a Lorentzian of half width 1 decays to 1/e there
    assert math.exp(-0.5 * (most * time) ** 2) == pytest.approx(math.exp(-1))
    assert standard_deviations("gaussian") == (1, 1)


def test_shares_as_large_as_the_first_ones_are_excluded_by_the_holes():
    """68 and 32 % of two kinds whose g_h differ by 0.56 have a spread of 0.26."""
    spreads = load_spreads("meliakov2025")
    step = {"g_e": 0.3, "g_h": 0.56}

    def implied(quantity, energy):
        return float(mixture_spread([0, step[quantity] * energy / 1.911], [0.68, 0.32]))

    found = {(one.point.sample, one.point.quantity): one for one in judge_spreads(spreads, implied, (1.69, 1.911))}
    assert set(found) == {("#1", "dg_e"), ("#1", "dg_h"), ("#4", "dg_e"), ("#4", "dg_h")}
    assert found["#4", "dg_h"].implied == pytest.approx(0.26, abs=0.002)
    assert found["#1", "dg_h"].implied == pytest.approx(0.2612 * 1.69 / 1.911, abs=1e-4)  # the least, at 1.69 eV
    assert [found[key].compatible for key in sorted(found)] == [True, False, True, False]
    assert found["#4", "dg_e"].log_likelihood == 0 and found["#4", "dg_h"].log_likelihood < -100


def test_errors_and_missing_values():
    check = SpreadCheck(MeasuredPoint(1.9, "dg_h", 0.1, 0.05, convention="gaussian"), 0.2)
    assert check.limit == 0.1 and check.log_likelihood == pytest.approx(-2) and check.compatible is True
    assert SpreadCheck(check.point, math.nan).compatible is None
    assert math.isnan(SpreadCheck(check.point, math.nan).log_likelihood)
    unstated = SpreadCheck(MeasuredPoint(1.9, "dg_h", 0.1, convention="lorentzian"), 0.2)
    assert unstated.error == pytest.approx(0.2 * 0.1 * math.sqrt(2))
    zero = MeasuredPoint(1.9, "dg_h", 0.0, convention="gaussian", kind="upper-bound")
    assert SpreadCheck(zero, 0.1).log_likelihood == -math.inf and SpreadCheck(zero, 0.0).log_likelihood == 0
    left = [MeasuredPoint(1.9, "dg_h", 0.1, use="check"), MeasuredPoint(1.9, "dg_h", 0.1, kind="lower-bound")]
    assert judge_spreads(left, lambda quantity, energy: 1.0, ()) == ()
    (alone,) = judge_spreads([MeasuredPoint(None, "dg_e", 0.1)], lambda quantity, energy: math.nan, (1.7, 1.9))
    assert math.isnan(alone.implied)
