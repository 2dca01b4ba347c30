"""A short run of `wrong_input.py`; the full one is `python tests/fuzz/wrong_input.py 1000 1000 3000`."""

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("wrong_input", Path(__file__).with_name("wrong_input.py"))
assert spec is not None and spec.loader is not None
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


def test_wrong_command_lines_are_one_message_and_exit_code_2(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fuzz.wrong_command_lines(40, seed=1) == []


def test_damaged_files_are_one_message_and_exit_code_2(tmp_path):
    assert fuzz.damaged_files(15, tmp_path, seed=1) == []


def test_damaged_cache_entries_are_a_miss():
    assert fuzz.damaged_entries(200, *fuzz.stored_entry(), seed=1) == []


@pytest.mark.parametrize(
    ("code", "errors", "may_pass"),
    [
        (ValueError("x"), "", True),
        (1, "error: x\n", True),
        (0, "", False),
        (2, "", False),
        (2, "error: x\nerror: y\n", False),
        (2, "error: " + "x" * 5000, False),
        (2, "error: \x1b[31m", False),
    ],
)
def test_the_judge_complains(code, errors, may_pass):
    assert fuzz.complaint(code, errors, may_pass)
    assert not fuzz.complaint(2, "error: x\n", may_pass)
