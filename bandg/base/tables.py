"""Reader and writer of CSV tables. Errors name file, line and column."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from bandg.base.errors import BandgError
from bandg.base.files import write_whole
from bandg.base.text import nearest, quote

if TYPE_CHECKING:
    from pydantic import ValidationError

    from bandg.base.rows import Row

AnyRow = TypeVar("AnyRow", bound="Row")


@dataclass(frozen=True)
class Table:
    """A table as text: the lines of the file, and the stripped cells by column.

    label: name of the file in errors. settings: "key = value" of the comment lines.
    """

    label: str
    columns: tuple[str, ...]
    lines: tuple[int, ...]
    cells: tuple[Mapping[str, str], ...]
    settings: Mapping[str, str]

    def fail(self, what: str, row: int | None = None) -> NoReturn:
        """Raise BandgError, one line that begins with the file and the line of a row."""
        place = self.label if row is None else f"{self.label}, line {self.lines[row]}"
        raise BandgError(f"{place}: {what}")

    def check_columns(self, known: Sequence[str], ignored: Collection[str] = ()) -> None:
        """Raise BandgError for a column that is neither known nor ignored and looks like a known one."""
        for column in self.columns:
            if column not in known and column not in ignored and (hint := nearest(column, known, cutoff=0.75)):
                self.fail(f"has the unknown column {quote(column)}{hint}")

    def check_numbers(self, known: Collection[str]) -> None:
        """Raise BandgError for an unknown column that contains numbers, which would otherwise be ignored."""
        for column in self.columns:
            held = next((row[column] for row in self.cells if is_number(row[column])), None)
            if column not in known and held is not None:
                self.fail(
                    f"column {quote(column)} contains numbers but is not a known column; known are: {', '.join(known)}"
                )

    def rows(self, model: type[AnyRow]) -> list[AnyRow]:
        """The rows as objects of a model; columns that it does not have are left out. Raises BandgError."""
        found = []
        for number, cells in enumerate(self.cells):
            try:
                found.append(model.model_validate({column: text for column, text in cells.items() if text}))
            except ValueError as error:
                self._explain(error, number)  # type: ignore[arg-type]
        return found

    def _explain(self, error: ValidationError, row: int) -> NoReturn:
        """The first error of pydantic in plain words."""
        first = error.errors(include_url=False)[0]
        column = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "missing":
            self.fail(f"{column} is empty: every row needs a value", row)
        reason = str(first["ctx"]["error"]) if first["type"] == "value_error" else ""
        if first["type"] == "literal_error":
            reason = f"it must be one of {first['ctx']['expected']}".replace("'', ", "").replace("'", "")
        if not column:
            self.fail(reason, row)
        text = self.cells[row][column]
        shown = text if is_number(text) and math.isfinite(float(text)) else quote(text)
        self.fail(f"{column} is {shown}{', ' if reason.startswith('which') else ': '}{reason or first['msg']}", row)


def is_number(text: str) -> bool:
    """Whether a cell contains a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # python reads 1_000, nobody else does


def read_table(text: str, label: str, needed: str = "") -> Table:
    """The table of a CSV text: a header, then rows of as many cells; # begins a comment line, blank lines do not count.

    needed: what the table must hold, for the message where it is empty. Raises BandgError, one line that begins with
    `label`, for text that is not CSV, a schema other than 1, duplicate columns, and rows of another length.
    """
    settings: dict[str, str] = {}
    rows = [
        (line, [cell.strip() for cell in cells]) for line, cells in _rows(text.removeprefix("\ufeff"), label, settings)
    ]
    need = f": it needs {needed}" if needed else ""
    if not rows:
        raise BandgError(f"{label}: is empty{need}")
    line, header = rows[0]
    place = f"{label}, line {line}"
    if len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        raise BandgError(f"{place}: separates its columns by something else than commas: save it as CSV with commas")
    for column in header:
        if column and header.count(column) > 1:
            raise BandgError(f"{place}: has the column {quote(column)} twice")
    width = len(header)
    for line, cells in rows[1:]:
        if any(cells[width:]) or len(cells) < width:
            advice = ": quote cells that contain a comma" if len(cells) > width else ""
            raise BandgError(f"{label}, line {line}: has {len(cells)} cells under {width} columns{advice}")
        if any(cell for column, cell in zip(header, cells, strict=False) if not column):
            raise BandgError(f"{label}, line {line}: has a cell in a column without a name")
    named = tuple({c: cell for c, cell in zip(header, row, strict=False) if c} for _, row in rows[1:])
    return Table(label, tuple(filter(None, header)), tuple(line for line, _ in rows[1:]), named, settings)


def _rows(text: str, label: str, settings: dict[str, str]) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row that is neither blank nor a comment; a row ends at that line."""
    line = 0

    def data_lines() -> Iterator[str]:
        """Lines that are no comments; comments with an equals sign become settings."""
        nonlocal line
        for line, content in enumerate(io.StringIO(text), start=1):
            if not content.startswith("#"):
                yield content
                continue
            key, equals, value = (part.strip() for part in content[1:].partition("="))
            if equals:
                settings[key] = value
            if key == "schema" and value != "1":
                raise BandgError(f"{label}, line {line}: schema is not known: this version of bandg reads schema = 1")

    try:
        for cells in csv.reader(data_lines(), strict=True):
            if any(cell.strip() for cell in cells):
                yield line, cells
    except csv.Error as error:
        raise BandgError(f"{label}, line {line}: is not CSV: {error}") from error


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = (), comments: Iterable[str] = ()) -> str:
    """Rows as CSV text; None and missing keys are empty cells.

    columns: names in order, by default those of the first row; any other key of a row is an error. comments: lines
    before the header.
    """
    table = list(rows)
    stream = io.StringIO()
    stream.writelines(f"# {comment}\n" for comment in comments)
    writer = csv.DictWriter(stream, columns or tuple(table[0] if table else ()), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(table)
    return stream.getvalue()


def write_csv(
    path: str | os.PathLike[str],
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str] = (),
    comments: Iterable[str] = (),
) -> Path:
    """Write rows as CSV atomically; see :func:`to_csv`. Raises BandgError where it cannot be written."""
    return write_whole(path, to_csv(rows, columns, comments))
