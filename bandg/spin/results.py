"""What a fit says: g, spread and T2* with errors, amplitudes, what is left in the residuals, straight lines in B."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bandg.base.show import Shown
from bandg.spin.decay import MU_B_OVER_HBAR
from bandg.spin.minimize import Attempt
from bandg.spin.traces import Floats, Traces

_SIGNIFICANT = 2.0
"""Standard errors above zero from which on a spread or rate counts as seen; else it has a bound of as many."""

_MOST_DIGITS = 7
"""Digits of a value with a smaller error than its last one."""

_SLOWEST = 1e-6
"""Lowest rate in 1/ns that a bound on a time is made of."""

WHITE = 0.01
"""Probability below which residuals count as more than noise."""


UNDECIDED = 6.0
"""Difference of the information criterion below which two models are not told apart."""


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Shown):
    """All models fitted to one sample's traces, the best first.

    field_error: relative standard deviation of the factor between true and stated field. names: "e" or "h" of each
    component, the largest abs(g) first; empty while undecided. replicas: (n, n_nonlinear) parameters of the bootstrap.
    evidence: (ln Z, its error) by the name of a model. separate: fits of the single fields.
    """

    traces: Traces
    attempts: tuple[Attempt, ...]
    field_error: float = 0.0
    names: tuple[str, ...] = ()
    replicas: Floats | None = None
    evidence: dict[str, tuple[float, float]] = field(default_factory=dict)
    separate: tuple[Attempt, ...] = ()

    @property
    def best(self) -> Attempt:
        """The model with the largest evidence where that is known, else with the lowest information criterion."""
        if self.evidence:
            return max(self.attempts, key=lambda one: self.evidence.get(one.model.name, (-math.inf, 0))[0])
        return self.attempts[0]

    @property
    def problems(self) -> tuple[str, ...]:
        """What stands against the best model: no convergence, no signal, g below two standard errors, bounds."""
        found = [] if self.best.converged else ["the fit has not converged"]
        if self.best.bic_of_offsets <= self.best.bic:
            found.append("offsets alone do as well: there is no signal in the noise")
        for n in range(len(self.best.model.decays)):
            place = n * self.best.problem.per_component
            g, error = self.best.theta[place], math.sqrt(self.best.covariance[place, place])
            if g < _SIGNIFICANT * error:
                found.append(f"|g| of component {n + 1} is not seen: {with_error(g, error)}")
        if self.best.exchanged:
            found.append(f"the larger |g| has the {self.best.model.decays[1]} decay, not the one that was asked for it")
        return (*found, *(f"{name} stands at a bound" for name in self.best.at_bounds))

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the components as lines."""
        lines = {one.label: f"|g| = {one.g}, T2* = {one.t2_text}" for one in components(self)}
        return f"{self.best.model.name} on {len(self.traces.traces)} traces", lines


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error, or a bound on it, "upper-bound" or "lower-bound" (two standard errors)."""

    value: float
    error: float | None = None
    bound: str = ""

    def __str__(self) -> str:
        if self.bound:
            return f"{'<' if self.bound == 'upper-bound' else '>'} {self.value:.2g}"
        return with_error(self.value, self.error or 0.0)


def with_error(value: float, error: float) -> str:
    """A value with its error in the last digit, as 1.412(7); of seven digits with a smaller error 1.410000(<1)."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        return f"{value:.4g}"
    digits = -math.floor(math.log10(error))
    if error * 10**digits < 1.95:
        digits += 1
    if value and digits > (most := max(0, _MOST_DIGITS - 1 - math.floor(math.log10(abs(value))))):
        return f"{value:.{most}f}(<1)"
    if digits <= 0:
        return f"{value:.0f}({error:.0f})"
    return f"{value:.{digits}f}({round(error * 10**digits)})"


def time_unit(largest_ps: float) -> tuple[float, str]:
    """What times in ps are divided by for people to read, and the name of that unit, by the largest of them."""
    return next(unit for unit in ((1e6, "µs"), (1e3, "ns"), (1.0, "ps")) if largest_ps >= 10 * unit[0] or unit[0] == 1)


def time_text(time_ps: float) -> str:
    """A time in a unit in which it is easy to read."""
    unit, name = time_unit(time_ps)
    return f"{time_ps / unit:.4g} {name}" if math.isfinite(time_ps) else "no decay"


