"""Effect of each mechanism on g, the share of the discrepancy that it explains, and the value that is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.hypotheses.case import Case, no_curve
from bandg.analysis.hypotheses.changes import applied
from bandg.analysis.hypotheses.evaluate import Evaluator, small
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.base.errors import BandgError
from bandg.data.compare import QUANTITIES, Comparison, TheoryCurve, compare, verdict_points
from bandg.data.measured import MeasuredPoint

ENERGIES_EV = (1.69, 1.911, 2.25)
"""Energies at which changes are given: those of the stated points."""

SHORT_ABOVE_EV = 1.87
"""Above this energy curves without their large nanocrystals are exact (`bandg.analysis.hypotheses.evaluate.small`)."""

_STEPS = 3
_BISECTIONS = 5
"""How often the end of a curve is looked for between a value where it reaches a point and one where it does not."""

_KEEPS = 0.05
"""By how much the rms of a quantity may grow and still be called kept."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A mechanism at one value. g: (3,) by quantity at ENERGIES_EV, NaN outside of the curve."""

    value: float
    curve: TheoryCurve
    comparison: Comparison
    error: str = ""

    def rms(self, *quantities: str) -> float:
        """Root mean square against the measured points; NaN where the curve does not reach all of them."""
        return self.comparison.rms(*quantities)

    @property
    def g(self) -> dict[str, NDArray[np.float64]]:
        """g at ENERGIES_EV by quantity, each of shape (3,)."""
        return {name: self.curve.at(name, ENERGIES_EV) for name in QUANTITIES}


@dataclass(frozen=True, eq=False)
class Finding:
    """What one mechanism does.

    base: without it. trials: at the lower end, the middle and the upper end of its range. best: the value with the
    smallest rms over all points of those computed in the range, None where no curve reaches all of them. goals: (energy
    in eV, g_h) of the measured g_h of highest energy, which falls short most, and of the next below. needed: the value
    that meets the first, None where it is not reached within three times the range; at_needed: the whole there.
    needed_also: the same for the second, None where there is none.
    """

    mechanism: Mechanism
    base: Trial
    trials: tuple[Trial, ...]
    best: Trial | None
    needed: float | None
    at_needed: Trial | None
    needed_also: float | None
    goals: tuple[tuple[float, float], ...]

    @property
    def explained(self) -> float:
        """Share of the rms over all points that the best value in the range removes, 0 to 1."""
        return max(0.0, 1 - self.best.rms(*QUANTITIES) / self.base.rms(*QUANTITIES)) if self.best else 0.0

    @property
    def defensible(self) -> bool | None:
        """Whether the needed value lies in the range; None for an assumed range, which is not judged."""
        if self.mechanism.status == "assumed":
            return None
        return self.needed is not None and self.mechanism.contains(self.needed)

    @property
    def delta_g_h(self) -> float:
        """Change of g_h at the energy of the first goal by the best value; where there is none, the largest change."""
        energy = self.goals[0][0]

        def change(trial: Trial) -> float:
            return float(trial.curve.at("g_h", energy) - self.base.curve.at("g_h", energy))

        if self.best is not None:
            return change(self.best)
        changes = [change(trial) for trial in self.trials]
        return max((one for one in changes if math.isfinite(one)), key=abs, default=math.nan)

    @property
    def verdict(self) -> str:
        """The conclusion as text."""
        if self.mechanism.status == "assumed":
            return "not judged: range assumed"
        energy = self.goals[0][0]
        if self.needed is None:
            ends = [math.isnan(trial.curve.at("g_h", energy)) for trial in self.trials]
            if all(ends):
                return f"no curve at {energy:g} eV"
            return "does not reach g_h" + (" before its curve ends" if any(ends) else "")
        where = "meets g_h in its range" if self.defensible else "would need more than its range"
        others = [name for name in ("g_e", "g_bx") if any(r.quantity == name for r in self.base.comparison.judged)]
        return ", ".join([where, *map(self._price, others)])

    def _price(self, quantity: str) -> str:
        """The effect of the needed value on the rms of another quantity, as text."""
        price = self.at_needed.rms(quantity) - self.base.rms(quantity) if self.at_needed else math.nan
        label = quantity.replace("bx", "BX")
        if math.isnan(price):
            return f"{label} leaves the curve"
        return f"{'keeps' if price <= _KEEPS else 'ruins'} {label}"


@dataclass(frozen=True, eq=False)
class Study:
    """All findings, what explains most first; points: the measured ones that count."""

    base: Case
    base_trial: Trial
    points: tuple[MeasuredPoint, ...]
    findings: tuple[Finding, ...]
    seconds: float = 0.0
    computed: int = 0
    cached: int = 0
    settings: dict[str, object] = field(default_factory=dict)


