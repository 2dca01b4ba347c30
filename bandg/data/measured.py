"""Measured g-factors: the points that ship with bandg and those that a user brings as CSV."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.files import csv_rows, read_text

QUANTITIES = ("g_e", "g_h", "g_bx", "abs_g_e", "abs_g_h")
LONG = ("energy_eV", "quantity", "value")
LARGEST_EV = 100.0
WARM_K = 100.0
"""Samples above this temperature in K are not compared with a theory of cold crystals."""

_NUMBERS = ("size_nm", "temperature_K")
_TEXTS = ("sample", "source", "note", "repeats")
_WIDE = (*QUANTITIES, *(f"{quantity}_error" for quantity in QUANTITIES))
_KNOWN = (*LONG, "error", *_NUMBERS, *_TEXTS, *_WIDE)
_NEEDED = "the columns energy_eV, quantity, value (one point a row), or energy_eV with some of g_e, g_h, g_bx"


@dataclass(frozen=True)
class MeasuredPoint:
    """One measured g-factor: ``quantity`` is one of QUANTITIES, ``value`` and ``error`` have no unit.

    ``energy_eV`` is the photon or transition energy (None where the source does not state it), ``size_nm`` the size,
    ``temperature_K`` the temperature; ``source`` is a key of docs/references.bib or the user's file.
    """

    energy_eV: float | None
    quantity: str
    value: float
    error: float | None = None
    sample: str = ""
    size_nm: float | None = None
    temperature_K: float | None = None
    source: str = ""
    note: str = ""
    repeats: str = ""

    @property
    def why_not_judged_by(self) -> str:
        """Why no model is judged by this point; empty for one that counts."""
        if self.energy_eV is None:
            return "no energy is stated"
        if self.repeats:
            return "repeats another point"
        if self.temperature_K is not None and self.temperature_K > WARM_K:
            return f"above {WARM_K:g} K"
        return ""


@dataclass(frozen=True)
class _Row:
    """One line of a CSV file: ``place`` is "file, line n", ``cells`` the stripped cells by column."""

    place: str
    cells: dict[str, str]

    def number(self, column: str) -> float | None:
        """The finite number in ``column``, None if the cell is empty or the column absent."""
        text = self.cells.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            _fail(self.place, f"{column} is {_quote(text)}, which is not a number")
        if not math.isfinite(value):
            _fail(self.place, f"{column} is {_quote(text)}: leave the cell empty where nothing was measured")
        return value


def available_measured() -> tuple[str, ...]:
    """Names of the shipped collections of measured points, sorted."""
    files = resources.theory_curve_files("measured")
    return tuple(sorted(name.removesuffix(".csv") for name in files if name.endswith(".csv")))


def load_measured(path_or_name: str | os.PathLike[str]) -> tuple[MeasuredPoint, ...]:
    """Points of a shipped collection (by name) or of a CSV file (ends in .csv or contains a separator), in file order.

    The file has a header with energy_eV, quantity, value (and perhaps error, sample, size_nm, temperature_K, source,
    note, repeats), or energy_eV with some of g_e, g_h, g_bx (each perhaps with ``g_e_error`` ...). Lines with # are
    comments. Raises BandgError (one line, with the line number) for whatever is wrong.
    """
    name = os.fspath(path_or_name)
    is_path = not isinstance(path_or_name, str) or name.endswith(".csv") or "/" in name or os.sep in name
    label = name if name.isprintable() else ascii(name)
    points = tuple(_points(_read(name, label, is_path), label, label if is_path else ""))
    if not points:
        _fail(label, f"has no points: it needs {_NEEDED}")
    return points


def _read(name: str, label: str, is_path: bool) -> str:
    if not is_path:
        shipped = available_measured()
        if name not in shipped:
            close = difflib.get_close_matches(name, shipped, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise BandgError(f"no measured points named {_quote(name)}{hint}; there are: {', '.join(shipped)}")
        return resources.theory_curve(f"measured/{name}.csv").read_text(encoding="utf-8")
    return read_text(name, label, f"shipped collections are: {', '.join(available_measured())}", "a CSV file")


def _points(text: str, label: str, source: str) -> Iterator[MeasuredPoint]:
    rows = csv_rows(text, label)
    first = next(rows, None)
    if first is None:
        _fail(label, f"is empty: it needs {_NEEDED}")
    header = [cell.strip() for cell in first[1]]
    _check_header(header, label)
    for line, cells in rows:
        place = f"{label}, line {line}"
        if len(cells) > len(header):
            _fail(place, f"has {len(cells)} cells under {len(header)} columns: quote cells that contain a comma")
        row = _Row(place, {column: cell.strip() for column, cell in zip(header, cells, strict=False)})
        if any(row.cells.values()):
            yield from _points_of(row, "quantity" in header, source)


def _check_header(header: list[str], label: str) -> None:
    if len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        _fail(label, "separates its columns by something else than commas: save it as comma-separated values")
    for column in header:
        if column and header.count(column) > 1:
            _fail(label, f"has the column {_quote(column)} twice")
        close = difflib.get_close_matches(column, _KNOWN, n=1, cutoff=0.75)
        if column not in _KNOWN and close:
            _fail(label, f"has the unknown column {_quote(column)} (did you mean {close[0]!r}?)")
    wide = [column for column in header if column in QUANTITIES]
    is_long = "quantity" in header or "value" in header
    missing = [column for column in LONG if column not in header] if is_long or not wide else []
    if missing or "energy_eV" not in header:
        _fail(label, f"has no column {', '.join(missing or ['energy_eV'])}: it needs {_NEEDED}")
    if is_long and wide:
        _fail(label, f"has both a column quantity and a column {wide[0]}: it needs {_NEEDED}")


def _points_of(row: _Row, is_long: bool, source: str) -> Iterator[MeasuredPoint]:
    """The points of one row: one in the long format, one for each cell that is filled in the wide format."""
    if is_long:
        quantity = row.cells.get("quantity", "")
        if quantity not in QUANTITIES:
            _fail(row.place, f"quantity is {_quote(quantity)}: it must be one of {', '.join(QUANTITIES)}")
        value = row.number("value")
        if value is None:
            _fail(row.place, "value is empty: every row needs one")
        yield _point(row, quantity, value, row.number("error"), source)
        return
    for quantity in QUANTITIES:
        value, error = row.number(quantity), row.number(f"{quantity}_error")
        if value is not None:
            yield _point(row, quantity, value, error, source)
        elif error is not None:
            _fail(row.place, f"{quantity}_error stands without {quantity}")


def _point(row: _Row, quantity: str, value: float, error: float | None, source: str) -> MeasuredPoint:
    energy = row.number("energy_eV")
    if energy is not None and energy > LARGEST_EV:
        _fail(row.place, f"energy_eV is {energy:g}, which looks like meV: give eV")
    size, temperature = (row.number(column) for column in _NUMBERS)
    for name, number in (("energy_eV", energy), ("size_nm", size)):
        if number is not None and number <= 0:
            _fail(row.place, f"{name} is {number:g}: it must be above zero")
    for name, number in (("error", error), ("temperature_K", temperature)):
        if number is not None and number < 0:
            _fail(row.place, f"{name} is {number:g}: it must not be negative")
    if quantity.startswith("abs_") and value < 0:
        _fail(row.place, f"{quantity} is {value:g}: a magnitude is not negative")
    sample, origin, note, repeats = (row.cells.get(column, "") for column in _TEXTS)
    return MeasuredPoint(energy, quantity, value, error, sample, size, temperature, origin or source, note, repeats)


def _quote(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _fail(place: str, what: str) -> NoReturn:
    raise BandgError(f"{place}: {what}")
