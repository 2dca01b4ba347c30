"""What is not known of a set in the bulk, as independent normal deviates of its parameters.

The covariance of a fit says how well its targets hold the parameters, not how well the targets are known. First
principles know the bulk g-factors only within a range over functionals. The covariance C is therefore widened: with the
gradients A of (g_e, g_h, E_g) in the bulk, S = A C A^T and the regression K = C A^T S^-1, it becomes
C + K (T - S) K^T, where T is S with at least the variances of first principles for g_e and g_h. All else that
the fit knows, given bulk g, stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.curves import bulk_gradients
from bandg.models.etb.derivatives import Gradients
from bandg.parameters.covariance import Covariance, Member
from bandg.parameters.sets import ParameterSet

Array = NDArray[np.float64]

FIRST_PRINCIPLES = {
    "CsPbI3": {"g_e": (2.43, 2.97), "g_h": (-0.90, -0.62)},
    "CsPbBr3": {"g_e": (1.79, 2.18), "g_h": (0.24, 0.47)},
}
"""Bulk g of the cubic crystals: CsPbI3 at 1.652 eV over PBE and mBJ, from 0.90 of the smallest momentum to the largest;
CsPbBr3 at 2.352 eV, bare and calibrated mBJ (docs/fitted_sets.md)."""

CONDITIONS = ("g_e", "g_h", "E_gap_eV")


def first_principles_sd(material: str) -> dict[str, float]:
    """Half of the range of each bulk g, which counts as one standard deviation; empty where it is not known."""
    return {name: (high - low) / 2 for name, (low, high) in FIRST_PRINCIPLES.get(material, {}).items()}


@lru_cache(maxsize=32)
def bulk_slopes(parameters: ParameterSet) -> Gradients:
    """Band edges and g of the bulk with their derivatives, each set once."""
    return bulk_gradients(parameters)


def widened(covariance: Array, gradients: Array, variances: Sequence[float]) -> Array:
    """The covariance with larger variances of linear quantities, all else given them unchanged.

    Parameters
    ----------
    covariance : array (n, n)
        Of the parameters.
    gradients : array (m, n)
        Derivatives of the quantities by the parameters.
    variances : sequence of float, length m
        Least variance of each quantity; NaN leaves it as it is.

    Returns
    -------
    array (n, n)
        Under it each quantity has its old variance or, where that is larger, the given one.
    """
    own = gradients @ covariance @ gradients.T
    more = np.clip(np.nan_to_num(np.asarray(variances, dtype=float)) - np.diag(own), 0.0, None)
    regression = np.linalg.solve(own, gradients @ covariance).T
    return np.asarray(covariance + (regression * more) @ regression.T)


def deviates(member: Member) -> tuple[tuple[str, ...], Array]:
    """Names of the parameters of a fit, and what one standard normal deviate does to them, (n parameters, n deviates).

    The covariance widened by first principles is the matrix times its transpose.
    """
    covariance: Covariance = member.covariance
    slopes = bulk_slopes(member.parameters)
    place = [slopes.paths.index(path) for path in covariance.paths]
    gradients = np.array([slopes.gradient(name)[place] for name in CONDITIONS])
    sd = first_principles_sd(member.parameters.material)
    variances = [sd[name] ** 2 if name in sd else np.nan for name in CONDITIONS]
    values, vectors = np.linalg.eigh(widened(covariance.matrix, gradients, variances))
    return covariance.paths, vectors * np.sqrt(np.clip(values, 0.0, None))
