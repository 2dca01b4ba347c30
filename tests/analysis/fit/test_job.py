"""Jobs: what a fit makes of them, and one clear line for each thing that can be wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_set import TRUTH, known_set, make_job
from typer.testing import CliRunner

from bandg.analysis.fit.covariance import errors_of
from bandg.analysis.fit.job import FitJob, Free, Prior, parse_job, read_job
from bandg.analysis.fit.report import report
from bandg.analysis.fit.residuals import _goal, problem_of
from bandg.analysis.fit.result import covariance_of, fitted_set
from bandg.analysis.fit.solve import _description, solve, start_points
from bandg.analysis.fit.space import start_set
from bandg.analysis.fit.targets import COUPLED
from bandg.analysis.fit.wanted import reference_value
from bandg.base.errors import BandgError
from bandg.cli import app
from bandg.data.reference import load_reference
from bandg.models.etb.bulk import bulk
from bandg.parameters.covariance import ensemble_of
from bandg.parameters.loader import load_set
from bandg.runs.options import Run

JOB = """schema = 1
name = "small"
start = "nestoklon2023-standin"
[set]
"lattice.a" = 0.63
"hopping.Pb-X.s-s" = -0.3
[free]
"onsite.Pb.p" = { lower = 3.0, upper = 6.0, prior = { value = 4.5, width = 0.2 } }
"hopping.X-X.p-p.sigma" = { start = 0.1 }
[link]
"hopping.X-X.p-p.pi" = { to = "hopping.X-X.p-p.sigma", factor = -0.25, offset = 0.01 }
[reference]
bands = "cspbi3_cubic_mbj_soc"
E_g_eV = 1.652
Delta_eV = 1.5
source = "nestoklon2023"
[[bands]]
name = "valence"
bands = "valence"
error_meV = 100
every = 30
[targets]
E_g = { value = "reference", error = 0.01 }
"level.R8+.1" = { value = -1.0, error = 0.01 }
"""


def test_job_adds_integrals_links_them_and_shifts_the_conduction_bands() -> None:
    problem = problem_of(parse_job(JOB, "job"))
    parameters = problem.space.parameters
    assert parameters.a_nm == 0.63 and parameters.value("hopping.Pb-X.s-s") == -0.3
    assert parameters.shells == ("Pb-X", "X-X") and parameters.value("hopping.X-X.s-p") == 0
    vector = dict(zip(parameters.paths, problem.space.vector(np.array([5.0, 0.2])), strict=True))
    assert vector["hopping.X-X.p-p.pi"] == pytest.approx(-0.04) and vector["onsite.Pb.p"] == 5.0
    assert {goal.name: goal.value for goal in problem.goals} == pytest.approx({"E_g": 1.652, "level.R8+.1": -1.0})
    assert problem.shifts == pytest.approx((1.652 - 0.6961, 1.652 - 0.6961 + 1.5 - 1.4138), abs=2e-4)


def test_scaled_errors_are_those_stated_times_the_root_of_chi2_per_residual() -> None:
    stated, scaled = (
        problem_of(parse_job(JOB.replace("[set]", f'errors = "{kind}"\n[set]', 1), "job"))
        for kind in ("stated", "scaled")
    )
    one, other = (errors_of(p, p.space.start, np.zeros(2, dtype=int)) for p in (stated, scaled))
    residuals = stated.evaluate(stated.space.start)[0]
    factor = np.sqrt(residuals @ residuals / (len(residuals) - 2))
    assert factor > 1.5
    assert other.stderr == pytest.approx(factor * one.stderr)


def test_momentum_elements_of_the_reference() -> None:
    """E_p to R6- and R8- as the documentation of the data has them."""
    text = JOB + "".join(f'{name} = {{ value = "reference", error = 0.1 }}\n' for name in ("E_p_R6", "E_p_R8"))
    values = {goal.name: goal.value for goal in problem_of(parse_job(text, "job")).goals}
    assert (values["E_p_R6"], values["E_p_R8"]) == pytest.approx((13.09, 8.19), abs=0.01)


def test_linked_parameter_has_the_error_of_its_parent() -> None:
    found = solve(problem_of(parse_job(JOB, "job")), run=Run(cache=False))
    spread = covariance_of(found.problem, found.errors)
    parent, linked = (spread.paths.index(f"hopping.X-X.p-p.{bond}") for bond in ("sigma", "pi"))
    assert spread.matrix[linked, linked] == pytest.approx(spread.matrix[parent, parent] / 16)
    assert spread.matrix[linked, parent] == pytest.approx(-spread.matrix[parent, parent] / 4)
    entries = fitted_set(found).entries
    sigma, pi = entries["hopping.X-X.p-p.sigma"], entries["hopping.X-X.p-p.pi"]
    assert pi.value == pytest.approx(0.01 - sigma.value / 4)
    assert pi.stderr == pytest.approx((sigma.stderr or 0) / 4) and (pi.stderr or 0) > 0


def test_smaller_basis() -> None:
    small = start_set(parse_job(JOB.replace("[set]", '[basis]\nPb = ["s", "p"]\nX = ["s", "p"]\n[set]'), "job"))
    assert small.orbitals == {"Pb": ("s", "p"), "X": ("s", "p")}
    assert not any("d" in path.rpartition(".")[2] for path in small.paths if path.startswith("hopping.Pb-X.d"))
    with pytest.raises(BandgError, match="has no s\\* on Pb"):
        start_set(
            parse_job(
                JOB.replace("nestoklon2023-standin", "kashikar2021").replace("[set]", '[basis]\nPb = ["s*"]\n[set]'),
                "job",
            )
        )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "schema 2 is not known"),
        ("schema = 1", "schema = ", "not valid TOML"),
        ('"onsite.Pb.p"', '"onsite.Pb.q"', "'onsite.Pb.q' is not a parameter"),
        ('"onsite.Pb.p"', "onsite.Pb.p", "needs quotes"),
        ('"hopping.Pb-X.s-s" = -0.3', '"onsite.Pb.p" = 4.0', "stands in two"),
        ("lower = 3.0", "lower = 7.0", "not below upper"),
        ("lower = 3.0", "lower = 5.0", "outside of its bounds"),
        ("upper = 6.0", 'upper = "six"', "free.onsite.Pb.p.upper: must be a number, not 'six'"),
        ("width = 0.2", "width = 0", "greater than 0"),
        ("prior = { value = ", "prior = { value = 9", "lies outside of its bounds"),
        (
            "[targets]\n",
            "[targets]\nm_h = { value = -0.2, error = 0.01 }\n",
            "targets.m_h: must be above zero, not -0.2",
        ),
        ("[set]", '[basis]\nPb = ["s", "p", "s"]\nX = ["s", "p"]\n[set]', "the shell s is given twice"),
        ('"hopping.Pb-X.s-s" = -0.3', '"hopping.Pb-X.s-s" = -300', "set.hopping.Pb-X.s-s: -300 eV is too large"),
        ("start = 0.1", "", "give it a start"),
        ("{ start = 0.1 }", "{ begin = 0.1 }", "unknown key"),
        ('to = "hopping.X-X.p-p.sigma"', 'to = "onsite.X.p"', "not in [free]"),
        ('bands = "cspbi3_cubic_mbj_soc"', 'bands = "cspbi3"', "unknown reference bands"),
        ('source = "nestoklon2023"', "", "say in source"),
        ('bands = "valence"', 'bands = "valenz"', "did you mean 'valence'"),
        ('bands = "valence"', "bands = [53, 60]", "9 valence and 3 conduction"),
        ('bands = "valence"', "bands = [167, 184]", "no band 167"),
        ("every = 30", 'near = "R"', "near and within go together"),
        ("every = 30", 'near = "L"\nwithin = 0.1', "'L' is not a known point"),
        ("every = 30", 'section = "mesh"\nnear = "R"\nwithin = 0.001', None),
        ("every = 30", 'section = "grid"', "section"),
        ("error_meV = 100", "error_meV = -1", "greater than 0"),
        ("E_g = {", "E_gap = {", "did you mean 'E_g'"),
        ('E_g = { value = "reference", error = 0.01 }', "E_g = 1.6", "targets.E_g: must be a table such as { value"),
        ('value = "reference"', 'value = "ref"', 'must be a number or "reference"'),
        ('bands = "valence"', "bands = 84", "[[bands]] number 1: bands: must be a name or [first, last]"),
        ("every = 30", 'near = ["R", 3]', "[[bands]] number 1: near"),
        ("[set]", '[basis]\nX = ["p"]\n[set]', "no s on X"),
        ('"level.R8+.1"', '"level.R8+.4"', "'R8+.4' is not known here; choose R6+.1, R6+.2,"),
        ('"level.R8+.1"', '"g_e.R8-"', "target 'g_e.R8-': 'R8-' is not known here; choose spin, R6+,"),
        ('"level.R8+.1"', '"g_e.R7+.1"', "'R7+.1' is not known here"),
        ('"level.R8+.1"', '"E_p.R8-.R6+"', "'R8-' is not known here; choose R6+ or R6-"),
        ('"level.R8+.1"', '"E_p.R6-.R8+.1"', "targets.E_p.R6-.R8+.1: cannot be below zero, as -1 is"),
        ('"level.R8+.1"', '"character.G.X.s"', "write character.LEVEL.SPECIES.SHELL"),
        ('"level.R8+.1"', '"character.R6-.Cs.s"', "'Cs.s' is no shell; write Pb or X with s, p, d or s*"),
        ('"level.R8+.1"', '"character.R6-.X.s/Pb.p/X.d"', "divides twice"),
        ('"level.R8+.1" = { value = -1.0', '"character.R6-.X.p" = { value = 1.0', "by symmetry this level has no X p"),
        ("E_g = {", '"character.R6-.X.s*" = {', "no such value"),
        ("E_g = {", '"character.R6-.X.s" = {', "no such value"),
        ("error = 0.01 }", "error = 0.01, factor = 0.9 }", "factor changes the value of the reference: say in source"),
        ("value = -1.0,", 'value = -1.0, factor = 0.9, source = "x",', 'factor multiplies value = "reference"'),
        ("E_g = {", "m_e = {", "no such value"),
        ("lattice.a", "lattice.b", "not a parameter"),
        ('"onsite.Pb.p" =', '"lattice.a" =', "cannot be fitted"),
        ('start = "nestoklon2023-standin"', 'start = "nestoklon"', "unknown parameter set"),
    ],
)
def test_defects_of_a_job_are_named(old: str, new: str, message: str | None) -> None:
    assert old in JOB
    text = JOB.replace(old, new)
    if message is None:
        problem_of(parse_job(text, "job.toml"))
        return
    with pytest.raises(BandgError) as error:
        problem_of(parse_job(text, "job.toml"))
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "conduction"), [("E_g", 0), ("Delta", 1)])
def test_bands_without_a_conduction_doublet_have_no_gap_to_fit(name: str, conduction: int) -> None:
    job = parse_job(JOB.replace("E_g = {", f"{name} = {{"), "job")
    whole = load_reference("cspbi3_cubic_mbj_soc")
    assert whole.R is not None
    few = replace(whole, R=whole.R[: whole.top + 1 + conduction])
    with pytest.raises(BandgError, match=f"target {name}: .* has no such value; give a number"):
        _goal(job, name, few, (0.0, 0.0))


def test_values_of_the_reference_at_the_gap_of_the_job() -> None:
    """Delta_eV shifts R8- once more; factors are applied; characters are ratios of muffin-tin charges."""
    wanted = {
        "g_e.R6+": 13.086 * 2 / 3 / 1.652,
        "g_e.R8+.2": -18.785 / 3 / (1.652 + 1.7326),
        "g_h.R8-": 16.386 / 3 / (1.652 + 1.5),
        "g_h.spin": 1.8332,
        "E_p.R6-.R6+.2": 5.494,
        "character.R6-.X.s/Pb.p": 0.0474 / 0.4943,
        "character.R6-.X.d/Pb.p": 0.0460 / 0.4943,
        "character.R6+.Pb.s/Pb.s+X.p": 0.2415 / 0.7535,
        "character.M.conduction.X.s/Pb.p": 0.0369 / 0.4685,
        "character.X.valence.Pb.s/X.p": 0.0972 / 0.5707,
    }
    lines = "".join(f'"{name}" = {{ value = "reference", error = 0.1 }}\n' for name in wanted)
    lines += '"E_p.R6-.R6+" = { value = "reference", factor = 0.93, error = 0.1, source = "dE/dk" }\n'
    problem = problem_of(parse_job(JOB + lines, "job"))
    found = {goal.name: goal for goal in problem.goals}
    for name, value in wanted.items():
        assert found[name].value == pytest.approx(value, rel=1e-3), name
        assert found[name].source == "cspbi3_cubic_mbj_soc"
    assert found["E_p.R6-.R6+"].value == pytest.approx(0.93 * 13.086)
    assert found["E_p.R6-.R6+"].source == "cspbi3_cubic_mbj_soc: dE/dk"


def test_contributions_of_the_reference_add_up() -> None:
    """Spin, named levels and rest of mBJ at 1.652 eV: bare g_e 2.97 and g_h -0.89."""
    bands = load_reference("cspbi3_cubic_mbj_soc")
    for name, edge, total in (("g_e", "R6-", 2.967), ("g_h", "R6+", -0.893)):
        parts = (reference_value(f"{name}.{one}", bands, (0.9559, 0.9559)) for one in ("spin", *COUPLED[edge], "rest"))
        assert sum(part for part in parts if part is not None) == pytest.approx(total, abs=2e-3)


def test_the_bromide_has_its_path_and_its_characters_at_R() -> None:
    text = JOB.replace("cspbi3_cubic_mbj_soc", "cspbbr3_cubic_mbj_soc_path").replace("1.652", "2.352")
    problem = problem_of(parse_job(text + '"character.R6-.X.s/Pb.p" = { value = "reference", error = 0.02 }\n', "job"))
    assert {row.sector for row in problem.rows if row.point == "R"} <= {"R6+", "R7+", "R8+"}
    assert problem.goals[-1].value == pytest.approx(0.0444 / 0.5218, rel=1e-3)
    assert problem.shifts[0] == pytest.approx(2.352 - 1.1538)
    with pytest.raises(BandgError, match=r"target character\.M.*: cspbbr3_cubic_mbj_soc_path has no such value"):
        problem_of(parse_job(text + '"character.M.valence.Pb.s/X.p" = { value = "reference", error = 1 }\n', "job"))


def test_basis_without_a_band_edge_is_refused() -> None:
    text = JOB.replace('"hopping.Pb-X.s-s" = -0.3\n', "").replace("[set]", '[basis]\nPb = ["p", "d"]\n[set]')
    with pytest.raises(BandgError, match="basis is too small"):
        problem_of(parse_job(text, "job"))


def test_lead_s_of_a_table_cannot_be_picked(tmp_path: Path) -> None:
    job = make_job(known_set(tmp_path), tmp_path)
    group = job.bands[0].model_copy(update={"bands": "lead-s"})
    with pytest.raises(BandgError, match=r"bands\.csv has no characters to pick Pb s by"):
        problem_of(job.model_copy(update={"bands": [group]}), tmp_path)


def test_parameter_at_its_bound_is_not_fitted(tmp_path: Path) -> None:
    job = make_job(known_set(tmp_path), tmp_path)
    upper = TRUTH["onsite.Pb.p"] - 0.2
    free = dict(job.free)
    free["onsite.Pb.p"] = free["onsite.Pb.p"].model_copy(update={"lower": 2.0, "upper": upper})
    found = solve(problem_of(job.model_copy(update={"free": free}), tmp_path), run=Run(cache=False))
    entries = fitted_set(found).entries
    assert entries["onsite.Pb.p"].value == pytest.approx(upper, abs=1e-3)
    assert entries["onsite.Pb.p"].status == "assumed" and entries["onsite.Pb.p"].stderr is None
    assert "upper bound" in (entries["onsite.Pb.p"].note or "")
    assert entries["onsite.X.p"].status == "fitted" and (entries["onsite.X.p"].stderr or 0) > 0
    assert found.errors.to_dict()["at_bound"] == ["onsite.Pb.p"]
    assert "at its upper bound: not fitted" in report(found)


def test_zero_of_energy_is_called_undetermined(tmp_path: Path) -> None:
    """Without E_v all onsite energies can move together; a prior then holds them, but the data still do not."""
    job = make_job(known_set(tmp_path), tmp_path).model_copy(update={"targets": {}})
    found = solve(problem_of(job, tmp_path), run=Run(cache=False))
    (direction,) = found.errors.directions
    onsite = {"onsite.Pb.s", "onsite.Pb.p", "onsite.X.p"}
    assert {path for path, _ in direction.members} == onsite and len({share > 0 for _, share in direction.members}) == 1
    undetermined = {path for path, so in zip(found.errors.paths, found.errors.undetermined, strict=True) if so}
    assert undetermined == onsite
    assert np.isnan(found.errors.stderr[found.errors.paths.index("onsite.X.p")])
    assert "undetermined direction: together: onsite." in report(found)

    free = dict(job.free)
    prior = parse_job(JOB, "job").free["onsite.Pb.p"].prior
    assert prior is not None
    free["onsite.Pb.p"] = free["onsite.Pb.p"].model_copy(update={"prior": prior.model_copy(update={"value": 4.8})})
    held = solve(problem_of(job.model_copy(update={"free": free}), tmp_path), run=Run(cache=False))
    assert held.errors.stderr[held.errors.paths.index("onsite.X.p")] == pytest.approx(0.2, rel=0.01)
    assert held.errors.undetermined[held.errors.paths.index("onsite.X.p")]
    assert fitted_set(held).value("onsite.X.p") == pytest.approx(TRUTH["onsite.X.p"], abs=1e-4)


def job_with_prior(job: FitJob, width: float) -> FitJob:
    """The job with the onsite energy of Pb p held near 4.8 eV."""
    entry = Free(prior=Prior(value=4.8, width=width))
    return job.model_copy(update={"free": job.free | {"onsite.Pb.p": entry}})


def test_finished_starts_are_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDG_CACHE_DIR", str(tmp_path / "cache"))
    problem = problem_of(make_job(known_set(tmp_path), tmp_path), tmp_path)
    first = solve(problem, starts=2)
    assert first.n_cached == 0 and first.n_same == 2
    again = solve(problem, starts=3)
    assert again.n_cached == 2
    assert {one.theta for one in first.attempts} < {one.theta for one in again.attempts}  # which is best is rounding
    moved = solve(problem_of(make_job(known_set(tmp_path), tmp_path, error_meV=11.0), tmp_path), starts=1)
    assert moved.n_cached == 0  # another job
    looser = job_with_prior(make_job(known_set(tmp_path), tmp_path), width=0.3)
    tighter = job_with_prior(looser, width=0.2)
    keys = [_description(problem_of(job, tmp_path)) for job in (looser, tighter)]
    assert keys[0] != keys[1]
    points = start_points(problem, 3)
    assert (points[0] == problem.space.start).all() and (points[1] != points[2]).all()


def test_command_writes_a_set_its_covariance_and_a_picture(tmp_path: Path) -> None:
    known = known_set(tmp_path)
    make_job(known, tmp_path)
    free = "\n".join(f'"{path}" = {{}}' for path in TRUTH)
    (tmp_path / "job.toml").write_text(
        f"""schema = 1
