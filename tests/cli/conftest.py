"""The command line in this process: quick, and every failure stays visible."""

import sys

import pytest

from bandg.cli import main


@pytest.fixture
def bandg(monkeypatch, capsys):
    """A function: words to (exit code, standard output, standard error)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["bandg", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return run
