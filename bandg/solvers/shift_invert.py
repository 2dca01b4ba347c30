"""Levels by shift and invert: a factorization counts them and serves ARPACK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import RESIDUAL_LIMIT_EV, Estimate, ShiftIsLevel, Solver, Work

_SOLVE_LIMIT = 1e-6
"""A factorization whose probing solve has a larger relative residual is not used."""

_SMALL = 20
_MAX_DEFLATIONS = 60
_ESTIMATE_EV = 1e-3
_LEAST_STEPS, _MOST_STEPS = 6, 60


class ShiftInvert(Solver):
    """Lanczos on (A - sigma)^-1, complete by Sylvester inertia; each factorization is used once.

    A subclass gives `factorization`.
    """

    def __init__(self, matrix: Any, work: Work) -> None:
        super().__init__(matrix, work)
        self._counts: dict[float, int] = {}
        self._latest: tuple[float, Any] | None = None  # only one: a factorization holds most of the memory

    def count_below(self, energy: float) -> int:
        """Number of eigenvalues below an energy in eV, by inertia."""
        if energy not in self._counts:
            self._counts[energy] = self._factor(energy).n_below
        return self._counts[energy]

    def between(self, lower: float, upper: float, shift: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """All levels between two energies in eV; the factorization at the "lower" or "upper" end serves the solve."""
        sigma, far = (lower, upper) if shift == "lower" else (upper, lower)
        counts = {energy: self.count_below(energy) for energy in (far, sigma)}  # the end that serves comes last
        energies, states = self._lanczos(sigma, far, shift, counts[upper] - counts[lower])
        inside = (energies > lower - RESIDUAL_LIMIT_EV) & (energies < upper + RESIDUAL_LIMIT_EV)
        return energies[inside], states[:, inside]

    def strongest(self, state: NDArray[Any], energy: float, above: bool) -> Estimate | None:
        """The level above, or below, an energy in eV that holds most of a state (n,), by few solves at that energy.

        The Lanczos recursion of (A - energy)^-1 from the state: the first components of its eigenvectors are the
        shares of the state [haydock1980]. None where it does not settle.
        """
        import scipy.linalg

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
            inside = (energies - far) * (sigma - far) > 0  # levels beyond the far end are not missing copies
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
        """Vectors of the `wanted` levels next to sigma, as far as they converge; of all levels of a small matrix."""
        import scipy.sparse.linalg as sla

        size = self.matrix.shape[0]
        if size <= max(_SMALL, wanted + 2):  # ARPACK cannot find all levels of a matrix
            return np.eye(size, dtype=self.matrix.dtype)
        start = np.random.default_rng(attempt).standard_normal(size)
        inverse = sla.LinearOperator(self.matrix.shape, matvec=solve, dtype=self.matrix.dtype)
        # in shift-invert mode ARPACK sees 1 / (E - sigma): LA are the levels just above sigma, SA those just below
        try:
            return sla.eigsh(
                self.matrix,
                k=wanted,
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
