"""Steps of a waterfall: sums, a case by hand, wrong paths."""

from dataclasses import replace

import numpy as np
import pytest

from bandg.analysis.hypotheses.case import Sizes
from bandg.analysis.verdict import waterfall
from bandg.analysis.verdict.waterfall import FORWARD, REVERSE, path
from bandg.base.errors import BandgError
from bandg.data.compare import verdict_points
from bandg.data.measured import load_measured

POINTS = verdict_points(load_measured("meliakov2025"))
CELLS = (4, 5, 6, 8)


class Linear:
    """Stands for the nanocrystals: energies that fall with size, and g that depends on what a case has."""

    def __init__(self, tilt_g_h=0.0):
        self.tilt_g_h = tilt_g_h

    def sizes(self, cases):
        return [self._one(case) for case in cases]

    def _one(self, case):
        size = np.append(np.array(case.cells) * case.parameters.a_nm, np.inf)
        energy = 1.6 + 3.0 / size
        names = dict(case.distortion)
        g_h = energy - 2 + (case.termination == "halide") * 0.5 - ("image" in names) * 0.1
        g_h = g_h + ("surface" in names) * 0.07 + ("tilt" in names) * self.tilt_g_h
        g_e = 4 - energy + (case.neighbors == 2) * 0.3
        return Sizes(size, size / 2, energy, energy, np.zeros_like(energy), g_e, g_h, 0 * energy, 0 * energy)


@pytest.fixture(autouse=True)
def no_bulk(monkeypatch):
    """A tilted set without its search."""
    monkeypatch.setattr(waterfall, "tilted", lambda parameters, hold_g_h: replace(parameters, name="tilted"))


def test_bars_add_up_to_the_same_end_in_both_orders():
    one, other = (path(steps, POINTS, Linear(0.2), CELLS) for steps in (FORWARD, REVERSE))
    for found in (one, other):
        assert found.values[0] + found.changes.sum(axis=0) == pytest.approx(found.values[-1], abs=1e-12)
        assert found.values[-1] + found.residual == pytest.approx([point.value for point in POINTS], abs=1e-12)
    assert one.values[-1] == pytest.approx(other.values[-1], abs=1e-12)
    assert one.values[0] == pytest.approx(other.values[0], abs=1e-12)


def test_steps_by_hand():
    """g is linear in energy, so a step is what was added, whatever the energies of the sizes."""
    found = path(("termination", "second-neighbors", "surface"), POINTS, Linear(), CELLS)
    g_h = np.array([point.quantity.endswith("g_h") for point in POINTS])
    energy = np.array([point.energy_eV for point in POINTS])
    assert found.values[0] == pytest.approx(np.where(g_h, energy - 2, 4 - energy), abs=1e-9)
    assert found.changes == pytest.approx(np.array([0.5 * g_h, 0.3 * ~g_h, 0.07 * g_h]), abs=1e-9)


def test_an_attraction_makes_the_nanocrystals_of_an_energy_smaller():
    """g_h rises with confinement here, so it rises at fixed energy; g_e falls by as much; image charges take 0.1."""
    found = path(("screening", "image"), POINTS, Linear(), CELLS)
    g_h = np.array([point.quantity.endswith("g_h") for point in POINTS])
    attraction, image = found.changes
    assert (attraction[g_h] > 0.01).all() and (attraction[~g_h] < -0.01).all()
    assert image == pytest.approx(-0.1 * g_h, abs=1e-9)


def test_few_tilted_sizes_are_compared_with_the_same_few_cubic_ones():
    """A constant change is found exactly, though a curve through few sizes misses by more than that."""
    many = (2, 3, 4, 5, 6, 8, 11, 15, 20)
    found = path(("screening", "tilt"), POINTS, Linear(0.001), many)
    few = path(("screening",), POINTS, Linear(), CELLS)
    g_h = np.array([point.quantity.endswith("g_h") for point in POINTS])
    assert found.changes[1] == pytest.approx(0.001 * g_h, abs=1e-9)
    assert np.abs(few.values[1] - found.values[1]).max() > 0.001


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("termination", "glue"), "no ingredient is called 'glue'"),
        (("tilt", "tilt-same-g_h"), "an ingredient comes twice"),
        (("image", "screening"), "needs the screened attraction before it"),
    ],
)
def test_wrong_paths(steps, message):
    with pytest.raises(BandgError, match=message):
        path(steps, POINTS, Linear(), CELLS)
