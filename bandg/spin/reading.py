"""Reading traces: long and wide tables and one file for each field, as lock-in and plotting programs write them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.files import read_text
from bandg.base.quantities import parse_energies
from bandg.base.text import one_line, quote
from bandg.spin.traces import START_PS, Floats, Trace, Traces

_NEEDED = "a table with the columns time_ps, field_mT, signal; or time_ps and one column for each field, as '90 mT'"
_TIMES_NS = {"fs": 1e-6, "ps": 1e-3, "ns": 1.0, "us": 1e3, "µs": 1e3, "s": 1e9}
_FIELDS_T = {"mT": 1e-3, "T": 1.0}
_KELVIN = {"K": 1.0}

_NUMBER = r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?"
_FIELD = re.compile(rf"(?<![\d.,])({_NUMBER})[\s_]*(mT|T)(?![A-Za-z])")
_TIME = re.compile(r"(?:^|[^A-Za-z])(?:(?i:time|delay)|t)(?=$|[^A-Za-z])")
_OF_FIELD = re.compile(r"(?:^|[^a-z])(?:field|b)(?=$|[^a-z])", re.IGNORECASE)
_ERROR = re.compile(r"(?:^|[^a-z])(?:err|error|sigma|std|stderr|uncertainty)(?=$|[^a-z])", re.IGNORECASE)
_SIGNAL = re.compile(r"(?:^|[^a-z])signal(?=$|[^a-z])", re.IGNORECASE)
_SETTING = re.compile(
    r"\W*(energy|photon energy|sample|temperature|field|material)[\s_]*[=:]\s*(.*\S)\s*", re.IGNORECASE
)
_STATED = re.compile(r"\W*(?:photon[\s_]*)?(energy|sample|temperature|material)(?=$|[^a-z])", re.IGNORECASE)
_STATED_UNITS = {"energy": ("eV", "meV"), "temperature": ("K",)}
_COMMENT = re.compile(r"\s*(?:#|%|//|!)\s?")
_FORMS = ((r"\t", "."), (r"\t", ","), (";", "."), (";", ","), (",", "."), (r"\s+", "."), (r"\s+", ","))
"""Separator and decimal sign; of two that fit equally well the first is meant."""


@dataclass(frozen=True)
class _Sheet:
    """One file: numbers (rows, columns), NaN for an empty cell, with the line of each row and the headings."""

    label: str
    headings: tuple[str, ...]
    lines: tuple[int, ...]
    values: Floats
    settings: dict[str, str]

    def fail(self, what: str, row: int | None = None) -> NoReturn:
        """Raise BandgError, one line that begins with the file and the line of a row."""
        place = self.label if row is None else f"{self.label}, line {self.lines[row]}"
        raise BandgError(f"{place}: {what}")


def read_traces(
    files: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    fields_T: Sequence[float] = (),
    energy_eV: float | None = None,
    sample: str = "",
    temperature_K: float | None = None,
    material: str = "",
    start_ps: float = START_PS,
    uneven: bool = False,
) -> Traces:
    """Traces of one sample from one table or several files.

    A long table has time_ps (or time_ns), field_mT (or field_T), signal and perhaps signal_err; a wide one the time and
    one column for each field, as "90 mT"; a file with one trace has its field in its name (trace_90mT.csv), in a
    comment ("# field = 90 mT") or in `fields_T`. Columns are separated by commas, semicolons, tabs or blanks, decimals
    by points or commas; lines above the numbers may hold headings and units. Points before `start_ps` are left out.

    Parameters
    ----------
    files : path or sequence of paths
        One or several files.
    fields_T : sequence of float
        Fields in T, one for each file.
    energy_eV, temperature_K : float, optional
        Photon energy in eV and temperature in K. By default what a comment says, as "# energy = 1.911 eV".
    sample, material : str
        Names, by default from a comment.
    start_ps : float
        First delay that counts, in ps.
    uneven : bool
        Whether the time step may change within a trace.

    Returns
    -------
    Traces
        In ascending fields.

    Raises
    ------
    BandgError
        One line that names what is wrong and what to write.

    Examples
    --------
    >>> import numpy as np
    >>> from bandg.spin import read_traces
    >>> rows = [f"{t} {np.cos(t / 17):.3f}" for t in range(-20, 500, 5)]
    >>> with open("sample4_420mT.dat", "w") as file:
    ...     _ = file.write("\\n".join(["delay(ps) signal", *rows]))
    >>> read_traces("sample4_420mT.dat", energy_eV=1.911).left_out
    5
    """
    paths = [files] if isinstance(files, str | os.PathLike) else list(files)
    if not paths:
        raise BandgError("no file is named: give one or several")
    if fields_T and len(fields_T) != len(paths):
        raise BandgError(f"`field` lists {len(fields_T)} fields for {len(paths)} files: give one for each file")
    if twice := next((path for n, path in enumerate(paths) if Path(path) in map(Path, paths[:n])), None):
        raise BandgError(f"{os.fspath(twice)} is named twice: name each file once")
    traces: list[Trace] = []
    said: dict[str, str] = {}
    for number, path in enumerate(paths):
        label = one_line(os.fspath(path))
        sheet = _sheet(read_text(path, label, f"give {_NEEDED}", f"a text file: {_NEEDED}", True), label)
        found = _traces(sheet, fields_T[number] if fields_T else None)
        traces += [Trace(t.field_T, t.time_ns, t.signal, t.error, label if len(paths) > 1 else "") for t in found]
        for name, value in sheet.settings.items():
            if name != "field" and said.setdefault(name, value) != value:
                sheet.fail(f"says {name} = {value}, an earlier file says {said[name]}: fit one sample at a time")
    if energy_eV is None and (text := said.get("energy")):
        energy_eV = parse_energies(text, "energy in a comment", 1)[0]
    if temperature_K is None and (text := said.get("temperature")):
        temperature_K = _quantity(text, _KELVIN, "temperature", "6 K")
    found_all = Traces(
        tuple(traces),
        energy_eV,
        sample or said.get("sample", ""),
        temperature_K,
        material or said.get("material", ""),
        ", ".join(Path(path).name for path in paths),
    )
    return found_all.checked().since(start_ps).checked(uneven)


def _quantity(text: str, units: Mapping[str, float], what: str, example: str) -> float:
    """A number with its unit in a comment or a name."""
    match = re.fullmatch(rf"({_NUMBER})\s*([A-Za-zµ]*)", text.strip())
    if match is None or match[2] not in units:
        raise BandgError(f"{what} {quote(text)} must be a number with its unit: write {example}")
    return float(match[1].replace(",", ".")) * units[match[2]]


def _cells(line: str, separator: str) -> list[str]:
    line = line.strip() if separator == r"\s+" else line.strip("\r\n ")
    return [cell.strip().strip("\"'").strip() for cell in re.split(separator, line)]


def _number(cell: str, decimal: str) -> float | None:
    """The number of a cell, None for what is none."""
    if decimal == ",":
        if "." in cell:
            return None
        cell = cell.replace(",", ".")
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def _is_data(cells: Sequence[str], decimal: str) -> bool:
    """Two cells or more, all numbers or empty, a number first and one more."""
    numbers = [_number(cell, decimal) for cell in cells]
    return (
        len(cells) > 1
        and numbers[0] is not None
        and sum(n is not None for n in numbers) > 1
        and all(n is not None or not cell for n, cell in zip(numbers, cells, strict=True))
    )


def _sheet(text: str, label: str) -> _Sheet:
    """The numbers of a file, and what stands above them. Raises BandgError."""
    content: list[tuple[int, str, bool]] = []
    settings: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        mark = _COMMENT.match(line)
        body = line[mark.end() :] if mark else line
        if not body.strip():
            continue
        if (match := _SETTING.fullmatch(body)) and re.sub(r"[\d.,;\s]", "", match[2]):
            settings[match[1].lower().removeprefix("photon ")] = match[2].strip(" \t,;\"'")
            continue
        content.append((number, body, mark is not None))
    sample = [body for _, body, comment in content[:400] if not comment]
    counts = [sum(_is_data(_cells(body, sep), dec) for body in sample) for sep, dec in _FORMS]
    if not counts or not max(counts):
        raise BandgError(f"{label}: has no rows of numbers{_word_in(content)}: it needs {_NEEDED}")
    separator, decimal = _FORMS[counts.index(max(counts))]
    rows: list[list[float]] = []
    lines: list[int] = []
    above: list[str] = []
    for number, body, comment in content:
        cells = _cells(body, separator)
        if comment or not (rows or _is_data(cells, decimal)):
            above += [] if rows else [body]
            continue
        rows.append(_row(cells, decimal, len(rows[0]) if rows else len(cells), f"{label}, line {number}"))
        lines.append(number)
    return _Sheet(label, _headings(above, separator, len(rows[0])), tuple(lines), np.array(rows), settings)


def _word_in(content: Sequence[tuple[int, str, bool]]) -> str:
    """The first line of numbers that is a comment or has a word, for a message."""
    for number, body, comment in content:
        for separator, decimal in _FORMS:
            cells = _cells(body, separator)
            words = [cell for cell in cells if cell and _number(cell, decimal) is None]
            if comment and _is_data(cells, decimal):
                return f" (line {number} begins as a comment)"
            if words and sum(_number(cell, decimal) is not None for cell in cells) > 1:
                return f" (line {number} has {quote(words[0])})"
    return ""


def _row(cells: list[str], decimal: str, width: int, place: str) -> list[float]:
    """The numbers of a line, NaN for an empty cell. Raises BandgError."""
    cells = cells + [""] * (width - len(cells)) if len(cells) >= 2 else cells
    if len(cells) != width:
        raise BandgError(f"{place}: has {len(cells)} cells under {width} columns")
    found = []
    for cell in cells:
        value = _number(cell, decimal) if cell else math.nan
        if value is None or (cell and not math.isfinite(value)):
            raise BandgError(f"{place}: has {quote(cell)} where a number should stand: delete the row or correct it")
        found.append(value)
    return found


def _headings(above: Sequence[str], separator: str, width: int) -> tuple[str, ...]:
    """The lines above the numbers that have as many cells, one below the other; none where there is no such line."""
    found = []
    for line in reversed(above):
        cells = _cells(line, separator)
        if separator == r"\s+" and len(cells) != width:
            cells = re.split(r"\s{2,}", line.strip())
        if separator == r"\s+" and len(cells) != width:  # "time (ps)" is one heading, and so is "90 mT"
            cells = re.sub(r"\s+(?=[\[(])|(?<=\d)\s+(?=m?T\b)", "_", line.strip()).split()
        if len(cells) != width:
            break
        found.append(cells)
    return tuple(" ".join(filter(None, column)) for column in zip(*reversed(found), strict=True)) if found else ()


def _has_unit(heading: str, unit: str) -> bool:
    return re.search(rf"(?:^|[\s_(\[/,]){unit}(?=$|[\s)\]])", heading) is not None


def _unit(sheet: _Sheet, heading: str, units: Mapping[str, float], what: str) -> float:
    """Factor of the unit that a heading states, as in time_ps, time (ps), t/ps."""
    for unit, factor in units.items():
        if _has_unit(heading, unit):
            return factor
    sheet.fail(f"column {quote(heading)} has no unit: call it {what}")


def _traces(sheet: _Sheet, given_T: float | None) -> list[Trace]:
    """The traces of a file."""
    if not sheet.headings:
        sheet.fail(f"has no line of headings above its numbers: it needs {_NEEDED}")
    columns = dict(enumerate(sheet.headings))
    times = [n for n, heading in columns.items() if _TIME.search(heading)]
    if len(times) != 1:
        sheet.fail(f"has {len(times)} columns of time: call one time_ps or time_ns")
    time = columns.pop(times[0])
    t = sheet.values[:, times[0]] * _unit(sheet, time, _TIMES_NS, "time_ps or time_ns")
    if np.isnan(t).any():
        sheet.fail("the time is empty", int(np.flatnonzero(np.isnan(t))[0]))
    errors = {n: columns.pop(n) for n, heading in list(columns.items()) if _ERROR.search(heading)}
    _take_stated(sheet, columns)
    fields = [n for n, h in columns.items() if _OF_FIELD.search(h) and not _FIELD.search(h)]
    if len(fields) == 1 and len(columns) > 1:
        field = columns.pop(fields[0])
        B = sheet.values[:, fields[0]] * _unit(sheet, field, _FIELDS_T, "field_T or field_mT")
        if given_T is not None:
            sheet.fail("has a column of fields: leave `field` out")
        return _long(sheet, t, B, _signal(sheet, columns), next(iter(errors), None))
    by_field = {n: _field(match) for n, heading in columns.items() if (match := _FIELD.search(heading))}
    if not by_field and not any(re.search(r"\d", heading) or not heading for heading in columns.values()):
        return [_trace(sheet, t, _signal(sheet, columns), next(iter(errors), None), _single(sheet, given_T))]
    if bare := next((h for n, h in columns.items() if n not in by_field), None):
        if re.search(r"\d", bare) or not bare:
            sheet.fail(f"column {quote(bare)} has no unit of a field: write the field as '90 mT' or '0.09 T'")
        sheet.fail(f"column {quote(bare)} is neither the time nor a field: it needs {_NEEDED}")
    of_error = {_field(match): n for n, heading in errors.items() if (match := _FIELD.search(heading))}
    return [_trace(sheet, t, n, of_error.get(B), B) for n, B in by_field.items()]


def _take_stated(sheet: _Sheet, columns: dict[int, str]) -> None:
    """Move columns of the energy, sample, temperature or material, which have one value, to the settings."""
    for n, heading in list(columns.items()):
        if match := _STATED.match(heading):
            name, values = match[1].lower(), np.unique(sheet.values[:, n])
            units = _STATED_UNITS.get(name, ())
            if len(values) > 1:
                shown = ", ".join(f"{value:g}" for value in values[:3])
                sheet.fail(
                    f"column {quote(heading)} has several values ({shown}): fit one sample at one energy at a time"
                )
            unit = next((unit for unit in units if _has_unit(heading, unit)), "")
            if units and not unit:
                sheet.fail(f"column {quote(heading)} has no unit: call it {name}_{units[0]}")
            sheet.settings[name] = f"{values[0]:.10g} {unit}".strip()
            del columns[n]


def _field(match: re.Match[str]) -> float:
    return abs(float(match[1].replace(",", "."))) * _FIELDS_T[match[2]]


def _signal(sheet: _Sheet, columns: Mapping[int, str]) -> int:
    """The column of the signal."""
    named = [n for n, heading in columns.items() if _SIGNAL.search(heading)] if len(columns) > 1 else list(columns)
    if len(named) != 1:
        known = ", ".join(map(quote, columns.values())) or "none"
        sheet.fail(f"which column is the signal is not clear ({known}): call one of them signal")
    return named[0]


def _single(sheet: _Sheet, given_T: float | None) -> float:
    """The field of a file with one trace."""
    if given_T is not None:
        return abs(given_T)
    if text := sheet.settings.get("field"):
        return abs(_quantity(text, _FIELDS_T, f"{sheet.label}: field", "field = 420 mT"))
    if match := _FIELD.search(Path(sheet.label).name):
        return _field(match)
    sheet.fail("does not say its field: add a column field_mT, name the file trace_90mT.csv, or give `field`, as 90mT")


def _long(sheet: _Sheet, t: Floats, B: Floats, signal: int, error: int | None) -> list[Trace]:
    """The traces of a long table, in the order of their first rows."""
    if np.isnan(B).any():
        sheet.fail("the field is empty", int(np.flatnonzero(np.isnan(B))[0]))
    found = []
    for field in dict.fromkeys(B.tolist()):
        rows = np.flatnonzero(field == B)
        back = np.flatnonzero(np.diff(t[rows]) <= 0)
        if len(back) and len(back) < len(rows) - 1:
            here, there = 1000 * t[rows[back[0]]], 1000 * t[rows[back[0] + 1]]
            sheet.fail(
                f"the time goes from {here:g} to {there:g} ps at {1000 * field:g} mT: a trace has one row for each "
                "time, in order; give a second trace a file of its own",
                int(rows[back[0] + 1]),
            )
        found.append(_trace(sheet, t, signal, error, abs(field), rows))
    return found


def _trace(
    sheet: _Sheet, t: Floats, signal: int, error: int | None, field_T: float, rows: NDArray[np.int64] | None = None
) -> Trace:
    """One trace; rows without a signal are left out, and falling times are turned round."""
    rows = np.arange(len(t)) if rows is None else rows
    rows = rows[np.isfinite(sheet.values[rows, signal])]
    if len(rows) > 1 and (np.diff(t[rows]) < 0).all():
        rows = rows[::-1]
    errors = None if error is None else sheet.values[rows, error]
    return Trace(field_T, t[rows], sheet.values[rows, signal], errors)
