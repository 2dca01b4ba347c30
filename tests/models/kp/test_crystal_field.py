"""g tensors in a crystal field: formulas against sums over states, limits, symmetry; sets with a field."""

from functools import cache

import numpy as np
import pytest
import sympy as sp

from bandg.base.errors import BandgError
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.models.kp import crystal_field, edges, laws
from bandg.models.kp.envelope import elliptic
from bandg.models.kp.hamiltonian import G_FREE, HBAR2_2M0, symbol
from bandg.models.kp.matrices import DEFAULTS, numeric

CUBIC = {"E_g": 1.652, "Delta": 1.5, "P6": 0.68, "P8": 0.6, "dg_c": -1.0, "dg_v": -0.1, "kappa": 0.2, "kappa_68": -0.3}
CUBIC |= {"a_v": -1.2, "a_6": 2.0, "a_8": 1.5, "b_E": 1.0, "b_T": 0.4, "d_E": 0.7, "d_T": -0.3}
FIELDS = [(0.0, 0.0), (0.15, 0.0), (-0.15, 0.0), (0.15, 0.06), (-0.4, 0.3)]


def numbers(values):
    plain = {symbol(name): value for name, value in (DEFAULTS | values).items()}
    return plain | {HBAR2_2M0: HBAR2_OVER_M0 / 2, G_FREE: G0}


@cache
def tensor_of(edge):
    """The symbolic tensor as a function of the numbers of its symbols, in order."""
    tensor = {"v": crystal_field.hole, "c": crystal_field.electron}[edge]()
    symbols = sorted(tensor.free_symbols, key=str)
    return symbols, sp.lambdify(symbols, tensor)


def formula_g(edge, values):
    """g from the symbolic tensor alone."""
    replace = numbers(values)
    if edge == "c":
        energies, states = np.linalg.eigh(np.array(crystal_field.mixing().subs(replace).evalf().tolist(), float))
        best = int(np.argmax(np.abs(states[0])))
        replace |= dict(zip(crystal_field.AMPLITUDES, states[:, best] * np.sign(states[0, best]), strict=True))
        replace[crystal_field.E_C] = energies[best]
    symbols, tensor = tensor_of(edge)
    return tensor(*(replace[one] for one in symbols))


@pytest.mark.parametrize(("delta", "epsilon"), FIELDS)
@pytest.mark.parametrize("edge", ["v", "c"])
def test_the_formulas_are_the_sum_over_states(edge, delta, epsilon):
    values = CUBIC | {"delta": delta, "epsilon": epsilon}
    tensor, g = formula_g(edge, values), edges.principal_g(edge, values)
    np.testing.assert_allclose(tensor, np.diag(g), atol=1e-9)
    if not delta:
        np.testing.assert_allclose(g, laws.evaluate(edge, CUBIC), atol=1e-9)
    elif not epsilon:
        assert g[0] == pytest.approx(g[1], abs=1e-9)
        assert abs(g[0] - g[2]) > 1e-2
    else:
        assert np.diff(np.sort(g)).min() > 1e-2


def test_components_of_g_have_signs_of_their_own():
    """Near the gap where g_h changes sign, the field takes one component across zero before the others."""
    values = CUBIC | {"delta": 0.15, "P8": 0.68, "dg_v": 0.0}
    symbols, tensor = tensor_of("v")
    gaps = np.linspace(1.5, 2.2, 141)
    by_gap = (tensor(*((numbers(values) | {symbol("E_g"): gap})[one] for one in symbols)) for gap in gaps)
    g = np.array([np.diag(one)[[0, 2]] for one in by_gap])
    between = gaps[(g[:, 0] > 0) & (g[:, 1] < 0)]
    assert len(between)
    signs = np.sign(edges.principal_g("v", values | {"E_g": float(between[0])}))
    assert tuple(signs) == (1, 1, -1)


def test_exchanging_x_and_y_exchanges_their_g():
    for edge in ("v", "c"):
        one, other = (edges.principal_g(edge, CUBIC | {"delta": 0.1, "epsilon": e}) for e in (0.05, -0.05))
        np.testing.assert_allclose(one, other[[1, 0, 2]], atol=1e-9)


def test_a_field_on_x_is_a_field_on_z_turned():
    """X above Y and Z by the field: delta = -d/2 and epsilon = d/2, all up by d/2."""
    for edge in ("v", "c"):
        d = 0.12
        turned = CUBIC | {"E_g": CUBIC["E_g"] + d / 2, "delta": -d / 2, "epsilon": d / 2}
        along_z, along_x = (edges.principal_g(edge, v) for v in (CUBIC | {"delta": d}, turned))
        np.testing.assert_allclose(along_x, along_z[[2, 0, 1]], atol=1e-9)


@pytest.mark.parametrize("edge", ["v", "c"])
def test_masses_are_the_curvature_of_the_bands(edge):
    values = CUBIC | {"delta": 0.15, "epsilon": 0.06}
    model, step = numeric(values), 0.01
    band, sign = {"v": (0, -1), "c": (2, 1)}[edge]
    for a, inverse in enumerate(edges.principal_inverse_mass(edge, values)):
        ends = [np.linalg.eigvalsh(model.H(k * np.eye(3)[a]))[band] for k in (0.0, step)]
        assert sign * (ends[1] - ends[0]) / step**2 / (HBAR2_OVER_M0 / 2) == pytest.approx(inverse, rel=2e-3)
    flat = edges.principal_inverse_mass(edge, CUBIC)
    np.testing.assert_allclose(1 / flat, laws.mass(edge, CUBIC), rtol=1e-9)


def test_a_nanocrystal_with_a_field_is_refused_and_so_is_an_unknown_field():
    with pytest.raises(BandgError, match="delta and epsilon must be zero"):
        elliptic(CUBIC | {"delta": 0.1})
    with pytest.raises(BandgError, match="tetragonal or orthorhombic"):
        crystal_field.formula("v", "cubic")


def test_what_the_tetragonal_symbols_mean():
    """tan(2 theta) and E_c as printed give back the level of the 8-band matrix."""
    values = CUBIC | {"delta": 0.15}
    printed = crystal_field.formula("c", "tetragonal")
    replace = numbers(values)
    replace[crystal_field.THETA] = np.arctan(float(printed["tan(2 theta)"].subs(replace))) / 2
    level = float(printed["E_c"].subs(replace))
    assert level == pytest.approx(np.linalg.eigvalsh(numeric(values).h0)[2], abs=1e-12)
    replace[crystal_field.E_C] = level
    g = [float(printed[f"g_{axis}"].subs(replace)) for axis in "xyz"]
    np.testing.assert_allclose(g, edges.principal_g("c", values), atol=1e-9)


def test_the_command_gives_means_and_components():
    from bandg.models.kp.bulk import bulk_values, principal_values

    values = CUBIC | {"delta": 0.15}
    found = bulk_values(values, masses=True) | principal_values(values)
    for carrier in ("g_h", "g_e"):
        assert found[carrier] == pytest.approx(np.mean([found[f"{carrier}_{axis}"] for axis in "xyz"]))
        assert abs(found[carrier] - bulk_values(CUBIC, masses=False)[carrier]) > 0.05
    assert {"m_h", "m_e"} < set(found)
    assert principal_values(CUBIC) == {}
