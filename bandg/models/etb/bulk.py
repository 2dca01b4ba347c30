"""Bulk band edges (at R in a perovskite): gap, spin-orbit splitting, masses, momentum elements and g-factors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.hamiltonian.groups import PAULI, cubic_rotations, intertwiner, point_group
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.orbitals import COMPONENTS
from bandg.parameters.sets import ParameterSet

_DEGENERATE_EV = 1e-6
"""Levels at the edges' point closer than this are one level; symmetry makes true partners equal to about 1e-14 eV."""


@dataclass(frozen=True, eq=False)
class Level:
    """One level at the point of the band edges: energy in eV, states (columns, (dim, degeneracy)), irrep and character.

    character: weight by "species shell", for example {"Pb s": 0.4, "X p": 0.6}.
    """

    energy: float
    states: NDArray[np.complex128]
    irrep: str
    character: dict[str, float]


@dataclass(frozen=True, eq=False)
class BandEdge:
    """A Kramers doublet with rows |1/2, +-1/2>.

    energy in eV; states (dim, 2), pseudospin up first; irrep about an atom of the frame (Pb);
    inverse_mass: (3, 3) tensor m0/m, positive for electrons and, by its sign, for holes too;
    spin_g, orbital_g, atomic_g: parts of g from the spin, from the motion between atoms and from the p shells.
    contributions: (energy in eV, irrep, share of orbital_g) of every other level there.
    """

    energy: float
    states: NDArray[np.complex128]
    irrep: str
    inverse_mass: NDArray[np.float64]
    spin_g: float
    orbital_g: float
    atomic_g: float
    contributions: tuple[tuple[float, str, float], ...]

    @property
    def mass(self) -> float:
        """Effective mass in units of m0, from the mean of the inverse mass tensor."""
        return float(3 / np.trace(self.inverse_mass))

    def g(self, intra_atomic: bool = False) -> float:
        """g-factor; with intra_atomic the angular momentum of the p shells is added."""
        return self.spin_g + self.orbital_g + (self.atomic_g if intra_atomic else 0.0)

    def parts(self) -> dict[str, Any]:
        """Where g comes from, as plain types."""
        bands = [{"E_eV": energy, "irrep": irrep, "g": share} for energy, irrep, share in self.contributions]
        return {"spin": self.spin_g, "intra_atomic": self.atomic_g, "bands": bands}


