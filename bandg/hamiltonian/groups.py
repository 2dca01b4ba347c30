"""Double-group irreducible representations of any subgroup of O_h, labelled and with rows aligned to J_z.

The representations themselves come from spgrep; O_h is data here, not code. What is added: the labels of Koster, the
alignment of the rows with J_z, the antiunitary matrix of time reversal and the Wigner indicator of the grey group.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
"""Pauli matrices sigma_x, sigma_y, sigma_z, shape (3, 2, 2)."""

SPIN_REVERSAL = np.array([[0, 1], [-1, 0]], dtype=complex)
"""The matrix i sigma_y: time reversal of a spinor is this matrix times complex conjugation."""

# fmt: off
SCHOENFLIES = (
    "C1", "Ci", "C2", "Cs", "C2h", "D2", "C2v", "D2h", "C4", "S4", "C4h", "D4", "C4v", "D2d", "D4h", "C3", "S6", "D3",
    "C3v", "D3d", "C6", "C3h", "C6h", "D6", "C6v", "D3h", "D6h", "T", "Th", "O", "Td", "Oh",
)
# fmt: on
"""Schoenflies symbols of the 32 point groups in the order of the International Tables."""


def spinor(rotation: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The SU(2) matrix u of a proper rotation (3, 3): u sigma_a u^+ = sum_b R_ba sigma_b."""
    from scipy.spatial.transform import Rotation

    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    return np.asarray(w * np.eye(2) - 1j * np.einsum("a,auv->uv", (x, y, z), PAULI))


@cache
def cubic_rotations() -> NDArray[np.int64]:
    """The 48 signed permutation matrices of O_h, shape (48, 3, 3), the identity first; not writable."""
    found = []
    for columns in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.zeros((3, 3), dtype=np.int64)
            matrix[np.arange(3), columns] = signs
            found.append(matrix)
    rotations = np.array(found)
    rotations.flags.writeable = False
    return rotations


@dataclass(frozen=True, eq=False)
class Irrep:
    """One double-valued irreducible representation.

    label: name, "6+" ... "8-" for O_h, else a serial number with the parity.
    matrices: (order, d, d) unitary, D(g) in the order of the group's rotations; rows are |j, m> along z, m falling,
        where the representation is one of chi x D(1/2) or chi x D(3/2) with chi real and one-dimensional.
    indicator: Wigner indicator of the grey group: +1 real symmetric blocks, 0 complex blocks that come in conjugate
        pairs, -1 complex blocks that hold both partners of each Kramers pair.
    reversal: (d, d) unitary J with D(g) J = J conj(D(g)); None where the indicator is 0.
    rows_aligned: whether the rows are |j, m> along z.
    """

    label: str
    matrices: NDArray[np.complex128]
    indicator: int
    reversal: NDArray[np.complex128] | None
    rows_aligned: bool

    @property
    def dimension(self) -> int:
        """Dimension d of the representation, which is the degeneracy of its levels without Kramers pairing."""
        return self.matrices.shape[1]

    @property
    def multiplicity(self) -> int:
        """How many states of the full Hamiltonian one eigenvalue of the reduced block stands for."""
        return self.dimension

    @property
    def copies(self) -> int:
        """How often each level stands in the block: twice where it holds both partners of a Kramers pair."""
        return 2 if self.indicator == -1 else 1

    @property
    def degeneracy(self) -> int:
        """Degeneracy of its levels, time reversal included."""
        return self.dimension * (1 if self.indicator == 1 else 2)


