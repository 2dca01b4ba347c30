"""What holds for every command: no empty, doubled or strange word passes, and no file is destroyed."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import typer
from matplotlib.figure import Figure

from bandg import Run, compute
from bandg.base.errors import BandgError
from bandg.base.marks import may_replace
from bandg.cli import COMMANDS, app, load
from bandg.plot.output import save
from bandg.runs.dataset import write, write_json

ROOT = typer.main.get_command(app)
LOADED = {name: load(name) for name in COMMANDS}


def commands(found, path=()):
    """(words, command) of every command that there is."""
    for name, command in found.items():
        if hasattr(command, "commands"):
            yield from commands(command.commands, (*path, name))
        else:
            yield (*path, name), command


OPTIONS = [
    (words, parameter)
    for words, command in commands(LOADED)
    for parameter in command.params
    if parameter.param_type_name == "option" and not parameter.is_flag
]


def test_the_list_of_commands_says_what_each_command_says():
    assert list(ROOT.commands) == list(LOADED)
    for name, command in LOADED.items():
        shown = ROOT.commands[name]
        assert shown.get_short_help_str(1000) == command.get_short_help_str(1000), name


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("bandg-cspbi3-nnn", ("compute", "bulk", "export", "dos", "sensitivity", "kp from-etb", "kp decompose")),
        ("nestoklon2023-standin", ("hypotheses", "infer")),
        ("kirstein2022", ("kp bulk",)),
    ],
)
def test_a_command_shows_the_set_that_it_takes_by_default(name, commands):
    for command in commands:
        [option] = [one for words, one in OPTIONS if " ".join(words) == command and one.name == "set_name"]
        assert name in (option.default, option.show_default), command


@pytest.mark.skipif(not hasattr(typer.core.TyperOption, "get_runtime_param"), reason="typer before 0.29 converts later")
def test_a_value_is_converted_as_typer_does():
    words = {"levels": "3", "patience": "2.5", "out": "a.csv", "size": "4", "data": "x.csv"}
    args = [word for name, value in words.items() for word in (f"--{name}", value)]
    params = LOADED["compute"].make_context("compute", args).params
    assert {name: params[name] for name in words} == {
        **{"levels": 3, "patience": 2.5, "out": Path("a.csv"), "size": "4", "data": ["x.csv"]}
    }
    assert params["termination"] is None and params["shape"] == "cube"


@pytest.mark.parametrize("starts", ["5000", "0"])
def test_a_number_outside_of_the_range_of_an_option_is_refused(bandg, starts):
    code, _, err = bandg("fit", "x", "--starts", starts)
    assert code == 2 and err.startswith("error: Invalid value for '--starts': ")


@pytest.mark.parametrize("size", ["2cells", "4..6nm:1nm", "4x4x6nm"])
def test_a_size_without_its_option_names_the_option(size):
    with pytest.raises(BandgError, match=f"'{size}' belongs to no option: write --size {size}"):
        ROOT.main(["compute", size], standalone_mode=False)


def test_every_option_refuses_an_empty_value():
    assert len(OPTIONS) > 80
    for words, parameter in OPTIONS:
        argument = ["x"] if words[-1] in ("fit", "formula") else []
        with pytest.raises(BandgError, match=f"{parameter.opts[0]} is empty: give it a value, or leave it out"):
            ROOT.main([*words, *argument, f"{parameter.opts[0]}= "], standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--size", "2cells", "--size", "3cells"), "--size is given 2 times: give it once"),
        (("--levels", "1_0"), "--levels '1_0' is not a plain number"),
        (("--size", "2cells\x1b[31m"), r"--size '2cells\x1b[31m' contains a control character"),
        (("--out", "a\n.csv"), "contains a control character"),
        (("--out=~/no/such/a.csv",), f"{Path.home()}/no/such"),
        (("--levels", "1" + "0" * 399), "is not a number up to 2147483647"),
        (("--workers", "99999999999999999999"), "is not a number up to 2147483647"),
        (("--fraction", "nan"), "--fraction 'nan' is not a number up to"),
        (("--set", "[/red]x"), "[/red]x"),
        (("--set", "x" * 5000), "xxx ... xxx"),
    ],
)
def test_one_line_names_what_is_wrong(bandg, words, message):
    code, out, err = bandg("compute", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err
    assert len(err) < 1000


def test_an_option_that_a_formula_does_not_have_is_refused(bandg):
    code, out, err = bandg("kp", "formula", "g_h", "--separate", "--crystal-field", "tetragonal")
    assert (code, out) == (2, "")
    assert err == "error: --crystal-field is for the bulk law alone: leave out --separate\n"


def test_repeated_options_may_be_repeated(bandg):
    code, _, err = bandg("sensitivity", "--step", "0.05eV", "--step", "onsite.Pb.p=0.02eV", "--set", "none")
    assert code == 2
    assert "none" in err


def test_a_file_that_is_read_is_never_written(bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my.csv").write_text("mine")
    Path("job.toml").write_text("mine")
    Path("link.csv").symlink_to("my.csv")
    for words in (
        ("compute", "--data", "my.csv", "--out", "my.csv"),
        ("compute", "--data", "my.csv", "--out", "link.csv", "--overwrite"),
        ("overlay", "--curve", "etb:lead", "--curve", "my.csv", "--out", "my.csv"),
        ("fit", "job.toml", "--out", "job.toml", "--overwrite"),
    ):
        code, _, err = bandg(*words)
        assert code == 2
        assert "--out would overwrite" in err
    assert Path("my.csv").read_text() == Path("job.toml").read_text() == "mine"


def test_two_outputs_of_one_name_are_refused(bandg, tmp_path, monkeypatch):
    pytest.importorskip("dynesty")
    monkeypatch.chdir(tmp_path)
    code, _, err = bandg("infer", "--plot", "a.png", "--corner", "a.png")
    assert (code, err) == (2, "error: --plot and --corner write the same file a.png: give another name\n")


@pytest.mark.parametrize(
    ("words", "theirs"),
    [
        (("compute", "--out", "a.csv"), "a.csv"),
        (("compute", "--out", "a.csv"), "a.levels.csv"),
        (("compute", "--plot", "a.png"), "a.png"),
        (("export", "--matrix", "a.npz"), "a.csv"),
        (("fit", "job.toml", "--out", "a.toml"), "a.json"),
        (("kp", "from-etb", "--out", "a.toml"), "a.toml"),
        (("hypotheses", "--report", "a.html"), "a.html"),
    ],
)
def test_a_file_that_is_not_ours_is_kept(bandg, words, theirs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(theirs).write_text("schema = 1, mine")
    code, _, err = bandg(*words)
    assert code == 2
    assert f"{theirs} exists and was not written by bandg: give another name, or add --overwrite" in err
    assert Path(theirs).read_text() == "schema = 1, mine"


def test_our_own_files_are_replaced_and_what_they_become_is_not(tmp_path):
    dataset = compute("2cells", levels=2, x_vacancies=0.5, seeds=2, run=Run(workers=1))
    for suffix in (".csv", ".json", ".nc"):
        write(dataset, tmp_path / f"a{suffix}")
    for suffix in (".png", ".svg", ".pdf"):
        save(Figure(), tmp_path / f"a{suffix}")
    write_json([{"name": "a mechanism"}], tmp_path / "h.json")
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert len(files) == 9
    for path in files:
        assert may_replace(path), path
        path.write_bytes(b"x" + path.read_bytes())
        assert not may_replace(path), path
        path.write_bytes(b"")
        assert may_replace(path), path


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--size", "1cells", "--matrix", "m.npz"),
        ("overlay", "--curve", "kp:bulk-law", "--out", "o.csv"),
        ("sensitivity", "--size", "2cells", "--set", "nestoklon2023-standin", "--workers", "1", "--out", "s.csv"),
    ],
)
def test_a_command_may_run_again(bandg, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        code, _, err = bandg(*words)
        assert code == 0, err


def test_atoms_are_known_as_ours(tmp_path):
    ase = pytest.importorskip("ase.io")
    atoms = ase.read(io.StringIO("1\n\nPb 0 0 0\n"), format="extxyz")
    ase.write(tmp_path / "b.xyz", atoms, format="extxyz")
    assert not may_replace(tmp_path / "b.xyz")
    atoms.set_array("electron_density", np.ones(1))
    atoms.set_array("hole_density", np.ones(1))
    ase.write(tmp_path / "a.xyz", atoms, format="extxyz")
    assert may_replace(tmp_path / "a.xyz")


def test_help_has_a_short_name_and_shows_no_type_for_a_flag(bandg):
    code, out, _ = bandg("compute", "-h")
    assert code == 0
    assert "--force" in out and "--overwrite" in out
    assert "bool" not in out


def test_the_error_is_one_line_for_users_of_the_library():
    message = str(BandgError("two\nlines \x1b[31m" + "x" * 5000))
    assert message.isprintable()
    assert message.startswith(r"two lines \x1b[31mxxx")
    assert len(message) <= 800
    assert os.linesep not in message
