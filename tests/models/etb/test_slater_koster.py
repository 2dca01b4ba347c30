"""Orbitals on one atom, and hopping blocks against the closed table of Slater and Koster (1954)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from textbook import MOMENTUM, P_SPIN_ORBIT, any_order

from bandg.models.etb.orbitals import COMPONENTS, AtomSpace, rotate_shell
from bandg.models.etb.slater_koster import frame_to_bond, hopping_block, split_integral

SHELLS = ("s", "p", "d", "s*")
PAIRS = list(itertools.product(SHELLS, SHELLS))
SPACE = AtomSpace(SHELLS)


def directions(count: int = 40) -> NDArray[np.float64]:
    random = np.random.default_rng(1).standard_normal((count, 3))
    special = np.array([v for v in itertools.product((-1, 0, 1), repeat=3) if any(v)], dtype=float)
    both = np.concatenate([special, random])
    return both / np.linalg.norm(both, axis=1, keepdims=True)


def rotations(count: int = 12) -> NDArray[np.float64]:
    """Proper and improper ones."""
    turns = Rotation.random(count, rng=np.random.default_rng(2)).as_matrix()
    turns[::2] *= -1
    return turns


def projections(first: str, second: str) -> tuple[str, ...]:
    return ("sigma", "pi", "delta")[: min(MOMENTUM[first], MOMENTUM[second]) + 1]


def polynomials(r: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """The real orbitals of each l as functions, normalized alike, shape (points, 2 l + 1)."""
    x, y, z = r.T
    d = [x * y, y * z, z * x, (x * x - y * y) / 2, (2 * z * z - x * x - y * y) / np.sqrt(12)]
    return {0: np.ones((len(r), 1)), 1: r, 2: np.stack(d, axis=1)}


# --- hopping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_blocks_are_the_closed_table(first: str, second: str) -> None:
    """Direction cosines point from the first atom to the second; swapping the atoms gives (-1)^(l + l')."""
    for name in projections(first, second):
        blocks = hopping_block(first, second, name, directions())
        for block, direction in zip(blocks, directions(), strict=True):
            expected = any_order(MOMENTUM[first], MOMENTUM[second], {name: 1.0}, direction)
            np.testing.assert_allclose(block, expected, atol=2e-14)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_exchange_of_the_atoms(first: str, second: str) -> None:
    sign = (-1) ** (MOMENTUM[first] + MOMENTUM[second])
    for name in projections(first, second):
        there = hopping_block(first, second, name, directions())
        back = hopping_block(second, first, name, -directions())
        np.testing.assert_allclose(back, np.swapaxes(there, 1, 2), atol=1e-14)  # H is Hermitian
        same_way = hopping_block(second, first, name, directions())
        np.testing.assert_allclose(same_way, sign * np.swapaxes(there, 1, 2), atol=1e-14)


def test_signs_along_x() -> None:
    """<s | H | p_x at +a> = +V, <s | H | p_x at -a> = -V, <p_x | H | s at +a> = -V; sigma bonds of p and d with s."""
    x = np.array([[1.0, 0, 0]])
    assert hopping_block("s", "p", "sigma", x)[0, 0, 0] == pytest.approx(1)
    assert hopping_block("s", "p", "sigma", -x)[0, 0, 0] == pytest.approx(-1)
    assert hopping_block("p", "s", "sigma", x)[0, 0, 0] == pytest.approx(-1)
    assert hopping_block("s", "d", "sigma", x)[0, 0, 3:] == pytest.approx([np.sqrt(3) / 2, -0.5])
    assert hopping_block("d", "s", "sigma", x)[0, 3:, 0] == pytest.approx([np.sqrt(3) / 2, -0.5])
    assert hopping_block("d", "p", "sigma", x)[0, 3:, 0] == pytest.approx([-np.sqrt(3) / 2, 0.5])


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_blocks_turn_with_the_bond(first: str, second: str) -> None:
    for name in projections(first, second):
        for turn in rotations():
            left, right = (rotate_shell(MOMENTUM[shell], turn) for shell in (first, second))
            turned = left @ hopping_block(first, second, name, directions()) @ right.T
            np.testing.assert_allclose(hopping_block(first, second, name, directions() @ turn.T), turned, atol=1e-13)


@pytest.mark.parametrize("shell", SHELLS)
def test_excited_s_is_like_s(shell: str) -> None:
    for first, second, like_first, like_second in (("s*", shell, "s", shell), (shell, "s*", shell, "s")):
        np.testing.assert_array_equal(
            hopping_block(first, second, "sigma", directions()),
            hopping_block(like_first, like_second, "sigma", directions()),
        )


def test_frame_ends_on_the_bond_and_is_a_proper_rotation() -> None:
    frames = frame_to_bond(directions())
    np.testing.assert_allclose(frames[:, :, 2], directions(), atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(frames), 1, atol=1e-14)
    np.testing.assert_allclose(frames @ np.swapaxes(frames, 1, 2), np.broadcast_to(np.eye(3), frames.shape), atol=1e-14)


def test_names_of_integrals() -> None:
    assert split_integral("d-p.pi") == ("d", "p", "pi")
    assert split_integral("s*-p") == ("s*", "p", "sigma")


# --- orbitals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("l", [0, 1, 2])
def test_shells_turn_like_functions(l: int) -> None:
    """(R f_b)(r) = f_b(R^-1 r) = sum over a of f_a(r) M_ab, for proper and improper R."""
    points = np.random.default_rng(3).standard_normal((50, 3))
    for turn in rotations():
        turned = polynomials(points @ turn)[l]  # rows are R^-1 r
        np.testing.assert_allclose(turned, polynomials(points)[l] @ rotate_shell(l, turn), atol=1e-12)


@pytest.mark.parametrize("l", [0, 1, 2])
def test_shell_rotations_are_a_representation(l: int) -> None:
    turns = rotations()
    matrices = rotate_shell(l, turns)
    product = rotate_shell(l, turns[:, None] @ turns[None])
    np.testing.assert_allclose(product, matrices[:, None] @ matrices[None], atol=1e-13)
    eye = np.broadcast_to(np.eye(2 * l + 1), matrices.shape)
    np.testing.assert_allclose(matrices @ np.swapaxes(matrices, 1, 2), eye, atol=1e-13)
    np.testing.assert_allclose(rotate_shell(l, -np.eye(3)), (-1) ** l * np.eye(2 * l + 1), atol=1e-15)


@pytest.mark.parametrize("shell", ["p", "d"])
def test_angular_momentum(shell: str) -> None:
    """[L_x, L_y] = i L_z, L^2 = l (l + 1), and L generates the rotations of the shell."""
    l = MOMENTUM[shell]
    space = AtomSpace((shell,))
    x, y, z = space.orbital_momentum((shell,))
    for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
        np.testing.assert_allclose(a @ b - b @ a, 1j * c, atol=1e-14)
        np.testing.assert_allclose(a, a.conj().T, atol=1e-15)
    np.testing.assert_allclose(x @ x + y @ y + z @ z, l * (l + 1) * np.eye(space.dimension), atol=1e-14)
    step = 1e-5
    for momentum, axis in zip((x, y, z), np.eye(3), strict=True):
        turn, back = (rotate_shell(l, Rotation.from_rotvec(sign * step * axis).as_matrix()) for sign in (1, -1))
        np.testing.assert_allclose(np.kron(1j * (turn - back) / (2 * step), np.eye(2)), momentum, atol=1e-9)


def test_spin_orbit_is_plus_one_and_minus_two() -> None:
    matrix = AtomSpace(("p",)).spin_orbit()
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [-2, -2, 1, 1, 1, 1], atol=1e-14)
    np.testing.assert_allclose(matrix, P_SPIN_ORBIT, atol=1e-15)
    whole = SPACE.spin_orbit()
    assert np.count_nonzero(np.abs(whole) > 1e-14) == np.count_nonzero(P_SPIN_ORBIT)
    np.testing.assert_allclose(whole[2:8, 2:8], P_SPIN_ORBIT, atol=1e-15)  # s up, s down, then p


