"""The Run object: processes, cache, memory, cluster and progress."""

from __future__ import annotations

from dataclasses import dataclass, field

from bandg.base.arguments import flag, number, strict, whole, wrong
from bandg.base.errors import BandgError
from bandg.runs.progress import Notebook, Progress


@dataclass(frozen=True)
class Run:
    """Settings of the execution: processes, cache, memory, cluster and progress.

    Parameters
    ----------
    workers : int, optional
        Number of processes on this machine; by default the number of available processors.
    cache : bool
        Whether results are read from and stored in the cache.
    force : bool
        Continue even if the memory estimate exceeds the free memory.
    scheduler : str, optional
        A dask.distributed cluster to compute on: "tcp://host:port" or the path of a scheduler file.
    patience : float
        Seconds that a cluster may be without workers before the run gives up.
    progress : Progress, optional
        An object with the methods ``start(total, what)`` and ``advance(done)``, which are called during the work.
        By default a bar in a notebook and nothing elsewhere. `bandg.runs.progress` has ``Lines`` for log files and
        ``SILENT``.

    Raises
    ------
    BandgError
        For a value of the wrong type, and for less than one worker.

    Examples
    --------
    >>> import bandg
    >>> alone = bandg.Run(workers=1, cache=False)
    >>> bandg.compute("2cells", run=alone)["n_pb"].values
    array([8])
    """

    workers: int | None = None
    cache: bool = True
    force: bool = False
    scheduler: str | None = None
    patience: float = 60.0
    progress: Progress = field(default_factory=Notebook, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.workers is not None:
            object.__setattr__(self, "workers", whole("workers", self.workers, 1))
        for name in ("cache", "force"):
            object.__setattr__(self, name, flag(name, getattr(self, name)))
        if self.scheduler is not None and not isinstance(self.scheduler, str):
            raise wrong("scheduler", "text as 'tcp://host:port' or the path of a scheduler file", self.scheduler)
        object.__setattr__(self, "patience", number("patience", self.patience))
        if self.patience <= 0:
            raise BandgError(f"`patience` must be positive, not {self.patience:g}")
        if not (hasattr(self.progress, "start") and hasattr(self.progress, "advance")):
            raise wrong("progress", "an object with start(total, what) and advance(done)", self.progress)

    def check(self) -> None:
        """Raise BandgError for a scheduler that does not answer, before any work."""
        if self.scheduler is not None:
            from bandg.runs.cluster import check_scheduler

            check_scheduler(self.scheduler)


Run.__init__ = strict(Run.__init__)  # type: ignore[method-assign]

DEFAULT_RUN = Run()