@dataclass(frozen=True, eq=False, repr=False)
class Bulk(Shown):
    """Bulk band structure of a parameter set around its band edges.

    split_off: the spin-orbit partner of the conduction band, None where the lattice names none.
    """

    hamiltonian: BlochHamiltonian
    levels: tuple[Level, ...]
    valence: BandEdge
    conduction: BandEdge
    split_off: Level | None

    @property
    def E_g(self) -> float:
        """Gap in eV."""
        return self.conduction.energy - self.valence.energy

    def g_factors(self, intra_atomic: bool = False) -> tuple[float, float]:
        """g of the conduction and of the valence doublet; with intra_atomic the p shells' own moment is added."""
        return self.conduction.g(intra_atomic), self.valence.g(intra_atomic)

    @property
    def upper(self) -> Level:
        """The spin-orbit partner of the conduction band. Raises BandgError where there is none."""
        if self.split_off is None:
            raise BandgError(f"the lattice {self.hamiltonian.lattice.name} names no split-off band")
        return self.split_off

    @property
    def Delta(self) -> float:
        """Spin-orbit splitting R8- minus R6- of the conduction band in eV; NaN where the lattice names none."""
        return self.split_off.energy - self.conduction.energy if self.split_off else np.nan

    @cached_property
    def gap_at_M(self) -> float:
        """Gap at M in eV."""
        return self.direct_gap("M")

    def direct_gap(self, point: str) -> float:
        """Direct gap in eV at a high-symmetry point."""
        energies = np.linalg.eigvalsh(self.hamiltonian.H(self.hamiltonian.point(point)))
        occupied = occupied_bands(self.hamiltonian)
        return float(energies[occupied] - energies[occupied - 1])

    def kane_energy(self, level: str) -> float:
        """E_p in eV between the valence-band top and R6- ("R6-", factor 3/2) or R8- ("R8-", factor 3/4).

        NaN for a lattice without a split-off band.
        """
        if self.split_off is None:
            return np.nan
        states = {"R6-": self.conduction.states, "R8-": self.upper.states}[level]
        factor = {"R6-": 1.5, "R8-": 0.75}[level]
        velocity = self.hamiltonian.dH(edge_point(self.hamiltonian))[2]
        elements = self.valence.states.conj().T @ velocity @ states
        return float(factor * 2 * np.sum(np.abs(elements) ** 2) / HBAR2_OVER_M0)

    @property
    def level_names(self) -> tuple[str, ...]:
        """Name of each level, as in a fit: "R6+" the valence-band top, "R6-" and "R8-" the conduction bands.

        "R8+.2" is the second R8+ level below the top. Levels that coincide have all their names, "R6+.1/R8+.1". Levels
        above the top that are neither R6- nor R8- have the name "".
        """
        energies = [level.energy for level in self.levels]
        top = energies.index(self.valence.energy)
        names = [""] * len(energies)
        counts: dict[str, int] = {}
        for number in range(top - 1, -1, -1):
            own = []
            for irrep in re.findall(r"[A-Za-z]+\d[+-]|\?", self.levels[number].irrep):
                counts[irrep] = counts.get(irrep, 0) + 1
                own.append(f"{irrep}.{counts[irrep]}")
            names[number] = "/".join(own)
        names[top], names[top + 1] = self.valence.irrep, self.conduction.irrep
        if self.split_off:
            names[energies.index(self.split_off.energy)] = self.split_off.irrep
        return tuple(names)

    def contributions(self) -> dict[str, dict[str, float]]:
        """Parts of "g_h" and "g_e": from the "spin", from the named levels, and from the "rest" of the levels."""
        found = {}
        for g, edge in (("g_h", self.valence), ("g_e", self.conduction)):
            names = [
                name for level, name in zip(self.levels, self.level_names, strict=True) if level.energy != edge.energy
            ]
            parts = {"spin": edge.spin_g} | dict.fromkeys(filter(None, names), 0.0) | {"rest": 0.0}
            for name, (_, _, share) in zip(names, edge.contributions, strict=True):
                parts[name or "rest"] += share
            found[g] = parts
        return found

    def composition(self) -> dict[str, dict[str, float]]:
        """Weights of both band edges by irrep and "species shell": {"R6+": {"Pb s": 0.3, "X p": 0.7}, ...}."""
        edges = {edge.energy: edge.irrep for edge in (self.valence, self.conduction)}
        return {edges[level.energy]: level.character for level in self.levels if level.energy in edges}

    def values(self, intra_atomic: bool = False) -> dict[str, Any]:
        """The bulk properties as plain numbers; energies in eV, masses in m0.

        intra_atomic: with the p shells' own moment in g_e and g_h.
        """
        valence, conduction = self.valence, self.conduction
        return {
            "E_g_eV": self.E_g,
            "Delta_eV": self.Delta,
            "m_e": conduction.mass,
            "m_h": valence.mass,
            "g_e": conduction.g(intra_atomic),
            "g_h": valence.g(intra_atomic),
            "E_p_R6_eV": self.kane_energy("R6-"),
            "E_p_R8_eV": self.kane_energy("R8-"),
            "E_v_eV": valence.energy,
            "E_c_eV": conduction.energy,
            "gap_M_eV": self.gap_at_M,
            "inverse_mass_e": conduction.inverse_mass.tolist(),
            "inverse_mass_h": valence.inverse_mass.tolist(),
            "intra_atomic": intra_atomic,
            "composition": self.composition(),
            "contributions": self.contributions(),
            "g_parts": {"electron": conduction.parts(), "hole": valence.parts()},
        }

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the bulk properties as lines."""
        values = self.values()
        gaps = {name: values[f"{name}_eV"] for name in ("E_g", "Delta") if np.isfinite(values[f"{name}_eV"])}
        lines = {"energies (eV)": gaps, "masses (m0)": {name: values[name] for name in ("m_e", "m_h")}}
        lines |= {"g-factors": {name: values[name] for name in ("g_e", "g_h")}}
        edges = {"valence": self.valence.energy, "conduction": self.conduction.energy}
        return f"bulk crystal, band edges at {self.valence.irrep} and {self.conduction.irrep}", lines | {
            "edges (eV)": edges
        }


def occupied_bands(hamiltonian: BlochHamiltonian) -> int:
    """Number of valence bands with spin: those of the lattice's filled shells that the basis has."""
    lattice, spaces = hamiltonian.lattice, hamiltonian.model.spaces
    count = 0
    for species, shell in lattice.edges.filled:
        kind = lattice.kinds.index(species)
        if shell in spaces[kind].shells:
            count += int(np.sum(hamiltonian.kinds == kind)) * len(COMPONENTS[shell])
    return 2 * count


