"""A real cluster of two worker processes on this machine: one dies in mid-run, and nothing is lost."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from threading import Thread

import pytest

pytest.importorskip("distributed")

from distributed import Client

from bandg.analysis.hypotheses import Case
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.base.errors import BandgError
from bandg.crystal.shapes import cube
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.runs import cluster, sweep
from bandg.runs.options import Run
from bandg.runs.progress import Silent

SET = load_set("nestoklon2023-standin")


def jobs(count):
    moved = [SET.with_values({"onsite.Pb.p": 4.4 + 0.002 * n}) for n in range(count)]
    return [Job(parameters, cube(3, SET.a_nm), 1) for parameters in moved]


@pytest.fixture
def local_cluster(tmp_path):
    """Scheduler file and the two worker processes."""
    file, log = tmp_path / "scheduler.json", (tmp_path / "log").open("w")
    dask = [sys.executable, "-m", "dask"]
    here = ["--scheduler-file", str(file), "--no-dashboard"]
    started = []

    def start(*arguments):
        started.append(subprocess.Popen([*dask, *arguments], stdout=log, stderr=log, cwd=tmp_path))
        return started[-1]

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", "0", *here)
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        single = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)]
        workers = [start("worker", *here, *single, "--host", "127.0.0.1") for _ in range(2)]
        with Client(cluster.scheduler_address(str(file)), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield file, workers, started[0]
    finally:
        for process in reversed(started):
            process.kill()
        for process in started:
            process.wait()
        log.close()


def test_a_worker_that_is_killed_costs_no_result_and_none_is_counted_twice(local_cluster):
    file, workers, scheduler = local_cluster
    asked = jobs(14)
    alone = {
        job.key(): levels for job, (levels, _) in zip(asked, sweep.run_jobs(asked, Run(1, cache=False)), strict=True)
    }
    done = []

    class Killer(Silent):
        def advance(self, label):
            done.append(label)
            if len(done) == 4:
                os.kill(workers[0].pid, signal.SIGKILL)

    found = sweep.run_jobs(asked, Run(progress=Killer(), scheduler=str(file)))
    assert workers[0].wait(timeout=10) == -signal.SIGKILL
    assert len(done) == len(alone) == len(found)
    for job, (levels, cached) in zip(asked, found, strict=True):
        assert not cached
        assert levels.electron.g == pytest.approx(alone[job.key()].electron.g, abs=1e-10)
        assert levels.hole.energy_eV == pytest.approx(alone[job.key()].hole.energy_eV, abs=1e-10)
    again = sweep.run_jobs(asked, Run(scheduler=str(file)))
    assert all(cached for _, cached in again)

    case = Case(SET, 1, cells=(3, 4))
    there, here = (Evaluator(Run(1, cache=False, scheduler=one)).curves([case])[0] for one in (str(file), None))
    assert there.energy == pytest.approx(here.energy, abs=1e-10)
    assert there.values["g_h"] == pytest.approx(here.values["g_h"], abs=1e-10)

    impossible = Job(SET.with_values({"onsite.Pb.p": -4.0}), cube(2, SET.a_nm), 1)
    with pytest.raises(BandgError, match="no gap"):
        sweep.run_jobs([impossible], Run(scheduler=cluster.scheduler_address(str(file))))
    with pytest.raises(BandgError, match="different version of bandg"):
        cluster.run_remote(impossible, "other")

    class Murderer(Silent):
        def advance(self, label):
            scheduler.kill()

    with pytest.raises(BandgError, match=r"was lost; finished sizes are kept"):
        sweep.run_jobs(asked, Run(cache=False, progress=Murderer(), scheduler=str(file)))


class Lonely:
    """A client of a cluster whose workers have gone, or do not know bandg."""

    def nthreads(self):
        return {}

    def run_on_scheduler(self, function, *arguments):
        return function(*arguments)

    def run(self, function, *arguments):
        raise ModuleNotFoundError("No module named 'bandg'")


def test_a_cluster_without_workers_is_given_up_after_the_stated_time(monkeypatch):
    """While jobs wait for ever, as they do where the last worker has died."""

    class Never(Executor):
        def submit(self, run, job):
            return Future()

    monkeypatch.setattr(sweep, "_CHECK_S", 0.01)
    begun = time.monotonic()
    patience = cluster._Patience(Lonely(), "tcp://here:1", 0.2)
    with pytest.raises(BandgError, match=r"tcp://here:1 has had no workers for 0.2 s: start some .* sizes are kept"):
        list(sweep._spread(jobs(2), [0, 1], Never(), 2, 10.0, check=patience))
    assert 0.2 < time.monotonic() - begun < 5


def test_workers_that_cannot_import_bandg_are_one_clear_line():
    with pytest.raises(BandgError, match=r"workers of the cluster cannot import bandg \(No module named 'bandg'\)"):
        cluster._check_bandg(Lonely())


def test_patience_is_a_positive_time():
    for wrong in (0, -1, "60s", float("inf")):
        with pytest.raises(BandgError, match="`patience` must be"):
            Run(patience=wrong)


def test_the_log_of_dask_is_quiet_only_during_a_run():
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [(one.level, one.disabled, list(one.handlers)) for one in loggers]
    with cluster._quiet():
        assert all(one.disabled for one in loggers)
    assert [(one.level, one.disabled, list(one.handlers)) for one in loggers] == before
    assert not loggers[0].disabled


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("command", ["compute", "sensitivity", "infer"])
def test_a_scheduler_that_does_not_answer_gives_one_line_and_code_2(command, monkeypatch, capsys):
    from bandg.cli import main

    address = f"tcp://127.0.0.1:{free_port()}"
    monkeypatch.setattr(sys, "argv", ["bandg", command, "--size", "2..4cells", "--scheduler", address])
    with pytest.raises(SystemExit) as done:
        main()
    out, err = capsys.readouterr()
    assert (done.value.code, out) == (2, "")
    [line] = err.strip().splitlines()
    assert line.startswith(f"error: the scheduler {address} does not answer")


def test_a_server_that_keeps_silent_does_not_answer(monkeypatch):
    monkeypatch.setattr(cluster, "_ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BandgError, match=f"the scheduler {address} does not answer"):
            sweep.run_jobs(jobs(1), Run(scheduler=address))


def test_another_server_is_no_scheduler():
    def speak(server):
        connection = server.accept()[0]
        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=speak, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BandgError, match="is not a dask scheduler"):
            sweep.run_jobs(jobs(1), Run(scheduler=address))


@pytest.mark.parametrize(
    ("given", "content", "message"),
    [
        ("nowhere.json", None, r"no such file; give tcp://host:port"),
        ("bad.json", "{", r"is not a dask scheduler file"),
        ("bad.json", "{}", r"is not a dask scheduler file"),
        ("http://localhost:8786", None, r"must be tcp://host:port"),
        ("tcp://localhost", None, r"must be tcp://host:port"),
        ("tcp://localhost:many", None, r"must be tcp://host:port"),
        ("tcp://[::1", None, r"must be tcp://host:port"),
        (f"tcp://{'a' * 70}:8786", None, r"is not a valid host name"),
        ("", None, r"the scheduler is empty: give tcp://host:port"),
        (" ", None, r"the scheduler is empty: give tcp://host:port"),
    ],
)
def test_wrong_schedulers_are_one_clear_line(tmp_path, monkeypatch, given, content, message):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / given).write_text(content)
    with pytest.raises(BandgError, match=message) as error:
        cluster.scheduler_address(given)
    assert "\n" not in str(error.value)
