"""Global sensitivity over stated ranges by SALib: Morris screening and Sobol indices, with their convergence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.sensitivity.effects import SHOWN, write_table
from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.base.text import install
from bandg.crystal.shapes import Nanocrystal
from bandg.models.etb.bulk import bulk
from bandg.models.etb.job import Job
from bandg.models.levels import Levels
from bandg.parameters.ranges import Range
from bandg.parameters.sets import ParameterSet
from bandg.runs import sweep
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Request, check_seed, rescaled

METHODS = ("morris", "sobol")
DEFAULT_SAMPLES = {"morris": 16, "sobol": 256}
"""Trajectories of Morris, base points of Sobol (a power of two)."""

INDICES = {"morris": ("mu", "mu_star", "mu_star_conf", "sigma"), "sobol": ("S1", "S1_conf", "ST", "ST_conf")}
"""What each method gives for a parameter. Morris: change of the result over the whole range, its mean, mean magnitude
with 95 % interval and spread. Sobol: share of the variance alone and in total, each with its 95 % interval."""

MAX_SAMPLES = 1 << 20
_LEVELS = 4  # seed + 1 below: SALib takes a seed of 0 for none
_PARTS = (4, 2, 1)
"""Convergence is shown at a quarter, at half and at all of the samples."""


@dataclass(frozen=True)
class Index:
    """Indices of one parameter for one quantity of one nanocrystal from the first `evaluations` computations of it."""

    crystal: int
    quantity: str
    path: str
    evaluations: int
    values: dict[str, float]


@dataclass(frozen=True, repr=False)
class GlobalSensitivity(Shown):
    """What `global_sensitivity` found: `indices` at a quarter, half and all of the samples."""

    method: str
    samples: int
    seed: int
    parameters: ParameterSet
    neighbors: int
    intra_atomic: bool
    ranges: tuple[Range, ...]
    crystals: tuple[Nanocrystal, ...]
    indices: tuple[Index, ...]
    computed: int
    cached: int

    def final(self, crystal: int, quantity: str) -> list[Index]:
        """Indices from all samples, the most important parameter first."""
        chosen = [i for i in self.indices if (i.crystal, i.quantity) == (crystal, quantity)]
        most = max(index.evaluations for index in chosen)
        rank = INDICES[self.method][1 if self.method == "morris" else 2]
        return sorted((i for i in chosen if i.evaluations == most), key=lambda i: -i.values[rank])

    def table(self) -> list[dict[str, Any]]:
        """One row for each nanocrystal, quantity, parameter and number of evaluations."""
        by_path = {chosen.path: chosen for chosen in self.ranges}
        rows = []
        for index in self.indices:
            crystal, chosen = self.crystals[index.crystal], by_path[index.path]
            row = {name: getattr(crystal, name) for name in ("shape", "termination", "center", "cells", "size_nm")}
            row |= {"quantity": index.quantity, "path": index.path, "unit": chosen.unit}
            row |= {"lower": chosen.lower, "upper": chosen.upper, "evaluations": index.evaluations}
            rows.append(row | index.values)
        return rows

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the most important parameter of each quantity as lines."""
        rank = INDICES[self.method][1 if self.method == "morris" else 2]
        lines = {}
        for number, crystal in enumerate(self.crystals):
            for quantity in dict.fromkeys(index.quantity for index in self.indices):
                first = self.final(number, quantity)[0]
                lines[f"{crystal.size_nm:.4g} nm {crystal.termination}, {quantity}"] = {first.path: first.values[rank]}
        return f"{self.method} indices ({rank}) of {len(self.ranges)} parameters of {self.parameters.name}", lines


@dataclass(frozen=True)
class PointJob(Job):
    """One point of a design, cached as any other nanocrystal. Errors advise to narrow the ranges."""

    def run(self) -> Levels:
        """Compute."""
        try:
            return super().run()
        except BandgError as error:
            raise BandgError(f"{error} (somewhere in the ranges: narrow them; finished points are kept)") from error


def draw(ranges: Sequence[Range], method: str, samples: int, seed: int = 0) -> NDArray[np.float64]:
    """Points of a design, shape (n, len(ranges)), in the units of the ranges.

    samples: trajectories of Morris (n = samples * (k + 1)) or base points of Sobol, a power of two
    (n = samples * (k + 2)). Raises BandgError.
    """
    if method not in METHODS:
        raise BandgError(f"method {method!r} is unknown; choose local, morris or sobol")
    check_seed(seed)
    if samples < 8:
        raise BandgError(f"`samples` must be 8 or more, not {samples}: convergence is shown at a quarter of them")
    if samples > MAX_SAMPLES:
        raise BandgError(f"{samples} samples are too many: at most {MAX_SAMPLES}")
    if method == "sobol" and samples & (samples - 1):
        nearest = 2 ** round(math.log2(samples))
        raise BandgError(f"`samples` of sobol must be a power of two: write {nearest} instead of {samples}")
    if len(ranges) < 2:
        raise BandgError("global sensitivity needs two parameters or more: give `vary` several times, as PATH=LO..HIeV")
    if method == "morris":
        return np.asarray(_salib("sample.morris").sample(_problem(ranges), samples, num_levels=_LEVELS, seed=seed + 1))
    return np.asarray(_salib("sample.sobol").sample(_problem(ranges), samples, calc_second_order=False, seed=seed + 1))


