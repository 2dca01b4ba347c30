"""g-factors as functions of gap and confinement, obtained from the derivation in `bandg.models.kp.derive`.

The bulk laws are those of Kirstein et al. [kirstein2022] when P6 = P8 and the remote bands sit in dg_c alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from bandg.base.errors import BandgError
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.models.kp.derive import effective
from bandg.models.kp.hamiltonian import G_FREE, HBAR2_2M0, symbol
from bandg.models.kp.matrices import DEFAULTS, numeric

LAWS = ("bulk", "effective-gap", "kane", "fourth-order")
"""The laws that `confined_g` knows."""

E_G = symbol("E_g")
ENERGY = sp.Symbol("E", real=True)
"""Transition energy E_e - E_h (effective gap) or confinement energy (Kane)."""

K2 = sp.Symbol("k2", positive=True)
"""<k^2> in 1/nm^2 of the fourth-order law."""


@lru_cache(maxsize=4)
def bulk_g(edge: str, equal_momenta: bool = True) -> sp.Expr:
    """g of a band edge, "v" or "c", term by term, in E_g, Delta, P6, P8 (or P where equal) and c = hbar^2 / 2 m0."""
    expression = effective(edge).g[2, 2]
    if equal_momenta:
        expression = expression.subs({symbol("P6"): symbol("P"), symbol("P8"): symbol("P")})
    return sp.Add(*(sp.factor(term) for term in sp.Add.make_args(sp.expand(sp.apart(expression, E_G)))))


def formula(edge: str, law: str = "bulk", equal_momenta: bool = True) -> sp.Expr:
    """A law as an expression. "effective-gap": E_g becomes the transition energy E. "kane": the other band is E_g + E
    away, E the confinement energy of the carrier alone. "fourth-order": in k2 = <k^2>, equal along x, y and z.

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
        return expression + K2 * slope(edge, equal_momenta)
    return expression


@lru_cache(maxsize=4)
def slope(edge: str, equal_momenta: bool = True) -> sp.Expr:
    """dg / d<k^2> of a band edge in nm^2 at fourth order in k, term by term in the parameters other than energies."""
    found = effective(edge, 4).invariants
    third = sp.Rational(1, 3)
    equal = {symbol("P6"): symbol("P"), symbol("P8"): symbol("P")} if equal_momenta else {}
    parts: dict[sp.Expr, sp.Expr] = {}
    for name, weight in (("g_k2", sp.S.One), ("g_kk", third), ("g_cubic", third)):
        for term in sp.Add.make_args(found[name].subs(equal)):
            outside = term.free_symbols - {E_G, symbol("Delta"), HBAR2_2M0}
            energies, letters = term.as_independent(*outside, as_Add=False)
            parts[letters] = parts.get(letters, sp.S.Zero) + weight * energies
    return sp.Add(*(letters * sp.factor(energies) for letters, energies in parts.items()))


def _cubic_only(values: dict[str, float]) -> None:
    if values.get("delta") or values.get("epsilon"):
        raise BandgError("the laws are those of the cubic crystal: delta and epsilon must be zero")


def evaluate(
    edge: str, values: dict[str, float], law: str = "bulk", energy: float = 0.0, wave_squared: float = 0.0
) -> float:
    """Number of a law for k.p parameters (see `bandg.models.kp.matrices.PARAMETERS`) of the cubic crystal.

    energy: transition energy in eV (effective-gap) or confinement energy (kane). wave_squared: <k^2> in 1/nm^2
    (fourth-order). Raises BandgError for a set with a crystal field: see `bandg.models.kp.crystal_field`.
    """
    _cubic_only(values)
    chosen = DEFAULTS | values
    return float(_number(edge, law)(energy, wave_squared, *(chosen[name] for name in DEFAULTS)))


@lru_cache(maxsize=8)
def _number(edge: str, law: str) -> Callable[..., Any]:
    expression = formula(edge, law, equal_momenta=False).subs(_constants())
    return sp.lambdify([ENERGY, K2, *map(symbol, DEFAULTS)], expression, "math")


def at_gaps(edge: str, values: dict[str, float], gaps: np.ndarray) -> np.ndarray:
    """The bulk law at gaps (n,) in eV, all else as in the values; shape (n,)."""
    numbers = {symbol(name): value for name, value in (DEFAULTS | values).items() if name != "E_g"}
    expression = formula(edge, equal_momenta=False).subs(numbers | _constants())
    return np.asarray(sp.lambdify(E_G, expression, "numpy")(np.asarray(gaps, dtype=float)), dtype=float)


def mass(edge: str, values: dict[str, float]) -> float:
    """Effective mass in m0 at second order, positive for the hole too. Raises BandgError for a crystal field."""
    _cubic_only(values)
    chosen = DEFAULTS | values
    return (-1 if edge == "v" else 1) / float(_inverse_mass(edge)(*(chosen[name] for name in DEFAULTS)))


@lru_cache(maxsize=2)
def _inverse_mass(edge: str) -> Callable[..., Any]:
    return sp.lambdify([*map(symbol, DEFAULTS)], effective(edge).inverse_mass[0, 0].subs(_constants()), "math")


