"""Emulator, likelihood and sampler: exact where they must be, and the truth comes back from synthetic measurements."""

import json
import pickle
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

pytest.importorskip("dynesty")

from bandg.analysis.inference import emulator, posterior, study
from bandg.analysis.inference import likelihood as inference
from bandg.analysis.inference import sampling as nested
from bandg.base.errors import BandgError
from bandg.crystal.shapes import cube
from bandg.data.compare import verdict_points
from bandg.data.measured import MeasuredPoint, load_measured
from bandg.data.single_fit import fit_one
from bandg.data.spreads import SpreadCheck
from bandg.models.etb.bulk import bulk
from bandg.models.etb.derivatives import DerivativeJob
from bandg.models.etb.job import Job
from bandg.models.etb.nanocrystal import compute_levels
from bandg.models.exciton import coulomb_radius_nm, exciton_shift, reduced_mass
from bandg.models.kp.decompose import first_principles_g_h
from bandg.parameters.loader import load_set
from bandg.parameters.ranges import Range, parameter_ranges
from bandg.runs import sweep
from bandg.runs.options import Run
from bandg.runs.request import request

SET = load_set("nestoklon2023-standin")
RANGES = parameter_ranges(["onsite.Pb.p=+-0.1eV", "spin_orbit.X.p=+-0.08eV"], SET)
TRUTH = {"onsite.Pb.p": 4.49, "spin_orbit.X.p": 0.25, "termination": 0.3}


@pytest.fixture(autouse=True)
def few_prior_samples(monkeypatch):
    """How much of the prior is possible need not be known to a percent here."""
    monkeypatch.setattr(nested, "_PRIOR_SAMPLES", 50)


def test_the_polynomial_is_exact_for_what_it_is_made_of():
    """x^5, x y, x y^2 and their like come back exactly; only products of three different axes do not."""

    def value(x, y, z):
        return 1 + x**5 - 2 * y**4 + z * 3 + 0.5 * x * y - 1.5 * x * y**2 + 0.7 * y * x**2 + z**2 * x

    def slope(x, y, z):
        return [
            5 * x**4 + 0.5 * y - 1.5 * y**2 + 1.4 * x * y + z**2,
            -8 * y**3 + 0.5 * x - 3 * x * y + 0.7 * x**2,
            3 + 2 * z * x,
        ]

    knobs = tuple(emulator.Knob(Range(n, -1.0, 1.0, ""), 0.0, ()) for n in "xyz")
    points = [(0, 0, 0), *(tuple(s if a == b else 0 for b in range(3)) for a in range(3) for s in (-1, 1))]
    values = np.array([value(*p) for p in points]).reshape(7, 1, 1) * np.ones((7, 1, 3))
    slopes = np.array([slope(*p) for p in points]).reshape(7, 3, 1, 1) * np.ones((7, 3, 1, 3))
    found = emulator.polynomials(knobs, values, slopes)
    for point in ([0.3, -0.7, 0.2], [1.0, 1.0, -1.0], [-0.5, 0.1, 0.9]):
        assert found(np.array(point)) == pytest.approx(value(*point), abs=1e-12)
    assert np.isnan(found(np.array([1.1, 0, 0]))).all()


def test_the_emulator_agrees_with_exact_computations_inside_the_ranges():
    knobs = [emulator.knob(SET, chosen) for chosen in RANGES]
    crystals = [cube(2, SET.a_nm, "lead"), cube(3, SET.a_nm)]
    found = emulator.build(SET, knobs, crystals, 1, run=Run(workers=1))
    values = [4.40, 0.33]
    moved = SET.with_values(dict(zip(("onsite.Pb.p", "spin_orbit.X.p"), values, strict=True)))
    levels = [compute_levels(moved, crystal) for crystal in crystals]
    exact = [[one.E_gap_eV, one.electron.g, one.hole.g] for one in levels]
    exact.append([bulk(moved).E_g, bulk(moved).conduction.g(), bulk(moved).valence.g()])
    assert found(np.array(values)) == pytest.approx(np.array(exact), abs=2e-3)
    assert np.abs(found(np.array(values)) - found.center).max() > 0.1


