"""g-factors as functions of gap and confinement, obtained from the derivation in `bandg.kp.derive`.

The bulk laws are those of Kirstein et al. [kirstein2022] when P6 = P8 and the remote bands sit in dg_c alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import sympy as sp

from bandg.errors import BandgError
from bandg.kp.derive import EDGES, Effective, effective
from bandg.kp.hamiltonian import DEFAULTS, G_FREE, HBAR2_2M0, numeric, order_by_order, rows, symbol, zeeman
from bandg.units import G0, HBAR2_OVER_M0

LAWS = ("bulk", "effective-gap", "kane", "fourth-order")
"""The laws that `confined_g` knows."""

E_G = symbol("E_g")
ENERGY = sp.Symbol("E", real=True)
"""Transition energy E_e - E_h (effective gap) or confinement energy (Kane)."""

_QUIET = dict.fromkeys(("E_v", "b_E", "b_T", "d_E", "d_T", "kappa", "kappa_68", "delta", "epsilon"), 0)


@lru_cache(maxsize=4)
def bulk_g(edge: str, equal_momenta: bool = True) -> sp.Expr:
    """g of a band edge, "v" or "c", term by term, in E_g, Delta, P6, P8 (or P where equal) and c = hbar^2 / 2 m0."""
    expression = effective(edge).g[2, 2]
    if equal_momenta:
        expression = expression.subs({symbol("P6"): symbol("P"), symbol("P8"): symbol("P")})
    return sp.Add(*(sp.factor(term) for term in sp.Add.make_args(sp.expand(sp.apart(expression, E_G)))))


def formula(edge: str, law: str = "bulk", equal_momenta: bool = True) -> sp.Expr:
    """A law as an expression. "effective-gap": E_g becomes the transition energy E. "kane": the other band is E_g + E
    away, E the confinement energy of the carrier alone. "fourth-order": in <k^2>, for the cubic average.

    Raises BandgError for an unknown law.
    """
    if law not in LAWS:
        raise BandgError(f"law {law!r} is unknown; choose one of {', '.join(LAWS)}")
    expression = bulk_g(edge, equal_momenta)
    if law == "effective-gap":
        return expression.subs(E_G, ENERGY)
    if law == "kane":
        # the hole's states lie below, the electron's above: either way the denominators grow by the energy
        return expression.subs(E_G, E_G + ENERGY)
    if law == "fourth-order":
        return expression + sp.Symbol("g_4") * sp.Symbol("k2")
    return expression


def evaluate(edge: str, values: dict[str, float], law: str = "bulk", energy: float = 0.0) -> float:
    """Number of a law for k.p parameters (see `bandg.kp.hamiltonian.PARAMETERS`).

    energy: transition energy in eV (effective-gap) or confinement energy (kane).
    """
    numbers = {symbol(name): value for name, value in (DEFAULTS | values).items()}
    expression = formula(edge, law, equal_momenta=False)
    return float(expression.subs({ENERGY: energy} | numbers | _constants()))


def at_gaps(edge: str, values: dict[str, float], gaps: np.ndarray) -> np.ndarray:
    """The bulk law at gaps (n,) in eV, all else as in the values; shape (n,)."""
    numbers = {symbol(name): value for name, value in (DEFAULTS | values).items() if name != "E_g"}
    expression = formula(edge, equal_momenta=False).subs(numbers | _constants())
    return np.asarray(sp.lambdify(E_G, expression, "numpy")(np.asarray(gaps, dtype=float)), dtype=float)


def mass(edge: str, values: dict[str, float]) -> float:
    """Effective mass of a band edge in m0, positive for the hole too, at second order."""
    numbers = {symbol(name): value for name, value in (DEFAULTS | values).items()}
    inverse = float(effective(edge).inverse_mass[0, 0].subs(numbers | _constants()))
    return (-1 if edge == "v" else 1) / inverse


def _constants() -> dict[sp.Symbol, float]:
    return {HBAR2_2M0: HBAR2_OVER_M0 / 2, G_FREE: G0}


def series(edge: str, values: dict[str, float]) -> Effective:
    """The fourth-order expansion of a band edge with numbers put in; nm and eV."""
    numbers = {name: sp.Float(value, 17) for name, value in (DEFAULTS | values).items()}
    return effective(edge, 4, **{name: numbers[name] for name in numbers if name not in ("delta", "epsilon")})


def fourth_order(edge: str, values: dict[str, float], wave_squared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energy in eV and g by the fourth-order law in a cube: <k_a^2> = wave_squared / 3, <k_a^4> its square.

    wave_squared: <k^2> = 3 (pi / L)^2 of a hard-wall cube in 1/nm^2, any shape. Returns energy (zero at k = 0), g.
    """
    found = series(edge, values)
    per_axis = np.asarray(wave_squared) / 3
    replace = {symbol: value for symbol, value in _constants().items()}
    inverse_mass = float(sp.N(found.inverse_mass[0, 0].subs(replace)))
    energy = HBAR2_OVER_M0 / 2 * inverse_mass * 3 * per_axis
    for letters, coefficient in found.quartic.items():
        if all(letters.count(axis) % 2 == 0 for axis in letters):
            energy = energy + float(sp.N(coefficient.subs(replace))) * per_axis**2
    g = float(sp.N(found.g[2, 2].subs(replace)))
    slope = sum(
        float(sp.N(found.g_quadratic[a, a][2, 2].subs(replace))) for a in range(3) if (a, a) in found.g_quadratic
    )
    return energy, g + slope * per_axis


