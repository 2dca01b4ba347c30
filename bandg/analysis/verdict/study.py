"""The verdict: predictions with their bulk uncertainty, evidence, and each number predicted from the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bandg.analysis.hypotheses.case import Case, own_bulk
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict import evidence
from bandg.analysis.verdict.bulk_error import bulk_slopes
from bandg.analysis.verdict.combination import AMOUNTS, IMAGE_AMOUNTS, BulkSet, Combination, case_of, combinations_of
from bandg.analysis.verdict.line import Array, Line, at_points, slopes_of
from bandg.analysis.verdict.pair import Constants, pair_observables
from bandg.data.compare import rms
from bandg.data.measured import MeasuredPoint
from bandg.models.etb.derivatives import DerivativeJob
from bandg.models.levels import Levels
from bandg.runs import sweep
from bandg.runs.band import derivative_jobs

BAND_CELLS = (4, 6, 9, 14)
"""Edges in cells for which derivatives are computed; they change little between them."""

ERRORS = (0.1, 0.05)
"""Assumed errors of the measured g, which states none; the first is that of the table."""

DRAWS = 4000
SEED = 15
_STEP = 0.5
"""Deviates of the finite differences that give a band."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a family of combinations is worth: the combination with everything that is not known drawn from its prior.

    log_z, log_z_error: by the error of the measurement. left_out: each number from the others, at ERRORS[0].
    """

    log_z: dict[float, float]
    log_z_error: dict[float, float]
    left_out: tuple[evidence.LeftOut, ...]


@dataclass(frozen=True, eq=False)
class Row:
    """One combination. predicted, band: of each measured number; the band NaN where the set has no covariance.

    evidence: on the first row of a family.
    """

    bulk: BulkSet
    combination: Combination
    predicted: Array
    band: Array
    measured: Array
    evidence: Evidence | None = None

    @property
    def residual(self) -> Array:
        """Theory minus measured."""
        return self.predicted - self.measured

    @property
    def distance(self) -> Array:
        """Measured minus theory in standard deviations of the bulk."""
        return -self.residual / self.band

    @property
    def rms(self) -> float:
        """Root mean square of the residuals at the points that are reached; NaN where there is none."""
        return rms(self.residual[np.isfinite(self.residual)].tolist())


@dataclass(frozen=True, eq=False)
class Verdict:
    """All rows, in the order of the sets and the combinations; checks: what `bandg.analysis.verdict.checks` finds."""

    points: tuple[MeasuredPoint, ...]
    rows: tuple[Row, ...]
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    draws: int = DRAWS
    computed: int = 0
    cached: int = 0
    checks: Any = None


def judge(
    sets: Sequence[BulkSet],
    combinations: Sequence[Combination],
    points: Sequence[MeasuredPoint],
    evaluator: Evaluator,
    cells: tuple[int, ...] = (),
    draws: int = DRAWS,
) -> Verdict:
    """Judge every combination of every set, by the points that any of them reaches. Raises BandgError."""
    lines, notes = lines_of(sets, combinations, evaluator, cells)
    points, beyond = _reached(lines, sets, combinations, points)
    notes += beyond
    rows: list[Row] = []
    for one in sets:
        seen = set()
        for combination in combinations_of(one, combinations):
            line = lines[one.label, combination.termination]
            row = _row(one, combination, line, points)
            family = (combination.termination, combination.surface, combination.scale.family, combination.image)
            if family not in seen:
                seen.add(family)
                row = replace(row, evidence=_evidence(line, combination, points, draws))
            rows.append(row)
    return Verdict(tuple(points), tuple(_with_minima(rows)), lines, tuple(notes), draws)


def _reached(
    lines: Mapping[tuple[str, str], Line],
    sets: Sequence[BulkSet],
    combinations: Sequence[Combination],
    points: Sequence[MeasuredPoint],
) -> tuple[Sequence[MeasuredPoint], list[str]]:
    """The points that some combination reaches, all where there are none, and sentences on the others."""
    found = [
        np.isfinite(predicted(lines[one.label, combination.termination], combination, points)[0])
        for one in sets
        for combination in combinations_of(one, combinations)
    ]
    inside = np.any(found, axis=0) if found else np.zeros(len(points), dtype=bool)
    if inside.all() or not inside.any():
        return points, []
    names = [
        f"{one.quantity} at {one.energy_eV:g} eV" for one, reached in zip(points, inside, strict=True) if not reached
    ]
    kept = [one for one, reached in zip(points, inside, strict=True) if reached]
    return kept, [f"Outside of every curve, and left out: {', '.join(names)}."]


def cases_of(
    sets: Sequence[BulkSet], combinations: Sequence[Combination], cells: tuple[int, ...]
) -> dict[tuple[str, str], dict[tuple[float, bool], Case]]:
    """The cases by amount and image potential of the line of every set and termination, by its label."""
    needed: dict[tuple[str, str], dict[tuple[float, bool], Case]] = {}
    for one in sets:
        for combination in combinations_of(one, combinations):
            nodes = needed.setdefault((one.label, combination.termination), {})
            amounts = AMOUNTS[combination.termination][: None if combination.surface != "none" else 1]
            shown = [(amount, False) for amount in amounts]
            if combination.image:
                shown += [(amount, True) for amount in IMAGE_AMOUNTS if amount in amounts]
            for amount, image in shown:
                nodes[amount, image] = case_of(one, combination.termination, amount, image, cells)
    return needed


def work_of(
    sets: Sequence[BulkSet], combinations: Sequence[Combination], cells: tuple[int, ...]
) -> tuple[list[Case], list[DerivativeJob]]:
    """All cases of `judge`, and the jobs of the slopes."""
    needed, by_set = cases_of(sets, combinations, cells), {one.label: one for one in sets}
    jobs = [job for label, termination in needed for job in _slope_jobs(by_set[label], termination)]
    return [case for nodes in needed.values() for case in nodes.values()], jobs


def lines_of(
    sets: Sequence[BulkSet], combinations: Sequence[Combination], evaluator: Evaluator, cells: tuple[int, ...]
) -> tuple[dict[tuple[str, str], Line], list[str]]:
    """The line of every set and termination by its label, and a note for each that cannot be computed."""
    needed = cases_of(sets, combinations, cells)
    every = [case for nodes in needed.values() for case in nodes.values()]
    levels = iter(evaluator.levels(every))
    by_set = {one.label: one for one in sets}
    lines, notes = {}, []
    for (label, termination), nodes in needed.items():
        found = {node: _values(case, next(levels)) for node, case in nodes.items()}
        slopes = _slopes(by_set[label], termination, found[0.0, False][:, 0], evaluator)
        lines[label, termination] = _line(found, slopes)
        notes += [f"{label}: {by_set[label].note}"] if by_set[label].note else []
        notes += [f"{label}: {why}" for case in nodes.values() if (why := evaluator.reason(case))]
    return lines, list(dict.fromkeys(notes))


def _values(case: Case, levels: Sequence[Levels | None]) -> Array:
    """E_e - E_h, g_e, g_h and the observables of each size and the bulk, (n, 3 + observables)."""
    names = [one.name for one in pair_observables()]
    rows = [[np.nan] * (3 + len(names))] * len(levels)
    for place, one in enumerate(levels):
        if one is not None:
            g = [np.nan if state.g is None else state.g for state in (one.electron, one.hole)]
            rows[place] = [one.E_gap_eV, *g, *(one.extra[name][0] for name in names)]
    crystal = own_bulk(case)
    return np.array([*rows, [crystal.E_g, *crystal.g_factors(), *[0.0] * len(names)]])


def line_of(case: Case, levels: Sequence[Levels | None], with_image: Sequence[Levels | None] | None = None) -> Line:
    """The line of one case alone, with the levels of the same with the image potential; no deviates."""
    table = _values(case, levels)
    image = np.full_like(table, np.nan) if with_image is None else _values(case, with_image)
    return Line(np.zeros(1), np.array([[table], [image]]), np.zeros((len(table), 3, 0)))


def _line(found: dict[tuple[float, bool], Array], slopes: Array) -> Line:
    amounts = [amount for amount, image in found if not image]
    missing = np.full_like(found[0.0, False], np.nan)
    table = [[found.get((amount, image), missing) for amount in amounts] for image in (False, True)]
    return Line(np.array(amounts), np.array(table), slopes)


def _slopes(bulk: BulkSet, termination: str, wanted: Array, evaluator: Evaluator) -> Array:
    """Slopes of the nanocrystals without shifts, which those with shifts share."""
    if bulk.member is None:
        return slopes_of(None, (), wanted, wanted)
    found = [result for result, _ in sweep.run_jobs(_slope_jobs(bulk, termination), evaluator.run)]
    all_ = [*found, bulk_slopes(bulk.member.parameters)]
    return slopes_of(bulk.member, all_, np.array([one.value("E_gap_eV") for one in all_]), wanted)


def _slope_jobs(bulk: BulkSet, termination: str) -> list[DerivativeJob]:
    """The derivatives for `_slopes`; none of a set without a covariance."""
    if bulk.member is None:
        return []
    own = replace(bulk, parameters=bulk.member.parameters, tilt=())
    case = case_of(own, termination, cells=BAND_CELLS)
    return derivative_jobs([bulk.member], case.crystals(), case.neighbors, False, "auto")


def predicted(
    line: Line, combination: Combination, points: Sequence[MeasuredPoint], deviate: Array | None = None
) -> Array:
    """The numbers that a combination predicts, (draws, points), for deviates (draws, d); by default none, one draw."""
    moved = np.zeros((1, line.deviates)) if deviate is None else deviate
    count, scale = len(moved), combination.scale
    amount = np.full(count, combination.amount)
    found = line.at(amount, combination.image, scale.family, Constants.of(scale, count), moved)
    return at_points(*found, points)


def band(line: Line, combination: Combination, points: Sequence[MeasuredPoint]) -> Array:
    """Standard deviation of each prediction by what is not known of the bulk, (points,); NaN without a covariance."""
    if not line.deviates:
        return np.full(len(points), np.nan)
    steps = _STEP * np.eye(line.deviates)
    up, down = (predicted(line, combination, points, sign * steps) for sign in (1, -1))
    return np.asarray(np.sqrt(np.sum(((up - down) / (2 * _STEP)) ** 2, axis=0)))


def _row(bulk: BulkSet, combination: Combination, line: Line, points: Sequence[MeasuredPoint]) -> Row:
    values = np.array([point.value for point in points])
    return Row(bulk, combination, predicted(line, combination, points)[0], band(line, combination, points), values)


def _with_minima(rows: Sequence[Row]) -> Iterable[Row]:
    """The rows; the band of a set with several minima is that of all of them about the set, each weighing the same."""
    for row in rows:
        same = [one for one in rows if (one.bulk.name, one.combination) == (row.bulk.name, row.combination)]
        if row.bulk.minimum or len(same) < 2:
            yield row
            continue
        spread = [one.band**2 + (one.predicted - row.predicted) ** 2 for one in same]
        yield replace(row, band=np.sqrt(np.mean(spread, axis=0)))


def draw(line: Line, combination: Combination, points: Sequence[MeasuredPoint], draws: int, seed: int = SEED) -> Array:
    """Predictions (draws, points) with all that is not known of a family drawn from its prior."""
    rng = np.random.default_rng(seed)
    constants = Constants.drawn(rng, draws)
    amount = rng.uniform(line.amounts[0], line.amounts[-1], draws) * (combination.surface != "none")
    deviate = rng.standard_normal((draws, line.deviates))
    return at_points(*line.at(amount, combination.image, combination.scale.family, constants, deviate), points)


def _evidence(line: Line, combination: Combination, points: Sequence[MeasuredPoint], draws: int) -> Evidence:
    drawn = draw(line, combination, points, draws)
    measured = np.array([point.value for point in points])
    log_z, error = {}, {}
    for sd in ERRORS:
        log_z[sd], error[sd] = evidence.log_evidence(evidence.log_terms(drawn, measured, sd))
    terms = evidence.log_terms(drawn, measured, ERRORS[0])
    return Evidence(log_z, error, evidence.leave_one_out(terms, drawn))


def perfect(points: Sequence[MeasuredPoint], error: float = ERRORS[0]) -> float:
    """ln Z of a model that predicts every number exactly."""
    return -len(points) * math.log(error * math.sqrt(2 * math.pi))
