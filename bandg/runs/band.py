"""Standard errors of energies and g-factors along a curve, from what the fit of a set leaves open.

A parameter that changes moves a nanocrystal along its curve and the curve itself. At fixed size the error of g comes
from dg/dp. At fixed transition energy E it comes from dg/dp - (dg/dE) dE/dp, with dg/dE along the curve: this is the
error of the line in a picture of g against E.

Each minimum of the ensemble weighs the same. The variance about the curve of the set is the mean over the minima of
s^2 + d^2: s is the standard error that the covariance of the minimum gives, and d its distance from the set's curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.distortion import describe
from bandg.crystal.shapes import Nanocrystal
from bandg.data.curves import KEYS, groups
from bandg.models.etb.derivatives import DerivativeJob, Derivatives, Gradients
from bandg.parameters.covariance import Member
from bandg.runs import sweep
from bandg.runs.observables import AT_ENERGY, AT_SIZE
from bandg.runs.options import Run
from bandg.solvers.registry import factorizing_solver

Array = NDArray[np.float64]


def derivative_jobs(
    members: Sequence[Member], crystals: Sequence[Nanocrystal], neighbors: int, intra_atomic: bool, solver: str
) -> list[DerivativeJob]:
    """The derivatives of every nanocrystal for every member, member by member. Raises BandgError."""
    factorizing_solver(solver)
    if any(crystal.is_random for crystal in crystals):
        raise BandgError("there is no `band` of random nanocrystals, which have no symmetry: leave `band` out")
    return [
        DerivativeJob(member.parameters, crystal, neighbors, intra_atomic, solver)
        for member in members
        for crystal in crystals
    ]


def by_member(found: Sequence[Derivatives], count: int) -> list[list[Derivatives]]:
    """The results of `derivative_jobs` for so many nanocrystals, one list for each member."""
    return [list(found[start : start + count]) for start in range(0, len(found), count)]


def derivatives_of(
    members: Sequence[Member],
    crystals: Sequence[Nanocrystal],
    neighbors: int,
    intra_atomic: bool,
    solver: str,
    run: Run,
) -> list[list[Derivatives]]:
    """Derivatives of every nanocrystal, one list for each member. Raises BandgError."""
    jobs = derivative_jobs(members, crystals, neighbors, intra_atomic, solver)
    return by_member([result for result, _ in sweep.run_jobs(jobs, run)], len(crystals))


def standard_errors(members: Sequence[Member], found: Sequence[Sequence[Derivatives]]) -> list[dict[str, float]]:
    """Standard errors of each nanocrystal by the names of AT_SIZE and AT_ENERGY.

    Those at fixed energy are NaN where a curve has one nanocrystal alone, or two of the same energy.
    """
    crystals = [one.nanocrystal for one in found[0]]
    columns = {name: [getattr(one, name, "") for one in crystals] for name in KEYS}
    columns["distortion"] = [describe(one) for one in crystals]
    table: list[dict[str, float]] = [{} for _ in crystals]
    for rows in groups(columns, len(crystals)).values():
        own = [[of_member[row] for row in rows] for of_member in found]
        errors = {column: at_size(members, own, name) for name, column in AT_SIZE.items()}
        errors |= {column: at_energy(members, own, name) for name, column in AT_ENERGY.items()}
        for place, row in enumerate(rows):
            table[row] = {name: float(values[place]) for name, values in errors.items()}
    return table


def at_size(members: Sequence[Member], found: Sequence[Sequence[Gradients]], quantity: str) -> Array:
    """Standard error of a quantity at fixed size, shape (n,). found: (members, n)."""
    values = np.array([[one.value(quantity) for one in row] for row in found])
    return _about_the_set(values, [_stderr(*pair, quantity) for pair in zip(members, found, strict=True)])


def at_energy(members: Sequence[Member], found: Sequence[Sequence[Gradients]], quantity: str) -> Array:
    """Standard error of a g-factor at the transition energies of the set, shape (n,). found: (members, n)."""
    at = np.array([one.value("E_gap_eV") for one in found[0]])
    values, errors = [], []
    for member, row in zip(members, found, strict=True):
        energy = np.array([one.value("E_gap_eV") for one in row])
        order = np.argsort(energy)
        if len(row) < 2 or not (np.diff(energy[order]) > 0).all():
            return np.full(len(at), np.nan)
        line = along(energy[order], np.array([one.value(quantity) for one in row])[order])
        own = _stderr(member, row, quantity, line(energy, 1))
        values.append(line(at))
        errors.append(np.interp(at, energy[order], own[order]))
    return _about_the_set(np.array(values), errors)


def along(energy: Array, values: Array) -> Callable[..., Array]:
    """A monotone cubic through the points, or its derivative of order 1; straight on beyond the ends."""
    from scipy.interpolate import PchipInterpolator

    line = PchipInterpolator(energy, values)

    def at(energies: Array, order: int = 0) -> Array:
        inside = np.clip(energies, energy[0], energy[-1])
        return np.asarray(line(inside, order) + (0 if order else line(inside, 1) * (energies - inside)))

    return at


def _stderr(member: Member, found: Sequence[Gradients], quantity: str, slopes: Array | None = None) -> Array:
    """Standard errors (n,) by the covariance of one member; slopes (n,): what a unit of transition energy takes off."""
    taken = np.zeros(len(found)) if slopes is None else slopes
    return np.array(
        [
            member.covariance.stderr(one.paths, one.gradient(quantity) - slope * one.gradient("E_gap_eV"))
            for one, slope in zip(found, taken, strict=True)
        ]
    )


def _about_the_set(values: Array, stderr: Sequence[Array]) -> Array:
    """Standard deviation (n,) of a mixture with equal weights about its first member; values, stderr: (members, n)."""
    return np.asarray(np.sqrt(np.mean(np.square(stderr) + (values - values[0]) ** 2, axis=0)))
