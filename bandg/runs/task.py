"""How one task is done: the threads that it gets."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bandg.base.task import R, Task
from bandg.solvers import Solver, register


def run_job(job: Task[R], threads: int = 1, solvers: Sequence[type[Solver]] = ()) -> R:
    """What a process does: one job on so many threads of BLAS and PARDISO.

    solvers: those that a user has registered, of which a worker process knows nothing.
    """
    from importlib.util import find_spec

    from threadpoolctl import threadpool_limits

    if find_spec("pymklpardiso"):
        import pymklpardiso  # noqa: F401 -- a limit reaches only what is loaded

    for solver in solvers:
        register(solver)
    with threadpool_limits(threads):
        return job.run()


def threads_each(workers: int, jobs: int) -> int:
    """Threads for each of some jobs at a time, no more than MKL_NUM_THREADS or OMP_NUM_THREADS allows."""
    asked = os.environ.get("MKL_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    limit = int(asked) if asked.isdigit() else workers
    return max(1, min(limit, workers // max(jobs, 1)))
