"""g and masses of the band edges of the bulk in numbers, by the sum over the eight bands; with a crystal field too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandg.base.units import HBAR2_OVER_M0
from bandg.models.kp.matrices import EDGES, NUMBERS, KpModel, numeric


def _edge(edge: str, model: KpModel) -> tuple[NDArray[np.float64], NDArray[np.complex128], NDArray[np.int64]]:
    """Energies (8,) at k = 0, states (8, 8), rows of the band edge (2,), which is aligned with the cubic pair."""
    energies, states = np.linalg.eigh(model.h0)
    start = EDGES[edge]
    number = int(np.argmax([np.sum(np.abs(states[start : start + 2, 2 * n : 2 * n + 2]) ** 2) for n in range(4)]))
    mine = np.arange(2 * number, 2 * number + 2, dtype=np.int64)
    left, _, right = np.linalg.svd(states[start : start + 2, mine])
    states[:, mine] = states[:, mine] @ (left @ right).conj().T
    return energies, states, mine


def principal_g(edge: str, values: dict[str, float]) -> NDArray[np.float64]:
    """Principal values g_x, g_y, g_z of a band edge, "v" or "c", by the sum over the eight bands; shape (3,).

    The doublet is that of the cubic crystal, followed by its character, and its pseudospin is aligned with the cubic
    one: each component has its own sign.
    """
    model = numeric(values)
    energies, states, mine = _edge(edge, model)
    other = np.delete(np.arange(8), mine)
    velocity = np.array([states.conj().T @ h @ states for h in model.h1])[:, mine][:, :, other]
    gap = energies[mine[0]] - energies[other]
    pauli, g = NUMBERS.pauli(), []
    for axis in range(3):
        a, b = velocity[(axis + 1) % 3], velocity[(axis + 2) % 3]
        orbital = -1j * ((a / gap) @ b.conj().T - (b / gap) @ a.conj().T) / HBAR2_OVER_M0
        remote = states[:, mine].conj().T @ model.zeeman[axis] @ states[:, mine]
        g.append(np.real(np.trace(pauli[axis] @ (orbital + remote))))
    return np.array(g)


def principal_inverse_mass(edge: str, values: dict[str, float]) -> NDArray[np.float64]:
    """Inverse masses of a band edge along x, y, z in 1/m0, positive for the hole too; shape (3,)."""
    model = numeric(values)
    energies, states, mine = _edge(edge, model)
    other = np.delete(np.arange(8), mine)
    state = states[:, mine[0]]
    found = []
    for a in range(3):
        elements = states[:, other].conj().T @ model.h1[a] @ state
        second = np.sum(np.abs(elements) ** 2 / (energies[mine[0]] - energies[other]))
        found.append((second + np.real(state.conj() @ model.h2[a, a] @ state)) / (HBAR2_OVER_M0 / 2))
    return (-1 if edge == "v" else 1) * np.array(found)
