"""Curves beside points in Python, as the command has them."""

import csv

import pytest

from bandg.analysis.overlay import overlay, write_comparisons
from bandg.base.errors import BandgError
from bandg.data.compare import compare
from bandg.data.measured import load_measured


def test_names_and_curves_in_any_order(tmp_path):
    found = overlay(["kp:bulk-law"], "meliakov2025")
    assert found.points == load_measured("meliakov2025")
    again = overlay([found.curves[0], "etb:lead"], found.points)
    assert [curve.name for curve in again.curves] == ["kp:bulk-law", "etb:lead"]
    assert again.comparisons[0].rms("g_h") == compare(found.curves[0], found.points).rms("g_h")
    write_comparisons(again.comparisons, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 20 and {row["curve"] for row in rows} == {"kp:bulk-law", "etb:lead"}
    assert sum(not row["not_judged_because"] for row in rows) == 10  # five for each curve
    assert {row["evidence"] for row in rows if row["quantity"] == "g_bx"} == {"derived", "contains-theory"}
    assert found.shown()[0] == "theory curves beside measured points: 12, of which independent: 5"


def test_the_points_are_those_of_the_material():
    assert {point.material for point in overlay(["etb:halide"]).points} == {"CsPbI3"}
    assert {point.material for point in overlay(["etb:halide:bandg-cspbbr3"]).points} == {"CsPbBr3"}
    with pytest.raises(BandgError, match="the curves are of CsPbBr3 and CsPbI3"):
        overlay(["etb:halide", "etb:halide:bandg-cspbbr3"])
    assert overlay(["etb:halide"], "none").points == ()
