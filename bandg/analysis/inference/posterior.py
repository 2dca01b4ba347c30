"""Results of `bandg.infer`: posteriors and evidences of models, their bands, and the JSON file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg import __version__
from bandg.analysis.inference.emulator import OUTPUTS, Emulator
from bandg.analysis.inference.likelihood import Constraint, Likelihood, Model, Points
from bandg.analysis.inference.sampling import Sampled
from bandg.base.decode import finite
from bandg.base.show import Shown
from bandg.data.spreads import SpreadCheck
from bandg.runs.request import Request

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


def posterior_of(likelihood: Likelihood, found: Sampled, exact: Exact) -> Posterior:
    """The posterior of a sampled model. exact: nanocrystals and bulk of its best point."""
    computed = replace(
        likelihood,
        emulator=_Fixed(likelihood.emulator, exact.outputs),
        radii=exact.radii,
        reduced_mass=exact.reduced_mass,
    )
    return Posterior(
        likelihood=likelihood,
        log_evidence=found.log_evidence,
        log_evidence_error=found.log_evidence_error,
        samples=found.samples,
        best=found.best,
        best_log_likelihood=found.best_log_likelihood,
        predicted=likelihood.predict(found.best),
        exact=computed.predict(found.best),
        exact_bulk=exact.outputs[-1],
        spreads=computed.spreads(found.best),
        impossible=found.impossible,
        calls=found.calls,
        raw=found.raw,
    )


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
