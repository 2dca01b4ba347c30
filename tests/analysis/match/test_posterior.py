"""Evidence, posterior and coverage on emulators for which they are known in closed form."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, multivariate_normal, norm, truncnorm

from bandg import BandgError, match
from bandg.analysis.emulators.emulator import OUTPUTS, Emulator, Exciton, Knob
from bandg.analysis.match.candidate import INVERSE_EPS, candidate, curves, errors, fixed
from bandg.analysis.match.posterior import _log_mass, chi_square, weigh
from bandg.analysis.match.request import Pool
from bandg.analysis.match.sample import Datum, Sample, sample_of
from bandg.analysis.match.synthetic import ERRORS, draw, trials

SIZES = 1 / np.linspace(1 / 3, 1 / 8, 30)
GAP = 1.6


def toy(name="own", shape="cube", g_e=1.0, error=0.0):
    """E = 1.6 + 4 / L^2, g_e = its value at t = 0 + 0.8 t_one, g_h = 0.5 + 0.6 t_two, each with this error."""
    one, zero = np.ones(len(SIZES)), np.zeros(len(SIZES))
    table = {
        "E_e_eV": [GAP + 4 / SIZES**2, zero, zero],
        "E_h_eV": [zero, zero, zero],
        "g_e": [g_e * one, 0.8 * one, zero],
        "g_h": [0.5 * one, zero, 0.6 * one],
    }
    coefficients = tuple(tuple(map(tuple, np.array(table[output]).T.tolist())) for output in OUTPUTS)
    rms = tuple((value,) * len(SIZES) for value in (0.0, 0.0, error, error))
    knobs = (Knob("one", "first", "", 0.0, 1.0, 0.5), Knob("two", "second", "", 0.0, 1.0, 0.5))
    return Emulator(
        name, shape, "halide", tuple(range(1, len(SIZES) + 1)), tuple(SIZES.tolist()), knobs,
        ((0, 0), (1, 0), (0, 1)), OUTPUTS, coefficients, rms, rms, None, Exciton(0.0, 0.6, 0.0, 1e-9), {"bandg": "0"},
        0.6, (0.9, 0.0, 0.0),
    )  # fmt: skip


def test_evidence_of_a_linear_emulator():
    sample, error = sample_of((1.8, 0.01), (1.2, 0.15), (0.9, 0.2)), 0.1

    def of_size(u):
        return norm.pdf(1.8, GAP + 4 / np.exp(2 * u), 0.01)

    def of_knob(value, middle, slope, sd):
        ends = (np.array([-1, 1]) * slope + middle - value) / sd
        return np.diff(norm.cdf(ends))[0] / (2 * slope)

    expected = quad(of_size, *np.log(SIZES[[0, -1]]), points=[np.log(math.sqrt(4 / 0.2))], limit=200)[0]
    expected *= of_knob(1.2, 1.0, 0.8, math.hypot(0.15, error)) * of_knob(0.9, 0.5, 0.6, math.hypot(0.2, error))
    found = weigh(candidate(toy(error=error), 4096), sample)
    assert found.log_evidence == pytest.approx(math.log(expected), abs=0.005)


def test_posterior_of_a_linear_emulator():
    found = match((1.8, 0.01), (1.2, 0.15), emulators=[toy(error=0.1)]).samples[0].fits[0]
    sd = math.hypot(0.15, 0.1) / 0.8
    t = truncnorm((-1 - 0.25) / sd, (1 - 0.25) / sd, 0.25, sd)
    one, two, size = (found.unknowns[name] for name in ("one", "two", "size_nm"))
    assert [one.low, one.median, one.high] == pytest.approx((1 + t.ppf([0.16, 0.5, 0.84])) / 2, abs=0.01)
    assert [two.low, two.median, two.high] == pytest.approx([0.16, 0.5, 0.84], abs=0.01)
    assert (one.constrained, two.constrained, size.constrained) == (True, False, True)
    L = math.sqrt(4 / 0.2)
    assert size.median == pytest.approx(L, rel=0.003)
    assert size.high - size.low == pytest.approx(2 * 0.9945 * 0.01 * L**3 / 8, rel=0.03)


def test_two_candidates_share_the_probability_by_their_evidence():
    own, other = toy(), toy("other", g_e=1.5)
    found = match((1.8, 0.01), (1.4, 0.5), emulators=[own, other]).samples[0]
    cdf = norm.cdf
    ratio = (cdf((1.8 - 1.4) / 0.5) - cdf((0.2 - 1.4) / 0.5)) / (cdf((2.3 - 1.4) / 0.5) - cdf((0.7 - 1.4) / 0.5))
    by_set = {one.emulator.set: one.probability for one in found.fits}
    assert by_set["own"] / by_set["other"] == pytest.approx(ratio, rel=0.005)
    assert sum(by_set.values()) == pytest.approx(1)


def test_integrals_over_a_step_also_far_outside_of_it():
    at, sd = np.array([0.3, 0.3, 5.0, -3.0, 30.0]), np.array([0.1, 1e4, 1.0, 0.5, 1.0])
    for one, width, found in zip(at, sd, _log_mass(at, sd), strict=True):
        whole = quad(lambda s, one=one, width=width: math.exp(-(((s - one) / width) ** 2) / 2), 0, 1, epsabs=0)[0]
        rounding = 16 * np.finfo(float).eps * width  # of two ln ndtr, which differ by 0.8 / width there
        assert found == pytest.approx(math.log(whole), rel=1e-9, abs=rounding)


def test_numbers_that_share_an_error_of_the_emulator_are_correlated():
    data = tuple(Datum(*one) for one in (("energy_eV", 1.8, 0.01), ("g_e", 1.2, 0.1), ("g_bx", 1.9, 0.2)))
    error = np.array([[0.02, 0.3, 0.4, 0.0]])
    _, found = chi_square(Sample("", data), np.array([[1.81, 1.0, 0.8, 4.0]]), error)
    covariance = [[0.01**2 + 0.02**2, 0, 0], [0, 0.01 + 0.09, 0.09], [0, 0.09, 0.04 + 0.09 + 0.16]]
    assert found[0] == pytest.approx(multivariate_normal([1.81, 1.0, 1.8], covariance).logpdf([1.8, 1.2, 1.9]))


def test_errors_of_emulator_and_bulk_add_in_quadrature():
    rows = tuple((value,) * len(SIZES) for value in (0.03, 0.04, 0.12, 0.2))
    band = tuple((value,) * len(SIZES) for value in (9.0, 9.0, 0.05, 0.15))
    found = errors(replace(toy(), error_rms=rows, band=band), np.log([3.0, 5.0]))
    assert found == pytest.approx(np.array([[0.05, 0.13, 0.25, 0]] * 2))


def test_the_68_percent_set_and_the_most_credible_nanocrystals():
    found = match((1.8, 0.01), (1.2, 0.15), (0.5, 0.1), emulators=[toy(error=0.1)]).samples[0]
    ((_, ((low, high),)),) = found.ranges68()
    L = math.sqrt(4 / 0.2)
    sd = 0.01 * L**3 / 8
    assert (low, high) == pytest.approx((L - 0.9945 * sd, L + 0.9945 * sd), abs=0.02 * L)
    assert found.holds(0, L) and not found.holds(0, L + 2 * sd)
    best = np.array([0.625, 0.5, 0.0])
    assert found.more_credible(0, best, math.log(L)) < 0.01
    off = (0.2 - 4 / (L + 2 * sd) ** 2) / 0.01
    assert found.more_credible(0, best, math.log(L + 2 * sd)) == pytest.approx(chi2.cdf(off**2, 3), abs=0.03)


def test_a_posterior_at_the_end_of_the_sizes():
    energy = GAP + 4 / SIZES[0] ** 2
    found = match((energy + 0.04, 0.01), (1.2, 0.15), emulators=[toy()]).samples[0]
    size = found.fits[0].unknowns["size_nm"]
    slope = 8 / SIZES[0] ** 3
    assert size.median - SIZES[0] == pytest.approx(truncnorm(4, np.inf, -0.04 / slope, 0.01 / slope).ppf(0.5), rel=0.05)
    assert "The best has the smallest emulated size (3 nm)" in found.notes()[0]  # 4 errors off: none fits
    near = match((energy + 0.02, 0.01), (1.2, 0.15), emulators=[toy()]).samples[0]
    assert near.found and "The smallest emulated size (3 nm) has weight" in near.notes()[0]
    far = weigh(candidate(toy(), 256), sample_of((energy, 0.01), (1.2, 0.15), size=(2.0, 0.02)))
    assert far.drawn(100).predicted[:, 3].max() < 3.005


def test_where_none_fits_the_end_of_the_sizes_counts_only_if_the_best_is_there():
    smallest = GAP + 4 / SIZES[0] ** 2
    for energy, end in ((1.8, None), (smallest + 0.045, 0), (GAP + 4 / SIZES[-1] ** 2 - 0.045, -1)):
        found = match((energy, 0.01), (30.0, 0.15), "|0.5|+-0.1", emulators=[toy()]).samples[0]
        assert not found.found and found.closest.end == end
        told = {None: [], 0: ["smallest emulated size (3 nm): smaller"], -1: ["largest emulated size (8 nm): larger"]}
        assert found.notes() == [f"The best has the {one} ones, not asked, may fit better." for one in told[end]]
        L = {None: math.sqrt(20), 0: SIZES[0], -1: SIZES[-1]}[end]
        assert found.closest.calculated[:2] == pytest.approx((GAP + 4 / L**2, 1.8), abs=2e-3)


def test_the_best_place_within_a_step():
    energies = GAP + 4 / np.linspace(4.0, 4.1, 7) ** 2
    best = [weigh(candidate(toy(), 256), sample_of((one, 0.001), (1.2, 0.3))).chi2.min() for one in energies]
    assert max(best) < 0.02


def test_a_known_unknown_is_taken_out_of_the_polynomials():
    own = toy()
    knobs = (own.knobs[0], replace(own.knobs[1], power=2, size_change=-0.1))
    whole = replace(own, knobs=knobs, exponents=((0, 0), (1, 2), (0, 1)))
    part = fixed(whole, {"two": 0.6, INVERSE_EPS: 5e-10, "absent": 1.0})
    values, place = np.array([[0.2, 0.6, 5e-10], [0.9, 0.6, 5e-10]]), np.log([4.0, 5.0])
    shift = np.log(part.size_nm[0] / whole.size_nm[0])
    assert curves(part, values[:, [0, 2]], place + shift) == pytest.approx(curves(whole, values, place))
    bent = replace(whole, overlap=(0.6, 0.5, 0.0))  # holds where t_one * t_two^2 > -0.2, t_two = -0.28
    assert fixed(bent, {"two": 0.6}).holds([[0.0], [1.0]]).tolist() == bent.holds([[0.0, 0.6], [1.0, 0.6]]).tolist()
    assert part.a_nm / whole.a_nm == pytest.approx(np.exp(shift))
    found = match((1.8, 0.01), (1.2, 0.15), emulators=[own], fix=["one=0.7", "inverse_eps=0"]).samples[0].fits[0]
    assert list(found.unknowns) == ["size_nm", "two"] and found.best["inverse_eps"] == 0
    assert found.chi2 == pytest.approx(((1.32 - 1.2) / 0.15) ** 2, rel=0.01)
    every = match((1.8, 0.01), (1.2, 0.15), emulators=[own], fix=["one=0.7", "two=0.4", "inverse_eps=0"]).samples[0]
    assert list(every.fits[0].unknowns) == ["size_nm"] and every.fits[0].chi2 == pytest.approx(found.chi2, rel=0.01)
    with pytest.raises(BandgError, match=r"`fix` 'tow' is not among the unknowns \(did you mean 'two'\?\)"):
        match(1.8, 1.2, emulators=[own], fix="tow=1")
    with pytest.raises(BandgError, match="two must lie between 0 and 1, not 3"):
        match(1.8, 1.2, emulators=[own], fix="two=3")


def test_a_magnitude_has_both_signs():
    one = candidate(toy(g_e=0.0), 256)
    both = weigh(one, sample_of((1.8, 0.01), "|0.3|+-0.2")).log_evidence
    each = [weigh(one, sample_of((1.8, 0.01), (value, 0.2))).log_evidence for value in (0.3, -0.3)]
    assert both == pytest.approx(np.logaddexp(*each))


def test_the_truth_lies_in_the_68_percent_sets_in_68_percent_of_cases():
    emulators = [toy(error=0.1), toy("other", g_e=1.5, error=0.2)]
    found = list(trials(emulators, 50, Pool(emulators, 1024), (0.01, 0.15, 0.1), seed=5))
    inside = [(one.in_set, one.in_all, one.in_interval["one"], one.in_interval["size_nm"]) for one in found]
    assert (np.abs(np.mean(inside, axis=0) - 0.68) < 0.15).all()  # 2.3 standard deviations of 50 cases
    right = np.array([one.probability for one in found])
    assert np.mean([one.best for one in found]) == pytest.approx(np.maximum(right, 1 - right).mean(), abs=0.15)
    assert sum(one.none for one in found) <= 2


def test_nothing_rests_on_points_where_the_emulator_does_not_hold():
    half = replace(toy(), overlap=(0.5, 0.0, -0.4))  # not for two > 0.5, where g_h > 0.5
    assert toy().holds([0.5, 0.6]) and half.holds([0.5, 0.5]) and not half.holds([0.5, 0.6])
    sample = sample_of((1.8, 0.01), (1.2, 0.15), (0.4, 0.2))
    whole, part = (weigh(candidate(one, 1024), sample) for one in (toy(), half))
    share = np.diff(norm.cdf((np.array([-0.1, 0.5, 1.1]) - 0.4) / 0.2))  # of g_h below 0.5, and above
    assert part.log_evidence - whole.log_evidence == pytest.approx(math.log(share[0] / share.sum()), abs=0.005)
    assert part.drawn(1000).values[:, 1].max() <= 0.5
    far = match((1.8, 0.01), (1.95, 0.05), (0.9, 0.04), emulators=[half]).samples[0].fits[0]
    assert far.chi2 == pytest.approx((0.15 / 0.05) ** 2 + (0.4 / 0.04) ** 2, rel=0.001)  # at one = 1, two = 0.5
    assert half.holds([far.best["one"], far.best["two"]]) and far.best["one"] == pytest.approx(1, abs=1e-3)
    with pytest.raises(BandgError, match="no emulator holds at these values of `fix`"):
        match((1.8, 0.01), 1.2, emulators=[half], fix="two=0.9")
    drawn = [draw([half], ERRORS, np.random.default_rng(n))[0].values[1] for n in range(20)]
    assert max(drawn) <= 0.5


def test_a_sample_far_from_all_is_none_of_these():
    found = match((1.8, 0.01), (2.4, 0.05), (0.9, 0.1), emulators=[toy()]).samples[0]  # chi-square 144
    assert not found.found
    assert found.fits[0].chi2 == pytest.approx(((2.4 - 1.8) / 0.05) ** 2, rel=0.01)
    assert found.fits[0].residuals == pytest.approx([0, 12, 0], abs=0.2)
    for excess, fits in ((3.2, True), (3.5, False)):  # 0.01 is exceeded by chi-square 11.3 of three numbers
        near = match((1.8, 0.01), (1.8 + 0.5 * excess, 0.5), (0.9, 0.1), emulators=[toy()]).samples[0]
        assert near.fits[0].p_value == pytest.approx(chi2.sf(excess**2, 3), rel=0.03)
        assert near.found is fits


def test_an_energy_outside_of_all_is_refused():
    with pytest.raises(BandgError, match=r"the energy 2\.9 eV lies outside of all emulators, which reach from 1\.66"):
        match((2.9, 0.01), 1.0, emulators=[toy()])
