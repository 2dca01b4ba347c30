"""Which confined state is the band edge: overlap with (bulk Bloch function x smooth envelope)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.etb.bulk import BandEdge, Bulk
from bandg.geometry import Nanocrystal
from bandg.symmetry import AdaptedBasis, Orbits
from bandg.units import HBAR2_OVER_M0

EDGE_IRREPS = {("R6+", "Pb"): "6+", ("R6-", "Pb"): "6-", ("R6+", "Cs"): "7-", ("R6-", "Cs"): "7+"}
"""Irrep of a band-edge state with an s-like envelope about the center of the nanocrystal: about Cs the Bloch factor
exp(i R r) turns like A2u."""


def envelope(nanocrystal: Nanocrystal, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ground state of a hard-wall box or ball, a cell wider than the outermost Pb; not normalized; (n, 3) to (n,)."""
    if nanocrystal.shape == "cube":
        width = (nanocrystal.cells + 1) * nanocrystal.a_nm
        return np.prod(np.cos(np.pi * positions / width), axis=1)
    radius = np.linalg.norm(positions, axis=1)
    return np.sinc(radius / (nanocrystal.diameter_nm / 2 + nanocrystal.a_nm))


def bloch_partners(edge: BandEdge, bulk: Bulk, orbits: Orbits, center: str) -> list[NDArray[np.complex128]]:
    """Partner functions exp(i R r) u of a band edge on the representatives, for each type (n_orbits, dim, 2)."""
    hamiltonian = bulk.hamiltonian
    parts = []
    for number, kind in enumerate(orbits.kinds):
        coordinates = orbits.system.coordinates[orbits.representatives[orbits.of_type(number)]]
        on_lead = coordinates + (0 if center == "Pb" else 1)  # even on Pb, with one odd number on X
        sublattice = np.where(kind == 0, 0, 1 + np.argmax(on_lead % 2, axis=1))
        phase = 1j ** (on_lead.sum(axis=1) % 4)  # exp(i R r) at the true position
        values = np.array([edge.states[hamiltonian.block(s)] for s in np.unique(sublattice)])
        parts.append(phase[:, None, None] * values[np.searchsorted(np.unique(sublattice), sublattice)])
    return parts


def trial_state(nanocrystal: Nanocrystal, bulk: Bulk, edge: BandEdge, basis: AdaptedBasis) -> NDArray[np.complex128]:
    """Normalized band-edge state in the envelope approximation, in the adapted basis, shape (size,)."""
    orbits = basis.orbits
    positions = orbits.system.positions[orbits.representatives]
    weight = envelope(nanocrystal, positions)
    values = bloch_partners(edge, bulk, orbits, nanocrystal.center)
    for number, part in enumerate(values):
        part *= weight[orbits.of_type(number)][:, None, None]
    trial = basis.project(values)
    return trial / np.linalg.norm(trial)


def overlaps(trial: NDArray[np.complex128], states: NDArray[Any]) -> NDArray[np.float64]:
    """Weight of the trial state in each column of states, shape (n,)."""
    return np.abs(trial.conj() @ states) ** 2


def edge_irrep(edge: BandEdge, nanocrystal: Nanocrystal) -> str:
    """Label of the irrep in which the band-edge state of an O_h nanocrystal lies."""
    return EDGE_IRREPS[edge.irrep, nanocrystal.center]


def confinement_energy(nanocrystal: Nanocrystal, edge: BandEdge, gap: float) -> float:
    """Rough confinement energy in eV of the ground state: hard wall, with two-band (Kane) non-parabolicity."""
    if nanocrystal.shape == "cube":
        wave_squared = 3 * (np.pi / nanocrystal.size_nm) ** 2
    else:
        wave_squared = (2 * np.pi / (nanocrystal.size_nm + nanocrystal.a_nm)) ** 2
    parabolic = HBAR2_OVER_M0 / 2 / edge.mass * wave_squared
    return float(gap / 2 * (np.sqrt(1 + 4 * parabolic / gap) - 1))
