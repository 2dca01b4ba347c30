"""What is not known of a set in the bulk, as independent normal deviates of its parameters.

The covariance of a fit says how well its targets hold the parameters, not how well the targets are known. First
principles know the bulk g-factors only within a range over functionals. The covariance C is therefore widened: with the
gradients A of (g_e, g_h, E_g) in the bulk, S = A C A^T and the regression K = C A^T S^-1, it becomes
C + K (T - S) K^T, where T is S with at least the variances of first principles for g_e and g_h, and of the measured
gap for E_g. All else that the fit knows, given these three, stays.

A fit may hold bulk g so tightly that the range of first principles lies far beyond where it is linear. Then it has no
deviates (`is_linear`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.curves import bulk_gradients
from bandg.base.errors import BandgError
from bandg.models.etb.bulk import bulk
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

GAP_SD_EV = 0.03
"""Standard deviation of the bulk gap, which is 1.63(3) eV in gamma-CsPbI3 [arxiv1905.12486]; assumed of
CsPbBr3 too."""

CONDITIONS = ("g_e", "g_h", "E_gap_eV")
LARGEST_BEND = 0.75
"""Largest part of a standard deviation by which the bulk, moved by one, may miss what its derivatives say: 0.67 is
reached by bandg-cspbi3-nnn (the gap), 1.4 by bandg-cspbi3-nn (g_h, and 2.8 the gap), 6 by bandg-nnn."""


def bulk_sd(material: str) -> dict[str, float]:
    """Standard deviations of CONDITIONS: half of the range of each bulk g where there is one, and that of the gap."""
    known = {name: (high - low) / 2 for name, (low, high) in FIRST_PRINCIPLES.get(material, {}).items()}
    return known | {"E_gap_eV": GAP_SD_EV}


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
    gradients = _gradients(member)
    sd = bulk_sd(member.parameters.material)
    variances = [sd[name] ** 2 if name in sd else np.nan for name in CONDITIONS]
    values, vectors = np.linalg.eigh(widened(covariance.matrix, gradients, variances))
    return covariance.paths, vectors * np.sqrt(np.clip(values, 0.0, None))


def _gradients(member: Member) -> Array:
    """Derivatives of CONDITIONS in the bulk by the parameters of the fit, (3, n)."""
    slopes = bulk_slopes(member.parameters)
    place = [slopes.paths.index(path) for path in member.covariance.paths]
    return np.array([slopes.gradient(name)[place] for name in CONDITIONS])


@lru_cache(maxsize=32)
def is_linear(member: Member) -> bool:
    """Whether the bulk follows its derivatives when bulk g or the gap moves by one standard deviation either way."""
    gradients, covariance, parameters = _gradients(member), member.covariance, member.parameters
    known = bulk_sd(parameters.material)
    own = gradients @ covariance.matrix @ gradients.T
    sd = np.array(
        [max(known.get(name, 0.0), float(np.sqrt(at))) for name, at in zip(CONDITIONS, np.diag(own), strict=True)]
    )
    regression = np.linalg.solve(own, gradients @ covariance.matrix).T
    start = _conditions(parameters)
    for which in range(len(CONDITIONS)):
        for sign in (1, -1):
            step = sign * sd[which] * regression[:, which]
            moved = {
                path: parameters.value(path) + float(one) for path, one in zip(covariance.paths, step, strict=True)
            }
            try:
                found = _conditions(parameters.with_values(moved, source="one standard deviation"))
            except BandgError:  # no gap any more
                return False
            if (np.abs(found - start - gradients @ step) > LARGEST_BEND * sd).any():
                return False
    return True


def _conditions(parameters: ParameterSet) -> Array:
    crystal = bulk(parameters)
    return np.array([*crystal.g_factors(), crystal.E_g])