@dataclass(frozen=True, eq=False)
class PointGroup:
    """A finite group of rotations with the spinor representation that belongs to each.

    rotations: (order, 3, 3) orthogonal integer matrices.
    spinors: (order, 2, 2) SU(2) matrices, u sigma_a u^+ = sum_b R_ba sigma_b for the proper part R of the rotation.
    irreps: all double-valued irreducible representations.
    """

    rotations: NDArray[np.int64]
    spinors: NDArray[np.complex128]
    irreps: tuple[Irrep, ...]

    @property
    def order(self) -> int:
        """Number of operations."""
        return len(self.rotations)

    @cached_property
    def determinants(self) -> NDArray[np.float64]:
        """Determinants of the rotations, +1 proper and -1 improper, shape (order,)."""
        return np.round(np.linalg.det(self.rotations.astype(float)))

    @cached_property
    def inverse(self) -> NDArray[np.int64]:
        """Index of the inverse of each operation, shape (order,)."""
        flat = {rotation.tobytes(): k for k, rotation in enumerate(self.rotations)}
        return np.array([flat[np.ascontiguousarray(rotation.T).tobytes()] for rotation in self.rotations])

    @cached_property
    def inversion(self) -> int | None:
        """Index of the inversion, None without it."""
        found = np.flatnonzero((self.rotations == -np.eye(3, dtype=np.int64)).all(axis=(1, 2)))
        return int(found[0]) if len(found) else None

    @cached_property
    def classes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Index of one operation of each class of conjugate rotations, and the number of operations in each."""
        digits = 3 ** np.arange(9)
        conjugate = self.rotations[:, None] @ self.rotations @ self.rotations.transpose(0, 2, 1)[:, None]
        lowest = ((conjugate.reshape(self.order, self.order, 9) + 1) @ digits).min(axis=0)
        return np.unique(lowest, return_index=True, return_counts=True)[1:]

    @cached_property
    def axial(self) -> NDArray[np.float64]:
        """How an axial vector (spin, angular momentum, field) turns: det(R) R, shape (order, 3, 3)."""
        return self.rotations * self.determinants[:, None, None]

    @cached_property
    def independent(self) -> tuple[Irrep, ...]:
        """The representations without the second of each conjugate pair, whose levels are those of the first."""
        kept: list[Irrep] = []
        for irrep in self.irreps:
            conjugate = irrep.matrices.conj()
            twins = (o for o in kept if o.indicator == 0 == irrep.indicator and o.dimension == irrep.dimension)
            if all(intertwiner(o.matrices, conjugate) is None for o in twins):
                kept.append(irrep)
        return tuple(kept)

    @property
    def shares(self) -> tuple[tuple[float, ...], bool]:
        """Shares of all functions that stand in the block of each independent irrep, those of doublets first, and
        whether the first is complex."""
        ordered = sorted(self.independent, key=lambda irrep: abs(irrep.degeneracy - 2))
        return tuple(irrep.dimension / self.order for irrep in ordered), ordered[0].indicator != 1

    @cached_property
    def name(self) -> str:
        """Schoenflies symbol."""
        import spglib

        found = spglib.get_pointgroup(self.rotations)
        assert found is not None
        return SCHOENFLIES[found[1] - 1]

    def irrep(self, label: str) -> Irrep:
        """The representation of that label; KeyError if there is none."""
        for irrep in self.irreps:
            if irrep.label == label:
                return irrep
        raise KeyError(f"no representation {label!r}; this group has {', '.join(i.label for i in self.irreps)}")


def point_group(rotations: NDArray[np.int64]) -> PointGroup:
    """The point group of the given operations with its double-valued representations.

    rotations: (order, 3, 3) signed permutation matrices that form a group.
    """
    return _point_group(np.ascontiguousarray(rotations, dtype=np.int64).tobytes())


@lru_cache(maxsize=128)  # O_h has 98 subgroups
def _point_group(raw: bytes) -> PointGroup:
    from spgrep import (
        get_crystallographic_pointgroup_irreps_from_symmetry,
        get_crystallographic_pointgroup_spinor_irreps_from_symmetry,
    )

    rotations = np.frombuffer(raw, dtype=np.int64).reshape(-1, 3, 3)
    matrices, factors, spinors = get_crystallographic_pointgroup_spinor_irreps_from_symmetry(
        np.eye(3), rotations, method="random"
    )
    linear = get_crystallographic_pointgroup_irreps_from_symmetry(rotations, method="random")
    characters = [np.real(d[:, 0, 0]) for d in linear if d.shape[1] == 1 and np.allclose(np.imag(d), 0)]
    proper = np.linalg.det(rotations) > 0
    # first those that are trivial on proper rotations, so that 8+ and 8- are D(3/2) itself and not A2 x D(3/2)
    characters.sort(key=lambda chi: (chi[proper].sum(), chi.sum()), reverse=True)
    found = [_finish(d, rotations, spinors, factors, characters) for d in matrices]
    return PointGroup(rotations, spinors, tuple(_labelled(found, rotations)))


def _spin_three_halves(spinors: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """D(3/2) from D(1/2): the symmetric cube, in the order m = 3/2, 1/2, -1/2, -3/2; shape (order, 4, 4)."""
    symmetric = np.zeros((8, 4))
    for index, spins in enumerate(itertools.product((0, 1), repeat=3)):
        symmetric[index, sum(spins)] = 1
    symmetric /= np.linalg.norm(symmetric, axis=0)
    cube = np.einsum("gab,gcd,gef->gacebdf", spinors, spinors, spinors).reshape(-1, 8, 8)
    return symmetric.T @ cube @ symmetric


def intertwiner(first: NDArray[np.complex128], second: NDArray[np.complex128]) -> NDArray[np.complex128] | None:
    """Unitary Q with first(g) Q = Q second(g), or None where the two irreducible ones are not equivalent."""
    d = first.shape[1]
    for trial in np.eye(d * d).reshape(-1, d, d):
        q = np.einsum("gab,bc,gdc->ad", first, trial, second.conj()) / len(first)
        scale = np.linalg.norm(q) / np.sqrt(d)
        if scale > 1e-3:
            return np.where(np.abs(q) < 1e-12, 0, q) / scale  # exact zeros keep the adapted basis sparse
    return None


def _finish(
    matrices: NDArray[np.complex128],
    rotations: NDArray[np.int64],
    spinors: NDArray[np.complex128],
    factors: NDArray[np.complex128],
    characters: list[NDArray[np.float64]],
) -> tuple[Irrep, NDArray[np.float64] | None]:
    """The representation with aligned rows, and the chi of chi x D(j) that aligned it; the label is given later."""
    target = {2: spinors, 4: _spin_three_halves(spinors)}.get(matrices.shape[1])
    aligned = None
    for chi in characters:
        if target is None:
            break
        wanted = chi[:, None, None] * target
        if intertwiner(matrices, wanted) is not None:
            matrices, aligned = wanted, chi
            break
    index = {rotation.tobytes(): k for k, rotation in enumerate(rotations)}
    squares = np.array([index[(r @ r).tobytes()] for r in rotations])
    # (T g)^2 = -z(g, g) g^2: time reversal squares to -1 on spinors, z is the factor of the double group
    diagonal = np.arange(len(rotations))
    indicator = -np.mean(factors[diagonal, diagonal] * np.trace(matrices, axis1=1, axis2=2)[squares])
    indicator = int(np.round(np.real(indicator)))
    reversal = intertwiner(matrices, matrices.conj()) if indicator else None
    return Irrep("", matrices, indicator, reversal, aligned is not None), aligned


def _labelled(found: list[tuple[Irrep, NDArray[np.float64] | None]], rotations: NDArray[np.int64]) -> list[Irrep]:
    """Koster's labels for O_h; a serial number and the parity for its subgroups."""
    index = {rotation.tobytes(): k for k, rotation in enumerate(rotations)}
    inversion = index.get((-np.eye(3, dtype=np.int64)).tobytes())
    fourfold = index.get(np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]).tobytes())
    labelled = []
    for serial, (irrep, chi) in enumerate(found, start=1):
        parity = "" if inversion is None else "+" if np.real(irrep.matrices[inversion, 0, 0]) > 0 else "-"
        number = serial
        if len(rotations) == 48 and chi is not None:
            number = 8 if irrep.dimension == 4 else 6 if chi[fourfold] > 0 else 7
        labelled.append(replace(irrep, label=f"{number}{parity}"))
    return sorted(labelled, key=lambda irrep: irrep.label)
