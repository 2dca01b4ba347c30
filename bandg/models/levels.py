"""Result of a model for one nanocrystal: levels with their g-factors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bandg.base.show import Shown, plain
from bandg.crystal.shapes import Nanocrystal
from bandg.models.observable import Observable


@dataclass(frozen=True, repr=False)
class LevelState(Shown):
    """One confined level: a Kramers doublet, or a quartet of 8+ or 8-.

    energy_eV: on the set's own zero. irrep: about the center of the nanocrystal. degeneracy: 2 or 4.
    g: g-factor of a doublet, Tr(g) / 3, of the valence doublet in the electron picture. None for a quartet, and for a
    flat level, which coincides with others of its irrep so that its states are arbitrary mixtures.
    g_quartet: (g_1, g_2) of H_Z = mu_B B (g_1 J_z + g_2 J_z^3), B along a cubic axis (None for a doublet).
    g_spin, g_orbital, g_atomic: parts of g; g_atomic, the p shells' own moment, is in g only if asked for.
    sigma_z: <sigma_z> of the pseudospin-up state. surface_weight: weight on atoms that miss a neighbor (None without
    atoms).
    overlap: weight of the bulk Bloch function times the envelope. character: weight by species and shell.
    residual_eV: norm of H psi - E psi. g_principal: principal values of g, ordered by the cubic axis that each lies
    nearest to. g_axes: their axes, three unit vectors. g_tensor: three rows (pseudospin) of three columns (field).
    All three are empty where g is None. extra: numbers of further observables by name, each in a row.
    """

    energy_eV: float
    irrep: str
    degeneracy: int
    g: float | None = None
    g_quartet: tuple[float, float] | None = None
    g_spin: float | None = None
    g_orbital: float | None = None
    g_atomic: float | None = None
    sigma_z: float | None = None
    surface_weight: float | None = None
    overlap: float = 0.0
    character: dict[str, float] = field(default_factory=dict)
    residual_eV: float = 0.0
    g_principal: tuple[float, ...] = ()
    g_axes: tuple[tuple[float, ...], ...] = ()
    g_tensor: tuple[tuple[float, ...], ...] = ()
    extra: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the properties of the level as lines."""
        weights = {shell: f"{weight:.3f}" for shell, weight in self.character.items() if weight > 5e-3}
        lines: dict[str, Any] = {"g": self.g, "principal values": self.g_principal or None, "quartet": self.g_quartet}
        lines |= {"surface weight": self.surface_weight, "overlap": self.overlap, "character": weights or None}
        lines |= {name: list(values) for name, values in self.extra.items()}
        title = f"level {self.irrep} at {self.energy_eV:.4f} eV, {self.degeneracy} states"
        return title, {name: value for name, value in lines.items() if value is not None}


@dataclass(frozen=True, repr=False)
class Levels(Shown):
    """Levels of one nanocrystal.

    electron, hole: the band-edge doublets. electron_levels, hole_levels: the K levels nearest to the gap, the nearest
    first, empty where only the band edges were asked for. bulk_E_v_eV, bulk_E_c_eV: bulk band edges on the same zero.
    warnings: one line each. blocks: size of each reduced block that was used.
    point_group: Schoenflies symbol of the symmetry that was found. extra: numbers of further observables of the pair of
    electron and hole by name, each in a row. A model leaves out quantities that it does not know.
    """

    nanocrystal: Nanocrystal
    electron: LevelState
    hole: LevelState
    electron_levels: tuple[LevelState, ...] = ()
    hole_levels: tuple[LevelState, ...] = ()
    neighbors: int = 0
    n_pb: int = 0
    n_orbitals: int = 0
    bulk_E_v_eV: float = math.nan
    bulk_E_c_eV: float = math.nan
    point_group_order: int = 1
    blocks: dict[str, int] = field(default_factory=dict)
    factorizations: int = 0
    solves: int = 0
    solver: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    point_group: str = "C1"
    extra: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def E_gap_eV(self) -> float:
        """Transition energy E_e - E_h in eV, without exciton binding."""
        return self.electron.energy_eV - self.hole.energy_eV

    @property
    def g_bx(self) -> float:
        """g-factor of the bright exciton, g_e + g_h; NaN where one of them is not known."""
        if self.electron.g is None or self.hole.g is None:
            return math.nan
        return self.electron.g + self.hole.g

    @property
    def residual_eV(self) -> float:
        """Largest residual of the two band edges in eV."""
        return max(self.electron.residual_eV, self.hole.residual_eV)

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the band edges as lines."""
        carriers = {
            name: f"{one.energy_eV:.4f} eV, {one.irrep}, g {plain(one.g)}"
            for name, one in (("electron", self.electron), ("hole", self.hole))
        }
        lines: dict[str, Any] = {**carriers, "E_gap": f"{self.E_gap_eV:.4f} eV", "symmetry": self.point_group}
        lines |= {"solver": f"{self.solver}, {self.n_orbitals} orbitals"}
        lines |= {"levels": len(self.electron_levels)} if self.electron_levels else {}
        lines |= {name: list(values) for name, values in self.extra.items()}
        lines |= {"warnings": len(self.warnings)} if self.warnings else {}
        return f"levels of {self.nanocrystal!r}", lines


def with_observables(levels: Levels, observables: Sequence[Observable], doublets: tuple[Any, Any]) -> Levels:
    """The levels with the observables that are computed from the states of electron and hole. Raises BandgError."""
    electron, hole = (
        replace(state, extra=state.extra | {one.name: one.of_states(own) for one in observables if one.of_one})
        for state, own in zip((levels.electron, levels.hole), doublets, strict=True)
    )
    pair = {one.name: one.of_states(*doublets) for one in observables if not one.of_one}
    return replace(levels, electron=electron, hole=hole, extra=levels.extra | pair)
