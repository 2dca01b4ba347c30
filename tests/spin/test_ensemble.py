"""Simulated ensembles: spreads, T2* and traces against closed forms, and a fit of what was simulated."""

import json
from functools import partial

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import bandg
from bandg.base.errors import BandgError
from bandg.spin import Ensemble, decay, fit, read_traces, simulate
from bandg.spin.ensemble import FWHM
from bandg.spin.grid import Sample, basis, grid, with_angles
from bandg.spin.output import write_traces
from bandg.spin.scatter import Scatter, scatters

pytestmark = pytest.mark.usefixtures("module_cache")
RUN = bandg.Run(workers=1)
few = partial(simulate, set="nestoklon2023-standin", run=RUN)
T = np.arange(0, 1000, 5.0)


def ensemble(vectors):
    """An ensemble of equal weights whose electron and hole have these vectors, shape (n, 3)."""
    both = np.stack([vectors, vectors], axis=1)
    n = len(vectors)
    return Ensemble(1.9, 0.0, 0.0, np.full(n, 1.9), np.full(n, 1 / n), np.ones((n, 3)), both, 0.0, (0.0,) * 3)


def along_field(g):
    """Vectors of isotropic g."""
    return np.stack([g, 0 * g, 0 * g], axis=1)


@pytest.fixture(scope="module")
def cubes(module_cache):
    """Levels of cubes of 3 to 6 cells."""
    return bandg.compute("3..6cells", set="nestoklon2023-standin", run=RUN)


def test_a_lorentzian_of_g_decays_as_its_half_width_says():
    quantile = (np.arange(4000) + 0.5) / 4000
    lorentzian = ensemble(along_field(30 + 0.2 * np.tan(np.pi * (quantile - 0.5))))
    assert lorentzian.spread("electron").half_width == pytest.approx(0.2, rel=1e-3)
    expected = decay.t2_star("exponential", 0.3, 0.2, [0.1, 0.4]) * 1000
    np.testing.assert_allclose(lorentzian.t2_star_ps("electron", [0.1, 0.4], 300), expected, rtol=2e-3)


def test_a_gaussian_of_g_decays_as_its_standard_deviation_says():
    from scipy.special import ndtri

    g = 1.5 + 0.1 * ndtri((np.arange(4000) + 0.5) / 4000)
    gaussian = ensemble(along_field(g))
    mean, deviation, half_width = gaussian.spread("hole")
    assert (mean, deviation) == (pytest.approx(1.5), pytest.approx(0.1, rel=1e-3))
    assert half_width == pytest.approx(0.06745, rel=1e-3)  # quartile of a Gaussian
    square = decay.spread_square(0.1, 0.4)
    np.testing.assert_allclose(gaussian.t2_star_ps("hole", 0.4), 1000 / np.sqrt(square), rtol=1e-3)
    expected = decay.gaussian(T / 1000, float(decay.larmor(1.5, 0.4)), square).cosine
    np.testing.assert_allclose(gaussian.signal("hole", T, 0.4), expected, atol=2e-3)


def test_random_axes_of_one_tensor_give_the_integral_over_orientations():
    from bandg.spin.sampling import _vectors

    tensor = np.broadcast_to(np.diag([1.5, 1.5, 1.7]), (20000, 2, 3, 3))
    random = ensemble(_vectors(np.random.default_rng(0), tensor, "random")[:, 0])
    found = random.signal("electron", [0, 100, 200, 500], 0.42)
    np.testing.assert_allclose(found, [1, 0.860146, 0.496685, -0.450072], atol=5e-3)
    np.testing.assert_allclose(found, decay.anisotropic([0, 0.1, 0.2, 0.5], 0.42, [1.5, 1.5, 1.7]), atol=5e-3)
    more = np.broadcast_to(np.diag([0.5, 0.5, 1.7]), tensor.shape)  # a large part does not turn
    strong = ensemble(_vectors(np.random.default_rng(0), more, "random")[:, 0])
    expected = decay.anisotropic([0, 0.02, 0.05, 0.2], 0.42, [0.5, 0.5, 1.7], 48)
    np.testing.assert_allclose(strong.signal("electron", [0, 20, 50, 200], 0.42), expected, atol=1e-2)
    fixed = ensemble(_vectors(np.random.default_rng(0), tensor, "fixed")[:, 0])
    assert fixed.spread("electron") == pytest.approx((1.5, 0, 0), abs=1e-12)


