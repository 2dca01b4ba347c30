"""One nanocrystal of the 8-band envelope model as a job."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bandg.base import cache
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.crystal.shapes import Nanocrystal
from bandg.models.base import LevelsTask
from bandg.models.levels import Levels

if TYPE_CHECKING:
    from bandg.models.kp.sets import KpSet


@dataclass(frozen=True)
class KpJob(LevelsTask):
    """One nanocrystal of the 8-band envelope model; barrier: (electron, hole) in eV, None for hard walls."""

    parameters: KpSet
    nanocrystal: Nanocrystal
    barrier: tuple[float, float] | None = None

    def key(self) -> str:
        """Key of the result in the cache."""
        return cache.key_of(
            {
                "model": "kp",
                "parameters": self.parameters.digest(),
                "nanocrystal": asdict(self.nanocrystal),
                "barrier": self.barrier,
                "constants": [HBAR2_OVER_M0, G0],
            }
        )

    @property
    def label(self) -> str:
        """The name for messages."""
        return f"{super().label}, {self.estimate_n_orbitals():.3g} functions"

    def estimate_n_orbitals(self) -> int:
        """Number of functions, band x envelope."""
        from bandg.models.kp.envelope import count_functions

        return count_functions(self.nanocrystal, self.barrier is not None)

    def estimate_memory(self) -> float:
        """Peak memory in GB, above that of cubes of 5 to 31 nm; as the fifth power of the functions along an edge."""
        if self.nanocrystal.shape == "sphere":
            return 0.2 + 1e-9 * 20 * self.estimate_n_orbitals() ** 2
        return 0.15 + 0.4 * (self.estimate_n_orbitals() / 64_000) ** (5 / 3)

    def largest(self, memory: float) -> str:
        """A hint of the size that would fit into that memory in GB.

        The number of functions along an edge grows as the square root of the edge.
        """
        size = self.nanocrystal.size_nm * max(0.0, (memory - 0.15) / self.estimate_memory()) ** (2 / 5)
        return f"about {size:.2g} nm would fit"

    def run(self) -> Levels:
        """Compute."""
        from bandg.models.kp.envelope import Barrier, compute_levels

        return compute_levels(self.parameters, self.nanocrystal, self.barrier and Barrier(*self.barrier))
