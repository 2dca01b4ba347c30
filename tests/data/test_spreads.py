"""The spread that a model predicts beside measured ones, in the convention of each."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bandg.data.measured import MeasuredPoint, load_spreads
from bandg.data.single_fit import fit_one
from bandg.data.spreads import (
    LEFT_LIMIT,
    T2_ZERO_PS,
    Decay,
    SpreadCheck,
    decay_of,
    decays,
    judge_spreads,
    mixture_spread,
    observed,
)

MEASURED = load_spreads("meliakov2025")


def test_the_spread_of_a_mixture_is_that_of_a_sample_drawn_from_it():
    kinds, shares = np.array([[0.2, 1.0], [1.2, 1.0], [0.7, -3.0]]), np.array([2, 1, 1])
    drawn = np.repeat(kinds, [2000, 1000, 1000], axis=0)
    assert mixture_spread(kinds, shares) == pytest.approx(drawn.std(axis=0), abs=1e-12)
    assert mixture_spread([0.2, 1.0], [0.3, 0.7]) == pytest.approx(0.8 * math.sqrt(0.21))


def test_the_decay_without_field_follows_from_the_lowest_field():
    """Eq. (3) of the source, and squares that add."""
    known = decays(MEASURED)
    assert known["g_h"] == Decay(pytest.approx(230), 0.03, "lorentzian")  # measured without field
    assert known["g_e"].t2_zero_ps == pytest.approx(1e3 / (1e3 / 280 - 87.9410 * 0.22 * 0.09), rel=1e-5)
    alone = MeasuredPoint(1.9, "dg_e", 0.1, convention="gaussian")
    assert decay_of(alone, [alone]).t2_zero_ps == T2_ZERO_PS
    time = MeasuredPoint(1.9, "T2_e_ps", 200.0, convention="gaussian", field_T=0.2)
    square = (1e3 / 200) ** 2 - (87.9410 * 0.1 * 0.2) ** 2 / 2
    assert decay_of(alone, [time, alone]).t2_zero_ps == pytest.approx(1e3 / math.sqrt(square), rel=1e-5)
    fast = MeasuredPoint(1.9, "T2_e_ps", 5000.0, field_T=0.2)  # longer than the spread allows
    assert decay_of(alone, [fast]).t2_zero_ps == 5000.0
    assert decays([replace(alone, use="check"), time]) == {}


def judged(step, share, spreads=MEASURED, energies=(1.69, 1.911)):
    """Checks of two kinds whose g differ by the steps, by (sample, quantity)."""
    kinds = {name: lambda at, d=d: np.array([0 * at + 0.9, 0.9 + d * at / 1.911]) for name, d in step.items()}
    found = judge_spreads(spreads, kinds, [1 - share, share], energies)
    return {(one.point.sample, one.point.quantity): one for one in found}


def test_shares_as_large_as_the_first_ones_are_excluded_by_the_holes():
    """68 and 32 % of two kinds whose g_h differ by 0.56: one cosine leaves a quarter of the trace."""
    found = judged({"g_e": 0.3, "g_h": 0.56}, 0.32)
    assert set(found) == {("#1", "dg_e"), ("#1", "dg_h"), ("#4", "dg_e"), ("#4", "dg_h")}
    hole = found["#4", "dg_h"]
    assert hole.predicted == pytest.approx(fit_one([0.9, 1.46], [0.68, 0.32], 230).dg) and hole.left > 0.2
    assert hole.compatible is False and hole.log_likelihood < -20
    first = found["#1", "dg_h"]  # without an energy: the nearer the kinds the better
    assert first.predicted == pytest.approx(fit_one([0.9, 0.9 + 0.56 * 1.69 / 1.911], [0.68, 0.32], 230).dg)


def test_a_few_percent_of_another_kind_are_not_excluded():
    """They leave g and T2* as they are, although the standard deviation of g is above the measured spread."""
    for share in (0.01, 0.05, 0.1):
        found = judged({"g_e": 0.3, "g_h": 0.56}, share)
        assert all(one.compatible for one in found.values())
        assert found["#4", "dg_h"].predicted < 0.03
    assert mixture_spread([0.9, 1.46], [0.95, 0.05]) > 0.1


def test_kinds_that_differ_little_are_allowed_in_any_share():
    assert all(one.compatible and one.log_likelihood == 0 for one in judged({"g_e": 0.1, "g_h": 0.05}, 0.5).values())


def test_what_is_left_of_the_measured_spread_is_scatter_of_other_origin():
    """Electrons 0.3 apart hide in a spread of 0.22: two lines in a sample without any other scatter."""
    kinds = np.array([[1.2], [1.5]])
    wide, narrow = (observed(kinds, [0.5, 0.5], [Decay(500.0, dg, "lorentzian")]) for dg in (0.6, 0.0))
    assert narrow.left > 2 * wide.left and narrow.dg == wide.dg
    both = observed(np.hstack([kinds, kinds]), [0.5, 0.5], [Decay(500, 0.2, "gaussian"), Decay(500, 0.2, "lorentzian")])
    for n, convention in enumerate(("gaussian", "lorentzian")):
        assert both.dg[n] == fit_one(kinds[:, 0], [0.5, 0.5], 500, convention=convention).dg


def test_each_convention_is_compared_with_its_own():
    """The same two kinds: a standard deviation of 0.02 is no half width of 0.02."""
    rows = [MeasuredPoint(1.9, "dg_h", 0.015, convention=one) for one in ("gaussian", "lorentzian")]
    kinds = {"g_h": lambda at: np.array([0 * at + 1.0, 0 * at + 1.04])}
    gaussian, lorentzian = judge_spreads(rows, kinds, [0.5, 0.5], ())
    assert gaussian.predicted == pytest.approx(0.02, rel=0.05) and lorentzian.predicted < 0.006
    assert (gaussian.log_likelihood < 0, lorentzian.log_likelihood) == (True, 0.0)


def test_errors_and_missing_values():
    check = SpreadCheck(MeasuredPoint(1.9, "dg_h", 0.1, 0.05, convention="gaussian"), 0.2)
    assert check.log_likelihood == pytest.approx(-2) and check.compatible is True
    assert replace(check, left=0.2).compatible is False
    assert replace(check, predicted=0.0, left=LEFT_LIMIT + 0.04).log_likelihood == pytest.approx(-2)
    unknown = replace(check, predicted=math.nan)
    assert unknown.compatible is None and unknown.log_likelihood == 0 and unknown.to_dict()["predicted"] is None
    assert SpreadCheck(MeasuredPoint(1.9, "dg_h", 0.1), 0.2).error == pytest.approx(0.02)
    zero = MeasuredPoint(1.9, "dg_h", 0.0, convention="gaussian", kind="upper-bound")
    assert SpreadCheck(zero, 0.1).log_likelihood == -math.inf and SpreadCheck(zero, 0.0).log_likelihood == 0
    left = [MeasuredPoint(1.9, "dg_h", 0.1, use="check"), MeasuredPoint(1.9, "dg_h", 0.1, kind="lower-bound")]
    assert judge_spreads(left, {}, [0.5, 0.5], ()) == ()
    nowhere = {"g_e": lambda at: np.full((2, len(at)), np.nan)}
    (alone,) = judge_spreads([MeasuredPoint(None, "dg_e", 0.1)], nowhere, [0.5, 0.5], (1.7, 1.9))
    assert math.isnan(alone.predicted)
