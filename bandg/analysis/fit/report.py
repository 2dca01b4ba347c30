"""A fit as text: errors by group of bands, worst offenders, targets, parameters with their errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bandg.analysis.fit.ensemble import minima
from bandg.analysis.fit.matching import BandRow
from bandg.analysis.fit.solve import Fit
from bandg.parameters.names import hopping_of

N_WORST = 8


@dataclass(frozen=True)
class GroupRow:
    """One group of bands: number of residuals, rms, mean and largest error in meV, and stated error."""

    name: str
    count: int
    rms_meV: float
    mean_meV: float
    largest_meV: float
    stated_meV: float

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)


@dataclass(frozen=True)
class TargetRow:
    """One scalar target against what was obtained."""

    name: str
    wanted: float
    error: float
    obtained: float
    source: str

    @property
    def deviation(self) -> float:
        """(obtained - wanted) / error."""
        return (self.obtained - self.wanted) / self.error

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)


def group_rows(fit: Fit) -> list[GroupRow]:
    """Errors by group of bands; unweighted, model minus reference."""
    problem = fit.problem
    groups = np.array([row.group for row in problem.rows], dtype=int)
    errors = 1000 * (problem.bands(fit.theta)[0] - problem.band_energy)
    found = []
    for number, group in enumerate(problem.job.bands):
        own = errors[groups == number]
        numbers = float(np.sqrt(np.mean(own**2))), float(own.mean()), float(own[np.argmax(np.abs(own))])
        found.append(GroupRow(group.name, len(own), *numbers, group.error_meV))
    return found


def target_rows(fit: Fit) -> list[TargetRow]:
    """Targets against what was obtained."""
    values, _ = fit.problem.targets(fit.theta)
    return [
        TargetRow(goal.name, goal.value, goal.error, float(value), goal.source)
        for goal, value in zip(fit.problem.goals, values, strict=True)
    ]


def worst(fit: Fit, count: int = N_WORST) -> list[tuple[BandRow, float]]:
    """The rows with the largest errors in meV, one for each band."""
    problem = fit.problem
    errors = 1000 * (problem.bands(fit.theta)[0] - problem.band_energy)
    found: list[tuple[BandRow, float]] = []
    seen = set()
    for number in np.argsort(-np.abs(errors)):
        row = problem.rows[number]
        if row.band not in seen:
            seen.add(row.band)
            found.append((row, float(errors[number])))
        if len(found) == count:
            break
    return found


def report(fit: Fit) -> str:
    """The whole report."""
    blocks = [_head(fit), _bands(fit), _targets(fit), _parameters(fit), _doubts(fit), _worst(fit)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(fit: Fit) -> list[str]:
    problem, errors = fit.problem, fit.errors
    job = problem.job
    data = problem.reference.description if problem.reference is not None else "scalar targets alone"
    lines = [
        f"{job.name}: {len(problem.space.paths)} free parameters, {problem.n_data} residuals",
        f"reference: {data}",
    ]
    if job.strain is not None:
        lines.append(f"changes of levels at R under strain: {job.strain.cells}")
    if job.reference is not None and any(problem.shifts):
        low, high = problem.shifts
        lines.append(
            f"conduction bands shifted by {low:+.4f} eV (lowest) and {high:+.4f} eV (others): {job.reference.source}"
        )
    best = fit.best
    state = "converged" if best.converged else "NOT converged"
    lines.append(
        f"{state} after {best.evaluations} evaluations; chi2/dof = {errors.chi2:.4g}/{errors.dof}; "
        f"{fit.n_same} of {len(fit.attempts)} starts end here"
    )
    if others := minima(fit)[1:]:
        ends = ", ".join(f"start {attempt.number + 1} (chi2 {errors.chi2:.4g})" for attempt, errors in others)
        lines.append(f"other minima with a chi2 up to {job.comparable:.0%} larger, which the .json keeps: {ends}")
    kind = "scaled by sqrt(chi2/dof)" if job.errors == "scaled" else "as stated"
    if job.errors == "scaled" and errors.dof < 1:
        kind = "as stated, since no residual is left over to scale them by"
    lines.append(f"standard errors {kind}: factor {errors.factor:.3g}")
    return lines


def _bands(fit: Fit) -> list[str]:
    rows = group_rows(fit)
    if not rows:
        return []
    lines = [f"{'bands':<26}{'number':>8}{'rms':>9}{'mean':>9}{'largest':>9}{'stated':>9}  meV"]
    for row in rows:
        numbers = (row.rms_meV, row.mean_meV, row.largest_meV, row.stated_meV)
        lines.append(f"{row.name[:25]:<26}{row.count:>8}" + "".join(f"{value:>9.1f}" for value in numbers))
    return lines


def _targets(fit: Fit) -> list[str]:
    rows = target_rows(fit)
    if not rows:
        return []
    width = max(16, *(len(row.name) + 2 for row in rows))
    lines = [f"{'target':<{width}}{'wanted':>10}{'error':>9}{'obtained':>10}{'off by':>8}  source"]
    for row in rows:
        numbers = f"{row.wanted:>10.4f}{row.error:>9.4f}{row.obtained:>10.4f}{row.deviation:>+8.1f}"
        lines.append(f"{row.name:<{width}}{numbers}  {row.source}")
    return lines


def _parameters(fit: Fit) -> list[str]:
    space, errors = fit.problem.space, fit.errors
    unit = "eV" + (", exponents without unit" if any(map(hopping_of, space.paths)) else "")
    lines = [f"{'parameter':<30}{'start':>10}{'value':>10}{'stderr':>9}  {unit}"]
    for number, path in enumerate(space.paths):
        stderr = errors.stderr[number]
        shown = f"{stderr:>9.4f}" if np.isfinite(stderr) else f"{'-':>9}"
        lines.append(f"{path:<30}{space.start[number]:>10.4f}{fit.theta[number]:>10.4f}{shown}{_remark(fit, number)}")
    for path, link in fit.problem.job.link.items():
        lines.append(f"{path:<30}  = {link.offset:g} + {link.factor:g} * {link.to}")
    return lines


def _remark(fit: Fit, number: int) -> str:
    side = fit.errors.at_bound[number]
    if side:
        return "  at its " + ("lower" if side < 0 else "upper") + " bound: not fitted"
    if fit.errors.undetermined[number]:
        held = np.isfinite(fit.problem.space.prior[number, 0])
        return "  undetermined by the data" + (", held by its prior" if held else "")
    return ""


def _doubts(fit: Fit) -> list[str]:
    errors = fit.errors
    lines = [f"undetermined direction: {one.text()}" for one in errors.directions]
    pairs = np.argwhere(np.triu(np.abs(np.nan_to_num(errors.correlation)) > 0.95, 1))
    for one, other in pairs:
        lines.append(
            f"correlation {errors.correlation[one, other]:+.3f}: {errors.paths[one]} with {errors.paths[other]}"
        )
    return lines


def _worst(fit: Fit) -> list[str]:
    rows = worst(fit)
    if not rows:
        return []
    lines = [f"{'worst: k (2 pi/a)':<28}{'bands':>10}{'reference':>11}{'error':>9}  meV"]
    for row, error in rows:
        k = "(" + ", ".join(f"{x:.3f}" for x in row.k) + ")" + (f" {row.point}" if row.point else "")
        lines.append(f"{k:<28}{row.band:>10}{row.energy:>11.3f}{error:>+9.0f}")
    return lines
