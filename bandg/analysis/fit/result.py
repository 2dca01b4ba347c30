"""The set that a fit makes, and the files that hold it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from bandg.analysis.fit.covariance import Errors
from bandg.analysis.fit.ensemble import minima
from bandg.analysis.fit.job import FitJob
from bandg.analysis.fit.profile import ProfilePoint
from bandg.analysis.fit.residuals import Problem
from bandg.analysis.fit.solve import Fit, FitAttempt
from bandg.base.files import write_whole
from bandg.base.marks import TOML_MARK
from bandg.parameters.covariance import Covariance
from bandg.parameters.names import PUBLISHED, hopping_of, unit_of
from bandg.parameters.sets import Parameter, ParameterSet
from bandg.runs.dataset import write_json


def fitted_set(fit: Fit) -> ParameterSet:
    """The start set with the fitted values, their errors, and what is not fitted named as such."""
    problem, errors = fit.problem, fit.errors
    job, space = problem.job, problem.space
    names = [problem.reference.name] if problem.reference is not None else []
    data = " and ".join(names + ([job.strain.cells] if job.strain else [])) or "scalar targets"
    what = f"fit {job.name} to {data}"
    source, fit_note = (what, None) if job.source is None else (job.source, what)
    values = space.values(fit.theta)
    entries = dict(space.parameters.entries) | dict(space.parameters.scaling)
    for number, path in enumerate(errors.paths):
        changed = Parameter(path, float(values[path]) + 0.0, unit_of(path), source, "fitted", note=fit_note)
        if errors.at_bound[number]:
            side = "lower" if errors.at_bound[number] < 0 else "upper"
            entries[path] = replace(changed, status="assumed", note=f"at its {side} bound: not fitted")
        elif errors.undetermined[number]:
            held = "its prior" if np.isfinite(space.prior[number, 0]) else "nothing but the start"
            entries[path] = replace(changed, status="assumed", note=f"undetermined by the data, held by {held}")
        else:
            error = float(errors.stderr[number])
            if error**2 > (errors.factor * space.prior[number, 1]) ** 2 / 2:  # no prior: NaN, and never so
                changed = replace(changed, note="held by its prior more than by the data")
            entries[path] = replace(changed, stderr=error if np.isfinite(error) else None)
    for path, link in job.link.items():
        parent = entries[link.to]
        stderr = None if parent.stderr is None else abs(link.factor) * parent.stderr
        note = f"{link.offset:g} + {link.factor:g} * {link.to}"
        entries[path] = Parameter(path, float(values[path]), unit_of(path), source, parent.status, stderr, note)
    description = job.description or f"fit to {data}"
    material = space.parameters.material
    scaling = {path: entries.pop(path) for path in list(entries) if hopping_of(path)}
    head = (job.name, description, material, "etb", None, job.name)
    return ParameterSet(*head, entries, _published(job), scaling, surface=space.parameters.surface)


def _published(job: FitJob) -> dict[str, Parameter]:
    """The targets as bulk values to compare with, where the job says that its targets are published ones."""
    if job.published is None:
        return {}
    keys = {key.removesuffix("_eV"): key for key in PUBLISHED}
    return {
        keys[name]: Parameter(
            f"published.{keys[name]}", target.value, PUBLISHED[keys[name]], job.published, "transcribed"
        )
        for name, target in job.targets.items()
        if name in keys and not isinstance(target.value, str)
    }


def covariance_of(problem: Problem, errors: Errors) -> Covariance:
    """Covariance of the free parameters and of those that are linked to them."""
    space, links = problem.space, tuple(problem.job.link)
    turn = np.eye(len(space.paths))
    rows = [space.row(path) for path in links]
    turn = np.concatenate([turn, np.array(rows).reshape(len(links), len(space.paths))])
    return Covariance((*space.paths, *links), turn @ errors.covariance @ turn.T)


def summary(fit: Fit) -> dict[str, Any]:
    """The fit as plain JSON types: covariance and correlations, targets, residuals by group, starts."""
    from bandg.analysis.fit.report import group_rows, target_rows

    chosen, spread = fitted_set(fit), covariance_of(fit.problem, fit.errors)
    return {
        "schema": 1,
        "name": chosen.name,
        "parameters_sha256": chosen.digest(),
        "values_eV": {path: chosen.value(path) for path in spread.paths},
        "paths": list(spread.paths),
        "covariance_eV2": spread.matrix.tolist(),
        **fit.errors.to_dict(),
        "shifts_eV": list(fit.problem.shifts),
        "shift_source": fit.problem.job.reference.source if fit.problem.job.reference else None,
        "groups": [row.to_dict() for row in group_rows(fit)],
        "targets": [row.to_dict() for row in target_rows(fit)],
        "starts": [
            {"number": a.number, "cost": a.cost if isfinite(a.cost) else None, "evaluations": a.evaluations}
            for a in fit.attempts
        ],
        "ensemble": [_minimum(fit.problem, attempt, errors) for attempt, errors in minima(fit)[1:]],
    }


def _minimum(problem: Problem, attempt: FitAttempt, errors: Errors) -> dict[str, Any]:
    """Another minimum as `bandg.parameters.covariance.ensemble_of` reads it."""
    spread = covariance_of(problem, errors)
    values = problem.space.values(np.array(attempt.theta))
    return {
        "name": f"start {attempt.number + 1}",
        "chi2": errors.chi2,
        "values_eV": {path: values[path] for path in spread.paths},
        "covariance_eV2": spread.matrix.tolist(),
    }


def write_fit(fit: Fit, path: str | os.PathLike[str], points: Sequence[ProfilePoint] = ()) -> tuple[Path, Path]:
    """Write the set to a .toml file, and covariance and profile to a .json beside it. Raises BandgError on failure."""
    content = summary(fit) | ({"profile": [point.to_dict() for point in points]} if points else {})
    beside = Path(path).with_suffix(".json")
    write_json(content, beside)
    return write_whole(path, TOML_MARK + fitted_set(fit).to_toml()), beside