@dataclass(frozen=True)
class Component:
    """One carrier. T2* in ps, for each trace in the order of the fields; phases in radians, None where there is none.

    dg: half width of a Lorentzian (exponential decay), else standard deviation; None where one field cannot tell it.
    t2_zero_ps: T2* at B = 0 as the decays in the fields extrapolate to it.
    """

    label: str
    decay: str
    g: Estimate
    dg: Estimate | None
    t2_zero_ps: Estimate | None
    t2_ps: tuple[Estimate, ...]
    amplitudes: tuple[Estimate, ...]
    phases: tuple[Estimate | None, ...]

    @property
    def convention(self) -> str:
        """That of the spread and the times."""
        return "lorentzian" if self.decay == "exponential" else "gaussian"

    @property
    def t2_text(self) -> str:
        """T2* in the lowest and the highest field."""
        ends = [self.t2_ps[0], self.t2_ps[-1]] if len(self.t2_ps) > 1 else [self.t2_ps[0]]
        return " ... ".join(map(str, ends)) + " ps"


def components(fit: Fit) -> tuple[Component, ...]:
    """The carriers of the best model in its order; errors from the bootstrap where there is one."""
    best = fit.best
    covariance = best.covariance if fit.replicas is None else np.atleast_2d(np.cov(fit.replicas.T))
    return tuple(_component(best, covariance, n, label, fit.field_error) for n, label in enumerate(labels(fit)))


def labels(fit: Fit) -> tuple[str, ...]:
    """Name of each component, "e", "h" or its number, by its place among all magnitudes of g."""
    g = fit.best.theta[:: fit.best.problem.per_component][: len(fit.best.model.decays)]
    names = fit.names or tuple(str(n + 1) for n in range(len(g)))
    return tuple(names[int(np.sum(g > one))] for one in g)


def _component(best: Attempt, covariance: Floats, number: int, label: str, field_error: float) -> Component:
    problem, theta = best.problem, best.theta
    decay = best.model.decays[number]
    power = 1 if decay == "exponential" else 2
    first = number * problem.per_component
    g_error = math.hypot(math.sqrt(covariance[first, first]), field_error * theta[first])

    def rate(weights: Floats) -> tuple[float, float]:
        return float(weights @ theta), math.sqrt(max(float(weights @ covariance @ weights), 0.0))

    dg = zero = None
    if problem.has_spread:
        low, high = problem.lowest(number), problem.highest
        weights = problem.decay_weights(number, high) - problem.decay_weights(number, low)
        weights = weights * power / MU_B_OVER_HBAR**power / (high**power - low**power)
        dg = _root(*rate(weights), power, field_error)
        zero = _time(*rate(problem.decay_weights(number, 0.0)), power)
    times = tuple(_time(*rate(problem.decay_weights(number, trace.field_T)), power) for trace in problem.traces.traces)
    amplitudes, phases = zip(*_signals(best, covariance, number), strict=True)
    return Component(label, decay, Estimate(float(theta[first]), g_error), dg, zero, times, amplitudes, phases)


def _root(x: float, error: float, power: int, relative: float) -> Estimate:
    """The root of a number that is not negative; a bound where it is not seen."""
    if x <= _SIGNIFICANT * error:
        return Estimate((max(x, 0.0) + _SIGNIFICANT * error) ** (1 / power), None, "upper-bound")
    value = x ** (1 / power)
    return Estimate(value, math.hypot(error * value / x / power, relative * value))


def _time(x: float, error: float, power: int) -> Estimate:
    """The time of a rate (or of its square) in ps."""
    if x <= _SIGNIFICANT * error:
        most = max(max(x, 0.0) + _SIGNIFICANT * error, _SLOWEST**power)
        return Estimate(1000 * most ** (-1 / power), None, "lower-bound")
    value = 1000 * x ** (-1 / power)
    return Estimate(value, error * value / x / power)


