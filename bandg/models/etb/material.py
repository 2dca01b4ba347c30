"""Material of a nanocrystal: one parameter set, or the two of a mixed halide with the offset of their bands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.lattice import require_perovskite
from bandg.models.etb.bonds import ModelSpec, SetSpec
from bandg.models.etb.local import shells_in_use
from bandg.parameters.sets import ParameterSet

if TYPE_CHECKING:
    from bandg.models.etb.bulk import Bulk


@dataclass(frozen=True)
class Material:
    """A parameter set, and for a mixed halide that of the second halide.

    Each bond Pb-X is that of its X's set, each X has the onsite energies of its set, and a Pb the mean of both sets,
    weighted with its X neighbors. offset_eV: valence-band top of the second crystal above that of the first, which
    fixes the zero of the second set.
    """

    parameters: ParameterSet
    second: ParameterSet | None = None
    offset_eV: float = 0.0

    def __post_init__(self) -> None:
        if self.second is None:
            return
        one, other = self.parameters, self.second
        for each in (one, other):
            require_perovskite(each.lattice, "a mixed halide")
        for what, of_one, of_other in (
            ("orbitals", one.orbitals, other.orbitals),
            ("hopping shells", one.shells, other.shells),
        ):
            if of_one != of_other:
                raise BandgError(
                    f"{one.name} and {other.name} do not mix: their {what} differ; choose two sets of one kind, as "
                    "kashikar2021 and kashikar2021-cspbbr3"
                )

    def lattice_nm(self, fraction: float = 0.0) -> float:
        """Lattice constant in nm, linear in the share of the second halide (Vegard). Raises BandgError."""
        if not 0 <= fraction <= 1:
            raise BandgError(f"`fraction` must lie between 0 and 1, not {fraction:g}")
        if self.second is None:
            return self.parameters.a_nm
        return (1 - fraction) * self.parameters.a_nm + fraction * self.second.a_nm

    def spec(self, neighbors: int) -> ModelSpec:
        """Data besides the parameter values on which the matrices depend."""
        sets = (self.parameters,) if self.second is None else (self.parameters, self.second)
        return ModelSpec(self.parameters.lattice, tuple(_set_spec(one, neighbors) for one in sets))

    def shift_eV(self, neighbors: int) -> float:
        """Shift in eV of the onsite energies of the second set."""
        if self.second is None:
            return 0.0
        first, second = (bulk_of(one, neighbors) for one in (self.parameters, self.second))
        shift = first.valence.energy + self.offset_eV - second.valence.energy
        top = max(first.valence.energy, second.valence.energy + shift)
        bottom = min(first.conduction.energy, second.conduction.energy + shift)
        if bottom <= top:  # the band edges of the mixture would be searched without an end
            raise BandgError(
                f"an offset of {self.offset_eV:g} eV leaves {self.parameters.name} and {self.second.name} no gap in "
                f"common: it must lie between {first.valence.energy - first.conduction.energy:.3g} and "
                f"{first.conduction.energy - first.valence.energy:.3g} eV, or nearer to 0"
            )
        return shift

    def vector(self, neighbors: int) -> NDArray[np.float64]:
        """The parameter vector in eV, that of both sets one after the other."""
        if self.second is None:
            return self.parameters.vector
        onsite = np.array([path.startswith("onsite.") for path in self.second.paths])
        return np.concatenate([self.parameters.vector, self.second.vector + onsite * self.shift_eV(neighbors)])

    def bulk(self, neighbors: int, fraction: float = 0.0) -> Bulk:
        """Bulk bands: of the first set, or of the mean of both (virtual crystal) at the share of the second halide."""
        return bulk_of(self.mean(neighbors, fraction), neighbors)

    def mean(self, neighbors: int, fraction: float) -> ParameterSet:
        """The virtual crystal: the mean of both sets at the share of the second halide, with Vegard's lattice."""
        if self.second is None or fraction == 0:
            return self.parameters
        first, second = self.parameters, self.second
        shift = self.shift_eV(neighbors)
        values = {}
        for path in first.paths:
            moved = second.value(path) + (shift if path.startswith("onsite.") else 0.0)
            values[path] = (1 - fraction) * first.value(path) + fraction * moved
        values["lattice.a"] = self.lattice_nm(fraction)
        return replace(first.with_values(values), name=f"{first.name} with {second.name}")


@lru_cache(maxsize=256)
def bulk_of(parameters: ParameterSet, neighbors: int) -> Bulk:
    """Bulk properties, each set once. Raises BandgError where there is no gap at R."""
    from bandg.models.etb.bulk import bulk  # slow to load

    return bulk(parameters, neighbors)


def _set_spec(parameters: ParameterSet, neighbors: int) -> SetSpec:
    return SetSpec(
        tuple(parameters.orbitals.values()),
        parameters.paths,
        shells_in_use(parameters, neighbors),
        parameters.a_nm,
        parameters.exponents,
    )
