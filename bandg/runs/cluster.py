"""Sweeps on a dask.distributed cluster: finds the scheduler, and makes an executor that repeats lost jobs."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from bandg.base.cache import source_digest
from bandg.base.errors import BandgError
from bandg.base.text import install
from bandg.runs.task import run_job
from bandg.solvers.registry import added_solvers

if TYPE_CHECKING:
    from bandg.base.task import Task
    from bandg.solvers import Solver

R = TypeVar("R")

RETRIES = 3
"""How often a job is repeated that failed or whose worker died."""

_ANSWER_S = 10.0
_LONGEST_GREETING = 1_000_000


def scheduler_address(given: str) -> str:
    """The address of a scheduler, "tcp://host:port", from itself or from a scheduler file.

    Raises BandgError for anything else, and if nothing listens there.
    """
    if not given.strip():
        raise BandgError("the scheduler is empty: give tcp://host:port or a scheduler file (.json)")
    address = given if "://" in given else _from_file(Path(given))
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in ("tcp", "tls") or host is None or port is None:
        raise BandgError(f"scheduler {given!r} must be tcp://host:port or a scheduler file (.json)")
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_S) as probe:
            greeting = probe.recv(8) if scheme == "tcp" else b""
    except OSError as error:
        raise BandgError(f"the scheduler {address} does not answer: {error.strerror or error}") from error
    except ValueError as error:  # a part of the name that is longer than 63 letters, or a null character
        raise BandgError(f"scheduler {given!r}: {host!r} is not a valid host name") from error
    # a dask server sends its greeting first; the client of dask would wait forever for a server that does not
    if scheme == "tcp" and not 0 < int.from_bytes(greeting, "little") < _LONGEST_GREETING:
        raise BandgError(f"the server at {address} is not a dask scheduler")
    return address


def _from_file(path: Path) -> str:
    try:
        return str(json.loads(path.read_bytes())["address"])
    except FileNotFoundError as error:
        raise BandgError(
            f"scheduler {os.fspath(path)!r}: no such file; give tcp://host:port or the file of dask scheduler "
            "--scheduler-file"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BandgError(f"scheduler {os.fspath(path)!r} is not a dask scheduler file") from error


def check_scheduler(scheduler: str) -> str:
    """The address of a scheduler that answers. Raises BandgError otherwise, and without dask.distributed."""
    if find_spec("distributed") is None:
        raise BandgError(f"`scheduler` needs dask.distributed: {install('distributed')}")
    return scheduler_address(scheduler)


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    executor: takes the jobs. flight: number of jobs to keep submitted. runner: function to submit for each job.
    check: raises BandgError if the cluster has had no worker for too long.
    """

    executor: Executor
    flight: int
    runner: Callable[[Task[Any]], Any]
    check: Callable[[], None]


@contextmanager
def cluster(scheduler: str, patience: float) -> Iterator[Cluster]:
    """A running cluster. `patience` is how long in seconds it may be without workers, at the start and later.

    Jobs that still run at the end are cancelled. Raises BandgError if there is no answer or no worker.
    """
    address = check_scheduler(scheduler)
    from distributed import Client, KilledWorker

    with _quiet():
        yield from _connected(address, patience, Client, KilledWorker)


def _connected(address: str, patience: float, Client: Any, KilledWorker: Any) -> Iterator[Cluster]:
    try:
        client = Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError, RuntimeError) as error:  # TypeError: no certificates
        raise BandgError(
            f"the scheduler {address} does not answer as a dask scheduler: {_first_line(error)}"
        ) from error
    executor = None
    try:
        _wait_for_workers(client, address, patience)
        _check_bandg(client)
        flight = max(32, 4 * sum(client.nthreads().values()))  # more than there are now: workers may join
        executor = client.get_executor(retries=RETRIES, pure=False)
        runner = partial(run_remote, digest=source_digest(), solvers=added_solvers())
        yield Cluster(executor, flight, runner, _Patience(client, address, patience))
    except KilledWorker as error:
        raise BandgError(
            f"a job killed its worker {RETRIES + 1} times, probably because memory ran out: "
            "start workers with more memory each; finished sizes are kept"
        ) from error
    except ImportError as error:  # of a worker that joined later
        raise _no_bandg("workers", error) from error
    except (CancelledError, OSError) as error:
        raise BandgError(f"the scheduler {address} was lost; finished sizes are kept") from error
    finally:
        if executor is not None:
            executor.shutdown(wait=False)
        client.close()


def _wait_for_workers(client: Any, address: str, patience: float) -> None:
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError as error:
        raise _no_workers(address, patience) from error


def _no_workers(address: str, patience: float) -> BandgError:
    return BandgError(
        f"the scheduler {address} has had no workers for {patience:g} s: start some with dask worker {address}; "
        "finished sizes are kept"
    )


class _Patience:
    """Raises BandgError if the cluster has been without workers for too long when it is called."""

    def __init__(self, client: Any, address: str, patience: float) -> None:
        self._client, self._address, self._patience = client, address, patience
        self._seen = time.monotonic()

    def __call__(self) -> None:
        if self._client.nthreads():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > self._patience:
            raise _no_workers(self._address, self._patience)


def _check_bandg(client: Any) -> None:
    """Raise BandgError if scheduler or workers cannot import bandg. The check itself uses only builtins."""
    places = {"scheduler": client.run_on_scheduler, "workers": client.run}
    for name, run in places.items():
        try:
            run(eval, "__import__('bandg.runs.cluster') and None")
        except Exception as error:
            raise _no_bandg(name, error) from error


def _no_bandg(name: str, error: BaseException) -> BandgError:
    return BandgError(f"the {name} of the cluster cannot import bandg ({_first_line(error)}): install it there")


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress dask's log of a lost worker or scheduler; bandg reports it in one line."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in ("distributed", "tornado")]
    before = {name: logging.getLogger(name).disabled for name in names}
    try:
        for name in names:
            logging.getLogger(name).disabled = True
        yield
    finally:
        for name, disabled in before.items():
            logging.getLogger(name).disabled = disabled


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def run_remote(job: Task[R], digest: str, solvers: Sequence[type[Solver]] = ()) -> R:
    """Run one job on a worker. Raises BandgError if its version of bandg differs from the caller's."""
    if digest != source_digest():
        raise BandgError(
            "the workers of the cluster have a different version of bandg: install the same version on both"
        )
    return run_job(job, solvers=solvers)