def _signals(best: Attempt, covariance: Floats, number: int) -> list[tuple[Estimate, Estimate | None]]:
    """Amplitude and phase in each trace."""
    problem, theta = best.problem, best.theta
    place_of_phase = (number + 1) * problem.per_component - 1
    found: list[tuple[Estimate, Estimate | None]] = []
    common = problem.phase_of(theta, number)
    total = 0.0
    for trace, part, slopes in zip(problem.traces.traces, problem.parts(theta), problem.slopes(theta), strict=True):
        follows = part.inverse @ (part.matrix.T @ slopes)  # amplitudes fall as parameters rise
        own = best.variance * part.inverse + follows @ covariance @ follows.T
        two = problem.two(trace)
        place = 1 + best.model.slow + number * (1 + two)
        if two:
            a, b = part.amplitudes[place : place + 2]
            size = math.hypot(a, b)
            block = own[place : place + 2, place : place + 2]
            along, across = np.array([a, b]) / size, np.array([b, -a]) / size**2
            amplitude = Estimate(size, math.sqrt(along @ block @ along))
            found.append((amplitude, Estimate(math.atan2(-b, a), math.sqrt(across @ block @ across))))
            continue
        value = float(part.amplitudes[place])
        total += value * (trace.field_T > 0)
        phase = None
        if problem.has_phase and trace.field_T:
            phase = Estimate(common, math.sqrt(covariance[place_of_phase, place_of_phase]))
        found.append((Estimate(value, math.sqrt(max(own[place, place], 0.0))), phase))
    if problem.has_phase:
        found = [
            _upright(one, trace.field_T > 0 and total < 0)
            for one, trace in zip(found, problem.traces.traces, strict=True)
        ]
    return found


def _upright(signal: tuple[Estimate, Estimate | None], turn: bool) -> tuple[Estimate, Estimate | None]:
    """The phase between -pi and pi, of the sign in which the amplitudes are positive."""
    amplitude, phase = signal
    if phase is None:
        return signal
    angle = math.remainder(phase.value + math.pi * turn, 2 * math.pi)
    return Estimate(amplitude.value * (-1 if turn else 1), amplitude.error), Estimate(angle, phase.error)


@dataclass(frozen=True)
class Left:
    """What is left in the residuals of a trace.

    rms: in units of the signal. probability: of so much correlation by chance (Ljung and Box), and oscillation: of so
    high a line in the periodogram (Fisher) at frequency_rad_ns, None for uneven steps.
    """

    field_T: float
    rms: float
    probability: float
    oscillation: float | None
    frequency_rad_ns: float | None


def residual_tests(best: Attempt) -> tuple[Left, ...]:
    """Tests of the residuals of every trace."""
    found = []
    for trace, part, weight in zip(
        best.problem.traces.traces, best.problem.parts(best.theta), best.problem.weights, strict=True
    ):
        own = part.residual
        probability = _ljung_box(own)
        steps = np.diff(trace.time_ns)
        line = frequency = None
        if np.ptp(steps) < 0.2 * trace.step_ns:
            line, place = _fisher(own)
            frequency = 2 * math.pi * place / (len(own) * trace.step_ns)
        rms = float(np.sqrt(np.mean((own / weight) ** 2)))
        found.append(Left(trace.field_T, rms, probability, line, frequency))
    return tuple(found)