def edge_point(hamiltonian: BlochHamiltonian) -> NDArray[np.float64]:
    """k of the band edges in 1/nm, shape (3,)."""
    return hamiltonian.point(hamiltonian.lattice.edges.point)


def bulk(parameters: ParameterSet, neighbors: int | None = None) -> Bulk:
    """Bulk properties of a tight-binding set [nestoklon2021].

    Raises BandgError where there is no gap at the point of the lattice's band edges, or between other irreps.
    """
    hamiltonian = BlochHamiltonian.of(parameters, neighbors)
    edges = hamiltonian.lattice.edges
    point, wanted = edges.point, [f"{edges.point}{irrep}" for irrep in (edges.valence, edges.conduction)]
    levels = levels_at_edge(hamiltonian)
    occupied = occupied_bands(hamiltonian)
    filled = np.cumsum([level.states.shape[1] for level in levels])
    number = int(np.searchsorted(filled, occupied))
    if filled[number] != occupied or number + 1 >= len(levels):
        raise BandgError(f"the set {parameters.name} has no gap at {point} above its {occupied} valence bands")
    valence, conduction = levels[number], levels[number + 1]
    if [valence.irrep, conduction.irrep] != wanted:
        raise BandgError(
            f"the band edges of the set {parameters.name} at {point} are {valence.irrep} and {conduction.irrep}; "
            f"the lattice {hamiltonian.lattice.name} needs {wanted[0]} below {wanted[1]}"
        )
    name = f"{point}{edges.split_off}"
    split_off = next((level for level in levels[number + 2 :] if edges.split_off and level.irrep == name), None)
    if edges.split_off and split_off is None:
        raise BandgError(f"the set {parameters.name} has no {name} level above its conduction-band bottom at {point}")
    both = (_edge(hamiltonian, levels, number, -1), _edge(hamiltonian, levels, number + 1, 1))
    return Bulk(hamiltonian, levels, *both, split_off)


def levels_at_edge(hamiltonian: BlochHamiltonian) -> tuple[Level, ...]:
    """All levels at the point of the band edges, lowest first, with their irreps about an atom of the frame."""
    energies, states = np.linalg.eigh(hamiltonian.H(edge_point(hamiltonian)))
    starts = np.flatnonzero(np.diff(energies, prepend=-np.inf) > _DEGENERATE_EV)
    groups = zip(starts, [*starts[1:], len(energies)], strict=True)
    # the product of two characters is that of one operation in all of its class
    operations, counts = point_group(cubic_rotations()).classes
    turned = hamiltonian.turned(states, hamiltonian.lattice.edges.point, operations)
    traces = np.einsum("in,gin->ng", states.conj(), turned) * counts
    return tuple(
        _level(hamiltonian, traces[i:j].sum(axis=0), float(energies[i:j].mean()), states[:, i:j]) for i, j in groups
    )


