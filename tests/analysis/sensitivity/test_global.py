"""Global sensitivity: known indices of analytic functions are recovered, and a stopped run goes on."""

import csv

import numpy as np
import pytest

pytest.importorskip("SALib")

from bandg.analysis.sensitivity import effects as sensitivity
from bandg.analysis.sensitivity import indices as gs
from bandg.base.errors import BandgError
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.parameters.ranges import Range, parameter_ranges
from bandg.runs import sweep
from bandg.runs.options import Run
from bandg.runs.request import request

SET = load_set("nestoklon2023-standin")
CIRCLE = [Range(f"x{n}", -np.pi, np.pi, "") for n in range(3)]


def ishigami(x, a=7.0, b=0.1):
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_sobol_recovers_the_closed_indices_of_ishigami():
    """Ishigami and Homma 1990: variances in closed form."""
    a, b = 7.0, 0.1
    v1, v2, v13 = (1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    points = gs.draw(CIRCLE, "sobol", 2048)
    found = gs.analyze(CIRCLE, "sobol", points, ishigami(points))
    for path, first, whole in (("x0", v1, v1 + v13), ("x1", v2, v2), ("x2", 0.0, v13)):
        assert found[path]["S1"] == pytest.approx(first / total, abs=0.02)
        assert found[path]["ST"] == pytest.approx(whole / total, abs=0.02)


def test_morris_of_a_linear_function_is_its_slope_times_the_range():
    ranges = [Range("a", 0, 2, "eV"), Range("b", -1, 1, "eV"), Range("c", 0, 1, "eV")]
    points = gs.draw(ranges, "morris", 8)
    found = gs.analyze(ranges, "morris", points, points @ [3.0, -0.5, 0.0])
    for path, expected in (("a", 6.0), ("b", -1.0), ("c", 0.0)):
        assert found[path]["mu"] == pytest.approx(expected, abs=1e-9)
        assert found[path]["mu_star"] == pytest.approx(abs(expected), abs=1e-9)
        assert found[path]["sigma"] == pytest.approx(0, abs=1e-9)


def small():
    ranges = parameter_ranges(["onsite.Pb.p=+-0.05eV", "spin_orbit.X.p=0.25..0.3eV", "lattice.a=+-0.005nm"], SET)
    return request("2cells", termination="lead", set=SET), ranges


def test_a_narrow_range_agrees_with_the_exact_derivatives_and_a_stopped_run_goes_on(monkeypatch, tmp_path):
    asked, ranges = small()
    done, run = [], Job.run

    def stop(self):
        if len(done) == 9:
            raise KeyboardInterrupt
        done.append(self.key())
        return run(self)

    monkeypatch.setattr(Job, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        gs.global_sensitivity(asked, ranges, "morris", 8, run=Run(workers=1))
    monkeypatch.setattr(Job, "run", lambda self: done.append(self.key()) or run(self))
    found = gs.global_sensitivity(asked, ranges, "morris", 8, run=Run(workers=1))
    assert found.cached >= 9
    assert found.cached + found.computed == 32
    assert not set(done[:9]) & set(done[9:])
    exact = sensitivity.effects(asked, run=Run(workers=1)).found[0]
    for quantity in ("g_e", "g_h", "E_gap_eV"):
        for index in found.final(0, quantity):
            [chosen] = [r for r in ranges if r.path == index.path]
            slope = exact.gradient(quantity)[exact.paths.index(index.path)]
            expected = slope * (chosen.upper - chosen.lower)
            assert index.values["mu"] == pytest.approx(expected, rel=0.1, abs=2e-4)
    assert {index.evaluations for index in found.indices} == {8, 16, 32}
    gs.write_indices(found, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 3 * 4 * 3
    from bandg.plot.indices import plot_indices
    from bandg.plot.output import save

    save(plot_indices(found), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("method", "samples", "ranges", "message"),
    [
        ("other", None, small()[1], r"method 'other' is unknown"),
        ("sobol", 100, small()[1], r"power of two: write 128 instead of 100"),
        ("morris", 4, small()[1], r"must be 8 or more"),
        ("morris", 8, small()[1][:1], r"two parameters or more"),
        (
            "morris",
            8,
            (Range("onsite.Pb.p", -4, 5, "eV"), small()[1][1]),
            r"at onsite.Pb.p = -4 eV: .*narrow its range",
        ),
    ],
)
def test_wrong_requests_are_refused_before_the_work(monkeypatch, method, samples, ranges, message):
    monkeypatch.setattr(Job, "run", lambda self: pytest.fail("work was done"))
    with pytest.raises(BandgError, match=message):
        gs.global_sensitivity(small()[0], ranges, method, samples, run=Run(workers=1))


def test_a_point_without_a_gap_says_that_the_ranges_are_too_wide(monkeypatch):
    asked, ranges = small()

    def fail(self):
        raise BandgError("no gap at R")

    monkeypatch.setattr(Job, "run", fail)
    with pytest.raises(BandgError, match=r"^no gap at R \(somewhere in the ranges: narrow them"):
        gs.global_sensitivity(asked, ranges, "morris", 8, run=Run(workers=1))


def test_an_error_of_no_point_is_not_laid_to_the_ranges(monkeypatch):
    """Whatever it names: here a cluster that stops."""
    asked, ranges = small()

    def stop(*arguments):
        raise BandgError(f"no worker is left for {asked.parameters.name}")

    monkeypatch.setattr(sweep, "run_jobs", stop)
    with pytest.raises(BandgError, match=rf"for {asked.parameters.name}$"):
        gs.global_sensitivity(asked, ranges, "morris", 8, run=Run(workers=1))


def test_a_seed_below_zero_is_refused():
    with pytest.raises(BandgError, match="`seed` must lie between 0"):
        gs.draw(small()[1], "morris", 8, -1)
