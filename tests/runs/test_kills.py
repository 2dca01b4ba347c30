"""A run that is killed in the middle: its workers end with it, and the next one repeats nothing that was finished."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

SIZES = 4
COMMAND = ["-c", "from bandg.cli import main; main()", "compute", "--size", f"2..{SIZES + 1}cells", "--workers", "2"]
COMMAND += ["--set", "nestoklon2023-standin"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
LIMIT_S = 2.0


PROGRESS = re.compile(r"bandg compute: .*|\d+ nanocrystals?.*; about .*|nanocrystals.*: \d+ to do|\d+ of \d+ done .*")


def said(err: str) -> list[str]:
    """The lines of the standard error that tell no progress."""
    return [line for line in err.splitlines() if not PROGRESS.fullmatch(line)]


def kept(count: int) -> str:
    """The line of a run that has stored so many results."""
    results = f"{count} results of this run are kept" if count > 1 else "1 result of this run is kept"
    return f"interrupted; {results if count else 'nothing of this run is'} in the cache"


class Killed:
    """Runs of one sweep over one cache, each ended by a signal at a random moment."""

    def __init__(self, cache: Path, seed: int) -> None:
        self.cache, self.random = cache, random.Random(seed)
        self.most_s = 0.0

    def entries(self) -> dict[str, int]:
        """When each result was written."""
        return {path.name: path.stat().st_mtime_ns for path in self.cache.glob("*.json")}

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *COMMAND],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill(self, number: signal.Signals) -> int:
        """End a run by a signal, check what is left, and return how many results the cache holds."""
        before = self.entries()
        wanted = self.random.randrange(len(before), SIZES)
        run = self.start()
        while run.poll() is None and len(self.entries()) <= wanted:
            time.sleep(0.01)
        time.sleep(self.random.choice([0.0, 0.01, 0.1]))
        left = psutil.Process(run.pid).children(recursive=True) if run.poll() is None else []
        run.send_signal(number)
        run.wait(timeout=60)
        ended = time.monotonic()
        while any(_works(process) for process in left):
            time.sleep(0.01)
            assert time.monotonic() - ended < LIMIT_S, [process.cmdline() for process in left if _works(process)]
        self.most_s = max(self.most_s, time.monotonic() - ended)
        out, err = run.communicate(timeout=60)
        after = self.entries()
        assert len(after) == SIZES if out else run.returncode
        if run.returncode in (0, -number):  # it was faster, or had not begun
            assert not said(err)
        else:
            assert run.returncode == 128 + number
            [line] = said(err)
            assert line in [kept(count) for count in range(len(after) - len(before) + 1)]
        assert {name: after[name] for name in before} == before
        return len(after)

    def finish(self) -> None:
        """A run that is left alone completes, and repeats nothing."""
        before = self.entries()
        run = self.start()
        out, err = run.communicate(timeout=100)
        assert (run.returncode, said(err)) == (0, [])
        after = self.entries()
        assert len(after) == SIZES
        assert {name: after[name] for name in before} == before
        assert out.count("*") >= len(before) > 0  # marked as from the cache


def _works(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_run_leaves_no_worker_and_repeats_nothing(fresh_cache):
    killed = Killed(fresh_cache, 1)
    killed.kill(signal.SIGKILL)
    killed.finish()


@pytest.mark.slow
def test_sixty_kills(fresh_cache):
    """Prints the longest time that a worker lived longer than its parent."""
    killed = Killed(fresh_cache, 2)
    done = 0
    while done < 60:
        full = killed.kill(killed.random.choice(SIGNALS)) == SIZES
        done += 1
        if full or done == 60:
            killed.finish()
            for path in fresh_cache.glob("*"):
                path.unlink()
    print(f"longest life of a worker after its parent: {killed.most_s:.2f} s")
