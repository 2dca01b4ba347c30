"""Changes of levels at R under hydrostatic strain, with exact derivatives by the free parameters and exponents.

The crystal of lattice constant x a has the Hamiltonian of the set with each parameter p times x^-n, n its exponent, 0
for onsite energies and spin-orbit coupling: dE/dp = x^-n dE/dp' and dE/dn = -ln(x) p x^-n dE/dp', p' = p x^-n. Energies
are counted from the valence-band top of their own crystal, since first principles have no common zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.edges import EdgeModel, Pair
from bandg.analysis.fit.job import Strain
from bandg.analysis.fit.space import Space
from bandg.base.errors import BandgError
from bandg.data.cells import ReferenceCell, load_cells
from bandg.models.etb.bloch import BlochHamiltonian


@dataclass(frozen=True, eq=False)
class StrainModel:
    """Levels of the strained crystal. ratios: lattice constant of each cell over that of the unstrained one."""

    space: Space
    edges: EdgeModel
    ratios: dict[str, float]
    levels: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all changes, as "cubic_098 level.R8+.1"."""
        return tuple(f"{cell} {level}" for cell in self.ratios for level in self.levels)

    def changes(self, theta: NDArray[np.float64]) -> dict[str, Pair]:
        """Each change in eV by its name, with the derivatives (n,)."""
        vector, exponents = self.space.vector(theta), self.space.exponents(theta)
        ideal = self.edges.quantities(vector, self.levels)
        found = {}
        for cell, ratio in self.ratios.items():
            factor = ratio**-exponents
            by_theta = factor[:, None] * self.space.slope
            by_theta = by_theta - np.log(ratio) * (vector * factor)[:, None] * self.space.exponent_slope
            moved = self.edges.quantities(vector * factor, self.levels)
            for level in self.levels:
                (energy, slope), (energy_0, slope_0) = moved[level], ideal[level]
                found[f"{cell} {level}"] = energy - energy_0, slope @ by_theta - slope_0 @ self.space.slope
        return found


def strain_model(job: Strain, space: Space, hamiltonian: BlochHamiltonian) -> tuple[StrainModel, dict[str, float]]:
    """The model of a job's strained cells, and the changes in eV that first principles have.

    Only cubic cells count; the one whose lattice constant is nearest to that of the set is the unstrained one. Raises
    BandgError for a file without strained cubic cells.
    """
    cells = [one for one in load_cells(job.cells).values() if one.cell.n_formulas == 1 and one.levels]
    if len(cells) < 2:
        raise BandgError(f"{job.cells} has no strained cubic crystals")
    ideal = min(cells, key=lambda one: abs(one.cell.a_nm - hamiltonian.a_nm))
    others = [one for one in cells if one is not ideal]
    count = len(space.parameters.paths)
    edges = EdgeModel(hamiltonian, np.zeros(count), np.eye(count))
    ratios = {one.name: one.cell.a_nm / ideal.cell.a_nm for one in others}
    model = StrainModel(space, edges, ratios, tuple(job.levels))
    wanted = {
        f"{one.name} {level}": _energy(one, level) - _energy(ideal, level) for one in others for level in job.levels
    }
    return model, wanted


def _energy(cell: ReferenceCell, level: str) -> float:
    """E_g, Delta or a level from the valence-band top, in eV."""
    if level == "E_g":
        return cell.E_g
    if level == "Delta":
        return cell.level("R8-", 0) - cell.E_g
    _, irrep, number = level.split(".")
    return cell.level(irrep, int(number))
