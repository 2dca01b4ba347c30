"""Verified interior eigenpairs: every level between two energies, with any solver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import SolverError
from bandg.solvers.base import RESIDUAL_LIMIT_EV, Counting, Estimate, Estimating, Expecting, Releasing, Window, Work
from bandg.solvers.registry import AUTO, solver_for

if TYPE_CHECKING:
    from scipy import sparse


class Spectrum:
    """Levels of one Hermitian sparse matrix near chosen energies, found by a solver and checked here.

    matrix: (n, n) Hermitian, in eV. solver: name of a solver, or "auto". work: counts, shared by the caller.
    """

    def __init__(self, matrix: sparse.csr_array, solver: str = AUTO, work: Work | None = None) -> None:
        self.matrix = matrix.copy()
        self.matrix.eliminate_zeros()  # explicit zeros would count as fill
        self.work = work if work is not None else Work()
        self._solver = solver_for(solver, self.matrix)(self.matrix, self.work)

    def count_below(self, energy: float) -> int:
        """Number of eigenvalues below an energy in eV, exact. Raises SolverError where the solver counts none."""
        if not isinstance(self._solver, Counting):
            raise SolverError(
                f"the solver {self._solver.name} counts no levels, which levels > 1 and spectra need: "
                "choose rslab, superlu or pardiso"
            )
        return self._solver.count_below(energy)

    def between(self, lower: float, upper: float, shift: str = "lower") -> Window:
        """All eigenpairs between two energies in eV; shift: the end, "lower" or "upper", for the solver to start at.

        Raises SolverError where a level cannot be found or its residual exceeds RESIDUAL_LIMIT_EV.
        """
        energies, states = self._solver.between(lower, upper, shift)
        self.work.solvers.add(self._solver.name)
        below = -1
        if isinstance(self._solver, Counting):
            below = self._solver.count_below(lower)
            number = self._solver.count_below(upper) - below
            if len(energies) != number:
                raise SolverError(
                    f"found {len(energies)} of the {number} levels between {lower:.4f} and {upper:.4f} eV"
                )
        else:
            self.work.uncounted.add(self._solver.name)
        return self._verified(energies, states, below)

    def expect(self, energy: float, below: int) -> None:
        """State how many levels lie below an energy in a gap if none has crossed it; a solver may spare a count."""
        if isinstance(self._solver, Expecting):
            self._solver.expect(energy, below)

    def strongest(self, state: NDArray[Any], energy: float, above: bool) -> Estimate | None:
        """The level above, or below, an energy in eV that holds most of a state (n,); None if it is not known."""
        return self._solver.strongest(state, energy, above) if isinstance(self._solver, Estimating) else None

    def release(self) -> None:
        """Free the memory that the solver keeps between calls."""
        if isinstance(self._solver, Releasing):
            self._solver.release()

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
