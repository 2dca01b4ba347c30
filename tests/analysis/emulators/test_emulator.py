"""The polynomials and what is done with them, on an emulator whose numbers are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from bandg import BandgError
from bandg.analysis.emulators.emulator import OUTPUTS, Check, Emulator, Exciton, Knob, from_json
from bandg.analysis.emulators.errors import errors_of
from bandg.models.exciton import exciton_shift

SIZES = np.array([2.5, 4.0, 6.0, 10.0])
GAP = 1.6


def made() -> Emulator:
    """E_e - E_h = 1.6 + 4 / L^2 + 0.1 t_one, g_e = 2 - 3 / L + t_one^2, g_h = t_one t_two / L.

    It holds at t_one > -0.5.
    """
    one, size = np.ones(4), 1 / SIZES
    table = {
        "E_e_eV": [GAP + 4 * size**2, 0.1 * one, 0 * one, 0 * one],
        "E_h_eV": [0 * one] * 4,
        "g_e": [2 - 3 * size, 0 * one, one, 0 * one],
        "g_h": [0 * one, 0 * one, 0 * one, size],
    }
    coefficients = tuple(tuple(map(tuple, np.array(table[name]).T.tolist())) for name in OUTPUTS)
    zeros = ((0.0,) * 4,) * 4
    knobs = (Knob("one", "first", "", 0.0, 2.0, 1.0), Knob("two", "second", "eV", -1.0, 1.0, 0.5))
    exponents = ((0, 0), (1, 0), (2, 0), (1, 1))
    sizes = tuple(SIZES.tolist())
    return Emulator(
        "own", "cube", "halide", (4, 6, 10, 16), sizes, knobs, exponents, OUTPUTS, coefficients, zeros, zeros, None,
        Exciton(0.1, 0.6), {"bandg": "0"}, 0.5, (0.6, 0.2, 0.0, 0.0),
    )  # fmt: skip


def test_polynomials_of_scaled_knobs():
    found = made().evaluate({"one": 1.5, "two": -0.5})
    assert found.energy_eV == pytest.approx(GAP + 4 / SIZES**2 + 0.05)
    assert found.g_e == pytest.approx(2 - 3 / SIZES + 0.25)
    assert found.g_h == pytest.approx(-0.25 / SIZES)
    assert found.g_bx == pytest.approx(found.g_e + found.g_h)


def test_knobs_that_are_not_given_have_their_default():
    assert made().evaluate().g_e == pytest.approx(2 - 3 / SIZES)
    assert made().evaluate({"one": 2}).g_h == pytest.approx(0.5 / SIZES)


def test_many_values_of_the_knobs_at_once():
    values = np.array([[0.0, 1.0], [1.5, -0.5]])
    assert made().levels(values)[1] == pytest.approx(made().levels(values[1]))


def test_a_knob_with_a_power_is_even_and_may_change_the_sizes():
    own = made()
    bent = replace(own, knobs=(replace(own.knobs[0], power=2, size_change=-0.1), own.knobs[1]))
    assert bent.knobs[0].scaled([0, np.sqrt(2), 2]) == pytest.approx([-1, 0, 1])
    assert bent.knobs[0].value(0.3) == pytest.approx(np.sqrt(2.6))
    found = bent.evaluate({"one": np.sqrt(3), "two": 1.0})  # t = 0.5, three quarters of the way
    assert found.size_nm == pytest.approx(SIZES * (1 - 0.075))
    assert found.g_h == pytest.approx(0.5 / SIZES)
    assert np.isnan(bent.evaluate({"one": 2.0}, size_nm=[10.0]).g_h).all()


def test_between_sizes_it_is_a_monotone_cubic_of_one_over_the_size():
    at = np.array([2.5, 3.0, 7.7, 10.0])
    line = PchipInterpolator(1 / SIZES[::-1], (GAP + 4 / SIZES**2)[::-1])
    assert made().evaluate(size_nm=at).energy_eV == pytest.approx(line(1 / at))
    assert np.isnan(made().evaluate(size_nm=[2.4, 10.1]).g_e).all()


def test_an_exciton_lowers_the_energy_as_everywhere_in_bandg():
    own = made()
    shift = exciton_shift(0.6 * SIZES, 0.2, 0.1)
    assert own.evaluate(inverse_eps=0.2).energy_eV == pytest.approx(own.evaluate().energy_eV + shift)
    x, e = 0.2, own.exciton
    R = e.mu * e.rydberg_eV * x**2
    formula = np.minimum(-e.coulomb * e.e2_eV_nm * x / (e.radius_per_size * SIZES) - e.correlation * R, -R)
    assert shift == pytest.approx(formula)


def test_a_spread_of_sizes_averages_as_a_gaussian_does():
    sizes = np.linspace(4, 10, 25)
    rows = (GAP + 0 * sizes, 0 * sizes, 1 / sizes, 0 * sizes)
    coefficients = tuple(tuple((float(value),) for value in row) for row in rows)
    line = replace(made(), size_nm=tuple(sizes), exponents=((0, 0),), coefficients=coefficients)
    found = line.evaluate(size_spread=0.1, size_nm=[6.5])
    assert found.g_e == pytest.approx((1 + 0.1**2 + 3 * 0.1**4) / 6.5, rel=1e-5)  # <1 / L> of a Gaussian
    assert np.isnan(line.evaluate(size_spread=0.1).g_e[[0, -1]]).all()


def test_what_is_wrong_is_told_in_one_line():
    with pytest.raises(BandgError, match=r"no knob 'tow' \(did you mean 'two'\?\)"):
        made().evaluate({"tow": 1})
    with pytest.raises(BandgError, match=r"one must lie between 0 and 2, not 2\.5"):
        made().evaluate({"one": 2.5})
    with pytest.raises(BandgError, match="inverse_eps must lie between 0 and 1"):
        made().evaluate(inverse_eps=-1)
    with pytest.raises(BandgError, match=r"size_spread must lie between 0 and 0\.2"):
        made().evaluate(size_spread=0.3)
    with pytest.raises(BandgError, match="this is no emulator of bandg"):
        from_json('{"set": 1}')


def test_it_holds_where_the_overlap_is_at_least_one_half():
    values = [[0.0, 0.5], [0.49, 0.5], [0.51, 0.5], [2.0, -1.0]]
    assert made().holds(values).tolist() == [False, False, True, True]


def test_errors_are_those_of_the_checks_where_the_emulator_holds():
    own = made()  # g_e = 2 - 3 / L + t_one^2, and it holds for t_one > -0.5

    def check(one, size_nm, off):
        values = (one, 0.5)
        known = own.evaluate({"one": one, "two": 0.5}, size_nm=size_nm)
        outputs = np.array([known.E_e_eV, known.E_h_eV, known.g_e, known.g_h]) - off
        return Check(values, tuple(size_nm), tuple(map(tuple, outputs.tolist())), (0.9,) * len(size_nm))

    checks = [check(1.0, [2.5, 4.0], 0.1), check(1.5, [4.0], -0.3), check(0.2, [2.5], 5.0), check(1.0, [5.0], 0.2)]
    rms, largest = errors_of(own, checks)
    both = np.sqrt((0.1**2 + 0.3**2 + 0.2**2) / 3)  # a size between counts at both
    assert rms == pytest.approx(np.tile([0.1, both, 0.2, 0.2], (4, 1)))
    assert largest == pytest.approx(np.tile([0.1, 0.3, 0.2, 0.2], (4, 1)))


def test_json_gives_it_back():
    assert from_json(made().to_json()) == made()
