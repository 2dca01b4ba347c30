"""Envelope states of the 8-band model in a cube: products of functions of x, y and z, adapted to one row of an irrep.

The product basis is carried into itself by O_h: the products of permuted functions are an orbit, as atoms are, and the
same projection shrinks the matrix 24 times. Time reversal makes it real. For a hard wall the reduced matrix is
H_0 + H_1 / L + H_2 / L^2 with H_i that do not depend on the edge L, so that a sweep builds them once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from bandg.base.units import HBAR2_OVER_M0
from bandg.hamiltonian.blocks import local_intertwiners
from bandg.hamiltonian.groups import SPIN_REVERSAL, PointGroup, cubic_rotations, point_group
from bandg.models.kp.basis import Interval
from bandg.models.kp.matrices import NUMBERS, KpModel


@lru_cache(maxsize=1)
def full_group() -> PointGroup:
    """O_h."""
    return point_group(cubic_rotations())


@lru_cache(maxsize=1)
def _bloch_basis() -> NDArray[np.complex128]:
    """The eight bands as columns over S, X, Y, Z with spin, shape (8, 8)."""
    return NUMBERS.basis()


@lru_cache(maxsize=1)
def bloch_representation() -> NDArray[np.complex128]:
    """How the operations of O_h about a Pb site turn the eight bands, shape (48, 8, 8)."""
    group, basis = full_group(), _bloch_basis()
    orbital = np.zeros((group.order, 4, 4))
    orbital[:, 0, 0] = 1
    orbital[:, 1:, 1:] = group.rotations
    turned = np.einsum("gab,gcd->gacbd", orbital, group.spinors).reshape(-1, 8, 8)
    return np.array(basis.conj().T @ turned @ basis)


@lru_cache(maxsize=1)
def _reversal() -> NDArray[np.complex128]:
    """Matrix of time reversal on the eight bands: the antiunitary is this matrix times complex conjugation."""
    basis = _bloch_basis()
    return np.array(basis.conj().T @ np.kron(np.eye(4), SPIN_REVERSAL) @ basis.conj())


@lru_cache(maxsize=32)
def adapted(count: int, label: str) -> sparse.csr_matrix:
    """Orthonormal functions of the first row of an irrep of O_h, as columns over band x n_x x n_y x n_z.

    count: functions along each axis, even and odd in turn. Shape (8 count^3, size), sparse.
    """
    columns, lines, values, found = [], [], [], 0
    for triple in itertools.combinations_with_replacement(range(count), 3):
        permutations = tuple(sorted(set(itertools.permutations(triple))))
        rank = {value: number for number, value in enumerate(sorted(set(triple)))}
        pattern = tuple(tuple(rank[n] for n in p) for p in permutations)
        parities = tuple(n % 2 for n in sorted(rank))
        vectors = _orbit_functions(pattern, parities, label)
        line, column = np.nonzero(np.abs(vectors) > 1e-13)
        place = np.array([(p[0] * count + p[1]) * count + p[2] for p in permutations])
        lines.append(line % 8 * count**3 + place[line // 8])
        columns.append(found + column)
        values.append(vectors[line, column])
        found += vectors.shape[1]
    index = (np.concatenate(lines), np.concatenate(columns))
    return sparse.csr_matrix((np.concatenate(values), index), shape=(8 * count**3, found))


@lru_cache(maxsize=256)
def _orbit_functions(
    pattern: tuple[tuple[int, ...], ...], parities: tuple[int, ...], label: str
) -> NDArray[np.complex128]:
    """Functions of one row made of the permutations of a triple, shape (8 permutations, functions).

    pattern: the permutations, each as ranks of its three functions. parities: parity of the function of each rank.
    """
    group, irrep = full_group(), full_group().irrep(label)
    # (g f)(r) = f(g^-1 r), and component a of g^-1 r is sign_a r_(to_a)
    to = np.argmax(np.abs(group.rotations), axis=1)
    signs = np.take_along_axis(group.rotations, to[:, None], axis=1)[:, 0]
    images = [tuple(pattern[0][axis] for axis in np.argsort(axes)) for axes in to]
    odd = np.array([parities[rank] for rank in pattern[0]])
    actions = np.prod(signs**odd, axis=1)[:, None, None] * bloch_representation()
    stabilizer = np.flatnonzero([image == pattern[0] for image in images])
    local = local_intertwiners(actions, _reversal(), irrep, stabilizer)
    carriers = [images.index(p) for p in pattern]
    parts = [(actions[g] @ local @ irrep.matrices[g].conj().T)[:, :, 0] for g in carriers]
    return np.array(np.sqrt(irrep.dimension / len(pattern)) * np.concatenate(parts, axis=1).T)


@dataclass(frozen=True, eq=False)
class BoxBlock:
    """Reduced matrix of one irrep in a cube: H = sum_i matrices[i] / L^i, real symmetric, in eV.

    basis: columns over band x n_x x n_y x n_z. axis: the functions of one coordinate, at L = 1 where H is scaled.
    """

    basis: sparse.csr_matrix
    axis: Interval
    matrices: tuple[sparse.csr_array, ...]

    def at(self, length: float) -> sparse.csr_array:
        """H for a hard-wall cube of that edge in nm."""
        return sparse.csr_array(sum(m / length**i for i, m in enumerate(self.matrices)))


def box_block(model: KpModel, axis: Interval, label: str, barrier: NDArray[np.float64] | None = None) -> BoxBlock:
    """The reduced matrix of an irrep of doublets for functions `axis` along each edge.

    barrier: (8,) energies in eV that the glass adds to each band; None for hard walls.

    H commutes with O_h and time reversal, which takes the first row of the irrep to the second. So <i|H|j> is the real
    part of what the first triple of each orbit contributes, times the number of its permutations.
    """
    n = axis.size
    basis = adapted(n, label)
    first, permutations = _first_triples(n)
    left = sparse.diags_array(np.tile(permutations, 8)) @ basis[(np.arange(8)[:, None] * n**3 + first).ravel()]
    one = sparse.identity(n, format="csr")
    k, k2, inside = (sparse.csr_matrix(m) for m in (-1j * axis.k, axis.k2, axis.inside))

    def operator(bands: NDArray[Any], *along: sparse.csr_matrix) -> sparse.csr_matrix:
        rows = sparse.kron(along[0], sparse.kron(along[1], along[2]), format="csr")[first]
        return sparse.kron(sparse.csr_matrix(bands), rows, format="csr")

    zeroth = operator(model.h0, one, one, one)
    if barrier is not None:
        zeroth += operator(np.diag(barrier), one, one, one) - operator(np.diag(barrier), inside, inside, inside)
    linear = [operator(model.h1[a], *_along({a: k}, one)) for a in range(3)]
    quadratic = [operator(model.h2[a, a], *_along({a: k2}, one)) for a in range(3)]
    quadratic += [
        operator(model.h2[a, b] + model.h2[b, a], *_along({a: k, b: k}, one))
        for a, b in itertools.combinations(range(3), 2)
    ]
    orders = (zeroth, sum(linear[1:], linear[0]), sum(quadratic[1:], quadratic[0]))
    return BoxBlock(basis, axis, tuple(sparse.csr_array(left.conj().T @ (order @ basis)).real for order in orders))


def _first_triples(count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Place of the first triple of each orbit of products, and the number of its permutations."""
    triples = list(itertools.combinations_with_replacement(range(count), 3))
    places = np.array([(x * count + y) * count + z for x, y, z in triples])
    return places, np.array([len(set(itertools.permutations(triple))) for triple in triples], dtype=float)


