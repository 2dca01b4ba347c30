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


@pytest.fixture(scope="session")
def caches(tmp_path_factory):
    """The folder of all caches, and a number for each."""
    return tmp_path_factory.mktemp("caches"), itertools.count()


@pytest.fixture(autouse=True)
def fresh_cache(caches, monkeypatch):
    """No test reads what another, or the user, has computed."""
    folder = caches[0] / str(next(caches[1]))
    monkeypatch.setenv("BANDG_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_pictures_left():
    """Close what a test drew, which pyplot keeps open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