def _constants() -> dict[sp.Symbol, float]:
    return {HBAR2_2M0: HBAR2_OVER_M0 / 2, G_FREE: G0}


def series(edge: str, values: dict[str, float]) -> dict[str, float]:
    """The fourth-order expansion of a band edge in numbers: inverse_mass (1/m0, negative where the band falls), g, and
    the coefficients of `Effective.invariants`. Raises BandgError as `evaluate`.
    """
    _cubic_only(values)
    names = [name for name in DEFAULTS if name not in ("delta", "epsilon")]
    chosen = DEFAULTS | values
    return {name: float(f(*(chosen[n] for n in names))) for name, f in _series(edge, tuple(names)).items()}


@lru_cache(maxsize=2)
def _series(edge: str, names: tuple[str, ...]) -> dict[str, Callable[..., Any]]:
    found = effective(edge, 4)
    expressions = {"inverse_mass": found.inverse_mass[0, 0], "g": found.g[2, 2]} | found.invariants
    letters = [symbol(name) for name in names]
    return {name: sp.lambdify(letters, x.subs(_constants()), "math") for name, x in expressions.items()}


_QUARTIC = {"cube": 1 / 3, "sphere": 1 / 5}
"""<k_x^2 k_y^2 + k_y^2 k_z^2 + k_z^2 k_x^2> / <k^2>^2: product of sines, and plane waves of all directions."""


def fourth_order(
    edge: str, values: dict[str, float], wave_squared: np.ndarray, shape: str = "cube"
) -> tuple[np.ndarray, np.ndarray]:
    """Energy in eV and g by the fourth-order law: averages over the ground state of an empty cube or sphere.

    wave_squared: <k^2> in 1/nm^2, any shape, whose square is <k^4>. Returns energy (zero at k = 0) and g.
    """
    found = series(edge, values)
    k2 = np.asarray(wave_squared)
    quartic = found["k4"] + _QUARTIC[shape] * found["k4_cubic"]
    energy = HBAR2_OVER_M0 / 2 * found["inverse_mass"] * k2 + quartic * k2**2
    return energy, found["g"] + (found["g_k2"] + (found["g_kk"] + found["g_cubic"]) / 3) * k2


def effective_parameters(values: dict[str, float]) -> dict[str, float]:
    """m_h, m_e, g_h, g_e of an 8-band set: what one band is left with when all others are folded in."""
    masses = {name: mass(edge, values) for name, edge in (("m_h", "v"), ("m_e", "c"))}
    return masses | {name: evaluate(edge, values) for name, edge in (("g_h", "v"), ("g_e", "c"))}


def eight_band_parameters(values: dict[str, float], **wanted: float) -> dict[str, float]:
    """The 8-band set whose band edges have the wanted m_h, m_e (m0), g_h, g_e: the inverse of `effective_parameters`.

    What the eight bands give is taken off the wanted numbers; the remainder goes to a_v, a_6, dg_v, dg_c, so that
    nothing is counted twice. Raises BandgError for another name or a mass that is not above zero.
    """
    result = DEFAULTS | values
    for name, number in wanted.items():
        if name not in _REMOTE:
            raise BandgError(f"{name!r} is not a band-edge parameter; choose one of {', '.join(_REMOTE)}")
        remote, edge, sign = _REMOTE[name]
        if name.startswith("m_"):
            if not number > 0:
                raise BandgError(f"{name} must be above zero, not {number:g}")
            result[remote] += sign / number - sign / mass(edge, result)
        else:
            result[remote] += number - evaluate(edge, result)
    return result


_REMOTE = {"m_h": ("a_v", "v", -1), "m_e": ("a_6", "c", 1), "g_h": ("dg_v", "v", 1), "g_e": ("dg_c", "c", 1)}
"""The remote-band parameter that takes the remainder of each effective one, its edge, the sign of its inverse mass."""


def wave_squared(shape: str, size_nm: np.ndarray) -> np.ndarray:
    """<k^2> of the ground state in 1/nm^2: hard-wall cube of that edge or sphere of that diameter."""
    factor = {"cube": 3.0, "sphere": 4.0}[shape]
    return factor * (np.pi / np.asarray(size_nm)) ** 2


def confined(law: str, values: dict[str, float], shape: str, size_nm: np.ndarray) -> dict[str, np.ndarray]:
    """g_e, g_h, E_e, E_h of a law against size; energies from the 8-band dispersion along [111] at <k^2>.

    E_h is the energy of the valence state (below the band edge). Fourth order uses its own series for both.
    Raises BandgError for an unknown law or a crystal field.
    """
    if law not in LAWS[1:]:
        raise BandgError(f"law {law!r} is unknown here; choose one of {', '.join(LAWS[1:])}")
    k2 = wave_squared(shape, size_nm)
    chosen = DEFAULTS | values
    if law == "fourth-order":
        (down, g_h), (up, g_e) = (fourth_order(edge, values, k2, shape) for edge in ("v", "c"))
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


def describe(expression: sp.Expr, latex: bool = False) -> str:
    """A law as text or LaTeX; c = hbar^2 / 2 m0, P = hbar p / m0."""
    return sp.latex(expression) if latex else str(expression)
