"""Band edges of nanocrystals that are nearly symmetric, with the symmetric crystal as preconditioner.

H0 is the Hamiltonian of the same atoms at their ideal places, all halides of one kind, with the parameters that come
nearest to H: the projection of H on the Hamiltonians of the ideal crystal, which averages over the operations of O_h
and over the bonds of a shell. Its blocks have the pattern of a cube's; their inverses are applied irrep by irrep.

Where atoms are missing, H0 has them. The part of its inverse on the atoms that are there is the inverse of H with the
self-energy of the missing ones: in the gap it is bounded, and it acts on their neighbors alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.shapes import Nanocrystal
from bandg.hamiltonian.blocks import AdaptedBasis, actions_of
from bandg.hamiltonian.groups import PointGroup, cubic_rotations
from bandg.hamiltonian.inversion import Half
from bandg.hamiltonian.orbits import Orbits, find_orbits, find_point_group
from bandg.hamiltonian.rows import RowTransform, rows_of
from bandg.hamiltonian.sites import LocalModel, SiteSystem, pack
from bandg.hamiltonian.whole import WholeHamiltonian, spatial_blocks
from bandg.models.etb.bulk import BandEdge, Bulk, bulk
from bandg.models.etb.identify import FullTrial
from bandg.models.etb.local import local_model
from bandg.models.etb.reduced import ReducedNanocrystal
from bandg.parameters.sets import ParameterSet
from bandg.solvers.base import ShiftIsLevel, Work
from bandg.solvers.near_symmetric import KramersPair, NearSymmetric, NotProven, kramers_pair
from bandg.solvers.registry import AUTO, choose_solver, factorizing_solver

if TYPE_CHECKING:
    from scipy import sparse

LEAST_ORDER = 16
"""Least number of operations of the ideal crystal."""

_MOST_ADDED = 0.5
"""Sites that may be added, as a share of those that are there."""

_INSIDE = 0.05
"""How far inside the gap of the symmetric form the shift lies at first, as a share of that gap."""

_FURTHER = 1.2
"""How far inside it should lie, in units of what the level is further away from the gap than that of the form."""

_WORTH = 1.5
"""The shift moves where it should lie this many times further inside: the factors are made anew."""

_AUTO_FROM = {1: 12_000, 2: 7_000}
"""Rows of the block of an irrep from which on `auto` prefers the near-symmetric solver in Ci and C1, by neighbors."""

_MORE_PER_ROW = 9.0
"""Elements in a row of H as far as factors fill for them, beyond the mean number of neighbors (3, or 9 with second)."""


def near_wanted(
    solver: str, levels: int, nanocrystal: Nanocrystal, neighbors: int, n_orbitals: float, group: PointGroup
) -> bool:
    """Whether to look for the band edges by iteration from the symmetric form; group: that of the nanocrystal.

    `auto` does where it is faster than a factorization and the form is known to have the symmetry of the cube. A
    factorization uses the whole group, the iteration the inversion alone.
    """
    if solver != AUTO or levels > 1:
        return solver == NearSymmetric.name
    is_cubic = nanocrystal.shape in ("cube", "sphere", "octahedron", "truncated-cube")
    share = max(group.shares[0])
    times = (1.0 if group.inversion is None else 0.5) / share
    return is_cubic and not nanocrystal.is_ideal and share * n_orbitals >= _AUTO_FROM[neighbors] * times**1.5


def direct_fits(reduced: ReducedNanocrystal) -> bool:
    """Whether a solver with a factorization fits into the free memory."""
    size = round(max(reduced.orbits.group.shares[0]) * reduced.system.n_orbitals)
    neighbors = len(reduced.system.bonds_of(np.arange(reduced.system.n_sites)).first) / reduced.system.n_sites
    elements = round((_MORE_PER_ROW + neighbors) * size)
    return choose_solver(AUTO, size, elements, True).factorization is not None


def ideal_system(reduced: ReducedNanocrystal, model: LocalModel) -> SiteSystem:
    """The atoms of a nanocrystal at their ideal places about the middle of the frame, in the same order.

    Where they have too few operations, their images under all operations of the cube follow (the missing atoms).
    Raises NotProven where that adds too many sites, or one on the place of another kind.
    """
    structure = reduced.structure
    frame = structure.on_frame[structure.species == 0]
    middle = (frame.min(axis=0) + frame.max(axis=0)) // 2
    places, kind, unit_nm = structure.on_frame - middle, structure.kind, reduced.nanocrystal.a_nm / 2
    found = SiteSystem(model, places, kind, unit_nm)
    order = find_point_group(found).order
    if order >= LEAST_ORDER:
        return found
    images = np.concatenate([places, *(places @ rotation.T for rotation in cubic_rotations())])
    _, first = np.unique(pack(images), return_index=True)
    first.sort()
    kinds = np.tile(kind, len(images) // len(kind))
    completed = SiteSystem(model, images[first], kinds[first], unit_nm)
    if len(first) > (1 + _MOST_ADDED) * len(kind) or (completed.kind[completed.site_at(images)] != kinds).any():
        raise NotProven(
            f"the sites of this nanocrystal have {order} operations of the cube without their distortion: it is not "
            "nearly symmetric; choose `solver='pardiso'` or superlu"
        )
    return completed


def nearest_parameters(ideal: SiteSystem, actual: SiteSystem, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Parameters in eV with which the Hamiltonian of the ideal sites comes nearest to that of the actual ones.

    A projection with tr A^+ B as the scalar product: the mean over all sites of a kind and all bonds of a shell.
    The sites of both stand in one order; further ideal ones are missing in the actual system.
    """
    model, blocks = ideal.model, spatial_blocks(actual, vector)
    onsite = [terms.at(vector) for terms in actual.model.onsite]
    overlap, gram = np.zeros(len(model.paths)), np.zeros((len(model.paths),) * 2)

    def add(parameters: NDArray[np.int64], matrices: NDArray[Any], total: NDArray[Any], count: int) -> None:
        overlap[parameters] += np.real(np.einsum("aij,ij->a", matrices.conj(), total))
        gram[np.ix_(parameters, parameters)] += count * np.real(np.einsum("aij,bij->ab", matrices.conj(), matrices))

    for kind, terms in enumerate(model.onsite):
        counts = np.bincount(actual.kind[ideal.kind[: actual.n_sites] == kind], minlength=len(onsite))
        used = np.flatnonzero(counts)
        add(terms.parameters, terms.matrices, sum(counts[n] * onsite[n] for n in used), int(counts.sum()))
    bonds = actual.bonds_of(np.arange(actual.n_sites))
    steps = ideal.coordinates[bonds.second] - ideal.coordinates[bonds.first]
    for (first, second), step, terms in zip(model.bond_kinds, model.bond_vectors, model.bond_terms, strict=True):
        mine = (ideal.kind[bonds.first] == first) & (ideal.kind[bonds.second] == second) & (steps == step).all(axis=1)
        counts = np.bincount(bonds.type[mine], minlength=len(blocks))
        matrices = terms.matrices[:, ::2, ::2]
        total = np.tensordot(counts, blocks, axes=1)[: matrices.shape[1], : matrices.shape[2]]
        add(terms.parameters, matrices, total, int(counts.sum()))
    return np.asarray(np.linalg.lstsq(gram, overlap, rcond=None)[0])


