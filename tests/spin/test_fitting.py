"""Fits return what traces were made of."""

import math

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.spin import Traces, decay, fit
from bandg.spin.minimize import minimize
from bandg.spin.results import Fit, components, lines, residual_tests, time_text, with_error

STATED = {"g": (58.5 / 36.9352, 26.5 / 36.9352), "t2_ps": (150, 220), "dg": (0.0, 0.0)}
"""The paper's sample #4 in 420 mT: 58.5 and 26.5 rad/ns, 150 and 220 ps."""


def within(estimate, truth, errors=3.5):
    assert abs(estimate.value - truth) < errors * estimate.error, (estimate, truth)


def test_two_components_of_one_field_come_back(make):
    found = fit(make((0.42,), noise=0.02, seed=1, **STATED))
    assert found.best.model.name == "2 x exponential" and not found.problems
    for one, g, t2, size in zip(components(found), STATED["g"], STATED["t2_ps"], (1.0, 0.6), strict=True):
        within(one.g, g)
        within(one.t2_ps[0], t2)
        within(one.amplitudes[0], size)
        within(one.phases[0], 0.0)
        assert one.dg is None and one.t2_zero_ps is None
        assert one.g.error < 0.01 * g


def test_six_fields_give_both_g_and_the_spread(make):
    found = fit(make((0, 0.09, 0.17, 0.25, 0.34, 0.42), noise=0.05, seed=3, phase=0.2), slow=False, decay="exponential")
    assert len(found.best.model.decays) == 2 and not found.problems
    electron, hole = components(found)
    within(electron.g, 1.41)
    within(hole.g, 0.91)
    within(electron.dg, 0.22)
    assert hole.dg.bound == "upper-bound" and hole.dg.value < 0.05
    within(hole.t2_zero_ps, 260)
    within(electron.t2_ps[-1], float(1000 * decay.t2_star("exponential", 0.35, 0.22, 0.42)))
    within(electron.phases[-1], 0.2)
    assert electron.phases[0] is None and all(one.probability > 1e-3 for one in residual_tests(found.best))


@pytest.mark.parametrize("fields", [(0.42,), (0.2, 0.42)])
def test_amplitudes_are_positive_and_phases_say_the_sign(make, fields):
    traces = make(fields, g=(1.41,), t2_ps=(350,), dg=(0.0,), size=(1.0,), noise=0.01, phase=2.8)
    one = components(fit(traces, components=1, decay="exponential", slow=False))[0]
    within(one.phases[-1], 2.8)
    within(one.amplitudes[-1], 1.0)


@pytest.mark.parametrize("kind", ["gaussian", "nuclear"])
def test_other_decays_are_told_from_exponentials(make, kind):
    traces = make((0, 0.02, 0.1), g=(1.41,), t2_ps=(300,), dg=(0.0,), kind=kind, size=(1.0,), noise=0.02)
    found = fit(traces, components=1, slow=False)
    assert found.best.model.decays == (kind,)
    within(components(found)[0].g, 1.41)
    within(components(found)[0].t2_zero_ps, 300)


@pytest.mark.parametrize("seed", [2, 3, 4, 9])
def test_two_gaussians_are_found_from_the_data(make, seed):
    """The fit is as good as one that begins with the truth."""
    traces = make((0.09, 0.25, 0.42), kind="gaussian", noise=0.05, seed=seed, step=4, end=1500)
    found = fit(traces, components=2, decay="gaussian", slow=False).best
    truth: list[float] = []
    for g, t2, dg in ((1.41, 350, 0.22), (0.91, 260, 0.0)):
        truth += [g, *((1000 / t2) ** 2 + decay.spread_square(dg, B) for B in (0.09, 0.42)), 0.0]
    assert found.rss <= minimize(found.problem, np.array(truth), 100).rss * (1 + 1e-6)


