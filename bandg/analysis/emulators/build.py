"""Builds an emulator from computed nanocrystals.

Nanocrystals are computed at points of the knobs that a Sobol sequence spreads over the ranges, dense near the ends, and
at the defaults: all points at every small size, a part of them at the large ones. A polynomial is fitted to them by
least squares, size by size. Further nanocrystals, left out of the fit, give its error.

The bulk of every point is known, and larger sizes near it as `bandg.analysis.emulators.beyond` says. The large sizes
are a first value from that and a polynomial for what it misses. Beyond them it stands alone. The same continues tilted
crystals, which are computed at small sizes: there what is continued is their difference from the polynomials of the
cubic ones.

Where the overlap of a band edge with that of the bulk is below one half, it may be another level than nearby. Such a
point has no part in the fit. The overlap of a point is the smallest of the small sizes and, by a straight line, at the
first large size; of a third of the points at all computed sizes. That of cubic crystals is emulated too, to tell where
the emulator holds: a tilt is ignored there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg import __version__
from bandg.analysis.emulators.band import band
from bandg.analysis.emulators.beyond import at_sizes, by_volume
from bandg.analysis.emulators.emulator import LEAST_OVERLAP, OUTPUTS, Check, Emulator, Exciton, powers
from bandg.analysis.emulators.errors import errors_of
from bandg.analysis.emulators.knobs import Variation, variations
from bandg.analysis.hypotheses.case import Case, bulk_of, own_bulk
from bandg.analysis.hypotheses.changes import together
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.base.errors import BandgError
from bandg.models.exciton import coulomb_radius_nm, reduced_mass
from bandg.models.levels import Levels
from bandg.parameters.sets import ParameterSet
from bandg.runs.options import DEFAULT_RUN, Run

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What is computed: sizes in cells and numbers of points.

    cells, large_cells: sizes of cubic crystals; at the large ones a part of the points is computed. beyond: larger
    sizes, which follow from those and the bulk. left_out: number of points that are left out of the fit. tilted_cells,
    tilted_points, tilted_left_out: of crystals with tilted octahedra, points that are fitted and that are left out;
    without points there is no such knob. checks, tilted_checks: of those left out, points that are computed also at
    large_cells and check_cells, and tilted at tilted_check_cells. between_cells, between_points: sizes that are left
    out, and at how many of the left-out points. degree, points_per_term: of the polynomials (`terms_of`).
    """

    cells: tuple[int, ...] = (4, 5, 6, 8)
    large_cells: tuple[int, ...] = (12, 16)
    beyond: tuple[int, ...] = (20, 25, 32, 40)
    left_out: int = 24
    tilted_cells: tuple[int, ...] = (4, 5, 6, 8)
    tilted_points: int = 0
    tilted_left_out: int = 0
    checks: int = 3
    check_cells: tuple[int, ...] = (25,)
    tilted_checks: int = 2
    tilted_check_cells: tuple[int, ...] = (12,)
    between_cells: tuple[float, ...] = ()
    between_points: int = 8
    degree: int = 4
    points_per_term: float = 2

    @property
    def sizes(self) -> tuple[int, ...]:
        """All sizes in cells, ascending."""
        return (*self.cells, *self.large_cells, *self.beyond)


DEFAULT_PLAN = Plan()
_LARGE_POINTS_PER_TERM = 2.4
_DIGITS = 7


@dataclass(frozen=True)
class Fitted:
    """Polynomials: exponents (n_terms, d), coefficients of OUTPUTS at all sizes (4, n, n_terms) and of the smallest
    overlap of the cubic crystal (n_terms,); number of computed nanocrystals."""

    exponents: NDArray[np.int64]
    coefficients: Array
    overlap: Array
    count: int