def test_without_a_field_nothing_turns():
    one = ensemble(along_field(np.array([1.0, 2.0])))
    assert one.signal("electron", T, 0.0, 250) == pytest.approx(np.exp(-T / 250))
    assert one.t2_star_ps("electron", [0.0, 0.0]).tolist() == [np.inf, np.inf]


def test_the_width_of_the_laser_spreads_g_by_the_slope(cubes):
    energy, width = 2.4, 1e-3
    order = np.argsort(cubes["E_gap_eV"].values)
    found = few("3..6cells", energy_eV=energy, width_eV=width, count=4000)
    assert np.std(found.transition_eV) == pytest.approx(width / FWHM, rel=0.05)
    for carrier, name in (("electron", "g_e"), ("hole", "g_h")):
        curve = CubicSpline(cubes["E_gap_eV"].values[order], cubes[name].values[order])
        mean, deviation, half_width = found.spread(carrier)
        assert mean == pytest.approx(float(curve(energy)), abs=0.02)
        slope = abs(float(curve(energy, 1)))
        assert deviation == pytest.approx(slope * width / FWHM, rel=0.12)
        assert half_width == pytest.approx(0.6745 * deviation, rel=0.05)


def test_kinds_are_as_frequent_as_their_sizes_at_that_energy():
    ends = ["halide", "lead"]
    levels = bandg.compute("3..6cells", termination=ends, set="nestoklon2023-standin", run=RUN)
    density = []
    for end, share in zip(ends, (0.25, 0.75), strict=True):
        own = levels.where(levels["termination"] == end, drop=True)
        size = CubicSpline(own["E_gap_eV"].values[::-1], own["size_nm"].values[::-1])
        density.append(share * abs(float(size(2.6, 1))))
    found = few("3..6cells", termination=ends, energy_eV=2.6, shares=(0.25, 0.75), count=4000)
    assert found.weight[found.g[:, 0] < 0.1].sum() == pytest.approx(density[1] / sum(density), abs=0.03)


def test_a_broad_laser_sees_the_distribution_of_sizes():
    found = few("3..6cells", energy_eV=2.45, width_eV=2.0, mean_nm=2.6, spread=0.12, count=10_000)
    size = np.log(found.edges_nm[:, 0])
    mean = found.weight @ size
    assert np.exp(mean) == pytest.approx(2.6, rel=0.015)
    assert np.sqrt(found.weight @ (size - mean) ** 2) == pytest.approx(0.12, rel=0.08)


def test_the_homogeneous_width_is_that_of_a_lorentzian():
    found = few("3..6cells", energy_eV=2.4, width_eV=0.0, homogeneous_eV=4e-3, count=10_000)
    low, high = np.quantile(found.transition_eV, [0.25, 0.75])
    assert high - low == pytest.approx(4e-3, rel=0.06)


def test_the_emulator_has_the_computed_values(cubes):
    for number in (1, 2):
        energy = float(cubes["E_gap_eV"].values[number])
        found = few("3..6cells", energy_eV=energy, width_eV=0.0, count=2)
        assert found.edges_nm == pytest.approx(float(cubes["size_nm"].values[number]), rel=1e-3)
        for carrier, name in (("electron", "g_e"), ("hole", "g_h")):
            assert found.spread(carrier).mean == pytest.approx(float(cubes[name].values[number]), abs=1e-3)