def test_a_gaussian_spread_is_a_standard_deviation(make):
    traces = make((0.1, 0.3, 0.5), g=(1.41,), t2_ps=(400,), dg=(0.15,), kind="gaussian", size=(1.0,), noise=0.02)
    one = components(fit(traces, components=1, slow=False))[0]
    assert one.convention == "gaussian"
    within(one.dg, 0.15)


@pytest.mark.parametrize("decays", [("exponential", "gaussian"), ("gaussian", "exponential")])
def test_names_go_by_the_size_of_g_whatever_the_decays(make, decays):
    found = fit(make((0.42,), noise=0.02, seed=1, **STATED), decay=decays, slow=False, assign=("e", "h"))
    by_label = {one.label: one for one in components(found)}
    assert by_label["e"].g.value == pytest.approx(STATED["g"][0], rel=0.03)
    assert by_label["h"].g.value == pytest.approx(STATED["g"][1], rel=0.03)
    asked = by_label["e"].decay == decays[0]
    assert asked or any("not the one that was asked for it" in what for what in found.problems)


def test_the_scale_of_the_field_adds_to_the_error_of_g(make):
    traces = make((0.2, 0.42), g=(1.41,), t2_ps=(350,), dg=(0.1,), size=(1.0,), noise=0.02)
    options = {"components": 1, "decay": "exponential", "slow": False}
    plain, wide = (components(fit(traces, field_error=error, **options))[0] for error in (0.0, 0.02))
    assert wide.g.error == pytest.approx(np.hypot(plain.g.error, 0.02 * plain.g.value))
    assert wide.dg.error == pytest.approx(np.hypot(plain.dg.error, 0.02 * plain.dg.value))


def test_noise_that_differs_between_traces_is_weighed(make):
    """The noisy trace is 90 mT; equal weights would give errors of g three times as large."""
    clean = make((0.09, 0.42), g=(1.41,), t2_ps=(350,), dg=(0.0,), size=(1.0,))
    rng = np.random.default_rng(1)
    noisy = [one.signal + rng.normal(0, s, len(one.signal)) for one, s in zip(clean.traces, (0.3, 0.01), strict=True)]
    traces = Traces.of(1000 * clean.traces[0].time_ns, clean.fields, noisy)
    found = fit(traces, components=1, decay="exponential", slow=False)
    rms = [one.rms for one in residual_tests(found.best)]
    assert rms == pytest.approx([0.3, 0.01], rel=0.15)
    one = components(found)[0]
    within(one.g, 1.41)
    assert one.g.error < 0.002


def test_stated_errors_of_points_are_used(make):
    traces = make((0.42,), g=(1.41,), t2_ps=(350,), dg=(0.0,), size=(1.0,), noise=0.02, seed=5)
    t = 1000 * traces.traces[0].time_ns
    small, large = (
        components(fit(Traces.of(t, [0.42], [traces.traces[0].signal], [np.full(len(t), s)]), components=1, slow=False))
        for s in (0.02, 0.2)
    )
    assert large[0].g.error == pytest.approx(10 * small[0].g.error, rel=0.2)


def test_field_by_field_lies_on_lines(make):
    found = fit(
        make((0, 0.2, 0.3, 0.42), noise=0.01, seed=2), components=2, decay="exponential", slow=False, separately=True
    )
    assert len(found.separate) == 3
    electron, hole = lines(found)
    assert electron.fields_T.tolist() == [0.2, 0.3, 0.42]
    within(electron.g, 1.41)
    within(hole.g, 0.91)
    within(electron.dg, 0.22, 4)
    assert abs(electron.offset_in_errors) < 4 and abs(hole.offset_in_errors) < 4
    assert electron.omega[:, 0] == pytest.approx(decay.larmor(1.41, electron.fields_T), rel=0.05)