def test_a_scale_moves_a_whole_table():
    table = load_set("kashikar2021")
    one = emulator.knob(table, Range("scale:hopping.Pb-Pb", 0.0, 1.5, ""))
    moved = emulator.parameters_at(table, [one], [0.5])
    for path in table.paths:
        factor = 0.5 if path.startswith("hopping.Pb-Pb.") else 1.0
        assert moved.value(path) == pytest.approx(factor * table.value(path))
    with pytest.raises(BandgError, match=r"has no parameters hopping.X-X"):
        emulator.knob(SET, Range("scale:hopping.X-X", 0.0, 1.5, ""))


def test_no_curve_has_a_value_outside_of_its_range():
    outputs = np.array([[2.5, 0.5, 1.6], [2.0, 1.4, 1.1], [1.8, 2.4, 0.6], [1.652, 3.24, -0.34]])
    values = inference.curves(outputs[None], np.array([1.651, 1.652, 1.9, 2.5, 2.501]))[0]
    assert np.isnan(values[[0, 4]]).all()
    assert np.isfinite(values[1:4]).all()
    assert values[1] == pytest.approx([3.24, -0.34])
    below = outputs.copy()
    below[2, 0] = 1.6  # a nanocrystal below the bulk gap is no curve
    assert np.isnan(inference.curves(below[None], np.array([1.9]))).all()
    both = np.concatenate([outputs[:3], outputs[:3] + np.array([0.1, 0, 0]), outputs[3:]])
    kinds, shares = inference.of_terminations(
        both, ("halide", "lead"), {"halide": 0.5, "lead": 0.5}, np.array([2.55, 2.2])
    )
    assert np.isnan(kinds[0, 0]).all() and np.isfinite(kinds[1, 0]).all() and (shares == 0.5).all()
    assert np.isfinite(kinds[:, 1]).all()


def points_of(rows):
    return inference.select_points([MeasuredPoint(E, name, value, error) for E, name, value, error in rows])


def sampled(likelihood, live, precision, seed, outputs):
    """The posterior, with given outputs of the best point and no exciton."""
    task = pickle.loads(pickle.dumps(nested.Sampling(likelihood, live, precision, seed)))  # as it goes to a worker
    found = task.run()
    return posterior.posterior_of(likelihood, found, posterior.Exact(outputs, np.full(len(outputs), np.inf), 0.1))


def test_the_evidence_is_the_integral_of_the_likelihood():
    """One parameter, the mixing of two curves: the integral by quadrature is the oracle."""
    halide = [[2.5, 0.5, 1.6], [2.0, 1.4, 1.1], [1.8, 2.4, 0.6]]
    lead = [[2.6, -0.2, 1.2], [2.1, 0.6, 0.7], [1.8, 1.8, 0.1]]
    outputs = np.array([[*halide, *lead, [1.652, 3.24, -0.34]]])
    still = emulator.polynomials((), outputs, np.zeros((1, 0, 7, 3)))
    model = inference.Model("mixed", (Range("termination", 0.0, 1.0, ""),))
    points = points_of([(1.9, "g_e", 1.6, 0.1), (2.2, "g_h", 1.0, None), (2.0, "abs_g_h", 0.9, 0.2)])
    likelihood = inference.Likelihood(model, still, ("halide", "lead"), points, 0.15, 0.0)
    curves = [
        PchipInterpolator(np.sort(c[:, 0]), c[np.argsort(c[:, 0]), 1:])
        for c in (np.array([*halide, [1.652, 3.24, -0.34]]), np.array([*lead, [1.652, 3.24, -0.34]]))
    ]
    f = np.linspace(0, 1, 2001)
    total = np.zeros_like(f)
    for E, column, value, error in ((1.9, 0, 1.6, 0.1), (2.2, 1, 1.0, 0.15), (2.0, 1, 0.9, 0.2)):
        model_value = (1 - f) * curves[0](E)[column] + f * curves[1](E)[column]
        total += -0.5 * ((value - model_value) / error) ** 2 - np.log(error * np.sqrt(2 * np.pi))
    expected = np.log(np.trapezoid(np.exp(total), f))
    found = sampled(likelihood, 100, 0.1, 1, outputs[0])
    assert found.log_evidence == pytest.approx(expected, abs=4 * found.log_evidence_error + 0.05)
    mean = np.trapezoid(f * np.exp(total), f) / np.exp(expected)
    assert found.summary()["termination"]["mean"] == pytest.approx(mean, abs=0.03)
    assert found.rms == pytest.approx(np.sqrt(np.mean((points.value - found.predicted) ** 2)), abs=1e-12)