def wave_squared(shape: str, size_nm: np.ndarray) -> np.ndarray:
    """<k^2> of the ground state in 1/nm^2: hard-wall cube of that edge or sphere of that diameter."""
    factor = {"cube": 3.0, "sphere": 4.0}[shape]
    return factor * (np.pi / np.asarray(size_nm)) ** 2


def confined(law: str, values: dict[str, float], shape: str, size_nm: np.ndarray) -> dict[str, np.ndarray]:
    """g_e, g_h, E_e, E_h of a law against size; energies from the 8-band dispersion along [111] at <k^2>.

    E_h is the energy of the valence state (below the band edge). Fourth order uses its own series for both.
    Raises BandgError for an unknown law or shape.
    """
    if law == "fourth-order" and shape != "cube":
        raise BandgError("the fourth-order law is that of a cube: a sphere has other moments of k; choose shape cube")
    if law not in LAWS[1:]:
        raise BandgError(f"law {law!r} is unknown here; choose one of {', '.join(LAWS[1:])}")
    k2 = wave_squared(shape, size_nm)
    chosen = DEFAULTS | values
    if law == "fourth-order":
        (down, g_h), (up, g_e) = (fourth_order(edge, values, k2) for edge in ("v", "c"))
        return {"E_h_eV": chosen["E_v"] + down, "E_e_eV": chosen["E_v"] + chosen["E_g"] + up, "g_h": g_h, "g_e": g_e}
    model = numeric(values)
    energies = np.linalg.eigvalsh(model.H(np.sqrt(k2 / 3)[:, None] * np.ones(3)))
    e_h, e_e = energies[:, 1], energies[:, 2]
    transition = e_e - e_h
    arguments = {
        "effective-gap": (transition, transition),
        "kane": (chosen["E_v"] - e_h, e_e - chosen["E_v"] - chosen["E_g"]),
    }[law]
    g_h, g_e = (
        np.array([evaluate(edge, values, law, float(x)) for x in argument])
        for edge, argument in zip(("v", "c"), arguments, strict=True)
    )
    return {"E_h_eV": e_h, "E_e_eV": e_e, "g_h": g_h, "g_e": g_e}


@lru_cache(maxsize=2)
def anisotropic_g_h() -> sp.ImmutableMatrix:
    """g tensor of R6+ with tetragonal and orthorhombic crystal field, second order, as an expression (3, 3).

    The six conduction states enter through their resolvent at the valence-band top, so no mixing angle is needed.
    """
    chosen = {name: value for name, value in _QUIET.items() if name not in ("delta", "epsilon")}
    constant, linear, _ = order_by_order(chosen)
    basis = sp.Matrix(rows())
    # in X, Y, Z with spin the matrix to invert falls into two 3 x 3 blocks
    order = [2, 4, 7, 3, 5, 6]
    turned = (basis * constant * basis.H).applyfunc(sp.simplify)
    block = -turned.extract(order, order)
    resolvent = sp.diag(block[:3, :3].inv(), block[3:, 3:].inv())
    vectors = [(matrix * basis.H).extract([0, 1], order).applyfunc(sp.simplify) for matrix in linear]
    spin = [matrix[:2, :2] for matrix in zeeman(chosen)]
    pauli = [sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[0, -sp.I], [sp.I, 0]]), sp.Matrix([[1, 0], [0, -1]])]

    def entry(s: int, axis: int) -> sp.Expr:
        a, b = (axis + 1) % 3, (axis + 2) % 3
        product = vectors[a] * resolvent * vectors[b].H - vectors[b] * resolvent * vectors[a].H
        moment = -sp.I * product / (2 * HBAR2_2M0) + spin[axis]
        return sp.factor(sp.simplify((pauli[s] * moment).trace()))

    return sp.ImmutableMatrix(3, 3, entry)


def anisotropic_g(edge: str, values: dict[str, float]) -> np.ndarray:
    """Principal values g_x, g_y, g_z of a band edge with crystal field, by the sum over the eight bands; shape (3,).

    The doublet is followed from the cubic one by its character; the sign is that of the determinant of g.
    """
    model = numeric(values)
    energies, states = np.linalg.eigh(model.h0)
    start = EDGES[edge]
    number = int(np.argmax([np.sum(np.abs(states[start : start + 2, 2 * n : 2 * n + 2]) ** 2) for n in range(4)]))
    mine = np.arange(2 * number, 2 * number + 2)
    other = np.setdiff1d(np.arange(8), mine)
    velocity = np.array([states.conj().T @ h @ states for h in model.h1])
    gap = energies[mine[0]] - energies[other]
    tensor = []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        v = velocity[:, mine][:, :, other]
        sum_over = (v[a] / gap) @ v[b].conj().T - (v[b] / gap) @ v[a].conj().T
        h2 = states.conj().T @ (model.h2[a, b] - model.h2[b, a]) @ states
        moment = -1j * (sum_over + h2[np.ix_(mine, mine)]) / HBAR2_OVER_M0
        tensor.append(moment + (states.conj().T @ model.zeeman[axis] @ states)[np.ix_(mine, mine)])
    g = np.array([[np.real(np.trace(p @ m)) for m in tensor] for p in _pauli()])
    sign = np.sign(np.linalg.det(g)) or 1.0
    return sign * np.sqrt(np.clip(np.diag(g.T @ g), 0, None))


def _pauli() -> np.ndarray:
    return np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def describe(expression: sp.Expr, latex: bool = False) -> str:
    """A law as text or LaTeX; c = hbar^2 / 2 m0, P = hbar p / m0."""
    return sp.latex(expression) if latex else str(expression)
