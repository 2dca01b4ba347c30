"""Shift and invert by MKL PARDISO (extra [fast]): one to two times as fast as RSLAB."""

from __future__ import annotations

import importlib.util
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.base.text import install
from bandg.solvers.base import dissected_fill, matrix_gb
from bandg.solvers.shift_invert import ShiftInvert
from bandg.solvers.threads import thread_limit
from bandg.solvers.triangle import RefinedFactor, Triangle

if TYPE_CHECKING:
    from scipy import sparse

_MOST_KEPT = 8
"""Patterns whose order is kept in a process; the six irreps of O_h fit."""

_kept: dict[tuple[Any, ...], Any] = {}


class PardisoFactor(RefinedFactor):
    """A - sigma = L D L^+ by MKL PARDISO through py-mkl-pardiso.

    The order depends on the pattern alone and takes half of the time: it is kept for the next matrix of that pattern.
    D always has 1x1 and 2x2 blocks (Bunch-Kaufman pivots): with 1x1 pivots alone, its default, the Hermitian type
    returns wrong vectors and wrong counts without saying so. A real matrix comes with its inertia. A complex one does
    not; there D itself is read, by solving with it, and its blocks are counted (`count_negative`).
    """

    _ORDERING, _NESTED_DISSECTION = 1, 3
    _PIVOTING, _BUNCH_KAUFMAN = 20, 1
    _NEGATIVE = 22
    _SOLVE_D = 332
    _FREE_FACTORS = 0

    def __init__(self, matrix: sparse.csr_array, sigma: float) -> None:
        super().__init__(matrix)
        self._triangle = Triangle(matrix)
        # what was ordered for another number of threads does not serve
        key = np.iscomplexobj(matrix), self._triangle.pattern, thread_limit()
        ordered = _kept.pop(key, None)
        self._factor = ordered or self._without_order()
        self.sigma = sigma
        values = self._triangle.at(sigma)
        if ordered:
            self._factor.refactor_values(values)
        else:
            self._factor.factor(values)
        weakref.finalize(self, self._keep, key, self._factor).atexit = False
        self._finish()

    def _without_order(self) -> Any:
        """A new solver of MKL, which knows the pattern."""
        # its Python class looks at every row of the pattern in turn, which takes as long as the factorization
        from pymklpardiso import _mkl_pardiso as mkl

        is_complex = np.iscomplexobj(self.matrix)
        new = mkl.PardisoSolver(mkl.MTYPE_COMPLEX_HERM_INDEF if is_complex else mkl.MTYPE_REAL_SYM_INDEF, 0)
        new.set_iparm(self._ORDERING, self._NESTED_DISSECTION)
        new.set_iparm(self._PIVOTING, self._BUNCH_KAUFMAN)
        upper = self._triangle.upper
        new.set_pattern(ia=upper.indptr.astype(np.int64), ja=upper.indices.astype(np.int64), n=len(upper.indptr) - 1)
        return new

    @classmethod
    def _keep(cls, key: tuple[Any, ...], factor: Any) -> None:
        """Keep the order of a factor that nobody uses any more, and free its numbers."""
        factor.run_phase(cls._FREE_FACTORS)
        if len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = factor

    def move(self, sigma: float) -> None:
        """Factorize at another shift in eV in the same memory; the ordering is kept. Raises SolverError."""
        self.sigma = sigma
        self._factor.refactor_values(self._triangle.at(sigma))
        self._finish()

    def solve_once(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""
        return self._factor.solve(vector)

    def _finish(self) -> None:
        """Count, and check that the factorization solves."""
        if not np.iscomplexobj(self.matrix):
            self.n_below = int(self._factor.get_iparm()[self._NEGATIVE])
            return
        self.check()
        self.n_below = count_negative(self._solve_d, self.matrix.shape[0])

    def _solve_d(self, vector: NDArray[Any]) -> NDArray[Any]:
        solution = np.zeros(len(vector), dtype=self.matrix.dtype)
        self._factor.run_phase_into(self._SOLVE_D, vector.astype(self.matrix.dtype), solution)
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


class Pardiso(ShiftInvert):
    """MKL PARDISO with nested dissection."""

    name = "pardiso"
    hint = f"{install('fast')} (x86-64 Linux)"
    factorization = PardisoFactor

    @classmethod
    def installed(cls) -> bool:
        """Whether py-mkl-pardiso is there."""
        return importlib.util.find_spec("pymklpardiso") is not None

    @classmethod
    def rank(cls, size: int) -> int:
        """First choice for large matrices."""
        return 4

    @staticmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """The factor and 1.5 kB for each unknown."""
        factor = (16e-9 if is_complex else 8e-9) * dissected_fill(size, nnz)
        return matrix_gb(nnz, is_complex) + factor + 1.5e-6 * size
