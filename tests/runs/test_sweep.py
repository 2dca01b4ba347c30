"""Jobs: what their key depends on, what the cache survives, and how memory is refused."""

import ast
import json
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path

import pytest

from bandg.base import cache
from bandg.base.errors import BandgError
from bandg.crystal.shapes import cube, sphere
from bandg.models.etb.job import Job
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set
from bandg.runs import sweep
from bandg.runs.options import Run

SET = load_set("nestoklon2023-standin")


def job(cells=3, **changes):
    return replace(Job(SET, cube(cells, SET.a_nm), 1), **changes)


def counting(monkeypatch):
    done = []
    monkeypatch.setattr(Job, "run", lambda self: done.append(self) or compute(self))
    return done


def compute(asked):
    return compute_levels(asked.parameters, asked.nanocrystal, asked.neighbors, asked.levels)


@pytest.mark.parametrize(
    "other",
    [
        job(4),
        job(nanocrystal=cube(3, SET.a_nm, "lead")),
        job(nanocrystal=sphere(3 * SET.a_nm, SET.a_nm)),
        job(levels=2),
        job(intra_atomic=True),
        job(solver="superlu"),
        job(parameters=SET.with_values({"onsite.Pb.p": 4.46})),
        job(parameters=SET.with_values({"lattice.a": 0.63})),
    ],
)
def test_the_key_changes_with_everything_that_the_result_depends_on(other):
    assert job().key() != other.key()
    assert job().key() == job().key()


def test_the_key_changes_with_the_source_of_the_physics(monkeypatch):
    before = job().key()
    monkeypatch.setattr(cache, "source_digest", lambda: "edited")
    assert job().key() != before


NO_PHYSICS = ("base.", "runs.")
"""Rooms that physics modules import although no number depends on them; units are an exception."""


def imports_of(name):
    """Names of the modules of bandg that a module imports anywhere, also inside of its functions."""
    root = Path(cache.__file__).parents[1]
    path = root / f"{name.replace('.', '/')}.py"
    path = path if path.exists() else root / name.replace(".", "/") / "__init__.py"
    wanted = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "bandg":
            wanted |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
    inner = {module.removeprefix("bandg.") for module in wanted if module.startswith("bandg.")}
    known = {".".join(file.relative_to(root).with_suffix("").parts) for file in root.rglob("*.py")}
    return inner & known


def test_the_key_depends_on_every_module_that_the_physics_imports():
    """A new module must be added to cache._PHYSICS, or, if no number depends on it, to the exceptions here."""
    left, seen = ["models.etb.nanocrystal", "models.kp.envelope", "models.etb.derivatives"], set()
    while left:
        name = left.pop()
        if name not in seen and (name == "base.units" or not name.startswith(NO_PHYSICS)):
            seen.add(name)
            left += imports_of(name)
    covered = {entry.removesuffix(".py").replace("/", ".") for entry in cache._PHYSICS}
    forgotten = {name for name in seen if name not in covered and name.partition(".")[0] not in covered}
    assert {"solvers.registry", "parameters.sets", "hamiltonian.moments", "base.units"} <= seen
    assert forgotten == set()


def test_a_result_comes_back_from_the_cache_unchanged(monkeypatch):
    done = counting(monkeypatch)
    [(first, cached_first)] = sweep.run_jobs([job(levels=5)], Run(workers=1))
    [(second, cached_second)] = sweep.run_jobs([job(levels=5)], Run(workers=1))
    assert (cached_first, cached_second) == (False, True)
    assert len(done) == 1
    assert first == second


@pytest.mark.parametrize("damage", ["", "{", '{"payload": {}, "checksum": "x"}', "null", "[]"])
def test_a_damaged_cache_file_is_noticed_and_computed_again(monkeypatch, fresh_cache, damage):
    done = counting(monkeypatch)
    [(good, _)] = sweep.run_jobs([job()], Run(workers=1))
    [path] = fresh_cache.glob("*.json")
    path.write_text(damage)
    [(again, cached)] = sweep.run_jobs([job()], Run(workers=1))
    assert not cached
    assert len(done) == 2
    assert again.electron.g == pytest.approx(good.electron.g, abs=1e-12)
    assert cache.load(job().key(), job().read) == again


def test_one_changed_digit_in_a_cache_file_is_noticed(fresh_cache):
    sweep.run_jobs([job()], Run(workers=1))
    [path] = fresh_cache.glob("*.json")
    content = json.loads(path.read_text())
    content["payload"]["electron"]["g"] += 1e-9
    path.write_text(json.dumps(content))
    assert cache.load(job().key(), job().read) is None


