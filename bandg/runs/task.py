"""How one task is done: the threads that it gets."""

from __future__ import annotations

from collections.abc import Sequence

from bandg.base.task import R, Task
from bandg.solvers import Solver, register

_SMALL_GB = 0.25
"""Tasks that need less memory gain nothing from several threads, and lose much where processors are busy."""


def run_job(job: Task[R], threads: int = 1, solvers: Sequence[type[Solver]] = ()) -> R:
    """What a process does: one job on so many threads of BLAS and PARDISO, a small one on one.

    solvers: those that a user has registered, of which a worker process knows nothing.
    """
    from importlib.util import find_spec

    from threadpoolctl import threadpool_limits

    if find_spec("pymklpardiso"):
        import pymklpardiso  # noqa: F401 -- a limit reaches only what is loaded

    for solver in solvers:
        register(solver)
    with threadpool_limits(threads if job.estimate_memory() > _SMALL_GB else 1):
        return job.run()
