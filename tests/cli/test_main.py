"""The command line as a user meets it: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-c", "from bandg.cli import main; main()"]


def bandg(*arguments, cwd=None, **changes):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd, env=os.environ | changes
    )


def test_compute_prints_a_table_and_writes_the_file(tmp_path):
    done = bandg("compute", "--size", "2..3cells", "--termination", "halide,lead", "--out", "a.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lead termination" in done.stdout
    assert "no exciton binding" in done.stdout
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 5
    assert "Traceback" not in done.stderr


def test_a_second_run_comes_from_the_cache_and_says_so(tmp_path):
    first = bandg("compute", "--size", "2cells", cwd=tmp_path)
    second = bandg("compute", "--size", "2cells", cwd=tmp_path)
    assert "from the cache" not in first.stdout
    assert "from the cache" in second.stdout
    assert "1 results" in bandg("cache", "info").stdout
    assert "removed 1" in bandg("cache", "clear").stdout
    assert "0 results" in bandg("cache", "info").stdout


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
        ("--size", "2cells", "--data", "none.csv"),
        ("--size", "2cells", "--levels", "many"),
        ("--size", "2cells", "--workers", "0"),
        ("--bogus",),
    ],
)
def test_wrong_input_gives_one_line_code_2_and_no_file(arguments, tmp_path):
    done = bandg("compute", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.glob("*.*")) == []


def test_bulk_writes_the_keys(tmp_path):
    done = bandg("bulk", "--set", "kashikar2021", "--out", "b.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "b.json").read_text())
    assert {"E_g_eV", "Delta_eV", "m_e", "m_h", "g_e", "g_h"} <= set(content)
    assert content["E_g_eV"] == pytest.approx(0.630, abs=5e-4)
    assert "kashikar2021" in done.stdout


def test_info_names_what_is_missing():
    done = bandg("info")
    assert done.returncode == 0
    assert "solvers:" in done.stdout
    assert "kwant" in done.stdout


def test_help_needs_no_heavy_library():
    heavy = ("numpy", "scipy", "sympy", "xarray", "matplotlib")
    code = f"import sys; import bandg.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def _start(size, cwd):
    return subprocess.Popen(
        [*COMMAND, "compute", "--size", size, "--workers", "1", "--out", "a.csv"],
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


def test_a_killed_sweep_repeats_no_finished_size(tmp_path, fresh_cache):
    process = _start("2..9cells", tmp_path)
    _wait_for_results(fresh_cache, 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = {path.name: path.stat().st_mtime_ns for path in fresh_cache.glob("*.json")}
    assert 2 <= len(kept) < 8
    assert not (tmp_path / "a.csv").exists()
    done = bandg("compute", "--size", "2..9cells", "--out", "a.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 9
    for name, written in kept.items():
        assert (fresh_cache / name).stat().st_mtime_ns == written
    assert len(list(fresh_cache.glob("*.json"))) == 8


def test_ctrl_c_exits_130_and_keeps_what_is_done(tmp_path, fresh_cache):
    process = _start("2..14cells", tmp_path)
    _wait_for_results(fresh_cache, 1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert list(fresh_cache.glob("*.json"))
    assert not (tmp_path / "a.csv").exists()
