"""Outputs along the sizes: at those that are not computed, and of spheres at all.

With N cells an output nears that of the bulk as bulk + c_2 / N^2 + c_3 / N^3 + c_4 / N^4 + c_5 / N^5: confinement gives
the square, surfaces and the bending of the bands the rest. Of cubes the coefficients are those through the four largest
computed sizes.

The atoms of a sphere come in shells, so that its outputs scatter about any smooth function of the diameter. Half of
that is the number of atoms: N of a sphere is the diameter in cells of the ball with the volume of its cells. The
coefficients are those of least squares through all computed sizes, and the smooth function stands for the computed
sizes too. N multiplies the residuals there, so that their squares have the weights N^2: the scatter is that of the
surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.analysis.hypotheses.case import Case

Array = NDArray[np.float64]

POWERS = (2, 3, 4, 5)
_SHELLS = ("sphere",)


def by_volume(case: Case, cells: Sequence[float]) -> Array:
    """Sizes in cells, of spheres the diameters of balls with the volume of their cells, (n,)."""
    if case.shape not in _SHELLS:
        return np.array(cells, dtype=float)
    crystals = replace(case, cells=tuple(cells), distortion=()).crystals()
    count = np.array([(one.sites()[1] == 0).sum() for one in crystals])
    return np.asarray((6 * count / np.pi) ** (1 / 3))


def at_sizes(case: Case, cells: Sequence[float], values: Array, bulk: Array, wanted: Sequence[float]) -> Array:
    """Values (..., n) at wanted sizes from those (..., m) at computed ones and their limit (...).

    cells, wanted: edges or diameters in cells, ascending.
    """
    own, other = by_volume(case, cells), by_volume(case, wanted)
    if case.shape in _SHELLS:
        return continued(own, values, bulk, other, np.asarray(own))
    found = continued(own, values, bulk, other)
    for n, one in enumerate(wanted):
        if one in cells:
            found[..., n] = values[..., list(cells).index(one)]
    return found


def continued(cells: ArrayLike, values: Array, bulk: Array, wanted: ArrayLike, weights: Array | None = None) -> Array:
    """Values at other sizes.

    Parameters
    ----------
    cells : array_like (m,)
        Computed sizes, ascending, at least len(POWERS).
    values : array (..., m)
        What was computed at them.
    bulk : array (...)
        Their limit.
    wanted : array_like (n,)
    weights : array (m,), optional
        Factors of the residuals of all sizes in least squares. Without them the largest sizes are used, as many as
        there are powers.

    Returns
    -------
    array (..., n)
    """
    used = len(POWERS) if weights is None else len(weights)
    own, other = (np.asarray(sizes, dtype=float)[:, None] ** -np.array(POWERS, float) for sizes in (cells, wanted))
    scale = np.ones(used) if weights is None else weights
    gains = np.linalg.pinv(own[-used:] * scale[:, None], rcond=1e-14) * scale
    limit = np.asarray(bulk)[..., None]
    return np.asarray(limit + (values[..., -used:] - limit) @ (other @ gains).T)
