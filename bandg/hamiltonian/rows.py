"""States of all sites in the adapted bases of all irreps at once, by a gather over the orbits and dense products.

A state is carried to the representatives of the orbits, transformed over the operations with the matrices D of all
irreps together, and contracted with the local functions W. This is the whole of what `AdaptedBasis.project_full` does
irrep by irrep and operation by operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.groups import Irrep, PointGroup
from bandg.hamiltonian.orbits import Orbits


def rows_of(group: PointGroup, irrep: Irrep, whole: PointGroup, of_whole: Irrep) -> NDArray[np.complex128]:
    """Rows of an irrep of a group that hold the states of the first row of a subgroup's irrep: (d, m) orthonormal.

    A state of that row has, in each adapted function of the larger group, overlaps with its d rows that lie in the
    range of this matrix.
    """
    place = {rotation.tobytes(): number for number, rotation in enumerate(whole.rotations)}
    same = np.array([place[np.ascontiguousarray(rotation).tobytes()] for rotation in group.rotations])
    # both groups chose the sign of each spinor for themselves
    sign = np.sign(np.real(np.einsum("guv,guv->g", group.spinors.conj(), whole.spinors[same])))
    weight = irrep.dimension / group.order * sign * irrep.matrices[:, 0, 0].conj()
    projector = np.tensordot(weight, of_whole.matrices[same], axes=1)
    values, vectors = np.linalg.eigh((projector + projector.conj().T) / 2)
    return np.asarray(vectors[:, values > 0.5])


@dataclass(frozen=True, eq=False)
class _Piece:
    """The wanted rows of an irrep on the orbits of one type.

    at: its overlaps, n times k. matrices: conj(rows) D (m d, operations). local: its functions W (d, k, dim), scaled.
    """

    label: str
    at: slice
    matrices: NDArray[np.complex128]
    local: NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class _Part:
    """The orbits of one type: rows (operations, n, dim) of the full basis, U(g) (operations, dim, dim), and pieces."""

    rows: NDArray[np.int64]
    actions: NDArray[np.complex128]
    pieces: list[_Piece]


class RowTransform:
    """Between states of all sites and their overlaps with the adapted functions of all irreps.

    bases: adapted bases by label, of one `Orbits`. rows: for each label (d, m), the rows that are wanted (`rows_of`);
    a label without rows is left out. places: (n_sites + 1,) first orbital of each site in the states, -1 for a site
    whose values follow from those of its image (`Half`), and the number of orbitals in the states.
    """

    def __init__(
        self, bases: Mapping[str, AdaptedBasis], rows: Mapping[str, NDArray[np.complex128]], places: NDArray[np.int64]
    ) -> None:
        self.bases = {label: basis for label, basis in bases.items() if rows[label].shape[1] and basis.size}
        self.rows = {label: rows[label] for label in self.bases}
        self._orbits: Orbits = next(iter(bases.values())).orbits
        actions = next(iter(bases.values())).actions
        self._size = int(places[-1])
        self._parts: list[_Part] = []
        orbits, system = self._orbits, self._orbits.system
        orbit, operation = orbits.placed
        for number in range(orbits.n_types):
            mine = np.flatnonzero((orbits.type_of[orbit] == number) & (places[:-1] >= 0))
            mine = mine[np.lexsort((orbit[mine], operation[mine]))]
            used = np.unique(operation[mine])
            sites = mine.reshape(len(used), -1)  # each operation meets each orbit once
            dimension = int(system.dimensions[orbits.kinds[number]])
            rows_here = places[sites][:, :, None] + np.arange(dimension)
            pieces = [self._piece(label, number, used) for label in self.bases if len(self.bases[label].local[number])]
            self._parts.append(_Part(rows_here, actions[orbits.kinds[number]][used], pieces))

    def _piece(self, label: str, number: int, operations: NDArray[np.int64]) -> _Piece:
        basis, rows = self.bases[label], self.rows[label]
        d = basis.irrep.dimension
        matrices = np.einsum("ua,quv->avq", rows.conj(), basis.irrep.matrices[operations])
        local = basis.local[number].transpose(2, 0, 1) * np.sqrt(d / len(operations))
        at = slice(basis.starts[number], basis.starts[number + 1])
        return _Piece(label, at, matrices.reshape(-1, len(operations)), np.ascontiguousarray(local))

    def project(self, psi: NDArray[np.complex128]) -> dict[str, NDArray[np.complex128]]:
        """Overlaps with the wanted rows, for each label (size, m)."""
        found = {
            label: np.empty((basis.size, self.rows[label].shape[1]), complex) for label, basis in self.bases.items()
        }
        for part in self._parts:
            home = psi[part.rows] @ part.actions.conj()  # (q, n, dim)
            q, n, dim = home.shape
            flat = home.reshape(q, n * dim)
            for piece in part.pieces:
                d = len(piece.local)
                turned = (piece.matrices @ flat).reshape(-1, d, n, dim)
                total = sum(turned[:, v] @ piece.local[v].conj().T for v in range(d))  # (m, n, k)
                found[piece.label][piece.at] = total.transpose(1, 2, 0).reshape(-1, len(total))
        return found

    def expand(self, overlaps: Mapping[str, NDArray[np.complex128]]) -> NDArray[np.complex128]:
        """The state (n_orbitals,) that has these overlaps, and none with other rows."""
        psi = np.zeros(self._size, dtype=complex)
        for part in self._parts:
            q, n, dim = part.rows.shape
            flat = np.zeros((q, n * dim), dtype=complex)
            for piece in part.pieces:
                values = overlaps[piece.label][piece.at].reshape(n, piece.local.shape[1], -1).transpose(2, 0, 1)
                turned = values[:, None] @ piece.local  # (m, v, n, dim)
                flat += piece.matrices.conj().T @ turned.reshape(-1, n * dim)
            psi[part.rows] = flat.reshape(q, n, dim) @ part.actions.transpose(0, 2, 1)
        return psi
