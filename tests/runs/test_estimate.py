"""What a run says before it begins: how much is left, and about how long it takes."""

import io
from types import SimpleNamespace

import pytest

from bandg.analysis.verdict.pair import pair_observables
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube
from bandg.models.etb.derivatives import DerivativeJob
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.runs import estimate, sweep
from bandg.runs.attempt import Attempt
from bandg.runs.options import Run
from bandg.runs.progress import Lines

SET, NNN = load_set("nestoklon2023-standin"), load_set("bandg-cspbi3-nnn")


def job(cells):
    return Job(SET, cube(cells, SET.a_nm), 1)


def test_larger_nanocrystals_take_longer_and_more_processors_less():
    times = [estimate.law(job(cells)) for cells in range(3, 40, 4)]
    assert times == sorted(times) and times[-1] > 10 * times[0] > 0
    several = [job(cells) for cells in (20, 21, 22, 40)]
    assert estimate.seconds(several, [], 2) < estimate.seconds(several, [], 1)
    start = estimate.seconds(several[:2], [], 100) - estimate.law(several[1])
    assert estimate.seconds(several, [], 100) == pytest.approx(start + estimate.law(several[-1]))  # one is not divided
    assert estimate.seconds(several[1:], [], 1) < estimate.seconds(several, [], 1)
    assert estimate.seconds([], [], 1) == 0


@pytest.mark.parametrize(
    ("made", "processor_s"),  # as measured
    [
        (lambda: Job(NNN, cube(7, NNN.a_nm), 2), 0.34),
        (lambda: Job(NNN, cube(14, NNN.a_nm), 2), 1.25),
        (lambda: Job(NNN, cube(22, NNN.a_nm), 2), 10.2),
        (lambda: Job(SET, cube(25, SET.a_nm), 1), 3.3),
        (lambda: Job(NNN, cube(9, NNN.a_nm), 2, levels=4), 4.2),
        (lambda: Job(NNN, distorted(cube(6, NNN.a_nm), tilt="a-b+a-", angles="8,10"), 2), 2.5),
        (lambda: Job(NNN, distorted(cube(10, NNN.a_nm), tilt="a-b+a-", angles="8,10"), 2), 8.0),
        (lambda: Job(SET, cube(13, SET.a_nm), 1, observables=pair_observables()), 1.0),
        (lambda: Attempt(Job(NNN, cube(14, NNN.a_nm), 2)), 1.25),
        (lambda: DerivativeJob(NNN, cube(13, NNN.a_nm), 2, False, "auto"), 2.35),
        (lambda: DerivativeJob(SET, cube(10, SET.a_nm), 1, False, "auto"), 0.5),
    ],
)
def test_estimates_are_good_to_a_factor_of_two(made, processor_s):
    assert 0.5 < estimate.law(made()) / processor_s < 2.0


def test_several_runs_are_announced_as_one(monkeypatch):
    """With a display that goes on, and takes back what was not needed."""
    monkeypatch.setattr(sweep, "_results", lambda jobs, waiting, run: ((n, None) for n in waiting))
    stream = io.StringIO()
    run = Run(workers=1, cache=False, force=True, progress=Lines(stream))
    with sweep.foreseen([job(24), job(25)], run, "then up to 3 more", 3) as together:
        sweep.run_jobs([job(24)], together)
        sweep.run_jobs([job(25)], together)
        sweep.run_jobs([job(26)], together)
    first, second, *rest = stream.getvalue().splitlines()
    assert first.startswith("2 nanocrystals, then up to 3 more; about ")
    assert second == "nanocrystals in all at most: 5 to do"
    assert [line.split(" done")[0] for line in rest] == ["1 of 5", "2 of 5", "3 of 5"]


def test_stored_results_tell_how_fast_the_machine_is():
    known = [(job(cells), SimpleNamespace(seconds=3 * estimate.law(job(cells)))) for cells in (16, 20, 24)]
    start = estimate.START_S
    assert estimate.seconds([job(18)], known, 1) == pytest.approx(start + 3 * estimate.law(job(18)))
    inside = [(one, SimpleNamespace(levels=result)) for one, result in known]  # as of a job that may fail
    assert estimate.seconds([job(18)], inside, 1) == pytest.approx(start + 3 * estimate.law(job(18)))
    assert estimate.seconds([job(18)], [(job(16), object())], 1) == start + estimate.law(job(18))


@pytest.mark.parametrize(
    ("seconds", "processors", "text"),
    [
        (41.0, 2, "19 nanocrystals, 12 of them computed before; about 40 s on 2 processors"),
        (7.0, 1, "19 nanocrystals, 12 of them computed before; about 5 s on one processor"),
        (600.0, 2, "19 nanocrystals, 12 of them computed before; about 10 min on 2 processors"),
        (9000.0, 2, "19 nanocrystals, 12 of them computed before; about 2.5 h on 2 processors"),
    ],
)
def test_the_line_says_what_is_left_and_how_long_it_takes(seconds, processors, text):
    assert estimate.announcement("nanocrystals, largest first", 7, 12, seconds, processors) == text
    assert estimate.announcement("nanocrystals, largest first", 1, 0, 20, 1).startswith("1 nanocrystal; about 20 s")


def test_long_work_is_announced_before_it_begins_and_short_work_is_not(monkeypatch):
    monkeypatch.setattr(sweep, "_results", lambda jobs, waiting, run: ((n, None) for n in waiting))
    stream = io.StringIO()
    sweep.run_jobs([job(24), job(25)], Run(workers=1, cache=False, force=True, progress=Lines(stream)))
    first, second, *_ = stream.getvalue().splitlines()
    assert first.startswith("2 nanocrystals; about ") and first.endswith(" s on one processor")
    assert second == "nanocrystals, largest first: 2 to do"
    stream = io.StringIO()
    sweep.run_jobs([job(3)], Run(workers=1, cache=False, progress=Lines(stream)))
    assert "about" not in stream.getvalue()
