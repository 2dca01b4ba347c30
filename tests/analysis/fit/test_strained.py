"""Changes of levels under strain: exact derivatives, another code path for the values, recovery of exponents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandg.analysis.fit.job import SHIFTED, parse_job
from bandg.analysis.fit.residuals import Problem, problem_of
from bandg.analysis.fit.result import covariance_of, fitted_set, summary
from bandg.analysis.fit.solve import solve
from bandg.base.errors import BandgError
from bandg.data.cells import load_cells
from bandg.models.etb.cell import cell_bulk
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet
from bandg.runs.options import Run

EXPONENTS = """
schema = 1
name = "strained"
start = "bandg-nnn"
[free]
"scaling.Pb-X.s-p" = { start = 3.0, lower = 0.0, upper = 12.0 }
"scaling.X-X.p-p.sigma" = { prior = { value = 2.0, width = 1.0 } }
"scaling.Pb-X.d-p.sigma" = { prior = { value = 3.5, width = 1.0 } }
[link]
"scaling.X-X.p-p.pi" = { to = "scaling.X-X.p-p.sigma", offset = 0.5 }
[strain]
cells = "cspbi3_strain_tilt_pbe"
error = 0.02
levels = ["E_g", "Delta", "level.R8+.1", "level.R7+.1"]
"""
STARTED = EXPONENTS.replace("[free]", '[free]\n"hopping.Pb-X.s-p" = {}\n"onsite.Pb.s" = {}')


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(parse_job(STARTED, "job"))


def test_derivatives_by_hoppings_and_exponents_are_exact(problem: Problem) -> None:
    theta, step = problem.space.start, 1e-5
    _, jacobian = problem.evaluate(theta)
    for column in range(len(theta)):
        shift = step * np.eye(len(theta))[column]
        there, back = (problem.evaluate(theta + sign * shift)[0] for sign in (1, -1))
        assert jacobian[:, column] == pytest.approx((there - back) / (2 * step), abs=2e-6, rel=1e-6)
        assert np.abs(jacobian[: problem.n_data, column]).max() > 0.01


def test_changes_are_those_of_strained_cells(problem: Problem) -> None:
    """The bulk of a periodic cell, whose bonds are scaled one by one."""
    space, cells = problem.space, load_cells()
    exponents = dict(zip(space.parameters.paths, space.exponents(space.start), strict=True))
    chosen = space.parameters.with_values(
        {f"scaling.{path.partition('.')[2]}": n for path, n in exponents.items() if path.startswith("hopping.")}
    )
    assert chosen.exponents == pytest.approx(space.exponents(space.start))
    gaps = {name: cell_bulk(chosen, cells[name].cell) for name in ("cubic_098", "cubic_100", "cubic_102")}
    found = dict(zip([goal.name for goal in problem.goals], problem.targets(space.start)[0], strict=True))
    for name in ("cubic_098", "cubic_102"):
        one, ideal = gaps[name], gaps["cubic_100"]
        assert found[f"{name} E_g"] == pytest.approx(one.E_g - ideal.E_g, abs=1e-9)
        levels = [  # R8- of X s, three R8+
            [level.energy for level in bulk.levels if level.degeneracy == 4][3] - bulk.valence.energy
            for bulk in (one, ideal)
        ]
        assert found[f"{name} level.R8+.1"] == pytest.approx(levels[0] - levels[1], abs=1e-9)
    wanted = {goal.name: goal.value for goal in problem.goals}
    assert wanted["cubic_098 E_g"] == pytest.approx(-0.1987) and wanted["cubic_102 level.R7+.1"] == pytest.approx(0.369)


def test_exponents_are_recovered_and_written() -> None:
    job = parse_job(EXPONENTS.replace("levels", "# levels"), "job")
    start = problem_of(replace_all(job))
    hidden = np.array([4.1, 3.2, 1.2])
    moved = [replace(goal, value=float(v)) for goal, v in zip(start.goals, start.targets(hidden)[0], strict=True)]
    found = solve(replace(start, goals=tuple(moved)), run=Run(cache=False))
    assert found.theta == pytest.approx(hidden, abs=1e-4)
    chosen = fitted_set(found)
    assert isinstance(chosen, ParameterSet) and chosen.entries == load_set("bandg-nnn").entries
    assert chosen.scaling["scaling.Pb-X.s-p"].unit == "1" and chosen.scaling["scaling.Pb-X.s-p"].status == "fitted"
    assert chosen.value("scaling.X-X.p-p.pi") == pytest.approx(3.7, abs=1e-4)
    assert summary(found)["values_eV"]["scaling.Pb-X.s-p"] == pytest.approx(4.1, abs=1e-4)
    assert covariance_of(found.problem, found.errors).paths[-1] == "scaling.X-X.p-p.pi"


def replace_all(job: object) -> object:
    """The same job without priors, which would pull."""
    free = {path: entry.model_copy(update={"prior": None}) for path, entry in job.free.items()}  # type: ignore[attr-defined]
    return job.model_copy(update={"free": free})  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[strain]", "[targets]\nE_g = { value = 1.0, error = 0.1 }\n[other]", "other: is an unknown key"),
        ('"level.R7+.1"]', '"level.R7+.2"]', r"strain: level 'level.R7\+.2' is unknown"),
        ('"level.R7+.1"]', '"E_g"]', "strain: level 'E_g' is given twice"),
        ("error = 0.02", "error = 0", "strain.error: "),
        ("cspbi3_strain_tilt_pbe", "cspbi3_strain", "unknown strained cells 'cspbi3_strain'"),
        ("scaling.Pb-X.s-p", "scaling.Pb-X.s-q", "is not a parameter"),
        ("start = 3.0", "start = 13.0", "13 is not a valid exponent"),
        ('to = "scaling.X-X.p-p.sigma"', 'to = "scaling.Pb-X.s-p"', ""),
        ("scaling.Pb-X.d-p.sigma", "scaling.Pb-Pb.s-s", "has no hopping that it could scale"),
        ("[link]", '"onsite.Pb.s" = {}\n[link]\n"hopping.Pb-X.s-s" = { to = "scaling.Pb-X.s-p" }', "exponents alone"),
    ],
)
def test_what_does_not_fit_is_refused(old: str, new: str, message: str) -> None:
    text = EXPONENTS.replace(old, new, 1)
    if not message:
        assert problem_of(parse_job(text, "job")).space.exponent_slope[:, 0].sum() == 2
        return
    with pytest.raises(BandgError, match=message):
        problem_of(parse_job(text, "job"))


def test_exponents_without_strain_are_refused() -> None:
    text = EXPONENTS[: EXPONENTS.index("[strain]")] + "[targets]\nE_g = { value = 1.0, error = 0.1 }\n"
    with pytest.raises(BandgError, match=r"plays a part in a strained crystal alone: write \[strain\]"):
        parse_job(text, "job")
    assert set(load_cells()["cubic_100"].cell.lattice.kinds) == {"Pb", "X"} and len(SHIFTED) == 10
