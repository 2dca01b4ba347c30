"""The signal that is fitted: its nonlinear parameters, and the columns whose amplitudes are projected out.

In each field the signal is an offset, perhaps an exponential that does not oscillate, and a damped oscillation of each
carrier. Amplitudes are linear, so that only g, decays, phases and the slow rate are searched for (variable projection:
Golub and Pereyra 1973, with the Jacobian of Kaufman 1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bandg.base.arguments import choices
from bandg.base.errors import BandgError
from bandg.spin.decay import (
    DECAYS,
    MU_B_OVER_HBAR,
    Pair,
    exponential,
    gaussian,
    nuclear_constant,
    nuclear_with_slopes,
)
from bandg.spin.traces import Floats, Trace, Traces

PHASES = ("common", "free", "none")
"""One phase for each carrier in all fields; one in each field; the carrier starts along the light."""

LEAST_G = 1e-3
_RANK = 1e-12
_MOST = 40.0  # exponent of a decay that is below rounding


@dataclass(frozen=True)
class Model:
    """What a signal consists of.

    decays: one of DECAYS for each carrier, the largest |g| first. slow: with an exponential that does not oscillate.
    phase: one of PHASES.
    """

    decays: tuple[str, ...]
    slow: bool = False
    phase: str = "common"

    def __post_init__(self) -> None:
        for decay in self.decays:
            if decay not in DECAYS:
                raise BandgError(f"`decay` {decay!r} is unknown: choose {choices(DECAYS)}")
        if self.phase not in PHASES:
            raise BandgError(f"`phase` {self.phase!r} is unknown: choose {choices(PHASES)}")
        if not 1 <= len(self.decays) <= 2:
            raise BandgError(f"a signal has one or two components, not {len(self.decays)}")

    @property
    def name(self) -> str:
        """As "2 x gaussian + slow"."""
        parts = [f"{len(self.decays)} x {self.decays[0]}"] if len(set(self.decays)) == 1 else list(self.decays)
        return " + ".join([*parts, *["slow"] * self.slow])


@dataclass(frozen=True, eq=False)
class Part:
    """One trace: weighted columns, their amplitudes, the residual, and the inverse of the normal matrix."""

    matrix: Floats
    inverse: Floats
    amplitudes: Floats
    residual: Floats


class _Wave(NamedTuple):
    """One carrier in all traces; with frozen nuclei also its derivatives by omega and both decays."""

    pair: Pair
    slopes: tuple[Pair, ...] = ()


class State(NamedTuple):
    """All traces at some parameters, padded to one length and one number of columns by zeros.

    columns: (n_traces, n_columns, n_times), weighted. inverse: of the normal matrices. residual: weighted, (n_traces,
    n_times).
    """

    waves: Sequence[_Wave]
    columns: Floats
    inverse: Floats
    amplitudes: Floats
    residual: Floats


class Normal(NamedTuple):
    """Half of the gradient of the sum of squares by the nonlinear parameters, and Kaufman's normal matrix."""

    gradient: Floats
    matrix: Floats


