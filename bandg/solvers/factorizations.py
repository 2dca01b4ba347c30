"""Sparse factorizations that also count levels: what they cost, and which one to take."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import scipy.sparse.linalg as sla
from numpy.typing import NDArray
from scipy import sparse

from bandg.base.errors import SolverError

_PIVOT_THRESHOLD = 0.001
_ACCURATE = 1e-12
"""A solve with a larger relative residual is refined once."""

_SOLVE_LIMIT = 1e-6
"""A factorization whose probing solve has a larger relative residual is not used."""


class Factorization(Protocol):
    """A factorized A - sigma: solves with it and counts the eigenvalues of A below sigma."""

    n_below: int

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""


class ShiftIsLevel(ArithmeticError):
    """The shift coincides with an eigenvalue, so A - shift cannot be factorized."""


class SuperLU:
    """scipy's SuperLU with a symmetric ordering: the core backend, on every platform."""

    name = "superlu"
    hint = "part of scipy"

    def __init__(self, matrix: sparse.csr_array, sigma: float) -> None:
        shifted = (matrix - sigma * sparse.eye_array(matrix.shape[0], dtype=matrix.dtype)).tocsc()
        self._factor = self._factorize(shifted, _PIVOT_THRESHOLD)
        if (self._factor.perm_r != self._factor.perm_c).any():
            # the inertia is exact only without row exchanges
            self._factor = self._factorize(shifted, 0.0)
            if (self._factor.perm_r != self._factor.perm_c).any():
                raise SolverError(f"the factorization at {sigma:.6f} eV needed row exchanges; choose another shift")
            check_solve(lambda vector: shifted @ vector, self.solve, shifted)
        self.n_below = int(np.sum(np.real(self._factor.U.diagonal()) < 0))

    @staticmethod
    def _factorize(shifted: sparse.csc_array, threshold: float) -> Any:
        try:
            return sla.splu(
                shifted,
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=threshold,
                options={"SymmetricMode": True},
            )
        except RuntimeError as error:  # "Factor is exactly singular": the shift is an eigenvalue
            raise ShiftIsLevel(str(error)) from error

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""
        return self._factor.solve(vector)


class Pardiso:
    """MKL PARDISO through py-mkl-pardiso (extra [fast]): two to three times faster than SuperLU.

    A = L D L^+ with Bunch-Kaufman pivots, D of 1x1 and 2x2 blocks, always: with 1x1 pivots alone, its default, the
    Hermitian type returns wrong vectors and wrong counts without saying so. A real matrix comes with its inertia. A
    complex one does not; there D itself is read, by solving with it, and its blocks are counted (`count_negative`).
    """

    name = "pardiso"
    hint = 'pip install "bandg[fast]" (x86-64 Linux)'
    _ORDERING, _NESTED_DISSECTION = 1, 3
    _PIVOTING, _BUNCH_KAUFMAN = 20, 1
    _NEGATIVE = 22
    _SOLVE_D = 332

    def __init__(self, matrix: sparse.csr_array, sigma: float) -> None:
        import pymklpardiso

        size = matrix.shape[0]
        self._matrix = matrix
        self._diagonal = np.real(matrix.diagonal())
        above = sparse.triu(matrix, k=1, format="csr") + sparse.eye_array(size, dtype=matrix.dtype)
        self._upper = sparse.csr_matrix(above)
        self._upper.sort_indices()  # the diagonal comes first in each row
        self._refine = False
        settings = {self._ORDERING: self._NESTED_DISSECTION, self._PIVOTING: self._BUNCH_KAUFMAN}
        is_complex = np.iscomplexobj(matrix)
        kind = pymklpardiso.MTYPE_COMPLEX_HERM_INDEF if is_complex else pymklpardiso.MTYPE_REAL_SYM_INDEF
        self._shift(sigma)
        self._factor = pymklpardiso.PardisoSolver(self._upper, kind, settings)
        self._finish()

    def move(self, sigma: float) -> None:
        """Factorize at another shift in the same memory; the ordering is kept."""
        self._shift(sigma)
        self._factor.refactor(self._upper.data)
        self._finish()

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""
        vector = vector.astype(self._matrix.dtype, copy=False)
        solution = self._factor.solve(vector)
        if self._refine:
            solution = solution + self._factor.solve(vector - self._apply(solution))
        return solution

    def _shift(self, sigma: float) -> None:
        self._sigma = sigma
        self._upper.data[self._upper.indptr[:-1]] = self._diagonal - sigma

    def _apply(self, vector: NDArray[Any]) -> NDArray[Any]:
        return self._matrix @ vector - self._sigma * vector

    def _finish(self) -> None:
        """Count, and check that the factorization solves."""
        if not np.iscomplexobj(self._matrix):
            self.n_below = int(self._factor.get_iparm()[self._NEGATIVE])
            return
        self._refine = False
        self._refine = probe_error(self._apply, self.solve, self._matrix) > _ACCURATE
        check_solve(self._apply, self.solve, self._matrix)
        self.n_below = count_negative(self._solve_d, self._matrix.shape[0])

    def _solve_d(self, vector: NDArray[Any]) -> NDArray[Any]:
        solution = np.zeros(len(vector), dtype=self._matrix.dtype)
        self._factor.run_phase_into(self._SOLVE_D, vector.astype(self._matrix.dtype), solution)
        return solution


