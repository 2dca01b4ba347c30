"""Assignments of components at several energies."""

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.spin.assign import assign

ENERGIES = (1.69, 1.75, 1.80, 1.86, 1.91)
ELECTRON = [2.3 - 4.0 * (E - 1.69) for E in ENERGIES]
HOLE = [-0.19 + 5.0 * (E - 1.69) for E in ENERGIES]
"""The mean slopes of the measured g between 1.69 and 1.911 eV; the hole's passes zero."""

CURVE = TheoryCurve(
    "theory", np.array([1.6, 2.0]), {"g_e": np.array([2.5, 1.1]), "g_h": np.array([-0.8, 1.5])}, np.full(2, np.nan)
)


def magnitudes(**known):
    pairs = zip(ENERGIES, ELECTRON, HOLE, strict=True)
    return [MeasuredPoint(E, "abs_g", abs(g), 0.02, **known) for E, *both in pairs for g in both]


def test_the_smooth_assignment_with_the_signs_of_theory_comes_first():
    best, *others = assign(magnitudes(), [CURVE])
    assert best.electron == pytest.approx(ELECTRON) and best.hole == pytest.approx(HOLE)
    assert best.curve == "theory" and best.rms < 0.3
    assert len(others) == 7 and others[0].rms > best.rms


def test_smoothness_alone_tells_neither_carriers_nor_their_common_signs():
    found = assign(magnitudes(), most=40)
    smooth = [one for one in found if one.cost < 1e-6]
    assert len(smooth) == 8 and all(np.isnan(one.rms) for one in smooth)
    for one in smooth:
        pair = (np.array(one.electron), np.array(one.hole))
        first, second = pair if abs(pair[0][0]) > 2 else pair[::-1]
        assert np.abs(first) == pytest.approx(ELECTRON)
        assert second * np.sign(second[-1]) == pytest.approx(HOLE)  # the change of sign is seen
    assert found[8].cost > 1


def test_what_is_known_stays():
    points = [MeasuredPoint(1.7, "g_h", 0.3), MeasuredPoint(1.7, "abs_g", 2.2), MeasuredPoint(1.8, "abs_g_e", 1.8)]
    found = assign(points)
    assert {one.hole[0] for one in found} == {0.3} and {one.hole[1] for one in found} == {None}
    assert abs(found[0].electron[0]) == 2.2


def test_points_that_cannot_be_assigned():
    with pytest.raises(BandgError, match="nothing to assign"):
        assign([MeasuredPoint(None, "abs_g", 1.0), MeasuredPoint(1.7, "g_bx", 2.0)])
    with pytest.raises(BandgError, match=r"3 components stand at 1\.7 eV"):
        assign([MeasuredPoint(1.7, "abs_g", g) for g in (1.0, 2.0, 3.0)])
    with pytest.raises(BandgError, match="two points of one carrier"):
        assign([MeasuredPoint(1.7, "g_e", g) for g in (1.0, 2.0)])