def build(parameters: ParameterSet, shape: str = "cube", plan: Plan = DEFAULT_PLAN, run: Run = DEFAULT_RUN) -> Emulator:
    """The emulator of halide-terminated nanocrystals of a set. Raises BandgError."""
    from bandg.models.etb.local import resolve_neighbors

    case = Case(parameters, resolve_neighbors(parameters, None), shape, "halide", cells=plan.cells)
    varied = variations(case, bool(plan.tilted_points))
    fitted = _fitted(case, varied, plan, run)
    checks, expected = _checks(case, varied, plan, run)
    crystals = case.crystals()
    bulk = bulk_of(parameters, case.neighbors)
    errors_of_bulk = band(replace(case, cells=(*plan.cells, *plan.large_cells)), plan.sizes, run)
    nothing = ((0.0,) * len(plan.sizes),) * len(OUTPUTS)
    count = fitted.count + sum(len(one.size_nm) for one in checks)
    made = Emulator(
        parameters.name,
        shape,
        "halide",
        plan.sizes,
        _plain(by_volume(case, plan.sizes) * parameters.a_nm),
        tuple(one.knob for one in varied),
        tuple(map(tuple, fitted.exponents.tolist())),
        OUTPUTS,
        _plain(fitted.coefficients),
        nothing,
        nothing,
        None if errors_of_bulk is None else _plain(errors_of_bulk),
        Exciton(reduced_mass(bulk), coulomb_radius_nm(crystals[0]) / crystals[0].size_nm),
        {"bandg": __version__, "set_sha256": parameters.digest(), "computed": str(count)},
        parameters.a_nm,
        _plain(fitted.overlap),
        (*plan.cells, *plan.large_cells)[-1],
        checks,
    )
    rms, largest = errors_of(made, (*checks, *expected))
    return replace(made, error_rms=_plain(rms), error_max=_plain(largest))


def _fitted(case: Case, varied: Sequence[Variation], plan: Plan, run: Run) -> Fitted:
    """The polynomials of crystals with all knobs."""
    cubic = [one for one in varied if one.knob.name != "tilt"]
    found = _fitted_cubic(case, cubic, plan, run)
    return found if len(cubic) == len(varied) else _with_tilt(case, varied, found, plan, run)


def _fitted_cubic(case: Case, cubic: Sequence[Variation], plan: Plan, run: Run) -> Fitted:
    """The polynomials of crystals without a tilt."""
    exponents = terms_of(cubic, plan.degree)
    t = points(len(cubic), int(plan.points_per_term * len(exponents)), dense=True)
    t = np.concatenate([_at_defaults(cubic), t])
    small = computed(case, cubic, t, run)
    outputs, smallest, count = _large(case, cubic, t, small, plan, run)
    values = at_sizes(case, (*plan.cells, *plan.large_cells), outputs, small.bulk, plan.sizes)
    is_same = smallest >= LEAST_OVERLAP
    coefficients = least_squares(t[is_same], exponents, values[is_same])
    overlap = np.linalg.lstsq(powers(t, exponents), smallest, rcond=None)[0]
    return Fitted(exponents, coefficients, np.asarray(overlap, dtype=float), count + len(t) * len(plan.cells))


def _with_tilt(case: Case, varied: Sequence[Variation], of_cubic: Fitted, plan: Plan, run: Run) -> Fitted:
    """The polynomials with the change by a tilt, the last of the knobs, in its share u = (t + 1) / 2.

    A point whose band edge is another level at a computed size has no part in it. The overlap stays that of the cubic
    crystals.
    """
    cubic = varied[:-1]
    t = points(len(varied), plan.tilted_points, dense=True)
    tilted = computed(replace(case, cells=plan.tilted_cells), varied, t, run)
    place = [plan.cells.index(n) for n in plan.tilted_cells]
    cubic_outputs = np.einsum("pt,ont->pon", powers(t[:, :-1], of_cubic.exponents), of_cubic.coefficients)
    bulk_of_cubic = np.array([_bulk_row(changed(case, cubic, one)) for one in t[:, :-1]])
    change, limit = tilted.outputs - cubic_outputs[..., place], tilted.bulk - bulk_of_cubic
    change = at_sizes(case, plan.tilted_cells, change, limit, plan.sizes)
    own = _tilt_terms(cubic)
    share = np.concatenate([t[:, :-1], (t[:, -1:] + 1) / 2], axis=1)
    is_same = tilted.overlap.min(axis=1) >= LEAST_OVERLAP
    added = least_squares(share[is_same], own, change[is_same])
    exponents, coefficients = _together(of_cubic.exponents, of_cubic.coefficients, own, added)
    overlap = np.pad(of_cubic.overlap, (0, len(exponents) - len(of_cubic.exponents)))
    return Fitted(exponents, coefficients, overlap, of_cubic.count + tilted.overlap.size)


def _at_defaults(varied: Sequence[Variation]) -> Array:
    """Points (3, d) at both ends and in the middle of the first knob, with the others at their defaults."""
    defaults = [float(one.knob.scaled(one.knob.default)) for one in varied[1:]]
    return np.array([[first, *defaults] for first in (-1.0, 0.0, 1.0)])


