"""Steps and ranges of parameters as a user writes them: `onsite.Pb.p=0.05eV`, `onsite.Pb.p=4.2..4.7eV`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bandg.base.errors import BandgError
from bandg.base.text import nearest, one_line
from bandg.parameters.names import unit_of
from bandg.parameters.sets import ParameterSet

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(eV|nm|)\s*")
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(\S*)\s*")
_VALUE = re.compile(rf"\s*({_NUMBER})\s*(\S*)\s*")
_AROUND = re.compile(rf"\s*\+-\s*({_NUMBER})\s*(\S*)\s*")


@dataclass(frozen=True)
class Range:
    """A range of one named number: `lower` and `upper` in `unit`."""

    path: str
    lower: float
    upper: float
    unit: str

    @property
    def middle(self) -> float:
        """The middle of the range."""
        return (self.lower + self.upper) / 2

    def __str__(self) -> str:
        return f"{self.path}={self.lower:g}..{self.upper:g}{self.unit}"


def split_item(text: str) -> tuple[str, str]:
    """Name and value of "name=value". Raises BandgError."""
    name, sign, value = text.partition("=")
    if not (sign and name.strip() and value.strip()):
        raise BandgError(one_line(f"{text!r} must be a name and a value, as onsite.Pb.p=4.2..4.7eV"))
    return name.strip(), value.strip()


def check_path(parameters: ParameterSet, path: str) -> None:
    """Raise BandgError for a path that the set does not have."""
    if path not in parameters.entries:
        raise BandgError(one_line(f"{parameters.name} has no parameter {path!r}{nearest(path, parameters.entries)}"))


def parse_step(text: str, path: str) -> float:
    """A step above zero in the unit of the path, which must be written. Raises BandgError."""
    match, unit = _QUANTITY.fullmatch(text), unit_of(path)
    if match is None or match[2] != unit or not 0 < float(match[1]) < math.inf:
        raise BandgError(one_line(f"step {text!r} of {path} must be a number above zero with its unit, as 0.05{unit}"))
    return float(match[1])


def parse_value(text: str, path: str, unit: str) -> float:
    """A number with its unit, which must be written. Raises BandgError."""
    match = _VALUE.fullmatch(text)
    if match is None:
        example = f"4.4{unit} or a range, 4.2..4.7{unit}" if unit else "0.5 or a range, 0..1"
        raise BandgError(one_line(f"value {text!r} of {path} cannot be read: write {example}"))
    value, given = float(match[1]), match[2]
    if given != unit:
        want = f"in {unit}" if unit else "without a unit"
        raise BandgError(one_line(f"value {text!r} of {path} must be {want}, as {match[1]}{unit}"))
    if not math.isfinite(value):
        raise BandgError(one_line(f"value {text!r} of {path} is not finite"))
    return value


def parse_range(text: str, path: str, unit: str, center: float | None = None) -> Range:
    """A range "LO..HI" with its unit, or "+-D" around a center. Raises BandgError for one that is empty or reversed."""
    around = _AROUND.fullmatch(text)
    if around is not None and center is not None:
        half, given = float(around[1]), around[2]
        lower, upper = center - half, center + half
    else:
        match = _RANGE.fullmatch(text)
        if match is None:
            example = f"4.2..4.7{unit}" if unit else "0..1"
            also = f" or +-0.1{unit}" if center is not None else ""
            raise BandgError(one_line(f"range {text!r} of {path} cannot be read: write {example}{also}"))
        lower, upper, given = float(match[1]), float(match[2]), match[3]
    if given != unit:
        want = f"in {unit}" if unit else "without a unit"
        raise BandgError(one_line(f"range {text!r} of {path} must be {want}, as {lower:g}..{upper:g}{unit}"))
    if not (math.isfinite(lower) and math.isfinite(upper)):
        raise BandgError(f"range {text!r} of {path} is not finite")
    if lower >= upper:
        what = "is empty" if lower == upper else f"is reversed: write {upper:g}..{lower:g}{unit}"
        raise BandgError(one_line(f"range {text!r} of {path} {what}"))
    return Range(path, lower, upper, unit)


def parameter_ranges(items: Iterable[str], parameters: ParameterSet) -> tuple[Range, ...]:
    """Ranges of parameters of a set from "PATH=LO..HIeV" or "PATH=+-DeV". Raises BandgError."""
    found: dict[str, Range] = {}
    for item in items:
        path, text = split_item(item)
        check_path(parameters, path)
        if path in found:
            raise BandgError(f"the range of {path} is given twice")
        found[path] = parse_range(text, path, unit_of(path), parameters.value(path))
        for end in (found[path].lower, found[path].upper):
            parameters.with_values({path: end})  # refuses what is absurd
    return tuple(found.values())
