"""The command line as a user meets it; in a process of its own where signals or imports matter."""

import json
import signal
import subprocess
import sys
import time

import pytest

STANDIN = ("--set", "nestoklon2023-standin")
COMMAND = [sys.executable, "-c", "from bandg.cli import main; main()"]


def test_compute_prints_a_table_and_writes_the_file(bandg, tmp_path):
    file = tmp_path / "a.csv"
    code, out, err = bandg(
        "compute", "--size", "2..3cells", *STANDIN, "--termination", "halide,lead", "--workers", 1, "--out", file
    )
    assert code == 0, err
    assert "lead termination" in out
    assert "no exciton binding" in out
    assert len(file.read_text().splitlines()) == 5
    assert "Traceback" not in err


def test_errors_by_the_fit_are_printed_and_written(bandg, tmp_path):
    file = tmp_path / "a.csv"
    code, out, err = bandg(
        "compute", "--size", "2..3cells", "--set", "bandg-nn", "--band", "--workers", 1, "--out", file
    )
    assert code == 0, err
    assert "standard errors by the fit of the set (68 %)" in out and out.count("at E") == 4
    assert "g_h_stderr_at_E" in file.read_text()


@pytest.mark.parametrize("command", [("compute", "--size", "2cells", *STANDIN), ("overlay", "--data", "none")])
def test_a_band_of_a_published_set_is_refused(bandg, command):
    code, _, err = bandg(*command, "--band")
    assert code == 2 and err.count("\n") == 1 and "the set nestoklon2023-standin has no covariance" in err


def test_a_second_run_comes_from_the_cache_and_says_so(bandg):
    (_, first, _), (_, second, _) = (bandg("compute", "--size", "2cells", *STANDIN) for _ in range(2))
    assert "from the cache" not in first
    assert "from the cache" in second
    assert "1 results" in bandg("cache", "info")[1]
    assert "removed 1" in bandg("cache", "clear")[1]
    assert "0 results" in bandg("cache", "info")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--size", "0nm"),
        ("--size", "4.."),
        ("--size", "16..4nm"),
        ("--size", "4..16"),
        ("--size", "1e6nm"),
        ("--set", "unknown"),
        ("--set", "missing.toml"),
        ("--size", "2cells", "--out", "nowhere/a.csv"),
        ("--size", "2cells", "--out", "a.xls"),
        ("--size", "2cells", "--out", "/proc/a.csv"),
        ("--size", "2cells", "--plot", "a.doc"),
        ("--size", "2cells", "--data", "none.csv", "--plot", "a.png"),
        ("--size", "2cells", "--data", "meliakov2025"),
        ("--size", "2cells", "--levels", "many"),
        ("--size", "2cells", "--workers", "0"),
        ("--bogus",),
    ],
)
def test_wrong_input_gives_one_line_code_2_and_no_file(bandg, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = bandg("compute", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.glob("*.*")) == []


@pytest.mark.parametrize("words", [(), ("params",), ("kp",), ("cache",)])
def test_no_command_gives_the_help(bandg, words):
    code, out, err = bandg(*words)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ") and "\nCommands:\n" in err


def test_bulk_writes_the_keys(bandg, tmp_path):
    file = tmp_path / "b.json"
    code, out, err = bandg("bulk", "--set", "kashikar2021", "--out", file)
    assert code == 0, err
    content = json.loads(file.read_text())
    assert {"E_g_eV", "Delta_eV", "m_e", "m_h", "g_e", "g_h"} <= set(content)
    assert content["E_g_eV"] == pytest.approx(0.630, abs=5e-4)
    assert "kashikar2021" in out


def test_bulk_prints_composition_and_contributions_beside_first_principles(bandg, tmp_path):
    file = tmp_path / "b.json"
    code, out, err = bandg("bulk", "--set", "bandg-nnn", "--out", file)
    assert code == 0, err
    lines = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert lines["X d : Pb p"][-2:] == ["0.461", "0.093"]
    assert lines["Pb s : X p"][-2:] == ["0.445", "0.472"]
    assert lines["R6+.2 (Pb s)"][-4:] == ["-8.961", "-8.511", "+0.018", "+0.360"]
    assert lines["sum"][1:] == ["-0.763", "-0.893", "+2.555", "+2.967"]
    assert max(map(len, out.splitlines())) <= 120
    table = out[out.index("composition") :]
    assert max(len(line) for line in table.splitlines() if not line.startswith(("mBJ:", "its bands", "wrote "))) <= 80
    content = json.loads(file.read_text())
    assert content["composition"]["R6-"]["X d"] == pytest.approx(0.3135, abs=1e-4)
    assert content["contributions"]["g_e"]["R6+.2"] == pytest.approx(0.0178, abs=1e-4)
    assert content["first_principles"]["g"]["g_e"]["R6+.2"] == pytest.approx(0.360, abs=1e-3)
    code, out, err = bandg("bulk", "--set", "bandg-cspbcl3", "--intra-atomic")
    assert code == 0 and "mBJ" not in out and "not in the sum" not in out


def test_info_names_what_is_missing(bandg):
    code, out, _ = bandg("info")
    assert code == 0
    assert "solvers:" in out
    assert "kwant" in out


LIGHT = ("numpy", "scipy", "sympy", "xarray", "pandas", "matplotlib", "rich", "spgrep", "pymablock")
LIGHT = (*LIGHT, "pydantic", "importlib.metadata", "bandg.cli.infer")


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (None, (*LIGHT, "typer")),
        (["--help"], (*LIGHT, "bandg.cli.compute")),
        (["params", "list"], LIGHT),
        (["kp", "bulk"], (*LIGHT[1:], "numpy.ma")),
    ],
)
def test_a_quick_command_loads_no_heavy_library(words, heavy):
    assert not loaded_by(words, heavy)


