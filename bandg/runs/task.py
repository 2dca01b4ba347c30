"""Runs one task with its number of threads."""

from __future__ import annotations

from collections.abc import Sequence

from bandg.base.task import R, Task
from bandg.solvers import Solver, register

_SMALL_GB = 0.25
"""Memory in GB below which a task runs on one thread; several threads would be slower on busy processors."""


def run_job(job: Task[R], threads: int = 1, solvers: Sequence[type[Solver]] = ()) -> R:
    """Run one job with a number of BLAS and PARDISO threads; a small job with one thread.

    solvers: registered by the user; a worker process must register them too.
    """
    from importlib.util import find_spec

    from threadpoolctl import threadpool_limits

    if find_spec("pymklpardiso"):
        import pymklpardiso  # noqa: F401 -- a limit applies only to loaded libraries

    for solver in solvers:
        register(solver)
    with threadpool_limits(threads if job.estimate_memory() > _SMALL_GB else 1):
        return job.run()
