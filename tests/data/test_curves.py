"""Curve files: one curve for each set, termination and distortion, and one clear line for what is wrong."""

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.data.curves import parse_curves, read_curves

WRONG = [
    ("energy,g_e\n1.7,1\n", "did you mean 'energy_eV'?"),
    ("x,g_e\n1.7,1\n", "a curve needs the columns energy_eV"),
    ("energy_eV,size_nm\n1.7,4\n1.8,3\n", "some of g_e, g_h, g_bx"),
    ("", "is empty: it needs the columns"),
    ("energy_eV,g_e\n1700,1\n1800,2\n", "line 2: energy_eV is 1700, which looks like meV: give eV"),
    ("energy_eV,g_e\n1.7,1\n1.8,nan\n", "line 3: g_e is 'nan', which is not a finite number"),
    ("energy_eV,g_e\n1.7,1\n-1.8,2\n", "must be above zero"),
    ("energy_eV,g_e\n1.7,1\n", "two points or more"),
    ("energy_eV,g_e\n1.7,1\n1.7,2\n", "energy_eV 1.7 twice"),
    ('energy_eV,g_e\n1.7,"1\n2"\n1.8,2\n', r"line 3: g_e is '1\n2'"),
    (f"energy_eV,g_e\n1.7,{'1' * 140_000}\n1.8,2\n", "line 2: is not CSV: field larger than field limit"),
    ('energy_eV,g_e\n1.7,"1\n1.8,2\n', "is not CSV: unexpected end of data"),
    ("energy_eV,g_e\n1,7,2,0\n1,8,1,0\n", "line 2: has 4 cells under 2 columns"),
    ("# schema = 2\nenergy_eV,g_e\n1.7,1\n1.8,2\n", "line 1: schema is not known"),
    ("# a comment\nenergy_eV,g_e\n1.7,1\n1.8\n", "line 4: has 1 cells under 2 columns"),
    ("energy_eV,g_e\n1.7,1\n1.8,\n", "line 3: g_e is empty"),
    ("energy_eV,g_e,g_e\n1.7,1,2\n1.8,2,3\n", "line 1: has the column 'g_e' twice"),
    ("energy_eV,g_e,g_hh\n1.7,1,2\n1.8,2,3\n", "unknown column 'g_hh' (did you mean 'g_h'?)"),
    ("energy_eV,g_e,size_nm\n1.7,1,-2\n1.8,2,3\n", "line 2: size_nm is -2: it must be above zero"),
    ("energy_eV,g_e,g_e_stderr_at_E\n1.7,1,-1\n1.8,2,1\n", "line 2: g_e_stderr_at_E is -1"),
    ("energy_eV,g_e,shape\n1.7,1,cube\n1.8,2,sphere\n1.9,1,cube\n", "two points or more (sphere)"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_gets_one_clear_line(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(BandgError) as caught:
        read_curves(path)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_curve_file_may_be_what_compute_writes():
    (curve,) = parse_curves("size_nm,E_gap_eV,g_e,g_h,g_bx\n6,1.8,2,0.5,2.5\n4,2.0,1,1,2\n", "mine", "mine.csv")
    assert curve.range_eV == (1.8, 2.0)
    assert curve.size_nm.tolist() == [6, 4] and float(curve.at("g_bx", 2.0)) == pytest.approx(2)


def test_a_cell_with_a_line_break_counts_its_lines():
    text = 'energy_eV,g_e,note\n1.7,1,"two\nlines"\n\n1.8,2,\n2.0,none,\n'
    with pytest.raises(BandgError, match=r"mine\.csv, line 6: g_e is 'none'"):
        parse_curves(text, "mine", "mine.csv")
    assert parse_curves(text.replace("none", "3"), "mine", "mine.csv")[0].values["g_e"].tolist() == [1, 2, 3]


def test_a_file_that_cannot_be_read_gets_one_clear_line(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"energy_eV,g_e,note\n1.7,1,\xe9\n")
    for name, message in (("none.csv", "no such file"), ("latin.csv", "save it as UTF-8"), ("", "is a directory")):
        with pytest.raises(BandgError) as caught:
            read_curves(tmp_path / name)
        assert message in str(caught.value) and "\n" not in str(caught.value)


HEAD = "set,termination,neighbors,cells,edges,size_nm,seed,E_gap_eV,g_e,g_h\n"


def test_a_file_with_several_crystals_makes_several_curves():
    rows = [
        f"{name},{end},1,{n},,{0.6 * n},,{2 - n / 10},{n},1"
        for n in (4, 5)
        for name in "ab"
        for end in ("halide", "lead")
    ]
    found = parse_curves(HEAD + "\n".join(rows), "mine", "mine.csv")
    assert [curve.name for curve in found] == ["mine, a, halide", "mine, a, lead", "mine, b, halide", "mine, b, lead"]
    assert all(curve.values["g_e"].tolist() == [5, 4] and curve.size_nm.tolist() == [3, 2.4] for curve in found)
    rows = [f"a,lead,{shell},{n},,{0.6 * n},,{2 - n / 10},{n},1" for n in (4, 5) for shell in (1, 2)]
    found = parse_curves(HEAD + "\n".join(rows), "mine", "mine.csv")
    assert [curve.name for curve in found] == ["mine, neighbors 1", "mine, neighbors 2"]


def test_of_several_seeds_the_curve_is_the_mean():
    rows = [f"a,lead,1,{n},,{0.6 * n},{seed},{2 - n / 10 + seed / 100},{n},{seed}" for n in (4, 5) for seed in (1, 3)]
    (curve,) = parse_curves(HEAD + "\n".join(rows), "mine", "mine.csv")
    assert curve.energy == pytest.approx([1.52, 1.62]) and curve.values["g_h"].tolist() == [2, 2]
    assert curve.name == "mine" and curve.size_nm == pytest.approx([3, 2.4])


def test_the_same_nanocrystal_may_stand_twice():
    (curve,) = parse_curves("E_gap_eV,g_e,size_nm\n1.8,1,3\n1.8,1,3\n1.9,2,2\n", "mine", "mine.csv")
    assert curve.energy.tolist() == [1.8, 1.9]


def test_centers_tell_spheres_apart_and_not_cubes():
    text = "shape,center,E_gap_eV,g_e\nSHAPE,Pb,1.8,1\nSHAPE,Cs,1.9,2\nSHAPE,Pb,2.0,3\nSHAPE,Cs,2.1,4\n"
    assert len(parse_curves(text.replace("SHAPE", "cube"), "mine", "mine.csv")) == 1
    two = parse_curves(text.replace("SHAPE", "sphere"), "mine", "mine.csv")
    assert [curve.name for curve in two] == ["mine, Pb", "mine, Cs"] and np.isnan(two[0].size_nm).all()


def test_standard_errors_at_fixed_energy_come_with_the_curve():
    text = "E_gap_eV,g_e,g_h,g_e_stderr_at_E,g_h_stderr_at_E\n1.9,1,0,0.2,\n1.7,2,0,0.1,0.3\n"
    (curve,) = parse_curves(text, "mine", "mine.csv")
    assert curve.stderr_at("g_e", [1.7, 1.8, 2.0]) == pytest.approx([0.1, 0.15, np.nan], nan_ok=True)
    assert set(curve.stderr) == {"g_e"}  # g_h lacks one
