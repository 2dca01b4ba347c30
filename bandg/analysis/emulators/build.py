"""Builds an emulator from computed nanocrystals.

Nanocrystals are computed at points of the knobs that a Sobol sequence spreads over the ranges, dense near the ends, and
at the defaults: all points at every small size, a part of them at the large ones. A polynomial is fitted to them by
least squares, size by size. Further nanocrystals, left out of the fit, give its error.

The bulk of every point is known, and larger sizes near it as `bandg.analysis.emulators.beyond` says. The large sizes
are a first value from that and a polynomial for what it misses. Beyond them it stands alone. The same continues tilted
crystals, which are computed at small sizes: there what is continued is their difference from the polynomials of the
cubic ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg import __version__
from bandg.analysis.emulators.band import band
from bandg.analysis.emulators.beyond import continued
from bandg.analysis.emulators.emulator import OUTPUTS, Check, Emulator, Exciton, powers
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
    large_cells and check_cells, and tilted at tilted_check_cells.
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

    @property
    def sizes(self) -> tuple[int, ...]:
        """All sizes in cells, ascending."""
        return (*self.cells, *self.large_cells, *self.beyond)


DEFAULT_PLAN = Plan()
_POINTS_PER_TERM, _LARGE_POINTS_PER_TERM = 2, 2.4
_ANOTHER_LEVEL_EV = 0.02
_DIGITS = 7


def build(parameters: ParameterSet, shape: str = "cube", plan: Plan = DEFAULT_PLAN, run: Run = DEFAULT_RUN) -> Emulator:
    """The emulator of halide-terminated nanocrystals of a set. Raises BandgError."""
    from bandg.models.etb.local import resolve_neighbors

    case = Case(parameters, resolve_neighbors(parameters, None), shape, "halide", cells=plan.cells)
    varied = variations(case, bool(plan.tilted_points))
    exponents, coefficients, fitted = _fitted(case, varied, plan, run)
    checks, tested, expected = _checks(case, varied, plan, run)
    error = np.einsum("pt,ont->pon", powers(checks, exponents), coefficients) - expected
    crystals = case.crystals()
    bulk = bulk_of(parameters, case.neighbors)
    values = np.array([[one.knob.value(at) for one, at in zip(varied, row, strict=True)] for row in checks])
    errors_of_bulk = band(case, (*plan.large_cells, *plan.beyond), run)
    made_by = {"bandg": __version__, "set_sha256": parameters.digest()}
    return Emulator(
        parameters.name,
        shape,
        "halide",
        plan.sizes,
        tuple(float(n * crystals[0].size_nm / plan.cells[0]) for n in plan.sizes),
        tuple(one.knob for one in varied),
        tuple(map(tuple, exponents.tolist())),
        OUTPUTS,
        _plain(coefficients),
        _plain(_of_all(np.sqrt(np.ma.masked_invalid(error**2).mean(axis=0)))),
        _plain(_of_all(np.ma.masked_invalid(np.abs(error)).max(axis=0))),
        None if errors_of_bulk is None else _plain(errors_of_bulk),
        Exciton(reduced_mass(bulk), coulomb_radius_nm(crystals[0]) / crystals[0].size_nm),
        made_by | {"computed": str(fitted + int(np.isfinite(tested[:, 0]).sum()))},
        (*plan.cells, *plan.large_cells)[-1],
        tuple(Check(_plain(x), _plain(row)) for x, row in zip(values, tested, strict=True)),
    )


def _fitted(case: Case, varied: Sequence[Variation], plan: Plan, run: Run) -> tuple[NDArray[np.int64], Array, int]:
    """Exponents (n_terms, d), coefficients (4, n, n_terms) at all sizes, and the number of computed nanocrystals."""
    cubic = [one for one in varied if one.knob.name != "tilt"]
    exponents, coefficients, count = _fitted_cubic(case, cubic, plan, run)
    if len(cubic) == len(varied):
        return exponents, coefficients, count
    own, of_tilt, tilted = _fitted_tilt(case, varied, exponents, coefficients, plan, run)
    return *_together(exponents, coefficients, own, of_tilt), count + tilted


def _fitted_cubic(case: Case, cubic: Sequence[Variation], plan: Plan, run: Run) -> tuple[NDArray[np.int64], Array, int]:
    """The same of crystals without a tilt."""
    exponents = terms_of(cubic)
    t = points(len(cubic), _POINTS_PER_TERM * len(exponents), dense=True)
    t = np.concatenate([_at_defaults(cubic), t])
    found, bulk = computed(case, cubic, t, run)
    large, count = _large(case, cubic, t, found, bulk, plan, run)
    found = np.concatenate([found, large], axis=-1)
    values = np.concatenate([found, continued(plan.sizes[: found.shape[-1]], found, bulk, plan.beyond)], axis=-1)
    return exponents, least_squares(t, exponents, values), count + len(t) * len(plan.cells)


def _fitted_tilt(
    case: Case,
    varied: Sequence[Variation],
    exponents: NDArray[np.int64],
    coefficients: Array,
    plan: Plan,
    run: Run,
) -> tuple[NDArray[np.int64], Array, int]:
    """The same of the change by a tilt, the last of the knobs, in its share u = (t + 1) / 2.

    exponents, coefficients: of crystals without a tilt.
    """
    cubic = varied[:-1]
    t = points(len(varied), plan.tilted_points, dense=True)
    tilted, bulk = computed(replace(case, cells=plan.tilted_cells), varied, t, run)
    of_cubic = np.einsum("pt,ont->pon", powers(t[:, :-1], exponents), coefficients)
    bulk_of_cubic = np.array([_bulk_row(changed(case, cubic, one)) for one in t[:, :-1]])
    place = [plan.cells.index(n) for n in plan.tilted_cells]
    others = [n for n in plan.sizes if n not in plan.tilted_cells]
    change = tilted - of_cubic[..., place]
    change = np.concatenate([change, continued(plan.tilted_cells, change, bulk - bulk_of_cubic, others)], axis=-1)
    order = np.argsort([*plan.tilted_cells, *others])
    own = _tilt_terms(cubic)
    share = np.concatenate([t[:, :-1], (t[:, -1:] + 1) / 2], axis=1)
    return own, least_squares(share, own, change[..., order]), tilted[:, 0].size


def _at_defaults(varied: Sequence[Variation]) -> Array:
    """Points (3, d) at both ends and in the middle of the first knob, with the others at their defaults."""
    defaults = [float(one.knob.scaled(one.knob.default)) for one in varied[1:]]
    return np.array([[first, *defaults] for first in (-1.0, 0.0, 1.0)])


def _large(
    case: Case, varied: Sequence[Variation], t: Array, found: Array, bulk: Array, plan: Plan, run: Run
) -> tuple[Array, int]:
    """OUTPUTS (n_points, 4, n_large) at the large sizes, and how many of them are computed.

    They are what follows from the smaller ones and the bulk, and a polynomial for what that misses: up to the second
    power of the first knob times one other, and the first alone up to the fourth.
    A nanocrystal whose band edge is another level than that of the smaller ones, as where the hole of a nearly empty
    surface lies in a band of the surface, has no part in it. Raises BandgError where that is one in ten.
    """
    followed = continued(plan.cells, found, bulk, plan.large_cells)
    exponents = terms_of(varied)
    others = exponents[:, 1:].sum(axis=1)
    low = exponents[(others == 0) | ((others == 1) & (exponents[:, 0] <= 2))]
    part = t[: int(_LARGE_POINTS_PER_TERM * len(low)) + 3]
    exact = computed(replace(case, cells=plan.large_cells), varied, part, run)[0]
    off = exact - followed[: len(part)]
    same = (np.abs(off[:, :2]) < _ANOTHER_LEVEL_EV).all(axis=(1, 2))
    if same.mean() < 0.9:
        raise BandgError(
            f"no emulator of {case.parameters.name}: {(~same).sum()} of {len(part)} nanocrystals of "
            f"{', '.join(map(str, plan.large_cells))} cells have another level as band edge than smaller ones"
        )
    missed = least_squares(part[same], low, off[same])
    return followed + np.einsum("pt,ont->pon", powers(t, low), missed), exact[:, 0].size


def _checks(case: Case, varied: Sequence[Variation], plan: Plan, run: Run) -> tuple[Array, Array, Array]:
    """Points (n, d) that are left out, OUTPUTS (n, 4, n_sizes) computed at them and expected, NaN where there are none.

    Where a tilted one is not computed, what follows from its own smaller sizes and its own bulk is expected.
    """
    cubic = [one for one in varied if one.knob.name != "tilt"]
    t = points(len(cubic), plan.left_out, dense=False)
    parts: list[tuple[Sequence[Variation], Array, tuple[int, ...]]] = [
        (cubic, t, plan.cells),
        (cubic, t[: plan.checks], (*plan.large_cells, *plan.check_cells)),
    ]
    if len(cubic) < len(varied):
        tilted = points(len(varied), plan.tilted_left_out, dense=False)
        parts += [(varied, tilted, plan.tilted_cells), (varied, tilted[: plan.tilted_checks], plan.tilted_check_cells)]
    tested: dict[tuple[float, ...], Array] = {}
    followed: dict[tuple[float, ...], Array] = {}
    for which, at, cells in parts:
        for one, outputs, bulk in zip(at, *computed(replace(case, cells=cells), which, at, run), strict=True):
            key = (*one, *[-1.0] * (len(varied) - len(one)))
            row = tested.setdefault(key, np.full((4, len(plan.sizes)), np.nan))
            row[:, [plan.sizes.index(n) for n in cells]] = outputs
            if key not in followed:
                is_tilted = len(cubic) < len(varied) == len(one)
                followed[key] = continued(cells, outputs, bulk, plan.sizes) if is_tilted else np.full_like(row, np.nan)
    found, other = (np.array(list(rows.values())) for rows in (tested, followed))
    return np.array(list(tested)), found, np.where(np.isnan(found), other, found)


def least_squares(t: Array, exponents: NDArray[np.int64], values: Array) -> Array:
    """Coefficients (4, n, n_terms) of values (n_points, 4, n) at points (n_points, d)."""
    found = np.linalg.lstsq(powers(t, exponents), values.reshape(len(t), -1), rcond=None)[0]
    return np.asarray(found.T.reshape(*values.shape[1:], len(exponents)))


def terms_of(varied: Sequence[Variation]) -> NDArray[np.int64]:
    """Exponents (n_terms, d): products up to the third order, and of the fourth if the first knob is one of them.

    No knob beyond its order, and those of less than the fourth order in no product of that.
    """
    orders, degree = [one.order for one in varied], 4
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
    return np.array([unit[d], 2 * unit[d], *(unit[d] + unit[k] for k in range(d)), unit[d] + 2 * unit[0]])


def _together(
    exponents: NDArray[np.int64], coefficients: Array, of_share: NDArray[np.int64], added: Array
) -> tuple[NDArray[np.int64], Array]:
    """One polynomial in t from that of the other knobs and one in the share u = (t + 1) / 2 of the last."""
    sums = {(*map(int, row), 0): coefficients[..., n] for n, row in enumerate(exponents)}
    for n, row in enumerate(of_share):
        power = int(row[-1])
        for k in range(power + 1):
            key = (*map(int, row[:-1]), k)
            sums[key] = sums.get(key, 0.0) + comb(power, k) / 2**power * added[..., n]
    return np.array(list(sums)), np.stack(list(sums.values()), axis=-1)


def points(d: int, count: int, dense: bool) -> Array:
    """Points (count, d) within -1..1 of a Sobol sequence; dense: near the ends, as Chebyshev's zeros."""
    from scipy.stats import qmc

    unit = qmc.Sobol(d, scramble=True, rng=1 if dense else 2).random(1 << (count - 1).bit_length())[:count]
    return -np.cos(np.pi * unit) if dense else 2 * unit - 1