def test_a_cached_computation_loads_no_heavy_library_and_shows_no_progress(bandg, tmp_path):
    words = ["compute", "--size", "2cells", *STANDIN, "--workers", "1", "--out"]
    code, _, _ = bandg(*words, tmp_path / "first.json")
    assert code == 0
    with (tmp_path / "log").open("w") as log:
        heavy = [*LIGHT[1:], "numpy.ma", "bandg.models.etb.cell", "bandg.hamiltonian.blocks"]
        assert not loaded_by([*words, str(tmp_path / "again.json")], heavy, log)
    said = (tmp_path / "log").read_text().splitlines()
    assert all(line.startswith("bandg compute: ") for line in said)  # what a command does, where the machine is slow
    first, again = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("first", "again"))
    assert again["nanocrystals"] == first["nanocrystals"] and again["levels"] == first["levels"]


def loaded_by(words, heavy, log=subprocess.PIPE):
    """Which of the heavy libraries a command loads, or `import bandg` where there are no words."""
    run = "import bandg" if words is None else f"sys.argv = ['bandg', *{words}]; from bandg.cli import main; main()"
    code = f"import atexit, sys; atexit.register(lambda: print('loaded', *{{*{heavy}}} & {{*sys.modules}})); {run}"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log, text=True, timeout=60, check=True
    )
    word, *found = done.stdout.splitlines()[-1].split()
    assert word == "loaded"
    return found


def _start(size, cwd):
    return subprocess.Popen(
        [*COMMAND, "compute", "--size", size, *STANDIN, "--workers", "1", "--out", "a.csv"],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # a shell that starts the tests in the background ignores SIGINT, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _wait_for_results(folder, count):
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.json"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_exits_130_and_keeps_what_is_done(tmp_path, fresh_cache):
    process = _start("2..14cells", tmp_path)
    _wait_for_results(fresh_cache, 1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert list(fresh_cache.glob("*.json"))
    assert not (tmp_path / "a.csv").exists()
