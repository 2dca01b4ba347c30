"""A Kramers doublet of an operator that nearly is one with an inverse: block Davidson with harmonic extraction.

The preconditioner is the inverse of a nearby Hamiltonian, here of a crystal with the symmetry of the cube, so that the
number of iterations does not depend on the size. The doublet wanted is the one that holds most of a trial pair. Levels
are not counted, and need not be: if a doublet holds more than half of the pair, no other one can hold more.

The harmonic Ritz values about an energy in the gap approach the levels from the far side, so that no other values
drift through them; a small basis that keeps the previous vector when it starts anew does as well as a large one
[stathopoulos2007].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import RESIDUAL_LIMIT_EV, Solver, Work, dissected_fill

_MOST_VECTORS = 12
"""Largest basis; each vector stands for itself and its time reversal."""

_KEPT = 6
_ORTHOGONAL = 0.1
"""A vector that loses more than this share of its norm is orthogonalized once more."""

_TOLERANCE_EV = 5e-11
"""The iteration ends at this residual: levels some meV away then change g by less than 1e-6."""

_PART = 4096
"""Amplitudes of a vector that are worked on at a time: those of the whole basis then stay in the cache."""

_SETTLED = 5
"""Vectors after which the energy is known to some meV."""

MOST_ITERATIONS = 150
_HALF = 0.5


class NotProven(SolverError):
    """No doublet was found that is proven to be the wanted one; a solver with a factorization finds it."""


class Operator(Protocol):
    """A Hermitian operator on states (size,) that commutes with time reversal."""

    def apply(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """H psi."""

    def reversed(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """The time reversal of psi, whose square is -1, or of an even number of neighboring amplitudes of it."""


class Preconditioner(Protocol):
    """The inverse of a nearby operator at an energy in its gap."""

    def solve(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """(H0 - sigma)^-1 psi."""


class NearSymmetric(Solver):
    """Iteration with the inverse of a crystal of O_h as preconditioner: finds band edges of whole nanocrystals."""

    name = "near-symmetric"
    hint = "part of bandg"
    whole = True

    @staticmethod
    def memory_gb(size: int, nnz: int, is_complex: bool) -> float:
        """Hoppings without spin, 1.2 kB for each spin-orbital, and a quarter more than the factors of O_h's blocks.

        size, nnz: of the whole nanocrystal before its distortion. Its blocks are real, with up to 1.35 times the
        elements in a row. With the inversion half of all this is enough.
        """
        row = 1.35 * nnz / size
        small, large = size // 24 + 1, size // 12 + 1
        factors = 4 * dissected_fill(small, round(row * small)) + 2 * dissected_fill(large, round(row * large))
        return 35e-9 * nnz + 1.2e-6 * size + 10e-9 * factors

    def between(self, lower: float, upper: float, shift: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Raise SolverError: a matrix alone does not tell its crystal."""
        raise SolverError("the solver near-symmetric finds the band edges of nanocrystals only: choose superlu")


