"""Exact derivatives of the band-edge energies and g-factors of a nanocrystal by every parameter.

H = sum_i p_i A_i and g = <v| G(p) |v> with G linear in p too, so dE/dp_i = <v| A_i |v> (Hellmann and Feynman) and
dg/dp_i = <v| dG/dp_i |v> - 2 Re <z| A_i |v>, where (H - E) z = G v - g v with <v|z> = 0: one solve for all parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bandg.base import cache
from bandg.base.decode import decode
from bandg.base.errors import BandgError
from bandg.base.units import G0
from bandg.crystal.shapes import Nanocrystal
from bandg.hamiltonian.sites import LinearMatrix
from bandg.models.base import CrystalTask
from bandg.models.etb.job import Job
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.nanocrystal import band_edges
from bandg.models.etb.states import Doublet
from bandg.parameters.names import LATTICE
from bandg.parameters.sets import ParameterSet
from bandg.solvers.base import ShiftIsLevel, Solver, Work
from bandg.solvers.registry import factorizing_solver

QUANTITIES = ("g_e", "g_h", "g_bx", "E_e_eV", "E_h_eV", "E_gap_eV")
"""What has derivatives; E_gap_eV = E_e - E_h and g_bx = g_e + g_h."""

_SUMS = {"g_bx": (("g_e", 1), ("g_h", 1)), "E_gap_eV": (("E_e_eV", 1), ("E_h_eV", -1))}
_ADJOINT_LIMIT = 1e-7


@dataclass(frozen=True)
class Gradients:
    """Band edges with their derivatives.

    paths: names of the parameters, shape (n,). values: E_e_eV, E_h_eV, g_e, g_h. slopes: by the same names (n,), per
    eV, per nm for `lattice.a` (at fixed integrals: only the moment depends on it).
    """

    paths: tuple[str, ...]
    values: dict[str, float]
    slopes: dict[str, tuple[float, ...]]

    def value(self, quantity: str) -> float:
        """One of QUANTITIES, energies in eV."""
        if quantity in _SUMS:
            return sum(sign * self.values[name] for name, sign in _SUMS[quantity])
        return self.values[quantity]

    def gradient(self, quantity: str) -> NDArray[np.float64]:
        """Derivatives of one of QUANTITIES by `paths`, shape (n,)."""
        if quantity in _SUMS:
            return np.sum([sign * np.array(self.slopes[name]) for name, sign in _SUMS[quantity]], axis=0)
        return np.array(self.slopes[quantity])


@dataclass(frozen=True)
class Derivatives(Gradients):
    """Band edges of one nanocrystal with their derivatives, those by `lattice.a` first.

    factorizations, solves: work of the derivatives alone, one each for a doublet.
    """

    nanocrystal: Nanocrystal
    factorizations: int
    solves: int


def derivatives(
    parameters: ParameterSet,
    nanocrystal: Nanocrystal,
    neighbors: int | None = None,
    intra_atomic: bool = False,
    solver: str = "auto",
) -> Derivatives:
    """Energies and g-factors of the band edges with their derivatives by all parameters of the set.

    intra_atomic: with the p shells' own moment in g.
    Raises BandgError as `bandg.models.etb.nanocrystal.compute_levels`.
    """
    chosen = factorizing_solver(solver)
    neighbors = resolve_neighbors(parameters, neighbors)
    electron, hole = band_edges(parameters, nanocrystal, neighbors, solver)
    work = Work()
    values: dict[str, float] = {}
    slopes: dict[str, tuple[float, ...]] = {}
    weights = np.append(parameters.vector, [G0 / 2, float(intra_atomic)])
    for carrier, state in (("e", electron), ("h", hole)):
        found = _of_state(state, weights, parameters.a_nm, chosen, work)
        values[f"E_{carrier}_eV"], values[f"g_{carrier}"] = state.energy, found[0]
        slopes[f"E_{carrier}_eV"], slopes[f"g_{carrier}"] = (tuple(slope.tolist()) for slope in found[1:])
    paths = (LATTICE, *parameters.paths)
    return Derivatives(paths, values, slopes, nanocrystal, work.factorizations, work.solves)


def _of_state(
    state: Doublet,
    weights: NDArray[np.float64],
    a_nm: float,
    solver: type[Solver],
    work: Work,
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """g of one doublet, and the derivatives of its energy and its g, lattice constant first."""
    reduced = state.reduced
    if reduced.basis(state.label).irrep.dimension != 2:
        raise BandgError(
            f"there are no derivatives of g with the symmetry {reduced.orbits.group.name}, "
            "where a doublet is not a pair of rows of one irrep"
        )
    hamiltonian, moment = reduced.block(state.label)[1], reduced.g_matrix(state.label, state.pseudospin)
    vector = state.vector
    direct = sandwich(moment, vector, vector)
    parts = direct * weights
    force = moment.at(weights) @ vector
    force = (force + moment.at(weights).conj().T @ vector) / 2
    if not np.iscomplexobj(vector):
        force = np.real(force)
    matrix = reduced.hamiltonian(state.label, weights[:-2], state.sign)
    adjoint = solve_adjoint(matrix, state.energy, vector, force, solver, work)
    slope = direct[:-2] - 2 * sandwich(hamiltonian, adjoint, vector)
    orbital = float(parts[:-2].sum())  # goes as the area r x r', which the lattice constant sets
    energy_slope = sandwich(hamiltonian, vector, vector)
    return float(parts.sum()), np.append(0.0, energy_slope), np.append(2 * orbital / a_nm, slope)


def sandwich(matrix: LinearMatrix, left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Re <left| dM/dp_i |right> for every parameter of a linear matrix, shape (n_parameters,)."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.real((left[rows].conj() * right[matrix.indices]) @ matrix.coefficients)


def solve_adjoint(
    matrix: sparse.csr_array, energy: float, vector: NDArray[Any], force: NDArray[Any], solver: type[Solver], work: Work
) -> NDArray[Any]:
    """z with (H - E) z = (1 - |v><v|) force and <v|z> = 0, for a simple level E; shape (size,).

    The singular H - E is bordered by the unit vector of the largest component of v, that is, z is held at zero there
    [nelson1976]: as sparse as H. Raises BandgError where another level coincides with E.
    """
    force = force - vector * np.vdot(vector, force)
    kept = np.delete(np.arange(len(vector)), np.argmax(np.abs(vector)))
    inner = sparse.csr_array(matrix[kept][:, kept])
    inner.eliminate_zeros()
    coincides = f"no derivative of g at {energy:.6f} eV: another level of the same symmetry coincides"
    try:
        factor = solver.factorization(inner, energy)
    except ShiftIsLevel as error:
        raise BandgError(coincides) from error
    work.factorizations += 1
    adjoint = np.zeros_like(vector)
    adjoint[kept] = factor.solve(force[kept])
    work.solves += 1
    residual = np.linalg.norm(matrix @ adjoint - energy * adjoint - force)
    if not residual <= _ADJOINT_LIMIT * max(1.0, float(np.linalg.norm(force))):
        raise BandgError(coincides)
    return adjoint - vector * np.vdot(vector, adjoint)


@dataclass(frozen=True)
class DerivativeJob(CrystalTask):
    """The derivatives of one nanocrystal as a job of `bandg.runs.sweep.run_jobs`."""

    parameters: ParameterSet
    nanocrystal: Nanocrystal
    neighbors: int
    intra_atomic: bool = False
    solver: str = "auto"

    def key(self) -> str:
        """Key of the result in the cache."""
        return cache.key_of({"derivatives": 1, "job": self._levels_job().key(), "paths": self.parameters.paths})

    def _levels_job(self) -> Job:
        return Job(self.parameters, self.nanocrystal, self.neighbors, 1, self.intra_atomic, self.solver)

    @property
    def label(self) -> str:
        """The name for messages."""
        return self._levels_job().label

    def estimate_memory(self) -> float:
        """Peak memory in GB: the moment is as large as H, and its factorization follows that of the levels."""
        return 1.5 * self._levels_job().estimate_memory()

    def estimate_seconds(self) -> float:
        """Time on one processor: that of the levels, and as much again for the derivatives."""
        return 2.2 * self._levels_job().estimate_seconds()

    def largest(self, memory: float) -> str:
        """A hint of the size that would fit into that memory in GB."""
        return f"about {self._levels_job().largest_nm(memory / 1.5):.2g} nm would fit"

    def run(self) -> Derivatives:
        """Compute."""
        return derivatives(self.parameters, self.nanocrystal, self.neighbors, self.intra_atomic, self.solver)

    def read(self, payload: dict[str, Any], /) -> Derivatives:
        """From the plain types that the cache holds."""
        return decode(Derivatives, payload)
