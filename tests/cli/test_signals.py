"""Signals end a command with one line and their exit code; the process of a library user is left as it is."""

import os
import signal
import subprocess
import sys
import time

import pytest

from bandg.base import cache, kept
from bandg.cli import main
from bandg.cli.signals import Interruption
from bandg.runs.attempt import Outcome

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

LINE = "interrupted; nothing of this run is in the cache\n"
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@pytest.fixture(autouse=True)
def nothing_stored(monkeypatch):
    """By this process: other tests store results."""
    monkeypatch.setattr(kept, "_stored", 0)


def handlers():
    return [signal.getsignal(getattr(signal, name)) for name in NAMES]


@pytest.fixture
def not_ignored():
    """A shell that starts the tests in the background, or nohup, has some of the signals ignored."""
    before = {name: signal.signal(getattr(signal, name), signal.default_int_handler) for name in NAMES}
    yield
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_ends_the_command(name, monkeypatch, capsys, not_ignored):
    number = getattr(signal, name)
    monkeypatch.setattr("bandg.parameters.loader.available_sets", lambda: signal.raise_signal(number))
    monkeypatch.setattr("sys.argv", ["bandg", "params", "list"])
    before = handlers()
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 128 + number
    assert capsys.readouterr().err == LINE
    assert handlers() == [signal.SIG_DFL, *before[1:]]  # what is left of the process is its exit
    assert signal.set_wakeup_fd(-1) == -1


def test_what_is_ignored_stays_ignored():
    """As nohup asks for."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interruption_in_a_callback_prints_no_traceback():
    """As in a callback of ctypes, from which Python cannot raise: the process ends with the line all the same."""
    code = (
        "import ctypes, os, signal, time; from bandg.cli.signals import Interruption\n"
        "with Interruption():\n"
        "    ctypes.CFUNCTYPE(None)(lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(0.1))()\n"
        "    time.sleep(30)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert (done.stderr, done.returncode) == (LINE, 143)


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 result of this run is kept"), (2, "2 results of this run are kept")]
)
def test_an_interrupted_run_says_how_many_results_are_kept(count, words, capsys):
    cache.check()
    for number in range(count):
        cache.store(f"{number:064}", Outcome(None))
    assert Interruption().say() == 130
    assert capsys.readouterr().err == f"interrupted; {words} in the cache\n"


def test_a_long_call_of_compiled_code_is_ended():
    """As of LAPACK: a call that does not return to Python for minutes, so that no handler runs."""
    code = (
        "import hashlib; from bandg.cli.signals import Interruption\n"
        "with Interruption():\n"
        "    print('begun', flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 2_000_000_000)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "begun\n"
    time.sleep(0.5)  # until it is inside of the call
    run.terminate()
    begun = time.monotonic()
    assert (run.communicate()[1], run.returncode) == (LINE, 143)
    assert time.monotonic() - begun < 5
