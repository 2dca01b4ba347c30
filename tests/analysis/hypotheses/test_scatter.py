"""The scatter of a value from one nanocrystal to the next, on curves that are known in closed form."""

import numpy as np
import pytest

from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.scatter import by_direction, scatter_of
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.data.single_fit import fit_one
from bandg.parameters.loader import load_set
from bandg.runs.options import Run

ENERGY = np.array([1.6, 2.3])
SPREADS = [
    MeasuredPoint(1.9, "dg_e", 0.20, convention="gaussian", error=0.001),
    MeasuredPoint(1.9, "dg_h", 0.04, convention="gaussian", error=0.001),
]


def curves(slope_e, slope_h, values=(0.0, 0.5, 1.0)):
    g = {v: {"g_e": np.full(2, 2 + slope_e * v), "g_h": np.full(2, 1 + slope_h * v)} for v in values}
    return [(v, TheoryCurve("", ENERGY, one, np.ones(2))) for v, one in g.items()]


def test_a_gaussian_scatter_is_limited_by_the_carrier_that_it_spreads_most():
    """A Gaussian spread of g is fitted with itself: slope times scatter is the limit, value plus two errors."""
    found = scatter_of(curves(0.1, 1.0), 0.5, SPREADS, [])
    assert found.allowed == pytest.approx(0.042, rel=0.04) and not found.unlimited
    predicted = {one.point.quantity: one.predicted for one in found.at_allowed}
    assert predicted["dg_h"] == pytest.approx(0.042, rel=0.04)
    assert predicted["dg_e"] == pytest.approx(0.0042, rel=0.1)
    assert scatter_of(curves(1.0, 0.01), 0.5, SPREADS, []).allowed == pytest.approx(0.2, rel=0.1)


def test_the_whole_range_is_a_uniform_mixture():
    found = scatter_of(curves(0.0, 1.0), 0.0, SPREADS, [])
    fitted = fit_one(1 + np.linspace(0, 1, 25)[:, None], np.ones(25), 300.0, 0.0, "gaussian").dg[0]
    assert found.whole[1].predicted == pytest.approx(fitted) and found.whole[0].predicted == pytest.approx(0, abs=1e-9)


def test_a_small_change_allows_any_scatter_and_one_out_of_reach_tells_nothing():
    found = scatter_of(curves(0.1, 0.01), 0.2, SPREADS, [])
    assert found.unlimited and found.allowed == pytest.approx(1 / np.sqrt(12))
    outside = [MeasuredPoint(2.9, "dg_h", 0.04, convention="gaussian")]
    nothing = scatter_of(curves(0.1, 1.0), 0.2, outside, [])
    assert nothing.allowed is None and nothing.to_dict()["whole_range"][0]["predicted"] is None
    assert scatter_of(curves(0.1, 1.0, (0.5,)), 0.5, SPREADS, []) is None
    assert scatter_of(curves(0.1, 1.0), 0.5, [], []) is None


def test_directions_of_a_uniaxial_g():
    """<g^2> over directions is the mean of the squared principal values; a cube has one kind."""
    base = Case(load_set("nestoklon2023-standin"), 1, cells=(2, 3), periodic=False)
    evaluator = Evaluator(Run(workers=1, cache=False))
    assert by_direction(base, evaluator) == ()
    long = Case(base.parameters, 1, shape="cuboid", aspect=1.5, cells=(2, 3), periodic=False)
    kinds = by_direction(long, evaluator)
    [levels] = evaluator.levels([long])
    assert sum(share for share, _ in kinds) == pytest.approx(1)
    squares = np.mean([curve.values["g_e"] ** 2 for _, curve in kinds], axis=0)[::-1]
    assert squares == pytest.approx([np.mean(np.square(one.electron.g_principal)) for one in levels], rel=0.01)
    mean = np.mean([curve.values["g_h"] for _, curve in kinds], axis=0)[::-1]
    assert mean == pytest.approx([one.hole.g for one in levels], abs=0.05)