def test_a_negative_shift_is_a_binding_energy_and_scatter_widens_the_error():
    """E_photon = E_e - E_h + shift: bound by 50 meV, the transition that is seen at 1.95 eV lies at 2.0 eV."""
    outputs = np.array([[[2.5, 0.5, 1.6], [2.0, 1.4, 1.1], [1.8, 2.4, 0.6], [1.652, 3.24, -0.34]]])
    still = emulator.polynomials((), outputs, np.zeros((1, 0, 4, 3)))
    ranges = (Range("energy.shift", -0.1, 0.0, "eV"), Range("scatter", 0.01, 1.0, ""))
    points = points_of([(1.95, "g_e", 1.4, None)])
    likelihood = inference.Likelihood(inference.Model("bound", ranges), still, ("halide",), points, 0.1, 0.0)
    assert likelihood.predict(np.array([-0.05, 0.1])) == pytest.approx([1.4], abs=1e-12)
    for scatter in (0.02, 0.5):
        expected = -np.log(scatter * np.sqrt(2 * np.pi))
        assert likelihood(np.array([-0.05, scatter])) == pytest.approx(expected, abs=1e-12)
    assert likelihood(np.array([-0.05, 0.02])) > likelihood(np.array([-0.03, 0.02]))
    assert likelihood.predict(np.array([0.4, 0.1])) != likelihood.predict(np.array([0.4, 0.1]))  # NaN: 1.55 eV


def test_the_best_point_has_the_exciton_of_its_own_set_and_lattice():
    """Its reduced mass and radii, not those of the set that the samples start from."""
    halves = Range("spin_orbit.Pb.p", 0.9, 1.1, "eV"), Range("lattice.a", 0.6, 0.66, "nm")
    knobs = tuple(emulator.knob(SET, chosen) for chosen in halves)
    asked = request("2..4cells", set=SET)
    start = asked.crystals
    values = np.array([1.05, 0.65])
    moved = SET.with_values({"spin_orbit.Pb.p": 1.05, "lattice.a": 0.65})
    [found] = study._computed([study.Place(asked, knobs, values, ("halide", "lead"))], Run(workers=1))
    assert found.reduced_mass == pytest.approx(reduced_mass(bulk(moved)))
    assert abs(found.reduced_mass / reduced_mass(bulk(SET)) - 1) > 0.01
    assert found.radii[:-1] == pytest.approx([coulomb_radius_nm(c) * 0.65 / SET.a_nm for c in start])

    outputs = np.array([[2.5, 0.5, 1.6], [2.0, 1.4, 1.1], [1.8, 2.4, 0.6], [1.652, 3.24, -0.34]])
    still = emulator.polynomials((), outputs[None], np.zeros((1, 0, 4, 3)))
    model = inference.Model("bound", (Range("scatter", 0.01, 1.0, ""),), (("exciton", 0.05),))
    points = points_of([(1.95, "g_e", 1.4, None)])
    likelihood = inference.Likelihood(model, still, ("halide",), points, 0.1, 0.0, (), found.radii, 0.05)
    moved_one = posterior.Exact(outputs, found.radii + 1, 0.15)
    best = posterior.posterior_of(likelihood, nested.Sampling(likelihood, 50, 1.0, 1).run(), moved_one)
    expected = outputs.copy()
    expected[:, 0] += exciton_shift(found.radii + 1, 0.05, 0.15)
    assert best.exact == pytest.approx(inference.curves(expected[None], points.energy)[0, :, 0])
    assert abs(best.exact - best.predicted) > 0.01


def test_the_memory_of_the_derivatives_is_checked(monkeypatch):
    """What the emulator computes takes more than the levels alone."""
    parsed = [inference.parse_model("a: onsite.Pb.p=+-0.1eV", SET)]
    crystals = request("2..4cells", set=SET).crystals
    levels, slopes = (
        max(job(SET, crystal, 1).estimate_memory() for crystal in crystals) for job in (Job, DerivativeJob)
    )
    monkeypatch.setattr(sweep, "free_memory", lambda: (levels + slopes) / 2)
    with pytest.raises(BandgError, match=r"of memory"):
        study.infer(SET, parsed, points_of([(2.2, "g_e", 1.0, 0.1)]), size="2..4cells", run=Run(workers=1))


