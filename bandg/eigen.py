"""Verified interior eigenpairs: every level between two energies, counted by Sylvester inertia."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import scipy.linalg
import scipy.sparse.linalg as sla
from numpy.typing import NDArray
from scipy import sparse

from bandg.errors import BandgError

RESIDUAL_LIMIT_EV = 1e-8
"""A state with a larger residual is an error, not a result."""

DENSE_BELOW = 1000
"""Blocks smaller than this are diagonalized densely: as fast, and every level comes out."""

_PIVOT_THRESHOLD = 0.001
_MAX_DEFLATIONS = 60


class Factorization(Protocol):
    """A factorized A - sigma: solves with it and counts the eigenvalues of A below sigma."""

    n_below: int

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""


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
                raise BandgError(f"the factorization at {sigma:.6f} eV needed row exchanges; choose another shift")
            self._check(shifted)
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

    def _check(self, shifted: sparse.csc_array) -> None:
        probe = np.ones(shifted.shape[0])
        error = np.linalg.norm(shifted @ self._factor.solve(probe.astype(shifted.dtype)) - probe)
        if not error < 1e-6 * np.linalg.norm(probe):
            raise BandgError("the factorization without pivoting is not accurate; choose another shift")

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""
        return self._factor.solve(vector)


class Pardiso:
    """MKL PARDISO through py-mkl-pardiso (extra [fast]), two to three times faster than SuperLU.

    Always of the real symmetric indefinite type with Bunch-Kaufman pivoting, whose inertia it reports. A complex
    Hermitian matrix A + iB goes in as the real [[A, -B], [B, A]], whose levels are those of the matrix, twice: the
    library's own Hermitian type reports no inertia and, with its defaults, returns wrong vectors without saying so.
    """

    name = "pardiso"
    hint = 'pip install "bandg[fast]" (x86-64 Linux)'
    _BUNCH_KAUFMAN, _PIVOTING, _NEGATIVE = 1, 20, 22

    def __init__(self, matrix: sparse.csr_array, sigma: float) -> None:
        import pymklpardiso

        shifted = matrix - sigma * sparse.eye_array(matrix.shape[0], dtype=matrix.dtype)
        self._copies = 2 if np.iscomplexobj(shifted) else 1
        if self._copies == 2:
            shifted = sparse.block_array([[shifted.real, -shifted.imag], [shifted.imag, shifted.real]], format="csr")
        upper = sparse.csr_matrix(sparse.triu(shifted, format="csr"))
        upper.sort_indices()
        self._factor = pymklpardiso.PardisoSolver(
            upper, pymklpardiso.MTYPE_REAL_SYM_INDEF, {self._PIVOTING: self._BUNCH_KAUFMAN}
        )
        self.n_below = int(self._factor.get_iparm()[self._NEGATIVE]) // self._copies

    def solve(self, vector: NDArray[Any]) -> NDArray[Any]:
        """(A - sigma)^-1 vector."""
        if self._copies == 1:
            return self._factor.solve(vector)
        real, imaginary = np.split(self._factor.solve(np.concatenate([vector.real, vector.imag])), 2)
        return real + 1j * imaginary


class ShiftIsLevel(ArithmeticError):
    """The shift coincides with an eigenvalue, so A - shift cannot be factorized."""


BACKENDS: dict[str, Any] = {"superlu": SuperLU, "pardiso": Pardiso}
"""The sparse backends by name; `available_backends` tells which are installed."""


def available_backends() -> tuple[str, ...]:
    """Names of the sparse backends that can be used here, the preferred one first."""
    fast = ("pardiso",) if importlib.util.find_spec("pymklpardiso") else ()
    return (*fast, "superlu")


@dataclass
class Work:
    """Counts of work, which tests freeze: factorizations, solves, dense diagonalizations."""

    factorizations: int = 0
    solves: int = 0
    dense: int = 0
    backends: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Window:
    """All eigenpairs of a matrix between two energies.

    energies: (n,) in eV, rising. states: (size, n) orthonormal. residual: largest ||A x - E x|| in eV.
    below: number of eigenvalues below the lower end, by inertia.
    """

    energies: NDArray[np.float64]
    states: NDArray[Any]
    residual: float
    below: int


class Spectrum:
    """Levels of one Hermitian sparse matrix near chosen energies, with each factorization used once.

    matrix: (n, n) Hermitian, in eV. backend: name in BACKENDS or "auto". work: counts, shared by the caller.
    """

    def __init__(self, matrix: sparse.csr_array, backend: str = "auto", work: Work | None = None) -> None:
        self.matrix = matrix.copy()
        self.matrix.eliminate_zeros()  # explicit zeros would count as fill
        self.work = work if work is not None else Work()
        self.backend = choose_backend(backend, matrix)
        self._counts: dict[float, int] = {}
        self._latest: tuple[float, Factorization] | None = None  # only one: a factorization holds most of the memory
        self._dense: tuple[NDArray[np.float64], NDArray[Any]] | None = None

    def count_below(self, energy: float) -> int:
        """Number of eigenvalues below an energy, exact."""
        if self.backend == "dense":
            return int(np.sum(self._all()[0] < energy))
        if energy not in self._counts:
            self._counts[energy] = self._factor(energy).n_below
        return self._counts[energy]

    def count_between(self, lower: float, upper: float) -> int:
        """Number of eigenvalues between two energies, exact."""
        return self.count_below(upper) - self.count_below(lower)

    def between(self, lower: float, upper: float, shift: str = "lower") -> Window:
        """All eigenpairs between two energies in eV; the factorization at the "lower" or "upper" end serves the solve.

        Raises BandgError where a level cannot be found or its residual exceeds RESIDUAL_LIMIT_EV.
        """
        if self.backend == "dense":
            energies, states = self._all()
            chosen = (energies > lower) & (energies < upper)
            return self._verified(energies[chosen], states[:, chosen], int(np.sum(energies <= lower)))
        ends = (upper, lower) if shift == "lower" else (lower, upper)
        counts = {energy: self.count_below(energy) for energy in ends}  # the end that serves the solve comes last
        below, above = counts[lower], counts[upper]
        sigma, far = (lower, upper) if shift == "lower" else (upper, lower)
        energies, states = self._lanczos(sigma, far, shift, above - below)
        inside = (energies > lower - RESIDUAL_LIMIT_EV) & (energies < upper + RESIDUAL_LIMIT_EV)
        if inside.sum() != above - below:
            raise BandgError(
                f"found {inside.sum()} of the {above - below} levels between {lower:.4f} and {upper:.4f} eV"
            )
        return self._verified(energies[inside], states[:, inside], below)

    def release(self) -> None:
        """Forget the factorization."""
        self._latest = None

    def _all(self) -> tuple[NDArray[np.float64], NDArray[Any]]:
        if self._dense is None:
            self._dense = scipy.linalg.eigh(self.matrix.toarray(), driver="evr")
            self.work.dense += 1
            self.work.backends.add("dense")
        return self._dense

    def _factor(self, energy: float) -> Factorization:
        """A factorization at the energy, or beside it where the energy is a level."""
        if self._latest is not None and self._latest[0] == energy:
            return self._latest[1]
        self._latest = None
        self.work.backends.add(self.backend)
        for step in (0.0, 1e-7, -1.3e-7, 2.1e-6):
            try:
                self.work.factorizations += 1
                factor = BACKENDS[self.backend](self.matrix, energy + step)
            except ShiftIsLevel:
                continue
            self._latest = (energy, factor)
            return factor
        raise BandgError(f"no factorization near {energy:.6f} eV: the matrix is singular there")

    def _lanczos(self, sigma: float, far: float, shift: str, wanted: int) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """The `wanted` levels between sigma and the far end, by ARPACK in shift-invert mode with deflation.

        One Lanczos run sees one copy of a degenerate level; later runs work in the complement of what is found.
        """
        size = self.matrix.shape[0]
        found = np.zeros((size, 0), dtype=self.matrix.dtype)
        energies = np.zeros(0)
        if wanted == 0:
            return energies, found
        factor = self._factor(sigma)
        for attempt in range(_MAX_DEFLATIONS):
            inside = (energies - far) * (sigma - far) > 0  # what lies beyond the far end is no copy of what is missing
            missing = wanted - int(inside.sum())
            if missing <= 0:
                break
            vectors = self._arpack(self._deflated(factor.solve, found), sigma, shift, missing, attempt)
            vectors = vectors - found @ (found.conj().T @ vectors)
            found = np.linalg.qr(np.hstack([found, vectors]))[0]
            energies, turn = np.linalg.eigh(found.conj().T @ (self.matrix @ found))
            found = found @ turn
            error = np.linalg.norm(self.matrix @ found - found * energies, axis=0)
            good = (error < RESIDUAL_LIMIT_EV) & ((energies > sigma) == (shift == "lower"))
            energies, found = energies[good], found[:, good]
        return energies, found

    def _arpack(
        self, solve: Callable[[NDArray[Any]], NDArray[Any]], sigma: float, shift: str, wanted: int, attempt: int
    ) -> NDArray[Any]:
        """Vectors of the `wanted` levels next to sigma, as far as they converge."""
        size = self.matrix.shape[0]
        start = np.random.default_rng(attempt).standard_normal(size)
        inverse = sla.LinearOperator(self.matrix.shape, matvec=solve, dtype=self.matrix.dtype)
        # in shift-invert mode ARPACK sees 1 / (E - sigma): LA are the levels just above sigma, SA those just below
        try:
            return sla.eigsh(
                self.matrix,
                k=min(wanted, size - 2),
                sigma=sigma,
                which="LA" if shift == "lower" else "SA",
                OPinv=inverse,
                v0=start,
                ncv=min(size - 1, max(2 * wanted + 1, 20) + 5 * attempt),
            )[1]
        except sla.ArpackNoConvergence as error:
            return np.asarray(error.eigenvectors)
        except sla.ArpackError:  # the start vector met too small an invariant subspace: the next one is another
            return np.zeros((size, 0), dtype=self.matrix.dtype)

    def _deflated(
        self, solve: Callable[[NDArray[Any]], NDArray[Any]], found: NDArray[Any]
    ) -> Callable[[NDArray[Any]], NDArray[Any]]:
        def apply(vector: NDArray[Any]) -> NDArray[Any]:
            self.work.solves += 1
            vector = vector.ravel()
            vector = solve(vector - found @ (found.conj().T @ vector))
            return vector - found @ (found.conj().T @ vector)

        return apply

    def _verified(self, energies: NDArray[np.float64], states: NDArray[Any], below: int) -> Window:
        order = np.argsort(energies)
        energies, states = energies[order], states[:, order]
        residual = 0.0
        if len(energies):
            residual = float(np.linalg.norm(self.matrix @ states - states * energies, axis=0).max())
            overlap = np.abs(states.conj().T @ states - np.eye(len(energies))).max()
            if not residual < RESIDUAL_LIMIT_EV:
                raise BandgError(f"residual of {residual:.1e} eV exceeds {RESIDUAL_LIMIT_EV:.0e} eV")
            if not overlap < 1e-8:
                raise BandgError(f"states are orthogonal only to {overlap:.1e}")
        return Window(energies, states, residual, below)


def check_backend(name: str) -> None:
    """Raise BandgError for the name of a backend that is unknown or not installed."""
    known = ("auto", "dense", *BACKENDS)
    if name not in known:
        raise BandgError(f"solver {name!r} is unknown; choose one of {', '.join(known)}")
    if name in BACKENDS and name not in available_backends():
        raise BandgError(f"solver {name} is not installed: {BACKENDS[name].hint}, or choose superlu")


def choose_backend(name: str, matrix: sparse.csr_array) -> str:
    """The backend for a matrix: dense below DENSE_BELOW, else the fastest that is installed, or the one named.

    Raises BandgError for a name that is unknown or not installed.
    """
    check_backend(name)
    if name == "auto":
        return "dense" if matrix.shape[0] < DENSE_BELOW else available_backends()[0]
    return name
