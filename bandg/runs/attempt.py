"""A computation that may fail at one size, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bandg.base.decode import decode
from bandg.base.errors import BandgError, SolverError
from bandg.base.task import Task
from bandg.models.levels import Levels
from bandg.runs.estimate import law


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job: the levels, or the reason why there are none.

    final: whether the failure comes from the input. A failure of the solver is tried again in the next run.
    """

    levels: Levels | None
    error: str = ""
    final: bool = True


@dataclass(frozen=True)
class Attempt:
    """A job that may fail without ending the others. At the end of a wide range a set may have no gap."""

    job: Task[Levels]

    @property
    def what(self) -> str:
        """The plural noun for a progress bar."""
        return self.job.what

    @property
    def label(self) -> str:
        """The name for messages."""
        return self.job.label

    def key(self) -> str:
        """Key of the result in the cache."""
        from bandg.base.cache import key_of

        return key_of({"kind": "attempt", "job": self.job.key()})

    def estimate_memory(self) -> float:
        """Peak memory in GB."""
        return self.job.estimate_memory()

    def estimate_seconds(self) -> float:
        """Time on one processor."""
        return law(self.job)

    def largest(self, memory: float) -> str:
        """A hint of what would fit into that memory in GB."""
        return self.job.largest(memory)

    def run(self) -> Outcome:
        """Compute, on one BLAS thread."""
        try:
            return Outcome(self.job.run())
        except SolverError as error:
            return Outcome(None, str(error), final=False)
        except BandgError as error:
            return Outcome(None, str(error))

    def read(self, payload: dict[str, Any], /) -> Outcome:
        """From the plain types that the cache holds."""
        return decode(Outcome, payload)
