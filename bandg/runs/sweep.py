"""Computes many jobs: cache, processes and memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import closing
from functools import partial
from typing import Any

from bandg.base import cache
from bandg.base.errors import BandgError
from bandg.base.memory import free_memory
from bandg.base.task import R, Task
from bandg.runs import estimate
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.task import run_job
from bandg.runs.workers import places, processes, processors, threads_each
from bandg.solvers.registry import added_solvers

_CHECK_S = 1.0


def check_memory(jobs: Sequence[Task[Any]], force: bool = False) -> None:
    """Raise BandgError with the estimate if the largest job cannot fit, unless forced."""
    free = free_memory()
    for job in sorted(jobs, key=lambda job: job.estimate_memory(), reverse=True)[:1]:
        need = job.estimate_memory()
        if need > free and not force:
            advice = job.largest(free)
            raise BandgError(
                f"{job.label} needs about {need:.3g} GB of memory, {free:.3g} GB are free"
                f"{'; ' * bool(advice)}{advice} (`force=True` tries it anyway)"
            )


def run_jobs(
    jobs: Sequence[Task[R]], run: Run = DEFAULT_RUN, check: Callable[[], None] | None = None
) -> list[tuple[R, bool]]:
    """Result of every job, in order, and whether it came from the cache.

    A finished job is stored at once, so an interrupted run does not repeat it. A result whose `final` is False is not
    stored. The largest jobs start first. The estimated memory limits how many run at the same time. If there are fewer
    jobs than workers, each job gets several threads.
    check: called before anything is computed, but not if everything is in the cache; it may raise BandgError.
    Raises BandgError for jobs that do not fit into memory, for a scheduler that does not answer, and for a cache that
    cannot be written while there is work to do. Errors of a job are passed on.
    """
    run.check()
    results: dict[int, tuple[R, bool]] = {}
    for number, job in enumerate(jobs):
        stored = cache.load(job.key(), job.read) if run.cache else None
        if stored is not None:
            results[number] = stored, True

    def keep(number: int, result: R) -> None:
        if run.cache and getattr(result, "final", True):
            cache.store(jobs[number].key(), result)
        results[number] = result, False
        run.progress.advance(jobs[number].label)

    left = [number for number in range(len(jobs)) if number not in results]
    if left:
        if check is not None:
            check()
        check_memory([jobs[number] for number in left], run.force or run.scheduler is not None)
        if run.cache:
            cache.check()
        _announce([jobs[number] for number in left], [(jobs[n], found[0]) for n, found in results.items()], run)
        run.progress.start(len(left), jobs[left[0]].what)
        waiting = sorted(left, key=lambda n: jobs[n].estimate_memory(), reverse=True)
        with closing(_results(jobs, waiting, run)) as found:  # ends the workers at once where this is interrupted
            for number, result in found:
                keep(number, result)
    return [results[number] for number in range(len(jobs))]


def _announce(left: Sequence[Task[Any]], known: Sequence[tuple[Task[Any], Any]], run: Run) -> None:
    """Say what will be done and how long it will take, if it is long and the progress display has a place for it."""
    say = getattr(run.progress, "announce", None)
    if say is None or run.scheduler is not None:
        return
    processes = min(run.workers or processors(), processors())
    expected = estimate.seconds(left, known, processes)
    if expected > estimate.LONG_S:
        say(estimate.announcement(left[0].what, len(left), len(known), expected, processes))


def _results(jobs: Sequence[Task[R]], waiting: Sequence[int], run: Run) -> Generator[tuple[int, R], None, None]:
    """Results of the waiting jobs in the order of completion, from a cluster, this process, or worker processes."""
    if run.scheduler is not None:
        from bandg.runs.cluster import cluster

        with cluster(run.scheduler, run.patience) as there:
            yield from _spread(jobs, waiting, there.executor, there.flight, math.inf, there.runner, there.check)
        return
    free = places(run.workers)
    count = min(free, len(waiting))
    threads = threads_each(free, count)
    if count == 1:
        for number in waiting:
            yield number, run_job(jobs[number], threads)
        return
    with processes(count, threads) as executor:
        here = partial(run_job, threads=threads, solvers=added_solvers())
        yield from _spread(jobs, waiting, executor, count, free_memory(), here)


def _spread(
    jobs: Sequence[Task[R]],
    waiting: Sequence[int],
    executor: Executor,
    count: int,
    free: float,
    runner: Callable[[Task[R]], R] = run_job,
    check: Callable[[], None] | None = None,
) -> Iterator[tuple[int, R]]:
    """Results in the order of completion. A job starts when a place of `count` and its memory of `free` GB are free.

    check: called every second while waiting; it may end the wait by an exception.
    """
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
        done, _ = wait(running, timeout=check and _CHECK_S, return_when=FIRST_COMPLETED)
        if not done and check:
            check()
        for future in sorted(done, key=_failed):  # keep finished results before a failure ends the rest
            yield running.pop(future), future.result()


def _failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None