def test_order_of_the_orbitals() -> None:
    names = ("s", "x", "y", "z", "xy", "yz", "zx", "x2-y2", "3z2-r2", "s*")
    assert SPACE.labels == names == tuple(name for shell in SHELLS for name in COMPONENTS[shell])
    assert SPACE.dimension == 20
    for shell, part in (("s", slice(0, 2)), ("p", slice(2, 8)), ("d", slice(8, 18)), ("s*", slice(18, 20))):
        weight = np.real(np.diagonal(SPACE.shell_projector(shell)))
        assert weight[part].min() == 1 and weight.sum() == part.stop - part.start


def test_time_reversal_turns_spin_and_orbit_round() -> None:
    theta = SPACE.time_reversal
    np.testing.assert_array_equal(theta @ theta.conj(), -np.eye(20))  # squares to -1
    for operator in (*SPACE.sigma, *SPACE.orbital_momentum(("p", "d"))):
        np.testing.assert_allclose(theta @ operator.conj() @ theta.conj().T, -operator, atol=1e-14)


def test_spin_follows_the_rotation() -> None:
    """U(g) turns sigma and L as axial vectors and commutes with L.sigma."""
    turns = Rotation.random(6, rng=np.random.default_rng(4))
    vectors = turns.as_rotvec()
    angle = np.linalg.norm(vectors, axis=1)
    axis = vectors / angle[:, None]
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    spinors = np.cos(angle / 2)[:, None, None] * np.eye(2) - 1j * np.sin(angle / 2)[:, None, None] * np.einsum(
        "na,aij->nij", axis, pauli
    )
    for improper in (1, -1):
        action = SPACE.rotations(improper * turns.as_matrix(), spinors)
        for vector in (SPACE.sigma, SPACE.orbital_momentum(("p", "d"))):
            for g, turn in zip(action, turns.as_matrix(), strict=True):
                turned = np.einsum("ba,bij->aij", turn, vector)  # U L_a U^+ = sum over b of R_ba L_b
                np.testing.assert_allclose(g @ vector @ g.conj().T, turned, atol=1e-13)
        commutator = action @ SPACE.spin_orbit() - SPACE.spin_orbit() @ action
        np.testing.assert_allclose(commutator, 0, atol=1e-13)