def _along(factors: dict[int, sparse.csr_matrix], one: sparse.csr_matrix) -> list[sparse.csr_matrix]:
    return [factors.get(axis, one) for axis in range(3)]


def moment_z(model: KpModel, block: BoxBlock, vector: NDArray[np.float64], length: float) -> tuple[float, float]:
    """<L_z> and <zeeman_z> of a state of the first row; g = 2 (L_z + zeeman_z).

    L = (m0 / hbar^2) r x dH/dk, Hermitian part, about the center; vector: (size,) in the reduced basis.
    """
    n = block.axis.size
    psi = (block.basis @ vector).reshape(8, n, n, n)
    k, x = -1j * block.axis.k / length, block.axis.x * length

    def on(matrix: NDArray[Any], axis: int) -> NDArray[Any]:
        return np.moveaxis(np.tensordot(matrix, psi, axes=(1, axis + 1)), 0, axis + 1)

    wave = [on(k, axis) for axis in range(3)]

    def velocity(a: int) -> NDArray[Any]:
        parts = [np.tensordot(model.h1[a], psi, axes=1)]
        parts += [np.tensordot(2 * model.h2[a, b], wave[b], axes=1) for b in range(3)]
        return np.sum(parts, axis=0)

    orbital = np.real(np.vdot(on(x, 0), velocity(1)) - np.vdot(on(x, 1), velocity(0))) / HBAR2_OVER_M0
    return float(orbital), float(np.real(np.vdot(psi, np.tensordot(model.zeeman[2], psi, axes=1))))
