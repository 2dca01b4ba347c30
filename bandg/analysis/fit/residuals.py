"""Residuals of a fit and their exact Jacobian, from H = sum p_i A_i: dE/dp_i = <u| A_i |u>."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bandg.analysis.fit.edges import EdgeModel
from bandg.analysis.fit.job import FitJob
from bandg.analysis.fit.matching import BandRow, Matcher, shifts_of
from bandg.analysis.fit.space import Space, space_of
from bandg.analysis.fit.strained import StrainModel, strain_model
from bandg.analysis.fit.wanted import reference_value
from bandg.base.errors import BandgError
from bandg.data.bands import ReferenceBands
from bandg.data.reference import load_reference
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.sectors import sectors_at

_DEGENERATE_EV = 1e-7

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Values (n,) and their derivatives by the free parameters (n, p)."""


@dataclass(frozen=True, eq=False)
class SectorMatrix:
    """One block of H(k), linear in the free parameters, and the eigenvalues of it that are wanted.

    constant: (n, n). flat: its derivatives as columns, sparse (n n, p). slopes: the same below each other, (p n, n).
    rows: residuals that it serves; positions: their eigenvalues.
    """

    constant: NDArray[np.complex128]
    flat: sparse.csr_array
    slopes: sparse.csr_array
    rows: NDArray[np.int64]
    positions: NDArray[np.int64]

    def energies(self, theta: NDArray[np.float64]) -> Pair:
        """The wanted eigenvalues (m,) and their derivatives (m, p); levels that coincide share the mean derivative."""
        size = len(self.constant)
        values, vectors = np.linalg.eigh(self.constant + (self.flat @ theta).reshape(size, size))
        first, last = int(self.positions.min()), int(self.positions.max()) + 1
        while first > 0 and values[first] - values[first - 1] < _DEGENERATE_EV:
            first -= 1
        while last < size and values[last] - values[last - 1] < _DEGENERATE_EV:
            last += 1
        kept = vectors[:, first:last]
        image = (self.slopes @ kept).reshape(len(theta), size, last - first)
        slopes = np.real(np.einsum("nm,pnm->mp", kept.conj(), image))
        starts = np.flatnonzero(np.diff(values[first:last], prepend=-np.inf) > _DEGENERATE_EV)
        lengths = np.diff([*starts, last - first])
        slopes = np.repeat(np.add.reduceat(slopes, starts, axis=0) / lengths[:, None], lengths, axis=0)
        return values[self.positions], slopes[self.positions - first]


@dataclass(frozen=True, eq=False)
class Goal:
    """A scalar target: name, value, error, and where the value is from."""

    name: str
    value: float
    error: float
    source: str


@dataclass(frozen=True, eq=False)
class Problem:
    """All residuals of a job: bands, then targets, then priors, each divided by its error.

    sectors: the blocks of H(k) that the rows need. shifts: of the lowest and of the other conduction bands, in eV.
    strained: where the goals hold changes under strain.
    """

    job: FitJob
    space: Space
    reference: ReferenceBands | None
    edges: EdgeModel
    rows: tuple[BandRow, ...]
    goals: tuple[Goal, ...]
    sectors: tuple[SectorMatrix, ...]
    shifts: tuple[float, float]
    strained: StrainModel | None = None

    @cached_property
    def band_energy(self) -> NDArray[np.float64]:
        """Reference energies of the rows in eV, (n,)."""
        return np.array([row.energy for row in self.rows])

    @cached_property
    def band_error(self) -> NDArray[np.float64]:
        """Errors of the rows in eV, (n,)."""
        return np.array([row.error for row in self.rows])

    def bands(self, theta: NDArray[np.float64]) -> Pair:
        """Energies of the rows in eV from the valence-band top at R, (n,), and derivatives (n, p)."""
        energies, slopes = np.zeros(len(self.rows)), np.zeros((len(self.rows), len(theta)))
        for sector in self.sectors:
            energies[sector.rows], slopes[sector.rows] = sector.energies(theta)
        if len(self.rows):
            top, top_slope = self.edges.quantities(theta, ("E_v",))["E_v"]
            energies, slopes = energies - top, slopes - top_slope
        return energies, slopes

    def targets(self, theta: NDArray[np.float64]) -> Pair:
        """Values of the goals (n,) and derivatives (n, p)."""
        found = self.strained.changes(theta) if self.strained else {}
        found |= self.edges.quantities(theta, tuple(goal.name for goal in self.goals if goal.name not in found))
        values = [found[goal.name] for goal in self.goals]
        return np.array([v for v, _ in values]), np.array([s for _, s in values]).reshape(len(values), len(theta))

    @cached_property
    def priors(self) -> NDArray[np.int64]:
        """Indices of the free parameters that have a prior."""
        return np.flatnonzero(np.isfinite(self.space.prior[:, 0]))

    @property
    def n_data(self) -> int:
        """Number of residuals without the priors."""
        return len(self.rows) + len(self.goals)

    def evaluate(self, theta: NDArray[np.float64]) -> Pair:
        """All residuals (n,) and their Jacobian (n, p)."""
        values, slopes = self.bands(theta)
        residuals = [(values - self.band_energy) / self.band_error]
        jacobian = [slopes / self.band_error[:, None]]
        if self.goals:
            values, slopes = self.targets(theta)
            error = np.array([goal.error for goal in self.goals])
            residuals.append((values - [goal.value for goal in self.goals]) / error)
            jacobian.append(slopes / error[:, None])
        center, width = self.space.prior[self.priors].T
        residuals.append((theta[self.priors] - center) / width)
        jacobian.append(np.eye(len(theta))[self.priors] / width[:, None])
        return np.concatenate(residuals), np.concatenate(jacobian)


