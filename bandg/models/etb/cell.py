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
from bandg.hamiltonian.moments import GTensor, g_tensor, nearest_unitary, principal_axes
from bandg.models.etb.bulk import BandEdge, Bulk, occupied_bands
from bandg.models.etb.cell_bloch import CellHamiltonian
from bandg.models.etb.material import Material
from bandg.parameters.sets import ParameterSet

_DEGENERATE_EV = 1e-6


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
    inverse_mass: (3, 3) tensor m0/m, positive for electrons and, by its sign, for holes too.
    """

    energy: float
    g: GTensor
    g_with_atomic: GTensor
    inverse_mass: NDArray[np.float64]

    @property
    def mass(self) -> float:
        """Effective mass in units of m0, from the mean of the inverse mass tensor."""
        return float(3 / np.trace(self.inverse_mass))

    @property
    def principal_masses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Masses in m0 (3,) and their axes, rows (3, 3), ordered by the cubic axis that each lies nearest to."""
        axes = principal_axes(self.inverse_mass)
        return 1 / np.einsum("ai,ij,aj->a", axes, self.inverse_mass, axes), axes

    def values(self) -> dict[str, Any]:
        """The edge as plain types."""
        masses, axes = self.principal_masses
        return {
            "E_eV": self.energy,
            "mass": self.mass,
            "principal_masses": masses.tolist(),
            "mass_axes": axes.tolist(),
            "inverse_mass": self.inverse_mass.tolist(),
            **{
                f"{name}{part}": value
                for name, tensor in (("g", self.g), ("g_with_atomic", self.g_with_atomic))
                for part, value in (
                    ("", tensor.scalar),
                    ("_principal", tensor.principal.tolist()),
                    ("_axes", tensor.axes.tolist()),
                    ("_tensor", tensor.matrix.tolist()),
                )
            },
        }


