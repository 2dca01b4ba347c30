"""What mechanisms do to g at fixed energy, the residuals that they leave, and the spread of g that they imply."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.analysis.hypotheses.case import Case, no_curve
from bandg.analysis.hypotheses.changes import applied
from bandg.analysis.hypotheses.combine import Pair
from bandg.analysis.hypotheses.crystal_changes import Share
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.analysis.hypotheses.scatter import Scatter, by_direction, scatter_of
from bandg.base.errors import BandgError
from bandg.data.compare import QUANTITIES, Comparison, TheoryCurve, compare, left_out, verdict_points
from bandg.data.measured import MeasuredPoint
from bandg.data.spreads import Decay, SpreadCheck, decays, judge_spreads, mixture_spread, observed

ENERGIES_EV = (1.69, 1.911, 2.25)
"""Energies at which changes are given: those of the stated points."""

_STEPS = 3
_CARRIERS = ("g_e", "g_h")

Kinds = Sequence[tuple[float, TheoryCurve]]
"""(share, curve) of each kind of nanocrystal in a sample."""


def of_kinds(kinds: Kinds, quantity: str, energy_eV: ArrayLike) -> NDArray[np.float64]:
    """g of each kind at energies of any shape, shape (n_kinds, ...)."""
    return np.array([curve.at(quantity, energy_eV) for _, curve in kinds])


def compare_kinds(
    curve: TheoryCurve, kinds: Kinds, points: Sequence[MeasuredPoint], known: Mapping[str, Decay]
) -> Comparison:
    """The curve at measured points; of several kinds what a fit of one cosine gives, where the decay is known.

    curve: the mean of the kinds, which stands where it is not.
    """
    found = compare(curve, points)
    if len(kinds) < 2 or not known:
        return found
    shares = [share for share, _ in kinds]
    residuals = []
    for one in found.residuals:
        parts = [one.quantity] if one.quantity in _CARRIERS else list(_CARRIERS)
        theory = one.theory
        if set(parts) <= set(known):
            g = np.stack([of_kinds(kinds, part, one.point.energy_eV or np.nan) for part in parts], axis=1)
            fitted = float(np.sum(observed(g, shares, [known[part] for part in parts]).g))
            theory = theory if math.isnan(fitted) else fitted
        residuals.append(replace(one, theory=theory))
    return replace(found, residuals=tuple(residuals))


@dataclass(frozen=True, eq=False)
class Trial:
    """A mechanism at one value.

    kinds: (share, curve) of each kind of nanocrystal, of which the curve is the mean. directions: the same by the
    direction of the field, empty where g is isotropic. comparison: of what is measured of the kinds.
    """

    value: float
    curve: TheoryCurve
    comparison: Comparison
    kinds: tuple[tuple[float, TheoryCurve], ...] = ()
    error: str = ""
    directions: tuple[tuple[float, TheoryCurve], ...] = ()

    @property
    def rms(self) -> float:
        """Root mean square of the residuals inside of the curve; NaN where it reaches no point."""
        return self.comparison.rms(*QUANTITIES)

    @property
    def rank(self) -> tuple[int, float]:
        """What trials are ordered by: points that the curve does not reach, then the rms over those that it does.

        Curves over different numbers of points do not compare by their rms.
        """
        return self.comparison.outside, self.rms if self.comparison.inside else math.inf

    def at(self, quantity: str) -> NDArray[np.float64]:
        """g at ENERGIES_EV, shape (3,), NaN outside of the curve."""
        return self.curve.at(quantity, ENERGIES_EV)

    def spread(self, quantity: str, energy: float) -> float:
        """Standard deviation of g over the kinds of nanocrystals at one energy in eV; 0 for one kind."""
        if len(self.kinds) < 2:
            return 0.0
        g = [float(curve.at(quantity, energy)) for _, curve in self.kinds]
        return float(mixture_spread(g, [share for share, _ in self.kinds]))

    def judged(self, spreads: Sequence[MeasuredPoint]) -> tuple[SpreadCheck, ...]:
        """The measured spreads beside those that the kinds of nanocrystals predict: 0 for one kind."""
        if len(self.kinds) < 2:
            return tuple(SpreadCheck(one, 0.0) for one in spreads if not one.why_not_judged_by)
        return _judged(self.kinds, spreads, _energies(self.comparison))

    def by_orientation(self, spreads: Sequence[MeasuredPoint]) -> tuple[SpreadCheck, ...]:
        """The measured spreads beside those of nanocrystals at random orientation; empty where g is isotropic."""
        return _judged(self.directions, spreads, _energies(self.comparison)) if self.directions else ()


def _energies(comparison: Comparison) -> list[float]:
    return [one.point.energy_eV for one in comparison.residuals if one.point.energy_eV is not None]


def _judged(kinds: Kinds, spreads: Sequence[MeasuredPoint], energies: Sequence[float]) -> tuple[SpreadCheck, ...]:
    functions = {name: partial(of_kinds, kinds, name) for name in _CARRIERS}
    return judge_spreads(spreads, functions, [share for share, _ in kinds], energies)


@dataclass(frozen=True, eq=False)
class Finding:
    """What one mechanism does.

    base: without it. trials: at the lower end, the middle and the upper end of its range. best: of the values computed
    in the range that whose curve reaches most points, of several the one with the smallest rms; None where no curve
    reaches any point.
    """

    mechanism: Mechanism
    base: Trial
    trials: tuple[Trial, ...]
    best: Trial | None
    spreads: tuple[MeasuredPoint, ...] = ()

    @property
    def ends(self) -> tuple[Trial, ...]:
        """The trials at those ends of the range that are not the baseline."""
        return tuple(one for one in (self.trials[0], self.trials[-1]) if one.value != self.mechanism.baseline)

    @property
    def allowed(self) -> bool | None:
        """Whether the best value spreads g no more than is measured; None where it is not known or not measured."""
        if self.best is None:
            return None
        found = {one.compatible for one in self.best.judged(self.spreads)}
        return False if False in found else None if None in found or not found else True

    @cached_property
    def scatter(self) -> Scatter | None:
        """What the spreads allow where the value varies from one nanocrystal to the next.

        Around the best value, or the middle. None for a share, which is no value of one nanocrystal, and for a pair.
        """
        if isinstance(self.mechanism.change, Share | Pair):
            return None
        known = [(one.value, one.curve) for one in (*self.trials, *([self.best] if self.best else []))]
        if self.mechanism.baseline is not None and self.mechanism.contains(self.mechanism.baseline):
            known.append((self.mechanism.baseline, self.base.curve))
        usable = [one for one in known if np.isfinite(one[1].energy).all()]
        center = self.best.value if self.best else self.mechanism.middle
        return scatter_of(usable, center, self.spreads, _energies(self.base.comparison))


@dataclass(frozen=True, eq=False)
class Study:
    """All findings; first those that reach most points, of these those that spread g no more than is measured.

    Of these comes first what leaves the smallest rms. points: the measured ones that count. left_out: how many do not,
    and why. spreads: measured spreads of g within a sample.
    """

    base: Case
    base_trial: Trial
    points: tuple[MeasuredPoint, ...]
    findings: tuple[Finding, ...]
    spreads: tuple[MeasuredPoint, ...] = ()
    computed: int = 0
    cached: int = 0
    settings: dict[str, object] = field(default_factory=dict)
    left_out: str = "none"


class _Bench:
    """Trials of mechanisms on one baseline, each curve computed once."""

    def __init__(
        self, base: Case, evaluator: Evaluator, points: Sequence[MeasuredPoint], known: Mapping[str, Decay]
    ) -> None:
        self.base, self.evaluator, self.points, self.known = base, evaluator, tuple(points), known

    def cases(self, asked: Sequence[tuple[Mechanism, float]]) -> tuple[list[Case | None], list[str]]:
        """The case of each (mechanism, value), None where there is none, and why not."""
        cases: list[Case | None] = []
        errors: list[str] = []
        for mechanism, value in asked:
            try:
                cases.append(applied(mechanism.change, self.base, value))
                errors.append("")
            except BandgError as error:
                cases.append(None)
                errors.append(str(error))
        return cases, errors

    def trials(self, asked: Sequence[tuple[Mechanism, float]]) -> list[Trial]:
        """One trial for each (mechanism, value)."""
        cases, errors = self.cases(asked)
        curves = iter(self.evaluator.curves([case for case in cases if case is not None]))
        found = []
        for (_, value), case, problem in zip(asked, cases, errors, strict=True):
            curve = no_curve() if case is None else next(curves)
            if case is not None and np.isnan(curve.energy).any():
                problem = self.evaluator.reason(case) or "the energies do not fall with size"
            kinds = () if case is None else self.evaluator.kinds(case)
            directions = () if case is None or problem else by_direction(case, self.evaluator)
            comparison = compare_kinds(curve, kinds, self.points, self.known)
            found.append(Trial(value, curve, comparison, kinds, problem, directions))
        return found


def study(
    base: Case,
    mechanisms: Sequence[Mechanism],
    measured: Sequence[MeasuredPoint],
    evaluator: Evaluator,
    spreads: Sequence[MeasuredPoint] = (),
) -> Study:
    """Weigh mechanisms on one baseline. Raises BandgError where the baseline itself reaches none of the points."""
    points = verdict_points(measured)
    if not points:
        raise BandgError(f"no independent measurement is left to compare with: {left_out(measured)}")
    bench = _Bench(base, evaluator, points, decays(spreads))
    asked = [(m, v) for m in mechanisms for v in (m.lower, m.middle, m.upper)]
    cases = [base, *(case for case in bench.cases(asked)[0] if case is not None)]
    guessed = len(mechanisms) * len(base.crystals())
    then = f"then up to {guessed} at the best values"
    with evaluator.foreseen(cases, then=then, more=guessed):
        found = _weighed(bench, mechanisms, asked, spreads)
    return replace(found, left_out=left_out(measured))


def _weighed(
    bench: _Bench,
    mechanisms: Sequence[Mechanism],
    asked: Sequence[tuple[Mechanism, float]],
    spreads: Sequence[MeasuredPoint],
) -> Study:
    """The study; asked: the lower end, the middle and the upper end of each mechanism. Raises BandgError."""
    base, evaluator, points = bench.base, bench.evaluator, bench.points
    curve = evaluator.curves([base])[0]
    base_trial = Trial(math.nan, curve, compare(curve, points))
    if np.isnan(curve.energy).any():
        raise BandgError(f"the baseline has no curve: {evaluator.reason(base) or 'its energies do not fall with size'}")
    if not base_trial.comparison.inside:
        low, high = curve.range_eV
        raise BandgError(
            f"the baseline covers {low:.3f}..{high:.3f} eV, where none of the {len(points)} measured points lies: "
            "choose another set or more `cells`"
        )
    ends = bench.trials(asked)
    trials = [tuple(ends[n : n + _STEPS]) for n in range(0, len(ends), _STEPS)]
    guesses = [_best_guess(m, own, base_trial, points) for m, own in zip(mechanisms, trials, strict=True)]
    findings = []
    for mechanism, own, guess in zip(
        mechanisms, trials, bench.trials(list(zip(mechanisms, guesses, strict=True))), strict=True
    ):
        inside = [*own, guess]
        if mechanism.baseline is not None and mechanism.contains(mechanism.baseline):
            inside.append(Trial(mechanism.baseline, base_trial.curve, base_trial.comparison))
        reaching = [trial for trial in inside if trial.comparison.inside]
        best = min(reaching, key=lambda trial: trial.rank, default=None)
        findings.append(Finding(mechanism, base_trial, own, best, tuple(spreads)))
    findings.sort(key=_order)
    done = evaluator.computed, evaluator.cached
    return Study(base, base_trial, points, tuple(findings), tuple(spreads), *done)


def _order(finding: Finding) -> tuple[float, bool, float, str]:
    outside, rms = finding.best.rank if finding.best else (math.inf, math.inf)
    return outside, finding.allowed is False, round(rms, 6), finding.mechanism.name


def _best_guess(mechanism: Mechanism, trials: Sequence[Trial], base: Trial, points: Sequence[MeasuredPoint]) -> float:
    """Where in the range the rms is smallest if every g goes as a parabola through what is known.

    Known are the trials that reach most points, and of these the points that all of them reach.
    """
    known = [*trials]
    if mechanism.baseline is not None:
        known.append(Trial(mechanism.baseline, base.curve, base.comparison))
    fewest = min(trial.comparison.outside for trial in known)
    known = [trial for trial in known if trial.comparison.outside == fewest and trial.comparison.inside]
    values, position = np.unique([trial.value for trial in known], return_index=True)
    if len(values) < 2:
        return mechanism.middle
    theory = np.array([[r.theory for r in known[n].comparison.residuals] for n in position])
    reached = np.isfinite(theory).all(axis=0)
    theory = theory[:, reached]
    degree = min(2, len(values) - 1)
    grid = np.linspace(mechanism.lower, mechanism.upper, 201)
    scaled = (values - mechanism.middle) / (mechanism.upper - mechanism.lower)
    coefficients = np.polyfit(scaled, theory, degree)
    at = (grid - mechanism.middle) / (mechanism.upper - mechanism.lower)
    predicted = np.array([np.polyval(c, at) for c in coefficients.T])
    measured = np.array([point.value for point in points])[reached, None]
    only_size = np.array([point.quantity.startswith("abs_") for point in points])[reached, None]
    residual = np.where(only_size, np.abs(predicted), predicted) - measured
    return float(grid[int(np.argmin(np.sum(residual**2, axis=0)))]) if reached.any() else mechanism.middle