def test_replicas_have_the_spread_that_the_curvature_says(make):
    traces = make((0.2, 0.42), g=(1.41,), t2_ps=(350,), dg=(0.1,), size=(1.0,), noise=0.05)
    options = {"components": 1, "decay": "exponential", "slow": False}
    found = fit(traces, bootstrap=60, **options)
    curved = np.sqrt(np.diag(found.best.covariance))
    assert found.replicas.std(axis=0) == pytest.approx(curved, rel=0.4)
    again = fit(traces, bootstrap=60, **options)
    assert np.array_equal(again.replicas, found.replicas)


def test_blocks_keep_the_correlation_of_residuals(make):
    """A lock-in's time constant of 20 ps correlates the noise, and curvature alone makes errors too small."""
    traces = make((0.42,), g=(1.41,), t2_ps=(350,), dg=(0.0,), size=(1.0,))
    rng = np.random.default_rng(0)
    signal = traces.traces[0].signal
    slow = np.convolve(rng.normal(0, 0.05, len(signal) + 7), np.ones(8) / np.sqrt(8), "valid")
    correlated = Traces.of(1000 * traces.traces[0].time_ns, [0.42], [signal + slow])
    found = fit(correlated, components=1, decay="exponential", slow=False, bootstrap=40)
    assert residual_tests(found.best)[0].probability < 1e-6
    assert found.replicas.std(axis=0)[1] > 1.5 * np.sqrt(found.best.covariance[1, 1])


def test_what_is_left_is_seen(make):
    """A line at 20 rad/ns that one component does not cover."""
    traces = make((0.42,), g=(1.41, 0.541), t2_ps=(300, 900), dg=(0.0, 0.0), size=(1.0, 0.3), noise=0.02)
    left = residual_tests(fit(traces, components=1, decay="exponential", slow=False).best)[0]
    assert left.oscillation < 1e-6 and left.frequency_rad_ns == pytest.approx(20, abs=4)


def test_a_decay_that_is_not_seen_stands_at_a_bound(make):
    traces = make((0.42,), g=(1.41,), t2_ps=(1e9,), dg=(0.0,), size=(1.0,), noise=0.02, seed=4)
    found = fit(traces, components=1, decay="exponential", slow=False)
    assert found.problems == ("decay of component 1 stands at a bound",)
    assert components(found)[0].t2_ps[0].bound == "lower-bound"


def test_a_frequency_above_the_limit_gives_no_result(make):
    """|g| = 1.41 and 0.91 where |g| up to 0.5 is looked for."""
    found = fit(make((0.2, 0.42), noise=0.02, end=900), largest_g=0.5, decay="exponential")
    assert any("is not seen" in what or "stands at a bound" in what for what in found.problems), found.problems


def test_noise_alone_is_no_signal():
    noise = np.random.default_rng(0).normal(size=120)
    found = fit(Traces.of(np.arange(5, 605, 5.0), [0.42], [noise]), slow=False, decay="exponential")
    assert "offsets alone do as well: there is no signal in the noise" in found.problems


def test_frequencies_that_the_steps_do_not_sample(make):
    with pytest.raises(BandgError, match=r"420 mT: steps of 40 ps sample \|g\| up to 2.13 .* write `largest_g` 2.12"):
        fit(make((0.42,), step=40))
    options = {"largest_g": 2.0, "components": 2, "slow": False, "decay": "exponential"}
    best = fit(make((0.42,), step=40, noise=0.01), **options).best
    assert best.converged and not best.at_bounds
    fields = make((0.05, 0.9), g=(1.41,), t2_ps=(350,), dg=(0.0,), size=(1.0,), step=40, noise=0.01)
    with pytest.raises(BandgError, match=r"900 mT: .* above half of the sampling rate .* steps below 28"):
        fit(fields, components=1)


def test_a_field_that_turns_nothing_and_a_signal_out_of_range(make):
    """0.42 mT, as of a heading in mT over fields in T; and a signal whose square is too large for a number."""
    with pytest.raises(BandgError, match=r"0.42 mT: \|g\| = 4 turns by 0.18 rad in the 1190 ps .* unit of the field"):
        fit(make((2e-4, 4.2e-4), noise=0.02))
    t = np.arange(5.0, 500.0, 5.0)
    with pytest.raises(BandgError, match=r"420 mT: the signal reaches 1e\+200: write it in another unit"):
        Traces.of(t, [0.42], [1e200 * np.cos(t / 20)])