def _large(
    case: Case, varied: Sequence[Variation], t: Array, small: Computed, plan: Plan, run: Run
) -> tuple[Array, Array, int]:
    """OUTPUTS at all computed sizes (n_points, 4, m), the smallest overlap (n_points,), number of computed large ones.

    The large ones are what follows from the smaller ones and the bulk, and a polynomial for what that misses: up to the
    second power of the first knob times one other, and the first alone up to the fourth. The overlap at the first large
    size is that of a straight line through the small ones where it is not computed.
    A point whose band edge is another level has no part in it. Raises BandgError where that is more than one
    in five.
    """
    followed = at_sizes(case, plan.cells, small.outputs, small.bulk, plan.large_cells)
    exponents = terms_of(varied, plan.degree)
    others = exponents[:, 1:].sum(axis=1)
    low = exponents[(others == 0) | ((others == 1) & (exponents[:, 0] <= 2))]
    part = slice(int(_LARGE_POINTS_PER_TERM * len(low)) + 3)
    exact = computed(replace(case, cells=plan.large_cells), varied, t[part], run)
    line = np.polyval(np.polyfit(by_volume(case, plan.cells), small.overlap.T, 1), plan.large_cells[0])
    line[part] = exact.overlap.min(axis=1)
    smallest = np.minimum(small.overlap.min(axis=1), line)
    is_same = smallest[part] >= LEAST_OVERLAP
    if is_same.mean() < 0.8:
        raise BandgError(
            f"no emulator of {case.parameters.name}, {case.shape}: the band edge of {(~is_same).sum()} of "
            f"{len(is_same)} points overlaps with the bulk's by less than {LEAST_OVERLAP:g}"
        )
    missed = least_squares(t[part][is_same], low, (exact.outputs - followed[part])[is_same])
    outputs = np.concatenate([small.outputs, followed + np.einsum("pt,ont->pon", powers(t, low), missed)], axis=-1)
    return outputs, smallest, exact.overlap.size


def _checks(
    case: Case, varied: Sequence[Variation], plan: Plan, run: Run
) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """What is computed at points that are left out, and what is expected of tilted ones at the other sizes.

    That is what follows from their own smaller sizes and their own bulk.
    """
    cubic = [one for one in varied if one.knob.name != "tilt"]
    t = points(len(cubic), plan.left_out, dense=False)
    parts: list[tuple[Sequence[Variation], Array, tuple[float, ...]]] = [
        (cubic, t, plan.cells),
        (cubic, t[: plan.checks], (*plan.large_cells, *plan.check_cells)),
    ]
    if plan.between_cells:
        parts.append((cubic, t[: plan.between_points], plan.between_cells))
    if len(cubic) < len(varied):
        tilted = points(len(varied), plan.tilted_left_out, dense=False)
        parts += [(varied, tilted, plan.tilted_cells), (varied, tilted[: plan.tilted_checks], plan.tilted_check_cells)]
    checks, expected = [], []
    for which, at, cells in parts:
        found = computed(replace(case, cells=cells), which, at, run)
        for n, one in enumerate(at):
            place = (*one, *[-1.0] * (len(varied) - len(one)))
            values = [v.knob.value(x) for v, x in zip(varied, place, strict=True)]
            changes = [1 + v.knob.size_change * (x + 1) / 2 for v, x in zip(varied, place, strict=True)]
            a_nm = case.parameters.a_nm * math.prod(changes)
            outputs, overlap = found.outputs[n], found.overlap[n]
            checks.append(
                Check(_plain(values), _plain(by_volume(case, cells) * a_nm), _plain(outputs), _plain(overlap))
            )
            if len(cubic) < len(one) and cells == plan.tilted_cells:
                known = plan.tilted_check_cells if n < plan.tilted_checks else ()
                others = [size for size in plan.sizes if size not in (*cells, *known)]
                follows = at_sizes(case, cells, outputs, found.bulk[n], others)
                sizes = _plain(by_volume(case, others) * a_nm)
                expected.append(Check(_plain(values), sizes, _plain(follows), ()))
    return tuple(checks), tuple(expected)


def least_squares(t: Array, exponents: NDArray[np.int64], values: Array) -> Array:
    """Coefficients (4, n, n_terms) of values (n_points, 4, n) at points (n_points, d)."""
    found = np.linalg.lstsq(powers(t, exponents), values.reshape(len(t), -1), rcond=None)[0]
    return np.asarray(found.T.reshape(*values.shape[1:], len(exponents)))


def terms_of(varied: Sequence[Variation], degree: int = 4) -> NDArray[np.int64]:
    """Exponents (n_terms, d): products below an order, and of that order if the first knob is one of them.

    No knob beyond its own order, and those of less than the given one in no product of that.
    """
    orders = [one.order for one in varied]
    found = itertools.product(*(range(min(order, degree) + 1) for order in orders))
    low = np.array([order < degree for order in orders])

    def fits(row: tuple[int, ...]) -> bool:
        """Whether a product is within the order."""
        return sum(row) < degree or (sum(row) == degree and row[0] > 0 and not np.any(np.array(row)[low]))

    return np.array([row for row in found if fits(row)])


