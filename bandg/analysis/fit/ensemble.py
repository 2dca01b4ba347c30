"""The minima of a fit that are as good as the best one."""

from __future__ import annotations

import numpy as np

from bandg.analysis.fit.covariance import Errors, errors_of
from bandg.analysis.fit.solve import Fit, FitAttempt


def minima(fit: Fit) -> tuple[tuple[FitAttempt, Errors], ...]:
    """The best start and all others that ended in another minimum of comparable chi-square, with their errors.

    Comparable is what has converged and exceeds the best chi-square by no more than the share `comparable` of the job.
    Another minimum is what lies more than one standard error from each that is kept: along the line between the two the
    quadratic form of either, with the scaled errors, rises by more than 1.
    """
    problem = fit.problem
    limit = fit.best.cost * (1 + problem.job.comparable) + 1e-9
    found: list[tuple[FitAttempt, Errors]] = [(fit.best, fit.errors)]
    slopes = [problem.evaluate(fit.theta)[1]]
    for attempt in fit.attempts[1:]:
        if not attempt.converged or attempt.cost > limit:
            continue
        theta = np.array(attempt.theta)
        slope = problem.evaluate(theta)[1]
        errors = errors_of(problem, theta, np.array(attempt.active))
        steps = [theta - np.array(other.theta) for other, _ in found]
        scale = max(fit.errors.factor, 1e-12)
        rises = [min(_rise(own, step), _rise(slope, step)) / scale**2 for own, step in zip(slopes, steps, strict=True)]
        if min(rises) > 1:
            found.append((attempt, errors))
            slopes.append(slope)
    return tuple(found)


def _rise(jacobian: np.ndarray, step: np.ndarray) -> float:
    """By what the sum of squares rises along a step from its minimum, to second order."""
    return float(np.sum((jacobian @ step) ** 2))