def test_cuboids_have_the_computed_tensors():
    from bandg.models import base as models

    etb = models.find("etb")
    known = scatters({"edges": "1+-0.1"})
    one = grid(Sample("2..3cells", "cube", etb, etb.load("nestoklon2023-standin"), {}, {}, known, RUN), None)
    box = bandg.compute("3x3x2cells", "cuboid", set="nestoklon2023-standin", observables="details", run=RUN)
    assert one.values[1, 1, 0, 0, 0] == pytest.approx(float(box["E_gap_eV"].values[0]), abs=1e-8)
    tensors = one.values[1, 1, 0, 0, 1:].reshape(2, 3, 3)
    np.testing.assert_allclose(np.abs(tensors), np.abs(box["g_tensor"].values[0]), atol=1e-6)
    assert abs(tensors[0, 2, 2] - tensors[0, 0, 0]) > 0.01  # the short axis differs


def test_a_fit_of_the_simulated_traces_returns_the_ensemble(tmp_path):
    found = few("3..6cells", energy_eV=2.4, width_eV=0.1, count=4000)
    traces = found.traces([0.1, 0.25, 0.42], T, amplitudes=(1, 0), noise=0.01)
    write_traces(traces, tmp_path / "t.csv")
    read = read_traces(tmp_path / "t.csv", start_ps=0)
    assert read.energy_eV == 2.4
    assert [one.signal for one in read.traces] == [pytest.approx(one.signal, abs=1e-6) for one in traces.traces]
    from bandg.spin.results import components

    [one] = components(fit(read, components=1, decay="gaussian", slow=False))
    mean, deviation, _ = found.spread("electron")
    assert one.g.value == pytest.approx(mean, rel=0.02)
    assert one.dg.value == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"energy_eV": 3.4}, "have 2.135 to 2.873 eV"),
        ({"size": "4cells"}, "give `size` a range"),
        ({"orientation": "up"}, "`orientation` must be"),
        ({"mean_nm": 3.0}, "needs both"),
        ({"scatter": {"edgs": "1"}}, "did you mean 'edges'"),
        ({"scatter": {"occupancy": "1.2"}}, "must have its mean within 0 and 1"),
        ({"scatter": {"angle_1": "8+-1"}}, "needs a tilt"),
        ({"scatter": {"surface_scale": "1+-0.2"}}, "nothing to scale"),
        ({"scatter": {"occupancy": "0.9+-0.1"}, "occupancy": 0.5}, "leave one of them out"),
        ({"scatter": {"edges": "1+-0.1"}, "shape": "sphere"}, "leave `shape` 'sphere' out"),
        ({"shares": (0.5,)}, "those of several terminations"),
        ({"shares": (0.5, 0.5, 0), "termination": ["halide", "lead"]}, "for each of 2 terminations"),
        ({"shares": (np.nan, 1), "termination": ["halide", "lead"]}, "`shares` must be a finite number"),
        ({"shares": 1.0}, "`shares` must be a list of numbers"),
        ({"termination": []}, "must name one termination or more"),
        ({"termination": ["halide", "halide"]}, "each once"),
        ({"scatter": ["occupancy"]}, "`scatter` must be a mapping"),
        ({"scatter": {"edges": "1.1+-0.1"}}, "relative to the common size: write 1"),
        ({"scatter": {"edges": "0.9..1.3"}}, "its middle must be 1"),
        ({"count": 10**6}, "`count` must be at most 100000"),
        ({"width_eV": -1e-3}, "`width_eV` must be 0 or more"),
        ({"energy_eV": 0.0}, "`energy_eV` must be above zero"),
        ({"structure": "a.cif"}, "is one nanocrystal"),
        ({"tilt": "a-b+a-", "angles": "8,12", "scatter": {"angle_1": "9+-1"}}, "says 8 degrees and the middle"),
        ({"tilt": "a-a-a-", "scatter": {"angle_2": "9+-1"}}, "the tilt 'a-a-a-' has 1 angles"),
    ],
)
def test_wrong_input_is_named(given, message):
    with pytest.raises(BandgError, match=message):
        few(**({"size": "3..6cells", "energy_eV": 2.4} | given))


