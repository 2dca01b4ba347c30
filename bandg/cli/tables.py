"""Tables on the screen, as plain text.

User text is printed unchanged on one line, and nothing is cut. A table that is wider than the terminal continues below
with its first columns repeated. A file or a pipe gets all columns side by side.
"""

from __future__ import annotations

import itertools
import math
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import typer

from bandg.base.text import one_line

_PROSE = 120  # width of title and caption
_LEAST, _LEAST_TEXT = 8, 24
"""Least width of a column, and of a text column before it continues below."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    heading: may have several lines. form: format of the values; None is printed as nothing and NaN as "-". key: key of
    the value if rows are mappings. left: text, aligned to the left. optional: left out if no row has a value.
    cells, space: printed text and width in characters, set by `show`.
    """

    heading: str
    form: str = ""
    key: str = ""
    left: bool = False
    optional: bool = False
    cells: tuple[str, ...] = ()
    space: int = 0

    def filled(self, values: Iterable[Any]) -> Column:
        """The column with its cells and their width."""
        cells = tuple(map(self._cell, values))
        return replace(self, cells=cells, space=max(map(len, (*self.heading.split("\n"), *cells))))

    def narrowed(self, space: float) -> Column:
        """The column with at most this width."""
        return replace(self, space=int(min(self.space, max(space, _LEAST))))

    def _cell(self, value: Any) -> str:
        if value is None or value != value:
            return "" if value is None else "-"
        return one_line(value if isinstance(value, str) else format(value, self.form))


def show(
    title: str,
    columns: Iterable[Column | str],
    rows: Iterable[Mapping[str, Any] | Sequence[Any]],
    caption: str = "",
    keys: int = 1,
    width: float | None = None,
) -> None:
    """Print a table, title above and caption below.

    columns: a bare heading is a column of text. keys: how many columns are repeated where a table goes on below itself.
    width: in characters; that of the terminal, or no limit where the output is no terminal.
    """
    if width is None:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf
    table, shown, prose = list(rows), [], min(width, _PROSE)
    for n, one in enumerate(columns):
        column = Column(one, left=True) if isinstance(one, str) else one
        column = column.filled(row[column.key] if isinstance(row, Mapping) else row[n] for row in table)
        if any(column.cells) or not column.optional:
            shown.append(column)
    gap = 2 if sum(column.space + 2 for column in shown) - 2 <= width else 1
    parts = ["\n".join(_block(part, gap * " ")) for part in _side_by_side(shown, keys, width, gap)]
    typer.echo("\n\n".join(["\n" + _wrapped(title, prose), *parts, *[_wrapped(caption, prose)] * bool(caption)]))


def _side_by_side(columns: Sequence[Column], keys: int, width: float, gap: int) -> Iterator[list[Column]]:
    """Columns that fit side by side, the first `keys` of them in every part."""
    part = first = [column.narrowed(0.6 * width / keys) for column in columns[:keys]]
    for column in columns[keys:]:
        left = width - sum(other.space + gap for other in part)
        if left < (min(column.space, _LEAST_TEXT) if column.left else column.space) and len(part) > keys:
            yield part
            part, left = first, width - sum(other.space + gap for other in first)
        part = [*part, column.narrowed(left)]
    yield part


def _block(part: Sequence[Column], gap: str) -> Iterator[str]:
    """The lines of columns side by side."""
    yield from _row([column.heading for column in part], part, gap)
    yield gap.join("-" * column.space for column in part)
    for cells in zip(*(column.cells for column in part), strict=True):
        yield from _row(cells, part, gap)


def _row(texts: Sequence[str], part: Sequence[Column], gap: str) -> Iterator[str]:
    wrapped = (_wrapped(text, column.space).split("\n") for text, column in zip(texts, part, strict=True))
    for line in itertools.zip_longest(*wrapped, fillvalue=""):
        cells = (f"{text:{'<' if one.left else '>'}{one.space}}" for text, one in zip(line, part, strict=True))
        yield gap.join(cells).rstrip()


def _wrapped(text: str, space: float) -> str:
    """A text in lines of which none is longer than `space`."""
    if len(text) <= space and text.isprintable():
        return text
    lines = [one_line(line) for line in text.split("\n")]
    fold = textwrap.TextWrapper(int(min(space, 1e6)), break_on_hyphens=False).fill
    return "\n".join(line if len(line) <= space else fold(line) for line in lines)