def analyze(
    ranges: Sequence[Range], method: str, points: NDArray[np.float64], results: NDArray[np.float64], seed: int = 0
) -> dict[str, dict[str, float]]:
    """Indices by parameter from the results (n,) at the points (n, k) of `draw`, or of its first whole samples."""
    problem = _problem(ranges)
    if method == "morris":
        found = _salib("analyze.morris").analyze(problem, points, results, num_levels=_LEVELS, seed=seed + 1)
    else:
        found = _salib("analyze.sobol").analyze(problem, results, calc_second_order=False, seed=seed + 1)
    return {
        chosen.path: {name: float(found[name][number]) for name in INDICES[method]}
        for number, chosen in enumerate(ranges)
    }


def global_sensitivity(
    asked: Request,
    ranges: Sequence[Range],
    method: str = "morris",
    samples: int | None = None,
    seed: int = 0,
    run: Run = DEFAULT_RUN,
) -> GlobalSensitivity:
    """Morris or Sobol indices of g_e, g_h, g_bx and E_gap over ranges of parameters, each point computed exactly.

    Every computed point is cached under its parameters, so an interrupted run goes on where it stopped. Raises
    BandgError, also where a point has no gap.
    """
    count = DEFAULT_SAMPLES.get(method, 8) if samples is None else samples
    points = draw(ranges, method, count, seed)
    noun = (
        f"{method}: {len(points)} points of {len(ranges)} parameters, {len(points) * len(asked.crystals)} nanocrystals"
    )
    sweep.announce_alike(
        _job(asked, asked.crystals[-1], ranges, points[0]), len(points) * len(asked.crystals), run, noun
    )
    _check_ends(asked, ranges)
    jobs = [_job(asked, crystal, ranges, point) for crystal in asked.crystals for point in points]
    found = sweep.run_jobs(jobs, run)
    indices = []
    for number in range(len(asked.crystals)):
        own = [levels for levels, _ in found[number * len(points) : (number + 1) * len(points)]]
        results = {
            "g_e": np.array([levels.electron.g for levels in own], dtype=float),
            "g_h": np.array([levels.hole.g for levels in own], dtype=float),
            "g_bx": np.array([levels.g_bx for levels in own]),
            "E_gap_eV": np.array([levels.E_gap_eV for levels in own]),
        }
        for quantity in SHOWN:
            for part in _PARTS:
                n = len(points) // count * (count // part)
                values = analyze(ranges, method, points[:n], results[quantity][:n], seed)
                indices += [Index(number, quantity, path, n, of) for path, of in values.items()]
    computed = sum(not cached for _, cached in found)
    return GlobalSensitivity(
        *(method, count, seed, asked.parameters, asked.neighbors, asked.intra_atomic, tuple(ranges)),
        *(asked.crystals, tuple(indices), computed, len(found) - computed),
    )


def _check_ends(asked: Request, ranges: Sequence[Range]) -> None:
    """Refuse a range at one end of which the set has no gap, before anything is computed."""
    for chosen in ranges:
        for end in (chosen.lower, chosen.upper):
            try:
                bulk(asked.parameters.with_values({chosen.path: end}), asked.neighbors)
            except BandgError as error:
                raise BandgError(f"at {chosen.path} = {end:g} {chosen.unit}: {error}; narrow its range") from error


def _job(asked: Request, crystal: Nanocrystal, ranges: Sequence[Range], point: NDArray[np.float64]) -> PointJob:
    values = {chosen.path: float(value) for chosen, value in zip(ranges, point, strict=True)}
    moved = asked.parameters.with_values(values, source="global sensitivity")
    return PointJob(moved, rescaled(crystal, moved.a_nm), asked.neighbors, 1, asked.intra_atomic, asked.solver)


def _problem(ranges: Sequence[Range]) -> dict[str, Any]:
    return {
        "num_vars": len(ranges),
        "names": [chosen.path for chosen in ranges],
        "bounds": [[chosen.lower, chosen.upper] for chosen in ranges],
    }


def _salib(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"SALib.{name}")
    except ImportError as error:
        raise BandgError(f"global sensitivity needs SALib: {install('sensitivity')}") from error


def write_indices(found: GlobalSensitivity, path: Path) -> Path:
    """Write the table to .csv or .json (with provenance). Raises BandgError where it cannot be written."""
    head = {name: getattr(found, name) for name in ("method", "samples", "seed", "neighbors", "intra_atomic")}
    head["ranges"] = [asdict(chosen) for chosen in found.ranges]
    return write_table(found.table(), head, found.parameters, path)