def synthetic(sigma, varied, cells):
    """Measurements of a known truth: exact levels of cubes of so many cells, mixed, with noise."""
    moved = SET.with_values({path: TRUTH[path] for path in varied})
    edge = bulk(moved)
    curves = []
    for termination in ("halide", "lead"):
        rows = [compute_levels(moved, cube(n, SET.a_nm, termination)) for n in cells]
        table = [[one.E_gap_eV, one.electron.g, one.hole.g] for one in rows]
        table = np.array(sorted([*table, [edge.E_g, edge.conduction.g(), edge.valence.g()]]))
        curves.append(PchipInterpolator(table[:, 0], table[:, 1:]))
    rng = np.random.default_rng(5)
    rows = []
    for E in (2.1, 2.25, 2.4, 2.55, 2.7, 2.85):
        both = (1 - TRUTH["termination"]) * curves[0](E) + TRUTH["termination"] * curves[1](E)
        for name, value in zip(("g_e", "g_h"), both, strict=True):
            rows.append((E, name, float(value + sigma * rng.standard_normal()), sigma))
    return points_of(rows)


@pytest.mark.parametrize(
    ("varied", "cells", "of_truth"),
    [
        (("spin_orbit.X.p",), (2, 3, 4), (2, 3, 4)),
        pytest.param(
            ("onsite.Pb.p", "spin_orbit.X.p"), (2, 3, 4, 6), (2, 3, 4, 5, 6, 7), marks=pytest.mark.slow, id="many"
        ),
    ],
)
def test_the_truth_comes_back_from_synthetic_measurements(tmp_path, varied, cells, of_truth):
    common = [str(chosen) for chosen in RANGES if chosen.path in varied]
    models = [inference.parse_model(text, SET, common) for text in ("mixed: termination=0..1", "halide: termination=0")]
    size = ",".join(f"{n}cells" for n in cells)
    found = study.infer(
        SET, models, synthetic(0.02, varied, of_truth), size=size, live=50, precision=1, checks=1, run=Run(workers=1)
    )
    best = found.ranking()[0]
    assert best.model.name == "mixed"
    assert best.log_evidence - found.ranking()[1].log_evidence > 5
    for name, values in best.summary().items():
        assert abs(values["mean"] - TRUTH[name]) < 3 * values["std"] + 1e-3, name
        [prior] = [chosen for chosen in best.model.ranges if chosen.path == name]
        assert values["std"] < 0.3 * (prior.upper - prior.lower), name
    assert best.rms < 0.04
    assert max(found.emulator_error[1:]) < 0.01
    posterior.write_inference(found, tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text())
    assert [model["name"] for model in content["models"]] == ["mixed", "halide"]
    low, median, high = posterior.band(best, np.array([1.5, 2.3, 9.0]))
    assert np.isnan(median[[0, 2]]).all()
    assert (low[1] <= median[1]).all()
    assert (median[1] <= high[1]).all()
    from bandg.plot.output import save
    from bandg.plot.posterior import plot_bands_of_models, plot_corner

    save(plot_bands_of_models(found, np.linspace(2, 3, 9)), tmp_path / "a.png")
    save(plot_corner(best), tmp_path / "b.png")
    assert min((tmp_path / name).stat().st_size for name in ("a.png", "b.png")) > 10_000


def test_points_that_repeat_or_lack_an_energy_are_left_out_with_the_reason():
    points = inference.select_points(load_measured("meliakov2025"))
    assert [(p.energy_eV, p.quantity) for p in points.measured] == [
        (1.69, "g_e"),
        (1.69, "g_h"),
        (2.25, "g_h"),
        (1.911, "abs_g_e"),
        (1.911, "abs_g_h"),
    ]
    assert {why for _, why in points.left_out} == {
        "repeats abs_g_e at 1.911",
        "no energy is stated",
        "follows from g_e at 1.69 and g_h at 1.69",
        "follows from abs_g_e at 1.911 and abs_g_h at 1.911",
        "contains theory: g_h at 2.25 and modeled g_e of ref. 14 of the source",
    }
    asked = inference.select_points(load_measured("meliakov2025"), ("g_e", "g_h", "g_bx"))
    assert asked.measured == verdict_points(load_measured("meliakov2025"))  # what hypotheses are judged by
    with pytest.raises(BandgError, match=r"no independent measurement of g_bx is left: follows from g_e at"):
        inference.select_points(load_measured("meliakov2025"), ["g_bx"])
    assert len(inference.select_points([MeasuredPoint(1.8, "g_bx", 2.2)], ["g_bx"]).value) == 1


class Whole(inference.Likelihood):
    """Fits every point."""

    def __call__(self, theta, least=-np.inf):
        return super().__call__(theta)


