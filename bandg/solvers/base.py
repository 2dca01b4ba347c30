"""The interface of solvers and their results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse

RESIDUAL_LIMIT_EV = 1e-8
"""A state with a larger residual is an error, not a result."""


@dataclass
class Work:
    """Counts of work, which tests freeze: factorizations, solves or filters, dense diagonalizations.

    solvers: names of those that worked. uncounted: names of those whose levels were not counted.
    """

    factorizations: int = 0
    solves: int = 0
    dense: int = 0
    solvers: set[str] = field(default_factory=set)
    uncounted: set[str] = field(default_factory=set)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warning for a result without a count of levels."""
        return tuple(
            f"the solver {name} counts no levels: it is not proven that none is missing"
            for name in sorted(self.uncounted)
        )


@dataclass(frozen=True)
class Estimate:
    """Estimate of a level that has a large share of a state: energy and its error in eV, share of the state."""

    energy: float
    error: float
    weight: float


@dataclass(frozen=True, eq=False)
class Window:
    """All eigenpairs of a matrix between two energies.

    energies: (n,) in eV, rising. states: (size, n) orthonormal. residual: largest ||A x - E x|| in eV.
    below: number of eigenvalues below the lower end; -1 where the solver counts no levels.
    """

    energies: NDArray[np.float64]
    states: NDArray[Any]
    residual: float
    below: int


class Solver(ABC):
    """Finds the levels of one Hermitian sparse matrix.

    `bandg.solvers.register` makes a subclass known by its name. One object is made for each matrix, so that it can keep
    a factorization between calls. `bandg.solvers.spectrum.Spectrum` checks what it returns: residuals,
    orthonormality and, if the solver counts levels, their number.

    A solver may do more: count levels (`Counting`), estimate where a level lies (`Estimating`), free its memory
    (`Releasing`), or offer a factorization for derivatives (attribute `factorization`).

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        (n, n), Hermitian, in eV. It must not be changed.
    work : Work
        Counts of work, shared by all matrices of a nanocrystal.

    Attributes
    ----------
    name : str
        Name by which users choose it.
    hint : str
        How to install it.
    factorization : callable or None
        `factorization(matrix, sigma)` returns a `Factorization`. Derivatives of g need one.
    whole : bool
        Whether it works on a whole nanocrystal, whose sites it must know, and not on a matrix.
    """

    name: ClassVar[str]
    hint: ClassVar[str] = ""
    factorization: ClassVar[Any] = None
    whole: ClassVar[bool] = False

    def __init__(self, matrix: sparse.csr_array, work: Work) -> None:
        self.matrix, self.work = matrix, work

    @classmethod
    def installed(cls) -> bool:
        """Whether the libraries that it needs are installed."""
        return True

    @classmethod
    def rank(cls, size: int) -> int:
        """How much the choice `auto` prefers it for a matrix of so many rows; 0 is never chosen."""
        return 0

    @staticmethod
    @abstractmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """Peak memory in GB for a matrix of so many rows and stored elements."""

    @abstractmethod
    def between(self, lower: float, upper: float, shift: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """All levels between two energies in eV, (m,), and their orthonormal states, (n, m), in any order.

        shift: "lower" or "upper", the end to which a spectral shift is best moved. A solver without shift ignores it.
        Raises SolverError where a level cannot be found.
        """


@runtime_checkable
class Counting(Protocol):
    """A solver that counts levels; `levels` and spectra need it."""

    def count_below(self, energy: float) -> int:
        """Number of eigenvalues below an energy in eV, exact."""


@runtime_checkable
class Estimating(Protocol):
    """A solver that finds cheaply where the level of a trial state lies."""

    def strongest(self, state: NDArray[Any], energy: float, above: bool) -> Estimate | None:
        """The level above, or below, an energy in eV that holds most of a state (n,)."""


@runtime_checkable
class Expecting(Protocol):
    """A solver that spares a count where symmetry foretells it."""

    def expect(self, energy: float, below: int) -> None:
        """State how many levels lie below an energy if none has crossed it; it is proven or counted."""


@runtime_checkable
class Releasing(Protocol):
    """A solver that keeps much memory between calls."""

    def release(self) -> None:
        """Free it."""


class Factorization(Protocol):
    """A factorized A - sigma: solves with it and counts the eigenvalues of A below sigma."""

    n_below: int

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""


class ShiftIsLevel(ArithmeticError):
    """The shift coincides with an eigenvalue, so A - shift cannot be factorized."""


def matrix_gb(nnz: int, is_complex: bool) -> float:
    """Memory in GB of a sparse matrix and its copies."""
    return 3e-9 * ((16 if is_complex else 8) + 4) * nnz


def dissected_fill(size: int, nnz: int) -> float:
    """Numbers in L after nested dissection: 0.02 d^2 n^1.45 for n unknowns with d elements each, or all.

    A law above what 40 matrices of 10^3 to 1.4 10^6 unknowns took, by up to a factor of two.
    """
    return float(min(0.02 * (nnz / size) ** 2 * size**1.45, size**2 / 2))
