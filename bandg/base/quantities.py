"""The one grammar of numbers with units: "4..16nm", "7..25cells", "3eV,2eV"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from bandg.base.errors import BandgError

MAX_SIZES = 10_000
"""More sizes than this in one request are a mistake."""

T = TypeVar("T", int, float)

_UNITS = {"nm": "nm", "cells": "cells", "cell": "cells"}

_LARGEST = 1e9

_TOLERANCE = 1e-9  # relative: a bound that is a whole number of cells counts as inside

_TOKEN = re.compile(r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+|nan|inf))\s*(?P<unit>.*)", re.S)

_EXAMPLES = "7nm, 4..16nm, 4..16nm:1nm, 5nm,8nm,11nm or 7..25cells"


@dataclass(frozen=True)
class Sizes:
    """Sizes as the user asked for them; what they mean depends on the shape and the lattice constant.

    ``unit`` is "nm" or "cells"; ``values`` are the listed sizes in that unit, ascending and positive (empty for a
    range without step), ``bounds`` the two ends of a range without step (None otherwise).
    """

    text: str
    unit: str
    values: tuple[float, ...]
    bounds: tuple[float, float] | None = None

    def cells(self, a_nm: float) -> tuple[int, ...]:
        """Edges of cubes in lattice constants ``a_nm`` (nm): whole numbers, ascending, without duplicates.

        A range gives every N with lo <= N*a <= hi, anything else the nearest N (half up).
        Raises BandgError if a size rounds to no cell, if a range contains none, or beyond MAX_SIZES sizes.
        """
        scale = self._cell(a_nm)
        if self.bounds is None:
            return _unique(self._nearest(value, scale, a_nm) for value in self.values)
        lo, hi = self.bounds[0] / scale, self.bounds[1] / scale
        first, last = max(1, math.ceil(lo * (1 - _TOLERANCE))), math.floor(hi * (1 + _TOLERANCE))
        if first > last:
            below = f"{last} cells ({last * a_nm:.6g} nm) and " if last else ""
            raise BandgError(
                f"size {_quote(self.text)} contains no cube: nearest are {below}{first} cells ({first * a_nm:.6g} nm)"
            )
        _refuse_many(last - first + 1, self.text)
        return tuple(range(first, last + 1))

    def diameters_nm(self, a_nm: float) -> tuple[float, ...]:
        """Diameters of spheres in nm, ascending, without duplicates; ``a_nm`` is the lattice constant (nm).

        A range without step goes in steps of one lattice constant from its lower bound; ``cells`` mean N*a.
        Raises BandgError beyond MAX_SIZES sizes.
        """
        scale = self._cell(a_nm)
        unit_nm = a_nm / scale
        if self.bounds is None:
            return _unique(value * unit_nm for value in self.values)
        return tuple(value * unit_nm for value in _steps(*self.bounds, scale, self.text))

    def _cell(self, a_nm: float) -> float:
        """One lattice constant in the unit of these sizes."""
        if not (math.isfinite(a_nm) and a_nm > 0):
            raise BandgError(f"lattice constant {a_nm!r} nm must be a positive number")
        return a_nm if self.unit == "nm" else 1.0

    def _nearest(self, value: float, scale: float, a_nm: float) -> int:
        n = math.floor(value / scale * (1 + _TOLERANCE) + 0.5)
        if n < 1:
            raise BandgError(
                f"size {value:g}{self.unit} rounds to no cell: the smallest cube is 1 cell = {a_nm:.6g} nm"
            )
        return n


def parse_size(text: str) -> Sizes:
    """Read ``7nm``, ``4..16nm``, ``4..16nm:1nm``, ``5nm,8nm,11nm``, ``7cells``, ``7..25cells``, ``7..25cells:2cells``.

    Decimals, exponents and blanks between the parts are fine. Raises BandgError (one line) for anything else.
    """
    if not text.strip():
        raise BandgError(f"size is empty: write {_EXAMPLES}")
    if ".." in text:
        if "," in text:
            raise _wrong(text, "is a range and a list at once: give one of them")
        return _parse_range(text)
    if ":" in text:
        raise _wrong(text, "has a step but is no range: write 4..16nm:1nm")
    items = text.split(",")
    _refuse_many(len(items), text)
    read = [_quantity(item, text) for item in items]
    unit = read[0][1]
    if any(other != unit for _, other in read):
        raise _wrong(text, "mixes nm and cells: use one of them")
    return Sizes(text, unit, _unique(value for value, _ in read))


def parse_energies(text: str, what: str) -> tuple[float, ...]:
    """Energies in eV from ``3eV`` or ``3eV,2eV``; ``what`` is their name in errors.

    Raises BandgError (one line) for a missing or another unit and for what is no finite number.
    """
    values = []
    for item in text.split(","):
        match = _TOKEN.fullmatch(item.strip())
        if match is None or match["unit"].strip() != "eV" or not math.isfinite(float(match["number"])):
            raise BandgError(f"{what} {_quote(text)} is no energy in eV: write a number and its unit, as 1.911eV")
        values.append(float(match["number"]))
    return tuple(values)


def _parse_range(text: str) -> Sizes:
    body, colon, step_text = text.partition(":")
    ends = body.split("..")
    if len(ends) != 2 or "..." in body or not all(end.strip() for end in ends):
        raise _wrong(text, "is no complete range: write both ends once, as 4..16nm")
    hi, unit = _quantity(ends[1], text)
    lo, lo_unit = _quantity(ends[0], text, unit)
    if lo_unit != unit:
        raise _wrong(text, "mixes nm and cells: use one of them")
    if lo > hi:
        raise _wrong(text, f"goes downward: write {hi:.12g}..{lo:.12g}{unit}")
    if not colon:
        return Sizes(text, unit, (), (lo, hi))
    step, step_unit = _quantity(step_text, text)
    if step_unit != unit:
        raise _wrong(text, f"has its step in {step_unit}: give it in {unit} too")
    return Sizes(text, unit, _steps(lo, hi, step, text))


def _quantity(item: str, text: str, unit: str | None = None) -> tuple[float, str]:
    """The number and the unit of one part of a size; ``unit`` serves where the part has none."""
    match = _TOKEN.fullmatch(item.strip())
    if match is None:
        raise _wrong(text, f"has {_quote(item.strip())} where a number with its unit should stand: write {_EXAMPLES}")
    given = match["unit"].strip()
    if not given and unit is None:
        raise _wrong(text, f"has no unit: write {_quote(text.strip() + 'nm')} or {_quote(text.strip() + 'cells')}")
    if given and given not in _UNITS:
        raise _wrong(text, f"has the unknown unit {_quote(given)}: use nm or cells")
    value, name = float(match["number"]), _UNITS[given] if given else str(unit)
    if not math.isfinite(value):
        raise _wrong(text, f"is not finite: write {_EXAMPLES}")
    if value <= 0:
        raise _wrong(text, f"has {value:.12g}{name}: a size is above zero")
    if value > _LARGEST:
        raise _wrong(text, f"is beyond {_LARGEST:g}{name}: that is no nanocrystal")
    if name == "cells" and not value.is_integer():
        raise _wrong(text, f"has {value:.12g} cells: cells come in whole numbers")
    return value, name


def _steps(lo: float, hi: float, step: float, text: str) -> tuple[float, ...]:
    """lo, lo + step, ... up to hi, which counts as inside if a step meets it within rounding."""
    span = (hi - lo) / step
    _refuse_many(span, text)
    return tuple(min(lo + i * step, hi) for i in range(math.floor(span + _TOLERANCE * max(1.0, span)) + 1))


def _refuse_many(count: float, text: str) -> None:
    if count > MAX_SIZES:
        raise _wrong(text, f"asks for more than {MAX_SIZES} sizes: narrow the range or widen the step")


def _unique(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(set(values)))


def _quote(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _wrong(text: str, what: str) -> BandgError:
    return BandgError(f"size {_quote(text)} {what}")
