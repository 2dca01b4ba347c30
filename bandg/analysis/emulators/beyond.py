"""Nanocrystals beyond the computed sizes, from how they near the bulk.

With N cells an output nears that of the bulk as bulk + c_2 / N^2 + c_3 / N^3 + c_4 / N^4 + c_5 / N^5: confinement gives
the square, surfaces and the bending of the bands the rest. The coefficients are those through the largest sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POWERS = (2, 3, 4, 5)


def continued(cells: Sequence[int], values: Array, bulk: Array, wanted: Sequence[int]) -> Array:
    """Values at other sizes.

    Parameters
    ----------
    cells : sequence of int, length m
        Computed sizes, ascending, at least len(POWERS); the largest of them are used.
    values : array (..., m)
        What was computed at them.
    bulk : array (...)
        Their limit.
    wanted : sequence of int, length n

    Returns
    -------
    array (..., n)
    """
    used = len(POWERS)
    own, other = (np.array([[n ** -float(k) for k in POWERS] for n in sizes]) for sizes in (cells[-used:], wanted))
    weights = np.linalg.solve(own.T, other.T)
    limit = np.asarray(bulk)[..., None]
    return np.asarray(limit + (values[..., -used:] - limit) @ weights)
