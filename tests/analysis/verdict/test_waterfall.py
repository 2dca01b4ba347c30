"""Steps of a waterfall: one end, a case by hand, wrong paths."""

import numpy as np
import pytest

from bandg.analysis.verdict import waterfall
from bandg.analysis.verdict.waterfall import FORWARD, REVERSE, path
from bandg.base.errors import BandgError
from bandg.data.compare import TheoryCurve, verdict_points
from bandg.data.measured import load_measured

POINTS = verdict_points(load_measured("meliakov2025"))
G_H = np.array([point.quantity.endswith("g_h") for point in POINTS])
ENERGY = np.array([point.energy_eV for point in POINTS])
CELLS = (3, 4, 5, 6, 8)
BINDING = 0.1


class Linear:
    """Stands for the nanocrystals: energies that fall with size, and g that is linear in E_e - E_h."""

    def __init__(self, tilt_g_h=0.0, curved=0.0):
        self.tilt_g_h, self.curved = tilt_g_h, curved

    def curves(self, cases):
        return [self._one(case) for case in cases]

    def _one(self, case):
        size = np.append(np.array(case.cells) * case.parameters.a_nm, np.inf)[::-1]
        energy, names = 1.6 + 3.0 / size, dict(case.distortion)
        g_h = energy - 2 + (case.termination == "halide") * 0.5 - ("image" in names) * 0.1
        g_h += ("surface" in names) * 0.07 + ("tilt" in names) * self.tilt_g_h + self.curved * energy**2
        g_e = 4 - energy + (case.neighbors == 2) * 0.3
        return TheoryCurve("", energy - BINDING * (case.exciton is not None), {"g_e": g_e, "g_h": g_h}, size)


@pytest.fixture(autouse=True)
def no_bulk(monkeypatch):
    """A tilted set without its search."""
    monkeypatch.setattr(waterfall, "tilted", lambda parameters: parameters)


def test_both_orders_come_to_the_same_end():
    one, other = (path(steps, POINTS, Linear(0.2), CELLS) for steps in (FORWARD, REVERSE))
    assert one.values[-1] == pytest.approx(other.values[-1], abs=1e-12)


def test_steps_by_hand():
    """g is linear in energy, so a step is what was added, whatever the energies of the sizes."""
    found = path(("termination", "second-neighbors", "surface"), POINTS, Linear(), CELLS)
    assert found.values[0] == pytest.approx(np.where(G_H, ENERGY - 2, 4 - ENERGY), abs=1e-9)
    assert found.changes == pytest.approx(np.array([0.5 * G_H, 0.3 * ~G_H, 0.07 * G_H]), abs=1e-9)


def test_an_attraction_makes_the_nanocrystals_of_an_energy_smaller():
    """At fixed energy E_e - E_h is larger by the binding: g_h rises by as much, g_e falls; image charges take 0.1."""
    found = path(("screening", "image"), POINTS, Linear(), CELLS)
    assert found.changes[0] == pytest.approx(np.where(G_H, BINDING, -BINDING), abs=1e-9)
    assert found.changes[1] == pytest.approx(-0.1 * G_H, abs=1e-9)


def test_few_tilted_sizes_are_compared_with_the_same_few_cubic_ones():
    """A constant change is found exactly, though a curve through few sizes misses by more than that."""
    many, few = ((2, 3, 4, 5, 6, 8, 11, 15, 20), CELLS)
    found = path(("screening", "tilt"), POINTS, Linear(0.001, curved=1.0), many)
    coarse = path(("screening",), POINTS, Linear(curved=1.0), few)
    assert found.changes[1] == pytest.approx(0.001 * G_H, abs=1e-9)
    assert np.abs(coarse.values[1] - found.values[1]).max() > 0.001


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("termination", "glue"), "no ingredient is called 'glue'"),
        (("tilt", "tilt-law"), "an ingredient comes twice"),
        (("tilt-law",), "needs second-neighbors before it"),
        (("image", "screening"), "needs the screened attraction before it"),
    ],
)
def test_wrong_paths(steps, message):
    with pytest.raises(BandgError, match=message):
        path(steps, POINTS, Linear(), CELLS)
