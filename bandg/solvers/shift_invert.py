"""Levels by shift and invert: a factorization counts them and serves a Lanczos recursion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import RESIDUAL_LIMIT_EV, Estimate, ShiftIsLevel, Solver, Work

_SOLVE_LIMIT = 1e-6
"""A factorization whose probing solve has a larger relative residual is not used."""

_MAX_RUNS = 60
"""Lanczos runs, each in the complement of what the runs before have found."""

_FIRST_TEST, _STRIDE = 12, 4
"""Lanczos steps after which, and then at every how many, the levels of the window are looked at."""

_MOST_GROWTH = 16
"""How many times longer a Krylov space may become after runs that showed no level."""

_CONVERGED = 1e-12
"""Residual of a vector of (A - sigma)^-1 in units of its eigenvalue."""

_ESTIMATE_EV = 1e-3
_LEAST_STEPS, _MOST_STEPS = 6, 60


class ShiftInvert(Solver):
    """Lanczos on (A - sigma)^-1, complete by Sylvester inertia; each factorization is used once.

    A subclass gives `factorization`.
    """

    def __init__(self, matrix: Any, work: Work) -> None:
        super().__init__(matrix, work)
        self._counts: dict[float, int] = {}
        self._expected: dict[float, int] = {}
        self._latest: tuple[float, Any] | None = None  # only one: a factorization holds most of the memory

    def count_below(self, energy: float) -> int:
        """Number of eigenvalues below an energy in eV, by inertia."""
        if energy not in self._counts:
            self._counts[energy] = self._factor(energy).n_below
        return self._counts[energy]

    def expect(self, energy: float, below: int) -> None:
        """State how many levels lie below an energy if none has crossed it; a window that ends there proves it."""
        self._expected[energy] = below

    def between(self, lower: float, upper: float, shift: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """All levels between two energies in eV; the factorization at the "lower" or "upper" end serves the solve.

        Where the count at the other end is expected and equals what is found, it is not factorized.
        """
        sigma, far = (lower, upper) if shift == "lower" else (upper, lower)
        expected = None if far in self._counts else self._expected.get(far)
        if expected is not None:
            wanted = abs(self.count_below(sigma) - expected)
            energies, states, complete = self._lanczos(sigma, far, shift, wanted, is_sure=False)
            if complete:
                self._counts[far] = expected
        if far not in self._counts or expected is None:
            counts = {energy: self.count_below(energy) for energy in (far, sigma)}  # the end that serves comes last
            energies, states, _ = self._lanczos(sigma, far, shift, counts[upper] - counts[lower])
        inside = (energies > lower - RESIDUAL_LIMIT_EV) & (energies < upper + RESIDUAL_LIMIT_EV)
        return energies[inside], states[:, inside]

    def strongest(self, state: NDArray[Any], energy: float, above: bool) -> Estimate | None:
        """The level above, or below, an energy in eV that holds most of a state (n,), by few solves at that energy.

        The Lanczos recursion of (A - energy)^-1 from the state: the first components of its eigenvectors are the
        shares of the state [haydock1980]. None where it does not settle.
        """
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
            values, vectors = _tridiagonal(diagonal, beside)
            weights = np.where((values > 0) == above, vectors[0] ** 2, 0.0)
            best = int(np.argmax(weights))
            error = off * abs(vectors[-1, best]) / values[best] ** 2
            exhausted = off <= 1e-13 * np.abs(values).max()  # nothing of the state is left in other levels
            if weights[best] > 0 and (exhausted or (step >= _LEAST_STEPS and error < _ESTIMATE_EV)):
                return Estimate(energy + 1 / float(values[best]), float(error), float(weights[best]))
            if exhausted:
                return None
            beside.append(off)
            before, now = now, image / off
        return None

    def release(self) -> None:
        """Forget the factorization."""
        self._latest = None

    def _factor(self, energy: float) -> Any:
        """A factorization at the energy, or beside it where the energy is a level."""
        if self._latest is not None and self._latest[0] == energy:
            return self._latest[1]
        kept, self._latest = self._latest, None
        self.work.solvers.add(self.name)
        for step in (0.0, 1e-7, -1.3e-7, 2.1e-6):
            try:
                self.work.factorizations += 1
                if kept is not None and hasattr(kept[1], "move"):
                    factor = kept[1]
                    factor.move(energy + step)
                else:
                    kept = None  # its memory goes before the next one needs it
                    factor = self.factorization(self.matrix, energy + step)
            except ShiftIsLevel:
                continue
            self._latest = (energy, factor)
            return factor
        raise SolverError(f"no factorization near {energy:.6f} eV: the matrix is singular there")

    def _lanczos(
        self, sigma: float, far: float, shift: str, wanted: int, is_sure: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[Any], bool]:
        """The `wanted` levels between sigma and the far end, by runs of Lanczos with deflation, and if these are all.

        One run sees one copy of a degenerate level; later runs work in the complement of what is found. "All" means as
        many as wanted, and no sign of a further one in the last run. A number that is not sure is given up after the
        first run that shows no level.
        """
        found = np.zeros((self.matrix.shape[0], 0), dtype=self.matrix.dtype)
        energies = np.zeros(0)
        if wanted == 0:
            return energies, found, False
        factor = self._factor(sigma)
        growth = 1
        for attempt in range(_MAX_RUNS):
            inside = (energies - far) * (sigma - far) > 0  # levels beyond the far end are not missing copies
            missing = wanted - int(inside.sum())
            if missing <= 0:
                break
            length = growth * (3 * missing + 4 * _FIRST_TEST)
            vectors, further = self._run(self._deflated(factor.solve, found), sigma, far, length, attempt)
            if not vectors.shape[1]:
                if not is_sure:
                    break
                growth = min(2 * growth, _MOST_GROWTH)  # the levels lie far from the shift, and near to others
            vectors = vectors - found @ (found.conj().T @ vectors)
            found = np.linalg.qr(np.hstack([found, vectors]))[0]
            energies, turn = np.linalg.eigh(found.conj().T @ (self.matrix @ found))
            found = found @ turn
            error = np.linalg.norm(self.matrix @ found - found * energies, axis=0)
            good = (error < RESIDUAL_LIMIT_EV) & ((energies > sigma) == (shift == "lower"))
            energies, found = energies[good], found[:, good]
        return energies, found, missing == 0 and not further

    def _run(
        self, solve: Callable[[NDArray[Any]], NDArray[Any]], sigma: float, far: float, length: int, seed: int
    ) -> tuple[NDArray[Any], bool]:
        """Vectors of the levels between sigma and far that one Krylov space shows, and if it shows some not yet sharp.

        It grows, and all of it is kept, until every level that it shows there is sharp, or it has so many vectors.
        """
        size = self.matrix.shape[0]
        basis = np.zeros((min(size, length), size), dtype=self.matrix.dtype)
        diagonal: list[float] = []
        beside: list[float] = []
        vector = np.random.default_rng(seed).standard_normal(size).astype(self.matrix.dtype)
        for step in range(len(basis)):
            basis[step] = vector / np.linalg.norm(vector)
            vector = solve(basis[step])
            diagonal.append(float(np.real(np.vdot(basis[step], vector))))
            for _ in range(2):
                vector = vector - basis[: step + 1].T @ (basis[: step + 1].conj() @ vector)
            off, number = float(np.linalg.norm(vector)), step + 1
            exhausted = number == size or off <= 1e-13 * np.abs(diagonal).max()
            full = number == len(basis)
            if exhausted or full or (number >= _FIRST_TEST and number % _STRIDE == 0):
                values, vectors = _tridiagonal(diagonal, beside)
                shown = values * (far - sigma) > 1
                sharp = shown & (exhausted | (off * np.abs(vectors[-1]) <= _CONVERGED * np.abs(values)))
                if exhausted or full or (sharp.any() and (sharp == shown).all()):
                    break
            beside.append(off)
        return basis[:number].T @ vectors[:, sharp], bool((shown & ~sharp).any())

    def _deflated(
        self, solve: Callable[[NDArray[Any]], NDArray[Any]], found: NDArray[Any]
    ) -> Callable[[NDArray[Any]], NDArray[Any]]:
        def apply(vector: NDArray[Any]) -> NDArray[Any]:
            self.work.solves += 1
            vector = vector.ravel()
            vector = solve(vector - found @ (found.conj().T @ vector))
            return vector - found @ (found.conj().T @ vector)

        return apply


def _tridiagonal(diagonal: list[float], beside: list[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues and eigenvectors of a Lanczos matrix.

    LAPACK's stemr is the quickest and fails now and then on levels that are degenerate to rounding; stev does not.
    """
    import scipy.linalg

    try:
        values, vectors = scipy.linalg.eigh_tridiagonal(diagonal, beside, lapack_driver="stemr")
    except np.linalg.LinAlgError:
        values, vectors = scipy.linalg.eigh_tridiagonal(diagonal, beside, lapack_driver="stev")
    return values, vectors


def probe_error(
    apply: Callable[[NDArray[Any]], NDArray[Any]], solve: Callable[[NDArray[Any]], NDArray[Any]], matrix: Any
) -> float:
    """Relative residual of the solution for a random vector."""
    probe = np.random.default_rng(0).standard_normal(matrix.shape[0]).astype(matrix.dtype)
    return float(np.linalg.norm(apply(solve(probe)) - probe) / np.linalg.norm(probe))


def check_solve(
    apply: Callable[[NDArray[Any]], NDArray[Any]], solve: Callable[[NDArray[Any]], NDArray[Any]], matrix: Any
) -> None:
    """Raise SolverError if the factorization does not solve accurately; its counts would be wrong too."""
    if not probe_error(apply, solve, matrix) < _SOLVE_LIMIT:
        raise SolverError("the factorization is not accurate; choose another shift or another solver")