class SymmetricInverse:
    """(H0 - sigma)^-1 on the states of one irrep of the actual crystal, block by block.

    n_missing: number of spin-orbitals that H0 has beyond those of the actual crystal; they are the last ones.
    """

    def __init__(self, transform: RowTransform, matrices: dict[str, Any], n_missing: int, work: Work) -> None:
        self._transform, self._matrices, self._n_missing, self._work = transform, matrices, n_missing, work
        self._factors: dict[str, Any] = {}
        self.sigma = 0.0

    def move(self, sigma: float) -> None:
        """Factorize at a shift. Raises NotProven where it is a level."""
        factorize = factorizing_solver(AUTO).factorization
        try:
            for label in self._transform.bases:
                kept = self._factors.pop(label, None)
                if hasattr(kept, "move"):
                    kept.move(sigma)
                else:
                    kept = None  # its memory goes before the next one needs it
                    kept = factorize(self._matrices[label], sigma)
                self._factors[label] = kept
        except ShiftIsLevel as error:
            raise NotProven(f"the symmetric form of this nanocrystal has a level at {sigma:.6f} eV: {error}") from error
        self.sigma = sigma
        self._work.factorizations += len(self._factors)

    def solve(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """(H0 - sigma)^-1 psi on the sites that are there."""
        found = {}
        whole = np.concatenate([psi, np.zeros(self._n_missing)])
        for label, part in self._transform.project(whole).items():
            if self._transform.bases[label].is_real:
                solution = self._factors[label].solve(np.concatenate([part.real, part.imag], axis=1))
                found[label] = solution[:, : part.shape[1]] + 1j * solution[:, part.shape[1] :]
            else:
                found[label] = self._factors[label].solve(part)
        return self._transform.expand(found)[: len(psi)]


class NearCrystal:
    """A nanocrystal beside its symmetric form, ready to find its band edges.

    Raises NotProven where it has no symmetric form.
    """

    def __init__(
        self,
        reduced: ReducedNanocrystal,
        parameters: ParameterSet,
        neighbors: int,
        vector: NDArray[np.float64],
        work: Work,
    ) -> None:
        self.reduced, self.vector, self.work = reduced, vector, work
        self.ideal = ideal_system(reduced, local_model(parameters, neighbors))
        self.orbits: Orbits = find_orbits(self.ideal)
        values = nearest_parameters(self.ideal, reduced.system, vector)
        self._nearest = parameters.with_values(dict(zip(parameters.paths, values.tolist(), strict=True)))
        try:
            found = bulk(self._nearest, neighbors)
        except BandgError as error:
            raise NotProven(f"the symmetric form of this nanocrystal has no gap ({error})") from error
        self.mid_gap = (found.valence.energy + found.conduction.energy) / 2
        self._inside = _INSIDE * (found.conduction.energy - found.valence.energy)
        self._edges = {-1: found.valence.energy, 1: found.conduction.energy}
        self._inverse: tuple[str, SymmetricInverse] | None = None

    @cached_property
    def bases(self) -> dict[str, AdaptedBasis]:
        """Adapted bases of all irreps of the symmetric form."""
        return {irrep.label: AdaptedBasis(self.orbits, irrep) for irrep in self.orbits.group.irreps}

    def half(self, label: str, system: SiteSystem) -> Half:
        """The sites on which a state of an irrep is given: one of each pair if the crystal has the inversion.

        system: the actual one, or the ideal one, whose sites begin with those of the actual one.
        """
        group = self.reduced.orbits.group
        inversion = group.inversion
        if inversion is None:
            return Half.whole(system)
        most = int(system.dimensions.max())
        signs = np.zeros((len(system.dimensions), most))
        for kind, space in enumerate(system.model.spaces):
            action = actions_of(space, group)[inversion] * group.irrep(label).matrices[inversion, 0, 0]
            signs[kind, : len(action)] = np.real(np.diagonal(action))
        image = self.ideal.site_at(-self.ideal.coordinates[: system.n_sites])
        operation = self.orbits.placed[1]  # the same operations are kept in all orbits of a type, for `RowTransform`
        return Half.of(system, np.flatnonzero(operation[: system.n_sites] <= operation[image]), image, signs)

    def inverse(self, label: str, sign: int) -> SymmetricInverse:
        """The preconditioner for a carrier's states of an irrep of the actual crystal; the last one is given up."""
        if self._inverse is None or self._inverse[0] != label:
            self._inverse = None  # its factors are freed first
            group = self.reduced.orbits.group
            rows = {
                name: rows_of(group, group.irrep(label), self.orbits.group, basis.irrep)
                for name, basis in self.bases.items()
            }
            places = self.half(label, self.ideal).places
            transform = RowTransform(self.bases, rows, places)
            matrices = {name: self._block(basis) for name, basis in transform.bases.items()}
            n_missing = int(places[-1] - self.half(label, self.reduced.system).places[-1])
            self._inverse = label, SymmetricInverse(transform, matrices, n_missing, self.work)
        self._inverse[1].move(self._edges[sign] - sign * self._inside)
        return self._inverse[1]

    def _block(self, basis: AdaptedBasis) -> sparse.csr_array:
        """H0 on one row of an irrep, with the mean over each orbit of what is added to the onsite energies."""
        from scipy import sparse

        matrix = basis.hamiltonian().at(self._nearest.vector)
        if self.reduced.has_potential:
            orbit = self.orbits.placed[0]
            both = (self.reduced.potential(1) + self.reduced.potential(-1)) / 2
            here = orbit[: len(both)]
            mean = np.bincount(here, both) / np.bincount(here)
            matrix = sparse.csr_array(matrix + sparse.diags_array(basis.diagonal(mean[orbit])))
        matrix.eliminate_zeros()
        return matrix

    def band_edge(
        self, bulk_: Bulk, edge: BandEdge, sign: int, name: str
    ) -> tuple[str, KramersPair, NDArray[np.complex128]]:
        """The band edge of a carrier: its irrep, the pair, its vector in the block of the irrep. Raises NotProven."""
        self.work.solvers.add(NearSymmetric.name)
        trial = FullTrial(self.reduced, bulk_, edge)
        potential = self.reduced.potential(sign) if self.reduced.has_potential else None
        half = self.half(trial.label, self.reduced.system)
        operator = WholeHamiltonian(self.reduced.system, self.vector, potential, half)
        basis = self.reduced.basis(trial.label)
        start = half.fold(basis.expand(trial.start(np.complex128))[:, 0])
        inverse = self.inverse(trial.label, sign)
        self.work.solves += 1
        first = inverse.solve(start)
        of_form = inverse.sigma + float(np.real(np.vdot(first, start))) / float(np.linalg.norm(first)) ** 2

        def settle(energy: float) -> None:
            """Move the shift away from the levels of the form where those of the crystal are far from them."""
            inside = min(_FURTHER * sign * (energy - of_form), abs(self._edges[sign] - self.mid_gap))
            if inside > _WORTH * self._inside:
                inverse.move(self._edges[sign] - sign * inside)

        pair = kramers_pair(operator, inverse, half.fold(trial.states), first, self.mid_gap, self.work, name, settle)
        vector = basis.project_full(half.unfold(pair.state)[:, None])[:, 0, 0]
        return trial.label, pair, vector / np.linalg.norm(vector)
