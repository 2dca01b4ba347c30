"""A mechanism that may explain the discrepancy: its change of a case, its range, and the source of the range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from bandg.analysis.hypotheses.changes import Change
from bandg.base.errors import BandgError

STATUSES = ("sourced", "definition", "assumed")


@dataclass(frozen=True)
class Mechanism:
    """A change of the model that may explain the measured g-factors, with a range for its value.

    Parameters
    ----------
    name : str
        Short name for options and tables, without comma.
    text : str
        Description in two sentences.
    change : callable
        Function of (case, value) that returns the changed case.
    lower, upper : float
        Defensible range of the value in `unit`.
    baseline : float or None
        The value that changes nothing, None if there is none.
    unit : str
        Unit of the value, "" for a plain number.
    source : str
        Source of the range, first a key of docs/references.bib. Without it the range is assumed: it is shown but not
        judged.
    omits : str
        What the mechanism leaves out.
    definition : bool
        Whether the range follows from the meaning of the value, such as the share of an ensemble.
    slow : bool
        Whether it is computed only if it is asked for by name.

    Raises
    ------
    BandgError
        For a range that is empty or reversed, and for a field of another type.

    Examples
    --------
    >>> import bandg
    >>> from bandg.analysis.hypotheses.changes import Values
    >>> own = bandg.Mechanism(
    ...     "lead-s", "Pb 6s is shifted. So the hole has less of it.", Values(("onsite.Pb.s",), "add"), -0.3, 0.3, 0.0
    ... )
    >>> own.status
    'assumed'
    """

    name: str
    text: str
    change: Change
    lower: float
    upper: float
    baseline: float | None
    unit: str = ""
    source: str = ""
    omits: str = ""
    definition: bool = False
    slow: bool = False

    def __post_init__(self) -> None:
        where = f"mechanism {self.name!r}: "
        for field in ("name", "text", "source", "omits", "unit"):
            if not isinstance(getattr(self, field), str):
                raise BandgError(f"{where}{field} must be text, not {getattr(self, field)!r}")
        for field in ("lower", "upper", "baseline"):
            if not isinstance(getattr(self, field), Real) and (field, self.baseline) != ("baseline", None):
                raise BandgError(f"{where}{field} must be a number, not {getattr(self, field)!r}")
        if not self.name or "," in self.name or not self.name.isprintable():
            raise BandgError(f"{where}the name must be a word without comma")
        if not all(math.isfinite(x) for x in (self.lower, self.upper, self.baseline or 0.0)):
            raise BandgError(f"{where}lower, upper and baseline must be finite numbers")
        if self.lower >= self.upper:
            what = "is empty" if self.lower == self.upper else f"is reversed: write {self.upper:g}..{self.lower:g}"
            raise BandgError(f"{where}the range {self.lower:g}..{self.upper:g} {what}")
        if not callable(self.change):
            raise BandgError(f"{where}change must be a function of (case, value)")

    @property
    def status(self) -> str:
        """sourced, definition or assumed."""
        return "definition" if self.definition else "sourced" if self.source.strip() else "assumed"

    @property
    def middle(self) -> float:
        """Middle of the range."""
        return (self.lower + self.upper) / 2

    def contains(self, value: float) -> bool:
        """Whether a value lies in the range."""
        slack = 1e-9 * (self.upper - self.lower)
        return self.lower - slack <= value <= self.upper + slack