name = "again"
start = "start.toml"
[free]
{free}
[reference]
bands = "bands.csv"
[[bands]]
name = "all"
bands = [1, 26]
error_meV = 10
[targets]
E_v = {{ value = 2.0, error = 0.01 }}
"""
    )
    out, picture = tmp_path / "again.toml", tmp_path / "again.png"
    arguments = ["fit", str(tmp_path / "job.toml"), "--out", str(out), "--plot", str(picture), "--no-cache"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0 and "converged" in done.output and "worst" in done.output
    fitted = load_set(str(out))
    numbers = json.loads(out.with_suffix(".json").read_text())
    [member] = ensemble_of(fitted)
    spread = member.covariance
    twice = np.array([2.0, *np.zeros(13)])
    assert spread.stderr(tuple(TRUTH), twice) == pytest.approx(2 * numbers["stderr_eV"][0])
    with pytest.raises(BandgError, match="no derivative by onsite"):
        spread.stderr(("lattice.a",), twice[:1])
    assert numbers["parameters_sha256"] == fitted.digest() and numbers["paths"] == list(TRUTH)
    covariance = np.array(numbers["covariance_eV2"])
    assert covariance.shape == (14, 14) and (np.linalg.eigvalsh(covariance) > -1e-12).all()
    for path, value in TRUTH.items():
        if not path.startswith("onsite"):  # the zero of energy is another one
            assert fitted.value(path) == pytest.approx(value, abs=1e-5)
    assert picture.stat().st_size > 10_000


SCALARS = """schema = 1
name = "scalars"
start = "nestoklon2023-standin"
material = "CsPbBr3"
errors = "stated"
[set]
"lattice.a" = 0.587
[free]
"onsite.Pb.p" = { lower = 3.0, upper = 8.0 }
"onsite.Pb.s" = {}
"spin_orbit.Pb.p" = { lower = 0.3, upper = 0.8 }
"hopping.Pb-X.p-p.sigma" = { lower = -5.0, upper = -1.0 }
[targets]
E_g = { value = 2.352, error = 0.002, source = "nestoklon2023" }
Delta = { value = 1.436, error = 0.002, source = "nestoklon2023" }
m_e = { value = 0.219, error = 0.002, source = "nestoklon2023" }
E_v = { value = 0.0, error = 0.001 }
"""


def test_scalars_alone_can_be_fitted_but_not_drawn(tmp_path: Path) -> None:
    """As many targets as parameters: they are met, and `bandg bulk` says the same."""
    found = solve(problem_of(parse_job(SCALARS, "job")), run=Run(cache=False))
    chosen = fitted_set(found)
    scaled = solve(problem_of(parse_job(SCALARS.replace('errors = "stated"', ""), "job")), run=Run(cache=False))
    assert scaled.errors.stderr == pytest.approx(found.errors.stderr)  # no residual is left over to scale them by
    assert found.errors.dof == 0 and (found.errors.stderr > 1e-4).all() and "as stated, since" in report(scaled)
    values = bulk(chosen)
    assert (values.E_g, values.Delta, values.conduction.mass) == pytest.approx((2.352, 1.436, 0.219), abs=1e-4)
    assert chosen.material == "CsPbBr3" and chosen.a_nm == 0.587
    (tmp_path / "job.toml").write_text(SCALARS)
    arguments = [
        "fit",
        str(tmp_path / "job.toml"),
        "--out",
        str(tmp_path / "x.toml"),
        "--plot",
        str(tmp_path / "x.png"),
    ]
    with pytest.raises(BandgError, match="nothing to draw"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.toml"]


def test_command_with_a_wrong_job_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(JOB.replace("error_meV = 100", "error_meV = 0"))
    with pytest.raises(BandgError, match="error_meV"):
        CliRunner().invoke(
            app, ["fit", str(tmp_path / "job.toml"), "--out", str(tmp_path / "x.toml")], catch_exceptions=False
        )
    with pytest.raises(BandgError, match=r"would overwrite .*, which JOB reads"):
        CliRunner().invoke(
            app, ["fit", str(tmp_path / "job.toml"), "--out", str(tmp_path / "job.toml")], catch_exceptions=False
        )
    with pytest.raises(BandgError, match="no such file"):
        read_job(str(tmp_path / "none.toml"))
    with pytest.raises(BandgError, match="is a directory: give the TOML file of a fit"):
        read_job(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.toml"]
