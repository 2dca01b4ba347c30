"""Cells of text files and Excel workbooks, as spreadsheets and plotting programs write them."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from bandg.base.errors import BandgError
from bandg.base.files import decoded
from bandg.base.text import quote
from bandg.data.headings import named

SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".asc", ".xlsx")
OTHER = {
    ".xls": "an old Excel file: save it as .xlsx or CSV",
    ".ods": "an OpenDocument file: save it as .xlsx or CSV",
    ".opj": "an Origin project: export the worksheet as ASCII (File > Export), or paste it into a text file",
    ".opju": "an Origin project: export the worksheet as ASCII (File > Export), or paste it into a text file",
}

_DIGITS = r"[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?"
CELL = re.compile(
    rf"({_DIGITS})\s*(?:\((\d+)\)|(?:±|\+/?-)\s*({_DIGITS}))?\s*"
    rf"(eV|meV|nm|K|T|mT|ps|Å|эВ|мэВ|нм|К|Тл|мТл|пс)?(?:\s*(?:±|\+/?-)\s*({_DIGITS}))?"
)
_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", "  ": "blanks", " ": "blanks"}
"""Of two that fit equally well the first is meant."""

NEARLY = re.compile(
    rf"[~≈<>≤≥]\s*{_DIGITS}|{_DIGITS}\s*[+-]\s*{_DIGITS}\s*/?\s*[+-]\s*{_DIGITS}|{_DIGITS}\s*-\s*{_DIGITS}"
    rf"|{_DIGITS}\s*(?:(?:±|\+/?-)\s*{_DIGITS}\s*)?%|{_DIGITS}\s*\(\d*[.,]\d+\)|[+-]?(?:[iI]nf(?:inity)?|∞)"
)
"""Cells that state a number in a way that is refused: a bound, two errors, a range, percent, 1.41 (0.05), infinity."""

_DASHES = str.maketrans("−–—‒‑", "-----")
_GROUPS = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))")
"""Blanks between groups of three digits."""

SAMPLE = re.compile(r"#[^\s=;,]*\s*[\t;,]|#\d+\s")
"""The beginning of a row of sample #4 or #4*, which is no comment."""


@dataclass(frozen=True)
class Sheet:
    """Rows of cells as text, each with its line or row number in the file, and how the file was taken apart.

    text: the whole text of a file that has bandg's own columns, which is to be read as it stands; else None.
    """

    label: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    settings: Mapping[str, str]
    how: tuple[str, ...] = ()
    text: str | None = None

    def fail(self, what: str, line: int | None = None) -> NoReturn:
        """Raise BandgError, one line that begins with the file and the line."""
        raise BandgError(f"{self.label}{'' if line is None else f', line {line}'}: {what}")


WANTED = "a CSV, text or .xlsx file"


def read_sheet(content: bytes, path: str, label: str) -> Sheet:
    """The cells of a text file (any separator) or of an Excel workbook with this content.

    Raises BandgError, one line that starts with `label`.
    """
    suffix = Path(path).suffix.lower()
    if suffix in OTHER:
        raise BandgError(f"{label}: is {OTHER[suffix]}")
    if suffix == ".xlsx" or content.startswith(b"PK\x03\x04"):
        return _workbook(content, label)
    return _text(content, label)


