"""The posterior of one sample over the unknowns of a candidate.

Along one step in ln L the predictions are linear, so that a Gaussian likelihood is a Gaussian of the place s within the
step, 0 to 1, and its integral is known. The evidence is the mean over the points of the prior of the sum over the
steps. Errors of measurement, emulator and bulk add in quadrature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.match.candidate import Candidate
from bandg.analysis.match.sample import Sample

Array = NDArray[np.float64]
Places = NDArray[np.int64]

REACH = 5.0
"""Steps whose energies differ by more than so many errors have no weight."""

_FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class Weights:
    """The steps of a candidate with a weight, f of them; several for one step where signs are not known.

    draw, step: numbers of the point of the prior and of the step. log: ln of the integral of the likelihood over the
    step, in s. chi2: (best - measured)^2 / error^2 of the best place in the step. at, sd: mean and standard deviation
    of the Gaussian of s.
    """

    candidate: Candidate
    draw: Places
    step: Places
    log: Array
    chi2: Array
    at: Array
    sd: Array

    @property
    def log_evidence(self) -> float:
        """ln of the integral of the likelihood over ln L, averaged over the other unknowns; -inf without a step."""
        if not len(self.log):
            return -math.inf
        width = self.candidate.ends[1] - self.candidate.ends[0]
        return log_sum(self.log) + math.log(width / len(self.candidate.values))

    @property
    def share(self) -> Array:
        """Posterior probability of each step within the candidate, (f,)."""
        return np.exp(self.log - log_sum(self.log))

    @property
    def effective(self) -> float:
        """Effective number of points of the prior."""
        if not len(self.log):
            return 0.0
        by_draw = np.bincount(self.draw, self.share)
        return float(1 / np.sum(by_draw**2))

    def by_step(self) -> Array:
        """Posterior probability of the sizes in each step within the candidate, (c,); beyond an end in the last one."""
        own = self.candidate
        middle = own.curves[3, self.draw, self.step] + own.curves[3, self.draw, self.step + 1]
        step = np.clip(np.searchsorted(own.ends, np.log(middle / 2)) - 1, 0, len(own.ends) - 2)
        return np.asarray(np.bincount(step, self.share, len(own.ends) - 1), dtype=float)

    def drawn(self, count: int) -> Drawn:
        """`count` points of the posterior, always the same."""
        from scipy.special import ndtr, ndtri

        total = np.cumsum(self.share)
        pick = np.searchsorted(total / total[-1], (np.arange(count) + 0.5) / count)
        place = np.modf((np.arange(count) + 0.5) * _GOLDEN)[0]
        at, sd, draw, step = self.at[pick], self.sd[pick], self.draw[pick], self.step[pick]
        flip = np.where(at > 0.5, 1.0, -1.0)  # the tail that is accurate
        low, high = (ndtr((flip * (np.where(flip > 0, end, 1 - end) - at)) / sd) for end in (0.0, 1.0))
        s = np.clip(at + flip * sd * ndtri(np.maximum(low + place * (high - low), 1e-300)), 0, 1)
        own = self.candidate
        start, end = own.curves[:, draw, step].T.astype(float), own.curves[:, draw, step + 1].T.astype(float)
        slope = (end - start) / (own.ends[1] - own.ends[0])
        return Drawn(own.values[draw], start + s[:, None] * (end - start), slope, own.error[step])


@dataclass(frozen=True, eq=False)
class Drawn:
    """Points of a posterior: unknowns (m, d + 1); OUTPUTS, their slopes by ln L, and their errors, (m, 4) each."""

    values: Array
    predicted: Array
    slope: Array
    error: Array


_GOLDEN = (math.sqrt(5) - 1) / 2


def weigh(one: Candidate, sample: Sample) -> Weights:
    """The posterior of a sample over a candidate."""
    draw, step = np.nonzero(_near(one, sample))
    whiten, log_norm = whitening(sample, one.error)
    white, design = whiten[step], sample.design
    start, end = (one.curves[:, draw, step + shift].T.astype(float) @ design.T for shift in (0, 1))
    slope = np.einsum("fab,fb->fa", white, end - start)
    a = np.maximum(np.einsum("fa,fa->f", slope, slope), _FLAT)
    parts = []
    for values in sample.signed():
        rest = np.einsum("fab,fb->fa", white, start - values)
        b, c = np.einsum("fa,fa->f", rest, slope), np.einsum("fa,fa->f", rest, rest)
        at, sd = -b / a, 1 / np.sqrt(a)
        s = np.clip(at, 0, 1)
        log = -0.5 * np.maximum(c - b**2 / a, 0) + _log_mass(at, sd)
        parts.append((log + log_norm[step], c + 2 * b * s + a * s**2, at, sd))
    log, chi2, at, sd = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Weights(one, np.tile(draw, len(parts)), np.tile(step, len(parts)), log, chi2, at, sd)


def _near(one: Candidate, sample: Sample) -> NDArray[np.bool_]:
    """Steps (N, c) that come near the measured energy, where the emulator holds."""
    energy, reach = one.curves[0], REACH * np.hypot(sample.error[0], one.error[:, 0])
    low, high = np.minimum(energy[:, :-1], energy[:, 1:]), np.maximum(energy[:, :-1], energy[:, 1:])
    return one.holds[:, None] & (low < sample.energy_eV + reach) & (high > sample.energy_eV - reach)


def _log_mass(at: Array, sd: Array) -> Array:
    """ln of the integral of exp(-(s - at)^2 / (2 sd^2)) over s from 0 to 1."""
    from scipy.special import log_ndtr

    flip = np.where(at > 0.5, -1.0, 1.0)  # the tail whose logarithm is accurate
    near, far = (flip * (at - end) / sd for end in (0.0, 1.0))
    upper, lower = log_ndtr(np.maximum(near, far)), log_ndtr(np.minimum(near, far))
    return upper + np.log(-np.expm1(np.minimum(lower - upper, -1e-300))) + np.log(sd * math.sqrt(2 * math.pi))


def whitening(sample: Sample, error: Array) -> tuple[Array, Array]:
    """For errors (c, 4) of the curves: matrices (c, n, n) that make residuals independent with error 1, and ln norm."""
    design = sample.design
    covariance = np.einsum("qo,co,po->cqp", design, error**2, design) + np.diag(sample.error**2)
    root = np.linalg.cholesky(covariance)
    log_norm = -np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) - 0.5 * len(design) * math.log(2 * math.pi)
    return np.linalg.inv(root), log_norm


def chi_square(sample: Sample, predicted: Array, error: Array) -> tuple[Array, Array]:
    """Residuals squared of predictions (m, 4) with errors (m, 4), by the best signs, and ln of the likelihood: (m,)."""
    white, log_norm = whitening(sample, error)
    own = predicted @ sample.design.T
    squares = np.array([(np.einsum("mab,mb->ma", white, own - values) ** 2).sum(axis=1) for values in sample.signed()])
    return squares.min(axis=0), np.logaddexp.reduce(-0.5 * squares, axis=0) + log_norm


def residuals(sample: Sample, predicted: Array, error: Array) -> tuple[float, ...]:
    """Measured minus predicted (1, 4) in errors, by the best signs, in the order of the sample's data."""
    own, whole = sample.design @ predicted[0], np.sqrt(sample.error**2 + sample.design @ error[0] ** 2)
    rows = [(values - own) / whole for values in sample.signed()]
    return tuple(min(rows, key=lambda row: float(row @ row)).tolist())


def log_sum(values: Array) -> float:
    """ln of the sum of exp(values)."""
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum())) if math.isfinite(top) else -math.inf
