"""The grammar of numbers with units.

A number is decimal, may have an exponent, and is followed by its unit: "4.2eV", "20meV", "7nm", "7 cells".
Commas make a list: "5nm,8nm". Two dots make a range, whose lower end needs no unit: "4..16nm".
A colon adds a step or a count to a range: "4..16nm:1nm". "name=..." gives a number to a name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from bandg.base.errors import BandgError
from bandg.base.text import quote

MAX_SIZES = 10_000
"""Largest number of sizes in one request."""

UNITS = {
    "eV": {"eV": 1.0, "meV": 1000.0},
    "nm": {"nm": 1.0},
    "cells": {"cells": 1.0, "cell": 1.0},
    "mT": {"mT": 1.0, "T": 1e-3},
    "ps": {"ps": 1.0, "ns": 1e-3},
    "K": {"K": 1.0},
    "mm": {"mm": 1.0, "cm": 0.1, "in": 1 / 25.4},
    "degrees": {"": 1.0, "deg": 1.0, "degrees": 1.0},
    "": {"": 1.0},
}
"""Spellings of each unit, and how many of the written unit make one of it."""

T = TypeVar("T", int, float)

_LARGEST_SIZE = 1e9

_TOLERANCE = 1e-9  # relative tolerance: a bound that is a whole number of cells counts as inside

_NUMBER = re.compile(r"([+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|nan|inf))\s*(.*)", re.DOTALL)

_PLUS_MINUS = re.compile(r"\+/?-|±")

_DECIMAL_COMMA = re.compile(r"\s*([+-]?[0-9]+),([0-9]+)(?![0-9,])(.*)", re.DOTALL)


class Value(NamedTuple):
    """A number and its unit, a key of `UNITS`."""

    number: float
    unit: str


class Span(NamedTuple):
    """A range: its ends in one unit, and the text after its colon, None without a colon."""

    lower: float
    upper: float
    unit: str
    rest: str | None


@dataclass(frozen=True)
class Grammar:
    """Reader for the text of one argument.

    Parameters
    ----------
    what
        The name of the argument in messages.
    example
        A correct value, for messages.
    units
        The allowed units, keys of `UNITS`. All numbers of a list or a range have the same unit.
    problem
        Function that returns what is wrong with a value, "" for a correct one.
    """

    what: str
    example: str
    units: tuple[str, ...] = ("",)
    problem: Callable[[Value], str] = lambda value: ""

    def wrong(self, text: str, problem: str) -> BandgError:
        """The error for a text."""
        return BandgError(f"{self.what} {quote(text)} {problem}")

    def value(self, item: str, text: str | None = None, unit: str = "") -> Value:
        """One number with its unit. Raises BandgError.

        text: the whole text, for messages. unit: the unit of an item without one.
        """
        text = item if text is None else text
        item = self._with_point(item, text, unit)
        number, given = self._split(item, text)
        given = given or unit
        found = next((name for name in self.units if given in UNITS[name]), None)
        if found is None:
            known = [name for unit in self.units for name in UNITS[unit] if name not in ("", "cell")]
            comma = _DECIMAL_COMMA.fullmatch(text)
            if not given and comma and comma[3].strip().isalpha():
                right = text.strip().replace(",", ".")
                raise self.wrong(text, f"has a comma where a decimal point should stand: write {right}")
            if not given:
                bare = (item if "," in text else text).strip()
                written = " or ".join(quote(f"{bare}{name}") for name in self.units)
                raise self.wrong(text, f"has no unit: write {written}")
            use = f"use {' or '.join(known)}" if known else "it is a plain number"
            raise self.wrong(text, f"has the unknown unit {quote(given)}: {use}")
        value = Value(float(number) / UNITS[found][given], found)
        problem = self.problem(value) if math.isfinite(value.number) else f"is not finite: write {self.example}"
        if problem:
            raise self.wrong(text, problem)
        return value

    def with_error(self, text: str) -> tuple[Value, float | None]:
        """A number and its error in the same unit, "1.911+-0.01eV" or "1.911eV ± 10meV"; None without an error.

        Either part may lack the unit. Raises BandgError, also where the error is not above zero.
        """
        first, *rest = _PLUS_MINUS.split(text)
        if len(rest) > 1:
            raise self.wrong(text, f"has several errors: write {self.example}")
        if not rest:
            return self.value(text), None
        units = [self._unit(part, text) for part in (first, *rest)]
        value = self.value(first, text, units[1])
        plain = Grammar(self.what, self.example, self.units)
        error = plain.value(rest[0], text, units[0])
        self._one_unit([value, error], text)
        if error.number <= 0:
            raise self.wrong(text, f"has the error {error.number:g}: an error is above zero")
        return value, error.number

    def values(self, text: str) -> tuple[Value, ...]:
        """The values of a list in one unit, in the given order. Raises BandgError."""
        items = text.split(",")
        _check_count(len(items), self, text)
        return self._one_unit([self.value(item, text) for item in items], text)

    def span(self, text: str) -> Span:
        """A range "LO..HI" or "LO..HI:REST", whose ends may be equal. Raises BandgError."""
        body, colon, rest = text.partition(":")
        ends = body.split("..")
        if len(ends) != 2 or "..." in body or not all(end.strip() for end in ends):
            raise self.wrong(text, f"is not a complete range: write both ends once, as {self.example}")
        upper = self.value(ends[1], text)
        lower = self.value(ends[0], text, self._unit(ends[1], text))
        self._one_unit([lower, upper], text)
        if lower.number > upper.number:
            raise self.wrong(text, f"is reversed: write {upper.number:.12g}..{lower.number:.12g}{upper.unit}")
        return Span(lower.number, upper.number, upper.unit, rest if colon else None)

    def _with_point(self, item: str, text: str, unit: str) -> str:
        """The item with a decimal point in place of a decimal comma; items of lists have no commas.

        Raises BandgError where the comma may part thousands as well.
        """
        match = _DECIMAL_COMMA.fullmatch(item)
        if match is None:
            return item
        whole, decimals, rest = match.groups()
        right, other = f"{whole}.{decimals}{rest}".strip(), f"{whole}{decimals}{rest}".strip()
        if len(decimals) != 3 or re.match("[+-]?0|[+-]?[0-9]{4}", whole):
            return right
        try:
            self.value(other, text, unit)
        except BandgError:
            return right
        raise self.wrong(text, f"has a comma that may be a decimal one or part thousands: write {right} or {other}")

    def _unit(self, item: str, text: str) -> str:
        """The unit of an item as written, which may have a decimal comma."""
        return self._split(_DECIMAL_COMMA.sub(r"\1.\2\3", item), text)[1]

    def _split(self, item: str, text: str) -> tuple[str, str]:
        """The number and the unit of an item as written."""
        match = _NUMBER.fullmatch(item.strip())
        if match is None:
            what = "a number" if "" in UNITS[self.units[0]] else "a number with its unit"
            raise self.wrong(text, f"has {quote(item.strip())} where {what} should stand: write {self.example}")
        return match[1], match[2].strip()

    def _one_unit(self, values: list[Value], text: str) -> tuple[Value, ...]:
        if any(value.unit != values[0].unit for value in values):
            raise self.wrong(text, f"mixes {' and '.join(self.units)}: use one of them")
        return tuple(values)


def named(items: Iterable[str], what: str, example: str) -> dict[str, str]:
    """Name and text of each "name=text". Raises BandgError for another form and for a duplicate name."""
    found: dict[str, str] = {}
    for item in items:
        name, sign, text = (part.strip() for part in item.partition("="))
        if not (sign and name and text):
            raise BandgError(f"{what} {quote(item.strip())} must be a name and a value, as {example}")
        if name in found:
            raise BandgError(f"{what} {quote(name)} is given twice")
        found[name] = text
    return found


def parse_energies(text: str, what: str, most: int = MAX_SIZES) -> tuple[float, ...]:
    """Energies in eV from "3eV", "20meV" or "3eV,2eV", up to `most` of them; `what` is their name in errors.

    Raises BandgError (one line) for a missing or wrong unit and for a number that is not finite.
    """
    grammar = Grammar(what, "1.911eV or 20meV", ("eV",))
    found = grammar.values(text)
    if len(found) > most:
        raise grammar.wrong(text, "must be one energy, as 1.911eV" if most == 1 else f"has more than {most} energies")
    return tuple(value.number for value in found)


@dataclass(frozen=True)
class SizeRequest:
    """Sizes in nm or cells before they are applied to a shape and a lattice constant.

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
            return _unique(_whole_cells(self.text, Value(value, self.unit), a_nm) for value in self.values)
        lo, hi = self.bounds[0] / scale, self.bounds[1] / scale
        first, last = max(1, math.ceil(lo * (1 - _TOLERANCE))), math.floor(hi * (1 + _TOLERANCE))
        if first > last:
            below = f"{last} cells ({last * a_nm:.6g} nm) and " if last else ""
            raise SIZE.wrong(self.text, f"contains no cube: nearest are {below}{first} cells ({first * a_nm:.6g} nm)")
        _check_count(last - first + 1, SIZE, self.text)
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


