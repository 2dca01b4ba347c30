"""Formulas of materials, and points that stand beside the theory of another one."""

import pytest

from bandg.analysis.overlay import overlay
from bandg.data.choice import beside
from bandg.data.compare import left_out
from bandg.data.materials import is_mixed, mixed, same_material
from bandg.data.measured import MeasuredPoint


@pytest.mark.parametrize(
    ("stated", "own", "same"),
    [
        ("CsPbI3", "CsPbI3", True),
        ("cspbi3", "CsPbI3", True),
        ("CsPbI₃ nanocrystals in glass", "CsPbI3", True),
        ("CsPbI$_3$", "CsPbI3", True),
        ("", "CsPbI3", True),
        ("CsPbI3", "", True),
        ("CsPbBr3", "CsPbI3", False),
        ("Cs4PbI6", "CsPbI3", False),
        ("CsPb(Br,I)3", "CsPb(I,Br)3", True),
        ("CsPb(I, Br)3", "CsPb(I,Br)3", True),
        ("CsPbI2Br", "CsPb(I,Br)3", True),
        ("CsPb(I1-xBrx)3", "CsPb(I,Br)3", True),
        ("CsPb(Br0.5Cl0.5)3", "CsPb(I,Br)3", False),
        ("CsPbI3", "CsPb(I,Br)3", False),
        ("CsPb(I,Br)3", "CsPbI3", False),
        ("FAPbI3", "CsPbI3", False),
    ],
)
def test_formulas(stated, own, same):
    assert same_material(stated, own) is same and same_material(own, stated) is same


def test_the_formula_of_a_mixed_halide():
    assert mixed("CsPbI3", "CsPbBr3") == "CsPb(I,Br)3" and is_mixed(mixed("CsPbBr3", "CsPbCl3"))
    assert mixed("CsPbI3", "CsPbI3") == mixed("CsPbI3", "MAPbBr3") == mixed("CsPbI3", "") == ""


def test_points_of_another_material_judge_no_curve():
    """A point of CsPbBr3 enters no rms of CsPbI3; the law of all lead halides is judged by both."""
    points = [MeasuredPoint(2.45, "g_e", 1.9, 0.1, "A", material="CsPbBr3"), MeasuredPoint(1.9, "g_e", 1.5, 0.1, "B")]
    found = overlay(["etb:halide", "kp:bulk-law", "etb:halide:bandg-cspbbr3"], points)
    assert [one.count("g_e") for one in found.comparisons] == [(1, 1), (2, 2), (1, 2)]
    own = found.comparisons[0]
    assert own.rms("g_e") == pytest.approx(abs(own.residuals[1].residual)) and own.chi_square[1] == 1
    assert [point.foreign_to for point in found.points] == ["", ""]  # each has its curve
    alone = overlay("etb:halide", points)
    assert [point.foreign_to for point in alone.points] == ["CsPbI3", ""]
    assert left_out(alone.points) == "1 of A (is of CsPbBr3, not CsPbI3)"
    assert [point.foreign_to for point in beside(alone.points, ["CsPbBr3"])] == ["", ""]
