"""What a mechanism changes: a model with its nanocrystals and what is done to the result, as plain frozen data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.task import Task
from bandg.crystal.cell import cell_of
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import Nanocrystal, cube, cuboid, sphere
from bandg.data.compare import TheoryCurve
from bandg.data.surfaces import with_surface
from bandg.models.etb.job import Job
from bandg.models.etb.material import bulk_of
from bandg.models.etb.pairs import exciton_observables
from bandg.models.exciton import coulomb_radius_nm
from bandg.models.kp.job import KpJob
from bandg.models.levels import Levels
from bandg.models.observable import Observable
from bandg.models.screening import Screening
from bandg.parameters.sets import ParameterSet

if TYPE_CHECKING:
    from bandg.models.etb.bulk import Bulk
    from bandg.models.etb.cell import CellBulk
    from bandg.models.kp.sets import KpSet

T = TypeVar("T")

CUBE_CELLS = (2, 3, 4, 5, 6, 8, 11, 15, 20)
SPHERE_CELLS = (4, 5, 6, 7, 8, 10, 14, 18, 24)
CUBOID_CELLS = (4, 6, 8, 10, 14)
"""Edges and diameters in cells: 1.69, 1.911 and 2.25 eV lie inside of every curve, which ends in the computed bulk."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """The nanocrystals of one curve and, last, the bulk; arrays of shape (n,).

    size_nm, radius_nm: size, and radius of the sphere with the same Coulomb integral; infinite for the bulk. energy:
    transition energy in eV, E_e - E_h or that of the pair (`Case.exciton`) until a mapping changes it. E_e, E_h: band
    edges in eV. g_e, g_h: g-factors. atomic_e, atomic_h: what the p shells' own moment would add to them (0 where the
    model has none).
    """

    size_nm: NDArray[np.float64]
    radius_nm: NDArray[np.float64]
    energy: NDArray[np.float64]
    E_e: NDArray[np.float64]
    E_h: NDArray[np.float64]
    g_e: NDArray[np.float64]
    g_h: NDArray[np.float64]
    atomic_e: NDArray[np.float64]
    atomic_h: NDArray[np.float64]


Mapping_ = Callable[[Sizes], Sizes]


def own_bulk(case: Case) -> Bulk | CellBulk:
    """Bulk of the crystal of a case, which is periodic also where it is tilted or strained. Raises BandgError."""
    options = dict(case.distortion)
    if not {"tilt", "strain"} & set(options):
        return bulk_of(case.parameters, case.neighbors)
    from bandg.models.etb.cell import cell_bulk

    return cell_bulk(case.parameters, cell_of(case.crystals()[0]), case.neighbors)


@lru_cache(maxsize=64)
def _kp(parameters: ParameterSet, neighbors: int) -> KpSet:
    from bandg.models.kp.sets import of_etb

    return of_etb(parameters, neighbors)


@dataclass(frozen=True)
class Case:
    """A model and its nanocrystals.

    model: "etb" or "kp" (the 8-band envelope model extracted from the same set). barrier: (electron, hole) heights of
    the glass in eV, None for hard walls. after: what is done to the result, such as a mapping of energies. mixed:
    (share, other case) of all others in an ensemble, whose curve is the mean at equal energy; what the shares leave is
    its own. Others are not mixed themselves (`mixture`). added: (plus, minus)
    pairs of cases whose difference, size by size, is added. distortion: arguments of `bandg.distortion.distorted`,
    and "surface" as `bandg.data.surfaces` takes it.
    seeds: so many random nanocrystals of each size are averaged. aspect: long over short edge of a cuboid, whose cells
    are those of the short edges. periodic: whether the curve ends in the bulk, which crystals without atoms do not.
    exciton, eps_out: screening and surroundings of the pair, whose energy to first order is that of the curve; its end,
    the bulk, stays at the gap. With `image` in the distortion, which puts the self-energies into E_e - E_h, the energy
    is that of the pair in any case: the image interaction of electron and hole takes most of them back.
    observables: what is computed of the states besides, in tight binding.
    """

    parameters: ParameterSet
    neighbors: int
    shape: str = "cube"
    termination: str = "lead"
    model: str = "etb"
    barrier: tuple[float, float] | None = None
    after: tuple[Mapping_, ...] = ()
    mixed: tuple[tuple[float, Case], ...] = ()
    added: tuple[tuple[Case, Case], ...] = ()
    cells: tuple[float, ...] = ()
    distortion: tuple[tuple[str, Any], ...] = ()
    seeds: int = 1
    aspect: float = 1.0
    periodic: bool = True
    exciton: Screening | None = None
    eps_out: float | None = None
    observables: tuple[Observable, ...] = ()

    @property
    def counts(self) -> tuple[float, ...]:
        """Cells of the nanocrystals, from small to large; whole numbers but for spheres."""
        return self.cells or {"sphere": SPHERE_CELLS, "cuboid": CUBOID_CELLS}.get(self.shape, CUBE_CELLS)

    def crystals(self) -> tuple[Nanocrystal, ...]:
        """The nanocrystals from small to large, those of one size side by side."""
        ideal, own = [self._crystal(n) for n in self.counts], self.parameters.surface
        if not (self.distortion or own):
            return tuple(ideal)
        options = dict(self.distortion)
        asked = options.pop("surface", None)
        found = [distorted(one, **options, seed=seed) for one in ideal for seed in range(1, self.seeds + 1)]
        return tuple(replace(one, surface=with_surface(one, asked, own)) for one in found)

    def _crystal(self, n: float) -> Nanocrystal:
        a_nm, lattice = self.parameters.a_nm, self.parameters.lattice
        if self.shape == "sphere":
            return sphere(n * a_nm, a_nm, self.termination, lattice=lattice)
        if self.shape == "cuboid":
            return cuboid((round(n), round(n), round(self.aspect * n)), a_nm, self.termination, lattice)
        if self.shape != "cube":
            raise BandgError(f"shape {self.shape!r} has no curve: choose cube, sphere or cuboid")
        return cube(round(n), a_nm, self.termination, lattice=lattice)

    def ensemble(self) -> tuple[tuple[float, Case], ...]:
        """(share, case) of all in the ensemble, none of them mixed itself; the shares add up to 1."""
        return (1 - sum(share for share, _ in self.mixed), replace(self, mixed=())), *self.mixed

    def parts(self) -> tuple[Case, ...]:
        """This case and all that it is made of."""
        others = [*(case for _, case in self.mixed), *(case for pair in self.added for case in pair)]
        return (self, *(part for other in others for part in other.parts()))

    def jobs(self) -> tuple[Task[Levels], ...]:
        """One job for each nanocrystal of this case alone."""
        if self.model == "etb":
            return tuple(
                Job(self.parameters, crystal, self.neighbors, observables=self._observables(crystal))
                for crystal in self.crystals()
            )
        wall = "hard-wall" if self.barrier is None else "glass"
        kp = _kp(self.parameters, self.neighbors)
        return tuple(
            KpJob(kp, replace(crystal, termination=wall, surface=(), surface_bonds=0.0, image=()), self.barrier)
            for crystal in self.crystals()
        )

    def _observables(self, crystal: Nanocrystal) -> tuple[Observable, ...]:
        """What is computed of the states."""
        wanted = {"J_eV"} if self.exciton else set()
        wanted |= {"polarization_eV"} if crystal.image or self.eps_out is not None else set()
        known = exciton_observables(self.exciton or Screening(), self.eps_out)
        return (*(one for one in known if one.name in wanted), *self.observables)

    def describe(self) -> dict[str, Any]:
        """The nanocrystals and their model, as plain types; not what is mixed, added or done to the result."""
        return {
            "set": self.parameters.name,
            "set_sha256": self.parameters.digest(),
            "neighbors": self.neighbors,
            "model": self.model,
            "shape": self.shape,
            "termination": self.termination,
            "barrier_eV": self.barrier,
            "cells": list(self.counts),
            "aspect": self.aspect,
            "periodic": self.periodic,
            "distortion": dict(self.distortion),
            "seeds": self.seeds,
        } | ({"exciton": self.exciton.describe(), "eps_out": self.eps_out} if self.exciton else {})


def mixture(parts: Iterable[tuple[float, Case]]) -> Case:
    """An ensemble of cases, each with its share; the shares add up to 1."""
    flat = [(share * inner, one) for share, case in parts for inner, one in case.ensemble()]
    return replace(flat[0][1], mixed=tuple(flat[1:]))


def sizes_of(case: Case, levels: Iterable[Levels | None], seed: int | None = None) -> Sizes:
    """The numbers of one case without its mappings: means over the seeds, or those of one seed, counted from 0.

    A nanocrystal that failed is NaN.
    """
    each = [_row(crystal, found) for crystal, found in zip(case.crystals(), levels, strict=True)]
    by_seed = np.array(each).reshape(len(case.counts), -1, len(each[0]))
    rows = by_seed.mean(axis=1) if seed is None else by_seed[:, seed]
    ends = [_bulk_row(case)] if case.periodic else []
    return Sizes(*np.array([*rows, *ends]).T)


def _row(crystal: Nanocrystal, found: Levels | None) -> list[float]:
    size, radius = crystal.size_nm, coulomb_radius_nm(crystal)
    if found is None or found.electron.g is None or found.hole.g is None:
        return [size, radius, *[np.nan] * 7]
    e, h = found.electron, found.hole
    atomic = (e.g_atomic or 0.0, h.g_atomic or 0.0)
    J, polarization = (found.extra.get(name, (0.0,))[0] for name in ("J_eV", "polarization_eV"))
    energy = e.energy_eV - h.energy_eV - J + polarization
    return [size, radius, energy, e.energy_eV, h.energy_eV, e.g or 0.0, h.g or 0.0, *atomic]


def _bulk_row(case: Case) -> list[float]:
    if case.model == "kp":
        return [np.inf, np.inf, *_kp_bulk(case)]
    try:
        crystal = own_bulk(case)
    except BandgError:
        return [np.inf, np.inf, *[np.nan] * 7]
    g, with_atomic = np.array(crystal.g_factors()), np.array(crystal.g_factors(True))
    edges = [crystal.E_g, crystal.conduction.energy, crystal.valence.energy]
    return [np.inf, np.inf, *edges, *g, *(with_atomic - g)]


def _kp_bulk(case: Case) -> list[float]:
    from bandg.models.kp.laws import evaluate

    values = _kp(case.parameters, case.neighbors).values
    g_e, g_h = float(evaluate("c", values)), float(evaluate("v", values))
    return [values["E_g"], values["E_v"] + values["E_g"], values["E_v"], g_e, g_h, 0.0, 0.0]


def no_curve(name: str = "") -> TheoryCurve:
    """What stands for a curve where there is none: NaN throughout."""
    nothing = np.full(2, np.nan)
    return TheoryCurve(name, nothing, {"g_e": nothing, "g_h": nothing}, nothing)


def curve_of(case: Case, found: Mapping[str, Levels | None], name: str = "") -> TheoryCurve:
    """The curve of a case from the levels of its jobs by key.

    Raises BandgError where its nanocrystals cannot be made, or a step behind the result fails.
    """
    curves = [(share, _pure_curve(one, found, name)) for share, one in case.ensemble()]
    return _mean(curves) if len(curves) > 1 else curves[0][1]


def kinds_of(case: Case, found: Mapping[str, Levels | None]) -> tuple[tuple[float, TheoryCurve], ...]:
    """(share, curve) of each kind of nanocrystal in a case: of its ensemble, and of the seeds of what is random.

    One kind has no spread of g at one energy. Raises BandgError as `curve_of`.
    """
    return tuple(
        (share / one.seeds, _pure_curve(one, found, "", seed if one.seeds > 1 else None))
        for share, one in case.ensemble()
        for seed in range(one.seeds)
    )


def _pure_curve(case: Case, found: Mapping[str, Levels | None], name: str, seed: int | None = None) -> TheoryCurve:
    """The curve of one kind of nanocrystal, from the bulk up to where the energy rises with each smaller one.

    A nanocrystal without a value ends it too. Without two points there is no curve.
    """
    sizes = _sizes(case, found, seed)
    begin = falling_from(sizes.energy)
    if len(sizes.energy) - begin < 2:
        return no_curve(name)
    g = {"g_e": sizes.g_e[begin:][::-1], "g_h": sizes.g_h[begin:][::-1]}
    return TheoryCurve(name, sizes.energy[begin:][::-1], g, sizes.size_nm[begin:][::-1], case.describe())


def falling_from(energy: NDArray[np.float64]) -> int:
    """The first of the energies (n,), small nanocrystals first, from which on they fall to the last; NaN does not."""
    rising = np.flatnonzero(~(np.diff(energy) < 0))
    return int(rising[-1]) + 1 if len(rising) else 0


def _sizes(case: Case, found: Mapping[str, Levels | None], seed: int | None = None) -> Sizes:
    sizes = sizes_of(case, (found[job.key()] for job in case.jobs()), seed)
    for plus, minus in case.added:
        more, less = _sizes(plus, found), _sizes(minus, found)
        names = ("energy", "E_e", "E_h", "g_e", "g_h")
        sizes = replace(sizes, **{n: getattr(sizes, n) + getattr(more, n) - getattr(less, n) for n in names})
    for step in case.after:
        sizes = own_code("a step behind the result", Sizes, step, sizes)
    return sizes


def own_code(what: str, kind: type[T], function: Callable[..., Any], *arguments: Any) -> T:
    """What a function that may be the user's returns, a `kind`. Raises BandgError for whatever else it does."""
    try:
        found = function(*arguments)
    except BandgError:
        raise
    except (Exception, SystemExit) as error:
        raise BandgError(f"{what} fails: {type(error).__name__}: {error}") from error
    if not isinstance(found, kind):
        raise BandgError(f"{what} must return {kind.__name__}, not {type(found).__name__}")
    return found


def _mean(curves: Sequence[tuple[float, TheoryCurve]]) -> TheoryCurve:
    """The mean of (share, curve) at equal energy, on the energies of all where they overlap."""
    low = np.max([curve.energy[0] for _, curve in curves])
    high = np.min([curve.energy[-1] for _, curve in curves])
    energies = np.unique(np.concatenate([curve.energy for _, curve in curves]))
    energies = energies[(energies >= low) & (energies <= high)]  # empty where one of them is NaN
    values = {n: np.sum([share * curve.at(n, energies) for share, curve in curves], axis=0) for n in ("g_e", "g_h")}
    return replace(curves[0][1], energy=energies, values=values, size_nm=np.full(len(energies), np.nan))
