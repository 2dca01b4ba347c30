"""Fits of traces: starts from the data, all models, and the one that an information criterion chooses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from bandg.base.arguments import number, whole
from bandg.base.errors import BandgError
from bandg.spin.decay import DECAYS, MU_B_OVER_HBAR
from bandg.spin.evidence import evidences
from bandg.spin.minimize import EVALUATIONS, Attempt, minimize, ordered, replicas
from bandg.spin.model import Model, Problem
from bandg.spin.results import Fit
from bandg.spin.starts import Periodogram
from bandg.spin.traces import Floats, Traces

LARGEST_G = 4.0
"""|g| up to which frequencies are looked for."""

_FIRST, _SHORT, _FEW_TRACES, _FEW_POINTS = 12, 2, 6, 200
_HOPELESS = 60.0
"""Difference of the information criterion from which on a model is not followed to its very minimum."""

_UNLIKE = 1.25
_LEAST_TURN = 1.0
"""Angle in rad that the largest |g| must turn by within the trace of the highest field."""


def fit(
    traces: Traces,
    *,
    components: int | None = None,
    decay: str | Sequence[str] | None = None,
    slow: bool | None = None,
    phase: str = "common",
    largest_g: float = LARGEST_G,
    field_error: float = 0.0,
    assign: Sequence[str] = (),
    separately: bool = False,
    bootstrap: int = 0,
    evidence: bool = False,
    seed: int = 0,
) -> Fit:
    """Fit the traces of one sample, all fields at once.

    The signal is an offset, and for each carrier S cos(omega t + phase) with omega = abs(g) mu_B B / hbar and one of
    three decays; the amplitude is free in each field. One or two carriers, three decays, with or without a part that
    decays and does not oscillate: all are fitted from starts that the data give, and the lowest information criterion
    (BIC) chooses.

    Parameters
    ----------
    traces : Traces
        As `read_traces` or `Traces.of` gives them.
    components : int, optional
        1 or 2 carriers; by default both are tried.
    decay : str or sequence of str, optional
        "exponential" (Lorentzian spread of g: rates add), "gaussian" (Gaussian spread: squares add) or "nuclear" (a
        frozen nuclear field); one for each carrier, the largest abs(g) first. By default each is tried.
    slow : bool, optional
        With or without a part that decays and does not oscillate; by default both are tried.
    phase : str
        "common": one phase of each carrier in all fields; "free": one in each field; "none": it starts along the light.
    largest_g : float
        abs(g) up to which frequencies are looked for. A frequency above half of the sampling rate looks like a lower
        one, which only this limit excludes.
    field_error : float
        Relative standard deviation of the field's scale. It adds to the errors of g and dg: traces alone cannot tell
        it.
    assign : sequence of str
        "e" or "h" for each component, the largest abs(g) first.
    separately : bool
        Fit each field by itself too.
    bootstrap : int
        Replicas with resampled residuals for the errors; 0 for none.
    evidence : bool
        Compare the best models by their likelihoods, integrated over priors.
    seed : int
        Of bootstrap and evidence.

    Returns
    -------
    Fit
        All models, the best first.

    Raises
    ------
    BandgError
        For too few points, a time step that is too long for the frequencies, and wrong arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from bandg.spin import Traces, fit
    >>> t, B = np.arange(5.0, 1000.0, 5.0), np.array([0.09, 0.42])
    >>> noise = np.random.default_rng(0).normal(0, 0.02, (2, len(t)))
    >>> signal = np.cos(1.41 * 0.0879410 * B[:, None] * t) * np.exp(-t / 150) + noise
    >>> fit(Traces.of(t, B, signal))
    1 x exponential on 2 traces
      1  |g| = 1.407(2), T2* = 146(2) ... 154(2) ps
    """
    models = tuple(_models(components, decay, slow, phase))
    names = _names(assign)
    _check_numbers(largest_g, field_error, bootstrap, seed)
    _check_sampling(traces, largest_g)
    attempts = _attempts(traces, models, largest_g)
    weights = _weights(attempts[0])
    if weights:
        attempts = _attempts(traces, models, largest_g, weights, attempts)
    found = Fit(traces, attempts, field_error)
    if evidence:
        found = replace(found, evidence=evidences(attempts, seed))
    _check_aliases(found.best)
    if names and len(names) != len(found.best.model.decays):
        count = len(found.best.model.decays)
        raise BandgError(
            f"`assign` names {len(names)} components, the best model has {count}: '{found.best.model.name}'"
        )
    found = replace(found, names=names)
    if separately:
        found = replace(found, separate=tuple(_separate(found.best, largest_g)))
    if bootstrap:
        found = replace(found, replicas=replicas(found.best, bootstrap, seed))
    return found


def _models(
    components: int | None, decay: str | Sequence[str] | None, slow: bool | None, phase: str
) -> Iterable[Model]:
    """The models that are tried."""
    if components not in (None, 1, 2):
        raise BandgError(f"`components` must be 1 or 2, not {components}")
    given = (decay,) if isinstance(decay, str) else tuple(decay or ())
    if len(given) == 2 and components not in (None, 2):
        raise BandgError("`decay` names two components, `components` asks for one: leave one of them out")
    counts = (2,) if len(given) == 2 else (1, 2) if components is None else (components,)
    for count in counts:
        for one in [given] if given else [(name,) for name in DECAYS]:
            for part in (False, True) if slow is None else (slow,):
                yield Model(one * count if len(one) == 1 else one, part, phase)


def _names(assign: Sequence[str]) -> tuple[str, ...]:
    names = tuple(assign)
    if any(name not in ("e", "h") for name in names) or len(set(names)) < len(names):
        raise BandgError(f"`assign` must name each component e or h once, the largest |g| first, not {','.join(names)}")
    return names


def _check_numbers(largest_g: float, field_error: float, bootstrap: int, seed: int) -> None:
    if not 0.1 <= number("largest_g", largest_g) <= 1000:
        raise BandgError(f"`largest_g` must lie between 0.1 and 1000, not {largest_g:g}")
    if not 0 <= number("field_error", field_error) < 0.5:
        raise BandgError(f"`field_error` is a share, as 0.02, not {field_error:g}")
    if whole("bootstrap", bootstrap, 0) > 10_000:
        raise BandgError(f"`bootstrap` must be at most 10000, not {bootstrap}")
    whole("seed", seed, 0)


def _check_sampling(traces: Traces, largest_g: float) -> None:
    """Raise BandgError without a field, and where a frequency could be mistaken for a lower one in every field."""
    turning = [trace for trace in traces.traces if trace.field_T > 0]
    if not turning:
        raise BandgError("all traces are without a field: a frequency needs one")
    widest = max(turning, key=lambda trace: trace.field_T * trace.span_ns)
    if (turned := MU_B_OVER_HBAR * largest_g * widest.field_T * widest.span_ns) < _LEAST_TURN:
        raise BandgError(
            f"{widest.name}: |g| = {largest_g:g} turns by {turned:.2g} rad in the {1000 * widest.span_ns:.4g} ps of "
            "the trace, too little for a frequency: check the unit of the field, or measure in a higher one"
        )
    best = max(turning, key=lambda trace: trace.largest_g)
    if best.largest_g < largest_g:
        raise BandgError(
            f"{best.name}: steps of {1000 * best.step_ns:.4g} ps sample |g| up to {best.largest_g:.3g} "
            f"and |g| up to {largest_g:g} is asked: a higher one would look like a lower one; take shorter steps or a "
            f"lower field, or write `largest_g` {math.floor(best.largest_g * 100) / 100:g}"
        )


def _check_aliases(best: Attempt) -> None:
    """Raise BandgError if a fitted frequency is above half of the sampling rate of a trace."""
    for n in range(len(best.model.decays)):
        g = best.theta[n * best.problem.per_component]
        for trace in best.problem.traces.traces:
            if g > trace.largest_g:
                omega = MU_B_OVER_HBAR * g * trace.field_T
                raise BandgError(
                    f"{trace.name}: |g| = {g:.3f} turns with {omega:.4g} rad/ns, above half of the sampling rate "
                    f"({np.pi / trace.step_ns:.4g} rad/ns): leave this field out, or measure it with steps below "
                    f"{1000 * np.pi / omega:.3g} ps"
                )


def _attempts(
    traces: Traces,
    models: Sequence[Model],
    largest_g: float,
    weights: Sequence[float] = (),
    earlier: Sequence[Attempt] = (),
) -> tuple[Attempt, ...]:
    """All models fitted, the lowest information criterion first. earlier: fits with other weights to begin from."""
    for model in models:
        Problem(traces, model).check()
    before = list(earlier)
    if not before:
        few = _some(traces).thinned(_FEW_POINTS, largest_g)
        scan = Periodogram(few, largest_g)
        begun: dict[tuple[str, ...], list[Floats]] = {}
        for model in models:
            problem = Problem(few, model, weights, largest_g)
            shapes = tuple("exponential" if decay == "exponential" else "gaussian" for decay in model.decays)
            if shapes not in begun:
                begun[shapes] = _begin(few, shapes, scan, largest_g, weights)
            tries = [_start(problem, one) for one in begun[shapes]]
            near = model.decays if model.slow else shapes  # frozen nuclei begin as a Gaussian spread
            simpler = [one.theta for one in before if one.model.decays == near and not one.model.slow]
            before.append(_rough(problem, simpler or tries))
    least = min(one.bic for one in before)
    found = []
    for one in before:
        hopeless = one.bic > least + _HOPELESS
        problem = Problem(traces, one.model, weights, largest_g)
        found.append(minimize(problem, one.theta, _SHORT if hopeless else EVALUATIONS))
    return tuple(sorted(map(ordered, found), key=lambda one: one.bic))


def _some(traces: Traces) -> Traces:
    """A few traces, with the lowest and the highest field among them."""
    all_of_them = traces.traces
    chosen = np.linspace(0, len(all_of_them) - 1, min(len(all_of_them), _FEW_TRACES)).round().astype(int)
    return replace(traces, traces=tuple(all_of_them[n] for n in chosen))


def _rough(problem: Problem, starts: Sequence[Floats]) -> Attempt:
    """A model on some of the points. starts: perhaps without the rate of the slow part."""
    span = max(trace.span_ns for trace in problem.traces.traces)
    rates = (2.0, 12.0) if problem.model.slow else ()
    tries = [np.append(theta, k / span) for theta in starts for k in rates] or starts
    best = min((minimize(problem, one, _FIRST) for one in tries), key=lambda one: (one.exchanged, one.rss))
    return best if best.converged else minimize(problem, best.theta, 2 * _FIRST)


def _begin(
    traces: Traces, decays: tuple[str, ...], scan: Periodogram, largest_g: float, weights: Sequence[float]
) -> list[Floats]:
    """Starts (n_components, 4): g, both decays and the phase, from the periodogram and fits with all phases free."""
    first = scan.peaks(most=2)
    pairs: list[list[tuple[float, float]]] = [[one] for one in first]
    if len(decays) == 2:
        pairs = [[first[0], other] for other in scan.peaks(first[:1])]
        highest = max(trace.field_T for trace in traces.traces)
        apart = 0.7 * first[0][1] / (MU_B_OVER_HBAR * highest)  # two frequencies within one width
        pairs.append([(first[0][0] + apart, first[0][1]), (max(first[0][0] - apart, 0.01), first[0][1])])
    problem = Problem(traces, Model(decays, False, "free"), weights, largest_g)
    problem.check()
    tries = []
    for pair in pairs:
        parts = [
            [g, *[rate if decay == "exponential" else rate**2] * (problem.per_component - 1)]
            for (g, rate), decay in zip(sorted(pair, reverse=True), decays, strict=True)
        ]
        tries.append(minimize(problem, np.concatenate(parts), _FIRST))
    best = min(tries, key=lambda one: one.rss)
    own = best.theta.reshape(len(decays), -1)
    phases = np.zeros(len(decays))
    for n in range(len(decays)):
        signals = [
            part.amplitudes[1 + 2 * n : 3 + 2 * n]
            for part in problem.parts(best.theta)
            if part.matrix.shape[1] > 1 + len(decays)
        ]
        phases[n] = np.angle(np.sum([(a - 1j * b) ** 2 for a, b in signals])) / 2  # amplitudes may have either sign
    plain = np.column_stack([own[:, :2], own[:, -1], np.zeros(len(decays))])
    even = plain.copy()
    even[:, 1:3] = np.median(plain[:, 1:3])  # where one decay has run away
    return [np.column_stack([own[:, :2], own[:, -1], phases]), plain, even]


def _start(problem: Problem, begun: Floats) -> Floats:
    """Nonlinear parameters of a model without its slow part; frozen nuclei begin as a Gaussian spread."""
    parts: list[Floats] = []
    span = max(trace.span_ns for trace in problem.traces.traces)
    for n, decay in enumerate(problem.model.decays):
        g, low, high, phase = begun[n]
        least = (0.05 / span) ** (1 if decay == "exponential" else 2)
        rates = np.maximum([low, high], least)
        parts.append(np.array([g, *rates[: 1 + problem.has_spread], *[phase] * problem.has_phase]))
    return np.concatenate(parts)


def _weights(best: Attempt) -> tuple[float, ...]:
    """Weights of the traces by their noise; none where it is stated or much the same in all."""
    problem = best.problem
    if problem.has_errors:
        return ()
    each = [
        float(part.residual @ part.residual) / max(len(part.residual) - part.matrix.shape[1], 1)
        for part in problem.parts(best.theta)
    ]
    noise = np.sqrt(np.maximum(each, 1e-12 * max(each)))
    return tuple(float(x) for x in np.median(noise) / noise) if noise.max() > _UNLIKE * noise.min() else ()


def _separate(best: Attempt, largest_g: float) -> Iterable[Attempt]:
    """The best model on each field by itself, from the common fit; traces without a field have no frequency."""
    problem = best.problem
    for trace in problem.traces.traces:
        if not trace.field_T:
            continue
        alone = Problem(replace(problem.traces, traces=(trace,)), best.model, (), largest_g)
        alone.check()
        theta: list[float] = []
        for n in range(len(best.model.decays)):
            decay = problem.decay_weights(n, trace.field_T) @ best.theta
            theta += [best.theta[n * problem.per_component], float(decay)]
        theta += [best.theta[-1]] * best.model.slow
        yield ordered(minimize(alone, np.array(theta), EVALUATIONS))
