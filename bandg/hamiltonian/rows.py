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

from bandg.hamiltonian.blocks import AdaptedBasis, Orbits
from bandg.hamiltonian.groups import Irrep, PointGroup


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
class _Part:
    """The orbits of one type: rows (operations, n, dim) of the full basis, U(g) (operations, dim, dim), n and start."""

    rows: NDArray[np.int64]
    operations: NDArray[np.int64]
    actions: NDArray[np.complex128]
    scale: float


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
            self._parts.append(_Part(rows_here, used, actions[orbits.kinds[number]][used], 1 / np.sqrt(len(used))))

    def project(self, psi: NDArray[np.complex128]) -> dict[str, NDArray[np.complex128]]:
        """Overlaps with the wanted rows, for each label (size, m)."""
        found = {
            label: np.empty((basis.size, self.rows[label].shape[1]), dtype=complex)
            for label, basis in self.bases.items()
        }
        for number, part in enumerate(self._parts):
            home = psi[part.rows] @ part.actions.conj()  # (q, n, dim)
            q, n, dim = home.shape
            flat = home.reshape(q, n * dim)
            for label, basis in self.bases.items():
                local = basis.local[number]
                if not len(local):
                    continue
                d, m = basis.irrep.dimension, self.rows[label].shape[1]
                # D(g) (q, mu, nu) -> wanted rows
                matrices = np.einsum("ua,quv->avq", self.rows[label].conj(), basis.irrep.matrices[part.operations])
                turned = (matrices.reshape(m * d, q) @ flat).reshape(m, d, n, dim)
                at = slice(basis.starts[number], basis.starts[number + 1])
                w = local.conj()
                total = sum(turned[:, v] @ w[:, :, v].T for v in range(d))  # (m, n, k)
                found[label][at] = np.moveaxis(total, 0, -1).reshape(-1, m) * (np.sqrt(d) * part.scale)
        return found

    def expand(self, overlaps: Mapping[str, NDArray[np.complex128]]) -> NDArray[np.complex128]:
        """The state (n_orbitals,) that has these overlaps, and none with other rows."""
        psi = np.zeros(self._size, dtype=complex)
        for number, part in enumerate(self._parts):
            q, n, dim = part.rows.shape
            flat = np.zeros((q, n * dim), dtype=complex)
            for label, basis in self.bases.items():
                local = basis.local[number]
                if not len(local):
                    continue
                d, m = basis.irrep.dimension, self.rows[label].shape[1]
                matrices = np.einsum("ua,quv->qav", self.rows[label], basis.irrep.matrices[part.operations].conj())
                values = overlaps[label][basis.starts[number] : basis.starts[number + 1]]
                values = np.moveaxis(values.reshape(n, len(local), m), -1, 0) * (np.sqrt(d) * part.scale)
                turned = np.stack([values @ local[:, :, v] for v in range(d)], axis=1)  # (m, v, n, dim)
                flat += matrices.reshape(q, m * d) @ turned.reshape(m * d, n * dim)
            psi[part.rows] = flat.reshape(q, n, dim) @ part.actions.transpose(0, 2, 1)
        return psi
