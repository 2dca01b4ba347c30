"""The 8-band matrix: invariance, limits, hermiticity, and what each parameter does."""

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import block_diag
from scipy.spatial.transform import Rotation

from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.hamiltonian.groups import PAULI, cubic_rotations, point_group
from bandg.models.kp.hamiltonian import (
    FIELD,
    G_FREE,
    HBAR2_2M0,
    K,
    hamiltonian,
    order_by_order,
    reversal,
    rows,
    zeeman,
)
from bandg.models.kp.matrices import DEFAULTS, PARAMETERS, numeric

GROUP = point_group(cubic_rotations())
VALUES = {name: 0.1 * (n + 1) for n, name in enumerate(PARAMETERS)} | {"delta": 0.0, "epsilon": 0.0}


def by_irreps():
    """D(g) of the eight bands from the group's own tables."""
    return [block_diag(*parts) for parts in zip(*(GROUP.irrep(x).matrices for x in ("6+", "6-", "8-")), strict=True)]


def by_orbitals():
    """D(g) from the rotation of X, Y, Z and that of the spin, which know no table."""
    basis, pauli = np.array(rows().evalf().tolist(), dtype=complex), np.array(PAULI)
    found = []
    for rotation in GROUP.rotations:
        *vector, scalar = Rotation.from_matrix(rotation * np.linalg.det(rotation)).as_quat()
        spin = scalar * np.eye(2) - 1j * np.tensordot(vector, pauli, axes=1)
        found.append(basis.conj().T @ np.kron(block_diag(1, rotation), spin) @ basis)
    return found


def worst_covariance(model, matrices, operations):
    """Largest deviation of D(g) H(k, B) D(g)^+ from H(g k, g B)."""
    random = np.random.default_rng(0)
    k, b = random.normal(size=(2, 3))
    worst = 0.0
    for number in operations:
        d, rotation, axial = matrices[number], GROUP.rotations[number], GROUP.axial[number]
        here = model.H(k) + np.tensordot(b, model.zeeman, axes=1)
        there = model.H(rotation @ k) + np.tensordot(axial @ b, model.zeeman, axes=1)
        worst = max(worst, np.abs(d @ here @ d.conj().T - there).max())
    return worst


@pytest.mark.parametrize("representation", [by_irreps, by_orbitals])
def test_the_cubic_matrix_is_invariant_under_all_48_operations(representation):
    """At generic values of all parameters, of k and of B, in which H is a polynomial."""
    assert worst_covariance(numeric(VALUES), representation(), range(48)) < 1e-12


@pytest.mark.parametrize(("field", "order"), [({"delta": 0.3}, 16), ({"delta": 0.3, "epsilon": 0.2}, 8)])
def test_a_crystal_field_leaves_d4h_or_d2h_and_no_more(field, order):
    model, matrices = numeric(VALUES | field), by_orbitals()
    kept = [n for n in range(48) if worst_covariance(model, matrices, [n]) < 1e-12]
    assert len(kept) == order
    axis = GROUP.rotations[kept][:, 2, 2]
    assert (np.abs(axis) == 1).all()


def test_time_reversal():
    model = numeric(VALUES | {"delta": 0.3, "epsilon": 0.2})
    theta = np.array(reversal().evalf().tolist(), dtype=complex)
    k = np.array([0.3, -0.2, 0.7])
    assert np.abs(theta @ model.H(k).conj() @ theta.conj().T - model.H(-k)).max() < 1e-12
    for moment in model.zeeman:
        assert np.abs(theta @ moment.conj() @ theta.conj().T + moment).max() < 1e-12


def test_the_symbols_give_the_numbers():
    """Order by order, and the products of k symmetrized in the whole."""
    values = VALUES | {"delta": 0.3, "epsilon": 0.2}
    model, k = numeric(values), np.array([0.3, -0.2, 0.7])
    constant, linear, quadratic = order_by_order(values)
    parts = constant + sum((m * x for m, x in zip(linear, k, strict=True)), sp.zeros(8))
    parts += sum((m * k[a] * k[b] for (a, b), m in quadratic.items()), sp.zeros(8))
    whole = hamiltonian(values).subs(dict(zip(K, k, strict=True)))
    for symbols in (parts, whole):
        found = np.array(symbols.subs(HBAR2_2M0, HBAR2_OVER_M0 / 2).evalf().tolist(), dtype=complex)
        np.testing.assert_allclose(found, model.H(k), atol=1e-12)
    moments = [np.array(m.subs(G_FREE, G0).evalf().tolist(), dtype=complex) for m in zeeman(values)]
    np.testing.assert_allclose(moments, model.zeeman, atol=1e-12)


def test_levels_and_velocities_at_the_center():
    model = numeric({"E_v": -0.2, "E_g": 1.5, "Delta": 0.9, "P6": 0.6, "P8": 0.5})
    np.testing.assert_allclose(np.linalg.eigvalsh(model.h0), [-0.2] * 2 + [1.3] * 2 + [2.2] * 4, atol=1e-12)
    sums = [np.sum(np.abs(model.h1[2][:2, part]) ** 2) for part in (slice(2, 4), slice(4, 8))]
    np.testing.assert_allclose([1.5 * sums[0], 0.75 * sums[1]], [0.6**2, 0.5**2], atol=1e-12)


def test_without_momentum_all_bands_are_free():
    model = numeric({"E_g": 1.0, "Delta": 0.5})
    k = np.array([0.4, 0.1, -0.3])
    free = HBAR2_OVER_M0 / 2 * (k @ k)
    np.testing.assert_allclose(np.linalg.eigvalsh(model.H(k)), np.array([0, 0, 1, 1, 1.5, 1.5, 1.5, 1.5]) + free)
    spin = np.linalg.eigvalsh(model.zeeman[2])
    np.testing.assert_allclose(spin[[0, -1]], [-G0 / 2, G0 / 2], atol=1e-12)


def test_the_tetragonal_field_mixes_only_equal_jz_and_its_first_order_is_a_third():
    model = numeric({"E_g": 1.0, "Delta": 1.5, "delta": 1e-5})
    energies = np.linalg.eigvalsh(model.h0)
    assert (energies[2] - 1.0) / 1e-5 == pytest.approx(1 / 3, abs=1e-4)  # R6- holds one third of Z
    np.testing.assert_allclose((energies[[4, 7]] - 2.5) / 1e-5, [0, 2 / 3], atol=1e-4)


def test_everything_is_hermitian():
    model = numeric(VALUES | {"delta": 0.3, "epsilon": 0.2})
    for matrix in (model.H([0.3, -0.2, 0.7]), *model.zeeman):
        np.testing.assert_allclose(matrix, matrix.conj().T, atol=1e-12)
    assert all(symbol.is_real for symbol in FIELD)


def test_an_unknown_parameter_is_refused_and_every_one_is_documented():
    with pytest.raises(KeyError, match="E_gap"):
        numeric({"E_gap": 1.0})
    assert set(DEFAULTS) == set(PARAMETERS)
    assert all(unit in ("eV", "eV nm", "1") and meaning for unit, meaning in PARAMETERS.values())
