"""Posterior of named parameters given measured g-factors, and the evidence of competing models, by nested sampling.

A curve g(E) runs from the smallest nanocrystal to the largest and from there to the bulk, which is computed too;
between the points it is a monotone cubic (PCHIP), outside there is no value. A termination between 0 (halide) and
1 (lead) is a mixture of two kinds of nanocrystals: its g is what the fit of one cosine gives for both at equal energy
(their mean, where no spread is measured), and the spread and the residual of that fit must not exceed measured ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.inference.emulator import SCALE, Emulator
from bandg.base.errors import BandgError
from bandg.base.monotone import monotone_cubic
from bandg.base.quantities import named
from bandg.base.text import one_line, quote
from bandg.data.measured import MeasuredPoint
from bandg.data.single_fit import REACH
from bandg.data.spreads import Asked, Decay, SpreadCheck, asked_of, checks_of, decays, observed
from bandg.parameters.names import unit_of
from bandg.parameters.ranges import EXAMPLE, Range, parse_range, parse_value
from bandg.parameters.sets import ParameterSet

TERMINATION, SHIFT, SCATTER, EXCITON = "termination", "energy.shift", "scatter", "exciton"
SPECIAL = {TERMINATION: "", SHIFT: "eV", SCATTER: "", EXCITON: ""}
"""What can be inferred besides parameters of the set: the mixing of the two curves, E_photon = E_e - E_h + shift (minus
the binding energy; a constant, which is an assumption), the error of points without a stated one, and 1 / eps_in of the
exciton's binding energy, which grows as the nanocrystal shrinks (`bandg.models.exciton`)."""

_LIMITS = {TERMINATION: (0.0, 1.0), SHIFT: (-0.5, 0.5), SCATTER: (1e-3, 5.0), EXCITON: (0.0, 1.0)}
_WEIGHTS = {"g_e": (1.0, 0.0), "g_h": (0.0, 1.0), "g_bx": (1.0, 1.0)}
BULK = {"E_g": 0, "g_e": 1, "g_h": 2}
"""Bulk quantities that can be constrained."""

IMPOSSIBLE = -1e300
"""Log-likelihood where a point lies outside of a curve."""