def test_a_fit_that_is_stopped_says_so(make):
    attempt = fit(make((0.42,), noise=0.02, seed=1, **STATED), components=1, decay="exponential", slow=False).best
    stopped = minimize(attempt.problem, attempt.theta + np.array([0.02, 1.0]), 2)
    assert attempt.converged and not attempt.at_bounds and not stopped.converged
    assert Fit(attempt.problem.traces, (stopped,)).problems == ("the fit has not converged",)


def test_wrong_arguments_and_traces(make):
    traces = make((0.42,), end=300)
    for options, message in (
        ({"components": 3}, "`components` must be 1 or 2"),
        ({"decay": "x"}, "`decay` 'x' is unknown"),
        ({"decay": ("gaussian", "gaussian"), "components": 1}, "names two components"),
        ({"assign": ("e", "e")}, "`assign` must name each component"),
        ({"assign": ("e",), "components": 2, "decay": "exponential", "slow": False}, "names 1 components"),
        ({"largest_g": 0.0}, "`largest_g` must lie"),
        ({"field_error": 2}, "is a share, as 0.02"),
        ({"bootstrap": -1}, "`bootstrap` must be 0 or more"),
    ):
        with pytest.raises(BandgError, match=message):
            fit(traces, **options)
    with pytest.raises(BandgError, match="all traces are without a field"):
        fit(make((0,)))
    with pytest.raises(BandgError, match="4 points for 3 amplitudes"):
        fit(make((0.42,), end=25))


def test_values_are_printed_with_their_errors():
    assert [with_error(1.41234, 0.0067), with_error(260.4, 12.3), with_error(0.22, 0.014)] == [
        "1.412(7)",
        "260(12)",
        "0.220(14)",
    ]
    assert [with_error(1.41, 3e-13), with_error(-25.0, 1e-9), with_error(2.5e5, 1e-4), with_error(1e-9, 2e-11)] == [
        "1.410000(<1)",
        "-25.00000(<1)",
        "250000.0(<1)",
        "0.00000000100(2)",
    ]


def test_times_are_printed_in_units_that_are_easy_to_read():
    times = (230.0, 9999.0, 250_000.0, 3.2e7, math.inf)
    assert [time_text(one) for one in times] == ["230 ps", "9999 ps", "250 ns", "32 µs", "no decay"]


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.02, 0.05, 0.10])
def test_intervals_cover_the_truth_in_two_thirds_of_replicas(make, noise):
    """200 replicas of the paper's six fields and of its single field."""
    truth = np.array([1.41, 1000 / 350, 1000 / 350 + decay.spread_rate(0.22, 0.42), 0, 0.91, 1000 / 260, 1000 / 260, 0])
    inside = []
    for seed in range(200):
        traces = make((0, 0.09, 0.17, 0.25, 0.34, 0.42), noise=noise, seed=seed, step=2)
        best = fit(traces, components=2, decay="exponential", slow=False).best
        off = best.theta - truth
        off[[3, 7]] = np.remainder(off[[3, 7]] + np.pi / 2, np.pi) - np.pi / 2
        inside.append(np.abs(off) < np.sqrt(np.diag(best.covariance)))
    covered = np.mean(inside, axis=0)
    assert ((covered > 0.60) & (covered < 0.76)).all(), covered


@pytest.mark.slow
def test_decays_are_told_apart_by_the_criterion(make):
    for kind in ("exponential", "gaussian"):
        right = 0
        for seed in range(100):
            traces = make(
                (0, 0.2, 0.42), g=(1.41,), t2_ps=(350,), dg=(0.1,), size=(1.0,), kind=kind, noise=0.05, seed=seed
            )
            right += fit(traces, components=1, slow=False).best.model.decays == (kind,)
        assert right >= 95
