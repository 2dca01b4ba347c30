"""One line of theory: nanocrystals and bulk of a set, and how it moves with what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.hypotheses.case import falling_from
from bandg.analysis.verdict.bulk_error import deviates
from bandg.analysis.verdict.pair import Constants, lagrange
from bandg.base.monotone import monotone_cubic
from bandg.data.measured import MeasuredPoint
from bandg.models.etb.derivatives import Gradients
from bandg.parameters.covariance import Member

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """Values of one set and termination by node and size, small nanocrystals first, the bulk last.

    amounts: scales of the surface shifts, (a,), ascending. table: without and with the image potential in H, by amount,
    size and quantity: E_e - E_h in eV, g_e, g_h, and then `bandg.analysis.verdict.pair.pair_observables`,
    (2, a, n, 3 + observables); NaN where it was not computed. slopes: change of (E, g_e, g_h) by one standard deviate,
    (n, 3, deviates), with no deviates where the set has no covariance.
    """

    amounts: Array
    table: Array
    slopes: Array

    @property
    def deviates(self) -> int:
        """Number of standard deviates."""
        return int(self.slopes.shape[2])

    def at(self, amount: Array, image: bool, kind: str, constants: Constants, deviate: Array) -> tuple[Array, Array]:
        """Transition energies (draws, n) in eV and g (draws, n, 2).

        amount: (draws,), of the surface shifts. image: whether the image potential is in H. kind: of the screening, or
        "none". deviate: (draws, deviates).
        """
        found = np.tensordot(lagrange(self.amounts, amount), self.table[0], axes=1)
        strength = constants.strength[:, None]
        if image:
            known = np.isfinite(self.table[1]).all(axis=(1, 2))
            change = self.table[1, known] - self.table[0, known]
            change = np.tensordot(lagrange(self.amounts[known], amount), change, axes=1)
            polarization = found[:, :, 3] + change[:, :, 3]
            found = found + strength[:, :, None] * change
        else:
            polarization = found[:, :, 3]
        moved = np.tensordot(deviate, self.slopes, axes=(1, 2))
        energy = found[:, :, 0] + moved[..., 0]
        if kind != "none":
            energy = energy + strength * polarization - constants.attraction(kind, found[:, :, 3:])
            energy[:, :-1] -= constants.correlation_eV[:, None]  # the bulk ends every curve at its gap
        return energy, found[:, :, 1:3] + moved[..., 1:]


def at_points(energy: Array, g: Array, points: Sequence[MeasuredPoint]) -> Array:
    """g at measured points, (draws, points), as `at_energy`; its magnitude where only that is measured."""
    found = []
    for point in points:
        values = at_energy(energy, g, float(point.energy_eV or np.nan))
        values = values[:, int(point.quantity.removeprefix("abs_") == "g_h")]
        found.append(np.abs(values) if point.quantity.startswith("abs_") else values)
    return np.column_stack(found)


def at_energy(energy: Array, g: Array, at: float) -> Array:
    """g_e and g_h at one energy, (draws, 2); NaN beyond a curve, which begins where its energies fall.

    energy: (draws, n). g: (draws, n, 2). A curve is a monotone cubic, as `bandg.data.compare.TheoryCurve`.
    """
    found = np.full((len(energy), 2), np.nan)
    begins = np.array([falling_from(one) for one in energy])
    for begin in set(begins[begins < energy.shape[1] - 2].tolist()):
        rows = np.flatnonzero(begins == begin)
        x, y = energy[rows, begin:][:, ::-1], g[rows, begin:][:, ::-1]
        found[rows] = np.column_stack([monotone_cubic(x, y[..., which], at)[:, 0] for which in (0, 1)])
    return found


def slopes_of(member: Member | None, found: Sequence[Gradients], energy: Array, wanted: Array) -> Array:
    """Change of (E, g_e, g_h) by each deviate, (sizes, 3, deviates); those of `energy` (m,) taken to `wanted` (n,).

    found: derivatives of m nanocrystals, and of the bulk last. They are interpolated in energy.
    """
    if member is None:
        return np.zeros((len(wanted), 3, 0))
    paths, matrix = deviates(member)
    rows = []
    for one in found:
        place = [one.paths.index(path) for path in paths]
        rows.append([one.gradient(name)[place] @ matrix for name in ("E_gap_eV", "g_e", "g_h")])
    table, order = np.array(rows), np.argsort(energy)
    flat = table.reshape(len(rows), -1)[order]
    taken = np.array([np.interp(wanted, energy[order], column) for column in flat.T]).T
    return taken.reshape(len(wanted), *table.shape[1:])
