"""An emulator: band edges and g-factors of nanocrystals as polynomials in knobs, size by size.

For every size and output: value = sum over terms of coefficient * product over knobs of t^exponent, with
t = 2 (x^p - low^p) / (high^p - low^p) - 1 of each knob x and its power p. Between the sizes each output is a monotone
cubic (`bandg.base.monotone`) of 1 / size. The transition energy is E_e - E_h, and with 1 / eps of the exciton it is
that plus `bandg.models.exciton.exciton_shift`. A relative standard deviation s of the sizes makes each number the mean
over the sizes L (1 - sqrt(3) s), L, L (1 + sqrt(3) s) with the weights 1/6, 2/3, 1/6: the Gauss-Hermite rule of a
Gaussian, exact up to the fifth order in s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.decode import decode
from bandg.base.errors import BandgError
from bandg.base.monotone import monotone_cubic
from bandg.base.text import nearest, one_line
from bandg.base.units import E2_EV_NM
from bandg.models.exciton import CORRELATION, COULOMB, RYDBERG_EV, exciton_shift

Array = NDArray[np.float64]

OUTPUTS = ("E_e_eV", "E_h_eV", "g_e", "g_h")
"""What is emulated."""

MAX_SPREAD = 0.2
"""Largest relative standard deviation of the sizes."""

LEAST_OVERLAP = 0.5
"""Overlap of a band edge with that of the bulk below which it may be another level, as `bandg compute` warns."""

_NODES = np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0])
_WEIGHTS = np.array([1 / 6, 2 / 3, 1 / 6])
_SLACK = 1e-9


@dataclass(frozen=True)
class Knob:
    """A number that changes nanocrystals, from `low` to `high` in `unit` ("" for a plain number).

    power: the polynomials are in x^power, 2 for what is even in x. size_change: relative change of all sizes from
    `low` to `high`, in proportion to x^power.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    default: float
    power: int = 1
    size_change: float = 0.0

    def scaled(self, value: ArrayLike) -> Array:
        """t of a value: -1 at `low`, 1 at `high`."""
        low, high = self.low**self.power, self.high**self.power
        return 2 * (np.asarray(value, dtype=float) ** self.power - low) / (high - low) - 1

    def value(self, t: float) -> float:
        """The value at t."""
        low, high = self.low**self.power, self.high**self.power
        found = low + (high - low) * (t + 1) / 2
        return float(found if self.power == 1 else found ** (1 / self.power))


@dataclass(frozen=True)
class Exciton:
    """What `bandg.models.exciton.exciton_shift` needs, in numbers.

    mu: reduced mass in m0 of the set as it is. radius_per_size: radius of the sphere with the same Coulomb integral,
    over the size. inverse_eps_low, inverse_eps_high: range of 1 / eps. The shift in eV of a size L in nm is
    min(-coulomb * e2_eV_nm * x / (radius_per_size * L) - correlation * R, -R), x = 1 / eps, R = mu * rydberg_eV * x^2.
    """

    mu: float
    radius_per_size: float
    inverse_eps_low: float = 0.0
    inverse_eps_high: float = 1 / 4.4
    inverse_eps_default: float = 0.0
    coulomb: float = COULOMB
    correlation: float = CORRELATION
    rydberg_eV: float = RYDBERG_EV
    e2_eV_nm: float = E2_EV_NM


@dataclass(frozen=True)
class Check:
    """Computed nanocrystals that no fit has seen.

    values: of the knobs, (d,). size_nm: their sizes, (m,). outputs: OUTPUTS, (4, m). overlap: the smaller of those of
    electron and hole with the band edges of the bulk, (m,).
    """

    values: tuple[float, ...]
    size_nm: tuple[float, ...]
    outputs: tuple[tuple[float, ...], ...]
    overlap: tuple[float, ...]


@dataclass(frozen=True)
class EmulatedCurve:
    """Emulated nanocrystals by size, arrays of shape (n,): nm, eV, and g-factors."""

    size_nm: Array
    energy_eV: Array
    E_e_eV: Array
    E_h_eV: Array
    g_e: Array
    g_h: Array

    @property
    def g_bx(self) -> Array:
        """g_e + g_h."""
        return self.g_e + self.g_h


