"""Files of measured points as people have them are read right or refused in one line; none is read wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from bandg.base.errors import BandgError
from bandg.data.compare import verdict_points
from bandg.data.measured import describe, load_measured, load_spreads

Point = tuple[str, float, str, float, float | None]
"""Sample, energy in eV, quantity, value, error."""


def points_of(path: Path) -> list[Point]:
    return [(p.sample, p.energy_eV, p.quantity, p.value, p.error) for p in load_measured(path)]


def read(folder: Path, content: str | bytes, name: str = "mine.csv") -> list[Point]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return points_of(path)


def refusal(folder: Path, content: str | bytes, name: str = "mine.csv") -> str:
    with pytest.raises(BandgError) as caught:
        read(folder, content, name)
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and message.startswith(str(folder / name))
    return message


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "data"


@pytest.mark.parametrize("name", ["plain.csv", "decimal_commas.csv", "origin.txt", "workbook.xlsx", "wavelengths.csv"])
def test_the_examples_of_the_documentation_hold_the_five_numbers(name: str) -> None:
    """They are made by make.py of that folder, and the numbers are those of the collection that ships."""
    independent = verdict_points(load_measured("meliakov2025"))
    stated = [(p.energy_eV, p.quantity.removeprefix("abs_"), p.value) for p in independent]
    found = load_measured(EXAMPLES / name)
    assert sorted((round(p.energy_eV, 3), p.quantity, p.value) for p in found) == sorted(stated)
    assert {p.error for p in found} == {0.1} and all(not p.why_not_judged_by for p in found)
    assert {(p.sample, round(p.energy_eV, 3)) for p in found} == {("#1", 1.69), ("#4", 1.911), ("#6", 2.25)}


def test_a_first_row_of_a_sample_with_a_number_is_no_comment(tmp_path: Path) -> None:
    text = "sample,energy_eV,quantity,value,evidence,derived_from\n#1,1.69,g_e,2.3,,\nA,1.9,g_e,1.4,,\n"
    assert read(tmp_path, text) == [("#1", 1.69, "g_e", 2.3, None), ("A", 1.9, "g_e", 1.4, None)]
    assert read(tmp_path, "sample,energy_eV,g_e\n# 2,3\n#1,1.69,2.3\n") == [("#1", 1.69, "g_e", 2.3, None)]
    assert [one[0] for one in read(tmp_path, "sample,E (eV),g_e\n#1*,1.69,2.3\n#2-a,1.7,2\n")] == ["#1*", "#2-a"]


TWO = [("#4", 1.911, "g_e", 1.41, 0.05), ("#4", 1.911, "g_h", 0.91, 0.03), ("#1", 1.69, "g_h", -0.19, None)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "origin.txt",
            "Energy\tg_e\tError\tg_h\tyEr±\tSample\neV\t\t\t\t\t\nlaser\telectron\t\thole\t\t\n"
            "1,911\t1,41\t0,05\t0,91\t0,03\t#4\n1,69\t--\t--\t-0,19\t\t#1\n",
        ),
        ("german.csv", "Probe;Energie (meV);g_e;g_h\n#4;1.911,0;1,41 ± 0,05;0,91+-0,03\n#1;1690;k.A.;−0,19\n"),
        (
            "russian.csv",
            "Образец;Энергия (эВ);g_e;погрешность;g_h;погрешность\n#4;1,911;1,41;0,05;0,91;0,03\n#1;1,69;;;-0,19;\n",
        ),
        (
            "short.tsv",
            "sample\tE/eV\tge\tge err\tgh\tgh err\n#4\t1.911\t1.41\t0.05\t0.91\t0.03\n#1\t1.69\tNaN\tNaN\t-0.19\tNaN\n",
        ),
        ("brackets.csv", '\ufeffSample,"Photon energy, eV",g_e,g_h\r\n#4,1.911,1.41(5),0.91(3)\r\n#1,1.69,,-0.19\r\n'),
        (
            "long.csv",
            "Sample,Energy (eV),quantity,value,error\n#4,1.911,g_e,1.41,0.05\n#4,1.911,gh,0.91,0.03\n"
            "#1,1.69,g h,-0.19,\n",
        ),
        ("blanks.dat", "sample E(eV) g_e g_h\n#4 1.911 1.41 ± 0.05 0.91±0.03\n#1 1.69 -- -0.19\n"),
        (
            "units.txt",
            "sample;energy;electron g-factor;hole g-factor\n"
            "#4;1911 meV;1.41+/-0.05;0.91+/-0.03\n#1;1690 meV;n/a;-0.19\n",
        ),
        (
            "title.csv",
            "CsPbI3 in glass,,,\n\nsample,Energy [eV],g_e,g_h\n#4,1.911,1.41 +- 0.05,0.91 +- 0.03\n#1,1.69,,–0.19\n",
        ),
    ],
)
def test_the_same_points_in_the_formats_of_programs(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, text, name) == TWO


def test_other_encodings(tmp_path: Path) -> None:
    text = "Sample\tEnergy (eV)\tg_e\tg_h\n#4\t1.911\t1.41±0.05\t0.91±0.03\n#1\t1.69\t\t-0.19\n"
    for encoding in ("utf-16", "cp1252", "utf-8-sig"):
        assert read(tmp_path, text.encode(encoding), "encoded.txt") == TWO
    russian = "Образец;Энергия (эВ);g_e;g_h\n#4;1,911;1,41±0,05;0,91±0,03\n#1;1,69;;-0,19\n"
    assert read(tmp_path, russian.encode("cp1251"), "encoded.txt") == TWO
    assert "not a text file" in refusal(tmp_path, b"\x00\x01\xff\x00", "a.dat")
    assert "is marked as UTF-16 and is damaged" in refusal(tmp_path, text.encode("utf-16")[:-1], "a.txt")


def test_wavelengths_become_energies_and_the_line_says_so(tmp_path: Path) -> None:
    assert [p[1] for p in read(tmp_path, "λ (nm),g_e\n648.8,1.41\n733.6,2.3\n")] == [1.910977, 1.690079]
    told = describe(tmp_path / "mine.csv")
    assert told == (
        "2 points: 2 g_e without errors, 1.69 to 1.911 eV (energies from 'λ (nm)' by 1239.841984 eV nm (wavelength in "
        "vacuum))"
    )
    assert "is taken in meV" in describe(_written(tmp_path, "E,g_e\n1911,1.41\n1690,2.3\n"))
    assert [p[1] for p in points_of(tmp_path / "mine.csv")] == [1.911, 1.69]


def _written(folder: Path, text: str) -> Path:
    (folder / "mine.csv").write_text(text, encoding="utf-8")
    return folder / "mine.csv"


def test_one_column_of_g_may_have_an_error_under_any_name(tmp_path: Path) -> None:
    assert read(tmp_path, "energy_eV,quantity,value,±\n1.8,g_e,1,0.1\n") == [("", 1.8, "g_e", 1, 0.1)]
    assert read(tmp_path, "energy_eV,g_e,uncertainty\n1.8,1,0.1\n") == [("", 1.8, "g_e", 1, 0.1)]
    assert read(tmp_path, "energy_eV;quantity;value\n1,8;g_e;1\n") == [("", 1.8, "g_e", 1, None)]


def test_magnitudes_sizes_temperatures_and_spreads(tmp_path: Path) -> None:
    path = _written(
        tmp_path, "E (meV);|g_e|;d [Å];T (K);B (mT);dg_e;convention\n1911;1.41;62.89;6;420;0.22;lorentzian\n"
    )
    (point,) = load_measured(path)
    assert (point.quantity, point.size_nm, point.temperature_K, point.field_T) == ("abs_g_e", 6.289, 6, 0.42)
    (spread,) = load_spreads(path)
    assert (spread.quantity, spread.value, spread.convention) == ("dg_e", 0.22, "lorentzian")


def test_excel_workbooks(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["CsPbI3 at 6 K"],
        [],
        ["Sample", "Energy (eV)", "g_e", "err", "g_h", "err"],
        ["#4", 1.911, 1.41, 0.05, 0.91, 0.03],
        ["#1", 1.69, None, None, -0.19, None],
    ]
    path = workbook(tmp_path / "mine.xlsx", {"points": rows, "empty": []})
    assert points_of(path) == TWO
    assert describe(path).startswith(
        "3 points of 2 samples: 1 g_e with errors, 2 g_h (1 with errors), 1.69 to 1.911 eV"
    )
    as_text = [[str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in row] for row in rows]
    assert points_of(workbook(tmp_path / "text.xlsx", {"a": as_text})) == TWO
    with pytest.raises(BandgError, match=r"two.xlsx: has 2 sheets with cells \('a', 'b'\)"):
        load_measured(workbook(tmp_path / "two.xlsx", {"a": rows, "b": rows}))
    assert "is not an Excel workbook that can be read: save it again" in refusal(
        tmp_path, b"PK\x03\x04 no workbook", "bad.xlsx"
    )
    assert "old Excel file" in refusal(tmp_path, b"\xd0\xcf\x11\xe0", "old.xls")


def test_a_date_that_excel_made_of_a_number_is_refused(tmp_path: Path) -> None:
    import datetime

    path = workbook(
        tmp_path / "d.xlsx", {"a": [["E (eV)", "g_e"], [1.9, 1.4], [1.8, datetime.datetime(2026, 1, 41 - 20)]]}
    )
    with pytest.raises(BandgError, match=r"line 3: has the date 2026-01-21"):
        load_measured(path)


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("E (eV);g_e\n1,911;1.41\n", ["'1,911' in line 2", "'1.41' in line 2", "all with decimal commas"]),
        ("E (eV),g_e,Δg_e\n1.911,1.41,0.2\n", ["'Δg_e' may be an error or a spread", "g_e_error", "convention"]),
        ("E (eV),g_e,chi\n1.911,1.41,0.2\n", ["line 2", "'chi' contains numbers (0.2)", "delete it"]),
        ("E (eV),λ (nm),g_e\n1.911,648.8,1.41\n", ["2 columns of energy or wavelength", "keep one"]),
        ("E (K),g_e\n1.911,1.41\n", ["'E (K)' has the unit K", "eV or meV"]),
        ("E,g_e\n1.911,1.41\n250,2\n", ["'E' has no unit"]),
        ("E (meV),g_e\n1.911,1.41\n", ["gives 0.001911 eV", "no transition energy"]),
        ("E (eV),g_e,g_e\n1.911,1.41,2\n", ["both g_e"]),
        ("E (eV),error,g_e\n1.911,0.1,2\n", ["stands beside no g-factor"]),
        ("E (eV),g_e,g_e err\n1.911,1.41±0.1,0.2\n", ["line 2", "two errors"]),
        (
            "E (eV),g_e\n1.911,about 1.4\n1.8,2\n1.7,2\n",
            ["line 2", "'about 1.4', which is not a number"],
        ),
        ("E (eV),g_e\n1.911,>1.4\n1.8,2\n", ["'>1.4', which is not a number"]),
        ("1.911,1.41\n1.8,2\n", ["no table"]),
        ("E (eV),size (nm)\n1.911,6\n", ["no column of g-factors"]),
        ("g_e,g_h\n1.9,1.2\n", ["has no column energy_eV", "needs one of energy or wavelength"]),
    ],
)
def test_what_may_mean_two_things_is_refused_with_the_choices(tmp_path: Path, text: str, hints: list[str]) -> None:
    message = refusal(tmp_path, text)
    for hint in hints:
        assert hint in message


# ---- files made at random, with structural damage: the truth comes back or a refusal


def _formatted(draw: random.Random, points: list[list[object]]) -> tuple[list[list[str]], str]:
    """Rows of a wide table with headings, and its separator."""
    comma, separator = draw.random() < 0.4, draw.choice("\t;,")
    if comma and separator == ",":
        separator = ";"
    unit, spelled = draw.choice(
        (("eV", "Energy (eV)"), ("eV", "E [eV]"), ("meV", "E, meV"), ("meV", "photon energy/meV"), ("eV", "energy_eV"))
    )
    if separator == ",":
        spelled = spelled.replace("E, meV", "E (meV)")
    how = draw.choice(("columns", "cells", "brackets", "none"))
    g = draw.choice((("g_e", "g_h"), ("ge", "gh"), ("electron g-factor", "hole g-factor"), ("g e", "g h")))
    missing = draw.choice(("", "--", "NaN", "n/a", "-"))

    def number(value: float, digits: int) -> str:
        text = f"{value:.{digits}f}"
        text = text.replace("-", draw.choice(("-", "−", "–")))
        return text.replace(".", ",") if comma else text

    def cell(value: object, error: object) -> list[str]:
        if value is None:
            return [missing, missing] if how == "columns" else [missing]
        if how == "columns":
            return [number(value, 3), missing if error is None else number(error, 3)]  # type: ignore[arg-type]
        if error is None or how == "none":
            return [number(value, 3)]  # type: ignore[arg-type]
        if how == "brackets":
            return [f"{number(value, 3)}({round(error * 1000)})"]  # type: ignore[arg-type, operator]
        return [number(value, 3) + draw.choice(("±", " ± ", "+-", " +/- ")) + number(error, 3)]  # type: ignore[arg-type]

    errors = draw.choice((("err", "err"), ("g_e_error", "g_h_error"), ("σ", "σ"), ("Error", "Error")))
    header = ["Sample", spelled]
    for name, error in zip(g, errors, strict=True):
        header += [name, error] if how == "columns" else [name]
    rows = [header]
    for sample, energy, g_e, error_e, g_h, error_h in points:
        shown = number(energy * 1000, 1) if unit == "meV" else number(energy, 4)  # type: ignore[operator, arg-type]
        rows.append([str(sample), shown, *cell(g_e, error_e), *cell(g_h, error_h)])
    return rows, separator


def _truth(points: list[list[object]], with_errors: bool) -> list[Point]:
    found: list[Point] = []
    for sample, energy, g_e, error_e, g_h, error_h in points:
        for quantity, value, error in (("g_e", g_e, error_e), ("g_h", g_h, error_h)):
            if value is not None:
                found.append((sample, energy, quantity, value, error if with_errors else None))  # type: ignore[arg-type]
    return found


def _damaged(draw: random.Random, rows: list[list[str]], kinds: Sequence[int]) -> list[list[str]]:
    """The same points in a table with something wrong in its structure."""
    rows = [list(row) for row in rows]
    kind, k, n = draw.choice(kinds), draw.randrange(len(rows[0])), draw.randrange(1, len(rows))
    if kind == 0:
        rows[0][k] = ""
    elif kind == 1:
        rows[0][k] = draw.choice(("x", "value", "g", "E", "error", "Δg_e", "g_e", "lab"))
    elif kind == 2:
        del rows[0]
    elif kind == 3:
        rows[n].insert(k, "")
    elif kind == 4:
        del rows[n][k]
    elif kind == 5:
        text = rows[n][k]
        rows[n][k] = text.replace(",", ".") if "," in text else text.replace(".", ",")
    elif kind == 6:
        k = max(k, 1)  # any text is the name of a sample
        rows[n][k] = rows[n][k] + draw.choice(("*", "?", " eV", "%", "e", ")"))
    elif kind == 7:
        rows.insert(n, list(rows[0]))
    else:
        rows[0], rows[n] = rows[n], rows[0]
    return rows


def test_300_files_are_read_right_or_refused(tmp_path: Path) -> None:
    draw = random.Random(18)
    right = refused = 0
    for number in range(300):
        points: list[list[object]] = []
        for n in range(draw.randint(2, 5)):
            g = [round(draw.uniform(-1, 3), 3) if draw.random() < 0.85 else None for _ in range(2)]
            if g == [None, None]:
                g = [0.5, None]
            errors = [
                round(draw.uniform(0.001, 0.2), 3) if one is not None and draw.random() < 0.7 else None for one in g
            ]
            points.append([f"#{n + 1}", round(draw.uniform(1.6, 2.3), 4), g[0], errors[0], g[1], errors[1]])
        rows, separator = _formatted(draw, points)
        has_errors = any("±" in c or "+" in c or "(" in c for row in rows[1:] for c in row) or len(rows[0]) == 6
        intact = draw.random() < 0.3
        excel = draw.random() < 0.05
        kinds = (0, 1, 2, 5, 6, 7, 8) if excel else range(9)  # a workbook with a cell lost is another table
        lines = rows if intact else _damaged(draw, rows, kinds)
        path = tmp_path / f"{number}.txt"
        if excel:
            path = workbook(tmp_path / f"{number}.xlsx", {"a": lines})  # type: ignore[dict-item]
        else:
            path.write_text("".join(separator.join(line) + "\n" for line in lines), encoding="utf-8")
        try:
            found = points_of(path)
        except BandgError as error:
            assert not intact, (rows, error)
            assert len(str(error).splitlines()) == 1
            refused += 1
            continue
        wanted = _truth(points, has_errors)
        if not has_errors or found != wanted:
            wanted = [(*one[:4], None) if f[4] is None else one for one, f in zip(wanted, found, strict=False)]
        if not any(sample for sample, *_ in found):  # its heading is lost, and the line that is printed says so
            assert "left out" in describe(path)
            wanted = [("", *one[1:]) for one in wanted]
        assert found == wanted, (separator, lines, found, wanted)
        right += 1
    assert right > 90 and refused > 60


@pytest.mark.parametrize(
    "text",
    [
        "Probe;;Energie (eV);g-Faktor Elektron;Fehler;g-Faktor Loch;Fehler\nA;;1,69;2,3;0,1;-0,19;0,05\n",
        "Образец;Энергия;g-фактор электрона;погрешность;g-фактор дырки;погрешность\nA;1,69 эВ;2,3;0,1;-0,19;0,05\n",
        "Sample,E (eV),Electron,,Hole,\n,,g,error,g,error\nA,1.69,2.3,0.1,-0.19,0.05\n",
        "Name\tPL (nm)\tge\tError of g_e\tgh\tError of g_h\nsample\t\t\t\t\t\nA\t733.634310\t2.3\t0.1\t-0.19\t0.05\n",
    ],
)
def test_headings_in_words_and_in_two_rows(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == [("A", 1.69, "g_e", 2.3, 0.1), ("A", 1.69, "g_h", -0.19, 0.05)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1.911,1.41 +0.05/-0.03,0.91", "'g_e' is '1.41 +0.05/-0.03', which is not a number: give one error"),
        ("1.911,1.41±5%,0.91±5%", "'g_e' is '1.41±5%', which is not a number: give errors in units of g"),
        ("1.69-1.72,2.3,", "'E (eV)' is '1.69-1.72', which is not a number"),
        ("~1.69,<2.3,", "'E (eV)' is '~1.69', which is not a number"),
    ],
)
def test_a_number_stated_in_another_way_is_named_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    assert f"line 2: {words}" in refusal(tmp_path, f"E (eV),g_e,g_h\n{row}\n")


def test_an_error_beside_an_unknown_column_names_it(tmp_path: Path) -> None:
    assert "that on its left, 'chi', is not known" in refusal(tmp_path, "E (eV),chi,err\n1.69,2.3,0.1\n")


def test_a_peak_without_a_unit_is_neither_energy_nor_wavelength(tmp_path: Path) -> None:
    assert "energy or wavelength" in refusal(tmp_path, "PL peak,g_e\n733.6,2.3\n")


def test_cells_that_are_merged_over_rows_have_one_content(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    rows: list[list[object]] = [["Sample", "E (eV)", "g_e"], ["A", 1.9, 1.4], [None, 1.8, 1.6]]
    path = workbook(tmp_path / "merged.xlsx", {"points": rows})
    book = load_workbook(path)
    book.active.merge_cells("A2:A3")
    book.save(path)
    assert [point[:2] for point in points_of(path)] == [("A", 1.9), ("A", 1.8)]


def test_a_formula_without_a_stored_value_is_no_empty_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path / "formula.xlsx", {"points": [["E (eV)", "g_e", "g_h"], [1.9, "=1+0.4", 0.9]]})
    with pytest.raises(BandgError, match="line 2: the formula in B2 has no value yet"):
        load_measured(path)


def test_reading_costs_as_much_as_there_are_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row is compared with the others only where it names some: the fields of a point are asked 8 times a row."""
    from bandg.data.measured import MeasuredPoint

    asked = []
    ask = MeasuredPoint.__getattribute__

    def counted(point: MeasuredPoint, name: str) -> object:
        """Note that the energy of a point is asked."""
        if name == "energy_eV":
            asked.append(name)
        return ask(point, name)

    monkeypatch.setattr(MeasuredPoint, "__getattribute__", counted)
    rows = [f"1.{500 + n},1.4" for n in range(200)]
    read(tmp_path, "\n".join(["E (eV),g_e", *rows]))
    assert len(asked) <= 8 * len(rows)


