"""Many nanocrystals: jobs, their cache, the processes that do them, and the memory they need."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from functools import partial
from typing import Any

from bandg.base import cache
from bandg.base.errors import BandgError
from bandg.base.memory import free_memory
from bandg.base.task import R, Task
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.task import run_job, threads_each
from bandg.solvers.registry import added_solvers

_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def check_memory(jobs: Sequence[Task[Any]], force: bool = False) -> None:
    """Raise BandgError with the estimate if the largest job cannot fit, unless forced."""
    free = free_memory()
    for job in sorted(jobs, key=lambda job: job.estimate_memory(), reverse=True)[:1]:
        need = job.estimate_memory()
        if need > free and not force:
            advice = job.largest(free)
            raise BandgError(
                f"{job.label} needs about {need:.3g} GB of memory, {free:.3g} GB are free"
                f"{'; ' * bool(advice)}{advice} (`force=True` tries all the same)"
            )


def run_jobs(jobs: Sequence[Task[R]], run: Run = DEFAULT_RUN) -> list[tuple[R, bool]]:
    """Result of every job, in order, each with whether it came from the cache.

    Finished jobs are stored at once, so an interrupted run repeats none of them (but a result whose `final` is False is
    not stored). The largest go first, and no more run at a time than their estimated memory allows. Where there are
    fewer jobs than workers, each gets threads of the idle ones.
    Raises BandgError for jobs that do not fit into memory, for a scheduler that does not answer, for a cache that
    cannot be written although something is to be computed, and what a job raises.
    """
    run.check()
    check_memory(jobs, run.force or run.scheduler is not None)
    if jobs:
        run.progress.start(len(jobs), jobs[0].what)
    results: dict[int, tuple[R, bool]] = {}
    for number, job in enumerate(jobs):
        stored = cache.load(job.key(), job.read) if run.cache else None
        if stored is not None:
            results[number] = stored, True
            run.progress.advance(job.label)

    def keep(number: int, result: R) -> None:
        if run.cache and getattr(result, "final", True):
            cache.store(jobs[number].key(), result)
        results[number] = result, False
        run.progress.advance(jobs[number].label)

    waiting = sorted(set(range(len(jobs))) - set(results), key=lambda n: jobs[n].estimate_memory(), reverse=True)
    if waiting and run.cache:
        cache.check()
    places = run.workers or os.cpu_count() or 1
    count = min(places, len(waiting))
    threads = threads_each(places, count)
    if run.scheduler is not None:
        from bandg.runs.cluster import cluster, remote_runner

        if waiting:
            with cluster(run.scheduler) as (executor, flight):
                for number, result in _spread(jobs, waiting, executor, flight, math.inf, remote_runner()):
                    keep(number, result)
    elif count <= 1:
        for number in waiting:
            keep(number, run_job(jobs[number], threads))
    else:
        with _processes(count, threads) as executor:
            try:
                runner = partial(run_job, threads=threads, solvers=added_solvers())
                for number, result in _spread(jobs, waiting, executor, count, free_memory(), runner):
                    keep(number, result)
            except BrokenExecutor as error:
                raise BandgError(
                    "a worker process was killed, probably because memory ran out; finished sizes are kept, "
                    "try again with fewer `workers`"
                ) from error
    return [results[number] for number in range(len(jobs))]


@contextmanager
def _processes(count: int, threads: int) -> Iterator[Executor]:
    """Worker processes with so many BLAS threads each, killed when the caller is interrupted."""
    from loky import get_reusable_executor

    # caches of geometries make workers grow, within limits; that one is restarted for it is no news to the user
    warnings.filterwarnings("ignore", message="A worker was restarted while some jobs", category=UserWarning)
    executor = get_reusable_executor(
        max_workers=count, env=dict.fromkeys(_THREAD_VARIABLES, str(threads)), timeout=60, kill_workers=False
    )
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, kill_workers=True)
        raise


def _spread(
    jobs: Sequence[Task[R]],
    waiting: Sequence[int],
    executor: Executor,
    count: int,
    free: float,
    runner: Callable[[Task[R]], R] = run_job,
) -> Iterator[tuple[int, R]]:
    """Results as they come; a job starts when one of `count` places and its estimated memory of `free` GB are free."""
    left = list(waiting)
    running: dict[Future[R], int] = {}
    while left or running:
        while left and len(running) < count:
            used = sum(jobs[number].estimate_memory() for number in running.values())
            fits = next((n for n in left if used + jobs[n].estimate_memory() <= free), None)
            if fits is None and running:
                break
            number = left[0] if fits is None else fits
            left.remove(number)
            running[executor.submit(runner, jobs[number])] = number
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=_failed):  # what succeeded is kept before a failure ends the rest
            yield running.pop(future), future.result()


def _failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None