def test_a_mixture_is_limited_by_the_spread_that_it_predicts():
    """Two kinds of known g: g, spread and residual are those of one cosine fitted to both."""
    curves = [[2.5, 0.5, 1.6], [2.0, 1.0, 1.1], [1.8, 1.2, 0.9]]
    outputs = np.array([[*curves, *(np.array(curves) - [0, 0.0, 0.8]), [1.652, 3.24, -0.34]]])
    still = emulator.polynomials((), outputs, np.zeros((1, 0, 7, 3)))
    model = inference.Model("mixed", (Range("termination", 0.0, 1.0, ""),))
    one = MeasuredPoint(2.0, "g_h", 0.9, 0.1)
    given = [MeasuredPoint(2.0, "dg_h", 0.1, 0.02, convention="gaussian"), MeasuredPoint(2.5, "T2_h_ps", 150)]
    given += [MeasuredPoint(None, "dg_e", 0.2, convention="lorentzian"), MeasuredPoint(9.0, "dg_h", 0.5)]
    terminations = ("halide", "lead")
    limited, free = (
        inference.Likelihood(model, still, terminations, inference.select_points([one], spreads=s), 0.1, 0.0)
        for s in (given, ())
    )
    assert [why for _, why in limited.points.left_out] == ["a time, for which dg stands"]
    for f in (0.0, 0.01, 0.3, 1.0):
        theta = np.array([f])
        alone = fit_one([1.1, 0.3], [1 - f, f], 150.0, 0.0, "gaussian")
        rest = np.sqrt(max(0.0, 0.1**2 - alone.dg**2))
        seen = fit_one([1.1, 0.3], [1 - f, f], 150.0, rest, "gaussian")
        assert limited.predict(theta)[0] == pytest.approx(float(seen.g), abs=2e-3)
        assert limited.predict(theta)[0] == pytest.approx(limited.curves(theta, np.array([2.0]))[0, 1], abs=1e-12)
        assert free.predict(theta)[0] == pytest.approx(1.1 - 0.8 * f)  # nothing says what is resolved: the mean
        gauss = -0.5 * ((seen.g - 0.9) / 0.1) ** 2 - np.log(0.1 * np.sqrt(2 * np.pi))
        excess = max(0.0, alone.dg - 0.1) / 0.02, max(0.0, seen.left - 0.1) / 0.02
        assert limited(theta) == pytest.approx(gauss - 0.5 * np.sum(np.square(excess)), abs=0.02)
    hole, electron, beyond = limited.spreads(np.array([0.3]))
    assert hole.compatible is False
    assert electron.predicted == 0 and electron.compatible is True
    assert beyond.compatible is None  # outside of the curves: it rejects nothing
    assert limited.spreads(np.array([1.0])) == ()
    for f in np.linspace(0, 1, 21):
        value = limited(np.array([f]))
        assert limited(np.array([f]), value - 1e-9) == value
        assert all(limited(np.array([f]), value + above) <= value + above for above in (0.0, 0.5, 5.0))

    found, whole = (
        sampled(one, 20, 1.0, 1, outputs[0])
        for one in (limited, Whole(model, still, terminations, limited.points, 0.1, 0.0))
    )
    assert found.log_evidence == whole.log_evidence and (found.raw.logl == whole.raw.logl).all()
    assert found.spreads[0].predicted == limited.spreads(found.best)[0].predicted < 0.16


def test_the_first_principles_range_at_the_gap_of_its_functional_is_its_own_value():
    assert -2.59 in [pytest.approx(end, abs=1e-9) for end in first_principles_g_h(1.195)]
    low, high = first_principles_g_h(1.652)
    assert low < -0.62 < high  # the value that the project's notes call inside the range


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("termination=0..1", r"must begin with a name"),
        ("a: termination=1..0", r"is reversed: write 0..1"),
        ("a: termination=0..2", r"must lie within 0..1"),
        ("a: termination=0", r"varies nothing"),
        ("a: onsite.Pb.p=4..5", r"has no unit"),
        ("a: terminaton=0..1", r"nothing is called 'terminaton' \(did you mean 'termination'"),
        ("a: termination=0..1, termination=0", r"twice"),
        ("a: energy.shift=-100..0nm", r"unknown unit"),
        ("a: termination=abc", r"value of termination 'abc' has .* write 0.5 or a range, 0..1"),
        ("a: termination=0..1, onsite.Pb.p=4.4", r"value of onsite.Pb.p '4.4' has no unit: write '4.4eV'"),
        ("a: termination=0..1, onsite.Pb.p=4400keV", r"unknown unit"),
        ("a: termination=0..1, onsite.Pb.p=1e999eV", r"is not finite"),
        ("a: termination=0.5eV", r"it is a plain number"),
        ("a: scatter=0..1", r"scatter must lie within"),
    ],
)
def test_wrong_models_are_one_clear_line(text, message):
    with pytest.raises(BandgError, match=message) as error:
        inference.parse_model(text, SET)
    assert "\n" not in str(error.value)