def test_a_cache_that_cannot_be_written_is_read_and_missed_only_where_it_is_needed(monkeypatch):
    def unusable():
        raise BandgError("cannot write the cache")

    sweep.run_jobs([job(2)], Run(workers=1))
    monkeypatch.setattr(cache, "check", unusable)
    done = counting(monkeypatch)
    [(_, cached)] = sweep.run_jobs([job(2)], Run(workers=1))
    assert cached
    with pytest.raises(BandgError, match="cannot write the cache"):
        sweep.run_jobs([job(2), job(3)], Run(workers=1))
    assert done == []


def test_without_cache_nothing_is_written(fresh_cache):
    sweep.run_jobs([job()], Run(workers=1, cache=False))
    assert not fresh_cache.exists()


def test_finished_sizes_are_kept_when_a_later_one_fails(monkeypatch):
    done = []

    def run(self):
        if self.nanocrystal.cells == 2:
            raise KeyboardInterrupt
        done.append(self.nanocrystal.cells)
        return compute(self)

    monkeypatch.setattr(Job, "run", run)
    with pytest.raises(KeyboardInterrupt):
        sweep.run_jobs([job(2), job(3), job(4)], Run(workers=1))
    assert done == [4, 3]  # the largest first
    monkeypatch.setattr(Job, "run", lambda self: done.append(self.nanocrystal.cells) or compute(self))
    sweep.run_jobs([job(2), job(3), job(4)], Run(workers=1))
    assert done == [4, 3, 2]


def test_processes_give_the_same_as_one_process():
    jobs = [job(n) for n in (2, 3, 4)]
    alone = sweep.run_jobs(jobs, Run(workers=1, cache=False))
    together = sweep.run_jobs(jobs, Run(workers=2, cache=False))
    for (one, _), (other, _) in zip(alone, together, strict=True):
        assert one.nanocrystal == other.nanocrystal
        assert one.electron.g == pytest.approx(other.electron.g, abs=1e-10)
        assert one.hole.energy_eV == pytest.approx(other.hole.energy_eV, abs=1e-10)


def test_an_error_in_a_worker_reaches_the_caller_as_it_is():
    impossible = job(parameters=SET.with_values({"onsite.Pb.p": -4.0}))
    with pytest.raises(BandgError, match="no gap"):
        sweep.run_jobs([impossible, job(2)], Run(workers=2, cache=False))


class AtOnce(Executor):
    """Has done every job when it is submitted."""

    def submit(self, run, job):
        future = Future()
        try:
            future.set_result(run(job))
        except BandgError as error:
            future.set_exception(error)
        return future


def test_what_succeeds_beside_a_failure_is_kept(monkeypatch):
    """Three finish at the same moment, the failed one first."""

    def all_at_once(running, timeout, return_when):
        return sorted(running, key=lambda future: future.exception() is None), set()

    def run(job):
        if job.nanocrystal.cells == 3:
            raise BandgError("no gap")
        return job.nanocrystal.cells

    monkeypatch.setattr(sweep, "wait", all_at_once)
    jobs, kept = [job(2), job(3), job(4)], []
    with pytest.raises(BandgError, match="no gap"):
        for number, result in sweep._spread(jobs, [0, 1, 2], AtOnce(), 3, 100.0, run):
            kept.append((number, result))
    assert sorted(kept) == [(0, 2), (2, 4)]


def test_memory_is_refused_with_the_estimate_and_what_would_fit(monkeypatch):
    monkeypatch.setattr(sweep, "free_memory", lambda: 0.4)
    with pytest.raises(BandgError, match=r"needs about .* GB of memory, 0.4 GB are free; about .* nm would fit"):
        sweep.check_memory([job(50), job(3)])
    sweep.check_memory([job(50)], force=True)
    sweep.check_memory([job(8)])


def test_no_more_jobs_run_at_a_time_than_memory_allows():
    from concurrent.futures import Future

    running, most = set(), []

    class Executor:
        def submit(self, _, asked):
            running.add(asked)
            most.append(len(running))
            future = Future()
            future.set_result(asked)
            return future

    jobs = [job(n) for n in (30, 29, 28)]
    free = jobs[0].estimate_memory() * 1.1
    for number, asked in sweep._spread(jobs, [0, 1, 2], Executor(), 3, free):
        assert jobs[number] is asked
        running.discard(asked)
    assert max(most) == 1


def test_the_estimate_of_the_number_of_orbitals_is_exact_for_a_halide_cube():
    for cells in (1, 2, 3):
        system = compute_levels(SET, cube(cells, SET.a_nm))
        assert job(cells).estimate_n_orbitals() == system.n_orbitals


def test_workers_below_one_are_refused():
    with pytest.raises(BandgError, match="1 or more"):
        sweep.run_jobs([job()], Run(workers=0))
