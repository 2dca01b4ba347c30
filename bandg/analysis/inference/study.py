"""Posteriors of the models of `bandg.infer`: emulator, sampling, and checks against exact computations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.inference.emulator import (
    Emulator,
    Knob,
    assembled,
    bulk_outputs,
    bulk_points,
    jobs_of,
    knob,
    parameters_at,
)
from bandg.analysis.inference.likelihood import SPECIAL, TERMINATION, Constraint, Likelihood, Model, Points
from bandg.analysis.inference.posterior import Exact, Inference, posterior_of
from bandg.analysis.inference.sampling import SAMPLING_S, Sampling, dynesty
from bandg.base.errors import BandgError
from bandg.base.task import Task
from bandg.crystal.lattice import PEROVSKITE, Lattice
from bandg.crystal.shapes import Nanocrystal
from bandg.models.etb.bulk import bulk
from bandg.models.etb.job import Job
from bandg.models.etb.model import MODEL
from bandg.models.exciton import coulomb_radius_nm, reduced_mass
from bandg.models.levels import Levels
from bandg.parameters.ranges import Range
from bandg.parameters.sets import ParameterSet
from bandg.runs import sweep
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Request, check_seed, request, rescaled

DEFAULT_SIZES = "4cells,5cells,6cells,8cells,11cells,16cells,24cells"
DEFAULT_SIGMA = 0.1
"""Error of a measured g whose source states none: assumed."""

MAX_LIVE = 100_000
"""Live points of the sampler at the most: 400 serve, and time and memory grow with them."""


def infer(
    parameters: str | os.PathLike[str] | ParameterSet,
    models: Sequence[Model],
    points: Points,
    *,
    size: str = DEFAULT_SIZES,
    shape: str = "cube",
    termination: float = 0.0,
    neighbors: int | None = None,
    intra_atomic: bool = False,
    sigma: float = DEFAULT_SIGMA,
    constraints: Sequence[Constraint] = (),
    live: int = 400,
    precision: float = 0.1,
    seed: int = 0,
    checks: int = 2,
    run: Run = DEFAULT_RUN,
) -> Inference:
    """Posterior and evidence of every model, from an emulator whose error is measured.

    termination: 0 halide ... 1 lead where a model does not say. sigma: error of points without one. live: live points
    of dynesty. precision: of ln Z. checks: random points inside the ranges at which emulator and exact are compared;
    the best point of each model is computed exactly besides. Raises BandgError.
    """
    _check_settings(models, sigma, live, precision, termination, seed, checks)
    dynesty()
    chosen = MODEL.load(parameters)
    ends = needed_terminations(models, termination, chosen.lattice)
    asked = request(size, shape, list(ends), chosen, neighbors=neighbors, intra_atomic=intra_atomic)
    if len(asked.crystals) // len(ends) < 3:
        raise BandgError("a curve needs three sizes or more: give `size='4..12nm'` or a list")
    knobs = [knob(asked.parameters, chosen) for chosen in union_of_ranges(models, asked.parameters)]
    rng = np.random.default_rng(seed)
    checks = checks if knobs else 0  # nothing is emulated without a parameter of the set
    inside = [np.array([rng.uniform(k.range.lower, k.range.upper) for k in knobs]) for _ in range(checks)]
    places = [Place(asked, knobs, values, ends) for values in inside]
    jobs, n_models = _emulator_jobs(asked, knobs, places), len(models)
    at_best = n_models * len(asked.crystals)
    then = f"then {n_models} model{'s' * (n_models > 1)} sampled and up to {at_best} nanocrystals at the best points"
    with sweep.foreseen(jobs, run, then, at_best + n_models, n_models * SAMPLING_S) as here:
        emulator, checked = _emulator(asked, knobs, places, here)
        error = np.zeros(3)
        for values, exact in zip(inside, checked, strict=True):
            error = np.maximum(error, np.abs(emulator(values) - exact.outputs).max(axis=0))
        radii = _radii(asked.crystals)
        mass = reduced_mass(bulk(asked.parameters, asked.neighbors))
        likelihoods = [
            Likelihood(model, emulator, ends, points, sigma, termination, tuple(constraints), radii, mass)
            for model in models
        ]
        tasks = [Sampling(one, live, precision, seed + number) for number, one in enumerate(likelihoods)]
        alone = replace(here, cache=False, scheduler=None)
        sampled = [found for found, _ in sweep.run_jobs(tasks, alone)]
        best = [
            Place(asked, knobs, one.emulated(found.best), needed_terminations([one.model], termination, chosen.lattice))
            for one, found in zip(likelihoods, sampled, strict=True)
        ]
        posteriors = map(posterior_of, likelihoods, sampled, _computed(best, here))
        worst = (float(error[0]), float(error[1]), float(error[2]))
        return Inference(asked, points, sigma, tuple(constraints), tuple(posteriors), worst, checks, seed)


def needed_terminations(models: Sequence[Model], default: float, lattice: Lattice = PEROVSKITE) -> tuple[str, ...]:
    """The terminations of the lattice, the first at 0 and the last at 1, whose curves some model uses."""
    first, last = lattice.terminations[0].name, lattice.terminations[-1].name
    needed = set()
    for model in models:
        value = default if TERMINATION not in model.names else 0.5
        value = dict(model.fixed).get(TERMINATION, value)
        needed |= {first} if value == 0 else {last} if value == 1 else {first, last}
    return tuple(name for name in dict.fromkeys((first, last)) if name in needed)


def union_of_ranges(models: Sequence[Model], parameters: ParameterSet) -> list[Range]:
    """For every parameter that some model moves, the range that holds all their ranges and the value of the set."""
    hull: dict[str, tuple[float, float, str]] = {}
    for model in models:
        ends = [(r.path, r.lower, r.upper, r.unit) for r in model.ranges]
        ends += [(path, value, value, "") for path, value in model.fixed]
        for path, lower, upper, unit in ends:
            if path in SPECIAL:
                continue
            origin = knob(parameters, Range(path, lower, upper, unit)).origin
            before = hull.get(path, (origin, origin, unit))
            hull[path] = min(before[0], lower), max(before[1], upper), unit or before[2]
    return [Range(path, *limits) for path, limits in hull.items() if limits[0] < limits[1]]


def _check_settings(
    models: Sequence[Model], sigma: float, live: int, precision: float, termination: float, seed: int, checks: int
) -> None:
    if not models:
        raise BandgError("no model is given: say what varies, as `vary='termination=0..1'`")
    names = [model.name for model in models]
    if len(set(names)) < len(names):
        raise BandgError("two models have the same name: name them apart")
    if not (np.isfinite(sigma) and sigma > 0):
        raise BandgError(f"`sigma` must be above zero, not {sigma:g}")
    if not 50 <= live <= MAX_LIVE:
        raise BandgError(f"`live` must lie between 50 and {MAX_LIVE}, not {live}")
    check_seed(seed)
    if checks < 0:
        raise BandgError(f"`checks` must be 0 (none) or more, not {checks}")
    if not 0 < precision <= 10:
        raise BandgError(f"the precision of ln Z must be within 0..10, not {precision:g}")
    if not 0 <= termination <= 1:
        raise BandgError(f"termination must be within 0 (halide) and 1 (lead), not {termination:g}")


@dataclass(frozen=True, eq=False)
class Place:
    """Values of the knobs at which nanocrystals and bulk are computed exactly; needed: of these terminations."""

    asked: Request
    knobs: Sequence[Knob]
    values: NDArray[np.float64]
    needed: Sequence[str]

    @property
    def moved(self) -> ParameterSet:
        """The set with its knobs at the values."""
        return parameters_at(self.asked.parameters, self.knobs, [float(value) for value in self.values])

    def jobs(self) -> list[Job]:
        """The needed nanocrystals."""
        moved, asked = self.moved, self.asked
        crystals = [rescaled(crystal, moved.a_nm) for crystal in asked.crystals if crystal.termination in self.needed]
        return [Job(moved, crystal, asked.neighbors, 1, asked.intra_atomic, asked.solver) for crystal in crystals]

    def exact(self, found: Sequence[Levels]) -> Exact:
        """Levels of `jobs` and the bulk; NaN for terminations that nobody needs."""
        moved, asked = self.moved, self.asked
        at = [number for number, crystal in enumerate(asked.crystals) if crystal.termination in self.needed]
        outputs = np.full((len(asked.crystals) + 1, 3), np.nan)
        outputs[at] = [[levels.E_gap_eV, levels.electron.g, levels.hole.g] for levels in found]
        outputs[-1] = bulk_outputs(moved, asked.neighbors, asked.intra_atomic)
        radii = _radii([rescaled(crystal, moved.a_nm) for crystal in asked.crystals])
        return Exact(outputs, radii, reduced_mass(bulk(moved, asked.neighbors)))


def _emulator(asked: Request, knobs: Sequence[Knob], places: Sequence[Place], run: Run) -> tuple[Emulator, list[Exact]]:
    """The emulator, and exact values at some places, computed in one run."""
    slopes_of_bulk = bulk_points(asked.parameters, knobs, asked.neighbors, asked.intra_atomic)
    found = [result for result, _ in sweep.run_jobs(_emulator_jobs(asked, knobs, places), run)]
    each = len(asked.crystals)
    count = len(found) - each * len(places)
    emulator = assembled(asked.parameters, knobs, slopes_of_bulk, found[:count])
    parts = [found[start : start + each] for start in range(count, len(found), each)]
    return emulator, [place.exact(own) for place, own in zip(places, parts, strict=True)]


def _emulator_jobs(asked: Request, knobs: Sequence[Knob], places: Sequence[Place]) -> list[Task[Any]]:
    """The jobs of the emulator, then those of the places."""
    design = jobs_of(asked.parameters, knobs, asked.crystals, asked.neighbors, asked.intra_atomic, asked.solver)
    return [*design, *(job for place in places for job in place.jobs())]


def _computed(places: Sequence[Place], run: Run) -> list[Exact]:
    """Exact values at several places, computed at once."""
    jobs = [place.jobs() for place in places]
    found = iter(result for result, _ in sweep.run_jobs([job for own in jobs for job in own], run))
    return [place.exact([next(found) for _ in own]) for place, own in zip(places, jobs, strict=True)]


def _radii(crystals: Sequence[Nanocrystal]) -> NDArray[np.float64]:
    """Radii of the spheres with the same Coulomb integral in nm, and infinity for the bulk."""
    return np.array([*(coulomb_radius_nm(crystal) for crystal in crystals), np.inf])
