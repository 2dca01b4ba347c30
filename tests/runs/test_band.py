"""Errors of energies and g-factors by the covariance of a set and by further minima."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pytest import approx

import bandg
from bandg.analysis.fit.ensemble import minima
from bandg.analysis.fit.job import parse_job
from bandg.analysis.fit.residuals import problem_of
from bandg.analysis.fit.result import write_fit
from bandg.analysis.fit.solve import solve
from bandg.base.errors import BandgError
from bandg.crystal.shapes import cube
from bandg.parameters.covariance import Covariance, Member, ensemble_of
from bandg.parameters.loader import load_set
from bandg.runs.band import along, derivatives_of, standard_errors
from bandg.runs.observables import AT_ENERGY, AT_SIZE
from bandg.runs.options import Run

SET = load_set("kashikar2021-flipped")
RUN = Run(workers=1, cache=False)
CRYSTALS = [cube(cells, SET.a_nm) for cells in (2, 3, 4)]
STEPS = {"onsite.Pb.p": 0.002, "hopping.Pb-X.p-p.sigma": 0.003, "spin_orbit.Pb.p": 0.001}


def member(parameters, steps):
    """A minimum whose parameters have these standard errors."""
    return Member("", 0.0, parameters, Covariance(tuple(steps), np.diag(np.square(list(steps.values())))))


def curve(parameters, quantity):
    found = derivatives_of([member(parameters, {})], CRYSTALS, 1, False, "auto", RUN)[0]
    energy, values = (np.array([one.value(name) for one in found]) for name in ("E_gap_eV", quantity))
    return energy, values


@pytest.mark.parametrize("quantity", AT_ENERGY)
def test_errors_are_the_differences_of_moved_sets(quantity):
    """Half the difference of the curves one standard error up and down, at fixed size and at fixed energy."""
    one = member(SET, STEPS)
    table = standard_errors([one], derivatives_of([one], CRYSTALS, 1, False, "auto", RUN))
    energy, _ = curve(SET, quantity)
    sizes, energies = np.zeros(3), np.zeros(3)
    for path, step in STEPS.items():
        up, down = (curve(SET.with_values({path: SET.value(path) + sign * step}), quantity) for sign in (1, -1))
        sizes += ((up[1] - down[1]) / 2) ** 2
        at = [along(x[::-1], y[::-1])(energy) for x, y in (up, down)]
        energies += ((at[0] - at[1]) / 2) ** 2
    assert [row[AT_SIZE[quantity]] for row in table] == approx(np.sqrt(sizes), rel=1e-3)
    assert [row[AT_ENERGY[quantity]] for row in table] == approx(np.sqrt(energies), rel=0.02)


def test_another_minimum_adds_half_its_squared_distance():
    other = SET.with_values({"onsite.Pb.p": SET.value("onsite.Pb.p") + 0.05})
    members = [member(SET, STEPS), member(other, {"onsite.Pb.p": 0.0})]
    found = derivatives_of(members, CRYSTALS, 1, False, "auto", RUN)
    alone, both = (standard_errors(members[:n], found[:n]) for n in (1, 2))
    for place in range(3):
        for quantity, column in AT_SIZE.items():
            distance = found[1][place].value(quantity) - found[0][place].value(quantity)
            assert both[place][column] ** 2 == approx((alone[place][column] ** 2 + distance**2) / 2)
    for quantity, column in AT_ENERGY.items():
        (energy, values), moved = curve(SET, quantity), curve(other, quantity)
        distance = along(moved[0][::-1], moved[1][::-1])(energy) - values
        expected = [np.sqrt((one[column] ** 2 + d**2) / 2) for one, d in zip(alone, distance, strict=True)]
        assert [one[column] for one in both] == approx(expected)


def test_one_size_has_no_error_at_fixed_energy():
    one = member(SET, STEPS)
    [row] = standard_errors([one], derivatives_of([one], CRYSTALS[:1], 1, False, "auto", RUN))
    assert row["g_h_stderr"] > 0 and np.isnan(row["g_h_stderr_at_E"])


def test_a_dataset_has_the_errors(tmp_path):
    levels = bandg.compute("2..3cells", set="bandg-nn", band=True, run=Run(workers=1))
    assert levels["E_gap_stderr_eV"].attrs["units"] == "eV" and levels["g_e_stderr_at_E"].dims == ("nc",)
    row = levels.bandg.table().rows[0]
    assert 0 < row["g_h_stderr_at_E"] < 0.1 and 0 < row["E_e_stderr_eV"] < 0.1
    line = levels.bandg.curve()
    assert line.stderr_at("g_h", line.energy) == approx(levels["g_h_stderr_at_E"].values[::-1])
    assert np.isnan(line.stderr_at("g_h", 9.0))
    axes = levels.bandg.plot("none")
    assert len(axes[0].collections) == 4 and len(axes[1].collections) == 2  # two bands of g_e, g_h and g_BX
    assert json.loads(levels.attrs["provenance"])["ensemble"] == [
        {"name": "bandg-nn", "chi2": approx(1768.17, abs=0.01)}
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"set": "nestoklon2023-standin"},
            "the set nestoklon2023-standin has no covariance: give a set that bandg fit has written",
        ),
        ({"model": "kp"}, "the kp model does not know `band`, which belongs to `model='etb'`: leave it out"),
        ({"set": "bandg-nn", "second": "bandg-cspbbr3", "fraction": 0.3, "offset_eV": -0.3}, "of a mixed halide"),
        ({"set": "bandg-nn", "x_vacancies": 0.1}, "of random nanocrystals"),
        ({"set": "bandg-nn", "solver": "iterative"}, "exact derivatives need a factorization"),
    ],
)
def test_what_has_no_band_is_refused(options, message):
    with pytest.raises(BandgError, match=message):
        bandg.compute("2cells", band=True, run=RUN, **options)


def test_an_error_is_not_asked_for_by_its_name():
    with pytest.raises(BandgError, match="g_e_stderr is computed with `band=True` alone"):
        bandg.compute("2cells", observables="g_e_stderr", run=RUN)


TWO_MINIMA = """schema = 1
name = "two"
start = "kashikar2021-flipped"
starts = 8
spread = 1.0
[free]
"onsite.Pb.p" = {}
"hopping.Pb-X.s-p" = { start = 0.2, lower = -3.0, upper = 3.0 }
[targets]
E_v = { value = 2.0, error = 0.01 }
E_g = { value = 1.65, error = 0.01 }
"""


@pytest.fixture(scope="module")
def fitted():
    """Two minima that differ in the sign of a hopping, which no measurable quantity feels."""
    return solve(problem_of(parse_job(TWO_MINIMA, "two.toml")), run=RUN)


@pytest.fixture
def two(fitted, tmp_path):
    """The file of the set; its .json lies beside it."""
    return write_fit(fitted, tmp_path / "two.toml")[0]


def test_two_signs_of_a_hopping_are_two_minima(fitted):
    found = minima(fitted)
    signs = sorted(attempt.theta[1] for attempt, _ in found)
    assert len(fitted.attempts) == 8 and signs == [approx(-signs[1], rel=1e-6), signs[1]]


def test_a_fit_writes_its_other_minima(two):
    members = ensemble_of(load_set(two))
    assert members[0].name == "two" and members[1].name.startswith("start ")
    found = derivatives_of(members, CRYSTALS[:2], 1, False, "auto", RUN)
    alone, both = (standard_errors(members[:n], found[:n]) for n in (1, 2))
    for one, other in zip(alone, both, strict=True):
        assert other == approx(one, rel=1e-3)


def write(two, **changes):
    path = two.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters_sha256": "0" * 64}, "holds the covariance of other numbers than those of the set two"),
        ({"covariance_eV2": [[1.0]]}, "not a finite matrix of its 2 parameters"),
        ({"covariance_eV2": [[1.0, 0.0], [0.0, float("nan")]]}, "not a finite matrix of its 2 parameters"),
        ({"paths": 3}, "is not what bandg fit writes beside a set: paths: must be a list, not 3$"),
        ({"chi2": float("inf"), "name": 3}, "beside a set: name: must be a text in quotes, not 3$"),
        ({"chi2": float("inf")}, "beside a set: chi2: must be finite, not inf$"),
        ({"paths": ["onsite.Pb.p", "scaling.Pb-X.s-p"]}, r"varied distance exponents \(scaling.Pb-X.s-p\): hold them"),
        (
            {"ensemble": [{"name": "far", "chi2": 1.0, "values_eV": {"onsite.Q.p": 1.0}}]},
            "ensemble: far: two has no para",
        ),
    ],
)
def test_a_damaged_file_beside_a_set_is_named(two, changes, message):
    write(two, **changes)
    with pytest.raises(BandgError, match=f"two.json: .*{message}") as error:
        ensemble_of(load_set(two))
    assert "\n" not in str(error.value)


def test_a_deeply_nested_file_beside_a_set_is_refused(two):
    two.with_suffix(".json").write_text("[" * 100_000)
    with pytest.raises(BandgError, match=r"two\.json: is not what bandg fit writes beside a set") as error:
        ensemble_of(load_set(two))
    assert "\n" not in str(error.value)


def test_a_minimum_without_covariance_has_that_of_the_set(two):
    write(two, ensemble=[{"name": "b", "chi2": 1.0, "values_eV": {"onsite.Pb.p": 0.1}}])
    own, other = ensemble_of(load_set(two))
    assert other.covariance is own.covariance and other.parameters.value("onsite.Pb.p") == 0.1


def test_a_set_without_its_file_or_with_other_numbers_is_refused(two):
    moved = load_set(two).with_values({"onsite.Pb.p": 0.3})
    with pytest.raises(BandgError, match="other numbers"):
        ensemble_of(moved)
    with pytest.raises(BandgError, match="other numbers"):
        ensemble_of(replace(load_set("bandg-nn"), entries=moved.entries))
    two.with_suffix(".json").unlink()
    with pytest.raises(BandgError, match=r"the set two has no covariance, there is no file .*two.json"):
        ensemble_of(load_set(two))
