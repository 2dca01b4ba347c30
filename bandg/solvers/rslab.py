"""Shift and invert by RSLAB, L D L^T in Rust: as fast as PARDISO or nearly so, with wheels for every platform."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.solvers.base import ShiftIsLevel, dissected_fill, matrix_gb
from bandg.solvers.shift_invert import ShiftInvert
from bandg.solvers.threads import thread_limit
from bandg.solvers.triangle import RefinedFactor, Triangle

if TYPE_CHECKING:
    from scipy import sparse

_MOST_ANALYSES = 8
"""Patterns whose order and symbolic factorization are kept in a process; the six irreps of O_h fit."""

_ORDER = {
    "ordering": "auto",  # the best of
    "race_candidates": ["amf"],  # minimum fill, and nested dissection where that foretells this many operations
    "race_nd_min_work": 12_000_000_000,
    "race_assumed_workers": 1,
    "relax": True,
}
"""Settings of the analysis: nested dissection costs more than it spares below some seconds of factorization."""

_analyses: dict[bytes, Any] = {}


class RslabFactor(RefinedFactor):
    """A - sigma = L D L^T by RSLAB with Bunch-Kaufman pivots, which give the inertia.

    A complex Hermitian A = R + i I is factorized as the real symmetric [[R, -I], [I, R]], which has every level twice.
    The order and the symbolic factorization depend on the pattern alone and are shared by all matrices that have it.
    """

    def __init__(self, matrix: sparse.csr_array, sigma: float) -> None:
        from scipy import sparse

        super().__init__(matrix)
        self._is_complex = np.iscomplexobj(matrix)
        if self._is_complex:
            matrix = sparse.csr_array(sparse.block_array([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]]))
            matrix.eliminate_zeros()
        self._triangle = Triangle(matrix)
        self._analysis = _analysis_of(self._triangle)
        self.move(sigma)

    def move(self, sigma: float) -> None:
        """Factorize at another shift in eV; the memory of the last factors is freed before.

        Raises ShiftIsLevel where a level lies there, and SolverError where the factors do not solve.
        """
        self.sigma, self._factor = sigma, None
        try:
            self._factor = self._analysis.factor(self._triangle.at(sigma), threads=thread_limit())
        except RuntimeError as error:  # "a pivot is numerically zero": the shift is an eigenvalue
            raise ShiftIsLevel(str(error)) from error
        _, below, zero = self._factor.inertia
        if zero:
            raise ShiftIsLevel(f"{zero} pivots vanish at {sigma:.6f} eV")
        self.check()
        self.n_below = below // 2 if self._is_complex else below

    def solve_once(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector, for one (n,) or several (n, m)."""
        if not self._is_complex:
            return self._solve(vector)
        parts = self._solve(np.concatenate([vector.real, vector.imag]))
        return parts[: len(vector)] + 1j * parts[len(vector) :]

    def _solve(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        factor: Any = self._factor
        found = factor.solve(vector) if vector.ndim == 1 else factor.solve_many(np.ascontiguousarray(vector))
        return np.asarray(found)


def _analysis_of(triangle: Triangle) -> Any:
    """The order and symbolic factorization of a pattern."""
    import rslab
    from scipy import sparse

    key = triangle.pattern
    if key not in _analyses:
        if len(_analyses) >= _MOST_ANALYSES:
            del _analyses[next(iter(_analyses))]
        upper = triangle.upper
        lower = sparse.csc_matrix((upper.data, upper.indices, upper.indptr), shape=upper.shape)
        _analyses[key] = rslab.analyze(lower, path="ldlt", threads=thread_limit(), **_ORDER)
    return _analyses[key]


class Rslab(ShiftInvert):
    """RSLAB with minimum fill or nested dissection."""

    name = "rslab"
    hint = "python -m pip install rslab"
    factorization = RslabFactor

    @classmethod
    def installed(cls) -> bool:
        """Whether rslab is there."""
        return importlib.util.find_spec("rslab") is not None

    @classmethod
    def rank(cls, size: int) -> int:
        """Before SuperLU, behind PARDISO."""
        return 3

    @staticmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """The factor, 2.8 kB for each unknown and 5 MB; a complex matrix becomes a real one of twice the size."""
        times = 2 if is_complex else 1
        factor = 8e-9 * times**2 * dissected_fill(size, nnz)
        return times * matrix_gb(nnz, is_complex) + factor + 2.8e-6 * times * size + 0.005