class Problem:
    """A model on traces: residuals and their Jacobian as functions of the nonlinear parameters.

    Parameters of a carrier: |g|; the decay in the lowest field; with several fields the decay in the highest; with a
    common phase that. The decay is 1/T2* (exponential) or 1/T2*^2 (the others); between the fields it is linear in B,
    or in B^2. Both stay above zero, so that T2* exists in every field, while the spread that follows from their
    difference may come out as zero or below. The last parameter is the rate of the slow part.
    """

    def __init__(self, traces: Traces, model: Model, weights: Sequence[float] = (), largest_g: float = 4.0) -> None:
        self.traces, self.model = traces, model
        fields = traces.fields
        self.highest, self._least = float(fields.max()), float(fields.min())
        self.has_spread = self.highest > self._least
        self.has_phase = model.phase == "common" and int((fields > 0).sum()) > 1
        self._two = model.phase == "free" or (model.phase == "common" and not self.has_phase)
        self.scale = scale = tuple(weights) or (1.0,) * len(traces.traces)
        self.weights = [
            np.full(len(trace.time_ns), one) if trace.error is None else one / trace.error
            for trace, one in zip(traces.traces, scale, strict=True)
        ]
        self.has_errors = any(trace.error is not None for trace in traces.traces)
        self.n_points = traces.n_points
        self._t = self._padded([trace.time_ns for trace in traces.traces])
        self._weight = self._padded(self.weights)
        self.set_data([trace.signal * w for trace, w in zip(traces.traces, self.weights, strict=True)])
        self._per_g = MU_B_OVER_HBAR * fields[:, None]
        self.per_component = 2 + self.has_spread + self.has_phase
        step = min(trace.step_ns for trace in traces.traces)
        span = max(trace.span_ns for trace in traces.traces)
        self.names: list[str] = []
        lower: list[float] = []
        upper: list[float] = []
        for number, decay in enumerate(model.decays):
            rates = 1 + self.has_spread
            own = ["g", "decay", "decay in the highest field"][: 1 + rates] + ["phase"] * self.has_phase
            self.names += [f"{name} of component {number + 1}" for name in own]
            most = 3 / step if decay == "exponential" else (3 / step) ** 2
            lower += [LEAST_G, *[0.0] * rates, *[-np.inf] * self.has_phase]
            upper += [largest_g, *[most] * rates, *[np.inf] * self.has_phase]
        if model.slow:
            self.names.append("rate of the slow part")
            lower.append(0.1 / span)
            upper.append(3 / step)
        self.bounds = np.array(lower), np.array(upper)
        self._shares = [np.array([[self.share(n, B)] for B in fields]) for n in range(len(model.decays))]

    def _padded(self, rows: Sequence[Floats]) -> Floats:
        """Rows of one length, with zeros at their ends."""
        found = np.zeros((len(rows), max(map(len, rows))))
        for own, row in zip(found, rows, strict=True):
            own[: len(row)] = row
        return found

    def set_data(self, data: Sequence[Floats]) -> None:
        """Take other weighted signals of the same traces."""
        self.data = self._padded(data)
        self._at: tuple[bytes, State] | None = None

    def two(self, trace: Trace) -> bool:
        """Whether a carrier has two amplitudes in a trace: of its cosine and of its sine."""
        return self._two and trace.field_T > 0

    def n_linear(self, trace: Trace) -> int:
        """Number of amplitudes of a trace."""
        return 1 + self.model.slow + (1 + self.two(trace)) * len(self.model.decays)

    @property
    def n_parameters(self) -> int:
        """Number of all parameters, linear and nonlinear."""
        return len(self.names) + sum(map(self.n_linear, self.traces.traces))

    def lowest(self, number: int) -> float:
        """Field in T at which the first decay of a carrier is defined: zero for frozen nuclei."""
        return 0.0 if self.model.decays[number] == "nuclear" else self._least

    def share(self, number: int, field_T: float) -> float:
        """Share of the decay in the highest field in that of another field."""
        if not self.has_spread:
            return 0.0
        power = 1 if self.model.decays[number] == "exponential" else 2
        low = self.lowest(number) ** power
        return float((field_T**power - low) / (self.highest**power - low))

    def check(self) -> None:
        """Raise BandgError for fewer points than parameters."""
        for trace in self.traces.traces:
            if len(trace.time_ns) < self.n_linear(trace) + 2:
                raise BandgError(
                    f"{trace.name}: has {len(trace.time_ns)} points for {self.n_linear(trace)} amplitudes of "
                    f"'{self.model.name}': leave it out, or ask for fewer `components`"
                )
        if self.n_points <= self.n_parameters:
            raise BandgError(
                f"{self.n_points} points are not enough for the {self.n_parameters} parameters of "
                f"'{self.model.name}': give more points, or ask for fewer `components`"
            )

    def state(self, theta: Floats) -> State:
        """Columns, amplitudes and residuals of all traces; kept for the next call with the same parameters."""
        key = theta.tobytes()
        if self._at is None or self._at[0] != key:
            self._at = key, self._state(theta)
        return self._at[1]

    def rss(self, theta: Floats) -> float:
        """Weighted sum of squares with the best amplitudes."""
        return float(np.sum(self.state(theta).residual ** 2))

    def normal(self, theta: Floats) -> Normal:
        """Derivatives of half the sum of squares with the amplitudes following."""
        state, slopes = self.state(theta), self._slopes(theta)
        follows = slopes @ state.columns.transpose(0, 2, 1) @ state.inverse
        outside = slopes - follows @ state.columns
        matrix = outside @ outside.transpose(0, 2, 1)
        return Normal(-(slopes @ state.residual[:, :, None]).sum(axis=0)[:, 0], matrix.sum(axis=0))

    def parts(self, theta: Floats) -> list[Part]:
        """Columns, amplitudes and residuals of every trace."""
        state, found = self.state(theta), []
        for n, trace in enumerate(self.traces.traces):
            kept = np.ones(state.columns.shape[1], dtype=bool)
            if self._two and not self.two(trace):
                kept[2 + self.model.slow :: 2] = False  # there is no sine without a field
            own = state.columns[n, kept, : len(trace.time_ns)].T
            inverse = state.inverse[n][np.ix_(kept, kept)]
            found.append(Part(own, inverse, state.amplitudes[n, kept], state.residual[n, : len(own)]))
        return found

    def slopes(self, theta: Floats) -> list[Floats]:
        """Derivatives of every trace by the nonlinear parameters at fixed amplitudes, weighted: (n_points, n)."""
        return [own[:, : len(t.time_ns)].T for own, t in zip(self._slopes(theta), self.traces.traces, strict=True)]

    def decay_weights(self, number: int, field_T: float) -> Floats:
        """Derivatives of the decay in a field by the nonlinear parameters, shape (n_nonlinear,)."""
        found = np.zeros(len(self.names))
        share, first = self.share(number, field_T), number * self.per_component + 1
        found[first] = 1 - share
        if self.has_spread:
            found[first + 1] = share
        return found

    def phase_of(self, theta: Floats, number: int) -> float:
        """The common phase of a carrier; zero without one."""
        return float(theta[(number + 1) * self.per_component - 1]) if self.has_phase else 0.0

    def _wave(self, theta: Floats, number: int) -> _Wave:
        first = number * self.per_component
        omega, low = self._per_g * theta[first], theta[first + 1]
        change = theta[first + 2] - low if self.has_spread else 0.0
        share = self._shares[number]
        if self.model.decays[number] != "nuclear":
            shape = exponential if self.model.decays[number] == "exponential" else gaussian
            return _Wave(shape(self._t, omega, low + share * change))
        waves = [
            self._nuclear(t, float(turns), low, float(part), change)
            for t, (turns,), (part,) in zip(self._t, omega, share, strict=True)
        ]
        pairs = [Pair(*map(np.array, zip(*own, strict=True))) for own in zip(*waves, strict=True)]
        return _Wave(pairs[0], tuple(pairs[1:]))

    @staticmethod
    def _nuclear(t: Floats, omega: float, low: float, share: float, change: float) -> tuple[Pair, Pair, Pair, Pair]:
        """Frozen nuclei, with slopes; a spread of g damps what turns, and what they hold along the light stays."""
        delta = float(np.sqrt(2 * max(low, 1e-12)))
        found = nuclear_with_slopes(t, omega, delta)
        if not share:
            return found.pair, found.by_omega, found.by_square, _scaled(found.pair, 0.0)
        stays = nuclear_constant(omega, delta)
        step = 1e-4 * omega
        rises = (nuclear_constant(omega + step, delta) - stays) / step
        damping = np.exp(np.minimum(-share * change * t**2, _MOST / 2))
        turns = Pair((found.pair.cosine - stays) * damping, found.pair.sine * damping)
        by_omega = Pair(rises * (1 - damping) + found.by_omega.cosine * damping, found.by_omega.sine * damping)
        by_change = _scaled(turns, -share * t**2)
        by_low = Pair(
            -rises * omega / (2 * max(low, 1e-12)) * (1 - damping)
            + found.by_square.cosine * damping
            - by_change.cosine,
            found.by_square.sine * damping - by_change.sine,
        )
        return Pair(stays + turns.cosine, turns.sine), by_omega, by_low, by_change

    def _state(self, theta: Floats) -> State:
        """The amplitudes by least squares; columns that repeat others share theirs."""
        waves = [self._wave(theta, n) for n in range(len(self.model.decays))]
        columns = [np.ones_like(self._t)]
        if self.model.slow:
            columns.append(np.exp(-theta[-1] * self._t))
        for n, wave in enumerate(waves):
            if self._two:
                columns += wave.pair
            else:
                columns.append(_combined(wave.pair, *self._turn(theta, n)))
        matrix = np.stack(columns, 1) * self._weight[:, None, :]
        gram = matrix @ matrix.transpose(0, 2, 1)
        norm = np.sqrt(np.einsum("nkk->nk", gram))
        norm[norm == 0] = 1.0
        scale = norm[:, :, None] * norm[:, None, :]
        values, vectors = np.linalg.eigh(gram / scale)
        kept = values > _RANK * values[:, -1:]
        weights = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
        inverse = (vectors * weights[:, None, :]) @ vectors.transpose(0, 2, 1) / scale
        amplitudes = inverse @ (matrix @ self.data[:, :, None])
        residual = self.data - (amplitudes.transpose(0, 2, 1) @ matrix)[:, 0]
        return State(waves, matrix, inverse, amplitudes[:, :, 0], residual)

    def _turn(self, theta: Floats, number: int) -> tuple[Floats, Floats]:
        """Factors of cosine and sine by the common phase, in each trace; without a field there is none."""
        phase = self.phase_of(theta, number) * (self._per_g > 0)
        return np.cos(phase), -np.sin(phase)

    def _slopes(self, theta: Floats) -> Floats:
        """Derivatives at fixed amplitudes, weighted: (n_traces, n_nonlinear, n_times)."""
        state, t = self.state(theta), self._t
        found = np.zeros((len(t), len(theta), t.shape[1]))
        place = 1 + self.model.slow
        for n, wave in enumerate(state.waves):
            first, c = n * self.per_component, state.amplitudes[:, place : place + 1]
            if self._two:
                a, b = c, state.amplitudes[:, place + 1 : place + 2]
            else:
                a, b = (c * factor for factor in self._turn(theta, n))
            if wave.slopes:
                by_omega, by_low, by_change = (_combined(slope, a, b) for slope in wave.slopes)
            else:
                falls = -t if self.model.decays[n] == "exponential" else -(t**2)
                by_low = falls * _combined(wave.pair, a, b)
                by_omega, by_change = t * _combined(wave.pair, b, -a), self._shares[n] * by_low
                by_low = by_low - by_change
            found[:, first], found[:, first + 1] = self._per_g * by_omega, by_low
            if self.has_spread:
                found[:, first + 2] = by_change
            if self.has_phase:
                found[:, first + 2 + self.has_spread] = (self._per_g > 0) * _combined(wave.pair, b, -a)
            place += 1 + self._two
        if self.model.slow:
            found[:, -1] = -t * state.amplitudes[:, 1:2] * np.exp(-theta[-1] * t)
        return np.asarray(found * self._weight[:, None, :])


def _scaled(pair: Pair, factor: float | Floats) -> Pair:
    return Pair(factor * pair.cosine, factor * pair.sine)


def _combined(pair: Pair, cosine: Floats, sine: Floats) -> Floats:
    return np.asarray(cosine * pair.cosine + sine * pair.sine)
