"""What direct solvers share: the triangle that they read, with one pattern for every shift, and refined solves."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.solvers.shift_invert import check_solve, probe_error

if TYPE_CHECKING:
    from scipy import sparse

_ACCURATE = 1e-12
"""A solve with a larger relative residual is refined once."""


class Triangle:
    """Upper triangle by rows of A - sigma; its whole diagonal is stored, first in each row.

    upper: csr_matrix (n, n). Read by columns its arrays are the lower triangle of the transpose.
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        from scipy import sparse

        self._diagonal = np.real(matrix.diagonal())
        above = sparse.triu(matrix, k=1, format="csr") + sparse.eye_array(matrix.shape[0], dtype=matrix.dtype)
        self.upper: Any = sparse.csr_matrix(above)
        self.upper.sort_indices()

    def at(self, sigma: float) -> NDArray[Any]:
        """Set the shift; the stored elements of A - sigma, shape (nnz,)."""
        self.upper.data[self.upper.indptr[:-1]] = self._diagonal - sigma
        values: NDArray[Any] = self.upper.data
        return values

    @property
    def pattern(self) -> bytes:
        """What tells this pattern from others."""
        found = hashlib.blake2b(self.upper.indptr, digest_size=16)
        found.update(self.upper.indices)
        return found.digest()


class RefinedFactor(ABC):
    """A factorized A - sigma whose solves are refined once where they need it, as next to a level.

    matrix: A. sigma: the shift of the factors that are there.
    """

    sigma: float

    def __init__(self, matrix: sparse.csr_array) -> None:
        self.matrix, self._refine = matrix, False

    @abstractmethod
    def solve_once(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector, for one (n,) or several (n, m) of the matrix's type."""

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector, for one (n,) or several (n, m)."""
        vector = vector.astype(self.matrix.dtype, copy=False)
        solution = self.solve_once(vector)
        if self._refine:
            solution = solution + self.solve_once(vector - self._apply(solution))
        return solution

    def check(self) -> None:
        """Find out whether solves need refinement; raises SolverError where even that is not enough."""
        self._refine = False
        self._refine = probe_error(self._apply, self.solve, self.matrix) > _ACCURATE
        if self._refine:
            check_solve(self._apply, self.solve, self.matrix)

    def _apply(self, vector: NDArray[Any]) -> NDArray[Any]:
        return self.matrix @ vector - self.sigma * vector
