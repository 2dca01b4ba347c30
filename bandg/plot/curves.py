"""Curves of g against transition energy: how a dataset falls into groups, and their colors and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.curves import KEYS, averaged, differing, groups
from bandg.plot.band import shade
from bandg.plot.palette import DASHES, FAINT, TERMINATIONS, marker
from bandg.plot.style import literal
from bandg.runs.observables import AT_ENERGY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from xarray import Dataset

QUANTITIES = ("g_e", "g_h", "g_bx")
ENERGIES = ("E_exciton_eV", "E_gap_eV")
"""Energies of a dataset, the first that it has is drawn."""
_NUMBERS = ("energy", "size_nm", *QUANTITIES)
_ERRORS = tuple(AT_ENERGY[name] for name in QUANTITIES)
_GROUPS = ("set", "model", "shape", "termination")

_WALLS = {"hard-wall": "hard walls", "glass": "in glass"} | {
    one.name: f"{one.name} ({one.aka})" for one in PEROVSKITE.terminations
}
_MODELS = {"etb": "ETB", "kp": "k·p"}


@dataclass(frozen=True, eq=False, repr=False)
class Curve(Shown):
    """One curve per quantity: transition energies in eV (n,), sizes in nm (n,), smallest size last; g by quantity.

    stderr: standard errors at fixed energy by quantity, NaN where there are none. exciton: whether the energies are
    those of excitons, not E_e - E_h.
    label: for the legend. rank: number among the curves of the same termination, which chooses color and marker.
    chosen: color in place of that of the termination.
    """

    label: str
    shape: str
    termination: str
    rank: int
    energy: NDArray[np.float64]
    size: NDArray[np.float64]
    values: dict[str, NDArray[np.float64]]
    stderr: dict[str, NDArray[np.float64]]
    exciton: bool = False
    chosen: str = ""

    @property
    def color(self) -> str:
        """Color of the curve; the termination decides whether it is a cool or a warm one."""
        palette = TERMINATIONS.get(self.termination, (FAINT,))
        return self.chosen or palette[self.rank % len(palette)]

    def draw(self, axes: Axes, quantity: str) -> None:
        """Draw one quantity through its points and no further; a missing value leaves a gap.

        Its errors are shaded.
        """
        known = np.isfinite(self.energy)
        if np.isfinite(self.stderr[quantity]).any():
            shade(axes, self.energy[known], self.values[quantity][known], self.stderr[quantity][known], self.color)
        axes.plot(
            self.energy[known],
            self.values[quantity][known],
            color=self.color,
            **self.look(quantity),
            label=f"{quantity} {self.label}",
            zorder=3,
        )

    def look(self, quantity: str) -> dict[str, Any]:
        """Line style and marker of a quantity."""
        return {"linestyle": DASHES[quantity], "marker": marker(quantity, self.rank // 3)}

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the ranges as lines."""
        lines = {
            "energy": f"{np.nanmin(self.energy):.4f} to {np.nanmax(self.energy):.4f} eV, {len(self.energy)} points"
        }
        return f"curve {self.label}", lines | {name: f"{g[0]:+.3f} to {g[-1]:+.3f}" for name, g in self.values.items()}


def curves_of(dataset: Dataset) -> tuple[Curve, ...]:
    """Curves of a dataset, one per set, model, shape, termination and distortion (and center or neighbors where
    they differ); of random nanocrystals the means over their seeds.

    Raises BandgError for a dataset without nanocrystals or without a variable that is needed.
    """
    energy_name = next((name for name in ENERGIES if name in dataset.variables), ENERGIES[-1])
    missing = [name for name in (*_GROUPS, energy_name, *_NUMBERS[1:]) if name not in dataset.variables]
    if missing:
        raise BandgError(f"the dataset has no variable {', '.join(missing)}: a picture of levels needs it")
    count = dataset.sizes.get("nc", 1)
    held_as = dict(zip(_NUMBERS, (energy_name, *_NUMBERS[1:]), strict=True))
    numbers = {
        name: np.broadcast_to(np.asarray(dataset[own].values, dtype=float), count) for name, own in held_as.items()
    }
    for name in _ERRORS:
        held = dataset[name].values if name in dataset.variables else np.nan
        numbers[name] = np.broadcast_to(np.asarray(held, dtype=float), count)
    drawable = np.isfinite(numbers["energy"]) & np.any([np.isfinite(numbers[name]) for name in QUANTITIES], axis=0)
    if not drawable.any():
        raise BandgError("the dataset has no nanocrystal with an energy and a g-factor: there is nothing to draw")
    names = [name for name in (*KEYS, "seed", "edges") if name in dataset.variables]
    columns = {name: np.broadcast_to(dataset[name].values, count) for name in names}
    rows = np.flatnonzero(drawable)
    of_curves = groups({name: column[rows] for name, column in columns.items()}, len(rows))
    curves: list[Curve] = []
    for key, members in of_curves.items():
        own = rows[members]
        order = own[np.lexsort((numbers["energy"][own], -numbers["size_nm"][own]))]
        termination = key[KEYS.index("termination")]
        rank = sum(curve.termination == termination for curve in curves)
        values = [numbers[name][order] for name in (*_NUMBERS, *_ERRORS)]
        if "seed" in columns and (columns["seed"][order] >= 0).any():
            edges = columns.get("edges", np.broadcast_to("", count))
            values = averaged(values, list(zip(values[1], edges[order], strict=True)))
        energy, size, *g = values
        by_quantity, stderr = (dict(zip(QUANTITIES, part, strict=True)) for part in (g[:3], g[3:]))
        shape = key[KEYS.index("shape")]
        label, exciton = _label(key, list(of_curves)), energy_name == ENERGIES[0]
        curves.append(Curve(label, shape, termination, rank, energy, size, by_quantity, stderr, exciton))
    return tuple(curves)


def _label(key: tuple[str, ...], keys: list[tuple[str, ...]]) -> str:
    name, model, shape, termination, center, neighbors, distortion = key
    alike = [KEYS[number] for number in differing([other for other in keys if other[:4] == key[:4]])]
    text = f"{name} ({_MODELS.get(model, model)}): {shape}, {_WALLS.get(termination, termination)}"
    if "center" in alike:
        text += f", centered on {center}"
    if "neighbors" in alike:
        text += f", neighbors {neighbors}"
    if distortion:
        text += f", {distortion}"
    return literal(text)
