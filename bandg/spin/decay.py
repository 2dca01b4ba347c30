"""Spin signals of an ensemble: precession, and the decays that a spread of g or frozen nuclei cause.

Times are in ns, angular frequencies and rates in rad/ns, fields in T. T2* is the time in which a signal falls to 1/e.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.units import HBAR, MU_B

Floats = NDArray[np.float64]

MU_B_OVER_HBAR = MU_B / HBAR * 1e3
"""mu_B / hbar in rad/ns/T (87.941)."""

DECAYS = ("exponential", "gaussian", "nuclear")
"""Lorentzian spread of g, Gaussian spread of g, frozen nuclear field."""

_SMALL = 0.02
"""omega / delta below which the closed form of the frozen nuclear field loses digits."""

_OVER = 80.0
"""(delta t)^2 from which on nothing turns any more."""


class Pair(NamedTuple):
    """Signal of a spin that starts along the light, and along light x field. Both have the shape of the times."""

    cosine: Floats
    sine: Floats


def larmor(g: ArrayLike, field_T: ArrayLike) -> Floats:
    """Angular frequency abs(g) mu_B B / hbar in rad/ns."""
    return np.asarray(MU_B_OVER_HBAR * np.abs(g) * np.asarray(field_T, dtype=float))


def kubo_toyabe(time_ns: ArrayLike, delta: float) -> Floats:
    """Static Gaussian Kubo-Toyabe function: frozen nuclei without an external field.

    1/3 + 2/3 (1 - delta^2 t^2) exp(-delta^2 t^2 / 2), the average of Merkulov, Efros and Rosen, PRB 65, 205309 (2002).
    delta: standard deviation of each component of the nuclear precession vector, rad/ns.
    """
    x = np.square(delta * np.asarray(time_ns, dtype=float))
    return np.asarray(1 / 3 + 2 / 3 * (1 - x) * np.exp(-x / 2))


def nuclear_constant(omega: float, delta: float) -> float:
    """<n_z^2>: the part of the frozen-nuclei signal that neither turns nor decays; 1/3 without a field."""
    from scipy.special import dawsn

    if omega < _SMALL * delta:
        return 1 / 3 - (omega / delta) ** 2 / 15
    x = delta / omega
    return float(x**2 - math.sqrt(2) * x**3 * dawsn(1 / (math.sqrt(2) * x)))


class Nuclear(NamedTuple):
    """Signal with frozen nuclei, and its derivatives by omega and by 1/T2*^2 = delta^2 / 2."""

    pair: Pair
    by_omega: Pair
    by_square: Pair


def nuclear(time_ns: ArrayLike, omega: float, delta: float) -> Pair:
    """Frozen Gaussian nuclear field and a field omega across the light.

    <n_z^2 + (1 - n_z^2) cos(abs(Omega) t)> over Omega = omega x + nuclear, in closed form: with
    E = exp(-delta^2 t^2 / 2) it is
    (delta/omega)^2 (1 - E cos) + E (cos - delta^2 t / omega sin) - delta^4/omega^3 int_0^t E sin(omega s) ds, and
    the integral is a difference of Faddeeva functions. The sine is that of a spin that starts along y,
    <n_x sin(abs(Omega) t)> = E (sin + delta^2 t / omega cos - (delta / omega)^2 sin).
    """
    return nuclear_with_slopes(time_ns, omega, delta).pair


def nuclear_with_slopes(time_ns: ArrayLike, omega: float, delta: float) -> Nuclear:
    """The signal of `nuclear` and its derivatives; those are approximate for omega below 0.02 delta."""
    t = np.asarray(time_ns, dtype=float)
    q = max(delta, 1e-9) ** 2
    least = _SMALL * math.sqrt(q)
    if omega < least:  # even in omega, odd for the sine: between no field and the smallest that the formula is good for
        share, upper = (omega / least) ** 2, nuclear_with_slopes(t, least, delta)
        still, fall = kubo_toyabe(t, delta), (q * t**2 - 3) * t**2 * np.exp(-q * t**2 / 2) * 2 / 3
        pair, slope = upper.pair, upper.by_square
        return Nuclear(
            Pair((1 - share) * still + share * pair.cosine, np.asarray(omega / least * pair.sine)),
            Pair(2 * omega / least**2 * (pair.cosine - still), np.asarray(pair.sine / least)),
            Pair((1 - share) * fall + share * slope.cosine, np.asarray(omega / least * slope.sine)),
        )
    late = q * t**2 > _OVER
    if not late.any():
        return _closed_form(t, omega, q)
    short = _closed_form(np.append(t[~late], 2 * math.sqrt(_OVER / q)), omega, q)
    return Nuclear(*(Pair(*(_filled(part, late) for part in pair)) for pair in short))


def _filled(short: Floats, late: NDArray[np.bool_]) -> Floats:
    """The values at early times where these are, and the last value at the late ones."""
    whole = np.full(late.shape, short[-1])
    whole[~late] = short[:-1]
    return whole


def _closed_form(t: Floats, omega: float, q: float) -> Nuclear:
    """q: square of delta."""
    from scipy.special import wofz

    decay = np.exp(-q * t**2 / 2)
    cos, sin = decay * np.cos(omega * t), decay * np.sin(omega * t)
    root = math.sqrt(2 * q)
    late = wofz((omega + 1j * q * t) / root) * (cos + 1j * sin)
    integral = math.sqrt(math.pi / (2 * q)) * np.imag(wofz(omega / root) - late)  # int_0^t E sin(omega s) ds
    first = (1 - cos - omega * integral) / q  # int s E cos(omega s) ds
    x2, slope, half = q / omega**2, q * t / omega, t**2 / 2
    cosine = x2 * (1 - cos) + cos - slope * sin - x2**2 * omega * integral
    sine = sin + slope * cos - x2 * sin
    by_omega = Pair(
        (2 * x2 - 1) * t * sin - slope * t * cos - 2 * x2 / omega * (1 - cos) + x2**2 * (3 * integral - omega * first),
        (1 - 2 * x2) * t * cos - slope * t * sin + 2 * x2 / omega * sin,
    )
    by_square = Pair(
        2 * ((1 - cos) / omega**2 + (x2 - 1) * half * cos - t / omega * sin + slope * half * sin)
        + (x2 / omega) * (omega * first - t * sin - 3 * integral),
        2 * ((x2 - 1) * half * sin + t / omega * cos - slope * half * cos - sin / omega**2),
    )
    return Nuclear(Pair(cosine, sine), by_omega, by_square)


def exponential(time_ns: ArrayLike, omega: float, rate: float) -> Pair:
    """Lorentzian spread of g (rates add), or any other exponential decay. rate: 1/T2* in 1/ns."""
    t = np.asarray(time_ns, dtype=float)
    decay = np.exp(-rate * t)
    return Pair(decay * np.cos(omega * t), decay * np.sin(omega * t))


def gaussian(time_ns: ArrayLike, omega: float, square: float) -> Pair:
    """Gaussian spread of g: exp(-(t/T2*)^2). square: 1/T2*^2 in 1/ns^2, (dg mu_B B / hbar)^2 / 2 of a spread."""
    t = np.asarray(time_ns, dtype=float)
    decay = np.exp(-square * t**2)
    return Pair(decay * np.cos(omega * t), decay * np.sin(omega * t))


def spread_rate(dg: float, field_T: float) -> float:
    """Decay rate dg mu_B B / hbar of a Lorentzian spread with half width dg, 1/ns."""
    return MU_B_OVER_HBAR * dg * field_T


def spread_square(dg: float, field_T: float) -> float:
    """1/T2*^2 of a Gaussian spread with standard deviation dg, 1/ns^2."""
    return (MU_B_OVER_HBAR * dg * field_T) ** 2 / 2


def t2_star(decay: str, at_zero: float, dg: float, field_T: ArrayLike) -> Floats:
    """T2* in ns against field.

    Rates add for a Lorentzian spread, 1/T2*(B) = 1/T2*(0) + dg mu_B B / hbar (Eq. (3) of meliakov2025), and squares of
    rates for a Gaussian one. at_zero: T2*(0) in ns. With nuclei it is sqrt(2)/delta and holds in fields above theirs.
    """
    field = np.asarray(field_T, dtype=float)
    if decay == "exponential":
        return np.asarray(1 / (1 / at_zero + MU_B_OVER_HBAR * dg * field))
    return np.asarray(1 / np.sqrt(1 / at_zero**2 + (MU_B_OVER_HBAR * dg * field) ** 2 / 2))


def anisotropic(time_ns: ArrayLike, field_T: float, tensor: ArrayLike, nodes: int = 24) -> Floats:
    """Signal of crystals with one g tensor and axes at random: <n_z^2 + (1 - n_z^2) cos(abs(Omega) t)>.

    H = (mu_B/2) sigma . g B, so that the spin turns about Omega = (mu_B/hbar) g B. Pump and probe go along z, the field
    along x, and the pseudospin is taken along the light: selection rules of a tilted crystal are left out.
    tensor: (3, 3) in axes of the crystal, or three principal values. nodes: of each of the three Euler angles; more are
    needed where the spread of frequencies times the time exceeds about nodes / 2.
    """
    from scipy.spatial.transform import Rotation

    t = np.asarray(time_ns, dtype=float)
    g = np.asarray(tensor, dtype=float)
    g = np.diag(g) if g.ndim == 1 else g
    cosines, weights = np.polynomial.legendre.leggauss(nodes)
    angles = 2 * np.pi * np.arange(nodes) / nodes
    first, second, third = np.meshgrid(angles, np.arccos(cosines), angles, indexing="ij")
    turned = Rotation.from_euler("ZYZ", np.stack([first, second, third], -1).reshape(-1, 3)).as_matrix()
    weight = np.broadcast_to(weights[None, :, None], first.shape).ravel() / (2 * nodes**2)
    vector = MU_B_OVER_HBAR * field_T * (turned @ g @ turned.transpose(0, 2, 1))[:, :, 0]
    size = np.linalg.norm(vector, axis=1)
    along = np.square(np.divide(vector[:, 2], size, out=np.zeros_like(size), where=size > 0))
    turning = np.tensordot((1 - along) * weight, np.cos(np.multiply.outer(size, t)), axes=1)
    return np.asarray(np.sum(along * weight) + turning)
