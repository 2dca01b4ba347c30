"""Curves beside points in Python, as the command has them."""

import csv

import numpy as np
import pytest

from bandg.analysis import curves
from bandg.analysis.curves import bulk_gradients
from bandg.analysis.overlay import overlay, write_comparisons
from bandg.base.errors import BandgError
from bandg.data.compare import compare
from bandg.data.measured import load_measured
from bandg.models.etb.bulk import bulk
from bandg.parameters.loader import load_set
from bandg.plot.overlay import plot_overlay
from bandg.runs.options import Run


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


def test_bulk_gradients_are_differences_of_bulk_values():
    chosen = load_set("bandg-nnn")
    found = bulk_gradients(chosen)
    for path in ("onsite.Pb.p", "hopping.Pb-X.p-s", "spin_orbit.X.p", "hopping.X-X.p-p.sigma"):
        ends = [bulk(chosen.with_values({path: chosen.value(path) + step})) for step in (1e-4, -1e-4)]
        place = found.paths.index(path)
        for name, values in (
            ("E_gap_eV", [end.E_g for end in ends]),
            ("E_h_eV", [end.valence.energy for end in ends]),
            ("g_e", [end.conduction.g() for end in ends]),
            ("g_h", [end.valence.g() for end in ends]),
        ):
            assert found.gradient(name)[place] == pytest.approx((values[0] - values[1]) / 2e-4, rel=1e-5, abs=1e-6)


def test_a_curve_of_a_fitted_set_has_a_band(monkeypatch, tmp_path):
    """From the bulk to the smallest cube; the errors of two cubes are those that are stored beside the curve."""
    monkeypatch.setattr(curves, "_BAND_CELLS", (4, 5, 6))
    found = overlay("etb:halide:bandg-nn", "meliakov2025", band=True, run=Run(workers=1))
    (curve,) = found.curves
    assert all(np.isfinite(curve.stderr[name]).all() for name in ("g_e", "g_h", "g_bx"))
    with (curves.resources.theory_curve("computed/bandg-nn.csv")).open() as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    stored = next(row for row in rows if row["termination"] == "halide" and row["cells"] == "5")
    for name in ("g_e", "g_h", "g_bx"):
        wanted = float(stored[f"{name}_stderr_at_E"])
        assert curve.stderr_at(name, float(stored["E_gap_eV"])) == pytest.approx(wanted, rel=0.05)
    residual = next(one for one in found.comparisons[0].residuals if one.point.energy_eV == 2.25)
    assert residual.stderr == pytest.approx(curve.stderr_at(residual.quantity, 2.25))
    write_comparisons(found.comparisons, tmp_path / "a.csv")
    assert "theory_stderr" in (tmp_path / "a.csv").read_text()
    axes = plot_overlay(found.curves, found.points)
    assert len(axes[0].collections) == 4 and len(axes[1].collections) == 2
    assert overlay([curve], "none", band=True).curves == (curve,)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ("etb:halide", "etb:halide: the set nestoklon2023-standin has no covariance"),
        ("kp:bulk-law", "kp:bulk-law: there is no `band` of this curve"),
    ],
)
def test_a_curve_without_band_is_refused(curve, message):
    with pytest.raises(BandgError, match=message):
        overlay(curve, "none", band=True)
