"""The first word of a command that is silent, and its silence where it speaks itself."""

import io
import sys
import time

import pytest

from bandg.cli import app, watch
from bandg.cli.screen import screens
from bandg.runs.progress import Lines


@pytest.fixture
def listen(monkeypatch):
    """A function that replaces the standard error, with a watch that waits for a hundredth of its seconds.

    It is called by the test, since pytest replaces the standard error between fixture and test.
    """
    for name, seconds in (("_FIRST_S", 0.01), ("_EVERY_S", 0.3), ("_LOOK_S", 0.01)):
        monkeypatch.setattr(watch, name, seconds)

    def replaced():
        monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
        return stream

    return replaced


def wait(output, count):
    """Until so many lines are written, a second at the most."""
    end = time.monotonic() + 1
    while output.getvalue().count("\n") < count and time.monotonic() < end:
        time.sleep(0.01)


def test_a_silent_command_is_described(listen):
    output = listen()
    with screens() as both, watch.Watch().over(both):
        pass
    assert output.getvalue() == ""
    one = watch.Watch()
    one.what = "bandg dos: it does something."
    with screens() as both, one.over(both):
        wait(output, 1)
    assert output.getvalue() == "bandg dos: it does something.\n"


def test_a_command_that_speaks_is_not_described(listen):
    output = listen()
    one = watch.Watch()
    one.what = "bandg dos: it does something."
    with screens() as both, one.over(both):
        print("\x1b[?25l", "2 nanocrystals; about 5 s", file=sys.stderr)
        time.sleep(0.05)
    assert "does something" not in output.getvalue()


def test_a_cursor_movement_is_no_word(listen, monkeypatch):
    output = listen()
    monkeypatch.setattr(output, "isatty", lambda: True, raising=False)
    one = watch.Watch()
    one.what = "bandg dos: it does something."
    with screens() as both, one.over(both):
        sys.stderr.write("\x1b[?25l")
        wait(output, 1)
    assert "does something" in output.getvalue()


def test_long_silence_is_broken_by_the_progress(listen):
    output = listen()
    one = watch.Watch()
    with screens() as both, one.over(both):
        lines = Lines(sys.stderr)
        with one.displayed(lines):
            lines.start(3, "nanocrystals")
            wait(output, 2)
    assert output.getvalue().splitlines()[:2] == ["nanocrystals: 3 to do", "0 of 3 done after 0 s"]


def test_the_command_line_says_what_the_command_does(monkeypatch):
    monkeypatch.setattr(watch.WATCH, "what", "")
    with pytest.raises(SystemExit):
        app(["dos", "--help"])
    assert watch.WATCH.what.startswith("bandg dos: Density of states")
