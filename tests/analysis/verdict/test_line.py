"""Lines of theory: bands against closed forms."""

from dataclasses import replace

import numpy as np

from bandg.analysis.verdict.combination import Combination
from bandg.analysis.verdict.line import Line
from bandg.analysis.verdict.pair import SCALES, Constants, Scale
from bandg.analysis.verdict.study import band, predicted
from bandg.data.measured import MeasuredPoint


def test_the_band_is_that_of_g_at_fixed_energy():
    """E(n) moves by e and g by d with one deviate, and g = 5 - 2 E: at fixed energy g moves by d + 2 e."""
    energy = np.array([2.4, 2.0, 1.8, 1.6])
    g = np.stack([5 - 2 * energy, energy], axis=1)
    table = np.full((2, 1, 4, 11), np.nan)
    table[0, 0] = np.column_stack([energy, g, np.zeros((4, 8))])
    slopes = np.tile(np.array([[0.01, -0.002], [0.03, 0.0], [0.0, 0.02]]), (4, 1, 1))
    line = Line(np.array([0.0]), table, slopes)
    points = [MeasuredPoint(1.9, "g_e", 1.0), MeasuredPoint(1.9, "abs_g_h", 2.0)]
    one = Combination("halide", "none", Scale("none"), False)
    np.testing.assert_allclose(predicted(line, one, points), [[1.2, 1.9]])
    np.testing.assert_allclose(band(line, one, points), [np.hypot(0.05, 0.004), np.hypot(0.01, 0.022)], rtol=1e-9)


def test_correlation_lowers_pairs_but_not_the_bulk_and_the_interface_scales_the_image_potential():
    table = np.full((2, 1, 3, 11), np.nan)
    table[0, 0] = np.array([[2.4, 1, 1], [2.0, 1, 1], [1.6, 1, 1]]) @ np.eye(3, 11)
    table[0, 0, :-1, 3] = 0.08  # polarization
    line, scale = Line(np.zeros(1), table, np.zeros((3, 3, 0))), SCALES[1]
    usual = Constants.of(scale, 1)
    changed = replace(usual, correlation_eV=np.array([0.01]), interface=np.array([0.5]))
    energies = [line.at(np.zeros(1), False, "haken", one, np.zeros((1, 0)))[0][0] for one in (usual, changed)]
    np.testing.assert_allclose(energies[0], [2.48, 2.08, 1.6])
    np.testing.assert_allclose(energies[1], [2.4 + 0.04 - 0.01, 2.0 + 0.04 - 0.01, 1.6])