def _tilt_terms(cubic: Sequence[Variation]) -> NDArray[np.int64]:
    """Exponents (n_terms, d) of the change by a tilt, the last of them that of its share u = (t + 1) / 2."""
    d = len(cubic)
    unit = np.eye(d + 1, dtype=np.int64)
    own = [unit[d], 2 * unit[d], *(unit[d] + unit[k] for k in range(d)), unit[d] + 2 * unit[0]]
    names = [one.knob.name for one in cubic]
    pair = [names.index(one) for one in ("xx", "bromide") if one in names]
    return np.array([*own, *([unit[d] + unit[pair].sum(axis=0)] if len(pair) == 2 else [])])


def _together(
    exponents: NDArray[np.int64], coefficients: Array, of_share: NDArray[np.int64], added: Array
) -> tuple[NDArray[np.int64], Array]:
    """One polynomial in t from that of the other knobs and one in the share u = (t + 1) / 2 of the last."""
    sums = {(*map(int, row), 0): coefficients[..., n] for n, row in enumerate(exponents)}
    for n, row in enumerate(of_share):
        power = int(row[-1])
        for k in range(power + 1):
            key = (*map(int, row[:-1]), k)
            sums[key] = sums.get(key, 0.0) + math.comb(power, k) / 2**power * added[..., n]
    return np.array(list(sums)), np.stack(list(sums.values()), axis=-1)


def points(d: int, count: int, dense: bool) -> Array:
    """Points (count, d) within -1..1 of a Sobol sequence; dense: near the ends, as Chebyshev's zeros."""
    from scipy.stats import qmc

    unit = qmc.Sobol(d, scramble=True, rng=1 if dense else 2).random(1 << (count - 1).bit_length())[:count]
    return -np.cos(np.pi * unit) if dense else 2 * unit - 1


@dataclass(frozen=True, eq=False)
class Computed:
    """Nanocrystals at points: OUTPUTS (n_points, 4, n_sizes), those of the bulk (n_points, 4), and the smaller of both
    overlaps of the band edges with those of the bulk (n_points, n_sizes)."""

    outputs: Array
    bulk: Array
    overlap: Array


def computed(case: Case, varied: Sequence[Variation], t: Array, run: Run) -> Computed:
    """The nanocrystals of a case at points (n_points, d) of t. Raises BandgError where one cannot be computed."""
    cases = [changed(case, varied, one) for one in t]
    evaluator = Evaluator(run)
    found = evaluator.levels(cases)
    for one, levels in zip(cases, found, strict=True):
        if None in levels:
            raise BandgError(f"no emulator of {case.parameters.name}: {evaluator.reason(one)}")
    rows = np.array([[_row(one) for one in levels] for levels in found]).transpose(0, 2, 1)
    return Computed(rows[:, :4], np.array([_bulk_row(one) for one in cases]), rows[:, 4])


def changed(case: Case, varied: Sequence[Variation], t: Array) -> Case:
    """The case at one point (d,) of t, of its own sizes."""
    found = _changed(replace(case, cells=()), tuple(varied), tuple(np.asarray(t, dtype=float).tolist()))
    return replace(found, cells=case.cells)


@lru_cache(maxsize=1024)
def _changed(case: Case, varied: tuple[Variation, ...], t: tuple[float, ...]) -> Case:
    """Kept, because half a second goes into the bulk that a knob holds or moves."""
    return together(case, *((one.change, one.knob.value(at)) for one, at in zip(varied, t, strict=True)))


def _row(found: Levels | None) -> tuple[float, ...]:
    """OUTPUTS of a nanocrystal and the smaller overlap, (5,)."""
    assert found is not None and found.electron.g is not None and found.hole.g is not None
    overlap = min(found.electron.overlap, found.hole.overlap)
    return found.electron.energy_eV, found.hole.energy_eV, found.electron.g, found.hole.g, overlap


def _bulk_row(case: Case) -> tuple[float, ...]:
    """OUTPUTS (4,) of the bulk of a case."""
    bulk = own_bulk(case)
    return bulk.conduction.energy, bulk.valence.energy, *bulk.g_factors()


def _plain(values: Any) -> Any:
    """Nested tuples of rounded numbers, None for NaN."""
    if np.ndim(values) == 0:
        return None if np.isnan(values) else float(f"{values:.{_DIGITS}g}")
    return tuple(_plain(one) for one in values)