def problem_of(job: FitJob, folder: Path | None = None) -> Problem:
    """The residuals of a job; files that it names are looked up in `folder`. Raises BandgError if they do not fit."""
    space = space_of(job, folder)
    hamiltonian = BlochHamiltonian.of(space.parameters)
    edges = EdgeModel(hamiltonian, space.base, space.slope)
    edges.quantities(space.start, ("E_v",))  # a basis that is too small is found out here
    reference, shifts, rows = None, (0.0, 0.0), []
    if job.reference is not None:
        name = job.reference.bands
        if folder is not None and name.lower().endswith(".csv"):
            name = str(folder / name)
        reference = load_reference(name)
        shifts = shifts_of(reference, job.reference)
        matcher = Matcher(hamiltonian, reference, shifts, edges)
        rows = [row for number, group in enumerate(job.bands) for row in matcher.rows(group, number)]
    goals = tuple(_goal(job, name, reference, shifts) for name in job.targets)
    sectors = tuple(_sector_matrices(edges, tuple(rows)))
    strained = None
    if job.strain is not None:
        strained, changes = strain_model(job.strain, space, hamiltonian)
        goals += tuple(Goal(name, change, job.strain.error, job.strain.cells) for name, change in changes.items())
    problem = Problem(job, space, reference, edges, tuple(rows), goals, sectors, shifts, strained)
    problem.targets(space.start)  # a level that the basis lacks is found out here
    if problem.n_data + len(problem.priors) < len(space.paths):
        raise BandgError(f"{len(space.paths)} free parameters, but only {problem.n_data} residuals: give more bands")
    return problem


def _goal(job: FitJob, name: str, reference: ReferenceBands | None, shifts: tuple[float, float]) -> Goal:
    target = job.targets[name]
    if not isinstance(target.value, str):
        return Goal(name, target.value, target.error, target.source or "given")
    assert reference is not None  # the schema asked for it
    value = reference_value(name, reference, shifts)
    if value is None:
        raise BandgError(f"target {name}: {reference.name} has no such value; give a number")
    source = reference.name if target.source is None else f"{reference.name}: {target.source}"
    return Goal(name, target.factor * value, target.error, source)


def _sector_matrices(edges: EdgeModel, rows: tuple[BandRow, ...]) -> list[SectorMatrix]:
    """The blocks of H that the rows need; H(k) is formed for one parameter at a time, at all k together."""
    wanted: dict[tuple[tuple[float, float, float], str, str], list[int]] = {}
    for number, row in enumerate(rows):
        wanted.setdefault((row.k, row.point, row.sector), []).append(number)
    if not wanted:
        return []
    hamiltonian = edges.hamiltonian
    of_size: dict[int, list[int]] = {}
    at = {(k, point): sectors_at(hamiltonian, np.array(k), point or None) for k, point, _ in wanted}
    sectors = []
    for number, (k, point, label) in enumerate(wanted):
        sectors.append(next(s for s in at[k, point] if s.label == label))
        of_size.setdefault(sectors[-1].basis.shape[1], []).append(number)
    bases = {size: np.array([sectors[number].basis for number in own]) for size, own in of_size.items()}
    k_points = np.array([k for k, _, _ in wanted]) * 2 * np.pi / hamiltonian.a_nm
    parts: dict[int, list[sparse.csr_array]] = {size: [] for size in of_size}
    for vector in (edges.base, *edges.slope.T):
        whole = replace(hamiltonian, vector=vector).H(k_points)
        used = np.flatnonzero(whole.any(axis=(0, 1)))  # the orbitals that one parameter couples are few
        whole = whole[:, used[:, None], used]
        for size, basis in bases.items():
            own = basis[:, used]
            blocks = own.conj().swapaxes(1, 2) @ (whole[of_size[size]] @ own)
            kept = np.where(np.abs(blocks) > 1e-13, blocks, 0)
            parts[size].append(sparse.csr_array(kept.reshape(len(kept), size * size)))
    stacked = {size: sparse.vstack(own, format="csr") for size, own in parts.items()}  # by parameter, then k
    found = []
    for number, members in enumerate(wanted.values()):
        size = sectors[number].basis.shape[1]
        own = stacked[size][of_size[size].index(number) :: len(of_size[size])]
        constant, rest = own[[0]].toarray().reshape(size, size), own[1:]
        flat, slopes = sparse.csr_array(rest.T), sparse.csr_array(rest.reshape((rest.shape[0] * size, size)))
        positions = np.array([rows[member].position for member in members]) * sectors[number].stride
        found.append(SectorMatrix(constant, flat, slopes, np.array(members), positions))
    return found
