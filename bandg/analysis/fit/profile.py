"""Profile of a quantity: the fit is repeated with the quantity held at each of several values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.covariance import error_factor
from bandg.analysis.fit.residuals import Goal, Problem
from bandg.analysis.fit.solve import Fit, minimize
from bandg.analysis.fit.targets import parse as parse_target
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, named
from bandg.base.text import quote
from bandg.runs.progress import SILENT, Progress

_STIFFNESS = 1e-3
"""Error of the held value, as a share of the range of the profile."""


@dataclass(frozen=True)
class ProfilePoint:
    """The fit at one held value: what came out, how much chi2 rises above the best fit, rms of each group in meV.

    rise: of chi2 of all other residuals, in units of the scaled errors, so that 1 is one standard error. theta: the
    parameters (p,) in eV.
    """

    wanted: float
    obtained: float
    rise: float
    rms_meV: tuple[float, ...]
    theta: tuple[float, ...]
    converged: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)


def parse_profile(text: str) -> tuple[str, NDArray[np.float64]]:
    """Quantity and values from "g_h=-1.0..0.5:7". Raises BandgError."""
    example = "g_h=-1.0..0.5:7"
    ((name, values),) = named([text], "profile", example).items()
    try:
        parse_target(name)
    except ValueError as error:
        raise BandgError(f"profile {quote(text)}: {error}; write {example}") from None
    grammar = Grammar(f"profile of {name}", example, ("eV" if name.startswith(("E_", "Delta", "level")) else "",))
    lower, upper, _, count = grammar.span(values)
    if lower == upper or count is None or not re.fullmatch("[0-9]{1,4}", count) or not 2 <= int(count) <= 1000:
        raise grammar.wrong(values, f"needs LO below HI and 2 to 1000 values: write {example}")
    return name, np.linspace(lower, upper, int(count))


def profile(
    fit: Fit,
    quantity: str,
    values: Sequence[float] | NDArray[np.float64],
    progress: Progress = SILENT,
) -> tuple[ProfilePoint, ...]:
    """The fit with one quantity held at each of the values, ascending; a target of that quantity is left out.

    The nearest value to the best fit comes first, and each one starts from its neighbor's end.
    """
    problem = replace(fit.problem, goals=tuple(goal for goal in fit.problem.goals if goal.name != quantity))
    wanted = np.sort(np.asarray(values, dtype=float))
    here = problem.edges.quantities(fit.theta, (quantity,))[quantity][0]
    free = minimize(problem, fit.theta)  # without the target that is left out
    lowest = float(np.sum(free.fun**2))
    scale = max(error_factor(problem, lowest, len(free.fun) - len(fit.theta)) ** 2, 1e-12)
    middle = int(np.argmin(np.abs(wanted - here)))
    found: dict[int, ProfilePoint] = {}
    progress.start(len(wanted), f"profile of {quantity}")
    error = _STIFFNESS * float(wanted[-1] - wanted[0])
    for numbers in (range(middle, len(wanted)), range(middle - 1, -1, -1)):
        start = free.x if numbers.step > 0 or middle not in found else np.array(found[middle].theta)
        for number in numbers:
            point = _held(problem, Goal(quantity, float(wanted[number]), error, "profile"), start, (lowest, scale))
            found[number], start = point, np.array(point.theta)
            progress.advance(f"{quantity} = {point.wanted:.4g}")
    return tuple(found[number] for number in range(len(wanted)))


def _held(problem: Problem, goal: Goal, start: NDArray[np.float64], zero: tuple[float, float]) -> ProfilePoint:
    held = replace(problem, goals=(*problem.goals, goal))
    end = minimize(held, start)
    lowest, scale = zero
    rise = (float(np.sum(problem.evaluate(end.x)[0] ** 2)) - lowest) / scale
    errors = 1000 * (problem.bands(end.x)[0] - problem.band_energy)
    groups = np.array([row.group for row in problem.rows], dtype=int)
    rms = tuple(float(np.sqrt(np.mean(errors[groups == n] ** 2))) for n in range(len(problem.job.bands)))
    obtained = problem.edges.quantities(end.x, (goal.name,))[goal.name][0]
    return ProfilePoint(goal.value, obtained, rise, rms, tuple(float(x) for x in end.x), bool(end.status > 0))


def allowed(points: Sequence[ProfilePoint], rise: float = 1.0) -> tuple[float | None, float | None]:
    """Where the rise of chi2 crosses a value on either side, by interpolation of its root; None beyond the ends."""
    x = np.array([point.obtained for point in points])
    y = np.sqrt(np.maximum([point.rise for point in points], 0.0)) - np.sqrt(rise)
    lowest = int(np.argmin(y))
    if y[lowest] > 0:
        return None, None

    def crossing(order: Sequence[int]) -> float | None:
        """Where chi2 has risen enough, from the minimum outwards; None where it does not."""
        for one, other in itertools.pairwise(order):
            if y[one] <= 0 < y[other]:
                return float(x[one] - y[one] * (x[other] - x[one]) / (y[other] - y[one]))
        return None

    return crossing(range(lowest, -1, -1)), crossing(range(lowest, len(x)))


def profile_text(fit: Fit, quantity: str, points: Sequence[ProfilePoint]) -> str:
    """The profile as a table, and where chi2 rises by one."""
    names = [group.name[:16] for group in fit.problem.job.bands]
    head = f"{quantity:>10}{'rise':>12}" + "".join(f"{name:>18}" for name in names) + "  rms in meV" * bool(names)
    lines = [head]
    for point in points:
        state = "" if point.converged else "  NOT converged"
        rms = "".join(f"{value:>18.1f}" for value in point.rms_meV)
        lines.append(f"{point.obtained:>10.3f}{point.rise:>12.4g}{rms}{state}")
    low, high = allowed(points)
    shown = ["beyond" if end is None else f"{end:.3f}" for end in (low, high)]
    lines.append(f"chi2, by the errors of the report, rises by one at {quantity} = {shown[0]} and {shown[1]}")
    return "\n".join(lines) + "\n"
