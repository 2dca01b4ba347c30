"""Steps, values and ranges of parameters as a user writes them: `onsite.Pb.p=0.05eV`, `onsite.Pb.p=4.2..4.7eV`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, Value, named
from bandg.base.text import nearest
from bandg.parameters.names import unit_of
from bandg.parameters.sets import ParameterSet

EXAMPLE = "onsite.Pb.p=4.2..4.7eV"


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


def check_path(parameters: ParameterSet, path: str) -> None:
    """Raise BandgError for a path that is not in the set."""
    if path not in parameters.entries:
        raise BandgError(f"{parameters.name} has no parameter {path!r}{nearest(path, parameters.entries)}")


def parse_step(text: str, what: str, unit: str) -> float:
    """A step above zero in a unit, which must be written. Raises BandgError."""

    def problem(step: Value) -> str:
        return "" if step.number > 0 else "must be above zero"

    return Grammar(what, f"0.05{unit}", (unit,), problem).value(text).number


def parse_value(text: str, path: str, unit: str) -> float:
    """A number with its unit, which must be written. Raises BandgError."""
    example = f"4.4{unit} or a range, 4.2..4.7{unit}" if unit else "0.5 or a range, 0..1"
    return Grammar(f"value of {path}", example, (unit,)).value(text).number


def parse_range(text: str, path: str, unit: str, center: float | None = None) -> Range:
    """A range "LO..HI" with its unit, or "+-D" around a center. Raises BandgError for one that is empty or reversed."""
    example = (f"4.2..4.7{unit}" if unit else "0..1") + (f" or +-0.1{unit}" if center is not None else "")
    grammar = Grammar(f"range of {path}", example, (unit,))
    if center is not None and text.strip().startswith("+-"):
        half = grammar.value(text.strip().removeprefix("+-"), text).number
        lower, upper = center - half, center + half
    else:
        lower, upper, _, rest = grammar.span(text)
        if rest is not None:
            raise grammar.wrong(text, f"has a colon: write {example}")
    if lower >= upper:
        raise grammar.wrong(text, "is empty")
    return Range(path, lower, upper, unit)


def parameter_ranges(items: Iterable[str], parameters: ParameterSet) -> tuple[Range, ...]:
    """Ranges of parameters of a set from "PATH=LO..HIeV" or "PATH=+-DeV". Raises BandgError."""
    found = []
    for path, text in named(items, "range", EXAMPLE).items():
        check_path(parameters, path)
        found.append(parse_range(text, path, unit_of(path), parameters.value(path)))
        for end in (found[-1].lower, found[-1].upper):
            parameters.with_values({path: end})  # raises BandgError for values out of range
    return tuple(found)
