"""Shift and invert by scipy's SuperLU: the solver that works on every platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import ShiftIsLevel, matrix_gb
from bandg.solvers.shift_invert import ShiftInvert, check_solve

if TYPE_CHECKING:
    from scipy import sparse

_PIVOT_THRESHOLD = 0.001


class SuperLUFactor:
    """A - sigma = L U with a symmetric ordering."""

    def __init__(self, matrix: sparse.csr_array, sigma: float) -> None:
        from scipy import sparse

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
        import scipy.sparse.linalg as sla

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


class SuperLU(ShiftInvert):
    """scipy's SuperLU with a symmetric ordering."""

    name = "superlu"
    hint = "part of scipy"
    factorization = SuperLUFactor

    @classmethod
    def rank(cls, size: int) -> int:
        """Behind PARDISO and RSLAB, which are faster."""
        return 2

    @staticmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """Minimum degree: 0.5 n^1.6 or 0.0045 d^2 n^1.7 numbers with their indices, for n unknowns, d elements each.

        Half as much again is there while levels are counted.
        """
        numbers = max(0.5 * size**1.6, 0.0045 * (nnz / size) ** 2 * size**1.7)
        return matrix_gb(nnz, is_complex) + (20e-9 if is_complex else 12e-9) * 1.5 * numbers
