"""RSLAB on blocks of nanocrystals: counts, solves, what is shared, and the memory that is foreseen."""

from functools import cache

import numpy as np
import pytest
from scipy import sparse

from bandg.crystal.shapes import cube
from bandg.models.etb.local import local_model
from bandg.models.etb.reduced import ReducedNanocrystal
from bandg.parameters.loader import load_set
from bandg.solvers import rslab
from bandg.solvers.base import ShiftIsLevel
from bandg.solvers.registry import installed_solvers, solver_named

pytestmark = pytest.mark.skipif("rslab" not in installed_solvers(), reason="rslab is not installed")
DISSECTING = [name for name in ("rslab", "pardiso") if name in installed_solvers()]


@cache
def block(cells, label, name="bandg-cspbi3-nnn"):
    """Block of a cube, without explicit zeros."""
    parameters = load_set(name)
    reduced = ReducedNanocrystal(cube(cells, parameters.a_nm), local_model(parameters, 2))
    matrix = reduced.hamiltonian(label, parameters.vector, 1)
    matrix.eliminate_zeros()
    return matrix


def turned(matrix):
    """The same levels in a complex Hermitian matrix."""
    phase = sparse.diags_array(np.exp(1j * np.random.default_rng(2).uniform(0, 6.3, matrix.shape[0])))
    return sparse.csr_array(phase @ matrix @ phase.conj())


@pytest.mark.parametrize("solver", DISSECTING)
@pytest.mark.parametrize("make", [lambda matrix: matrix, turned], ids=["real", "complex"])
def test_counts_and_solves_equal_dense_ones_however_near_a_level(solver, make):
    matrix = make(block(6, "7+"))
    levels = np.linalg.eigvalsh(block(6, "7+").toarray())
    shifts = [*np.linspace(levels[0] - 0.1, levels[-1] + 0.1, 7), *(levels[[3, 272, 300]] + [1e-9, -1e-9, 1e-7])]
    factor = solver_named(solver).factorization(matrix, shifts[0])
    vectors = np.random.default_rng(1).normal(size=(matrix.shape[0], 3)).astype(matrix.dtype)
    for shift in shifts:
        factor.move(shift)
        assert factor.n_below == np.sum(levels < shift)
        found = factor.solve(vectors)
        scale = 1 / np.abs(levels - shift).min()
        np.testing.assert_allclose(matrix @ found - shift * found, vectors, atol=1e-12 * max(scale, 10))
        np.testing.assert_allclose(factor.solve(vectors[:, 1]), found[:, 1], rtol=0, atol=1e-12 * scale**2 + 1e-11)


def test_a_shift_that_is_a_level_is_refused():
    with pytest.raises(ShiftIsLevel):
        rslab.RslabFactor(sparse.csr_array(sparse.diags_array(np.arange(30.0))), 4.0)


def test_one_analysis_serves_every_matrix_of_a_pattern(monkeypatch):
    import rslab as library

    made = []
    analyze = library.analyze
    monkeypatch.setattr(library, "analyze", lambda *args, **settings: made.append(1) or analyze(*args, **settings))
    rslab._analyses.clear()
    matrix = block(6, "7+")
    levels = np.linalg.eigvalsh(matrix.toarray())
    first, other = rslab.RslabFactor(matrix, 1.0), rslab.RslabFactor(1.5 * matrix, 2.0)
    assert first.n_below == np.sum(levels < 1.0) and other.n_below == np.sum(1.5 * levels < 2.0)
    assert len(made) == 1
    rslab.RslabFactor(block(6, "7-"), 1.0)
    assert len(made) == 2


def needed_gb(factor):
    """Peak memory of a factorization, as its library says."""
    if isinstance(factor, rslab.RslabFactor):
        return factor._analysis.memory_plan("float64", threads=1)["peak_bytes"] / 1e9
    iparm = factor._factor.get_iparm()  # in KB: peak of the analysis, what stays of it, factors
    return max(iparm[14], iparm[15] + iparm[16]) / 1e6


@pytest.mark.parametrize("solver", DISSECTING)
@pytest.mark.parametrize(("cells", "label"), [(6, "7+"), (6, "8-"), (10, "7-")])
@pytest.mark.parametrize("make", [lambda matrix: matrix, turned], ids=["real", "complex"])
def test_the_memory_is_foreseen(cells, label, make, solver):
    matrix = make(block(cells, label))
    needed = needed_gb(solver_named(solver).factorization(matrix, 0.8))
    foreseen = solver_named(solver).memory_gb(matrix.shape[0], matrix.nnz, np.iscomplexobj(matrix))
    assert needed < foreseen < 3 * needed
