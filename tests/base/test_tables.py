"""One reader and one writer of tables: what is written comes back, and what is wrong is named with its line."""

import pytest

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.rows import Number, Positive, Row
from bandg.base.tables import read_table, to_csv, write_csv


class Point(Row):
    x: Number
    y: Positive | None = None
    name: str = ""


def refusal(text):
    with pytest.raises(BandgError) as caught:
        read_table(text, "a.csv", "x and y").rows(Point)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("folder", ["computed", "measured"])
def test_every_stored_table_comes_back_to_the_byte(folder):
    names = [name for name in resources.theory_curve_files(folder) if name.endswith(".csv")]
    assert len(names) > 1
    for name in names:
        text = resources.theory_curve(f"{folder}/{name}").read_text(encoding="utf-8")
        table = read_table(text, name)
        comments = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("#")]
        assert to_csv(table.cells, table.columns, comments) == text


def test_byte_order_mark_line_ends_comments_and_blank_lines():
    table = read_table('\ufeff# unit = nm\r\nx, y ,name\r\n\r\n 1 ,2,a\r\n# no row\r\n3,,"b, c"\r\n', "a.csv")
    assert table.rows(Point) == [Point(x=1, y=2, name="a"), Point(x=3, name="b, c")]
    assert table.lines == (4, 6) and table.settings == {"unit": "nm"}


def test_trailing_commas_of_spreadsheets_are_no_columns():
    assert read_table("x,y,,\n1,2,,\n3,4,,,,\n", "a.csv").rows(Point) == [Point(x=1, y=2), Point(x=3, y=4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: is empty: it needs x and y"),
        ("x,y,x\n1,2,3\n", "a.csv, line 1: has the column 'x' twice"),
        ("x;y\n1;2\n", "a.csv, line 1: separates its columns by something else"),
        ("x,y\n1,2\n1\n", "a.csv, line 3: has 1 cells under 2 columns"),
        ("x,y\n1,2,3\n", "a.csv, line 2: has 3 cells under 2 columns: quote cells"),
        ("x,,y\n1,2,3\n", "a.csv, line 2: has a cell in a column without a name"),
        ("# schema = 2\nx\n1\n", "a.csv, line 1: schema is not known"),
        ('x\n"1\n', "a.csv, line 2: is not CSV: unexpected end of data"),
        ("x,y\n,2\n", "a.csv, line 2: x is empty"),
        ("x,y\n1,-2\n", "a.csv, line 2: y is -2: it must be above zero"),
        ("x,y\n\n7,5,5\n".replace("7,5,5", "7.5.5,1"), "a.csv, line 3: x is '7.5.5', which is not a number"),
        ("x\n1_0\n", "a.csv, line 2: x is '1_0', which is not a number"),
        ("x\ninf\n", "a.csv, line 2: x is 'inf', which is not a finite number"),
        ("x\n" + "1" * 400 + "x\n", "a.csv, line 2: x is '1111"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, message):
    found = refusal(text)
    assert message in found and len(found) < 160


def test_columns_that_look_like_others_or_hold_numbers_are_refused():
    table = read_table("x,nme,z\n1,a,2\n", "a.csv")
    with pytest.raises(BandgError, match=r"unknown column 'nme' \(did you mean 'name'\?\)"):
        table.check_columns(("x", "name"))
    table.check_columns(("x", "name"), ignored=("nme",))
    with pytest.raises(BandgError, match="column 'z' contains numbers but is not a known column; known are: x, name"):
        table.check_numbers(("x", "name"))
    table.check_numbers(("x", "z"))


def test_writing(tmp_path):
    rows = [{"x": 1.5, "y": None, "name": 'a "b", c'}, {"x": 2}]
    path = write_csv(tmp_path / "a.csv", rows, ("x", "y", "name"), ["unit = nm"])
    assert path.read_bytes() == b'# unit = nm\nx,y,name\n1.5,,"a ""b"", c"\n2,,\n'
    assert read_table(path.read_text(), "a.csv").rows(Point)[0] == Point(x=1.5, name='a "b", c')
    assert to_csv([], ("x",)) == "x\n"
    with pytest.raises(ValueError, match="z"):
        to_csv([{"x": 1}, {"x": 1, "z": 2}])