def test_a_heading_in_two_cells_and_bare_letters_are_no_units(tmp_path: Path) -> None:
    text = "Sample,PL max,T,B,g_e,err.\n,nm,K,mT,,\nS-12,690.3,1.6,300,1.81,0.02\nS-13,655.1,1.6 K,,n.d.,\n"
    (point,) = load_measured(_written(tmp_path, text))
    assert (point.sample, point.value, point.error) == ("S-12", 1.81, 0.02)
    assert (point.energy_eV, point.temperature_K, point.field_T) == (1.796092, 1.6, 0.3)
    path = _written(tmp_path, "E (eV),Size,T,B,g_e\n1.75,10.2,10,0.4,2.1\n1.8,9 nm,10,,2\n")
    assert describe(path).endswith("('Size' is taken in nm where no unit stands; 'T' is taken in K; 'B' is taken in T)")
    assert load_measured(path)[0].size_nm == 10.2


def test_samples_with_blanks_in_columns_of_fixed_width(tmp_path: Path) -> None:
    text = "sample      E(eV)   ge     gh\nglass A     1.80    1.95   0.25\nglass B     1.88    1.58\n"
    assert "line 3: has 3 cells under 4 headings" in refusal(tmp_path, text)
    assert read(tmp_path, text[:-1] + "   0.61\n")[3] == ("glass B", 1.88, "g_h", 0.61, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("E (eV),g_e,err\n1.9,1,0\n", "line 2: g_e_error is 0: an error is above zero: leave the cell empty"),
        ("energy_eV,g_e,g_e_error\n1.9,1,0.00\n", "line 2: g_e_error is 0.00: an error is above zero"),
        ("E (eV),g_e\n1.9,1.4(0)\n1.8,1\n", "line 2: g_e_error is 0: an error is above zero"),
        ("sample,E (eV),g_e\nA,1.9,1\nMean,1.9,1\n", "line 3: sample 'Mean' sums up other rows"),
        ("sample,A,B\nE (eV),1.75,1.85\ng_e,2.1,1.7\n", "has its energies in a row: exchange rows and columns"),
        (
            "E (eV),g_e\n1.9,1.4±0.03±0.05\n1.8,1\n",
            "line 2: 'g_e' is '1.4±0.03±0.05', which has several errors: give one",
        ),
        (
            "E (eV),g_e\n1.9,1.41 (0.05)\n1.8,2 (0.1)\n",
            "line 2: 'g_e' is '1.41 (0.05)', which is not a number: give the",
        ),
        ("E (eV)\tg_e\tg_h\n1.9\t\t1\t0.5\n1.8\t\t1\t0.6\n", "has no table"),
        ("E (eV),g_e\n1.9±0.1,1\n1.8,1\n", "line 2: 'E (eV)' is '1.9±0.1': only g-factors have errors, delete it"),
    ],
)
def test_what_people_write_and_cannot_be_used_is_named(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


def test_wavenumbers_are_energies(tmp_path: Path) -> None:
    """h c = 1239.841984 eV nm, so that 1 / cm is 0.1239841984 meV."""
    for heading in ("Wavenumber (cm-1)", "Wellenzahl (cm^-1)", "E, cm⁻¹", "energy (1/cm)", "Волновое число (см−1)"):
        path = tmp_path / "cm.csv"
        path.write_text(f"sample;{heading};g_e\nA;15324;1.5\n")
        (point,) = load_measured(path)
        assert point.energy_eV == pytest.approx(15324e7 * 1239.841984 / 1e14, abs=6e-10), heading
        assert "converted to eV" in describe(path)


def test_rows_that_stand_twice_and_columns_of_one_name_are_told(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("sample,E (eV),g_e,err,g_h,err\nA,1.9,1.5,0.1,1,0.1\nB,2,1.4,,,\nA,1.9,1.5,0.1,1,0.1\n")
    assert len(load_measured(path)) == 5
    told = describe(path)
    assert "'err' in column 4 is the error of g_e; 'err' in column 6 is the error of g_h" in told
    assert told.endswith("line 4 repeats line 2: all count)")
    path.write_text("sample,energy_eV,g_e\nA,1.9,1.5\n")
    assert describe(path) == "1 point of 1 sample: 1 g_e without errors, 1.9 eV"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Probe;E (eV);g_e\nA;1,9;inf\n", "line 2: 'g_e' is 'inf', which is not a number"),
        ("Probe;E (eV);g_e\nA;1,9;−∞\n", "line 2: 'g_e' is '−∞', which is not a number"),
        ("sample,E (eV),g_X\nA,1.9,1.5\n", r"has no column of g-factors (is it 'g_X'?): call it g_e"),
        ("sample,Frequency (THz),g_e\nA,460,1.5\n", "has no column energy_eV (is it 'Frequency (THz)'?): it needs"),
        ("sample,Wavenumber (nm),g_e\nA,650,1.5\n", "has the unit nm: use eV or meV or cm-1"),
    ],
)
def test_the_cell_or_column_is_named(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, text)