@dataclass(frozen=True)
class Emulator:
    """Polynomials of one set, shape and termination.

    Parameters
    ----------
    set, shape, termination : str
        What was computed.
    sizes_cells, size_nm : tuple
        The sizes, ascending, length n: edges of cubes, and of spheres the diameters that were asked for, in cells, and
        those of the balls with the volume of their cells, in nm.
    knobs : tuple of Knob
        Length d.
    exponents : tuple
        Exponent of each knob in each term, (n_terms, d).
    outputs : tuple of str
        OUTPUTS.
    coefficients : tuple
        (4, n, n_terms).
    error_rms, error_max : tuple
        Root mean square and largest of the errors at computed nanocrystals that were left out, (4, n), sizes between
        among them. Tilted ones count at sizes that were not computed too: as they follow from their own smaller sizes
        and their own bulk.
    band : tuple or None
        Standard errors that the fit of the set leaves with all knobs at their default, (4, n); those of g at fixed
        transition energy.
    exciton : Exciton
    made_by : mapping
        Version, digest of the set, and number of computed nanocrystals.
    a_nm : float
        The lattice constant at which the sizes are given.
    overlap : tuple
        Coefficients of the smallest overlap of electron or hole with the band edges of the bulk, (n_terms,): of the
        small sizes and, by a straight line, at the first large size; of a third of the points at all computed sizes.
        It is that of the cubic crystal: a tilt is ignored. Where it is below LEAST_OVERLAP, the band edge may be
        another level at some size, and the emulator does not hold.
    computed_cells : int or None
        The largest size that was computed; larger ones near the bulk as `bandg.analysis.emulators.beyond`.
    checks : tuple of Check
        The nanocrystals that were left out.
    """

    set: str
    shape: str
    termination: str
    sizes_cells: tuple[int, ...]
    size_nm: tuple[float, ...]
    knobs: tuple[Knob, ...]
    exponents: tuple[tuple[int, ...], ...]
    outputs: tuple[str, ...]
    coefficients: tuple[tuple[tuple[float, ...], ...], ...]
    error_rms: tuple[tuple[float, ...], ...]
    error_max: tuple[tuple[float, ...], ...]
    band: tuple[tuple[float, ...], ...] | None
    exciton: Exciton
    made_by: dict[str, str]
    a_nm: float
    overlap: tuple[float, ...]
    computed_cells: int | None = None
    checks: tuple[Check, ...] = ()

    def values(self, knobs: Mapping[str, float] | None = None) -> Array:
        """Values of all knobs in their order, (d,); those that are not given have their default. Raises BandgError."""
        given = dict(knobs or {})
        known = [one.name for one in self.knobs]
        for name in given:
            if name not in known:
                raise BandgError(
                    one_line(f"there is no knob {name!r}{nearest(name, known)}; there are {', '.join(known)}")
                )
        found = np.array([float(given.get(one.name, one.default)) for one in self.knobs])
        for one, value in zip(self.knobs, found, strict=True):
            slack = _SLACK * (one.high - one.low)
            if not one.low - slack <= value <= one.high + slack:
                raise BandgError(f"{one.name} must lie between {one.low:g} and {one.high:g}, not {value:g}")
        return found

    def levels(self, values: ArrayLike) -> Array:
        """OUTPUTS at values (..., d) of the knobs, shape (..., 4, n)."""
        terms = powers(self._scaled(values), self._exponents)
        return np.einsum("...t,ont->...on", terms, self._coefficients)

    def holds(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Whether the band edges at values (..., d) of the knobs are the levels that are emulated, shape (...)."""
        return self.least_overlap(values) >= LEAST_OVERLAP

    def least_overlap(self, values: ArrayLike) -> Array:
        """The smallest overlap of the band edges with those of the bulk at values (..., d) of the knobs, (...)."""
        return np.asarray(powers(self._scaled(values), self._exponents) @ np.array(self.overlap))

    def sizes(self, values: ArrayLike) -> Array:
        """Sizes in nm at values (..., d) of the knobs, shape (..., n)."""
        change = np.array([one.size_change for one in self.knobs])
        factor = np.prod(1 + change * (self._scaled(values) + 1) / 2, axis=-1)
        return np.asarray(factor)[..., None] * np.array(self.size_nm)

    def _scaled(self, values: ArrayLike) -> Array:
        """t of the knobs (..., d)."""
        x = np.asarray(values, dtype=float)
        columns = [one.scaled(x[..., k]) for k, one in enumerate(self.knobs)]
        return np.stack(columns, axis=-1) if columns else x

    def evaluate(
        self,
        knobs: Mapping[str, float] | None = None,
        inverse_eps: float = 0.0,
        size_spread: float = 0.0,
        size_nm: ArrayLike | None = None,
    ) -> EmulatedCurve:
        """The curve at values of the knobs.

        Parameters
        ----------
        knobs : mapping
            Value by name; the others have their default.
        inverse_eps : float
            1 / eps of the exciton; 0 is the transition energy E_e - E_h without binding.
        size_spread : float
            Relative standard deviation of the sizes, over which every number is averaged.
        size_nm : array_like, shape (m,)
            Sizes in nm.

        Returns
        -------
        EmulatedCurve
            Its sizes are `size_nm`, by default those of the emulator at these values of the knobs. NaN where a size, or
            with `size_spread` one of the three that are averaged, lies outside of the emulator.

        Raises
        ------
        BandgError
            For an unknown knob and for a value outside of its range.
        """
        if not 0 <= inverse_eps <= 1:
            raise BandgError(f"inverse_eps must lie between 0 and 1, not {inverse_eps:g}")
        if not 0 <= size_spread <= MAX_SPREAD:
            raise BandgError(f"size_spread must lie between 0 and {MAX_SPREAD:g}, not {size_spread:g}")
        values = self.values(knobs)
        table, known = self.levels(values), self.sizes(values)
        sizes = known if size_nm is None else np.asarray(size_nm, dtype=float)
        nodes, weights = (_NODES, _WEIGHTS) if size_spread else (np.zeros(1), np.ones(1))
        mean = np.zeros((5, len(sizes)))
        for node, weight in zip(nodes, weights, strict=True):
            own = sizes * (1 + size_spread * node)
            found = between_sizes(known, table, own)
            mean += weight * np.array([self.transition(found[0] - found[1], own, inverse_eps), *found])
        return EmulatedCurve(sizes, *mean)

    def transition(self, gap_eV: Array, size_nm: Array, inverse_eps: ArrayLike) -> Array:
        """The transition energy in eV of E_e - E_h at sizes in nm, all as numpy broadcasts them."""
        return gap_eV + exciton_shift(self.exciton.radius_per_size * size_nm, inverse_eps, self.exciton.mu)

    @cached_property
    def _exponents(self) -> NDArray[np.int64]:
        return np.array(self.exponents, dtype=np.int64).reshape(len(self.exponents), len(self.knobs))

    @cached_property
    def _coefficients(self) -> Array:
        return np.array(self.coefficients)

    def to_json(self) -> str:
        """As JSON text that `from_json` reads."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"


def from_json(text: str) -> Emulator:
    """The emulator of a text that `Emulator.to_json` has made. Raises BandgError for another text."""
    try:
        return decode(Emulator, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BandgError(one_line(f"this is no emulator of bandg: {error}")) from None


def powers(t: Array, exponents: NDArray[np.int64]) -> Array:
    """Product over knobs of t^exponent: t (..., d), exponents (n_terms, d), shape (..., n_terms)."""
    return np.asarray(np.prod(np.asarray(t)[..., None, :] ** exponents, axis=-1))


def between_sizes(size_nm: Array, values: Array, at_nm: Array) -> Array:
    """Values (k, n) at ascending sizes (n,) as monotone cubics of 1 / size, at sizes (m,): (k, m); NaN outside."""
    return monotone_cubic(1 / size_nm[::-1], values[:, ::-1], _inside(1 / size_nm, 1 / at_nm))


def _inside(x: Array, at: Array) -> Array:
    """The places, those at an end within rounding at the end."""
    low, high = x.min(), x.max()
    close = _SLACK * (high - low)
    return np.where(np.abs(at - low) < close, low, np.where(np.abs(at - high) < close, high, at))
