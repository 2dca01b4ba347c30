"""One BLAS thread and stored bytecode for all tests, and a cache for each of its own."""

import gc
import itertools
import os
import sys

import pytest


def pytest_configure(config):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["MPLBACKEND"] = "agg"
    if not hasattr(config, "workerinput"):  # xdist's workers and all subprocesses inherit it
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the garbage collector pass over modules and test items, which stay to the end, neither now nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory):
    """The folder of all caches, and a number for each. Fixtures of a module have the first."""
    folder, numbers = tmp_path_factory.mktemp("caches"), itertools.count()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BANDG_CACHE_DIR", str(folder / str(next(numbers))))
        yield folder, numbers


@pytest.fixture(scope="module")
def module_cache(caches):
    """One cache for a module that asks for it: its tests are of what is done with results."""
    folder = caches[0] / str(next(caches[1]))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BANDG_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def fresh_cache(request, caches, monkeypatch):
    """No test reads what another, or the user, has computed, unless its module asks for `module_cache`."""
    if "module_cache" in request.fixturenames:
        return request.getfixturevalue("module_cache")
    folder = caches[0] / str(next(caches[1]))
    monkeypatch.setenv("BANDG_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_pictures_left():
    """Close what a test drew, which pyplot keeps open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def slow_commands_say_the_same(monkeypatch):
    """Commands inside of a test are not described where a busy machine is slow."""
    monkeypatch.setattr("bandg.cli.watch._FIRST_S", 1e6)
