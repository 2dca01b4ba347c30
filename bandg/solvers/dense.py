"""All levels at once by LAPACK."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import Solver, matrix_gb
from bandg.solvers.superlu import SuperLUFactor

AUTO_BELOW = 250
"""Smaller blocks are diagonalized densely by the choice `auto`: as fast, and every level comes out. At 500 functions a
factorization takes a quarter of the time, at 900 a twentieth."""

_SUM_LIMIT = 1e-12
"""The levels must sum to the trace, and their squares to its square, to this share of n times their rms value."""


class Dense(Solver):
    """LAPACK's diagonalization of the whole matrix. Derivatives take the factorization of SuperLU."""

    name = "dense"
    hint = "part of scipy"
    factorization = SuperLUFactor
    _levels: tuple[NDArray[np.float64], NDArray[Any]] | None = None

    @classmethod
    def rank(cls, size: int) -> int:
        """First choice for small matrices."""
        return 4 if size < AUTO_BELOW else 0

    @staticmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """The matrix, its eigenvectors and the work space of LAPACK."""
        return matrix_gb(nnz, is_complex) + 4e-9 * (16 if is_complex else 8) * size**2

    def count_below(self, energy: float) -> int:
        """Number of eigenvalues below an energy in eV."""
        return int(np.sum(self._all()[0] < energy))

    def between(self, lower: float, upper: float, shift: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """All levels between two energies in eV."""
        energies, states = self._all()
        chosen = (energies >= lower) & (energies < upper)
        return energies[chosen], states[:, chosen]

    def _all(self) -> tuple[NDArray[np.float64], NDArray[Any]]:
        if self._levels is None:
            import scipy.linalg

            self.work.dense += 1
            self.work.solvers.add(self.name)
            try:
                energies, states = scipy.linalg.eigh(self.matrix.toarray(), driver="evr")
            except np.linalg.LinAlgError as error:
                raise SolverError(
                    f"LAPACK did not diagonalize the matrix ({error}); choose the solver superlu"
                ) from error
            self._check(energies)
            self._levels = energies, states
        return self._levels

    def _check(self, energies: NDArray[np.float64]) -> None:
        """Raise SolverError where LAPACK lost a level: number, sum and sum of squares are those of the matrix."""
        size = self.matrix.shape[0]
        square = float(np.sum(np.abs(self.matrix.data) ** 2))
        limit = _SUM_LIMIT * size * np.sqrt(square / size)
        off = abs(float(np.sum(energies)) - float(np.real(self.matrix.trace())))
        off_square = abs(float(np.sum(energies**2)) - square)
        if len(energies) != size or not off <= limit or not off_square <= limit * np.sqrt(square / size):
            raise SolverError(
                f"LAPACK lost a level: {len(energies)} of {size}, their sum is off by {off:.1e} eV; "
                "choose the solver superlu"
            )
