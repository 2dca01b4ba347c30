"""Nested sampling of the models of `bandg.inference`: posteriors, evidences, and checks against exact computations."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg import __version__
from bandg.analysis.inference.emulator import OUTPUTS, Emulator, build, bulk_outputs, knob, parameters_at
from bandg.analysis.inference.likelihood import (
    IMPOSSIBLE,
    SPECIAL,
    TERMINATION,
    Constraint,
    Likelihood,
    Model,
    Points,
)
from bandg.base.decode import finite
from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.base.text import install
from bandg.crystal.lattice import PEROVSKITE, Lattice
from bandg.crystal.shapes import Nanocrystal
from bandg.data.spreads import SpreadCheck
from bandg.models.etb.bulk import bulk
from bandg.models.etb.job import Job
from bandg.models.etb.model import MODEL
from bandg.models.exciton import coulomb_radius_nm, reduced_mass
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

_PRIOR_SAMPLES = 500
_POSTERIOR_SAMPLES = 300


@dataclass(frozen=True, eq=False, repr=False)
class Posterior(Shown):
    """What nested sampling found for one model.

    log_evidence, log_evidence_error: ln Z. samples: (m, d) of equal weight. best: (d,) of largest likelihood.
    predicted: (n_points,) of the best. exact: the same with the best computed instead of emulated. rms: of `exact`.
    spreads: the measured ones beside what `exact` predicts. impossible: share of the prior for which a measured point
    lies outside of the curves. raw: dynesty's own results.
    """

    likelihood: Likelihood
    log_evidence: float
    log_evidence_error: float
    samples: NDArray[np.float64]
    best: NDArray[np.float64]
    best_log_likelihood: float
    predicted: NDArray[np.float64]
    exact: NDArray[np.float64]
    exact_bulk: NDArray[np.float64]
    impossible: float
    calls: int
    raw: Any
    spreads: tuple[SpreadCheck, ...] = ()

    @property
    def model(self) -> Model:
        """The model."""
        return self.likelihood.model

    @property
    def rms(self) -> float:
        """Root mean square of measured minus exact at the best point; NaN where a point lies outside of the curves."""
        return float(np.sqrt(np.mean((self.likelihood.points.value - self.exact) ** 2)))

    def summary(self) -> dict[str, dict[str, float]]:
        """Mean, standard deviation, quantiles and best of every parameter."""
        found = {}
        for number, chosen in enumerate(self.model.ranges):
            own = self.samples[:, number]
            low, median, high = np.quantile(own, (0.025, 0.5, 0.975))
            found[chosen.path] = {
                "mean": float(own.mean()),
                "std": float(own.std()),
                "q025": float(low),
                "median": float(median),
                "q975": float(high),
                "best": float(self.best[number]),
            }
        return found

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the parameters as lines."""
        lines: dict[str, Any] = {"ln Z": f"{self.log_evidence:.2f} +- {self.log_evidence_error:.2f}", "rms": self.rms}
        lines |= {name: f"{one['mean']:.4g} +- {one['std']:.2g}" for name, one in self.summary().items()}
        return f"posterior of the model {self.model.name}", lines


