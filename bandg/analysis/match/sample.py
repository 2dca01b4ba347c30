"""The measured numbers of one sample: transition energy, g-factors and size, each with an error."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.arguments import number
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, Value
from bandg.data.measured import LARGEST_EV, MeasuredPoint
from bandg.data.understood import LARGEST_G

Array = NDArray[np.float64]

ENERGY_ERROR_EV = 0.01
"""Error of a transition energy without a stated one: assumed. Correlation of a charged exciton, which no curve has, is
5 to 20 meV."""

G_ERROR = 0.1
"""Error of a g-factor without a stated one: assumed, as in `bandg infer`."""

SIZE_ERROR = 0.1
"""Relative error of a size without a stated one: assumed."""

OUTPUTS = ("energy_eV", "g_e", "g_h", "size_nm")
"""What a nanocrystal predicts, in the order of all arrays."""

_ROWS = {
    "energy_eV": (1, 0, 0, 0),
    "g_e": (0, 1, 0, 0),
    "g_h": (0, 0, 1, 0),
    "g_bx": (0, 1, 1, 0),
    "size_nm": (0, 0, 0, 1),
}
"""Each measured quantity as a sum of OUTPUTS."""

_UNITS = {"energy_eV": ("energy", "eV", "1.911+-0.01eV"), "size_nm": ("size", "nm", "10+-1nm")}
_BARS = re.compile(r"\s*\|(.+)\|(.*)", re.DOTALL)
_G = ("g_e", "g_h", "g_bx")


@dataclass(frozen=True)
class Datum:
    """One measured number: quantity is "energy_eV", "size_nm", or a g-factor, "abs_..." where the sign is not known.

    error: one standard deviation. assumed: whether bandg has assumed it.
    """

    quantity: str
    value: float
    error: float
    assumed: bool = False

    @property
    def name(self) -> str:
        """The quantity without "abs_"."""
        return self.quantity.removeprefix("abs_")

    def __str__(self) -> str:
        unit = self.quantity.rpartition("_")[2] if self.quantity in _UNITS else ""
        text = "E" if self.quantity == "energy_eV" else self.quantity.removesuffix("_nm")
        text = f"|{self.name}|" if self.name != self.quantity else text
        return f"{text} = {self.value:g} +- {self.error:.3g}{' ' * bool(unit)}{unit}{' (assumed)' * self.assumed}"


@dataclass(frozen=True)
class Sample:
    """One sample at one transition energy.

    name: "" for one without a name. data: the energy first. spreads: standard deviations of g within the sample, "g_e"
    and "g_h". material: "" where it is not stated.
    """

    name: str
    data: tuple[Datum, ...]
    spreads: tuple[tuple[str, float], ...] = ()
    material: str = ""

    @property
    def energy_eV(self) -> float:
        """The transition energy."""
        return self.data[0].value

    @property
    def design(self) -> Array:
        """(n, 4): the measured numbers as sums of OUTPUTS."""
        return np.array([_ROWS[one.name] for one in self.data], dtype=float)

    @property
    def error(self) -> Array:
        """(n,)."""
        return np.array([one.error for one in self.data])

    def signed(self) -> Iterator[Array]:
        """The measured numbers (n,), once for each choice of the signs that are not known."""
        values = np.array([one.value for one in self.data])
        unknown = [n for n, one in enumerate(self.data) if one.quantity != one.name and one.value != 0]
        for choice in range(1 << len(unknown)):
            signs = np.ones(len(values))
            signs[[n for k, n in enumerate(unknown) if choice >> k & 1]] = -1
            yield signs * values

    def to_dict(self) -> dict[str, Any]:
        """As plain types."""
        return asdict(self) | {"spreads": dict(self.spreads)}


def sample_of(
    energy: Any = None, g_e: Any = None, g_h: Any = None, g_bx: Any = None, size: Any = None, **spreads: Any
) -> Sample:
    """The sample of arguments as text or numbers. spreads: dg_e, dg_h. Raises BandgError."""
    if energy is None:
        raise BandgError("`energy` is missing: give the transition energy, as 1.911+-0.01eV")
    given = {"energy_eV": energy, "g_e": g_e, "g_h": g_h, "g_bx": g_bx, "size_nm": size}
    data = tuple(datum(name, value) for name, value in given.items() if value is not None)
    if not any(one.name in _G for one in data):
        raise BandgError("no g-factor is given, and an energy alone says little: add `g_e`, `g_h` or `g_bx`")
    return Sample(
        "", data, tuple((name[1:], _spread(name, value)) for name, value in spreads.items() if value is not None)
    )


def datum(quantity: str, given: Any) -> Datum:
    """One number from "1.41+-0.05", "|1.41|", a number, or a pair of value and error. Raises BandgError."""
    name, unit, example = _UNITS.get(quantity, (quantity, "", "1.41+-0.05"))
    grammar = Grammar(f"`{name}`", example, (unit,), lambda value: _problem(quantity, value))
    if isinstance(given, tuple | list) and len(given) == 2:
        pair = [number(name, one) for one in given]
        given = f"{pair[0]!r}+-{pair[1]!r}{unit}"
    elif not isinstance(given, str):
        given = f"{number(name, given)!r}{unit}"
    bars = _BARS.fullmatch(given)
    if bars and quantity not in _G:
        raise grammar.wrong(given, f"has bars, which are for g-factors: write {example}")
    value, error = grammar.with_error("".join(bars.groups()) if bars else given)
    if bars and value.number < 0:
        raise grammar.wrong(given, "is negative, and a magnitude is not")
    return _datum(f"abs_{quantity}" if bars else quantity, value.number, error)


def _datum(quantity: str, value: float, error: float | None) -> Datum:
    """A number with its error, or the assumed one."""
    assumed = {"energy_eV": ENERGY_ERROR_EV, "size_nm": SIZE_ERROR * value}.get(quantity, G_ERROR)
    return Datum(quantity, value, error or assumed, not error)


def _problem(quantity: str, value: Value) -> str:
    """What is wrong with a number."""
    if quantity in _UNITS:
        if value.number <= 0:
            return f"must be above zero, not {value.number:g}"
        if quantity == "energy_eV" and value.number > LARGEST_EV:
            return "looks like meV: write the unit meV"
    elif abs(value.number) > LARGEST_G:
        return "is no g-factor"
    return ""


def _spread(name: str, given: Any) -> float:
    """A spread of g, a plain number above zero."""
    grammar = Grammar(f"`{name}`", "0.22", problem=lambda one: "" if one.number > 0 else "must be above zero")
    if isinstance(given, str) and "+-" in given:
        raise grammar.wrong(given, "has an error, which is not used: write the spread alone, as 0.22")
    return grammar.value(given if isinstance(given, str) else repr(number(name, given))).number * HALF_WIDTH


HALF_WIDTH = math.sqrt(2)
"""Standard deviation of a Gaussian that dephases as fast as a Lorentzian of half width 1 (docs/spread_of_g.md)."""


def samples_of(points: Sequence[MeasuredPoint], spreads: Sequence[MeasuredPoint] = ()) -> tuple[Sample, ...]:
    """Samples of measured points: those of one series (without one: of one sample) at one energy belong together.

    Points that no model is judged by are left out. Samples of one series at the same energy are told apart where a
    quantity would occur twice. Raises BandgError where no sample is left.
    """
    groups: dict[tuple[Any, ...], list[MeasuredPoint]] = {}
    for point in points:
        if not point.why_not_judged_by and point.kind == "point":
            groups.setdefault(_key(point, point.series or point.sample), []).append(point)
    found: list[Sample] = []
    for members in groups.values():
        parts: dict[str, list[MeasuredPoint]] = {}
        twice = len({point.quantity for point in members}) < len(members)
        for point in members:
            parts.setdefault(point.sample if twice else "", []).append(point)
        found += [_sample(part, spreads) for part in parts.values()]
    if not found:
        raise BandgError("no sample is left: it needs a transition energy and a measured g_e, g_h or g_bx")
    return tuple(found)


def _key(point: MeasuredPoint, name: str) -> tuple[Any, ...]:
    return (point.source, name, point.energy_eV, point.temperature_K, point.field_T, point.material)


def _sample(points: Sequence[MeasuredPoint], spreads: Sequence[MeasuredPoint]) -> Sample:
    """The sample of points at one energy."""
    energy = points[0].energy_eV
    assert energy is not None
    names = dict.fromkeys(point.sample for point in points if point.sample)
    data = [_datum("energy_eV", energy, None)]
    data += [_datum(point.quantity, point.value, point.error) for point in points]
    own = [
        (one.quantity[1:], one.value * (1 if one.convention == "gaussian" else HALF_WIDTH))
        for one in spreads
        if one.quantity in ("dg_e", "dg_h")
        and not one.why_not_judged_by
        and one.energy_eV == energy
        and one.sample in names
    ]
    return Sample(", ".join(names), tuple(data), tuple(own), points[0].material)
