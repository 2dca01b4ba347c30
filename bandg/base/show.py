"""Representation of results: a title and a few lines of text, or a small table in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from bandg.base.text import one_line

_DIGITS = ".5g"


def plain(value: Any) -> str:
    """A value for a line: numbers with five digits, sequences with commas, text on one line."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return format(value, _DIGITS)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return one_line(str(value))


class Shown:
    """Base of dataclasses with `repr=False` whose representation is made by `shown`."""

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and lines by label."""
        raise NotImplementedError

    def __repr__(self) -> str:
        title, lines = self.shown()
        width = max(map(len, lines), default=0)
        return "\n".join([title, *(f"  {label:<{width}}  {plain(value)}" for label, value in lines.items())])

    def _repr_html_(self) -> str:
        title, lines = self.shown()
        return html(title, (), [(label, plain(value)) for label, value in lines.items()])


@dataclass(frozen=True, repr=False)
class Table:
    """Rows under headings: text on a terminal, a table in a notebook.

    title: text above the table. columns: headings. rows: a dictionary for each row with the keys of `columns`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self.rows[number]

    def _cells(self) -> list[list[str]]:
        return [[plain(row.get(name)) for name in self.columns] for row in self.rows]

    def __repr__(self) -> str:
        lines = [list(self.columns), *self._cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
        return "\n".join([self.title, *text])

    def _repr_html_(self) -> str:
        return html(self.title, self.columns, self._cells())


def html(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A small HTML table; all text is escaped."""

    def line(cells: Sequence[str], tag: str) -> str:
        """One row of cells with a tag."""
        return "<tr>" + "".join(f"<{tag} style='text-align:left'>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><caption>{escape(title)}</caption>{line(head, 'th') if head else ''}{body}</table>"
