"""How many processes and threads work, and that workers end with their parent."""

import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import psutil
import pytest
import threadpoolctl

from bandg.base.errors import BandgWarning
from bandg.crystal.shapes import cube
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.runs import workers
from bandg.runs.options import Run
from bandg.runs.sweep import run_jobs
from bandg.runs.workers import places, processes, processors, threads_each

SET = load_set("nestoklon2023-standin")


def test_threads_are_shared_among_few_tasks(monkeypatch):
    for name in ("MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert [threads_each(8, tasks) for tasks in (0, 1, 3, 8)] == [8, 8, 2, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert [threads_each(8, tasks) for tasks in (1, 3)] == [4, 2]


@pytest.mark.parametrize("asked", [None, "64"])
def test_processes_times_threads_stay_within_the_processors(monkeypatch, asked):
    for name in ("MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    if asked:
        monkeypatch.setenv("MKL_NUM_THREADS", asked)
    for free in (1, 2, 3, 8):
        for count in range(1, free + 1):
            assert 1 <= count * threads_each(free, count) <= free


def test_no_more_workers_than_processors_and_a_note_says_so(monkeypatch):
    monkeypatch.setattr(workers, "processors", lambda: 3)
    assert (places(None), places(2), places(3)) == (3, 2, 3)
    with pytest.warns(BandgWarning, match="64 workers exceed the 3 processors that this process may use: using 3"):
        assert places(64) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="affinity can be set on Linux alone")
def test_processors_are_those_of_the_affinity():
    import os

    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(("memory", "threads"), [(0.2, 1), (0.3, 2)])
def test_small_tasks_get_one_thread(monkeypatch, memory, threads):
    """Of every library that has threads: OpenBLAS, and MKL where it is a library of its own."""
    for name in ("MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    monkeypatch.setattr(Job, "estimate_memory", lambda self: memory)
    seen = []
    compute = Job.run
    monkeypatch.setattr(Job, "run", lambda self: seen.extend(threadpoolctl.threadpool_info()) or compute(self))
    run_jobs([Job(SET, cube(2, SET.a_nm), 1)], Run(cache=False))
    assert {pool["num_threads"] for pool in seen} == {threads}


def test_a_run_leaves_the_warnings_of_the_user_as_they_are():
    filters, options = list(warnings.filters), list(sys.warnoptions)
    with workers.processes(1, 1) as executor:
        assert executor.submit(abs, -1).result() == 1
    assert (warnings.filters, sys.warnoptions) == (filters, options)


@pytest.mark.parametrize("by_kernel", [False, True])
def test_a_worker_ends_with_its_parent(by_kernel):
    """The parent starts a child that sleeps, prints its number and is killed."""
    child = (
        "from bandg.runs.watch import end_with_parent; import os, time; "
        f"end_with_parent(os.getppid(), {by_kernel}); print(os.getpid(), flush=True); time.sleep(60)"
    )
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]).wait()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        worker.terminate()  # is left to the parent
        time.sleep(0.05)
        assert worker.is_running()
        parent.kill()
        deadline = time.monotonic() + 2
        while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the blocked signals")
def test_workers_are_born_with_interrupts_blocked():
    """So that one that is still loading its libraries prints no traceback."""
    status = Path("/proc/self/status")
    with processes(2, 1) as executor:
        worker = executor.submit(status.read_text).result()
    bit = 1 << (signal.SIGINT - 1)
    masks = [int(re.search(r"SigBlk:\s*(\w+)", text)[1], 16) for text in (worker, status.read_text())]
    assert [bool(mask & bit) for mask in masks] == [True, False]
