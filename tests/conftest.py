"""One BLAS thread, a cache and stored bytecode of their own for all tests."""

import os
import sys
import tempfile

import pytest


def pytest_configure(config):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["MPLBACKEND"] = "agg"
    if not hasattr(
        config, "workerinput"
    ):  # xdist's workers and all subprocesses inherit it: each module is compiled once
        folder = tempfile.TemporaryDirectory(prefix="bytecode-")
        config.add_cleanup(folder.cleanup)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder.name
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path, monkeypatch):
    """No test reads what another, or the user, has computed."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BANDG_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_pictures_left():
    """Close what a test drew, which pyplot keeps open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
