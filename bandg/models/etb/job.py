"""One nanocrystal of the tight-binding model as a job."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from bandg.base import cache
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.crystal.shapes import Nanocrystal
from bandg.models.base import LevelsTask
from bandg.models.levels import Levels
from bandg.models.observable import Observable
from bandg.parameters.sets import ParameterSet
from bandg.solvers.near_symmetric import NearSymmetric
from bandg.solvers.registry import choose_solver, solver_key

_PER_ROW = {1: 7.5, 2: 12.0}
"""Stored elements in a row of H of the ideal crystal, by neighbors."""

_SECONDS = {1: (0.075, 1.2e-5, 3.5e-10), 2: (0.1, 3e-5, 2.9e-9)}
"""Seconds of a block, for each row of it, and for each pair of rows, by neighbors."""

_STATES_S = 4e-6
"""Seconds for each spin-orbital where observables are computed from the states: those of a pair take as long."""

_NEAR_S = 9e-5
"""Seconds for each spin-orbital by the near-symmetric solver."""


@dataclass(frozen=True)
class Job(LevelsTask):
    """One nanocrystal to compute, with everything that the result depends on.

    second, offset_eV: parameter set of the second halide of a mixed one, and its valence-band top above the first's.
    observables: those that are computed from the states.
    """

    parameters: ParameterSet
    nanocrystal: Nanocrystal
    neighbors: int
    levels: int = 1
    intra_atomic: bool = False
    solver: str = "auto"
    second: ParameterSet | None = None
    offset_eV: float = 0.0
    observables: tuple[Observable, ...] = ()

    def key(self) -> str:
        """Key of the result in the cache."""
        return cache.key_of(
            {
                "model": "etb",
                "parameters": self.parameters.digest(),
                "second": self.second and self.second.digest(),
                "offset_eV": self.offset_eV,
                "nanocrystal": asdict(self.nanocrystal),
                "neighbors": self.neighbors,
                "levels": self.levels,
                "intra_atomic": self.intra_atomic,
                "solver": solver_key(self.solver),
                "observables": [one.key() for one in self.observables],
                "constants": [HBAR2_OVER_M0, G0],
            }
        )

    @property
    def label(self) -> str:
        """The name for messages."""
        return f"{super().label}, {self.estimate_n_orbitals():.3g} spin-orbitals"

    def estimate_n_orbitals(self) -> int:
        """Number of spin-orbitals, exact for cubes and to some per cent for spheres, without building anything."""
        size = {"s": 2, "p": 6, "d": 10, "s*": 2}
        counts = zip(self.nanocrystal.estimate_counts(), self.parameters.orbitals.values(), strict=True)
        return sum(count * sum(size[shell] for shell in shells) for count, shells in counts)

    def estimate_memory(self) -> float:
        """Peak memory in GB: that of building the largest block, and of the solver by its own estimate."""
        return self._memory(1.0)

    def estimate_seconds(self) -> float:
        """Time on one processor by the sizes of the blocks, as 60 nanocrystals of 2 to 16 nm took it.

        Each carrier has one block, or with several levels all of them.
        """
        from bandg.crystal.structure import expected_group
        from bandg.models.etb.near import near_wanted  # slow to load

        group, size = expected_group(self.nanocrystal), self.estimate_n_orbitals()
        if near_wanted(self.solver, self.levels, self.nanocrystal, self.neighbors, size, group):
            return _NEAR_S * size
        shares = group.shares[0]
        blocks = [size * share for share in (2 * shares if self.levels > 1 else 2 * shares[:1])]
        each, per_row, per_square = _SECONDS[self.neighbors]
        of_states = _STATES_S * size if self.observables else 0.0
        return of_states + sum(each + per_row * block + per_square * block**2 for block in blocks)

    def _memory(self, scale: float, solver: str | None = None) -> float:
        """Peak memory in GB if all lengths were larger by a factor; with another solver if given."""
        from bandg.crystal.structure import expected_group
        from bandg.models.etb.near import near_wanted  # slow to load

        group = expected_group(self.nanocrystal)
        shares, is_complex = group.shares
        share = shares[0] if self.levels == 1 else 1.2 * max(shares)
        size = round(self.estimate_n_orbitals() * scale**3)
        block = max(1, round(size * share))
        name = solver or self.solver
        if near_wanted(name, self.levels, self.nanocrystal, self.neighbors, size, group):
            part = 1.0 if group.inversion is None else 0.5
            return 0.2 + part * NearSymmetric.memory_gb(size, round(_PER_ROW[self.neighbors] * size), True)
        matrix = block, round(self._per_row() * block), is_complex
        return 0.15 + 5e-6 * block + choose_solver(name, *matrix, math.inf).memory_gb(*matrix)

    def _per_row(self) -> float:
        """Stored elements in a row of H."""
        crystal = self.nanocrystal
        turned = bool(crystal.tilt or crystal.atoms or any(crystal.strain[3:]))  # bonds in general directions
        return _PER_ROW[self.neighbors] * (3.3 if turned else 1.0)

    def largest(self, memory: float) -> str:
        """A hint of the size that would fit into that memory in GB, and of another solver."""
        return f"about {self.largest_nm(memory):.2g} nm would fit{self._alternative(memory)}"

    def largest_nm(self, memory: float) -> float:
        """Size in nm of what would fit into that memory in GB, to a per cent; 0 if nothing does."""
        low, high = 0.0, 1.0
        while high - low > 0.005 * high and high > 1e-3:
            middle = (low + high) / 2
            low, high = (middle, high) if self._memory(middle) < memory else (low, middle)
        return self.nanocrystal.size_nm * low

    def _alternative(self, memory: float) -> str:
        need = self._memory(1.0, "iterative")
        if self.solver == "iterative" or self.levels > 1 or need > memory:
            return ""
        return f", or `solver='iterative'` with about {need:.2g} GB (slower, levels not counted)"

    def run(self) -> Levels:
        """Compute."""
        from bandg.models.etb.material import Material
        from bandg.models.etb.nanocrystal import compute_levels

        return compute_levels(
            Material(self.parameters, self.second, self.offset_eV),
            self.nanocrystal,
            self.neighbors,
            self.levels,
            self.intra_atomic,
            self.solver,
            self.observables,
        )


@dataclass(frozen=True)
class WholeJob(Job):
    """The whole Hamiltonian of one nanocrystal without symmetry: an estimate of the memory to build it."""

    def _memory(self, scale: float, solver: str | None = None) -> float:
        """Peak memory in GB: 270 bytes an element at the most, as measured."""
        return 0.15 + 2.7e-7 * self._per_row() * self.estimate_n_orbitals() * scale**3

    def _alternative(self, memory: float) -> str:
        """Empty: there is no other solver to suggest."""
        return ""