def parse_size(text: str) -> SizeRequest:
    """Read ``7nm``, ``4..16nm``, ``4..16nm:1nm``, ``5nm,8nm,11nm``, ``7cells``, ``7..25cells``, ``7..25cells:2cells``.

    Decimals, exponents and blanks between the parts are fine. Raises BandgError (one line) for anything else.
    """
    if not text.strip():
        raise BandgError(f"size is empty: write {SIZE.example}")
    if re.search("[0-9. ]x", text):
        raise SIZE.wrong(text, "has several edges, which is for the shape cuboid")
    if ".." not in text:
        if ":" in text:
            raise SIZE.wrong(text, "has a step but is not a range: write 4..16nm:1nm")
        found = SIZE.values(text)
        return SizeRequest(text, found[0].unit, _unique(value.number for value in found))
    if "," in text:
        raise SIZE.wrong(text, "is a range and a list at once: give one of them")
    span = SIZE.span(text)
    if span.rest is None:
        return SizeRequest(text, span.unit, (), (span.lower, span.upper))
    step = SIZE.value(span.rest, text)
    if step.unit != span.unit:
        raise SIZE.wrong(text, f"has its step in {step.unit}: give it in {span.unit} too")
    return SizeRequest(text, span.unit, _steps(span.lower, span.upper, step.number, text))


