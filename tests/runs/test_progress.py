"""Progress: lines now and then, a bar in a notebook, silence elsewhere."""

import io
import sys
from types import SimpleNamespace

import pytest

from bandg.cli.progress import progress
from bandg.crystal.shapes import cube
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.runs import progress as library
from bandg.runs.options import Run
from bandg.runs.progress import Lines, Notebook, Search
from bandg.runs.sweep import run_jobs

SET = load_set("nestoklon2023-standin")


def test_lines_come_at_the_start_every_tenth_and_at_the_end(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(library.time, "monotonic", lambda: float(next(clock)))
    stream = io.StringIO()
    lines = Lines(stream)
    lines.start(25, "nanocrystals")
    for number in range(25):
        lines.advance(f"{number} nm")
    written = stream.getvalue().splitlines()
    assert written[:2] == ["nanocrystals: 25 to do", "3 of 25 done after 3 s: 2 nm"]
    assert written[-1] == "25 of 25 done after 25 s: 24 nm"
    assert len(written) == 10


def test_a_line_comes_after_thirty_seconds(monkeypatch):
    clock = iter(range(0, 20_000, 16))
    monkeypatch.setattr(library.time, "monotonic", lambda: float(next(clock)))
    stream = io.StringIO()
    lines = Lines(stream)
    lines.start(1000, "starts")
    for _ in range(6):
        lines.advance("one")
    assert [line.split()[0] for line in stream.getvalue().splitlines()[1:]] == ["2", "4", "6"]


def test_a_search_is_said_once_and_has_one_display(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(library.time, "monotonic", lambda: float(next(clock)))
    stream = io.StringIO()
    search = Search(Lines(stream), "the sizes are searched", 4)
    for number in range(3):
        search.announce(f"1 nanocrystal; about {10 * number} s")
        search.start(1, "nanocrystals, largest first")
        search.advance(f"{number} nm")
    search.end()
    assert stream.getvalue().splitlines() == [
        "the sizes are searched; the first of them: 1 nanocrystal; about 0 s",
        "nanocrystals of the search (a guess): 4 to do",
        *(f"{n} of 4 done after {n} s: {n - 1} nm" for n in (1, 2, 3)),
    ]
    more = Search(Lines(stream := io.StringIO()), "", 1)
    for _ in range(2):
        more.start(1, "nanocrystals")
        more.advance("one")
    more.end()
    assert [line for line in stream.getvalue().splitlines() if "to do" in line] == [
        "nanocrystals of the search (a guess): 1 to do"
    ] * 2


class Shell:
    """What IPython gives to a notebook."""

    kernel, execution_count = object(), 1


@pytest.fixture
def notebook(monkeypatch):
    """The states of every bar that is displayed."""
    bars = []

    def display(first, display_id):
        bars.append([])
        return SimpleNamespace(update=bars[-1].append)

    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return shell, bars


def test_a_notebook_gets_a_bar_by_default(notebook):
    run_jobs([Job(SET, cube(2, SET.a_nm), 1)], Run(workers=1, cache=False))
    [[begun, done]] = notebook[1]
    assert repr(begun).startswith("0/1 nanocrystals")
    assert '<progress value="1" max="1"></progress> 1/1 ' in done._repr_html_()


def test_an_unfinished_bar_is_left_behind_by_the_next_cell(notebook):
    shell, bars = notebook
    bar = Notebook()
    bar.start(3, "<b>")
    bar.advance("one")
    bar.start(2, "more")
    assert repr(bars[0][-1]) == "1/5 more"
    assert "&lt;b&gt;" in bars[0][0]._repr_html_()
    shell.execution_count = 2
    bar.start(4, "nanocrystals")
    assert (len(bars), repr(bars[1][-1])) == (2, "0/4 nanocrystals")


def test_elsewhere_nothing_is_shown(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    bar = Notebook()
    bar.start(1, "x")
    bar.advance("y")
    assert capsys.readouterr() == ("", "")


def test_a_command_writes_lines_about_long_work_alone(tmp_path, monkeypatch):
    """In a file as in a pipe: about what is announced, or takes more than a few seconds."""
    with (tmp_path / "log").open("w+") as log:
        monkeypatch.setattr(sys, "stderr", log)
        with progress() as shown:
            shown.start(1, "nanocrystals")
            shown.advance("one")
            log.seek(0)
            assert log.read() == ""
            shown.announce("19 nanocrystals; about 40 s on 2 processors")
            shown.start(2, "nanocrystals")
            shown.advance("one")
        log.seek(0)
        assert log.read().splitlines() == [
            "19 nanocrystals; about 40 s on 2 processors",
            "nanocrystals: 2 to do",
            "1 of 2 done after 0 s: one",
        ]
    now = 0.0
    monkeypatch.setattr(library.time, "monotonic", lambda: now)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress() as shown:
        shown.start(2, "nanocrystals")
        shown.advance("one")
        now = 9.0
        shown.advance("two")
        assert sys.stderr.getvalue() == "2 of 2 done after 9 s: two\n"


def test_lines_say_on_demand_how_far_they_are(monkeypatch):
    now = 0.0
    monkeypatch.setattr(library.time, "monotonic", lambda: now)
    lines = Lines(stream := io.StringIO(), patience=5)
    now = 31.0
    lines.beat()
    lines.start(2, "nanocrystals")
    now = 62.0
    lines.beat()
    assert stream.getvalue().splitlines() == ["still preparing after 31 s", "0 of 2 done after 31 s"]