def _ljung_box(x: Floats) -> float:
    from scipy.special import chdtrc

    n = len(x)
    lags = max(1, min(20, n // 5))
    x = x - x.mean()
    r = np.array([x[k:] @ x[:-k] for k in range(1, lags + 1)]) / max(float(x @ x), 1e-300)
    return float(chdtrc(lags, n * (n + 2) * np.sum(r**2 / (n - np.arange(1, lags + 1)))))


def _fisher(x: Floats) -> tuple[float, int]:
    """Probability of the highest line, and its number."""
    power = np.abs(np.fft.rfft(x - x.mean())[1 : (len(x) - 1) // 2 + 1]) ** 2
    if len(power) < 2 or not power.sum():
        return 1.0, 0
    share = float(power.max() / power.sum())
    return float(-np.expm1(len(power) * np.log1p(-min((1 - share) ** (len(power) - 1), 1 - 1e-15)))), int(
        power.argmax()
    ) + 1


@dataclass(frozen=True)
class Line:
    """Field-by-field results of a carrier as straight lines.

    omega: (n, 2) frequencies with errors in rad/ns, decays: (n, 2) 1/T2* or 1/T2*^2 with errors, in 1/ns. g: of the
    line through zero. offset: of the line with one, in rad/ns. dg, t2_zero_ps (ps): of the line of the decays.
    """

    decay: str
    fields_T: Floats
    omega: Floats
    decays: Floats
    g: Estimate
    offset: Estimate | None
    dg: Estimate | None
    t2_zero_ps: Estimate | None

    @property
    def offset_in_errors(self) -> float:
        """How many standard errors the offset is from zero; NaN where there is none."""
        return self.offset.value / self.offset.error if self.offset and self.offset.error else math.nan


def lines(fit: Fit) -> tuple[Line, ...]:
    """Straight lines through the results of the single fields, for each carrier; empty without them."""
    if not fit.separate:
        return ()
    return tuple(_line(fit.separate, n, decay) for n, decay in enumerate(fit.best.model.decays))


def _line(separate: Sequence[Attempt], number: int, decay: str) -> Line:
    fields = np.array([one.problem.highest for one in separate])
    power = 1 if decay == "exponential" else 2
    place = number * separate[0].problem.per_component
    values = np.array([one.theta[place : place + 2] for one in separate])
    errors = np.array([np.sqrt(np.diag(one.covariance)[place : place + 2]) for one in separate])
    omega = np.column_stack([values[:, 0], errors[:, 0]]) * (MU_B_OVER_HBAR * fields[:, None])
    (slope,), ((variance,),) = _straight(fields[:, None], omega)
    g = Estimate(slope / MU_B_OVER_HBAR, math.sqrt(variance) / MU_B_OVER_HBAR)
    decays = np.column_stack([values[:, 1], errors[:, 1]])
    offset = dg = zero = None
    if len(set(fields.tolist())) > 1:
        (start, _), both = _straight(np.column_stack([np.ones_like(fields), fields]), omega)
        offset = Estimate(start, math.sqrt(both[0, 0]))
        (at_zero, rises), both = _straight(np.column_stack([np.ones_like(fields), fields**power]), decays)
        unit = power / MU_B_OVER_HBAR**power
        dg = _root(rises * unit, math.sqrt(both[1, 1]) * unit, power, 0.0)
        zero = _time(at_zero, math.sqrt(both[0, 0]), power)
    return Line(decay, fields, omega, decays, g, offset, dg, zero)


def _straight(columns: Floats, data: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares: coefficients and covariance, enlarged where the points scatter more than their errors."""
    scaled, y = columns / data[:, 1:], data[:, 0] / data[:, 1]
    covariance = np.asarray(np.linalg.inv(scaled.T @ scaled), dtype=float)
    found = covariance @ (scaled.T @ y)
    free = len(y) - len(found)
    return found, covariance * (max(1.0, float(np.sum((y - scaled @ found) ** 2)) / free) if free else 1.0)


def correlations(best: Attempt, least: float = 0.5) -> list[tuple[str, str, float]]:
    """Pairs of nonlinear parameters that are correlated by so much or more, the strongest first."""
    error = np.sqrt(np.diag(best.covariance))
    matrix = best.covariance / np.outer(error, error)
    names = best.problem.names
    pairs = [(names[i], names[j], float(matrix[i, j])) for i in range(len(names)) for j in range(i)]
    return sorted((pair for pair in pairs if abs(pair[2]) >= least), key=lambda pair: -abs(pair[2]))


def points(fit: Fit) -> list[dict[str, Any]]:
    """Rows of a CSV of measured points: |g|, dg and T2* of every carrier; `bandg.load_measured` reads them."""
    traces, rows = fit.traces, []
    stated = {
        "energy_eV": traces.energy_eV,
        "evidence": "measured",
        "use": "judge",
        "sample": traces.sample,
        "material": traces.material,
        "temperature_K": traces.temperature_K,
        "origin": f"bandg spin fit, {fit.best.model.name}",
        "source": traces.source,
    }
    for one in components(fit):
        g, dg, t2 = (
            (f"abs_g_{one.label}", f"dg_{one.label}", f"T2_{one.label}_ps") if fit.names else ("abs_g", "dg", "T2_ps")
        )
        note = "sign not decided" if fit.names else f"component {one.label}; carrier and sign not decided"
        rows.append(_row(one.g, stated | {"quantity": g, "note": note}))
        if one.dg is not None:
            rows.append(_row(one.dg, stated | {"quantity": dg, "convention": one.convention, "note": note}))
        for trace, time in zip(traces.traces, one.t2_ps, strict=True):
            where = {"quantity": t2, "convention": one.convention, "field_T": trace.field_T, "note": note}
            rows.append(_row(time, stated | where))
    return rows


def _row(estimate: Estimate, stated: dict[str, Any]) -> dict[str, Any]:
    error = None if estimate.error is None else float(f"{estimate.error:.3g}")
    value = float(f"{estimate.value:.6g}")
    return stated | {"value": value, "error": error, "kind": estimate.bound or "point"}
