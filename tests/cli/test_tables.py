"""Tables on the screen: aligned, whole at every width, and user text as it is."""

from __future__ import annotations

import math

import pytest

from bandg.cli.tables import Column, show

NAME = "a-name-[bold]of-the-user[/bold]"
COLUMNS = ["set", Column("size\nnm", ".3f"), Column("g", "+.2f"), Column("seed", optional=True), "where it is from"]
ROWS = [(NAME, 1.25, -0.5, None, "a source that is told\x1b[31m in several words"), ("b", None, math.nan, None, "c")]


def test_a_table_beside_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The golden text; a column without values is left out, NaN is a dash, an escape sequence stays on its line."""
    show("title", COLUMNS, ROWS, "caption")
    assert capsys.readouterr().out.splitlines() == [
        "",
        "title",
        "",
        "set                               size      g  where it is from",
        "                                    nm",
        "-------------------------------  -----  -----  ----------------------------------------------",
        "a-name-[bold]of-the-user[/bold]  1.250  -0.50  a source that is told\\x1b[31m in several words",
        "b                                           -  c",
        "",
        "caption",
    ]


@pytest.mark.parametrize("width", [22, 40, 60, 80, 200])
def test_nothing_is_cut_and_no_line_is_too_wide(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    show("a title that is longer than narrow terminals are", COLUMNS, ROWS, "caption", width=width)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    for word in ("a-name-", "terminals", "1.250", "-0.50", "several", "words", "caption", "size", "from"):
        assert word in out
    assert (out.count("set") > 1) == (width <= 60)  # the first column is repeated below


def test_rows_by_name_and_two_columns_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("E", ".1f", "E_eV"), Column("", key="name"), *(Column(f"curve {n}", key="g") for n in range(4))]
    show("t", columns, [{"E_eV": 1.0, "name": "g_e", "g": 2.5}], keys=2, width=30)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "1.0" in line] == ["1.0 g_e     2.5     2.5", "1.0 g_e     2.5     2.5"]
