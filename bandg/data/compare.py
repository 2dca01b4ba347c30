"""Theory curves against measured points: residuals, rms and chi-square; nothing outside of a curve's range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.arguments import choices
from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.data.choice import beside, material_of
from bandg.data.measured import MeasuredPoint

QUANTITIES = ("g_e", "g_h", "g_bx")
ENERGY_COLUMNS = ("energy_eV", "E_exciton_eV", "E_gap_eV")
"""Names of the energy column in a CSV, the first that is there: a measured or mapped energy, that of an exciton, or
E_e - E_h, both as in `bandg compute`."""


@dataclass(frozen=True, eq=False, repr=False)
class TheoryCurve(Shown):
    """g-factors against energy. energy: (n,) in eV, ascending. values: (n,) by g_e, g_h, g_bx, as far as known.

    size_nm: (n,), infinite for the bulk, NaN where there is none. provenance: plain types. stderr: standard errors at
    fixed energy, (n,) by quantity, where they are known.
    Between its points a curve is a monotone cubic (PCHIP, which is local); outside it has no value.
    """

    name: str
    energy: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]
    size_nm: NDArray[np.float64]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    stderr: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @cached_property
    def _interpolants(self) -> dict[str, Any]:
        from scipy.interpolate import PchipInterpolator

        if len(self.energy) < 2 or not (np.diff(self.energy) > 0).all():
            return {}
        known = {name: v for name, v in self.values.items() if np.isfinite(v).all()}
        return {name: PchipInterpolator(self.energy, v, extrapolate=False) for name, v in known.items()}

    def at(self, quantity: str, energy_eV: ArrayLike) -> NDArray[np.float64]:
        """g at energies of any shape, NaN outside of the curve and where it lacks the quantity.

        Raises BandgError for what is not g_e, g_h or g_bx.
        """
        if quantity not in QUANTITIES:
            raise BandgError(f"quantity {quantity!r} is unknown; choose {choices(QUANTITIES)}")
        energies = np.asarray(energy_eV, dtype=float)
        if quantity == "g_bx" and quantity not in self.values:
            return self.at("g_e", energies) + self.at("g_h", energies)
        if quantity not in self._interpolants:
            return np.full(energies.shape, np.nan)
        return np.asarray(self._interpolants[quantity](energies))

    def stderr_at(self, quantity: str, energy_eV: ArrayLike) -> NDArray[np.float64]:
        """Standard error of g at energies of any shape, NaN outside of the curve and where it is not known."""
        energies, known = np.asarray(energy_eV, dtype=float), self.stderr.get(quantity)
        if known is None:
            return np.full(energies.shape, np.nan)
        return np.asarray(np.interp(energies, self.energy, known, left=np.nan, right=np.nan))

    @property
    def material(self) -> str:
        """Formula of the crystal where the set ships, as CsPbI3; else ""."""
        return str(self.provenance.get("material", "")) or material_of(str(self.provenance.get("set", "")))

    @property
    def range_eV(self) -> tuple[float, float]:
        """Lowest and highest energy."""
        return float(self.energy[0]), float(self.energy[-1])

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the ranges as lines."""
        low, high = self.range_eV
        lines = {"energy": f"{low:.4f} to {high:.4f} eV, {len(self.energy)} points"}
        for name, values in self.values.items():
            lines[name] = f"{values[0]:+.3f} to {values[-1]:+.3f}"
        return f"curve {self.name}", lines


@dataclass(frozen=True)
class Residual:
    """One measured point and the curve there: theory is NaN outside of the curve, residual = theory - measured.

    stderr: standard error of the curve, NaN where it is not known.
    """

    point: MeasuredPoint
    theory: float
    stderr: float = math.nan

    @property
    def quantity(self) -> str:
        """g_e, g_h or g_bx, also for a magnitude."""
        return self.point.quantity.removeprefix("abs_")

    @property
    def is_judged(self) -> bool:
        """Whether it enters rms and chi-square: the curve is of the point's material, and it is independent."""
        return not self.point.why_not_judged_by

    @property
    def residual(self) -> float:
        """Theory minus measured; of the magnitudes where only that is measured."""
        theory = abs(self.theory) if self.point.quantity.startswith("abs_") else self.theory
        return theory - self.point.value


@dataclass(frozen=True)
class Comparison:
    """A curve beside measured points."""

    name: str
    residuals: tuple[Residual, ...]

    @property
    def judged(self) -> tuple[Residual, ...]:
        """The residuals at independent measurements, which alone enter rms and chi-square."""
        return tuple(one for one in self.residuals if one.is_judged)

    @property
    def inside(self) -> tuple[Residual, ...]:
        """The judged residuals where the curve has a value."""
        return tuple(one for one in self.judged if not math.isnan(one.theory))

    @property
    def outside(self) -> int:
        """Number of independent measurements where the curve has no value."""
        return len(self.judged) - len(self.inside)

    def rms(self, *quantities: str) -> float:
        """Root mean square over the judged points of these quantities inside of the curve; NaN where there is none.

        Curves that reach different points do not compare by it: see `count`.
        """
        return rms([one.residual for one in self.inside if one.quantity in quantities])

    def count(self, *quantities: str) -> tuple[int, int]:
        """Number of judged points of these quantities inside of the curve, and of all."""
        inside, judged = (
            sum(one.quantity in quantities for one in residuals) for residuals in (self.inside, self.judged)
        )
        return inside, judged

    @property
    def chi_square(self) -> tuple[float, int]:
        """Sum of (residual / error)^2 over the judged points with an error inside of the curve, and their number."""
        scaled = [one.residual / one.point.error for one in self.inside if one.point.error]
        return float(np.sum(np.square(scaled))), len(scaled)


def rms(residuals: Sequence[float]) -> float:
    """Root mean square; NaN of nothing."""
    return float(np.sqrt(np.mean(np.square(residuals)))) if residuals else math.nan


def compare(curve: TheoryCurve, points: Iterable[MeasuredPoint]) -> Comparison:
    """A curve at every measured point that has an energy and is known to be an electron's or a hole's.

    No curve is judged by points that state another material.
    """
    residuals = []
    for point in beside(points, [curve.material]):
        if point.energy_eV is not None and point.quantity != "abs_g":
            where = point.quantity.removeprefix("abs_"), point.energy_eV
            residuals.append(Residual(point, float(curve.at(*where)), float(curve.stderr_at(*where))))
    return Comparison(curve.name, tuple(residuals))


def of_those(inside: int, judged: int) -> str:
    """What stands behind an rms that is not over all points, as " (4 of 6)"; "" where it is."""
    return "" if inside == judged else f" ({inside} of {judged})"


def verdict_points(measured: Iterable[MeasuredPoint]) -> tuple[MeasuredPoint, ...]:
    """The points to judge a model by: independent measurements with an energy, and not from warm samples."""
    return tuple(point for point in measured if not point.why_not_judged_by)


def left_out(measured: Iterable[MeasuredPoint]) -> str:
    """How many points no model is judged by, by reason, as "2 of #4 (no energy is stated), 1 (above 100 K)", or "none".

    The sample is named where all points of a reason are of one.
    """
    reasons: dict[str, list[str]] = {}
    for point in measured:
        reasons.setdefault(point.why_not_judged_by, []).append(point.sample)
    reasons.pop("", None)
    one = {why: f" of {samples[0]}" if samples[0] and len({*samples}) == 1 else "" for why, samples in reasons.items()}
    return ", ".join(f"{len(samples)}{one[why]} ({why})" for why, samples in reasons.items()) or "none"
