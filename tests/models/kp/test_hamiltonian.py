"""The 8-band matrix: invariance, limits, hermiticity, and what each parameter does."""

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import block_diag

from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.hamiltonian.groups import cubic_rotations, point_group
from bandg.models.kp.hamiltonian import (
    FIELD,
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


def representation():
    return [block_diag(*parts) for parts in zip(*(GROUP.irrep(x).matrices for x in ("6+", "6-", "8-")), strict=True)]


def worst_covariance(model, operations):
    """Largest deviation of D(g) H(k, B) D(g)^+ from H(g k, g B)."""
    random = np.random.default_rng(0)
    k, b = random.normal(size=(2, 3))
    worst = 0.0
    matrices = representation()
    for number in operations:
        d, rotation, axial = matrices[number], GROUP.rotations[number], GROUP.axial[number]
        here = model.H(k) + np.tensordot(b, model.zeeman, axes=1)
        there = model.H(rotation @ k) + np.tensordot(axial @ b, model.zeeman, axes=1)
        worst = max(worst, np.abs(d @ here @ d.conj().T - there).max())
    return worst


def test_the_cubic_matrix_is_invariant_under_all_48_operations():
    assert worst_covariance(numeric(VALUES), range(48)) < 1e-12


@pytest.mark.parametrize(("field", "order"), [({"delta": 0.3}, 16), ({"delta": 0.3, "epsilon": 0.2}, 8)])
def test_a_crystal_field_leaves_d4h_or_d2h_and_no_more(field, order):
    model = numeric(VALUES | field)
    kept = [n for n in range(48) if worst_covariance(model, [n]) < 1e-12]
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


def spin_rotation(axis, angle):
    pauli = [sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[0, -sp.I], [sp.I, 0]]), sp.diag(1, -1)]
    along = sum((n * p for n, p in zip(axis, pauli, strict=True)), sp.zeros(2)) / sp.sqrt(sum(n * n for n in axis))
    return sp.cos(angle / 2) * sp.eye(2) - sp.I * sp.sin(angle / 2) * along


INVERSION = (-sp.eye(3), sp.eye(2))
FOURFOLD = (sp.Matrix([[0, -1, 0], [1, 0, 0], [0, 0, 1]]), spin_rotation((0, 0, 1), sp.pi / 2))
THREEFOLD = (sp.Matrix([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), spin_rotation((1, 1, 1), 2 * sp.pi / 3))
TWOFOLD_X = (sp.diag(1, -1, -1), spin_rotation((1, 0, 0), sp.pi))
TWOFOLD_Z = (sp.diag(-1, -1, 1), spin_rotation((0, 0, 1), sp.pi))
NO_FIELD, TETRAGONAL = {"delta": 0, "epsilon": 0}, {"epsilon": 0}


@pytest.mark.parametrize(
    ("values", "generators"),
    [
        (NO_FIELD, (INVERSION, FOURFOLD, THREEFOLD)),
        (TETRAGONAL, (INVERSION, FOURFOLD, TWOFOLD_X)),
        ({}, (INVERSION, TWOFOLD_X, TWOFOLD_Z)),
    ],
    ids=["O_h", "D4h", "D2h"],
)
def test_symbolic_invariance_under_the_generators_of_the_group(values, generators):
    """D H(k, B) D^+ = H(R k, det(R) R B) on the symbols, D made of R on X, Y, Z and of the rotation of the spin.

    Exact, for every parameter at once; each factor of k and B is compared by itself.
    """
    constant, linear, quadratic = order_by_order(values)
    moments, basis = zeeman(values), sp.Matrix(rows())
    for rotation, spin in generators:
        d = basis.H * sp.kronecker_product(sp.diag(1, rotation), spin) * basis
        here = [d * m * d.H for m in (constant, *linear, *moments, *quadratic.values())]
        where = list(quadratic)
        back = {a: next(b for b in range(3) if rotation[b, a] != 0) for a in range(3)}  # k_a becomes +-k_back(a)
        sign = {a: rotation[back[a], a] for a in range(3)}
        there = [constant]
        there += [sign[a] * linear[back[a]] for a in range(3)]
        there += [rotation.det() * sign[a] * moments[back[a]] for a in range(3)]
        there += [sign[a] * sign[b] * quadratic[tuple(sorted((back[a], back[b])))] for a, b in where]
        for one, other in zip(here, there, strict=True):
            assert (one - other).applyfunc(sp.expand) == sp.zeros(8)


@pytest.mark.parametrize(("values", "generator"), [(TETRAGONAL, THREEFOLD), ({}, FOURFOLD)])
def test_a_crystal_field_breaks_the_operations_that_it_should(values, generator):
    constant, _, _ = order_by_order(values)
    basis, (rotation, spin) = sp.Matrix(rows()), generator
    d = basis.H * sp.kronecker_product(sp.diag(1, rotation), spin) * basis
    assert (d * constant * d.H - constant).applyfunc(sp.expand) != sp.zeros(8)


def test_symbolic_time_reversal():
    """The same for time reversal: exact, for every parameter and both fields at once."""
    constant, linear, quadratic = order_by_order()
    theta = sp.Matrix(reversal())
    parity = [(constant, 1)] + [(m, -1) for m in (*linear, *zeeman())] + [(m, 1) for m in quadratic.values()]
    for matrix, sign in parity:
        assert (theta * matrix.conjugate() * theta.H - sign * matrix).applyfunc(sp.expand) == sp.zeros(8)
    # and H(k) puts them together with products of k symmetrized
    k = sp.symbols("k_x k_y k_z", real=True)
    whole = hamiltonian().subs(dict(zip(K, k, strict=True)))
    parts = constant + sum((m * k[a] for a, m in enumerate(linear)), sp.zeros(8))
    parts += sum((m * k[a] * k[b] for (a, b), m in quadratic.items()), sp.zeros(8))
    assert (whole - parts).applyfunc(sp.expand) == sp.zeros(8)


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
    constant, linear, quadratic = order_by_order()
    for matrix in (constant, *linear, *quadratic.values(), *zeeman()):
        assert (matrix - matrix.H).applyfunc(sp.simplify) == sp.zeros(8)
    assert all(symbol.is_real for symbol in FIELD)


def test_an_unknown_parameter_is_refused_and_every_one_is_documented():
    with pytest.raises(KeyError, match="E_gap"):
        numeric({"E_gap": 1.0})
    assert set(DEFAULTS) == set(PARAMETERS)
    assert all(unit in ("eV", "eV nm", "1") and meaning for unit, meaning in PARAMETERS.values())