def _workbook(content: bytes, label: str) -> Sheet:
    """The one sheet of an Excel workbook that has cells."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book, formulas = (load_workbook(io.BytesIO(content), data_only=stored) for stored in (True, False))
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError, SyntaxError) as error:
        raise BandgError(f"{label}: is not an Excel workbook that can be read: save it again") from error
    full = [
        sheet
        for sheet in book.worksheets
        if any(cell.value is not None for row in formulas[sheet.title].iter_rows() for cell in row)
    ]
    if not full:
        raise BandgError(f"{label}: is empty")
    if len(full) > 1:
        names = ", ".join(quote(sheet.title) for sheet in full)
        raise BandgError(f"{label}: has {len(full)} sheets with cells ({names}): save the one with the points alone")
    rows = []
    for number, row in enumerate(_values(full[0], formulas[full[0].title], label), start=1):
        for cell in row:
            if isinstance(cell, (datetime.datetime, datetime.date, datetime.time)):
                raise BandgError(f"{label}, line {number}: has the date {cell}: Excel may have made it of a number")
        rows.append((number, tuple("" if cell is None else str(cell).strip() for cell in row)))
    found = tuple((number, cells) for number, cells in rows if any(cells))
    return Sheet(label, found, {}, ("Excel sheet " + quote(full[0].title),))


def _values(sheet: Any, formulas: Any, label: str) -> Iterator[list[Any]]:
    """The rows of a worksheet; cells that are merged over several rows of one column have the same value in each.

    formulas: the worksheet with formulas in place of stored values. Raises BandgError for a formula without value.
    """
    for cells in formulas.iter_rows():
        for cell in cells:
            if cell.data_type == "f" and sheet[cell.coordinate].value is None:
                what = f"the formula in {cell.coordinate} has no value yet: open it in Excel and save"
                raise BandgError(f"{label}, line {cell.row}: {what}")
    merged = {
        (line, one.min_col): sheet.cell(one.min_row, one.min_col).value
        for one in sheet.merged_cells.ranges
        if one.min_col == one.max_col
        for line in range(one.min_row, one.max_row + 1)
    }
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        yield [merged.get((number, k), cell) for k, cell in enumerate(row, start=1)]


def _text(content: bytes, label: str) -> Sheet:
    """The cells of a text file; the separator is that which gives every row the same number of cells."""
    text, how = decoded(content, label, WANTED)
    if not how and _is_own(text):
        return Sheet(label, (), {}, (), text)
    settings: dict[str, str] = {}
    lines = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.startswith("#") and not SAMPLE.match(line):
            key, equals, value = (part.strip() for part in line[1:].partition("="))
            if equals:
                settings[key] = value
        elif line.strip(" \t;,"):
            lines.append((number, line))
    if not lines:
        raise BandgError(f"{label}: is empty")
    is_tabbed = any("\t" in line.strip() for _, line in lines)  # then blanks are no separators
    tried = {
        separator: _split(lines, separator)
        for separator in _SEPARATORS
        if not (is_tabbed and separator.isspace() and separator != "\t")
    }
    scores = {separator: _score(rows) for separator, rows in tried.items()}
    best = max(scores, key=lambda separator: scores[separator])
    if scores[best] == 0:
        raise BandgError(f"{label}: has no table: it needs headings, as energy_eV and g_e, and rows of as many cells")
    if best != ",":
        how += (f"columns separated by {_SEPARATORS[best]}",)
    return Sheet(label, tried[best], settings, how)


def _is_own(text: str) -> bool:
    """Whether the first line that is no comment has bandg's columns with commas between them, in its own spelling.

    Not so where a row begins with a sample as #4, which the reader of such files would take for a comment.
    """
    lines = text.split("\n")
    if any(map(SAMPLE.match, lines)):
        return False
    header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    cells = [cell.strip().strip('"') for cell in header.split(",")]
    spelled = (one.name for cell in cells if cell != "energy_eV" and (one := named(cell)) and one.name != cell)
    return not header or ("energy_eV" in cells and not any(spelled))


def _split(lines: Sequence[tuple[int, str]], separator: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The rows of cells by a separator; none where quotation marks do not fit."""
    if not separator.strip(" "):
        joined = [(number, re.sub(r"\s*(±|\+/?-)\s*(?=[\d.,])", r"\1", line.strip())) for number, line in lines]
        joined = [(number, re.sub(r"\s+(?=[(\[][A-Za-zÅ]+[)\]])", "", line)) for number, line in joined]
        between = re.compile(r"\s+" if separator == " " else r"\s{2,}")
        return tuple((number, tuple(between.split(line))) for number, line in joined)
    try:
        cells = [next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)) for _, line in lines]
    except csv.Error:
        return ()
    return tuple((n, tuple(cell.strip() for cell in row)) for (n, _), row in zip(lines, cells, strict=True))


def _score(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Number of rows of numbers that have as many cells as the line above the first of them; 0 for one column."""
    first = next((k for k, (_, cells) in enumerate(rows) if is_data(cells)), None)
    if first is None or first == 0 or len(rows[first - 1][1]) < 2:
        return 0
    width = len(rows[first - 1][1])
    return sum(len(cells) == width or (len(cells) > width and not any(cells[width:])) for _, cells in rows[first:])


def is_data(cells: Sequence[str]) -> bool:
    """Whether a row holds numbers rather than headings."""
    if len(cells) < 2:
        return False
    numbers = sum(CELL.fullmatch(plain(cell)) is not None for cell in cells)
    return numbers + sum(NEARLY.fullmatch(plain(cell)) is not None for cell in cells) > 1


def plain(cell: str) -> str:
    """A cell with hyphens for minus signs and dashes, and no blanks within numbers."""
    if not cell.isascii():
        cell = cell.translate(_DASHES)
    return _GROUPS.sub("", cell.strip().strip("'\""))
