"""Evidence and leave-one-out predictions by Monte Carlo over a prior.

Each draw from the prior has one prediction for every measured number. The likelihood of a draw is a product of normal
densities with one measurement error. Its mean over the draws is the evidence Z. Weights by the likelihood of all
numbers but one turn the draws into the posterior that predicts this one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """Prediction of one number from the others.

    mean, sd: of the posterior predictive, without the error of the measurement. effective: effective number of draws.
    """

    mean: float
    sd: float
    effective: float


def log_terms(predictions: Array, measured: Array, error: float) -> Array:
    """Logarithm of the normal density of each measured number under each draw, (draws, n); minus infinity for NaN."""
    scaled = (predictions - measured) / error
    found = -0.5 * scaled**2 - math.log(error * math.sqrt(2 * math.pi))
    return np.where(np.isfinite(scaled), found, -np.inf)


def log_evidence(terms: Array) -> tuple[float, float]:
    """ln Z and its standard error from the terms (draws, n) of `log_terms`.

    Minus infinity with the error NaN where no draw has a prediction for every number.
    """
    total = terms.sum(axis=1)
    top = total.max()
    if not np.isfinite(top):
        return -math.inf, math.nan
    weight = np.exp(total - top)
    mean = weight.mean()
    return float(top + math.log(mean)), float(weight.std(ddof=1) / math.sqrt(len(weight)) / mean)


def leave_one_out(terms: Array, predictions: Array) -> tuple[LeftOut, ...]:
    """The prediction of each number from the others; NaN where no draw predicts them."""
    found = []
    for number in range(terms.shape[1]):
        total = np.delete(terms, number, axis=1).sum(axis=1)
        known = np.isfinite(total) & np.isfinite(predictions[:, number])
        if not known.any():
            found.append(LeftOut(math.nan, math.nan, 0.0))
            continue
        weight = np.exp(total[known] - total[known].max())
        weight /= weight.sum()
        values = predictions[known, number]
        mean = float(weight @ values)
        sd = math.sqrt(max(0.0, float(weight @ (values - mean) ** 2)))
        found.append(LeftOut(mean, sd, float(1 / np.sum(weight**2))))
    return tuple(found)
