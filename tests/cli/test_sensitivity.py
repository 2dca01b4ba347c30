"""`bandg sensitivity` as a user meets it."""

import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-c", "from bandg.cli import main; main()"]


def bandg(*arguments, cwd=None):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd, env=os.environ)


def test_sensitivity_prints_and_writes(tmp_path):
    done = bandg(
        *("sensitivity", "--size", "2..3cells", "--workers", "1", "--top", "5", "--out", "a.csv", "--plot", "a.svg"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "spin_orbit.Pb.p" in done.stdout
    assert "step assumed" in done.stdout
    assert {path.name for path in tmp_path.glob("a.*")} == {"a.csv", "a.svg"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--step", "5meV"),
        ("--step", "onsite.Pb.q=1eV"),
        ("--out", "a.xls"),
        ("--plot", "nowhere/a.png"),
    ],
)
def test_wrong_input_gives_one_line_code_2_and_no_file(arguments, tmp_path):
    done = bandg("sensitivity", "--size", "2cells", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.glob("*.*")) == []
