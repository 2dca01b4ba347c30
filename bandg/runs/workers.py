"""Worker processes on this machine: how many, with how many threads, and how they end."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager

from bandg.base.errors import BandgError, BandgWarning
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
            f"{workers} workers are more than the {available} processors that this process may use: {available} work",
            BandgWarning,
            stacklevel=2,
        )
    return min(workers or available, available)


def threads_each(free: int, tasks: int) -> int:
    """Threads for each of some tasks at a time on so many processors, as MKL_NUM_THREADS or OMP_NUM_THREADS allows."""
    asked = os.environ.get("MKL_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    limit = int(asked) if asked.isdigit() else free
    return max(1, min(limit, free // max(tasks, 1)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without two warnings of loky that ask for nothing, in this process and in its helper."""
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
def processes(count: int, threads: int) -> Iterator[Executor]:
    """Worker processes with so many threads each; they are killed when the caller is interrupted or ends.

    Raises BandgError where one of them is killed by somebody else.
    """
    from loky import get_reusable_executor

    is_main = threading.current_thread() is threading.main_thread()
    with _quiet():
        executor = get_reusable_executor(
            max_workers=count,
            env=dict.fromkeys(_THREAD_VARIABLES, str(threads)),
            timeout=60,
            kill_workers=False,
            initializer=end_with_parent,
            initargs=(os.getpid(), is_main),
        )
        try:
            yield executor
        except BrokenExecutor as error:
            raise BandgError(
                "a worker process was killed, probably because memory ran out; finished sizes are kept, "
                "try again with fewer `workers`"
            ) from error
        except BaseException:
            executor.shutdown(wait=False, kill_workers=True)
            raise