def _turned(column: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The column of the time reversal of a state."""
    same, across = column.reshape(2, -1).conj()
    return np.concatenate([-across, same])


@dataclass(frozen=True, eq=False)
class KramersPair:
    """One state of a doublet.

    energy: in eV. state: (size,). residual: ||H psi - E psi|| in eV. weight: share of the trial pair in the doublet.
    """

    energy: float
    state: NDArray[np.complex128]
    residual: float
    weight: float


class _Basis:
    """Vectors v, with H v, that stand for themselves and their time reversals T v; matrices of H and H^2 among them.

    A state is a column (2 k,): coefficients of the v, then of the T v.
    """

    def __init__(self, operator: Operator, trial: NDArray[np.complex128]) -> None:
        self._operator, self._trial = operator, np.ascontiguousarray(trial.T)
        size, most = len(trial), _MOST_VECTORS + 1
        self._v, self._hv = np.empty((most, size), dtype=complex), np.empty((most, size), dtype=complex)
        self._h, self._h2 = np.zeros((2, most, most), dtype=complex), np.zeros((2, most, most), dtype=complex)
        self._shares = np.zeros((2, most, len(self._trial)), dtype=complex)
        self._parts = [slice(start, start + _PART) for start in range(0, size, _PART)]
        self.number = 0

    def add(self, vector: NDArray[np.complex128]) -> None:
        """Add what is new in a vector and in its time reversal."""
        k, before = self.number, 0.0
        vector = vector / np.linalg.norm(vector)
        while k and before < _ORTHOGONAL:  # again where little was left
            same, across = self._overlaps(vector, self._v[:k])[0]
            column = np.concatenate([same, -across.conj()])[:, None]
            for part in self._parts:
                vector[part] -= self._combined(self._v, column, part)[0]
            before = float(np.linalg.norm(vector))
            vector /= before
        self._v[k] = vector
        self._hv[k] = self._operator.apply(self._v[k])
        columns = self._overlaps(self._hv[k], self._v[: k + 1], self._hv[: k + 1])
        for matrix, column in zip((self._h, self._h2), columns, strict=True):
            matrix[:, : k + 1, k] = column
            matrix[0, k, : k + 1], matrix[1, k, : k + 1] = column[0].conj(), -column[1]
        self._shares[:, k] = self._overlaps(self._v[k], self._trial)[0]
        self.number += 1

    def state(self, column: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """The state (size,) of a column (2 k,)."""
        return np.concatenate([self._combined(self._v, column[:, None], part)[0] for part in self._parts])

    def residual(self, column: NDArray[np.complex128], energy: float) -> NDArray[np.complex128]:
        """(H - energy) of the state of a column (2 k,), (size,)."""
        column, v, hv = column[:, None], self._v, self._hv
        return np.concatenate(
            [(self._combined(hv, column, part) - energy * self._combined(v, column, part))[0] for part in self._parts]
        )

    def _overlaps(self, vector: NDArray[np.complex128], *sets: NDArray[np.complex128]) -> list[NDArray[np.complex128]]:
        """<row | vector> and <row | its time reversal> for each set of rows (n, size): shapes (2, n)."""
        found = [np.zeros((2, len(rows)), dtype=complex) for rows in sets]
        for part in self._parts:
            both = np.stack([vector[part], self._operator.reversed(vector[part])])
            for total, rows in zip(found, sets, strict=True):
                total += np.vecdot(rows[:, part], both[:, None])
        return found

    def _combined(
        self, rows: NDArray[np.complex128], columns: NDArray[np.complex128], part: slice
    ) -> NDArray[np.complex128]:
        """Part of the states of columns (2 k, n), or of H on them, as sums of rows: (n, part)."""
        same, across = columns.T.reshape(columns.shape[1], 2, -1).transpose(1, 0, 2)
        both = np.stack([same, across.conj()]) @ rows[: same.shape[1], part]
        return np.asarray(both[0] + self._operator.reversed(both[1]))

    def restart(self, columns: NDArray[np.complex128]) -> None:
        """Keep the states of some columns (2 k, n) alone."""
        kept = np.zeros((len(columns), 0), dtype=complex)
        for column in columns.T:
            for _ in range(2):
                column = column - kept @ (kept.conj().T @ column)
                column = column / np.linalg.norm(column)
            kept = np.column_stack([kept, column, _turned(column)])
        first, count = kept[:, ::2], kept.shape[1] // 2
        for part in self._parts:
            for rows in (self._v, self._hv):
                rows[:count, part] = self._combined(rows, first, part)
        for parts in (self._h, self._h2):
            turned = first.conj().T @ self._matrix(parts) @ kept
            parts[0, :count, :count], parts[1, :count, :count] = turned[:, ::2], turned[:, 1::2]
        shares = np.concatenate(self._shares[:, : self.number]).T @ kept
        self._shares[0, :count], self._shares[1, :count] = shares[:, ::2].T, shares[:, 1::2].T
        self.number = count

    def harmonic(self, target: float) -> tuple[NDArray[np.float64], NDArray[np.complex128], NDArray[np.float64]]:
        """Harmonic values 1 / (E - target), their columns, one of each pair, and their shares of the trial pair."""
        import scipy.linalg

        h, h2 = self._matrix(self._h), self._matrix(self._h2)
        shifted = h - target * np.eye(len(h))
        values, columns = scipy.linalg.eigh(shifted, h2 - target * (h + shifted))
        columns = columns / np.linalg.norm(columns, axis=0)
        shares = np.concatenate(self._shares[:, : self.number])
        weights = np.sum(np.abs(shares.T @ columns) ** 2, axis=0).reshape(-1, 2).sum(axis=1) / 2
        pairs = columns.reshape(len(columns), -1, 2)  # of each pair the state that has most of the v themselves
        halves = pairs[: self.number]
        turns = np.linalg.eigh(np.einsum("kpi,kpj->pij", halves.conj(), halves))[1][:, :, 1]
        return values[::2], np.einsum("kpi,pi->kp", pairs, turns), weights

    def energy(self, column: NDArray[np.complex128]) -> float:
        """<H> of a column."""
        return float(np.real(np.vdot(column, self._matrix(self._h) @ column)))

    def _matrix(self, parts: NDArray[np.complex128]) -> NDArray[np.complex128]:
        same, across = parts[:, : self.number, : self.number]
        matrix = np.block([[same, across], [-across.conj(), same.conj()]])
        return np.asarray((matrix + matrix.conj().T) / 2)


def kramers_pair(
    operator: Operator,
    preconditioner: Preconditioner,
    trial: NDArray[np.complex128],
    start: NDArray[np.complex128],
    target: float,
    work: Work,
    name: str,
    settle: Callable[[float], None] = lambda energy: None,
) -> KramersPair:
    """The doublet that holds more than half of a trial pair.

    trial: (size, 2), a pair of time-reversed states. start: (size,), where the search begins. target: energy in the
    gap in eV. name: of the carrier, for messages. settle: is told the energy in eV once it is known to some meV, and
    may change the preconditioner.
    Raises NotProven where the iteration does not converge, or the doublet holds half of the pair or less.
    """
    basis = _Basis(operator, trial)
    basis.add(start)
    before = None
    for number in range(MOST_ITERATIONS):
        values, columns, weights = basis.harmonic(target)
        best = int(np.argmax(weights))
        column = columns[:, best]
        energy = basis.energy(column)
        residual = basis.residual(column, energy)
        size = float(np.linalg.norm(residual))
        if size < _TOLERANCE_EV:
            return _proven(operator, energy, basis.state(column), float(weights[best]), name)
        if basis.number == _MOST_VECTORS:
            kept = list(dict.fromkeys([best, *np.argsort(np.abs(1 / values - 1 / values[best])).tolist()]))[:_KEPT]
            chosen = columns[:, kept]
            if before is not None:
                half = len(before) // 2
                padded = np.zeros((2, basis.number), dtype=complex)
                padded[:, :half] = before.reshape(2, half)
                chosen = np.column_stack([chosen, padded.ravel()])
            basis.restart(chosen)
            before = None
        else:
            before = column
        if number + 1 == _SETTLED:
            settle(energy)
        work.solves += 1
        basis.add(preconditioner.solve(residual))
    raise NotProven(
        f"{name}: the near-symmetric solver did not converge in {MOST_ITERATIONS} iterations (residual {size:.0e} eV): "
        "the crystal is too far from its symmetric form; choose `solver='pardiso'` or superlu"
    )


def _proven(operator: Operator, energy: float, state: NDArray[np.complex128], weight: float, name: str) -> KramersPair:
    """The pair, its residual computed afresh. Raises NotProven where it holds half of the trial pair or less."""
    residual = float(np.linalg.norm(operator.apply(state) - energy * state))
    if not residual < RESIDUAL_LIMIT_EV:
        raise NotProven(f"{name}: residual of {residual:.1e} eV in the near-symmetric solver; choose superlu")
    if not weight > _HALF:
        raise NotProven(
            f"{name}: the state that the near-symmetric solver found holds {weight:.2f} of Bloch function x envelope, "
            "not more than half, so that another one may hold more; choose `solver='pardiso'` or superlu, which "
            "count levels"
        )
    return KramersPair(energy, state, residual, weight)
