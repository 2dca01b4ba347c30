"""Measured points are those stated in print, and a user's CSV is read or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bandg.base.errors import BandgError
from bandg.base.units import HBAR, MU_B
from bandg.data.choice import measured_points
from bandg.data.measured import MeasuredPoint, available_measured, load_measured, load_spreads

REFERENCES = Path(__file__).parents[2] / "docs" / "references.bib"


def write(folder: Path, text: str, name: str = "mine.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def refusal(source: str) -> str:
    with pytest.raises(BandgError) as caught:
        load_measured(source)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_points_of_the_main_experiment() -> None:
    points = load_measured("meliakov2025")
    stated = {(p.energy_eV, p.quantity): p.value for p in points}
    assert len(points) == 12 and len({p.value for p in points if p.quantity == "g_bx"}) == 1
    assert stated == {
        (1.69, "g_e"): 2.3,
        (1.91, "g_e"): 1.4,
        (1.69, "g_h"): -0.19,
        (2.25, "g_h"): 1.69,
        (1.911, "abs_g_e"): 1.41,
        (1.911, "abs_g_h"): 0.91,
        (None, "g_e"): 1.58,
        (None, "g_h"): 0.72,
        (1.69, "g_bx"): 2.2,
        (1.911, "g_bx"): 2.2,
        (2.25, "g_bx"): 2.2,
    }
    ranges = [(p.energy_eV, p.evidence) for p in points if p.kind == "energy-range"]
    assert ranges == [(1.69, "derived"), (1.911, "derived"), (1.911, "contains-theory"), (2.25, "contains-theory")]
    assert {p.kind for p in points if p.quantity != "g_bx"} == {"point"} and {p.material for p in points} == {"CsPbI3"}
    assert all(p.error is None for p in points)


def test_five_numbers_are_measured_independently() -> None:
    points = load_measured("meliakov2025")
    assert {(p.quantity, p.energy_eV, p.value) for p in points if not p.why_not_judged_by} == {
        *(("g_e", 1.69, 2.3), ("abs_g_e", 1.911, 1.41)),
        *(("g_h", 1.69, -0.19), ("abs_g_h", 1.911, 0.91), ("g_h", 2.25, 1.69)),
    }
    why = {(p.quantity, p.energy_eV): p.why_not_judged_by for p in points}
    assert why["g_e", 1.91] == "repeats abs_g_e at 1.911"
    assert why["g_bx", 1.69] == "follows from g_e at 1.69 and g_h at 1.69"
    assert why["g_bx", 2.25] == "contains theory: g_h at 2.25 and modeled g_e of ref. 14 of the source"
    assert why["g_e", None] == "no energy is stated"


def test_the_spreads_of_two_samples() -> None:
    spreads = load_spreads("meliakov2025")
    stated = {(p.sample, p.quantity): (p.energy_eV, p.value, p.kind) for p in spreads if p.quantity.startswith("dg")}
    assert stated == {
        ("#1", "dg_e"): (None, 0.25, "point"),
        ("#1", "dg_h"): (None, 0.07, "point"),
        ("#4", "dg_e"): (1.911, 0.22, "point"),
        ("#4", "dg_h"): (1.911, 0.03, "upper-bound"),
    }
    assert {p.convention for p in spreads} == {"lorentzian"} and {p.temperature_K for p in spreads} == {6}
    times = {p.field_T: p.value for p in spreads if p.quantity == "T2_e_ps" and p.energy_eV == 1.911}
    rates = {field: 1 / time for field, time in times.items()}
    per_tesla = (rates[0.42] - rates[0.09]) / (0.42 - 0.09)
    assert per_tesla * HBAR / MU_B == pytest.approx(0.260, abs=5e-4)  # dg_e from the two times alone


def test_checks_hold_the_ends_of_the_stated_ranges_and_judge_nothing() -> None:
    points = load_measured("checks")
    assert {p.why_not_judged_by for p in (*points, *load_spreads("checks"))} == {"kept for checks"}
    assert [(p.energy_eV, p.temperature_K) for p in points if p.value == 2.29] == [(1.812, 200)]
    assert [(p.quantity, p.energy_eV, p.value) for p in points if p.evidence != "measured"] == [("g_e", 2.25, 0.5)]
    assert [(p.quantity, p.size_nm) for p in points if p.value == 2.07] == [("g_e", 11)]
    assert [p.value for p in load_spreads("checks")] == [1000]
    g_h = [p.value for p in points if p.sample == "MAPbI3" and p.quantity == "g_h"]
    assert sorted(g_h) == [-0.71, -0.28]
    assert {p.value for p in points if p.quantity.startswith("abs")} == {2.7, 0.17}
    assert len(points) == 21
    kirstein = [p for p in points if p.source == "kirstein2022"]
    assert {(p.kind, p.energy_is) for p in kirstein} == {("value-range", "gap")} and len(kirstein) == 12


@pytest.mark.parametrize("name", available_measured())
def test_every_source_is_in_the_bibliography_and_has_a_name(name: str) -> None:
    text = REFERENCES.read_text(encoding="utf-8")
    assert all(f"{{{point.source}," in text for point in (*load_measured(name), *load_spreads(name)))
    assert all(point.source_name for point in load_measured(name))


def test_long_format(tmp_path: Path) -> None:
    path = write(tmp_path, "# mine\nquantity, energy_eV, value, error, lab\ng_e, 1.8, 1.9, 0.1, A\n\ng_h,,0.5,,A\n")
    assert load_measured(path) == (
        MeasuredPoint(1.8, "g_e", 1.9, 0.1, source=path),
        MeasuredPoint(None, "g_h", 0.5, source=path),
    )


def test_wide_format(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffenergy_eV,g_e,g_h,g_bx,g_e_error\n1.8,1.9,,2.2,0.1\n1.9,,0.4,,\n")
    found = [(p.energy_eV, p.quantity, p.value, p.error) for p in load_measured(path)]
    assert found == [(1.8, "g_e", 1.9, 0.1), (1.8, "g_bx", 2.2, None), (1.9, "g_h", 0.4, None)]


def test_one_quantity_may_have_its_error_in_the_column_error(tmp_path: Path) -> None:
    path = write(tmp_path, "energy_eV,g_h,error\r\n1.8,0.4,0.1\r\n1.9,0.5,\r\n")
    assert [(p.value, p.error) for p in load_measured(path)] == [(0.4, 0.1), (0.5, None)]


def test_what_a_user_may_give_as_data(tmp_path: Path) -> None:
    path = write(tmp_path, "energy_eV,g_h\n1.8,0.4\n")
    (own,) = load_measured(path)
    assert measured_points("none") == () and measured_points(Path(path)) == (own,) and measured_points(own) == (own,)
    assert measured_points(["meliakov2025", path, own]) == (*load_measured("meliakov2025"), own, own)
    assert {p.material for p in measured_points(None, "CsPbBr3")} == {"CsPbBr3"}
    assert set(measured_points(None, "CsPbI3")) > set(load_measured("meliakov2025"))
    spread = MeasuredPoint(1.8, "dg_e", 0.1, convention="gaussian")
    assert measured_points([own, spread]) == (own,)
    assert measured_points(None, "CsPbCl3") == ()
    for wrong, message in ((3, "not int"), (["none", path], "stands alone"), ([None], "no measured points named ''")):
        with pytest.raises(BandgError, match=message):
            measured_points(wrong)


def test_a_plain_table_is_measured_and_may_have_spreads(tmp_path: Path) -> None:
    path = write(
        tmp_path, "energy_eV,g_e,g_h,dg_e,dg_e_error,convention\n1.8,1.9,0.4,0.2,0.1,gaussian\n1.9,1.8,0.5,,,\n"
    )
    assert {(p.evidence, p.why_not_judged_by, p.convention) for p in load_measured(path)} == {("measured", "", "")}
    assert len(load_measured(path)) == 4
    (spread,) = load_spreads(path)
    assert (spread.quantity, spread.value, spread.error, spread.convention) == ("dg_e", 0.2, 0.1, "gaussian")
    assert load_spreads(write(tmp_path, "energy_eV,g_e\n1.8,1.9\n")) == ()


def test_a_file_may_name_its_source_and_rows_that_follow_from_others(tmp_path: Path) -> None:
    rows = "1.8,g_e,1.9,measured,,me\n1.8,g_h,0.4,measured,,me\n1.8,g_bx,2.3,derived,g_e at 1.80; g_h at 1.8,me\n"
    path = write(tmp_path, "# source me = My own, 2026\nenergy_eV,quantity,value,evidence,derived_from,source\n" + rows)
    points = load_measured(path)
    assert {p.source_name for p in points} == {"My own, 2026"}
    assert [p.why_not_judged_by for p in points] == ["", "", "follows from g_e at 1.80 and g_h at 1.8"]


EVIDENCE = "energy_eV,quantity,value,evidence,derived_from\n1.8,g_e,1,measured,\n"
HEAD = "energy_eV,quantity,value,error\n"


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("", ["empty", "energy_eV, quantity, value"]),
        ("# only a comment\n", ["empty"]),
        (HEAD, ["no points", "energy_eV, quantity, value"]),
        ("quantity,value\ng_e,1\n", ["has no table", "energy_eV"]),
        ("energy_eV,value\n1.8,1\n", ["no column quantity"]),
        ("g_e,g_h\n1,2\n", ["no column energy_eV"]),
        ("a,b\n1,2\n", ["no column energy_eV"]),
        ("energy_eV,quantity,value,eror\n1.8,g_e,1,\n", ["'eror'", "did you mean 'error'"]),
        ("energy_eV,quantity,value,value\n1.8,g_e,1,2\n", ["'value' twice"]),
        ("energy_eV,quantity,value,g_e\n1.8,g_e,1,2\n", ["both"]),
        (HEAD + "1.8,g_e,nan,\n", ["line 2", "value is 'nan'"]),
        (HEAD + "nan,g_e,1,\n", ["line 2", "energy_eV is 'nan'"]),
        (HEAD + "inf,g_e,1,\n", ["line 2", "energy_eV is 'inf'"]),
        (HEAD + "1690,g_e,1,\n", ["line 2", "looks like meV"]),
        (HEAD + "0,g_e,1,\n", ["above zero"]),
        (HEAD + "1.8,g_e,1,\n# comment\n1.9,g_e,one,\n", ["line 4", "'one'", "not a number"]),
        (HEAD + "1.8,g_x,1,\n", ["line 2", "'g_x'", "g_e, g_h, g_bx"]),
        (HEAD + "1.8,g_e,,\n", ["line 2", "value is empty"]),
        (HEAD + "1.8,g_e\n", ["line 2", "has 2 cells under 4 columns"]),
        (HEAD + "1_8,g_e,1,\n", ["line 2", "'1_8'", "not a number"]),
        ("energy_eV,quantity,value,err_e\n1.8,g_e,1,0.1\n", ["'err_e' contains numbers", "value, error"]),
        ("energy_eV,g_e,scatter\n1.8,1,0.1\n", ["'scatter' contains numbers", "g_e_error"]),
        ("energy_eV,g_e,g_h,error\n1.8,1,1,0.1\n", ["'error' is ambiguous", "g_e_error or g_h_error"]),
        ("energy_eV,g_e,error\n1.8,,0.1\n", ["line 2", "an error stands without a value"]),
        ("energy_eV,g_e,\n1.8,1,0.1\n", ["line 2", "a column without a name"]),
        ("energy_eV,quantity,value,kind\n1.8,g_e,1,range\n", ["line 2", "kind is 'range'", "value-range, upper-bound"]),
        ("energy_eV,quantity,value,kind\n1.8,g_e,1,value-range\n", ["line 2", "1 rows have this sample", "both ends"]),
        (HEAD + "1.8,g_e,1,-0.1\n", ["error is -0.1: an error is above zero: leave the cell empty"]),
        (HEAD + "1.8,abs_g_e,-1,\n", ["magnitude"]),
        (HEAD + "1.8,g_e,1,0.1,5\n", ["5 cells under 4 columns"]),
        (HEAD + '1.8,g_e,"1\n', ["not CSV"]),
        ("# schema = 2\n" + HEAD + "1.8,g_e,1,\n", ["schema"]),
        ("energy_eV,g_e,g_e_error\n1.8,,0.1\n", ["line 2", "without g_e"]),
        ("energy_eV,g_e,dg_e\n1.8,1,0.1\n", ["line 2", "dg_e has no convention", "lorentzian", "gaussian"]),
        (HEAD + "1.8,T2_h_ps,100,\n", ["line 2", "T2_h_ps has no convention"]),
        ("energy_eV,g_e,convention\n1.8,1,gaussian\n", ["line 2", "convention is gaussian", "no spread"]),
        ("energy_eV,g_e,dg_e,convention\n1.8,1,0.1,fwhm\n", ["line 2", "convention is 'fwhm'", "lorentzian"]),
        ("energy_eV,dg_e,convention\n1.8,-0.1,gaussian\n", ["line 2", "a spread is not negative"]),
        ("energy_eV,T2_e_ps,convention\n1.8,0,gaussian\n", ["line 2", "T2_e_ps is 0", "above zero"]),
        ("energy_eV,dg_e,convention\n1.8,0.1,gaussian\n", ["has no points but spreads"]),
        ("energy_eV,dg_e,convention,kind\n1.8,0.1,gaussian,value-range\n", ["line 2", "a point, an upper-bound"]),
        ("energy_eV,quantity,value,evidence\n1.8,g_e,1,guess\n", ["line 2", "evidence is 'guess'", "contains-theory"]),
        ("energy_eV,quantity,value,use\n1.8,g_e,1,draw\n", ["line 2", "use is 'draw'", "judge or check"]),
        ("energy_eV,quantity,value,evidence\n1.8,g_e,1,derived\n", ["line 2", "derived", "the rows", "derived_from"]),
        (EVIDENCE + "1.8,g_bx,2,contains-theory,\n", ["line 3", "the rows and the theory in derived_from"]),
        (EVIDENCE + "1.8,g_bx,2,derived,g_e at 1.8; g_h at 1.8\n", ["line 3", "'g_h at 1.8', which is no other row"]),
        (EVIDENCE + "1.8,g_bx,2,derived,g_bx at 1.8\n", ["line 3", "'g_bx at 1.8', which is no other row"]),
        (EVIDENCE + "1.8,g_bx,2,derived,g_e at 1.8.0\n", ["line 3", "'g_e at 1.8.0', which is no other row"]),
        (EVIDENCE + "1.8,g_bx,2,derived,two others\n", ["line 3", "'two others', which is no other row"]),
        (EVIDENCE + "1.9,g_e,2,measured,g_e at 1.8\n", ["line 3", "measured, but derived_from is filled"]),
        (
            "# schema = 1\n" + HEAD + "1.8,g_e,1,\n",
            ["schema = 1", "no column kind, convention, evidence, derived_from"],
        ),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, hints: list[str]) -> None:
    path = write(tmp_path, text)
    message = refusal(path)
    assert message.startswith(path)
    for hint in hints:
        assert hint in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in refusal(str(tmp_path / "none.csv"))
    assert "directory" in refusal(str(tmp_path))
    (tmp_path / "latin.csv").write_bytes(b"energy_eV,g_e\n1.8,1\n1.9,\xff\n")
    assert "line 3: 'g_e' is 'ÿ', which is not a number" in refusal(str(tmp_path / "latin.csv"))
    assert "cannot be read" in refusal("a\0b.csv")
    for wrong in (None, 3, ["a.csv"]):
        assert "must be the path of a file or the name of a shipped collection" in refusal(wrong)


def test_unknown_name_suggests_the_nearest() -> None:
    assert "did you mean 'meliakov2025'" in refusal("meliakov")
    assert "there are: checks, meliakov2025" in refusal("a\nb")
