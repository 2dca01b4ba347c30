"""Worker processes on this machine: their number, threads and termination."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager

from bandg.base.errors import BandgError, BandgWarning
from bandg.base.kept import kept
from bandg.runs.watch import end_with_parent

_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def processors() -> int:
    """Processors that this process may use: affinity and the limits of a container count."""
    from loky import cpu_count

    return int(cpu_count())


def places(workers: int | None) -> int:
    """Number of tasks at a time: `workers`, but no more than there are processors; by default as many as these."""
    available = processors()
    if workers is not None and workers > available:
        warnings.warn(
            f"{workers} workers exceed the {available} processors that this process may use: using {available}",
            BandgWarning,
            stacklevel=2,
        )
    return min(workers or available, available)


def threads_each(free: int, tasks: int) -> int:
    """Number of threads for each of several parallel tasks, limited by MKL_NUM_THREADS or OMP_NUM_THREADS."""
    asked = os.environ.get("MKL_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    limit = int(asked) if asked.isdigit() else free
    return max(1, min(limit, free // max(tasks, 1)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress two harmless warnings of loky, in this process and in its helper."""
    helper = "ignore:resource_tracker:UserWarning"  # it tells of semaphores that a killed parent left, and removes them
    with warnings.catch_warnings():
        # caches of geometries make workers grow, within limits: loky then replaces one, which loses nothing
        warnings.filterwarnings("ignore", message="A worker (was restarted|stopped) while some jobs")
        sys.warnoptions.append(helper)  # what processes are started with
        try:
            yield
        finally:
            sys.warnoptions.remove(helper)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block SIGINT in this thread, and so for good in the processes and threads that it starts.

    A worker that is still loading its libraries would print a traceback. This process sees the signal at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # its first start, which loky asks for, ends by unblocking the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def processes(count: int, threads: int) -> Iterator[Executor]:
    """Worker processes with a number of threads each. They are killed when the caller is interrupted or ends.

    Raises BandgError if one of them is killed from outside.
    """
    from loky import get_reusable_executor

    is_main = threading.current_thread() is threading.main_thread()
    with _quiet():
        with _without_interrupts():
            executor = get_reusable_executor(
                max_workers=count,
                env=dict.fromkeys(_THREAD_VARIABLES, str(threads)),
                timeout=60,
                kill_workers=False,
                initializer=end_with_parent,
                initargs=(os.getpid(), is_main),
            )
            executor.submit(int)  # starts the workers
        try:
            yield executor
        except BrokenExecutor as error:
            raise BandgError(
                f"a worker process was killed, probably because memory ran out; {kept()}: "
                "try again with fewer `workers`"
            ) from error
        except BaseException:
            executor.shutdown(wait=False, kill_workers=True)
            raise