def test_what_scatters_stays_within_its_limits():
    rng = np.random.default_rng(0)
    drawn = Scatter.of("occupancy", "0.95+-0.1").draw(rng, 5000)
    assert drawn.max() <= 1 and drawn.min() >= 0.7
    wide = Scatter.of("surface_scale", "1+-0.2").draw(rng, 20000)
    assert (np.mean(wide), np.std(wide)) == (pytest.approx(1, abs=0.01), pytest.approx(0.2, rel=0.06))
    uniform = Scatter.of("occupancy", "0.2..0.6").draw(rng, 20000)
    assert np.std(uniform) == pytest.approx(0.4 / np.sqrt(12), rel=0.02)


def test_splines_pass_through_their_nodes():
    nodes = 1 / np.array([3.0, 4.0, 5.0, 6.0])  # descending
    np.testing.assert_allclose(basis(nodes, nodes), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(basis(nodes, [0.22]) @ nodes**3, [0.22**3], rtol=1e-10)
    assert np.isnan(basis(nodes, [0.1])).all()


def test_angles_belong_to_the_letters_that_turn_and_zero_is_an_angle():
    def angles(tilt, given, **known):
        return with_angles(bandg.load_set("nestoklon2023-standin"), {"tilt": tilt, "angles": given}, scatters(known))[
            "angles"
        ]

    assert angles("a-b+a-", "0,12", angle_2="12+-1") == "0.0,12.0"
    assert angles("a-b+a-", "0,12", angle_1="0+-1") == "0.0,12.0"
    assert angles("a0b+a0", "12", angle_1="10..14") == "12.0"
    assert angles("a-b+a-", None, angle_1="8+-1", angle_2="11+-1") == "8.0,11.0"
    with pytest.raises(BandgError, match="needs 2 angle"):
        angles("a-b+a-", None, angle_1="8+-1")


def test_g_of_both_signs_has_a_mean_without_a_jump():
    assert ensemble(along_field(np.array([-0.5, 0.25]))).g[:, 0].tolist() == [-0.5, 0.25]
    from bandg.spin.sampling import _vectors

    means = []
    for shift in (-1e-3, 1e-3):  # the trace changes its sign
        tensor = np.broadcast_to(np.diag([0.2, 0.2, -0.4]) + shift * np.eye(3), (5000, 2, 3, 3))
        means.append(ensemble(_vectors(np.random.default_rng(1), tensor, "random")[:, 0]).spread("hole").mean)
    assert means[1] - means[0] == pytest.approx(0.002, abs=0.002)


def test_an_ensemble_is_a_dataset_with_its_options():
    found = few("2..4cells", energy_eV=2.8, count=20, scatter={"occupancy": 1.0})
    data = found.to_xarray()
    assert dict(data.sizes) == {"nanocrystal": 20, "axis": 3, "carrier": 2}
    np.testing.assert_array_equal(data["g"].sel(carrier="hole"), found.g[:, 1])
    assert float(data["weight"].sum()) == pytest.approx(1)
    options = json.loads(data.attrs["options"])
    assert (options["size"], options["count"], options["scatter"]) == ("2..4cells", 20, {"occupancy": "1+-0"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"noise": -1}, "`noise` must be 0 or more"),
        ({"noise": np.nan}, "`noise` must be a finite number"),
        ({"amplitudes": (0, 0)}, "must be other than zero"),
        ({"amplitudes": (1,)}, "`amplitudes` needs two values"),
        ({"t2_zero_ps": (0, 1)}, "`t2_zero` must be above zero"),
        ({"field_T": [0.1, 0.1]}, "stand once"),
        ({"field_T": [-0.1]}, "must be 0 or more"),
        ({"field_T": [0.0]}, "nothing turns or decays"),
        ({"field_T": [420.0]}, "check the unit"),
        ({"time_ps": np.arange(2e6)}, "too many"),
    ],
)
def test_a_signal_that_cannot_be_made_is_named(given, message):
    with pytest.raises(BandgError, match=message):
        ensemble(along_field(np.array([1.0, 2.0]))).traces(**({"field_T": [0.1], "time_ps": T} | given))
