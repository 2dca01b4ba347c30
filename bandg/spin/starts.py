"""Where a fit begins: |g| and decay rates from the traces themselves, by a periodogram of all fields at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bandg.spin.decay import MU_B_OVER_HBAR
from bandg.spin.traces import Floats, Traces

_MOST_TRACES, _MOST_POINTS, _MOST_G = 8, 250, 2000
_RATES = (0.7, 2.5, 8.0, 25.0)
"""Decay rates that are looked at, in inverse spans."""


class Periodogram:
    """How much of the signals one more damped oscillation with a given |g| explains, in all fields together."""

    def __init__(self, traces: Traces, largest_g: float) -> None:
        chosen = [trace for trace in traces.traces if trace.field_T > 0]
        if len(chosen) > _MOST_TRACES:
            chosen = [chosen[n] for n in np.linspace(0, len(chosen) - 1, _MOST_TRACES).round().astype(int)]
        thin = replace(traces, traces=tuple(chosen)).thinned(_MOST_POINTS, largest_g).traces
        self.parts = [(trace.field_T, trace.time_ns, trace.signal) for trace in thin]
        self.span = max(trace.span_ns for trace in chosen)
        highest = max(trace.field_T for trace in chosen)
        count = min(_MOST_G, int(largest_g * MU_B_OVER_HBAR * highest * self.span) + 20)
        self.g = np.linspace(0, largest_g, count + 1)[1:]
        self.rates = np.array(_RATES) / self.span
        self._waves = [
            (np.cos(phase), np.sin(phase))
            for phase in (np.outer(t, MU_B_OVER_HBAR * field * self.g) for field, t, _ in self.parts)
        ]

    def peaks(self, known: Sequence[tuple[float, float]] = (), most: int = 3) -> list[tuple[float, float]]:
        """(|g|, rate) of the highest maxima beside the known components, the highest first."""
        gain = np.zeros((len(self.rates), len(self.g)))
        for (field, t, y), (cos, sin) in zip(self.parts, self._waves, strict=True):
            base = [np.ones_like(t)]
            for g, rate in known:
                wave = np.exp(-rate * t + 1j * MU_B_OVER_HBAR * field * g * t)
                base += [wave.real, wave.imag]
            q = np.linalg.qr(np.stack(base, 1))[0]
            rest = y - q @ (q.T @ y)
            for number, rate in enumerate(self.rates):
                gain[number] += _gain(np.exp(-rate * t)[:, None], cos, sin, q, rest)
        best = gain.max(axis=0)
        inner = np.flatnonzero((best[1:-1] >= best[:-2]) & (best[1:-1] >= best[2:])) + 1
        order = inner[np.argsort(-best[inner])][:most]
        if not len(order):
            order = np.array([best.argmax()])
        return [(float(self.g[n]), float(self.rates[gain[:, n].argmax()])) for n in order]


def _gain(envelope: Floats, cos: Floats, sin: Floats, q: Floats, rest: Floats) -> Floats:
    """Fall of the sum of squares by a damped cosine and sine, for each frequency."""
    c, s = envelope * cos, envelope * sin
    qc, qs = q.T @ c, q.T @ s
    cc = np.einsum("ij,ij->j", c, c) - np.einsum("ij,ij->j", qc, qc)
    ss = np.einsum("ij,ij->j", s, s) - np.einsum("ij,ij->j", qs, qs)
    cs = np.einsum("ij,ij->j", c, s) - np.einsum("ij,ij->j", qc, qs)
    a, b = rest @ c, rest @ s
    scale = len(rest)
    tiny = 1e-6 * scale  # nearly the columns that are there already
    determinant = cc * ss - cs**2
    both = (a**2 * ss - 2 * a * b * cs + b**2 * cc) / np.maximum(determinant, tiny**2)
    return np.where((cc > tiny) & (ss > tiny) & (determinant > 1e-4 * cc * ss), both, 0.0)
