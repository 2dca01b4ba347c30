"""`bandg sensitivity` as a user meets it."""

import importlib.util
import sys

import pytest


def needs(library):
    """Skip where an extra is not installed: its absence is then what the command complains of first."""
    return pytest.mark.skipif(importlib.util.find_spec(library) is None, reason=f"needs {library}")


def main(arguments, monkeypatch, capsys):
    """The command in this process: code, standard output and error."""
    from bandg.cli import main as command

    monkeypatch.setattr(sys, "argv", ["bandg", *arguments])
    with pytest.raises(SystemExit) as done:
        command()
    return done.value.code, *capsys.readouterr()


def test_sensitivity_prints_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    size = ("sensitivity", "--size", "2..3cells", "--set", "nestoklon2023-standin", "--workers", "1")
    code, out, err = main((*size, "--top", "5", "--out", "a.csv", "--plot", "a.svg"), monkeypatch, capsys)
    assert code == 0, err
    for text in ("spin_orbit.Pb.p", "step assumed", "27 more below", "wrote a.csv", "wrote a.svg"):
        assert text in out.replace("\n", " ")
    assert {path.name for path in tmp_path.glob("a.*")} == {"a.csv", "a.svg"}


SMALL = ("sensitivity", "--size", "2cells")
WRONG = [
    ((*SMALL, "--step", "5"), "has no unit: write '5eV'"),
    ((*SMALL, "--step", "onsite.Pb.q=1eV"), "has no parameter 'onsite.Pb.q'"),
    ((*SMALL, "--out", "a.xls"), "not a known format"),
    ((*SMALL, "--plot", "nowhere/a.png"), "does not exist"),
    ((*SMALL, "--top", "-1"), "--top must be 0"),
    ((*SMALL, "--vary", "onsite.Pb.p=4..5eV"), "belongs to the global methods"),
    ((*SMALL, "--method", "other"), "choose local, morris or sobol"),
    ((*SMALL, "--method", "sobol", "--vary", "onsite.Pb.p=4.6..4.3eV"), "is reversed: write 4.3..4.6eV"),
    pytest.param((*SMALL, "--scheduler", "nowhere.json"), "no such file", marks=needs("distributed")),
    (
        (*SMALL, "--solver", "iterative"),
        "exact derivatives need a factorization, which iterative does not have: choose rslab, superlu or pardiso",
    ),
    ((*SMALL, "--seed", "0"), "belongs to the global methods"),
    ((*SMALL, "--samples", "8"), "belongs to the global methods"),
    ((*SMALL, "--method", "morris", "--seed", "-2"), "--seed must lie between 0 and 2^31 - 1, not -2"),
    ((*SMALL, "--method", "sobol", "--seed", "-1"), "--seed must lie between 0 and 2^31 - 1, not -1"),
    ((*SMALL, "--method", "morris", "--seed", "4294967296"), "is not a number up to 2147483647"),
    ((*SMALL, "--method", "morris", "--vary", "onsite.Pb.p=4..5eV", "--step", "0.1eV"), "leave one of the two out"),
    (("infer", "--vary", "termination=1..0"), "is reversed: write 0..1"),
    (("infer", "--model", "a: lambda=0..1eV"), "nothing is called 'lambda'"),
    (("infer", "--data", "none.csv"), "no such file"),
    (("infer", "--data", "mev.csv"), "looks like meV: give eV"),
    (("infer", "--data", "columns.csv"), "has no table: it needs headings, as energy_eV"),
    (("infer", "--data", "nan.csv"), "leave the cell empty"),
    (("infer", "--data", "unknown"), "no measured points named"),
    (("infer", "--quantities", "g_x"), "quantity 'g_x' is unknown"),
    (("infer", "--bulk", "g_h=0.5..-0.5"), "is reversed"),
    (("infer", "--bulk", "E_g=first-principles"), "only of g_h"),
    (("infer", "--bulk", "mass=0..1"), "bulk quantity 'mass' is unknown"),
    (("infer", "--sigma", "0"), "--sigma must be above zero"),
    (("infer", "--live", "5"), "--live must lie between 50 and 100000"),
    (("infer", "--live", "1000000000"), "--live must lie between 50 and 100000"),
    (("infer", "--seed", "-1"), "--seed must lie between 0 and 2^31 - 1, not -1"),
    (("infer", "--checks", "-1"), "--checks must be 0 (none) or more, not -1"),
    (("infer", "--model", "a: termination=abc"), "value of termination 'abc' has"),
    (("infer", "--model", "a: termination=0..1, onsite.Pb.p=4.4"), "has no unit: write '4.4eV'"),
    (("infer", "--termination", "oxide"), "choose halide or lead"),
    pytest.param(("infer", "--size", "2cells"), "three sizes or more", marks=needs("dynesty")),
    (("infer", "--out", "a.csv"), "not a known format"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_gives_one_line_code_2_and_no_file(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mev.csv").write_text("energy_eV,quantity,value\n1690,g_e,2.3\n")
    (tmp_path / "columns.csv").write_text("energy,kind\n1.69,g_e\n")
    (tmp_path / "nan.csv").write_text("energy_eV,quantity,value\n1.69,g_e,nan\n")
    code, out, err = main(arguments, monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert len(list(tmp_path.glob("*.*"))) == 3


@needs("dynesty")
def test_infer_prints_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bandg.analysis.inference.sampling._PRIOR_SAMPLES", 50)
    (tmp_path / "my.csv").write_text("energy_eV,quantity,value,error\n2.5,g_h,1.5,0.05\n2.5,g_e,0.4,\n")
    models = ("--model", "mixed: termination=0..1", "--bulk", "g_h=first-principles")
    out_file = ("--out", "a.json")
    small = ("--data", "my.csv", "--size", "2..4cells", "--live", "50", "--workers", "1")
    code, out, err = main(("infer", *small, *models, *out_file), monkeypatch, capsys)
    assert code == 0, err
    for text in ("ln Z", "posterior of mixed", "error 0.1 assumed for 1 points", "bulk g_h held near", "wrote a.json"):
        assert text in out
    assert "not checked" in out and "random points" not in out  # there is no parameter of the set