@dataclass(frozen=True, eq=False, repr=False)
class CellBulk(Shown):
    """The bulk of a periodic cell at the k point to which the cubic band edges fold; levels are the lowest first.

    ideal: the bulk of the undistorted crystal. states: (dim, dim) of the levels.
    """

    hamiltonian: CellHamiltonian
    levels: tuple[CellLevel, ...]
    valence: CellEdge
    conduction: CellEdge
    ideal: Bulk
    states: NDArray[np.complex128]

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

    @cached_property
    def unfolded_weights(self) -> NDArray[np.float64]:
        """Spectral weight of each level at `Cell.edge_points`, a mean over its states, (n_levels, n_formulas)."""
        starts = np.cumsum([0, *(level.degeneracy for level in self.levels)])[:-1]
        own, cell = self.hamiltonian, self.hamiltonian.cell
        each = [own.spectral_weights(self.states, cell.edge_point, q) for q in cell.edge_points]
        sums = np.add.reduceat(np.array(each), starts, axis=1)
        return np.asarray(sums / [level.degeneracy for level in self.levels]).T

    def values(self, intra_atomic: bool = False) -> dict[str, Any]:
        """The bulk properties as plain types: energies in eV, masses in m0, momentum sums in eV by direction.

        intra_atomic: with the p shells' own moment in g_e and g_h.
        """
        cell = self.hamiltonian.cell
        g_e, g_h = self.g_factors(intra_atomic)
        points = cell.edge_points
        return {
            "E_g_eV": self.E_g,
            "m_e": self.conduction.mass,
            "m_h": self.valence.mass,
            "g_e": g_e,
            "g_h": g_h,
            "E_v_eV": self.valence.energy,
            "E_c_eV": self.conduction.energy,
            "momentum_sums_eV": self.momentum_sums.tolist(),
            "intra_atomic": intra_atomic,
            "electron": self.conduction.values(),
            "hole": self.valence.values(),
            "cell": {
                "vectors_nm": cell.vectors_nm.tolist(),
                "n_formulas": cell.n_formulas,
                "k_fraction": cell.edge_fraction.tolist(),
            },
            "cubic_points": [{"name": point_name(q), "q_2pi_over_a": (q / 2).tolist()} for q in points],
            "levels": [
                {
                    "E_eV": level.energy,
                    "degeneracy": level.degeneracy,
                    "p2_valence_edge_xyz_eV": list(level.to_valence),
                    "p2_conduction_edge_xyz_eV": list(level.to_conduction),
                    "unfolded_weights": weights.tolist(),
                }
                for level, weights in zip(self.levels, self.unfolded_weights, strict=True)
            ],
        }

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and gap, masses, g tensors and momentum sums as lines."""
        return f"bulk of a cell of {self.hamiltonian.cell.formulas}", {
            "E_g (eV)": self.E_g,
            "masses (m0)": {"m_e": self.conduction.mass, "m_h": self.valence.mass},
            "principal g of the electron": self.conduction.g.principal.round(4).tolist(),
            "principal g of the hole": self.valence.g.principal.round(4).tolist(),
            "(2/m0) sum p^2 between the edges, x y z (eV)": self.momentum_sums.round(4).tolist(),
        }


def point_name(q: NDArray[np.float64]) -> str:
    """Name of a k point of the ideal crystal, q (3,) in units of pi/a: Gamma, X, M or R, and "" for any other."""
    sums = {0: "Gamma", 1: "X", 2: "M", 3: "R"}
    return sums[round(q.sum())] if np.abs(q - np.rint(q)).max() < 1e-9 else ""


def cell_bulk(parameters: ParameterSet | Material, cell: Cell, neighbors: int | None = None) -> CellBulk:
    """Levels, gap, masses and g tensors of a periodic cell.

    Parameters
    ----------
    parameters : ParameterSet or Material
        The tight-binding set, made for the cubic crystal; bonds that are longer or shorter than there are scaled. A
        `Material` of two sets for a cell with two halides.
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
    material = parameters if isinstance(parameters, Material) else Material(parameters)
    hamiltonian = CellHamiltonian.of(cell, material, neighbors)
    ideal = material.bulk(hamiltonian.neighbors, cell.fraction)
    name, k = material.parameters.name, cell.edge_point
    energies, states = np.linalg.eigh(hamiltonian.H(k))
    occupied = occupied_bands(ideal.hamiltonian) * cell.n_formulas
    if energies[occupied] - energies[occupied - 1] <= _DEGENERATE_EV:
        raise BandgError(f"the set {name} has no gap in this cell")
    starts = np.flatnonzero(np.diff(energies, prepend=-np.inf) > _DEGENERATE_EV)
    if not {occupied - 2, occupied, occupied + 2} <= {*starts.tolist(), len(energies)}:
        raise BandgError(f"the band edges of the set {name} in this cell are no Kramers doublets")
    doublets = slice(occupied - 2, occupied), slice(occupied, occupied + 2)
    # |v_i|^2 summed over the states of a level and averaged over those of the edge
    slope = hamiltonian.dH(k)
    velocities = [states[:, of].conj().T @ slope @ states for of in doublets]
    squares = [np.add.reduceat(np.abs(one) ** 2, starts, axis=2).mean(axis=1) for one in velocities]
    sums = (2 / HBAR2_OVER_M0 * np.array(squares)).transpose(2, 0, 1).tolist()
    levels = tuple(
        CellLevel(float(energy), int(n), tuple(to_valence), tuple(to_conduction))
        for energy, n, (to_valence, to_conduction) in zip(
            energies[starts], np.diff([*starts, len(energies)]), sums, strict=True
        )
    )
    both, curvatures = (ideal.valence, ideal.conduction), hamiltonian.d2H(k)
    valence, conduction = (
        _edge(hamiltonian, ideal, edge, opposite, of, energies, states, velocity, curvatures)
        for edge, opposite, of, velocity in zip(both, both[::-1], doublets, velocities, strict=True)
    )
    return CellBulk(hamiltonian, levels, valence, conduction, ideal, states)


def _edge(
    hamiltonian: CellHamiltonian,
    ideal: Bulk,
    edge: BandEdge,
    opposite: BandEdge,
    doublet: slice,
    energies: NDArray[np.float64],
    states: NDArray[np.complex128],
    velocity: NDArray[np.complex128],
    curvatures: NDArray[np.complex128],
) -> CellEdge:
    """Energy, g and mass tensors of a doublet: k.p to second order with its velocities (3, 2, dim) to all levels."""
    others = np.delete(np.arange(len(energies)), doublet)
    gaps = energies[doublet].mean() - energies[others]
    elements = velocity[:, :, others]
    products = np.einsum("asm,btm->abst", elements / gaps, elements.conj())
    pairs = ((1, 2), (2, 0), (0, 1))
    orbital = np.array([-1j * (products[a, b] - products[b, a]) for a, b in pairs]) / HBAR2_OVER_M0
    own = states[:, doublet]
    curvature = np.sum(own.conj() * (curvatures @ own), axis=(2, 3)) / 2
    inverse_mass = np.real(curvature + np.einsum("abss->ab", products)) / HBAR2_OVER_M0
    spin, atomic = (
        own.conj().T @ hamiltonian.onsite(operators) @ own
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
    tensors = g_tensor(moment, turn), g_tensor(moment + atomic, turn)
    sign = 1 if edge is ideal.conduction else -1
    return CellEdge(float(energies[doublet].mean()), *tensors, sign * inverse_mass)


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
