"""Printing ends no work: a closed pipe, a full disk and a plain terminal lose no file; no text steers the terminal."""

import errno
import io
import sys
import warnings

import pytest

from bandg.cli import main, overlay
from bandg.cli.screen import Screen
from bandg.cli.tables import show

QUICK = ("overlay", "--curve", "kp:bulk-law")


class Broken(io.StringIO):
    def __init__(self, code):
        super().__init__()
        self.code = code

    def write(self, text):
        raise OSError(self.code, "cannot")

    def fileno(self):
        return 0


@pytest.mark.parametrize(("failure", "code"), [(errno.EPIPE, 0), (errno.ENOSPC, 2)])
def test_a_file_is_written_where_the_screen_is_lost(tmp_path, monkeypatch, failure, code):
    monkeypatch.setattr("os.dup2", lambda *_: None)
    monkeypatch.setattr(sys, "stdout", Broken(failure))
    monkeypatch.setattr(sys, "stderr", errors := io.StringIO())
    monkeypatch.setattr(sys, "argv", ["bandg", *QUICK, "--out", str(tmp_path / "a.json")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert (tmp_path / "a.json").exists()
    assert errors.getvalue() == ("" if code == 0 else "error: cannot print: cannot; the files are written\n")


def test_a_plain_terminal_degrades():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    screen = Screen(stream)
    screen.write("1 ± 2\n")
    screen.flush()
    assert stream.buffer.getvalue() == b"1 \\xb1 2\n"


def test_no_text_of_the_user_is_markup_or_an_escape_sequence(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Screen(sys.stdout))
    show("[/nonsense] :smile:", ["a[red]b[/red]"], [["[bold]x[/bold] \x1b[31m\x07"]])
    print("\x1b[31m")
    out = capsys.readouterr().out
    for text in ("a[red]b[/red]", "[/nonsense] :smile:", r"[bold]x[/bold] \x1b[31m\x07"):
        assert text in out
    assert "\x1b" not in out


def test_memory_that_runs_out_is_one_line(bandg, monkeypatch):
    def run(*_, **__):
        raise MemoryError

    monkeypatch.setattr("bandg.api.compute.level_table", run)
    code, out, err = bandg("compute", "--size", "2cells")
    assert (code, out) == (2, "")
    assert err.startswith("error: memory ran out; ")
    assert len(err.splitlines()) == 1


def test_warnings_of_libraries_are_one_line_each_without_a_path(bandg, monkeypatch):
    def show_table(*_):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            for _ in range(2):
                warnings.warn("something\nodd", RuntimeWarning, stacklevel=1)

    monkeypatch.setattr(overlay, "print_overlay", show_table)
    code, _, err = bandg(*QUICK)
    assert code == 0
    assert err == "note: something odd\n"
