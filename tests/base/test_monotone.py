"""Monotone cubics against scipy."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from bandg.base.monotone import monotone_cubic


def test_many_curves_are_interpolated_as_scipy_does_one():
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.uniform(0.1, 1.0, (40, 6)), axis=1)
    y = rng.normal(size=(40, 6))
    y[:20] = np.sort(y[:20], axis=1)
    places = np.array([1.0, 2.0, 3.3, x[0, 2], x[3, -1], np.nan])
    expected = np.array([PchipInterpolator(*pair, extrapolate=False)(places) for pair in zip(x, y, strict=True)])
    assert np.isfinite(expected).any(axis=0)[:-1].all()
    np.testing.assert_allclose(monotone_cubic(x, y, places), expected, atol=1e-12)
    one = PchipInterpolator(x[0], y.T, extrapolate=False)(places)
    np.testing.assert_allclose(monotone_cubic(x[0], y, places), one.T, atol=1e-12)
