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


class _Wave(NamedTuple):
    """One carrier in one trace, with derivatives by g and by both decays."""

    pair: Pair
    slopes: tuple[Pair, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """One trace: weighted columns, their amplitudes, the residual, and the inverse of the normal matrix."""

    matrix: Floats
    inverse: Floats
    amplitudes: Floats
    residual: Floats
    waves: Sequence[_Wave]

    @classmethod
    def of(cls, matrix: Floats, data: Floats, waves: Sequence[_Wave]) -> Part:
        """The amplitudes by least squares; columns that repeat others share theirs."""
        norm = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
        norm[norm == 0] = 1.0
        values, vectors = np.linalg.eigh(matrix.T @ matrix / np.outer(norm, norm))
        kept = values > _RANK * values[-1]
        inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(norm, norm)
        amplitudes = inverse @ (matrix.T @ data)
        return cls(matrix, inverse, amplitudes, data - matrix @ amplitudes, waves)

    def outside(self, slopes: Floats) -> Floats:
        """The part of some derivatives that no change of the amplitudes makes up for."""
        return np.asarray(slopes - self.matrix @ (self.inverse @ (self.matrix.T @ slopes)))


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
        scale = weights or [1.0] * len(traces.traces)
        self.weights = [
            np.full(len(trace.time_ns), one) if trace.error is None else one / trace.error
            for trace, one in zip(traces.traces, scale, strict=True)
        ]
        self.has_errors = any(trace.error is not None for trace in traces.traces)
        self.data = [trace.signal * w for trace, w in zip(traces.traces, self.weights, strict=True)]
        self.n_points = traces.n_points
        self._at: tuple[bytes, list[Part]] | None = None
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
                f"{self.n_points} points are not enough for the {self.n_parameters} parameters of '{self.model.name}'"
            )

    def parts(self, theta: Floats) -> list[Part]:
        """Columns, amplitudes and residuals of every trace; kept for the next call with the same parameters."""
        key = theta.tobytes()
        if self._at is None or self._at[0] != key:
            self._at = key, [self._part(theta, n) for n in range(len(self.traces.traces))]
        return self._at[1]

    def residuals(self, theta: Floats) -> Floats:
        """Weighted data minus fit, shape (n_points,)."""
        return np.concatenate([part.residual for part in self.parts(theta)])

    def jacobian(self, theta: Floats) -> Floats:
        """Derivatives of the residuals with the amplitudes following, shape (n_points, n_nonlinear)."""
        parts = self.parts(theta)
        return np.concatenate([-part.outside(self.slopes(theta, n)) for n, part in enumerate(parts)])

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

    def _wave(self, theta: Floats, number: int, trace: Trace) -> _Wave:
        first = number * self.per_component
        t, per_g = trace.time_ns, MU_B_OVER_HBAR * trace.field_T
        omega, low = per_g * theta[first], theta[first + 1]
        change = theta[first + 2] - low if self.has_spread else 0.0
        share = self.share(number, trace.field_T)
        if self.model.decays[number] == "nuclear":
            return self._nuclear(t, per_g, omega, low, share, change)
        straight = self.model.decays[number] == "exponential"
        pair = (exponential if straight else gaussian)(t, omega, low + share * change)
        falls = -t if straight else -(t**2)
        by_decay = Pair(falls * pair.cosine, falls * pair.sine)
        by_g = Pair(-per_g * t * pair.sine, per_g * t * pair.cosine)
        return _Wave(pair, (by_g, _scaled(by_decay, 1 - share), _scaled(by_decay, share)))

    @staticmethod
    def _nuclear(t: Floats, per_g: float, omega: float, low: float, share: float, change: float) -> _Wave:
        """Frozen nuclei; a spread of g damps what turns, and what they hold along the light stays."""
        delta = float(np.sqrt(2 * max(low, 1e-12)))
        found = nuclear_with_slopes(t, omega, delta)
        if not share:
            return _Wave(found.pair, (_scaled(found.by_omega, per_g), found.by_square, _scaled(found.pair, 0.0)))
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
        return _Wave(Pair(stays + turns.cosine, turns.sine), (_scaled(by_omega, per_g), by_low, by_change))

    def _part(self, theta: Floats, number: int) -> Part:
        trace = self.traces.traces[number]
        waves = [self._wave(theta, n, trace) for n in range(len(self.model.decays))]
        columns = [np.ones_like(trace.time_ns)]
        if self.model.slow:
            columns.append(np.exp(-theta[-1] * trace.time_ns))
        for n, wave in enumerate(waves):
            if self.two(trace):
                columns += [wave.pair.cosine, wave.pair.sine]
            else:
                columns.append(_turned(wave.pair, self._phase_in(theta, n, trace)))
        return Part.of(np.stack(columns, 1) * self.weights[number][:, None], self.data[number], waves)

    def _phase_in(self, theta: Floats, number: int, trace: Trace) -> float:
        return self.phase_of(theta, number) if trace.field_T else 0.0

    def slopes(self, theta: Floats, number: int) -> Floats:
        """Derivatives of a trace by the nonlinear parameters at fixed amplitudes, weighted: (n_points, n_nonlinear)."""
        trace, part = self.traces.traces[number], self.parts(theta)[number]
        c, two = part.amplitudes, self.two(trace)
        found = np.zeros((len(trace.time_ns), len(theta)))
        place = 1 + self.model.slow
        for n, wave in enumerate(part.waves):
            first, phase = n * self.per_component, self._phase_in(theta, n, trace)
            for k in range(2 + self.has_spread):
                slope = wave.slopes[k]
                found[:, first + k] = (
                    c[place] * slope.cosine + c[place + 1] * slope.sine if two else c[place] * _turned(slope, phase)
                )
            if self.has_phase and trace.field_T:
                found[:, first + 2 + self.has_spread] = c[place] * _turned(wave.pair, phase + np.pi / 2)
            place += 1 + two
        if self.model.slow:
            found[:, -1] = -trace.time_ns * c[1] * np.exp(-theta[-1] * trace.time_ns)
        return found * self.weights[number][:, None]


def _scaled(pair: Pair, factor: float | Floats) -> Pair:
    return Pair(factor * pair.cosine, factor * pair.sine)


def _turned(pair: Pair, phase: float) -> Floats:
    """cos(omega t + phase) of a cosine and a sine."""
    return np.cos(phase) * pair.cosine - np.sin(phase) * pair.sine if phase else pair.cosine
