"""The bulk of a periodic cell, strained or tilted: levels at the folded k point of the band edges, gap, g tensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.crystal.cell import Cell
from bandg.hamiltonian.groups import spinor
from bandg.hamiltonian.moments import GTensor, g_tensor, nearest_unitary
from bandg.models.etb.bonds import ModelSpec, bond_types
from bandg.models.etb.bulk import BandEdge, Bulk, bulk, occupied_bands
from bandg.models.etb.local import local_model, resolve_neighbors
from bandg.models.etb.material import Material
from bandg.parameters.sets import ParameterSet

_DEGENERATE_EV = 1e-6


@dataclass(frozen=True, eq=False)
class CellHamiltonian:
    """H(k) of a periodic cell in the gauge of the true positions, so that dH/dk is the velocity operator.

    Hopping goes with the length d of a bond as (d0 / d)^n. vector: parameter vector in eV.
    """

    cell: Cell
    spec: ModelSpec
    parameters: ParameterSet

    @classmethod
    def of(cls, cell: Cell, parameters: ParameterSet, neighbors: int | None = None) -> CellHamiltonian:
        """H(k) of a cell; neighbors defaults to what the set has. Raises BandgError for a set of another lattice."""
        if parameters.lattice != cell.lattice:
            raise BandgError(f"the set {parameters.name} is of the lattice {parameters.lattice.name}, not of this cell")
        return cls(cell, Material(parameters).spec(resolve_neighbors(parameters, neighbors)), parameters)

    @cached_property
    def spaces(self) -> tuple[Any, ...]:
        """Orbitals of each kind of atom."""
        return local_model(self.parameters).spaces

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """First spin-orbital of each atom, with the total last, shape (n + 1,)."""
        return np.concatenate([[0], np.cumsum([self.spaces[kind].dimension for kind in self.cell.kind])])

    def block(self, atom: int) -> slice:
        """Positions of the spin-orbitals of an atom."""
        return slice(int(self.offsets[atom]), int(self.offsets[atom + 1]))

    def onsite(self, operators: tuple[NDArray[Any], ...]) -> NDArray[np.complex128]:
        """Operators of each kind of atom (..., d, d) put on the cell, shape (..., dim, dim)."""
        dim = int(self.offsets[-1])
        result = np.zeros((*operators[0].shape[:-2], dim, dim), dtype=complex)
        for atom, kind in enumerate(self.cell.kind):
            result[..., self.block(atom), self.block(atom)] = operators[kind]
        return result

    @cached_property
    def bonds(self) -> tuple[NDArray[np.int64], NDArray[np.float64], list[NDArray[np.float64]]]:
        """Each bond once: atoms (m, 2), vectors in nm (m, 3), and the hopping of each."""
        found = [self.cell.pairs(self.cell.lattice.shell(name)) for name in self.spec.shells]
        pairs, vectors = (np.concatenate(parts) for parts in zip(*found, strict=True))
        shell = np.repeat(np.arange(len(found)), [len(part) for part, _ in found])
        kinds = np.array([[kind, 0.0, 1.0] for kind in range(len(self.spaces))])
        which, _, terms, _ = bond_types(self.spec, shell, vectors, self.cell.kind[pairs], kinds)
        values = [terms[number].at(self.parameters.vector) for number in range(which.max() + 1)]
        return pairs, vectors, [values[number] for number in which]

    def H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """H(k) in eV for k (3,) in 1/nm, shape (dim, dim)."""
        model = local_model(self.parameters)
        onsite = self.onsite(tuple(terms.at(self.parameters.vector) for terms in model.onsite))
        return onsite + self._hopping(k, np.ones((len(self.bonds[0]), 1)))[0]

    def dH(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """dH/dk in eV nm at one k (3,), shape (3, dim, dim)."""
        return self._hopping(k, 1j * self.bonds[1])

    def _hopping(self, k: NDArray[np.float64], weights: NDArray[Any]) -> NDArray[np.complex128]:
        """Bloch sums of all bonds with weights (m, n), shape (n, dim, dim)."""
        dim = int(self.offsets[-1])
        result = np.zeros((weights.shape[1], dim, dim), dtype=complex)
        pairs, vectors, hops = self.bonds
        factors = weights * np.exp(1j * vectors @ k)[:, None]
        for (first, second), factor, hop in zip(pairs.tolist(), factors, hops, strict=True):
            result[:, self.block(first), self.block(second)] += factor[:, None, None] * hop
        return result + result.conj().swapaxes(1, 2)


@dataclass(frozen=True)
class CellLevel:
    """One level: energy in eV, degeneracy, and its momentum sums with the valence and the conduction edge.

    to_valence, to_conduction: (2/m0) sum of |p_i|^2 over the states of the level, from one state of the edge, in eV,
    by direction i = x, y, z.
    """

    energy: float
    degeneracy: int
    to_valence: tuple[float, float, float]
    to_conduction: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class CellEdge:
    """A band edge: energy in eV, and its g tensor without and with the p shells' own moment.

    The pseudospin is that of the cubic crystal's edge as nearly as it can be, quantized along x, y, z.
    """

    energy: float
    g: GTensor
    g_with_atomic: GTensor


@dataclass(frozen=True, eq=False, repr=False)
class CellBulk(Shown):
    """The bulk of a periodic cell at the k point to which the cubic band edges fold; levels are the lowest first."""

    hamiltonian: CellHamiltonian
    levels: tuple[CellLevel, ...]
    valence: CellEdge
    conduction: CellEdge

    @property
    def E_g(self) -> float:
        """Gap in eV."""
        return self.conduction.energy - self.valence.energy

    @property
    def momentum_sums(self) -> NDArray[np.float64]:
        """(2/m0) sum of |p_i|^2 between the edges, from one state of one of them, in eV by direction, (3,)."""
        energy = self.conduction.energy
        return np.array(min(self.levels, key=lambda level: abs(level.energy - energy)).to_valence)

    def g_factors(self, intra_atomic: bool = False) -> tuple[float, float]:
        """Tr(g) / 3 of the conduction and of the valence doublet; with intra_atomic the p shells' own moment."""
        edges = (self.conduction, self.valence)
        g_e, g_h = ((edge.g_with_atomic if intra_atomic else edge.g).scalar for edge in edges)
        return g_e, g_h

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and gap, g tensors and momentum sums as lines."""
        return f"bulk of a cell of {self.hamiltonian.cell.n_formulas} formula units", {
            "E_g (eV)": self.E_g,
            "principal g of the electron": self.conduction.g.principal.round(4).tolist(),
            "principal g of the hole": self.valence.g.principal.round(4).tolist(),
            "(2/m0) sum p^2 between the edges, x y z (eV)": self.momentum_sums.round(4).tolist(),
        }


def cell_bulk(parameters: ParameterSet, cell: Cell, neighbors: int | None = None) -> CellBulk:
    """Levels, gap and g tensors of a periodic cell.

    Parameters
    ----------
    parameters : ParameterSet
        The tight-binding set, made for the cubic crystal; bonds that are longer or shorter than there are scaled.
    cell : Cell
        See `bandg.crystal.cell`.
    neighbors : int, optional
        1 or 2; by default what the set has.

    Returns
    -------
    CellBulk
        Tensors and sums by direction are along x, y and z of the cell.

    Raises
    ------
    BandgError
        For a cell without a gap, and for band edges that are not Kramers doublets.

    Examples
    --------
    >>> import bandg
    >>> from bandg.crystal.cell import deformed_cell
    >>> from bandg.models.etb.cell import cell_bulk
    >>> chosen = bandg.load_set("nestoklon2023-standin")
    >>> tilted = cell_bulk(chosen, deformed_cell(chosen.lattice, chosen.a_nm, tilt="a0a0c+", tilt_deg=(0, 0, 10)))
    >>> round(tilted.E_g, 3)
    1.791
    """
    ideal = bulk(parameters, neighbors)
    hamiltonian = CellHamiltonian.of(cell, parameters, neighbors)
    k = cell.edge_point
    energies, states = np.linalg.eigh(hamiltonian.H(k))
    velocity = states.conj().T @ hamiltonian.dH(k) @ states
    occupied = occupied_bands(ideal.hamiltonian) * cell.n_formulas
    if energies[occupied] - energies[occupied - 1] <= _DEGENERATE_EV:
        raise BandgError(f"the set {parameters.name} has no gap in this cell")
    starts = np.flatnonzero(np.diff(energies, prepend=-np.inf) > _DEGENERATE_EV)
    if not {occupied - 2, occupied, occupied + 2} <= {*starts.tolist(), len(energies)}:
        raise BandgError(f"the band edges of the set {parameters.name} in this cell are no Kramers doublets")
    doublets = slice(occupied - 2, occupied), slice(occupied, occupied + 2)
    # |v_i|^2 summed over the states of a level and averaged over those of the edge
    squares = [np.add.reduceat(np.abs(velocity[:, of]) ** 2, starts, axis=2).mean(axis=1) for of in doublets]
    sums = (2 / HBAR2_OVER_M0 * np.array(squares)).transpose(2, 0, 1).tolist()
    levels = tuple(
        CellLevel(float(energy), int(n), tuple(to_valence), tuple(to_conduction))
        for energy, n, (to_valence, to_conduction) in zip(
            energies[starts], np.diff([*starts, len(energies)]), sums, strict=True
        )
    )
    both = (ideal.valence, ideal.conduction)
    valence, conduction = (
        _edge(hamiltonian, ideal, edge, opposite, of, energies, states, velocity)
        for edge, opposite, of in zip(both, both[::-1], doublets, strict=True)
    )
    return CellBulk(hamiltonian, levels, valence, conduction)


def _edge(
    hamiltonian: CellHamiltonian,
    ideal: Bulk,
    edge: BandEdge,
    opposite: BandEdge,
    doublet: slice,
    energies: NDArray[np.float64],
    states: NDArray[np.complex128],
    velocity: NDArray[np.complex128],
) -> CellEdge:
    """Energy and g tensors of a doublet; its moment is that of the spin and of the velocities to all other levels."""
    others = np.delete(np.arange(len(energies)), doublet)
    gaps = energies[doublet].mean() - energies[others]
    elements = velocity[:, doublet][:, :, others]
    products = np.einsum("asm,btm->abst", elements / gaps, elements.conj())
    pairs = ((1, 2), (2, 0), (0, 1))
    orbital = np.array([-1j * (products[a, b] - products[b, a]) for a, b in pairs]) / HBAR2_OVER_M0
    own = states[:, doublet]
    spin, atomic = (
        np.einsum("is,aij,jt->ast", own.conj(), hamiltonian.onsite(operators), own)
        for operators in (
            tuple(space.sigma for space in hamiltonian.spaces),
            tuple(space.orbital_momentum() for space in hamiltonian.spaces),
        )
    )
    overlap, other = (own.conj().T @ _folded(hamiltonian, ideal, one.states) for one in (edge, opposite))
    if np.linalg.norm(overlap) <= np.linalg.norm(other):
        raise BandgError("this cell has no gap: its band edges have changed places")
    turn = nearest_unitary(overlap)
    moment = G0 / 2 * spin + orbital
    return CellEdge(float(energies[doublet].mean()), g_tensor(moment, turn), g_tensor(moment + atomic, turn))


def _folded(hamiltonian: CellHamiltonian, ideal: Bulk, pair: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The pair (dim, 2) of a cubic band edge in the cell, turned with its axes, its pseudospin along x, y, z."""
    cell, crystal = hamiltonian.cell, ideal.hamiltonian
    own = spinor(cell.turn)
    turns = [space.rotations(cell.turn[None], own[None])[0] for space in hamiltonian.spaces]
    phases = crystal.edge_phase(cell.on_frame) * np.exp(-1j * cell.positions_nm @ cell.edge_point)
    parts = [
        phase * turns[kind] @ pair[crystal.block(int(sublattice))]
        for phase, kind, sublattice in zip(phases, cell.kind, crystal.sublattice_of(cell.on_frame), strict=True)
    ]
    return np.concatenate(parts) @ own.conj().T
