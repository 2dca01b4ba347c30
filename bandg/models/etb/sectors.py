"""Symmetry sectors of H(k): blocks in which every Kramers pair stands once and bands of different symmetry do not mix.

At Gamma, X and M a mirror and the parity split H(k), at R one row of each irrep, elsewhere a mirror where k has one. An
operation g with g k = k + G takes the Bloch function of sublattice t to exp(i G t') times that of t' = g t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from bandg.hamiltonian.groups import cubic_rotations, point_group
from bandg.models.etb.bloch import BlochHamiltonian

_CLOSE = 1e-6


@dataclass(frozen=True, eq=False)
class Sector:
    """A block of H(k): its orthonormal basis (dim, n), and its label: "" for all bands, "+" or "-", or an irrep.

    stride: 2 where both Kramers partners are in the block, else 1.
    """

    label: str
    basis: NDArray[np.complex128]
    stride: int = 1


def operation_at(hamiltonian: BlochHamiltonian, number: int, k: NDArray[np.float64]) -> NDArray[np.complex128] | None:
    """Matrix (dim, dim) of the operation on the Bloch functions at k (in 2 pi/a), None where it does not keep k."""
    group = point_group(cubic_rotations())
    rotation = group.rotations[number]
    shift = rotation @ k - k
    if np.abs(shift - np.round(shift)).max() > _CLOSE:
        return None
    shift = np.round(shift)
    result = np.zeros((hamiltonian.dimension, hamiltonian.dimension), dtype=complex)
    for start, kind in enumerate(hamiltonian.kinds):
        end = int(hamiltonian.sublattice_of(hamiltonian.places[start : start + 1] @ rotation.T)[0])
        space = hamiltonian.model.spaces[kind]
        local = space.rotations(rotation[None].astype(float), group.spinors[number][None])[0]
        phase = np.exp(1j * np.pi * shift @ hamiltonian.places[end])
        result[hamiltonian.block(end), hamiltonian.block(start)] = phase * local
    return result


def sectors_at(hamiltonian: BlochHamiltonian, k: NDArray[np.float64], point: str | None) -> tuple[Sector, ...]:
    """The blocks of H at k (in 2 pi/a); point: its name if it is Gamma, X, M or R."""
    if point == "R":
        return tuple(Sector(f"R{label}", rows[0]) for label, rows in rows_at_R(hamiltonian).items())
    mirror = _mirror(hamiltonian, k)
    if mirror is None:
        return (Sector("", np.eye(hamiltonian.dimension, dtype=complex), 2),)
    half = eigenspace(-1j * mirror)
    if point is None:
        return (Sector("", half),)
    of_group = point_group(cubic_rotations()).inversion
    assert of_group is not None
    inversion = operation_at(hamiltonian, of_group, k)
    assert inversion is not None  # Gamma, X and M are their own inverse
    parity = half.conj().T @ inversion @ half
    return tuple(Sector(label, half @ eigenspace(sign * parity)) for label, sign in (("+", 1), ("-", -1)))


def _mirror(hamiltonian: BlochHamiltonian, k: NDArray[np.float64]) -> NDArray[np.complex128] | None:
    group = point_group(cubic_rotations())
    is_mirror = (group.determinants < 0) & (np.trace(group.rotations, axis1=1, axis2=2) == 1)
    for number in np.flatnonzero(is_mirror):
        matrix = operation_at(hamiltonian, int(number), k)
        if matrix is not None:
            return matrix
    return None


def eigenspace(matrix: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Orthonormal vectors (dim, n) of the eigenvalue 1 of a Hermitian matrix with eigenvalues +-1, as sparse as it."""
    _, part = connected_components(csr_array(np.abs(matrix) > 1e-9), directed=False)
    columns = []
    sizes = np.bincount(part)
    order = np.argsort(part, kind="stable")
    for size in np.unique(sizes):  # parts of one size together
        rows = order[np.repeat(sizes == size, sizes)].reshape(-1, size)
        values, vectors = np.linalg.eigh(matrix[rows[:, :, None], rows[:, None, :]])
        which, kept = np.nonzero(values > 0.5)
        found = vectors[which, :, kept]
        block = np.zeros((len(which), len(matrix)), dtype=complex)
        block[np.arange(len(which))[:, None], rows[which]] = np.where(np.abs(found) > 1e-12, found, 0)
        columns.append(block)
    return np.concatenate(columns).T


def rows_at_R(hamiltonian: BlochHamiltonian) -> dict[str, NDArray[np.complex128]]:
    """Symmetry-adapted functions at R of each irrep that occurs, shape (d, dim, n): partners |j, m>, m falling."""
    group = point_group(cubic_rotations())
    operations = hamiltonian.turned(np.eye(hamiltonian.dimension, dtype=complex), "R")
    found = {}
    for irrep in group.irreps:
        weights = irrep.dimension / group.order * irrep.matrices.conj()
        projector = np.tensordot(weights[:, 0, 0], operations, axes=1)
        projector = np.where(np.abs(projector) > 1e-12, projector, 0)
        first = eigenspace(2 * projector - np.eye(len(projector)))
        if first.shape[1]:
            shifts = np.tensordot(weights[:, :, 0].T, operations, axes=1)
            found[irrep.label] = np.array([shift @ first for shift in shifts])
    return found
