"""The solver door as a stranger uses it: one class, one line, and `bandg.compute` takes it, in workers too."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest

import bandg
from bandg.crystal.shapes import cube
from bandg.models.etb.job import Job
from bandg.solvers import Solver, register, unregister

STANDIN = "nestoklon2023-standin"


def eigh() -> type[Solver]:
    """A user's class. It is made in a function as in a notebook, so that workers get it by value and not by import."""

    class Eigh(Solver):
        """numpy's diagonalization of the whole matrix."""

        name = "eigh"

        @staticmethod
        def memory_gb(size, nnz, is_complex):
            return 100e-9 * size**2

        def between(self, lower, upper, shift):
            energies, states = np.linalg.eigh(self.matrix.toarray())
            inside = (energies > lower) & (energies < upper)
            return energies[inside], states[:, inside]

    return Eigh


@pytest.fixture
def registered():
    yield register(eigh())
    unregister("eigh")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_registered_solver_gives_the_same_numbers(registered, workers):
    own = bandg.compute("2..3cells", set=STANDIN, run=bandg.Run(workers=1, cache=False))
    found = bandg.compute("2..3cells", set=STANDIN, solver="eigh", run=bandg.Run(workers=workers, cache=False))
    for name in ("E_e_eV", "E_h_eV", "g_e", "g_h"):
        np.testing.assert_allclose(found[name], own[name], atol=1e-9)
    assert '"solver": "eigh"' in found.attrs["provenance"]
    assert "the solver eigh counts no levels" in found.attrs["provenance"]


def test_its_source_is_in_the_key_of_a_result(registered, tmp_path, monkeypatch):
    """Another class of the same name gives another key; where `auto` may take it, that of `auto` too."""
    parameters = bandg.load_set(STANDIN)
    crystal = cube(2, parameters.a_nm)
    automatic, named = (Job(parameters, crystal, 1, solver=solver) for solver in ("auto", "eigh"))
    before = automatic.key(), named.key()
    source = inspect.getsource(eigh).replace("100e-9", "200e-9")
    (tmp_path / "other_solver.py").write_text(f"import numpy as np\nfrom bandg.solvers import Solver\n{source}")
    monkeypatch.syspath_prepend(tmp_path)
    other = importlib.import_module("other_solver").eigh()
    register(other)
    assert named.key() != before[1] and automatic.key() == before[0]
    other.rank = classmethod(lambda cls, size: 1)
    assert automatic.key() != before[0]