@dataclass(frozen=True, eq=False, repr=False)
class Inference(Shown):
    """Posteriors of all models on the same points, and how far the emulator is from exact computations.

    emulator_error: largest differences (E in eV, g_e, g_h) at points drawn inside the ranges, nanocrystals and bulk.
    """

    asked: Request
    points: Points
    sigma: float
    constraints: tuple[Constraint, ...]
    posteriors: tuple[Posterior, ...]
    emulator_error: tuple[float, float, float]
    emulator_checks: int
    seed: int

    def ranking(self) -> list[Posterior]:
        """The largest evidence first."""
        return sorted(self.posteriors, key=lambda found: -found.log_evidence)

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the models as lines, the largest evidence first."""
        lines = {
            found.model.name: f"ln Z {found.log_evidence:.2f} +- {found.log_evidence_error:.2f}, rms {found.rms:.3f}"
            for found in self.ranking()
        }
        return f"inference from {len(self.points.value)} measured values", lines


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
    sampler = _dynesty()
    chosen = MODEL.load(parameters)
    ends = needed_terminations(models, termination, chosen.lattice)
    asked = request(size, shape, list(ends), chosen, neighbors=neighbors, intra_atomic=intra_atomic)
    if len(asked.crystals) // len(ends) < 3:
        raise BandgError("a curve needs three sizes or more: give `size='4..12nm'` or a list")
    knobs = [knob(asked.parameters, chosen) for chosen in union_of_ranges(models, asked.parameters)]
    asked_of_emulator = (asked.parameters, knobs, asked.crystals, asked.neighbors, intra_atomic)
    emulator = build(*asked_of_emulator, run=run)

    def exact(values: NDArray[np.float64], needed: Sequence[str] = ends) -> Exact:
        return _exact(asked, emulator, values, needed, run)

    rng = np.random.default_rng(seed)
    error = np.zeros(3)
    checks = checks if knobs else 0  # nothing is emulated without a parameter of the set
    for _ in range(checks):
        values = np.array([rng.uniform(k.range.lower, k.range.upper) for k in knobs])
        error = np.maximum(error, np.abs(emulator(values) - exact(values).outputs).max(axis=0))
    posteriors = []
    radii = _radii(asked.crystals)
    mass = reduced_mass(bulk(asked.parameters, asked.neighbors))
    run.progress.start(len(models), "models, by nested sampling")
    for number, model in enumerate(models):
        likelihood = Likelihood(model, emulator, ends, points, sigma, termination, tuple(constraints), radii, mass)
        own = partial(exact, needed=needed_terminations([model], termination, chosen.lattice))
        posteriors.append(_sample(sampler, likelihood, live, precision, seed + number, own))
        run.progress.advance(model.name)
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


def _dynesty() -> Any:
    try:
        import dynesty
    except ImportError as error:
        raise BandgError(f"inference needs dynesty: {install('sensitivity')}") from error
    return dynesty.NestedSampler


def _sample(
    sampler: Any,
    likelihood: Likelihood,
    live: int,
    precision: float,
    seed: int,
    exact: Callable[[NDArray[np.float64]], Exact],
) -> Posterior:
    rng = np.random.default_rng(seed)
    d = len(likelihood.model.ranges)
    drawn = [likelihood(likelihood.prior(rng.random(d))) for _ in range(_PRIOR_SAMPLES)]
    impossible = float(np.mean(np.array(drawn) <= IMPOSSIBLE))
    if impossible > 0.98:
        raise BandgError(
            f"model {likelihood.model.name!r}: for {impossible:.0%} of its prior a measured point lies outside of the "
            "computed curves; take other sizes or other ranges"
        )
    running: list[Any] = []

    def compared(theta: NDArray[np.float64]) -> float:
        """The likelihood; the sampler refuses what is not above the lowest of its live points."""
        return likelihood(theta, float(running[0].live_logl.min()) if running else -np.inf)

    nested = sampler(compared, likelihood.prior, d, nlive=live, rstate=rng)
    running.append(nested)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # dynesty prints every interruption
        nested.run_nested(dlogz=precision, print_progress=False)
    raw = nested.results
    samples = raw.samples_equal(rstate=rng)
    best = raw.samples[np.argmax(raw.logl)]
    values = np.array([likelihood.of(best, k.range.path, k.origin) for k in likelihood.emulator.knobs])
    found = exact(values)
    computed = replace(
        likelihood,
        emulator=_Fixed(likelihood.emulator, found.outputs),
        radii=found.radii,
        reduced_mass=found.reduced_mass,
    )
    return Posterior(
        likelihood=likelihood,
        log_evidence=float(raw.logz[-1]),
        log_evidence_error=float(raw.logzerr[-1]),
        samples=samples,
        best=best,
        best_log_likelihood=float(np.max(raw.logl)),
        predicted=likelihood.predict(best),
        exact=computed.predict(best),
        exact_bulk=found.outputs[-1],
        spreads=computed.spreads(best),
        impossible=impossible,
        calls=int(np.sum(raw.ncall)),
        raw=raw,
    )


@dataclass(frozen=True, eq=False)
class Exact:
    """One moved set, computed: outputs (n, 3) of all nanocrystals and last of the bulk, and what its exciton needs.

    radii: (n,) of the spheres with the same Coulomb integral in nm, infinite for the bulk. reduced_mass: in m0.
    """

    outputs: NDArray[np.float64]
    radii: NDArray[np.float64]
    reduced_mass: float


class _Fixed(Emulator):
    """Exact outputs in the place of an emulator."""

    def __init__(self, emulator: Emulator, outputs: NDArray[np.float64]) -> None:
        super().__init__(emulator.knobs, outputs, emulator.along, emulator.mixed, emulator.bent)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.center


def _exact(asked: Request, emulator: Emulator, values: NDArray[np.float64], needed: Sequence[str], run: Run) -> Exact:
    """Nanocrystals and bulk of the set with its knobs at the given values; NaN for terminations that nobody needs."""
    moved = parameters_at(asked.parameters, emulator.knobs, [float(value) for value in values])
    crystals = [rescaled(crystal, moved.a_nm) for crystal in asked.crystals]
    at = [number for number, crystal in enumerate(crystals) if crystal.termination in needed]
    jobs = [Job(moved, crystals[n], asked.neighbors, 1, asked.intra_atomic, asked.solver) for n in at]
    found = [levels for levels, _ in sweep.run_jobs(jobs, run)]
    outputs = np.full((len(crystals) + 1, 3), np.nan)
    outputs[at] = [[levels.E_gap_eV, levels.electron.g, levels.hole.g] for levels in found]
    outputs[-1] = bulk_outputs(moved, asked.neighbors, asked.intra_atomic)
    return Exact(outputs, _radii(crystals), reduced_mass(bulk(moved, asked.neighbors)))


def _radii(crystals: Sequence[Nanocrystal]) -> NDArray[np.float64]:
    """Radii of the spheres with the same Coulomb integral in nm, and infinity for the bulk."""
    return np.array([*(coulomb_radius_nm(crystal) for crystal in crystals), np.inf])


def band(found: Posterior, energies: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """2.5, 50 and 97.5 % of (g_e, g_h, g_bx) at photon energies (n,), shape (3, n, 3).

    NaN at energies that lie outside of the curve of any sample.
    """
    rng = np.random.default_rng(seed)
    chosen = found.samples[rng.integers(len(found.samples), size=_POSTERIOR_SAMPLES)]
    curves = np.array([found.likelihood.curves(theta, energies) for theta in chosen])
    all_three = np.concatenate([curves, curves.sum(axis=2, keepdims=True)], axis=2)
    return np.asarray(np.quantile(all_three, (0.025, 0.5, 0.975), axis=0))


def to_dict(found: Inference) -> dict[str, Any]:
    """Everything as plain JSON types."""
    best = found.ranking()[0]
    points = [
        {"energy_eV": p.energy_eV, "quantity": p.quantity, "value": p.value, "error": p.error, "source": p.source}
        for p in found.points.measured
    ]
    models = [
        {
            "name": one.model.name,
            "ln_Z": one.log_evidence,
            "ln_Z_error": one.log_evidence_error,
            "ln_Z_below_best": one.log_evidence - best.log_evidence,
            "priors": [asdict(chosen) for chosen in one.model.ranges],
            "fixed": dict(one.model.fixed),
            "posterior": one.summary(),
            "best_predicted": finite(one.exact),
            "best_emulated": finite(one.predicted),
            "best_rms": finite(one.rms),
            "best_bulk": dict(zip(OUTPUTS, one.exact_bulk.tolist(), strict=True)),
            "best_spreads": [s.to_dict() for s in one.spreads],
            "share_of_prior_outside": one.impossible,
            "calls": one.calls,
        }
        for one in found.ranking()
    ]
    return {
        "schema": 1,
        "bandg": __version__,
        "set": found.asked.parameters.to_dict(),
        "sizes_nm": sorted({crystal.size_nm for crystal in found.asked.crystals}),
        "shape": found.asked.crystals[0].shape,
        "neighbors": found.asked.neighbors,
        "intra_atomic": found.asked.intra_atomic,
        "sigma_where_none_is_stated": found.sigma,
        "constraints": [asdict(chosen) for chosen in found.constraints],
        "emulator_error": dict(zip(OUTPUTS, found.emulator_error, strict=True)),
        "emulator_checks": found.emulator_checks,
        "seed": found.seed,
        "points": points,
        "left_out": [{"quantity": p.quantity, "value": p.value, "why": why} for p, why in found.points.left_out],
        "models": models,
    }


def write_inference(found: Inference, path: Path) -> Path:
    """Write .json. Raises BandgError where it cannot be written."""
    from bandg.base.files import check_writable
    from bandg.runs.dataset import write_json

    check_writable(path, (".json",))
    write_json(to_dict(found), path)
    return path
