"""Theory curves beside measured points."""

import math

import numpy as np
import pytest

from bandg.data.compare import TheoryCurve, compare, left_out, verdict_points
from bandg.data.measured import MeasuredPoint, load_measured

ENERGY = np.array([1.6, 1.8, 2.0, 2.2])


def line(slope=-2.0):
    """g_e = 3 + slope (E - 1.6), g_h = 4 - g_e."""
    g_e = 3 + slope * (ENERGY - 1.6)
    return TheoryCurve("line", ENERGY, {"g_e": g_e, "g_h": 4 - g_e}, np.full(4, np.nan))


def test_a_curve_has_no_value_outside_of_its_range():
    curve = line()
    inside = curve.at("g_e", [1.6, 1.7, 2.2])
    assert inside == pytest.approx([3, 2.8, 1.8])
    assert np.isnan(curve.at("g_e", [1.59, 2.21])).all()
    assert np.isnan(curve.at("g_bx", 2.3)) and float(curve.at("g_bx", 2.0)) == pytest.approx(4)


def test_a_curve_whose_energies_do_not_rise_has_no_value():
    folded = TheoryCurve("folded", np.array([1.6, 1.9, 1.8]), {"g_e": np.arange(3.0)}, np.zeros(3))
    assert np.isnan(folded.at("g_e", 1.7))


def test_residuals_rms_and_chi_square():
    points = [
        MeasuredPoint(1.7, "g_e", 2.7, error=0.05),
        MeasuredPoint(1.9, "g_e", 2.6, error=0.1),
        MeasuredPoint(2.0, "abs_g_h", 1.5),
        MeasuredPoint(2.5, "g_h", 0.0, error=0.1),
        MeasuredPoint(None, "g_e", 1.0),
    ]
    found = compare(line(), points)
    assert [r.residual for r in found.residuals[:3]] == pytest.approx([0.1, -0.2, 0.3])
    assert len(found.residuals) == 4 and found.outside == 1
    assert found.rms("g_e") == pytest.approx(math.sqrt((0.01 + 0.04) / 2))
    assert found.rms("g_h") == pytest.approx(0.3) and found.count("g_h") == (1, 2)  # one of its points lies outside
    assert found.rms("g_e", "g_h") == pytest.approx(math.sqrt((0.01 + 0.04 + 0.09) / 3))
    assert math.isnan(compare(line(), points[3:]).rms("g_h"))  # none lies inside
    chi_square, count = found.chi_square
    assert (chi_square, count) == (pytest.approx(4 + 4), 2)


def test_a_magnitude_is_compared_with_a_magnitude():
    curve = TheoryCurve("below", ENERGY, {"g_h": -np.ones(4)}, np.zeros(4))
    assert compare(curve, [MeasuredPoint(1.7, "abs_g_h", 0.9)]).residuals[0].residual == pytest.approx(0.1)
    assert compare(curve, [MeasuredPoint(1.7, "g_h", 0.9)]).residuals[0].residual == pytest.approx(-1.9)


def test_points_that_count_are_each_once_and_cold():
    points = verdict_points(load_measured("meliakov2025"))
    assert len(points) == 5
    assert {(p.energy_eV, p.quantity) for p in points} >= {(1.911, "abs_g_e"), (2.25, "g_h")}


def test_a_point_that_is_not_independent_has_a_residual_and_no_part_in_the_rms():
    own = [MeasuredPoint(1.7, "g_e", 2.7, error=0.1), MeasuredPoint(1.8, "g_e", 9.0, error=0.1, evidence="derived")]
    own += [MeasuredPoint(9.9, "g_e", 1.0, use="check"), MeasuredPoint(1.8, "g_bx", 9.0, evidence="contains-theory")]
    found = compare(line(), own)
    assert len(found.residuals) == 4 and found.residuals[1].residual == pytest.approx(2.6 - 9)
    assert found.rms("g_e", "g_bx") == pytest.approx(0.1) and found.outside == 0
    assert found.chi_square == (pytest.approx(1), 1) and math.isnan(found.rms("g_bx"))
    assert left_out([*own, *own[1:2]]) == "2 (follows from other points), 1 (kept for checks), 1 (contains theory)"
    text = left_out(load_measured("meliakov2025"))
    assert "2 of #4 (no energy is stated)" in text and "2 of #5-#6 (contains theory: " in text
