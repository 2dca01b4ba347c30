"""Tasks that a run computes. Their results are plain data, stored under a key."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

R = TypeVar("R")

Out = TypeVar("Out", covariant=True)


class Task(Protocol[Out]):
    """Something to compute: a frozen dataclass that holds everything that its result depends on.

    The result is a dataclass of plain types, so that it goes through processes and into the cache.
    A task may have one more method: ``estimate_seconds()`` is the time on one processor, as a float; without it the
    time is estimated from the memory.
    """

    @property
    def what(self) -> str:
        """The plural noun for a progress bar: "nanocrystals"."""

    @property
    def label(self) -> str:
        """The name for messages: "5.03 nm, 1.2e+04 spin-orbitals"."""

    def key(self) -> str:
        """Key of the result in the cache, as `bandg.base.cache.key_of` makes it."""

    def estimate_memory(self) -> float:
        """Peak memory in GB."""

    def largest(self, memory: float) -> str:
        """A hint of what would fit into that memory in GB, as "about 4 nm would fit"; may be empty."""

    def run(self) -> Out:
        """Compute the result with the number of threads that the caller has set."""

    def read(self, payload: dict[str, Any], /) -> Out:
        """The result from the plain types that the cache holds."""
