"""Verified interior eigenpairs: every level between two energies, counted by Sylvester inertia."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse.linalg as sla
from numpy.typing import NDArray
from scipy import sparse

from bandg.base.errors import BandgError, SolverError
from bandg.base.memory import free_memory
from bandg.solvers.factorizations import BACKENDS, Factorization, ShiftIsLevel, available_backends, estimate_memory

RESIDUAL_LIMIT_EV = 1e-8
"""A state with a larger residual is an error, not a result."""

DENSE_BELOW = 1000
"""Blocks smaller than this are diagonalized densely: as fast, and every level comes out."""

ITERATIVE = "iterative"
"""Solver without factorization, for what no factorization fits."""

_MAX_DEFLATIONS = 60
_ESTIMATE_EV = 1e-3
_LEAST_STEPS, _MOST_STEPS = 6, 60


@dataclass
class Work:
    """Counts of work, which tests freeze: factorizations, solves or filters, dense diagonalizations.

    uncounted: windows that the iterative solver found without a count of their levels.
    """

    factorizations: int = 0
    solves: int = 0
    dense: int = 0
    uncounted: int = 0
    backends: set[str] = field(default_factory=set)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a result found without a count of levels has to say."""
        if not self.uncounted:
            return ()
        return ("the iterative solver counts no levels: that none is missing was searched for, not proven",)


@dataclass(frozen=True)
class Estimate:
    """Where a level lies that holds much of a state: energy and its error in eV, share of the state."""

    energy: float
    error: float
    weight: float


@dataclass(frozen=True, eq=False)
class Window:
    """All eigenpairs of a matrix between two energies.

    energies: (n,) in eV, rising. states: (size, n) orthonormal. residual: largest ||A x - E x|| in eV.
    below: number of eigenvalues below the lower end, by inertia; -1 where the iterative solver found them, which
    counts nothing.
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
        if self.backend == ITERATIVE:
            raise SolverError(
                "the iterative solver counts no levels, which --levels and spectra need: choose superlu or pardiso"
            )
        if energy not in self._counts:
            self._counts[energy] = self._factor(energy).n_below
        return self._counts[energy]

    def count_between(self, lower: float, upper: float) -> int:
        """Number of eigenvalues between two energies, exact."""
        return self.count_below(upper) - self.count_below(lower)

    def between(self, lower: float, upper: float, shift: str = "lower") -> Window:
        """All eigenpairs between two energies in eV; the factorization at the "lower" or "upper" end serves the solve.

        Raises SolverError where a level cannot be found or its residual exceeds RESIDUAL_LIMIT_EV.
        """
        if self.backend == "dense":
            energies, states = self._all()
            chosen = (energies > lower) & (energies < upper)
            return self._verified(energies[chosen], states[:, chosen], int(np.sum(energies <= lower)))
        if self.backend == ITERATIVE:
            return self._filtered(lower, upper)
        ends = (upper, lower) if shift == "lower" else (lower, upper)
        counts = {energy: self.count_below(energy) for energy in ends}  # the end that serves the solve comes last
        below, above = counts[lower], counts[upper]
        sigma, far = (lower, upper) if shift == "lower" else (upper, lower)
        energies, states = self._lanczos(sigma, far, shift, above - below)
        inside = (energies > lower - RESIDUAL_LIMIT_EV) & (energies < upper + RESIDUAL_LIMIT_EV)
        if inside.sum() != above - below:
            raise SolverError(
                f"found {inside.sum()} of the {above - below} levels between {lower:.4f} and {upper:.4f} eV"
            )
        return self._verified(energies[inside], states[:, inside], below)

    def strongest(self, state: NDArray[Any], energy: float, above: bool) -> Estimate | None:
        """The level above, or below, an energy in eV that holds most of a state (n,), by few solves at that energy.

        The Lanczos recursion of (A - energy)^-1 from the state: the first components of its eigenvectors are the
        shares of the state [haydock1980]. None without factorization, and where it does not settle.
        """
        if self.backend in ("dense", ITERATIVE):
            return None
        factor = self._factor(energy)
        self._counts.setdefault(energy, factor.n_below)
        now, before, off = state / np.linalg.norm(state), np.zeros_like(state), 0.0
        diagonal: list[float] = []
        beside: list[float] = []
        for step in range(_MOST_STEPS):
            image = factor.solve(now)
            self.work.solves += 1
            diagonal.append(float(np.real(np.vdot(now, image))))
            image = image - diagonal[-1] * now - off * before
            off = float(np.linalg.norm(image))
            values, vectors = scipy.linalg.eigh_tridiagonal(diagonal, beside)
            weights = np.where((values > 0) == above, vectors[0] ** 2, 0.0)
            best = int(np.argmax(weights))
            error = off * abs(vectors[-1, best]) / values[best] ** 2
            if step >= _LEAST_STEPS and weights[best] > 0 and error < _ESTIMATE_EV:
                return Estimate(energy + 1 / float(values[best]), float(error), float(weights[best]))
            beside.append(off)
            before, now = now, image / off
        return None

    def release(self) -> None:
        """Forget the factorization."""
        self._latest = None

    def _filtered(self, lower: float, upper: float) -> Window:
        """The window by products alone; nothing but a search that finds no further level says that it is complete."""
        from bandg.solvers.iterative import levels_between

        self.work.backends.add(self.backend)
        self.work.uncounted += 1

        def count() -> None:
            self.work.solves += 1

        return self._verified(*levels_between(self.matrix, lower, upper, RESIDUAL_LIMIT_EV, count), -1)

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
        kept, self._latest = self._latest, None
        self.work.backends.add(self.backend)
        for step in (0.0, 1e-7, -1.3e-7, 2.1e-6):
            try:
                self.work.factorizations += 1
                if kept is not None and hasattr(kept[1], "move"):
                    factor = kept[1]
                    factor.move(energy + step)
                else:
                    kept = None  # its memory goes before the next one needs it
                    factor = BACKENDS[self.backend](self.matrix, energy + step)
            except ShiftIsLevel:
                continue
            self._latest = (energy, factor)
            return factor
        raise SolverError(f"no factorization near {energy:.6f} eV: the matrix is singular there")

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
                raise SolverError(f"residual of {residual:.1e} eV exceeds {RESIDUAL_LIMIT_EV:.0e} eV")
            if not overlap < 1e-8:
                raise SolverError(f"states are orthogonal only to {overlap:.1e}")
        return Window(energies, states, residual, below)


def check_backend(name: str) -> None:
    """Raise BandgError for the name of a backend that is unknown or not installed."""
    known = ("auto", "dense", *BACKENDS, ITERATIVE)
    if name not in known:
        raise BandgError(f"solver {name!r} is unknown; choose one of {', '.join(known)}")
    if name in BACKENDS and name not in available_backends():
        raise BandgError(f"solver {name} is not installed: {BACKENDS[name].hint}, or choose superlu")


def choose_backend(name: str, matrix: sparse.csr_array, free_gb: float | None = None) -> str:
    """The backend for a matrix: the one named or, for "auto", by size and memory.

    Dense below DENSE_BELOW, else the fastest factorization that is installed and fits into free_gb by its estimate
    (default: what the machine has), else iterative. Raises BandgError for a name that is unknown or not installed.
    """
    check_backend(name)
    if name != "auto":
        return name
    size = matrix.shape[0]
    if size < DENSE_BELOW:
        return "dense"
    free = free_memory() if free_gb is None else free_gb
    for backend in available_backends():
        if estimate_memory(backend, size, matrix.nnz, np.iscomplexobj(matrix)) < free:
            return backend
    return ITERATIVE