def test_a_prior_without_any_possible_point_is_refused():
    outputs = np.array([[[2.5, 0.5, 1.6], [2.0, 1.4, 1.1], [1.652, 3.24, -0.34]]])
    still = emulator.polynomials((), outputs, np.zeros((1, 0, 3, 3)))
    model = inference.Model("shifted", (Range("energy.shift", -0.1, 0.0, "eV"),))
    likelihood = inference.Likelihood(model, still, ("halide",), points_of([(1.5, "g_e", 3.0, 0.1)]), 0.1, 0.0)
    with pytest.raises(BandgError, match=r"100% of its prior the measured point at 1.5 eV lies outside"):
        nested.Sampling(likelihood, 50, 0.5, 0).run()


def test_one_emulator_serves_all_models():
    """Its ranges hold those of every model and the set's own value, which a model without that parameter takes."""
    texts = (
        "a: onsite.Pb.p=4.5..4.6eV",
        "b: onsite.X.p=-2.4eV, termination=0.2..1",
        "c: scatter=0.1..0.3, termination=1",
    )
    models = [inference.parse_model(text, SET) for text in texts]
    found = {chosen.path: chosen for chosen in study.union_of_ranges(models, SET)}
    assert set(found) == {"onsite.Pb.p", "onsite.X.p"}
    assert (found["onsite.Pb.p"].lower, found["onsite.Pb.p"].upper) == (SET.value("onsite.Pb.p"), 4.6)
    assert (found["onsite.X.p"].lower, found["onsite.X.p"].upper) == (-2.4, SET.value("onsite.X.p"))
    assert study.needed_terminations(models, 0.0) == ("halide", "lead")
    assert study.needed_terminations(models[:1], 0.0) == ("halide",)
    assert study.needed_terminations(models[2:], 0.0) == ("lead",)
    ends = tuple(replace(one, name=f"my {one.name}") for one in SET.lattice.terminations)
    assert study.needed_terminations(models, 0.0, replace(SET.lattice, terminations=ends)) == ("my halide", "my lead")


def test_spreads_outside_of_the_curves_are_named(capsys):
    from bandg.cli.infer import _print_spreads

    far = SpreadCheck(MeasuredPoint(2.9, "dg_h", 0.03, sample="#4", convention="lorentzian"), np.nan, np.nan)
    unstated = SpreadCheck(MeasuredPoint(None, "dg_e", 0.25, sample="#1", convention="lorentzian"), np.nan, np.nan)
    near = SpreadCheck(MeasuredPoint(1.9, "dg_e", 0.22, sample="#4", convention="lorentzian"), 0.1, 0.02)
    one = SimpleNamespace(model=SimpleNamespace(name="both"), spreads=(near, far, far, unstated))
    _print_spreads(SimpleNamespace(ranking=lambda: [one]))
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not compared: ")]
    assert told == [
        "not compared: dg_h at 2.9 eV, which lies outside of the curves of the mixture",
        "not compared: dg_e at the energies of the points, which lies outside of the curves of the mixture",
    ]


def test_an_interrupted_sampling_prints_nothing(capfd, monkeypatch):
    """dynesty prints a traceback of whatever ends the likelihood."""
    from types import SimpleNamespace

    class Likelihood:
        model = SimpleNamespace(ranges=(1,), name="m")

        def prior(self, cube):
            return cube

        def __call__(self, point, least=0.0):
            return 0.0

    class Interrupted:
        def __init__(self, *_, **__):
            pass

        def run_nested(self, **_):
            print("Exception while calling loglikelihood function")
            print("Traceback", file=sys.stderr)
            raise KeyboardInterrupt

    monkeypatch.setattr("dynesty.NestedSampler", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        nested.Sampling(Likelihood(), 50, 0.1, 0).run()
    assert capfd.readouterr() == ("", "")
