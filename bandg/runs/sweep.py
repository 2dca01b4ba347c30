"""Many nanocrystals: jobs, their cache, the processes that do them, and the memory they need."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from bandg.base import cache
from bandg.base.errors import BandgError
from bandg.base.memory import free_memory

if TYPE_CHECKING:
    pass

from bandg.runs.task import R, Task, run_job, threads_each

_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def check_memory(jobs: Sequence[Task[Any]], force: bool = False) -> None:
    """Raise BandgError with the estimate if the largest job cannot fit, unless forced."""
    free = free_memory()
    for job in sorted(jobs, key=lambda job: job.estimate_memory(), reverse=True)[:1]:
        need = job.estimate_memory()
        if need > free and not force:
            what = "functions" if job.model == "kp" else "spin-orbitals"
            raise BandgError(
                f"{job.nanocrystal.size_nm:.4g} nm ({job.estimate_n_orbitals():.3g} {what}) needs about {need:.3g} GB "
                f"of memory, {free:.3g} GB are free; about {job.largest_size(free):.2g} nm would fit"
                f"{getattr(job, 'alternative', lambda memory: '')(free)} (--force tries all the same)"
            )


def check_workers(workers: int | None, scheduler: str | None = None) -> None:
    """Raise BandgError for a number of workers below 1 and a scheduler that does not answer, before any work."""
    if workers is not None and workers < 1:
        raise BandgError(f"--workers must be 1 or more, not {workers}")
    if scheduler is not None:
        from bandg.runs.cluster import check_scheduler

        check_scheduler(scheduler)


def run_jobs(
    jobs: Sequence[Task[R]],
    workers: int | None = None,
    use_cache: bool = True,
    on_done: Callable[[Any, bool], None] = lambda job, cached: None,
    scheduler: str | None = None,
) -> list[tuple[R, bool]]:
    """Result of every job, in order, each with whether it came from the cache.

    Finished jobs are stored at once, so an interrupted run repeats none of them (but a result whose `final` is False is
    not stored). The largest go first, and no more run at a time than their estimated memory allows. on_done(job,
    cached) is called after each. workers defaults to the number of processors; where there are fewer jobs, each gets
    threads of the idle ones. scheduler: of a dask.distributed cluster that does the work instead of local processes,
    "tcp://host:port" or a scheduler file.
    Raises BandgError for a number of workers below 1, for a scheduler that does not answer, for a cache that
    cannot be written although something is to be computed, and what a job raises.
    """
    check_workers(workers, scheduler)
    results: dict[int, tuple[R, bool]] = {}
    for number, job in enumerate(jobs):
        stored = cache.load(job.key(), job.read) if use_cache else None
        if stored is not None:
            results[number] = stored, True
            on_done(job, True)

    def keep(number: int, result: R) -> None:
        if use_cache and getattr(result, "final", True):
            cache.store(jobs[number].key(), result)
        results[number] = result, False
        on_done(jobs[number], False)

    waiting = sorted(set(range(len(jobs))) - set(results), key=lambda n: jobs[n].estimate_memory(), reverse=True)
    if waiting and use_cache:
        cache.check()
    places = workers or os.cpu_count() or 1
    count = min(places, len(waiting))
    threads = threads_each(places, count)
    if scheduler is not None:
        from bandg.runs.cluster import cluster, remote_runner

        if waiting:
            with cluster(scheduler) as (executor, flight):
                for number, result in _spread(jobs, waiting, executor, flight, math.inf, remote_runner()):
                    keep(number, result)
    elif count <= 1:
        for number in waiting:
            keep(number, run_job(jobs[number], threads))
    else:
        with _processes(count, threads) as executor:
            try:
                runner = partial(run_job, threads=threads)
                for number, result in _spread(jobs, waiting, executor, count, free_memory(), runner):
                    keep(number, result)
            except BrokenExecutor as error:
                raise BandgError(
                    "a worker process was killed, probably because memory ran out; finished sizes are kept, "
                    "try again with fewer --workers"
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
