"""Computes many jobs: cache, processes and memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from bandg.base import cache
from bandg.base.errors import BandgError
from bandg.base.memory import free_memory
from bandg.base.task import R, Task
from bandg.runs import estimate
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.progress import Search, announce
from bandg.runs.task import run_job
from bandg.runs.workers import places, processes, processors, threads_each
from bandg.solvers.registry import added_solvers

_CHECK_S = 1.0

_MANY = 500
"""Jobs that take seconds to be made and looked up."""


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
    results: dict[int, tuple[R, bool]] = {n: (found, True) for n, found in _stored(jobs, run).items()}

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


def _stored(jobs: Sequence[Task[R]], run: Run) -> dict[int, R]:
    """The results that are in the cache, by the number of the job."""
    found = {n: cache.load(job.key(), job.read) for n, job in enumerate(jobs)} if run.cache else {}
    return {number: result for number, result in found.items() if result is not None}


@contextmanager
def foreseen(jobs: Sequence[Task[Any]], run: Run, then: str = "", more: int = 0, more_s: float = 0.0) -> Iterator[Run]:
    """A run for several calls of `run_jobs`, announced at once, with one display of the progress.

    jobs: those that are known. then: what follows, in words. more: how many pieces of work follow, as long as the first
    of the known ones. more_s: further seconds.
    """
    stored = _stored(jobs, run)
    left = [job for number, job in enumerate(jobs) if number not in stored]
    if not left:  # what follows announces itself
        yield run
        return
    _announce(left, [(jobs[n], found) for n, found in stored.items()], run, then, left[:more], more_s)
    whole = Search(run.progress, "", len(left) + more, "in all" + " at most" * bool(more))
    yield replace(run, progress=whole)
    whole.end()


def announce_alike(job: Task[Any], count: int, run: Run, what: str) -> None:
    """Say what will be done where so many jobs like this one are still to be made and looked up in the cache."""
    if run.scheduler is None and count > _MANY:
        time = estimate.about(estimate.START_S + estimate.law(job) * count / _processes(run))
        announce(run.progress, f"{what}; {time} if none is computed before; stored results are looked up")


def _announce(
    left: Sequence[Task[Any]],
    known: Sequence[tuple[Task[Any], Any]],
    run: Run,
    then: str = "",
    more: Sequence[Task[Any]] = (),
    more_s: float = 0.0,
) -> None:
    """Say what will be done and how long it will take, if it is long and the progress display has a place for it.

    more, more_s: jobs as long as those that follow, and further seconds; then: what follows, in words.
    """
    if run.scheduler is not None:
        return
    processes = _processes(run)
    expected = estimate.seconds([*left, *more], known, processes) + more_s
    if expected > estimate.LONG_S:
        text = estimate.announcement(left[0].what, len(left), len(known), expected, processes, then)
        announce(run.progress, text)


def _processes(run: Run) -> int:
    """How many processes of this machine a run may use."""
    return min(run.workers or processors(), processors())


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