@dataclass(frozen=True)
class Model:
    """A named hypothesis: `ranges` are the flat priors of what varies, `fixed` what stands at one value."""

    name: str
    ranges: tuple[Range, ...]
    fixed: tuple[tuple[str, float], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what varies."""
        return tuple(chosen.path for chosen in self.ranges)


@dataclass(frozen=True)
class Constraint:
    """A bulk quantity with its range, which enters as a measured value: middle +- half width."""

    quantity: str
    lower: float
    upper: float
    origin: str = "given"


@dataclass(frozen=True, eq=False)
class Points:
    """Measured points as arrays of shape (n,): energy in eV, value, error, magnitude only; weights (n, 2) of g_e, g_h.

    error is NaN where none is stated. measured: what they were made of. left_out: (point, why). spreads: measured
    spreads of g, which limit a mixture, and decay times.
    """

    energy: NDArray[np.float64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    is_magnitude: NDArray[np.bool_]
    weights: NDArray[np.float64]
    measured: tuple[MeasuredPoint, ...]
    left_out: tuple[tuple[MeasuredPoint, str], ...]
    spreads: tuple[MeasuredPoint, ...] = ()


def select_points(
    measured: Iterable[MeasuredPoint],
    quantities: Sequence[str] = ("g_e", "g_h"),
    spreads: Iterable[MeasuredPoint] = (),
) -> Points:
    """The points and spreads that enter: those that a model is judged by. quantities: of g_e, g_h, g_bx.

    Raises BandgError where none is left.
    """
    for name in quantities:
        if name not in _WEIGHTS:
            raise BandgError(one_line(f"quantity {name!r} is unknown; choose of {', '.join(_WEIGHTS)}"))
    used: list[MeasuredPoint] = []
    left_out = []
    for point in measured:
        if point.why_not_judged_by:
            left_out.append((point, point.why_not_judged_by))
        elif point.quantity.removeprefix("abs_") not in quantities:
            left_out.append((point, "the quantity is not asked for"))
        else:
            used.append(point)
    if not used:
        asked = [why for point, why in left_out if point.quantity.removeprefix("abs_") in quantities]
        reasons = "; ".join(dict.fromkeys(asked)) or "there is none"
        raise BandgError(one_line(f"no independent measurement of {', '.join(quantities)} is left: {reasons}"))
    limits = tuple(spreads)
    left_out += [(point, why) for point in limits if (why := point.why_not_judged_by)]
    return Points(
        np.array([point.energy_eV for point in used], dtype=float),
        np.array([point.value for point in used]),
        np.array([np.nan if not point.error else point.error for point in used]),
        np.array([point.quantity.startswith("abs_") for point in used]),
        np.array([_WEIGHTS[point.quantity.removeprefix("abs_")] for point in used]),
        tuple(used),
        tuple(left_out),
        limits,
    )


def parse_model(text: str, parameters: ParameterSet, common: Sequence[str] = ()) -> Model:
    """A model from "NAME: WHAT=LO..HI, WHAT=VALUE, ..." and what all models have in common. Raises BandgError."""
    name, colon, rest = text.partition(":")
    if not (colon and name.strip()) or "=" in name or name.strip() == SCALE.removesuffix(":"):
        raise BandgError(one_line(f"model {text!r} must begin with a name: write 'mixed: termination=0..1'"))
    items = [*common, *(item for item in rest.split(",") if item.strip())]
    ranges: dict[str, Range] = {}
    fixed: dict[str, float] = {}
    for path, value in named(items, f"model {quote(name.strip())}:", EXAMPLE).items():
        unit = _unit(path, parameters)
        if ".." in value or "+-" in value:
            ranges[path] = _limited(parse_range(value, path, unit, _center(path, parameters)))
        else:
            one = parse_value(value, path, unit)
            fixed[path] = _limited(Range(path, one, one, unit)).lower
    if not ranges:
        raise BandgError(one_line(f"model {name.strip()!r} varies nothing: give it a range, as termination=0..1"))
    return Model(name.strip(), tuple(ranges.values()), tuple(fixed.items()))


def _unit(path: str, parameters: ParameterSet) -> str:
    if path in SPECIAL:
        return SPECIAL[path]
    if path.startswith(SCALE):
        return ""
    if path not in parameters.entries:
        from bandg.base.text import nearest

        known = (*SPECIAL, *parameters.entries)
        raise BandgError(
            one_line(
                f"nothing is called {path!r}{nearest(path, known)}; a parameter of the set, "
                f"{', '.join(SPECIAL)}, or scale:hopping.X-X"
            )
        )
    return unit_of(path)


def _center(path: str, parameters: ParameterSet) -> float | None:
    if path in SPECIAL:
        return 0.0 if path == SHIFT else None
    return 1.0 if path.startswith(SCALE) else parameters.value(path)


def _limited(chosen: Range) -> Range:
    low, high = _LIMITS.get(chosen.path, (-np.inf, np.inf))
    if not (low <= chosen.lower and chosen.upper <= high):
        raise BandgError(f"{chosen.path} must lie within {low:g}..{high:g}{chosen.unit}")
    return chosen


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Log-likelihood of one model.

    emulator: nanocrystals of both terminations, one after the other (n_sizes each), then the bulk. terminations: of
    the emulator. sigma: error of points without one. radii: (n,) of the spheres with the same Coulomb integral in nm,
    infinite for the bulk, and the reduced mass in m0, both for the exciton.
    """

    model: Model
    emulator: Emulator
    terminations: tuple[str, ...]
    points: Points
    sigma: float
    default_termination: float
    constraints: tuple[Constraint, ...] = ()
    radii: NDArray[np.float64] | None = None
    reduced_mass: float = 0.0
    _columns: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._columns.update({name: number for number, name in enumerate(self.model.names)})

    def of(self, theta: NDArray[np.float64], name: str, default: float) -> float:
        """Value of something named: varied, fixed, or the default."""
        if name in self._columns:
            return float(theta[self._columns[name]])
        return dict(self.model.fixed).get(name, default)

    def outputs(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outputs of the emulator, shape (n, 3)."""
        return self.emulator(self.emulated(theta))

    def emulated(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the emulator's knobs, shape (n_knobs,)."""
        return np.array([self.of(theta, k.range.path, k.origin) for k in self.emulator.knobs])

    def curves(self, theta: NDArray[np.float64], energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """(g_e, g_h) at photon energies in eV, shape (n, 2), as measured of a mixture; NaN outside of the curves."""
        values, shares = self._kinds(theta, energies, self.outputs(theta))
        mean = np.tensordot(shares, values, axes=1)
        known = self._decays if len(shares) > 1 else {}
        columns = [column for column, quantity in enumerate(("g_e", "g_h")) if quantity in known]
        if columns:
            g = np.concatenate([values[:, :, column] for column in columns], axis=1)
            samples = [decay for decay in known.values() for _ in energies]
            mean[:, columns] = observed(g, shares, samples).g.reshape(len(columns), -1).T
        return np.asarray(mean)

    def spreads(self, theta: NDArray[np.float64]) -> tuple[SpreadCheck, ...]:
        """The measured spreads beside what the mixture predicts; empty where nothing is mixed."""
        return self._measured(theta)[1]

    @cached_property
    def _cases(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], tuple[Asked, ...]]:
        """Every g that is asked of a mixture: number of the point, 0 for g_e or 1 for g_h, energy.

        First those of the points, then those of the spreads, which are last in the result.
        """
        points, columns = np.nonzero(self.points.weights)
        asked = asked_of(self.points.spreads, tuple(dict.fromkeys(map(float, self.points.energy))))
        own = [int(one.point.quantity == "dg_h") for one in asked]
        energies = np.append(self.points.energy[points], [one.energy_eV for one in asked])
        return points, np.append(columns, own).astype(int), energies, asked

    @cached_property
    def _decays(self) -> dict[str, Decay]:
        return decays(self.points.spreads)

    def _measured(self, theta: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[SpreadCheck, ...]]:
        """What the measurement would have given without error at the points, and the spreads of a mixture."""
        return self._seen(*self._asked(theta, self.outputs(theta)))

    def _asked(
        self, theta: NDArray[np.float64], outputs: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """g of each termination that has a share in each of `_cases`, shape (k, n), and the shares (k,)."""
        _, columns, energies, _ = self._cases
        values, shares = self._kinds(theta, energies, outputs)
        return values[:, np.arange(len(columns)), columns], shares

    def _seen(
        self, g: NDArray[np.float64], shares: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], tuple[SpreadCheck, ...]]:
        """What `_measured` gives, from g and shares of the kinds."""
        points, columns, _, asked = self._cases
        mean = shares @ g
        checks: tuple[SpreadCheck, ...] = ()
        if len(shares) > 1:
            samples = [self._decays.get(("g_e", "g_h")[column]) for column in columns[: len(points)]]
            samples += [one.decay for one in asked]
            known = [number for number, one in enumerate(samples) if one is not None]
            seen = observed(g[:, known], shares, [one for one in samples if one is not None])
            mean[known] = seen.g
            first = len(known) - len(asked)
            checks = checks_of(asked, seen.dg[first:], seen.left[first:])
        predicted = self._of_points(mean)
        return np.where(self.points.is_magnitude, np.abs(predicted), predicted), checks

    def _of_points(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """The quantity of each point, with its sign, from g in each of `_cases` (n,)."""
        points, columns = self._cases[:2]
        own = len(points)
        weighted = g[:own] * self.points.weights[points, columns[:own]]
        return np.asarray(np.bincount(points, weighted, len(self.points.value)), dtype=float)

    def _kinds(
        self, theta: NDArray[np.float64], energies: NDArray[np.float64], outputs: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(g_e, g_h) of each termination that has a share, shape (k, n, 2), and the shares (k,)."""
        return of_terminations(*self._mixture(theta, outputs), energies - self.of(theta, SHIFT, 0.0))

    def _mixture(
        self, theta: NDArray[np.float64], outputs: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], tuple[str, ...], dict[str, float]]:
        """Outputs with the exciton's shift, the terminations, and their shares."""
        mixed = self.of(theta, TERMINATION, self.default_termination)
        shares = {"halide": 1 - mixed, "lead": mixed}
        inverse = self.of(theta, EXCITON, 0.0)
        if inverse and self.radii is not None:
            from bandg.models.exciton import exciton_shift

            outputs = outputs.copy()
            outputs[:, 0] += exciton_shift(self.radii, inverse, self.reduced_mass)
        return outputs, self.terminations, shares

    def reached(self, theta: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which measured points lie inside of the curves, shape (n_points,)."""
        values, _ = self._kinds(theta, self.points.energy, self.outputs(theta))
        return np.asarray(np.isfinite(values).all(axis=(0, 2)))

    def predict(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the measurement would have given without error, shape (n_points,), a magnitude where it gives one."""
        return self._measured(theta)[0]

    def __call__(self, theta: NDArray[np.float64], least: float = -np.inf) -> float:
        """Logarithm of the likelihood; where it cannot exceed `least`, any number that does not either."""
        outputs = self.outputs(theta)
        total = 0.0
        for chosen in self.constraints:
            middle, half = (chosen.lower + chosen.upper) / 2, (chosen.upper - chosen.lower) / 2
            total += _gauss(np.array(middle), outputs[-1, BULK[chosen.quantity]], np.array(half))
        g, shares = self._asked(theta, outputs)
        if not np.isfinite(g[:, : len(self._cases[0])]).all():
            return IMPOSSIBLE
        scatter = self.of(theta, SCATTER, self.sigma)
        error = np.where(np.isnan(self.points.error), scatter, self.points.error)
        if len(shares) > 1 and np.isfinite(least):  # fits of one cosine take most of the time
            limit = total + _gauss(self.points.value, self._nearest(g), error)
            if limit <= least:
                return limit
        predicted, spreads = self._seen(g, shares)
        total += _gauss(self.points.value, predicted, error)
        total += sum(one.log_likelihood for one in spreads)
        return total if np.isfinite(total) else IMPOSSIBLE

    def _nearest(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """What comes nearest to the measured values (n_points,) of all that a fit to these kinds can give."""
        low, span = g.min(axis=0), np.ptp(g, axis=0)
        lower, upper = self._of_points(low - REACH * span), self._of_points(low + (1 + REACH) * span)
        value = self.points.value
        ahead, behind = np.clip(value, lower, upper), np.clip(-value, lower, upper)
        mirrored = self.points.is_magnitude & (np.abs(behind + value) < np.abs(ahead - value))
        return np.where(mirrored, -behind, ahead)

    def prior(self, unit: NDArray[np.float64]) -> NDArray[np.float64]:
        """The unit cube to the flat priors."""
        low = np.array([chosen.lower for chosen in self.model.ranges])
        high = np.array([chosen.upper for chosen in self.model.ranges])
        return low + unit * (high - low)


def _gauss(value: NDArray[np.float64], expected: Any, error: NDArray[np.float64]) -> float:
    return float(np.sum(-0.5 * ((value - expected) / error) ** 2 - np.log(error) - 0.5 * np.log(2 * np.pi)))


def of_terminations(
    outputs: NDArray[np.float64],
    terminations: Sequence[str],
    shares: dict[str, float],
    energies: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(g_e, g_h) at transition energies (n,) of each termination that has a share, shape (k, n, 2), and the shares.

    outputs: (n_terminations * n_sizes + 1, 3). NaN outside of a curve and where its bulk is not lowest.
    """
    sizes = (len(outputs) - 1) // len(terminations)
    present = [number for number, termination in enumerate(terminations) if shares[termination]]
    own = [np.concatenate([outputs[n * sizes : (n + 1) * sizes], outputs[-1:]]) for n in present]
    return curves(np.array(own), energies), np.array([shares[terminations[n]] for n in present])


def curves(outputs: NDArray[np.float64], energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """(g_e, g_h) at transition energies (n,) on k curves of OUTPUTS (k, m, 3), shape (k, n, 2), NaN outside of them.

    The bulk is last; where it is not lowest, there is no curve.
    """
    own = np.take_along_axis(outputs, np.argsort(outputs[:, :, 0], axis=1)[:, :, None], axis=1)
    energy, g = own[:, :, 0], own[:, :, 1:]
    known = np.isfinite(own).all(axis=(1, 2)) & (np.diff(energy) > 0).all(axis=1) & (energy[:, 0] == outputs[:, -1, 0])
    found = np.full((len(own), len(energies), 2), np.nan)
    if known.any():
        both = g[known].transpose(0, 2, 1).reshape(-1, g.shape[1])
        values = monotone_cubic(np.repeat(energy[known], 2, axis=0), both, energies)
        found[known] = values.reshape(-1, 2, len(energies)).transpose(0, 2, 1)
    return found
