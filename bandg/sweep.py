"""Many nanocrystals: jobs, their cache, the processes that do them, and the memory they need."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bandg import cache
from bandg.errors import BandgError
from bandg.geometry import Nanocrystal
from bandg.memory import free_memory
from bandg.model import Levels
from bandg.parameters import ParameterSet
from bandg.units import G0, HBAR2_OVER_M0

if TYPE_CHECKING:
    from bandg.kp.parameters import KpSet

_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


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


@dataclass(frozen=True)
class Job:
    """One nanocrystal to compute: everything that its result depends on.

    second, offset_eV: parameter set of the second halide of a mixed one, and its valence-band top above the first's.
    """

    parameters: ParameterSet
    nanocrystal: Nanocrystal
    neighbors: int
    levels: int = 1
    intra_atomic: bool = False
    solver: str = "auto"
    model: str = "etb"
    second: ParameterSet | None = None
    offset_eV: float = 0.0

    def key(self) -> str:
        """Key of the result in the cache."""
        return cache.key_of(
            {
                "model": self.model,
                "parameters": self.parameters.digest(),
                "second": self.second and self.second.digest(),
                "offset_eV": self.offset_eV,
                "nanocrystal": asdict(self.nanocrystal),
                "neighbors": self.neighbors,
                "levels": self.levels,
                "intra_atomic": self.intra_atomic,
                "solver": self.solver,
                "constants": [HBAR2_OVER_M0, G0],
            }
        )

    def estimate_n_orbitals(self) -> int:
        """Number of spin-orbitals, exact for cubes and to some per cent for spheres, without building anything."""
        lead, halide = (self.parameters.orbitals[kind] for kind in ("Pb", "X"))
        size = {"s": 2, "p": 6, "d": 10, "s*": 2}
        n_pb, n_x = self.nanocrystal.estimate_n_pb(), self.nanocrystal.estimate_n_x()
        return round(n_pb * sum(size[s] for s in lead) + n_x * sum(size[s] for s in halide))

    def estimate_memory(self) -> float:
        """Peak memory in GB: that of building the largest block, and of the solver by `bandg.backends`."""
        return self._memory(1.0)

    def _memory(self, scale: float, solver: str | None = None) -> float:
        """Peak memory in GB if all lengths were larger by a factor; with another solver if given."""
        from bandg.backends import available_backends, estimate_memory
        from bandg.structure import expected_group

        shares, is_complex = expected_group(self.nanocrystal).shares
        share = shares[0] if self.levels == 1 else 1.2 * max(shares)
        block = max(1, round(self.estimate_n_orbitals() * share * scale**3))
        solver = solver or (available_backends()[0] if self.solver == "auto" else self.solver)
        return 0.15 + 5e-6 * block + estimate_memory(solver, block, round(self._per_row() * block), is_complex)

    def _per_row(self) -> float:
        """Stored elements in a row of H."""
        crystal = self.nanocrystal
        turned = bool(crystal.tilt or crystal.atoms or any(crystal.strain[3:]))  # bonds in general directions
        return (12.0 if self.neighbors == 2 else 7.5) * (3.3 if turned else 1.0)

    def largest_size(self, memory: float) -> float:
        """Size in nm of what would fit into that memory in GB, to a per cent; 0 if nothing does."""
        low, high = 0.0, 1.0
        while high - low > 0.005 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if self._memory(middle) < memory else (low, middle)
            if high < 1e-3:
                return 0.0
        return float(self.nanocrystal.size_nm * low)

    def alternative(self, memory: float) -> str:
        """What else could be tried where the solver does not fit into that memory in GB, as ", or ..."."""
        need = self._memory(1.0, "iterative")
        if self.solver == "iterative" or self.levels > 1 or need > memory:
            return ""
        return f", or --solver iterative with about {need:.2g} GB (slower, levels not counted)"

    def run(self) -> Levels:
        """Compute."""
        from bandg.etb.material import Material
        from bandg.etb.nanocrystal import compute_levels

        return compute_levels(
            Material(self.parameters, self.second, self.offset_eV),
            self.nanocrystal,
            self.neighbors,
            self.levels,
            self.intra_atomic,
            self.solver,
        )

    read = staticmethod(cache.levels_of)


@dataclass(frozen=True)
class WholeJob(Job):
    """The whole Hamiltonian of one nanocrystal, symmetry not used: what memory it takes to build."""

    def _memory(self, scale: float, solver: str | None = None) -> float:
        """Peak memory in GB: 270 bytes an element at the most, as measured."""
        return 0.15 + 2.7e-7 * self._per_row() * self.estimate_n_orbitals() * scale**3

    def alternative(self, memory: float) -> str:
        """Nothing else to try."""
        return ""


@dataclass(frozen=True)
class KpJob:
    """One nanocrystal of the 8-band envelope model; barrier: (electron, hole) in eV, None for hard walls."""

    parameters: KpSet
    nanocrystal: Nanocrystal
    barrier: tuple[float, float] | None = None
    model: str = "kp"
    intra_atomic: bool = False

    def key(self) -> str:
        """Key of the result in the cache."""
        return cache.key_of(
            {
                "model": self.model,
                "parameters": self.parameters.digest(),
                "nanocrystal": asdict(self.nanocrystal),
                "barrier": self.barrier,
                "constants": [HBAR2_OVER_M0, G0],
            }
        )

    def estimate_n_orbitals(self) -> int:
        """Number of functions, band x envelope."""
        from bandg.kp.envelope import count_functions

        return count_functions(self.nanocrystal, self.barrier is not None)

    def estimate_memory(self) -> float:
        """Peak memory in GB: that of cubes of 16 to 31 nm, which goes with the fifth power of the functions an edge."""
        if self.nanocrystal.shape == "sphere":
            return 0.2 + 1e-9 * 20 * self.estimate_n_orbitals() ** 2
        return 0.2 + 1.6 * (self.estimate_n_orbitals() / 64_000) ** (5 / 3)

    def largest_size(self, memory: float) -> float:
        """Size in nm of what would fit into that memory in GB; functions along an edge grow as its root."""
        return float(self.nanocrystal.size_nm * max(0.0, (memory - 0.2) / self.estimate_memory()) ** (2 / 5))

    def run(self) -> Levels:
        """Compute."""
        from bandg.kp.envelope import Barrier, compute_levels

        return compute_levels(self.parameters, self.nanocrystal, self.barrier and Barrier(*self.barrier))

    read = staticmethod(cache.levels_of)


AnyJob = Job | KpJob


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
        from bandg.cluster import check_scheduler

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
    Raises BandgError for a number of workers below 1, for a scheduler that does not answer, and what a job raises.
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
    places = workers or os.cpu_count() or 1
    count = min(places, len(waiting))
    threads = threads_each(places, count)
    if scheduler is not None:
        from bandg.cluster import cluster, remote_runner

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
