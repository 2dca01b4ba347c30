"""One BLAS thread and a cache of their own for all tests."""

import os

import pytest


def pytest_configure():
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path, monkeypatch):
    """No test reads what another, or the user, has computed."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BANDG_CACHE_DIR", str(folder))
    return folder
