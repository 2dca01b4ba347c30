"""Interior eigenpairs without any factorization: Lanczos on a polynomial of the matrix that favors a window.

A Gaussian about the middle of the window, expanded in Chebyshev polynomials of the matrix, turns the levels of the
window into the largest eigenvalues of p(A); ARPACK finds those by products with A alone. No inertia comes with it: that
no level is missing rests on a last search of the complement that finds none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import RESIDUAL_LIMIT_EV, Solver, matrix_gb
from bandg.solvers.dense import Dense

if TYPE_CHECKING:
    import scipy.sparse.linalg as sla
    from scipy import sparse

_WIDTH = 0.25
"""Standard deviation of the Gaussian, in widths of the window: a factor e^2 from the middle to the ends."""

_TAIL = 4.5
"""Degree times width on the Chebyshev axis: what is left out is below 1e-4 of the maximum."""

_MARGIN = 0.01
_FIRST = 8
_MAX_RUNS = 40
_RESTARTS = 60
_MOST = 150
_SMALL = 40
"""No Lanczos for matrices up to this size, which it cannot fill."""


class Iterative(Solver):
    """Polynomial filter and Lanczos, without factorization and without count, for what no factorization fits."""

    name = "iterative"
    hint = "part of bandg"

    @classmethod
    def rank(cls, size: int) -> int:
        """Last choice."""
        return 1

    @staticmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """Copies of the matrix and 60 vectors."""
        return matrix_gb(nnz, is_complex) + 60e-9 * (16 if is_complex else 8) * size

    def between(self, lower: float, upper: float, shift: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """All levels between two energies in eV, by products with the matrix alone."""
        if self.matrix.shape[0] <= _SMALL:
            return Dense(self.matrix, self.work).between(lower, upper, shift)

        def count() -> None:
            self.work.solves += 1

        return levels_between(self.matrix, lower, upper, RESIDUAL_LIMIT_EV, count)


def spectral_bounds(matrix: sparse.csr_array) -> tuple[float, float]:
    """Energies below and above all eigenvalues, a hundredth of the range further out than ARPACK's estimate."""
    import scipy.sparse.linalg as sla

    start = np.random.default_rng(0).standard_normal(matrix.shape[0]).astype(matrix.dtype)
    lower, upper = (
        float(sla.eigsh(matrix, k=1, which=which, tol=1e-3, v0=start, return_eigenvectors=False)[0])
        for which in ("SA", "LA")
    )
    margin = _MARGIN * (upper - lower)
    return lower - margin, upper + margin


class WindowFilter:
    """p(A) for a Hermitian A: a Gaussian of the energy about the middle of a window.

    matrix: (n, n). bounds: below and above its spectrum. lower, upper: the window. All in eV. degree: products with A
    for each application.
    """

    def __init__(self, matrix: sparse.csr_array, bounds: tuple[float, float], lower: float, upper: float) -> None:
        from scipy import sparse

        middle, half = (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2
        center, width = ((lower + upper) / 2 - middle) / half, _WIDTH * (upper - lower) / half
        self.degree = int(np.ceil(_TAIL / width))

        def gaussian(x: Any) -> Any:
            return np.exp(-((x - center) ** 2) / (2 * width**2))

        self._coefficients = np.polynomial.chebyshev.chebinterpolate(gaussian, self.degree)
        shift = middle * sparse.eye_array(matrix.shape[0], dtype=matrix.dtype)
        self._twice = sparse.csr_array((matrix - shift) * (2 / half))
        self.at_ends = float(np.exp(-1 / (8 * _WIDTH**2)))

    def __call__(self, vector: NDArray[Any]) -> NDArray[Any]:
        """p(A) vector."""
        before, now = vector, self._twice @ vector / 2
        result = self._coefficients[0] * before + self._coefficients[1] * now
        for coefficient in self._coefficients[2:]:
            before, now = now, self._twice @ now - before
            result += coefficient * now
        if not np.isfinite(result[0]):
            raise SolverError("the polynomial filter grew: the bounds of the spectrum are wrong")
        return result


def levels_between(
    matrix: sparse.csr_array, lower: float, upper: float, limit: float, count: Callable[[], None] = lambda: None
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """All levels between two energies in eV and their vectors (n, m), each with a residual below limit.

    count() is called for each application of the filter. Raises SolverError where a level does not converge.
    """
    import scipy.sparse.linalg as sla

    size = matrix.shape[0]
    chosen = WindowFilter(matrix, spectral_bounds(matrix), lower, upper)
    found = np.zeros((size, 0), dtype=matrix.dtype)
    energies = np.zeros(0)
    wanted, last = _FIRST, False
    for run in range(_MAX_RUNS):
        operator = sla.LinearOperator((size, size), matvec=_outside(chosen, found, count), dtype=matrix.dtype)
        vectors, values = _largest(operator, 2 if last else wanted, run, 1e-5 if last else 0.0)
        if last and not (values > chosen.at_ends * 1.001).any():
            inside = (energies > lower) & (energies < upper)
            return energies[inside], found[:, inside]
        last = False
        vectors = vectors - found @ (found.conj().T @ vectors)
        basis = np.linalg.qr(np.hstack([found, vectors]))[0]
        energies, turn = np.linalg.eigh(basis.conj().T @ (matrix @ basis))
        basis = basis @ turn
        error = np.linalg.norm(matrix @ basis - basis * energies, axis=0)
        good = error < limit
        before, found, energies = found.shape[1], basis[:, good], energies[good]
        inside = (energies > lower) & (energies < upper)
        exhausted = len(values) and values.min() < chosen.at_ends
        if exhausted or (found.shape[1] == before and run > 2):
            last = True  # one more search of the complement, for copies of degenerate levels
        elif inside.sum() >= wanted:
            wanted *= 2
        if found.shape[1] > _MOST:
            raise SolverError(
                f"more than {_MOST} levels between {lower:.4f} and {upper:.4f} eV are too many for the iterative solver"
            )
    raise SolverError(f"the iterative solver did not find all levels between {lower:.4f} and {upper:.4f} eV")


def _outside(
    chosen: WindowFilter, found: NDArray[Any], count: Callable[[], None]
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """One plus the filter on the complement of what is found: ARPACK's tolerance is relative, and p may vanish."""

    def apply(vector: NDArray[Any]) -> NDArray[Any]:
        count()
        start = vector.ravel()
        vector = chosen(start - found @ (found.conj().T @ start))
        return start + vector - found @ (found.conj().T @ vector)

    return apply


def _largest(
    operator: sla.LinearOperator, wanted: int, seed: int, tolerance: float
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Vectors of the largest eigenvalues, as far as they converge, and the eigenvalues."""
    import scipy.sparse.linalg as sla

    size = operator.shape[0]
    wanted = min(wanted, size - 2)
    start = np.random.default_rng(seed).standard_normal(size).astype(operator.dtype)
    try:
        values, vectors = sla.eigsh(
            operator, wanted, which="LA", v0=start, tol=tolerance, ncv=min(size - 1, 2 * wanted + 20), maxiter=_RESTARTS
        )
    except sla.ArpackNoConvergence as error:
        values, vectors = error.eigenvalues, error.eigenvectors
    return np.asarray(vectors), np.asarray(values) - 1