def goals_of(points: Sequence[MeasuredPoint]) -> tuple[tuple[float, float], ...]:
    """(energy in eV, g_h) of the two measured g_h of highest energy, the highest first; one where there is one.

    Where only the magnitude is stated it is taken as positive, as the text of meliakov2025 says it is.
    Raises BandgError where there is none.
    """
    known = {p.energy_eV: p.value for p in points if p.quantity.removeprefix("abs_") == "g_h" and p.energy_eV}
    if not known:
        raise BandgError("the measured points have no g_h with an energy, which the needed values are made for")
    return tuple(sorted(known.items(), reverse=True)[:2])


class _Bench:
    """Trials of mechanisms on one baseline, each curve computed once."""

    def __init__(self, base: Case, evaluator: Evaluator, points: Sequence[MeasuredPoint]) -> None:
        self.base, self.evaluator, self.points = base, evaluator, tuple(points)

    def trials(self, asked: Sequence[tuple[Mechanism, float]], short: bool = False) -> list[Trial]:
        """One trial for each (mechanism, value); short: the large nanocrystals are left out."""
        cases: list[Case | None] = []
        errors: list[str] = []
        for mechanism, value in asked:
            try:
                case = applied(mechanism.change, self.base, value)
                cases.append(small(case) if short else case)
                errors.append("")
            except BandgError as error:
                cases.append(None)
                errors.append(str(error))
        curves = iter(self.evaluator.curves([case for case in cases if case is not None]))
        found = []
        for (_, value), made, problem in zip(asked, cases, errors, strict=True):
            curve = no_curve() if made is None else next(curves)
            if made is not None and np.isnan(curve.energy).any():
                problem = self.evaluator.reason(made) or "the energies do not fall with size"
            found.append(Trial(value, curve, compare(curve, self.points), problem))
        return found


def study(
    base: Case, mechanisms: Sequence[Mechanism], measured: Sequence[MeasuredPoint], evaluator: Evaluator
) -> Study:
    """Weigh mechanisms on one baseline. Raises BandgError where the baseline itself does not reach the points."""
    points = verdict_points(measured)
    goals = goals_of(points)
    bench = _Bench(base, evaluator, points)
    curve = evaluator.curves([base])[0]
    base_trial = Trial(math.nan, curve, compare(curve, points))
    if np.isnan(curve.energy).any():
        raise BandgError(f"the baseline has no curve: {evaluator.reason(base) or 'its energies do not fall with size'}")
    if base_trial.comparison.outside:
        low, high = curve.range_eV
        raise BandgError(
            f"the baseline covers {low:.3f}..{high:.3f} eV, which leaves out {base_trial.comparison.outside} of "
            f"{len(points)} measured points: choose another set or more `cells`"
        )
    ends = bench.trials([(m, v) for m in mechanisms for v in (m.lower, m.middle, m.upper)])
    trials = [tuple(ends[n : n + _STEPS]) for n in range(0, len(ends), _STEPS)]
    needed, *others = _needed(bench, mechanisms, trials, goals)
    also = others[0] if others else [None] * len(mechanisms)
    guesses = [_best_guess(m, own, base_trial, points) for m, own in zip(mechanisms, trials, strict=True)]
    more = [(m, guess) for m, guess in zip(mechanisms, guesses, strict=True)]
    more += [(m, value) for m, value in zip(mechanisms, needed, strict=True) if value is not None]
    later = bench.trials(more)
    guessed, at = later[: len(mechanisms)], iter(later[len(mechanisms) :])
    findings = []
    for mechanism, own, guess, value, other in zip(mechanisms, trials, guessed, needed, also, strict=True):
        at_needed = next(at) if value is not None else None
        inside = [*own, guess]
        if at_needed is not None and value is not None and mechanism.contains(value):
            inside.append(at_needed)
        if mechanism.baseline is not None and mechanism.contains(mechanism.baseline):
            inside.append(Trial(mechanism.baseline, base_trial.curve, base_trial.comparison))
        reaching = [trial for trial in inside if not trial.comparison.outside]
        best = min(reaching, key=lambda trial: trial.rms(*QUANTITIES), default=None)
        findings.append(Finding(mechanism, base_trial, own, best, value, at_needed, other, goals))
    findings.sort(key=lambda finding: (-finding.explained, finding.mechanism.name))
    return Study(base, base_trial, points, tuple(findings), computed=evaluator.computed, cached=evaluator.cached)


