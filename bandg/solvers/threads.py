"""The number of threads that a library without OpenMP may use."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def thread_limit() -> int:
    """Threads that linear algebra may use here now, as the environment and `threadpoolctl` limit those of BLAS.

    1 where no BLAS tells, as Apple's does not.
    """
    return max((int(library["num_threads"]) for library in _libraries().info()), default=1)
