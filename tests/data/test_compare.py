"""Theory curves beside measured points."""

import math

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.data.compare import TheoryCurve, compare, parse_curve, read_curve, verdict_points
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
    assert math.isnan(found.rms("g_h"))  # one of its points lies outside
    chi_square, count = found.chi_square
    assert (chi_square, count) == (pytest.approx(4 + 4), 2)


def test_a_magnitude_is_compared_with_a_magnitude():
    curve = TheoryCurve("below", ENERGY, {"g_h": -np.ones(4)}, np.zeros(4))
    assert compare(curve, [MeasuredPoint(1.7, "abs_g_h", 0.9)]).residuals[0].residual == pytest.approx(0.1)
    assert compare(curve, [MeasuredPoint(1.7, "g_h", 0.9)]).residuals[0].residual == pytest.approx(-1.9)


def test_points_that_count_are_each_once_and_cold():
    points = verdict_points(load_measured("meliakov2025"))
    assert len(points) == 7
    assert {(p.energy_eV, p.quantity) for p in points} >= {(1.911, "abs_g_e"), (2.25, "g_h"), (2.25, "g_bx")}


WRONG = [
    ("energy,g_e\n1.7,1\n", "needs the columns energy_eV"),
    ("energy_eV,size_nm\n1.7,4\n1.8,3\n", "some of g_e, g_h, g_bx"),
    ("", "needs the columns"),
    ("energy_eV,g_e\n1700,1\n1800,2\n", "line 2: energy_eV is 1700, which looks like meV: give eV"),
    ("energy_eV,g_e\n1.7,1\n1.8,nan\n", "line 3: g_e is 'nan', which is not a finite number"),
    ("energy_eV,g_e\n1.7,1\n-1.8,2\n", "must be above zero"),
    ("energy_eV,g_e\n1.7,1\n", "two points or more"),
    ("energy_eV,g_e\n1.7,1\n1.7,2\n", "energy_eV 1.7 twice"),
    ('energy_eV,g_e\n1.7,"1\n2"\n1.8,2\n', r"line 3: g_e is '1\n2'"),
    (f"energy_eV,g_e\n1.7,{'1' * 140_000}\n1.8,2\n", "line 2: is not CSV: field larger than field limit"),
    ('energy_eV,g_e\n1.7,"1\n1.8,2\n', "is not CSV: unexpected end of data"),
    ("energy_eV,g_e\n1,7,2,0\n1,8,1,0\n", "line 2: has 4 cells under 2 columns"),
    ("# schema = 2\nenergy_eV,g_e\n1.7,1\n1.8,2\n", "line 1: schema is not known"),
    ("# a comment\nenergy_eV,g_e\n1.7,1\n1.8\n", "line 4: g_e is ''"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_gets_one_clear_line(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(BandgError) as caught:
        read_curve(path)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_curve_file_may_be_what_compute_writes():
    curve = parse_curve("size_nm,E_gap_eV,g_e,g_h,g_bx\n6,1.8,2,0.5,2.5\n4,2.0,1,1,2\n", "mine", "mine.csv")
    assert curve.range_eV == (1.8, 2.0)
    assert curve.size_nm.tolist() == [6, 4] and float(curve.at("g_bx", 2.0)) == pytest.approx(2)


def test_a_cell_with_a_line_break_counts_its_lines():
    text = 'energy_eV,g_e,note\n1.7,1,"two\nlines"\n\n1.8,2,\n2.0,none,\n'
    with pytest.raises(BandgError, match=r"mine\.csv, line 6: g_e is 'none'"):
        parse_curve(text, "mine", "mine.csv")
    assert parse_curve(text.replace("none", "3"), "mine", "mine.csv").values["g_e"].tolist() == [1, 2, 3]


def test_a_file_that_cannot_be_read_gets_one_clear_line(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"energy_eV,g_e,note\n1.7,1,\xe9\n")
    for name, message in (("none.csv", "no such file"), ("latin.csv", "save it as UTF-8"), ("", "is a directory")):
        with pytest.raises(BandgError) as caught:
            read_curve(tmp_path / name)
        assert message in str(caught.value) and "\n" not in str(caught.value)
