"""Files of a fit are what the other commands read."""

import json

import numpy as np
import pytest

from bandg.data.compare import TheoryCurve, compare
from bandg.data.measured import load_measured, load_spreads
from bandg.spin import fit
from bandg.spin.output import write_fit, write_points
from bandg.spin.results import components


@pytest.fixture(scope="module")
def found(make):
    stated = {"energy_eV": 1.911, "sample": "#4", "temperature_K": 6.0, "material": "CsPbI3"}
    traces = make((0.2, 0.42), noise=0.02, **stated)
    return {
        names: fit(traces, components=2, decay="exponential", slow=False, assign=names) for names in ((), ("e", "h"))
    }


def test_assigned_points_are_magnitudes_that_models_are_judged_by(found, tmp_path):
    write_points(found["e", "h"], tmp_path / "p.csv")
    points = load_measured(tmp_path / "p.csv")
    electron, hole = components(found["e", "h"])
    assert [(p.quantity, p.energy_eV, p.sample, p.temperature_K, p.material) for p in points] == [
        (name, 1.911, "#4", 6.0, "CsPbI3") for name in ("abs_g_e", "abs_g_h")
    ]
    assert [p.value for p in points] == pytest.approx([electron.g.value, hole.g.value], rel=1e-5)
    assert [p.error for p in points] == pytest.approx([electron.g.error, hole.g.error], rel=1e-2)
    assert not any(point.why_not_judged_by for point in points)
    spreads = load_spreads(tmp_path / "p.csv")
    by_name = {}
    for point in spreads:
        by_name.setdefault(point.quantity, []).append(point)
    assert {name: len(rows) for name, rows in by_name.items()} == {"dg_e": 1, "T2_e_ps": 2, "dg_h": 1, "T2_h_ps": 2}
    assert by_name["dg_e"][0].convention == "lorentzian" and by_name["dg_e"][0].kind == "point"
    assert by_name["dg_h"][0].kind == "upper-bound" and not by_name["dg_h"][0].why_not_judged_by
    assert [p.field_T for p in by_name["T2_e_ps"]] == [0.2, 0.42]


def test_undecided_points_judge_no_model_and_stand_on_no_curve(found, tmp_path):
    write_points(found[()], tmp_path / "p.csv")
    points = load_measured(tmp_path / "p.csv")
    assert [point.quantity for point in points] == ["abs_g", "abs_g"]
    assert {p.why_not_judged_by for p in (*points, *load_spreads(tmp_path / "p.csv"))} == {
        "electron or hole is not decided"
    }
    curve = TheoryCurve("c", np.array([1.7, 2.0]), {"g_e": np.array([2.0, 1.0])}, np.full(2, np.nan))
    assert compare(curve, points).residuals == ()


def test_everything_is_in_the_json_file(found, tmp_path):
    write_fit(found[()], tmp_path / "p.json")
    whole = json.loads((tmp_path / "p.json").read_text())
    assert whole["best"] == "2 x exponential" and whole["problems"] == []
    assert whole["parameters"]["g of component 1"] == pytest.approx(1.41, abs=0.05)
    trace = whole["traces"][0]
    assert np.std(np.subtract(trace["signal"], trace["fit"])) == pytest.approx(0.02 * 1.6, rel=0.2)
    assert np.array(whole["covariance"]).shape == (8, 8)