def _best_guess(mechanism: Mechanism, trials: Sequence[Trial], base: Trial, points: Sequence[MeasuredPoint]) -> float:
    """Where in the range the rms is smallest if every g goes as a parabola through what is known."""
    known = [trial for trial in trials if not trial.comparison.outside]
    if mechanism.baseline is not None:
        known.append(Trial(mechanism.baseline, base.curve, base.comparison))
    values, position = np.unique([trial.value for trial in known], return_index=True)
    if len(values) < 2:
        return mechanism.middle
    theory = np.array([[r.theory for r in known[n].comparison.residuals] for n in position])
    degree = min(2, len(values) - 1)
    grid = np.linspace(mechanism.lower, mechanism.upper, 201)
    scaled = (values - mechanism.middle) / (mechanism.upper - mechanism.lower)
    coefficients = np.polyfit(scaled, theory, degree)
    at = (grid - mechanism.middle) / (mechanism.upper - mechanism.lower)
    predicted = np.array([np.polyval(c, at) for c in coefficients.T])
    measured = np.array([point.value for point in points])[:, None]
    only_size = np.array([point.quantity.startswith("abs_") for point in points])[:, None]
    residual = np.where(only_size, np.abs(predicted), predicted) - measured
    return float(grid[int(np.argmin(np.sum(residual**2, axis=0)))])


def _needed(
    bench: _Bench,
    mechanisms: Sequence[Mechanism],
    trials: Sequence[Sequence[Trial]],
    goals: Sequence[tuple[float, float]],
) -> list[list[float | None]]:
    """The values at which the curves themselves meet each goal (energy, g), by a bracketing search over all at once.

    Returns a list for each goal with one value for each mechanism, None where it is not met within `widest`.
    """
    from scipy.optimize import elementwise

    known = [[*own] for own in trials]
    short = all(energy > SHORT_ABOVE_EV for energy, _ in goals)

    def miss(trial: Trial, goal: int) -> float:
        return float(trial.curve.at("g_h", goals[goal][0])) - goals[goal][1]

    def brackets() -> dict[tuple[int, int], tuple[float, float]]:
        found = {}
        for n, mechanism in enumerate(mechanisms):
            for goal in range(len(goals)):
                ends = _bracket([(trial.value, miss(trial, goal)) for trial in known[n]], mechanism)
                if ends is not None:
                    found[n, goal] = ends
        return found

    first = brackets()
    open_ones = [n for n in range(len(mechanisms)) if any((n, goal) not in first for goal in range(len(goals)))]
    further = [(n, value) for n in open_ones for value in _outside(mechanisms[n])]
    asked = [(mechanisms[n], value) for n, value in further]
    for (n, _), trial in zip(further, bench.trials(asked, short), strict=True):
        known[n].append(trial)
    for _ in range(_BISECTIONS):
        ends = [
            (n, value)
            for n in open_ones
            for value in _last_values([(trial.value, miss(trial, 0)) for trial in known[n]])
        ]
        asked = [(mechanisms[n], value) for n, value in ends]
        for (n, _), trial in zip(ends, bench.trials(asked, short), strict=True):
            known[n].append(trial)
    found = brackets()
    result: list[list[float | None]] = [[None] * len(mechanisms) for _ in goals]
    if not found:
        return result

    def error(values: NDArray[np.float64], which: NDArray[np.float64]) -> NDArray[np.float64]:
        keys = [list(found)[int(number)] for number in which.ravel()]
        wanted = [(mechanisms[n], float(value)) for (n, _), value in zip(keys, values.ravel(), strict=True)]
        misses = [miss(trial, goal) for trial, (_, goal) in zip(bench.trials(wanted, short), keys, strict=True)]
        return np.array(misses).reshape(values.shape)

    low, high = np.array(list(found.values())).T
    numbers = np.arange(len(found), dtype=float)
    root = elementwise.find_root(error, (low, high), args=(numbers,), tolerances={"fatol": 1e-4, "xrtol": 1e-6})
    for (n, goal), value, success in zip(found, root.x, root.success, strict=True):
        if success:
            result[goal][n] = float(value)
    return result


def _outside(mechanism: Mechanism) -> list[float]:
    """Values beyond the range: half way and all of the way to three times the range."""
    low, high = mechanism.widest
    wanted = [low, (low + mechanism.lower) / 2, (high + mechanism.upper) / 2, high]
    return [value for value in dict.fromkeys(wanted) if not mechanism.contains(value)]


def _last_values(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """Values half way between one where the curve reaches the goal's energy and a neighbor where it does not."""
    return [
        (a + b) / 2
        for (a, miss_a), (b, miss_b) in pairwise(sorted(pairs))
        if math.isfinite(miss_a) != math.isfinite(miss_b)
    ]


def _bracket(pairs: Sequence[tuple[float, float]], mechanism: Mechanism) -> tuple[float, float] | None:
    """Two neighboring values between which the goal is met, the nearest to the baseline."""
    ordered = sorted(pairs)
    crossings = [
        (a, b)
        for (a, miss_a), (b, miss_b) in pairwise(ordered)
        if math.isfinite(miss_a) and math.isfinite(miss_b) and miss_a * miss_b <= 0
    ]
    start = mechanism.middle if mechanism.baseline is None else mechanism.baseline
    return min(crossings, key=lambda ends: min(abs(end - start) for end in ends), default=None)