def count_negative(solve_d: Callable[[NDArray[Any]], NDArray[Any]], size: int) -> int:
    """Number of negative eigenvalues of a Hermitian D made of 1x1 and 2x2 blocks at unknown places.

    solve_d(vector) gives D^-1 vector. With t a different number at each place, D^-1 1, D^-1 t and D^-1 t^2
    tell which places pair up and the elements of every block; a random vector then proves D^-1 so found. Raises
    SolverError where D has no such form.
    """
    random = np.random.default_rng(size)
    t = random.permutation(size) / size
    proof = random.standard_normal(size)
    # one vector at a time: several at once come back in another order
    y = np.stack([solve_d(vector) for vector in (np.ones(size), t, t**2, proof)], axis=1)
    diagonal, coupling, partner = y[:, 0].copy(), np.zeros(size, dtype=complex), np.arange(size)
    lean = y[:, 1] - t * y[:, 0]  # coupling * (t of the partner - own t)
    paired = np.flatnonzero(np.abs(lean) > 1e-12 * np.abs(y[:, 0]))
    if len(paired):
        found = np.real((y[paired, 2] - t[paired] * y[paired, 1]) / lean[paired])  # t of the partner
        order = paired[np.argsort(t[paired])]
        right = np.clip(np.searchsorted(t[order], found), 1, len(order) - 1)
        nearer = np.abs(t[order[right - 1]] - found) < np.abs(t[order[right]] - found)
        partner[paired] = order[right - nearer]
        step = t[partner[paired]] - t[paired]
        if (step == 0).any():
            raise SolverError("the pivots of the factorization cannot be told apart; choose the solver superlu")
        coupling[paired] = lean[paired] / step
        diagonal[paired] -= coupling[paired]
    rebuilt = diagonal * proof + coupling * proof[partner]
    scale = np.abs(diagonal) + np.abs(coupling)
    if (partner[partner] != np.arange(size)).any() or (np.abs(rebuilt - y[:, 3]) > 1e-7 * scale).any():
        raise SolverError("the pivots of the factorization cannot be told apart; choose the solver superlu")
    a = np.real(diagonal)
    determinant = a * a[partner] - np.abs(coupling) ** 2
    single = partner == np.arange(size)
    mixed = ~single & (determinant < 0)  # one negative eigenvalue in each pair
    return int(np.sum((single | ~mixed) & (a < 0)) + np.sum(mixed) // 2)


def probe_error(
    apply: Callable[[NDArray[Any]], NDArray[Any]], solve: Callable[[NDArray[Any]], NDArray[Any]], matrix: Any
) -> float:
    """Relative residual of the solution for a random vector."""
    probe = np.random.default_rng(0).standard_normal(matrix.shape[0]).astype(matrix.dtype)
    return float(np.linalg.norm(apply(solve(probe)) - probe) / np.linalg.norm(probe))


def check_solve(
    apply: Callable[[NDArray[Any]], NDArray[Any]], solve: Callable[[NDArray[Any]], NDArray[Any]], matrix: Any
) -> None:
    """Raise SolverError where the factorization does not solve: its counts are then worth nothing either."""
    if not probe_error(apply, solve, matrix) < _SOLVE_LIMIT:
        raise SolverError("the factorization is not accurate; choose another shift or another solver")


BACKENDS: dict[str, Any] = {"superlu": SuperLU, "pardiso": Pardiso}
"""The sparse factorizations by name; `available_backends` tells which are installed."""


def available_backends() -> tuple[str, ...]:
    """Names of the factorizations that can be used here, the preferred one first."""
    fast = ("pardiso",) if importlib.util.find_spec("pymklpardiso") else ()
    return (*fast, "superlu")


def estimate_memory(backend: str, size: int, nnz: int, is_complex: bool) -> float:
    """Memory in GB of a factorization at its peak, by laws measured on blocks and whole matrices of nanocrystals.

    PARDISO (nested dissection): 0.6 (nnz / n)^0.6 n^1.4 numbers and 1.5 kB for each unknown. SuperLU (minimum degree):
    0.5 n^1.6 numbers with their indices, and half as much again while levels are counted. Both lie above what 30
    matrices of 10^3 to 1.5 10^5 unknowns took, by up to a factor of three. "iterative": copies of the matrix and 60
    vectors. Raises KeyError for another backend.
    """
    number = 16 if is_complex else 8
    density = max(1.0, nnz / size)
    matrix = 3e-9 * (number + 4) * nnz
    return (
        matrix
        + {
            "pardiso": number * 0.6e-9 * density**0.6 * size**1.4 + 1.5e-6 * size,
            "superlu": (number + 4) * 0.75e-9 * size**1.6,
            "iterative": 60e-9 * number * size,
            "dense": 4e-9 * number * size**2,
        }[backend]
    )
