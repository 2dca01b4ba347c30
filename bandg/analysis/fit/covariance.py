"""Errors of a fit: standard errors, correlations, and directions that the data do not determine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.residuals import Problem
from bandg.base.decode import finite

_NAMED = 0.3
"""A parameter is named in a direction if it moves at least this much of what the one that moves most does."""


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction of parameter space that the data do not determine.

    reach: how far one standard error goes along it, in units of the parameters' ranges (at least 1); members: the
    parameters that move along it, in eV for 1 eV of the one that moves most, which stands first.
    """

    reach: float
    members: tuple[tuple[str, float], ...]

    def text(self) -> str:
        """The direction as text."""
        if len(self.members) == 1:
            return self.members[0][0]
        return "together: " + ", ".join(f"{path} {share:+.2f}" for path, share in self.members)


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors at the solution.

    covariance: (p, p) in eV^2, zero in rows of parameters at a bound. stderr: (p,) in eV, NaN where not fitted.
    at_bound: -1, 0, 1 (p,). undetermined: (p,) whether data alone leave the parameter free over its whole range.
    directions: undetermined directions, worst first. chi2, dof: of the data and the priors; factor: by which the stated
    errors were multiplied.
    """

    paths: tuple[str, ...]
    covariance: NDArray[np.float64]
    stderr: NDArray[np.float64]
    at_bound: NDArray[np.int64]
    undetermined: NDArray[np.bool_]
    directions: tuple[Direction, ...]
    chi2: float
    dof: int
    factor: float

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Correlation matrix (p, p), NaN where a parameter is not fitted."""
        return np.asarray(self.covariance / np.outer(self.stderr, self.stderr))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: what is needed to carry the errors on to other quantities."""
        return {
            "free": list(self.paths),
            "stderr_eV": finite(self.stderr),
            "correlation": finite(self.correlation),
            "at_bound": [path for path, side in zip(self.paths, self.at_bound, strict=True) if side],
            "undetermined": [path for path, is_so in zip(self.paths, self.undetermined, strict=True) if is_so],
            "undetermined_directions": [{"reach": one.reach, "members": dict(one.members)} for one in self.directions],
            "chi2": self.chi2,
            "dof": self.dof,
            "error_factor": self.factor,
        }


def errors_of(problem: Problem, theta: NDArray[np.float64], at_bound: NDArray[np.int64]) -> Errors:
    """Errors from the exact Jacobian at the solution; parameters at a bound are held there.

    With errors = "scaled" the stated errors are multiplied by sqrt(chi2/dof), as where they stand for what the model
    cannot describe; priors are multiplied with them. Where there are no more residuals than parameters they stay.
    """
    residuals, jacobian = problem.evaluate(theta)
    kept = np.flatnonzero(at_bound == 0)
    chi2, dof = float(residuals @ residuals), len(residuals) - len(kept)
    factor = error_factor(problem, chi2, dof)
    scale = problem.space.scale[kept]
    data = jacobian[: problem.n_data, kept] * scale / max(factor, 1e-12)
    directions, alone = _undetermined(problem, data, kept)
    scaled = jacobian[:, kept] * scale
    _, values, turns = np.linalg.svd(scaled, full_matrices=False)
    good = values > 1e-12 * values.max(initial=1e-300)
    inner = (turns[good].T / values[good] ** 2) @ turns[good] * factor**2 * np.outer(scale, scale)
    held = np.sum(turns[good] ** 2, axis=0) > 1 - 1e-6  # else nothing at all, not even a prior, holds it
    covariance = np.zeros((len(theta), len(theta)))
    covariance[np.ix_(kept, kept)] = inner
    stderr = np.full(len(theta), np.nan)
    stderr[kept] = np.where(held, np.sqrt(np.diag(inner)), np.nan)
    undetermined = np.zeros(len(theta), dtype=bool)
    undetermined[kept] = alone
    return Errors(problem.space.paths, covariance, stderr, at_bound, undetermined, directions, chi2, dof, factor)


def error_factor(problem: Problem, chi2: float, dof: int) -> float:
    """By what the stated errors are multiplied: sqrt(chi2/dof), or 1 as stated or where no residual is left over."""
    return float(np.sqrt(chi2 / dof)) if problem.job.errors == "scaled" and dof > 0 else 1.0


def _undetermined(
    problem: Problem, data: NDArray[np.float64], kept: NDArray[np.int64]
) -> tuple[tuple[Direction, ...], NDArray[np.bool_]]:
    """Singular directions of the data alone, in units of the ranges, and which parameters they leave free."""
    _, values, turns = np.linalg.svd(data, full_matrices=True)
    values = np.concatenate([values, np.zeros(len(turns) - len(values))])
    reach = 1 / np.maximum(values, 1e-12)
    variance = np.sum((turns * reach[:, None]) ** 2, axis=0)
    paths = problem.space.paths
    directions = []
    for number in np.argsort(-reach):
        if reach[number] < 1:
            break
        vector = turns[number] * problem.space.scale[kept]
        vector = vector / vector[np.argmax(np.abs(vector))]
        order = [i for i in np.argsort(-np.abs(vector)) if abs(vector[i]) > _NAMED]
        directions.append(Direction(float(reach[number]), tuple((paths[kept[i]], float(vector[i])) for i in order)))
    return tuple(directions), variance > 1