def computed(case: Case, varied: Sequence[Variation], t: Array, run: Run) -> tuple[Array, Array]:
    """OUTPUTS (n_points, 4, n_sizes) at points (n_points, d) of t, and those of the bulk (n_points, 4).

    Raises BandgError where one cannot be computed.
    """
    cases = [changed(case, varied, one) for one in t]
    evaluator = Evaluator(run)
    found = evaluator.levels(cases)
    for one, levels in zip(cases, found, strict=True):
        if None in levels:
            raise BandgError(f"no emulator of {case.parameters.name}: {evaluator.reason(one)}")
    of_levels = np.array([[_row(one) for one in levels] for levels in found]).transpose(0, 2, 1)
    return of_levels, np.array([_bulk_row(one) for one in cases])


def changed(case: Case, varied: Sequence[Variation], t: Array) -> Case:
    """The case at one point (d,) of t, of its own sizes."""
    values = ((one.change, one.knob.value(float(at))) for one, at in zip(varied, t, strict=True))
    return replace(together(case, *values), cells=case.cells)


def _row(found: Levels | None) -> tuple[float, ...]:
    """OUTPUTS (4,) of a nanocrystal."""
    assert found is not None and found.electron.g is not None and found.hole.g is not None
    return found.electron.energy_eV, found.hole.energy_eV, found.electron.g, found.hole.g


def _bulk_row(case: Case) -> tuple[float, ...]:
    """OUTPUTS (4,) of the bulk of a case."""
    bulk = own_bulk(case)
    return bulk.conduction.energy, bulk.valence.energy, *bulk.g_factors()


def _of_all(errors: Any) -> Array:
    """Errors (4, n) by size, masked where nothing was left out: there that of the next smaller size."""
    known = np.flatnonzero(~np.ma.getmaskarray(errors)[0])
    return np.asarray(errors.data[:, [known[known <= n][-1] for n in range(errors.shape[-1])]])


def _plain(values: Any) -> Any:
    """Nested tuples of rounded numbers, None for NaN."""
    if np.ndim(values) == 0:
        return None if np.isnan(values) else float(f"{values:.{_DIGITS}g}")
    return tuple(_plain(one) for one in values)
