"""What a run does: one task for one nanocrystal."""

from __future__ import annotations

import os
from typing import Any, Protocol, TypeVar

from bandg.crystal.shapes import Nanocrystal

R = TypeVar("R")

Out = TypeVar("Out", covariant=True)


class Task(Protocol[Out]):
    """Something to compute for one nanocrystal: everything that its result, a dataclass of plain types, depends on."""

    @property
    def nanocrystal(self) -> Nanocrystal:
        """What it is computed for."""

    @property
    def model(self) -> str:
        """The kind of computation."""

    def key(self) -> str:
        """Key of the result in the cache."""

    def estimate_n_orbitals(self) -> int:
        """Number of spin-orbitals or functions."""

    def estimate_memory(self) -> float:
        """Peak memory in GB."""

    def largest_size(self, memory: float) -> float:
        """Size in nm of what would fit into that memory in GB."""

    def run(self) -> Out:
        """Compute; `run_job` sets the number of threads."""

    def read(self, payload: dict[str, Any], /) -> Out:
        """The result from the plain types that the cache holds."""


def run_job(job: Task[R], threads: int = 1) -> R:
    """What a process does: one job on so many threads of BLAS and PARDISO."""
    from importlib.util import find_spec

    from threadpoolctl import threadpool_limits

    if find_spec("pymklpardiso"):
        import pymklpardiso  # noqa: F401 -- a limit reaches only what is loaded

    with threadpool_limits(threads):
        return job.run()


def threads_each(workers: int, jobs: int) -> int:
    """Threads for each of some jobs at a time, no more than MKL_NUM_THREADS or OMP_NUM_THREADS allows."""
    asked = os.environ.get("MKL_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    limit = int(asked) if asked.isdigit() else workers
    return max(1, min(limit, workers // max(jobs, 1)))
