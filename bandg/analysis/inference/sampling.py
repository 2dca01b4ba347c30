"""Nested sampling of one model, as a task of a run."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.inference.likelihood import IMPOSSIBLE, Likelihood
from bandg.base.errors import BandgError
from bandg.base.text import install

_PRIOR_SAMPLES = 500

_BOUNDS = {"bootstrap": 0, "first_update": {"min_ncall": 400, "min_eff": 60.0}}
"""Bounds about the live points: ellipsoids with a quarter more volume, as soon as less than 60 % of the samples
of the whole prior are kept. Its defaults, bootstrapped volumes and 10 %, take three times as many likelihoods."""

SAMPLING_S = 8.0
"""Seconds that sampling takes for one model with 400 live points, on one processor."""

_START_GB, _PER_NUMBER_GB = 0.15, 2e-5


@dataclass(frozen=True, eq=False)
class Sampled:
    """What nested sampling found: as in `bandg.analysis.inference.posterior.Posterior`."""

    log_evidence: float
    log_evidence_error: float
    samples: NDArray[np.float64]
    best: NDArray[np.float64]
    best_log_likelihood: float
    impossible: float
    calls: int
    raw: Any


@dataclass(frozen=True, eq=False)
class Sampling:
    """The task of sampling one model; its result is for this run alone.

    live: live points. precision: of ln Z.
    """

    likelihood: Likelihood
    live: int
    precision: float
    seed: int

    @property
    def what(self) -> str:
        """The plural noun for a progress bar."""
        return "models, by nested sampling"

    @property
    def label(self) -> str:
        """The name of the model."""
        return self.likelihood.model.name

    def estimate_memory(self) -> float:
        """Peak memory in GB: dynesty keeps all dead points. More parameters also take more time."""
        return _START_GB + _PER_NUMBER_GB * self.live * len(self.likelihood.model.ranges)

    def estimate_seconds(self) -> float:
        """Time on one processor."""
        return SAMPLING_S * self.live / 400

    def largest(self, memory: float) -> str:
        """A hint of what would fit."""
        return "take fewer live points"

    def key(self) -> str:
        """None: nothing is stored."""
        raise NotImplementedError

    def read(self, payload: dict[str, Any]) -> Sampled:
        """None: nothing is stored."""
        raise NotImplementedError

    def run(self) -> Sampled:
        """Sample with dynesty. Raises BandgError for a prior of which nearly nothing is possible."""
        likelihood = self.likelihood
        rng = np.random.default_rng(self.seed)
        d = len(likelihood.model.ranges)
        prior = [likelihood.prior(rng.random(d)) for _ in range(_PRIOR_SAMPLES)]
        impossible = float(np.mean(np.array([likelihood(theta) for theta in prior]) <= IMPOSSIBLE))
        if impossible > 0.98:
            reached = np.mean([likelihood.reached(theta) for theta in prior], axis=0)
            beyond = ", ".join(f"{one:g}" for one in dict.fromkeys(likelihood.points.energy[reached < 0.02].tolist()))
            which = f"the measured point at {beyond} eV" if beyond else "a measured point"
            raise BandgError(
                f"model {likelihood.model.name!r}: for {impossible:.0%} of its prior {which} lies outside of "
                "the computed curves; leave it out of the data, or take other sizes or other ranges"
            )
        running: list[Any] = []

        def compared(theta: NDArray[np.float64]) -> float:
            """The likelihood; the sampler refuses what is not above the lowest of its live points."""
            return likelihood(theta, float(running[0].live_logl.min()) if running else -np.inf)

        nested = dynesty().NestedSampler(compared, likelihood.prior, d, nlive=self.live, rstate=rng, **_BOUNDS)
        running.append(nested)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # dynesty prints every interruption
            nested.run_nested(dlogz=self.precision, print_progress=False)
        raw = nested.results
        return Sampled(
            log_evidence=float(raw.logz[-1]),
            log_evidence_error=float(raw.logzerr[-1]),
            samples=raw.samples_equal(rstate=rng),
            best=raw.samples[np.argmax(raw.logl)],
            best_log_likelihood=float(np.max(raw.logl)),
            impossible=impossible,
            calls=int(np.sum(raw.ncall)),
            raw=raw,
        )


def dynesty() -> Any:
    """The library. Raises BandgError without it."""
    try:
        import dynesty
    except ImportError as error:
        raise BandgError(f"inference needs dynesty: {install('sensitivity')}") from error
    return dynesty