def _level(
    hamiltonian: BlochHamiltonian,
    traces: NDArray[np.complex128],
    energy: float,
    states: NDArray[np.complex128],
) -> Level:
    group = point_group(cubic_rotations())
    operations = group.classes[0]
    counts = {
        irrep.label: float(np.real(np.vdot(np.trace(irrep.matrices[operations], axis1=1, axis2=2), traces)))
        / group.order
        for irrep in group.irreps
    }
    point = hamiltonian.lattice.edges.point
    name = "+".join(f"{point}{label}" for label, count in counts.items() for _ in range(round(count)))
    character: dict[str, float] = {}
    for sublattice, kind in enumerate(hamiltonian.kinds):
        space, part = hamiltonian.model.spaces[kind], states[hamiltonian.block(sublattice)]
        for shell in space.shells:
            weight = np.sum(np.abs(part.reshape(len(space.labels), -1)[space.shell_slice(shell)]) ** 2)
            key = f"{hamiltonian.model.kinds[kind]} {shell}"
            character[key] = character.get(key, 0.0) + float(weight) / states.shape[1]
    return Level(energy, states, name or "?", character)


def _edge(hamiltonian: BlochHamiltonian, levels: tuple[Level, ...], number: int, sign: int) -> BandEdge:
    """The doublet of a level; sign: 1 for the conduction band, -1 for the valence band."""
    level = levels[number]
    states = align(hamiltonian, level)
    k = edge_point(hamiltonian)
    velocity, curvature = hamiltonian.dH(k), hamiltonian.d2H(k)
    inverse_mass = np.real(np.sum(states.conj() * (curvature @ states), axis=(2, 3))) / 2
    from_states = states.conj().T @ velocity  # (3, 2, dim)
    contributions = []
    for other_number, other in enumerate(levels):
        if other_number == number:
            continue
        elements = from_states @ other.states  # (3, 2, degeneracy)
        gap = level.energy - other.energy
        inverse_mass += np.real(np.einsum("asm,bsm->ab", elements, elements.conj())) / gap
        cross = np.einsum("sm,tm->st", elements[0], elements[1].conj())
        momentum = -1j * (cross - np.einsum("sm,tm->st", elements[1], elements[0].conj())) / gap / HBAR2_OVER_M0
        contributions.append((other.energy, other.irrep, _share(momentum)))
    spin = states.conj().T @ hamiltonian.sigma[2] @ states
    atomic = states.conj().T @ hamiltonian.atomic_momentum[2] @ states
    return BandEdge(
        level.energy,
        states,
        level.irrep,
        sign * inverse_mass / HBAR2_OVER_M0,
        G0 / 2 * _share(spin),
        float(sum(share for _, _, share in contributions)),
        _share(atomic),
        tuple(contributions),
    )


def _share(moment: NDArray[np.complex128]) -> float:
    """g of a (2, 2) moment along z: the coefficient in 1/2 g mu_B B sigma_z of the pseudospin."""
    return float(np.real(np.trace(moment @ PAULI[2])))


def align(hamiltonian: BlochHamiltonian, level: Level) -> NDArray[np.complex128]:
    """States of a level turned so that its rows are |j, m> of its irrep, m falling; (dim, degeneracy)."""
    group, point = point_group(cubic_rotations()), hamiltonian.lattice.edges.point
    action = level.states.conj().T @ hamiltonian.turned(level.states, point)
    turn = intertwiner(action, group.irrep(level.irrep.removeprefix(point)).matrices)
    if turn is None:
        raise BandgError(f"the level at {level.energy:.4f} eV is no {level.irrep}")
    return level.states @ turn
