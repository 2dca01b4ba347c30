"""Real s, p, d and s* orbitals with spin on one atom: how they turn, and their angular momentum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.hamiltonian.groups import PAULI, SPIN_REVERSAL

ANGULAR_MOMENTUM = {"s": 0, "p": 1, "d": 2, "s*": 0}
"""Angular momentum l of each shell."""

COMPONENTS = {
    "s": ("s",),
    "p": ("x", "y", "z"),
    "d": ("xy", "yz", "zx", "x2-y2", "3z2-r2"),
    "s*": ("s*",),
}
"""Names of the real orbitals of each shell, in the order used everywhere."""

# each real d orbital is the quadratic form r.Q.r with tr Q = 0 and tr Q_a Q_b = delta_ab
_D_FORMS = np.array(
    [
        np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]) / np.sqrt(2),
        np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]]) / np.sqrt(2),
        np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]]) / np.sqrt(2),
        np.diag([1, -1, 0]) / np.sqrt(2),
        np.diag([-1, -1, 2]) / np.sqrt(6),
    ]
)


def rotate_shell(momentum: int, rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrices that turn the real orbitals of one shell, shape (..., 2 l + 1, 2 l + 1).

    momentum: l = 0, 1 or 2.
    rotations: (..., 3, 3) proper or improper orthogonal matrices.
    """
    rotations = np.asarray(rotations, dtype=float)
    if momentum == 0:
        return np.ones((*rotations.shape[:-2], 1, 1))
    if momentum == 1:
        return rotations
    return np.einsum("aij,...ik,bkl,...jl->...ab", _D_FORMS, rotations, _D_FORMS, rotations)


def _shell_generators(momentum: int) -> NDArray[np.complex128]:
    """Angular momentum L_x, L_y, L_z (in hbar) of one shell in the real orbitals, shape (3, 2 l + 1, 2 l + 1)."""
    levi_civita = np.zeros((3, 3, 3))
    levi_civita[[0, 1, 2], [1, 2, 0], [2, 0, 1]] = 1
    levi_civita[[0, 2, 1], [2, 1, 0], [1, 0, 2]] = -1
    vector = -1j * levi_civita  # (L_a)_bc = -i epsilon_abc on x, y, z
    if momentum == 0:
        return np.zeros((3, 1, 1), dtype=complex)
    if momentum == 1:
        return vector.astype(np.complex128)
    form = np.einsum("aij,cik,bkj->cab", _D_FORMS, vector, _D_FORMS)
    return np.asarray(form + np.einsum("aij,cjl,bil->cab", _D_FORMS, vector, _D_FORMS), dtype=np.complex128)


@dataclass(frozen=True)
class AtomSpace:
    """The orbitals of one atom with spin: the index is 2 * orbital + spin, spin up first.

    shells: shells in their order, for example ("s", "p", "d", "s*").
    """

    shells: tuple[str, ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the orbitals without spin."""
        return tuple(name for shell in self.shells for name in COMPONENTS[shell])

    @property
    def dimension(self) -> int:
        """Number of spin-orbitals."""
        return 2 * len(self.labels)

    def shell_slice(self, shell: str) -> slice:
        """Positions of the orbitals (without spin) of a shell."""
        start = sum(len(COMPONENTS[s]) for s in self.shells[: self.shells.index(shell)])
        return slice(start, start + len(COMPONENTS[shell]))

    def rotations(self, rotations: NDArray[np.float64], spinors: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Unitary action of the operations on the spin-orbitals, shape (order, dimension, dimension)."""
        orbital = np.zeros((len(rotations), len(self.labels), len(self.labels)))
        for shell in self.shells:
            part = self.shell_slice(shell)
            orbital[:, part, part] = rotate_shell(ANGULAR_MOMENTUM[shell], rotations)
        product = np.einsum("gab,gst->gasbt", orbital, spinors)
        return product.reshape(len(rotations), self.dimension, self.dimension)

    @cached_property
    def time_reversal(self) -> NDArray[np.complex128]:
        """Matrix Theta of time reversal Theta K, shape (dimension, dimension)."""
        return np.kron(np.eye(len(self.labels)), SPIN_REVERSAL)

    @cached_property
    def sigma(self) -> NDArray[np.complex128]:
        """Pauli matrices of the spin, shape (3, dimension, dimension)."""
        return np.array([np.kron(np.eye(len(self.labels)), pauli) for pauli in PAULI])

    def orbital_momentum(self, shells: tuple[str, ...] = ("p",)) -> NDArray[np.complex128]:
        """Intra-atomic angular momentum (in hbar) of the given shells, shape (3, dimension, dimension).

        Not writable.
        """
        return _orbital_momentum(self, shells)

    def shell_projector(self, shell: str) -> NDArray[np.complex128]:
        """Diagonal projector on one shell, shape (dimension, dimension)."""
        weights = np.zeros(len(self.labels))
        weights[self.shell_slice(shell)] = 1
        return np.kron(np.diag(weights), np.eye(2)).astype(complex)

    def spin_orbit(self, shell: str = "p") -> NDArray[np.complex128]:
        """The matrix of L.sigma on one shell: p3/2 at +1, p1/2 at -2; shape (dimension, dimension)."""
        return np.einsum("aij,ajk->ik", self.orbital_momentum((shell,)), self.sigma)


@cache
def _orbital_momentum(space: AtomSpace, shells: tuple[str, ...]) -> NDArray[np.complex128]:
    orbital = np.zeros((3, len(space.labels), len(space.labels)), dtype=complex)
    for shell in shells:
        if shell in space.shells:
            part = space.shell_slice(shell)
            orbital[:, part, part] = _shell_generators(ANGULAR_MOMENTUM[shell])
    found = np.array([np.kron(component, np.eye(2)) for component in orbital])
    found.flags.writeable = False
    return found