def parse_edges(text: str, a_nm: float) -> tuple[tuple[int, int, int], ...]:
    """Edges of cuboids in lattice constants ``a_nm`` (nm) from "4x4x6nm", "6x6x9cells" or several with commas.

    Raises BandgError (one line) for anything else, and where an edge rounds to no cell.
    """
    found = []
    for item in text.split(","):
        parts = item.split("x")
        if len(parts) != 3:
            raise SIZE.wrong(item.strip(), "is not a cuboid: write three edges, as 4x4x6nm or 6x6x9cells")
        unit = SIZE.value(parts[2], item).unit
        x, y, z = (_whole_cells(item.strip(), SIZE.value(part, item.strip(), unit), a_nm) for part in parts)
        found.append((x, y, z))
    _check_count(len(found), SIZE, text)
    return tuple(dict.fromkeys(found))


def _size_problem(value: Value) -> str:
    number, unit = value
    if number <= 0:
        return f"has {number:.12g}{unit}: a size is above zero"
    if number > _LARGEST_SIZE:
        return f"is larger than {_LARGEST_SIZE:g}{unit}, the largest size"
    if unit == "cells" and not number.is_integer():
        return f"has {number:.12g} cells: cells come in whole numbers"
    return ""


SIZE = Grammar("size", "7nm, 4..16nm, 4..16nm:1nm, 5nm,8nm,11nm or 7..25cells", ("nm", "cells"), _size_problem)


def _whole_cells(text: str, size: Value, a_nm: float) -> int:
    """The nearest whole number of cells, half up."""
    n = math.floor(size.number / (a_nm if size.unit == "nm" else 1.0) * (1 + _TOLERANCE) + 0.5)
    if n < 1:
        raise SIZE.wrong(text, f"rounds to no cell: the smallest cube is 1 cell = {a_nm:.6g} nm")
    return n


def _steps(lo: float, hi: float, step: float, text: str) -> tuple[float, ...]:
    """lo, lo + step, ... up to hi, which counts as inside if a step meets it within rounding."""
    span = (hi - lo) / step
    _check_count(span, SIZE, text)
    return tuple(min(lo + i * step, hi) for i in range(math.floor(span + _TOLERANCE * max(1.0, span)) + 1))


def _check_count(count: float, grammar: Grammar, text: str) -> None:
    if count > MAX_SIZES:
        raise grammar.wrong(text, f"asks for more than {MAX_SIZES} values: narrow the range or widen the step")


def _unique(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(set(values)))
