"""What a run says before it begins: how much is left, and about how long it takes."""

import io
from types import SimpleNamespace

import pytest

from bandg.crystal.shapes import cube
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.runs import estimate, sweep
from bandg.runs.options import Run
from bandg.runs.progress import Lines

SET = load_set("nestoklon2023-standin")


def job(cells):
    return Job(SET, cube(cells, SET.a_nm), 1)


def test_larger_nanocrystals_take_longer_and_more_processors_less():
    times = [estimate.law(job(cells)) for cells in range(3, 40, 4)]
    assert times == sorted(times) and times[-1] > 10 * times[0] > 0
    several = [job(cells) for cells in (8, 9, 10, 24)]
    assert estimate.seconds(several, [], 2) < estimate.seconds(several, [], 1)
    assert estimate.seconds(several, [], 100) == estimate.law(several[-1])  # one job is not divided
    assert estimate.seconds(several[1:], [], 1) < estimate.seconds(several, [], 1)


def test_stored_results_tell_how_fast_the_machine_is():
    known = [(job(cells), SimpleNamespace(seconds=3 * estimate.law(job(cells)))) for cells in (16, 20, 24)]
    assert estimate.seconds([job(18)], known, 1) == pytest.approx(3 * estimate.law(job(18)))
    inside = [(one, SimpleNamespace(levels=result)) for one, result in known]  # as of a job that may fail
    assert estimate.seconds([job(18)], inside, 1) == pytest.approx(3 * estimate.law(job(18)))
    assert estimate.seconds([job(18)], [(job(16), object())], 1) == estimate.law(job(18))


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
