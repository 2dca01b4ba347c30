"""What a run does: tasks whose results are plain data, kept under a key. Nothing here knows what they compute."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

R = TypeVar("R")

Out = TypeVar("Out", covariant=True)


class Task(Protocol[Out]):
    """Something to compute: a frozen dataclass that holds everything that its result depends on.

    The result is a dataclass of plain types, so that it goes through processes and into the cache.
    """

    @property
    def what(self) -> str:
        """What there are several of, for a progress bar: "nanocrystals"."""

    @property
    def label(self) -> str:
        """Which one it is, for messages: "5.03 nm, 1.2e+04 spin-orbitals"."""

    def key(self) -> str:
        """Key of the result in the cache, as `bandg.base.cache.key_of` makes it."""

    def estimate_memory(self) -> float:
        """Peak memory in GB."""

    def largest(self, memory: float) -> str:
        """What would fit into that memory in GB, as "about 4 nm would fit", or nothing."""

    def run(self) -> Out:
        """Compute, on as many threads as the caller has set."""

    def read(self, payload: dict[str, Any], /) -> Out:
        """The result from the plain types that the cache holds."""
