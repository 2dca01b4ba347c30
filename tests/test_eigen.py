"""Interior eigenpairs against dense diagonalization, and the counts that prove them complete."""

import numpy as np
import pytest
from scipy import sparse

from bandg.eigen import BACKENDS, Spectrum, available_backends, check_backend
from bandg.errors import BandgError


def random_matrix(size, complex_=False, seed=0):
    random = np.random.default_rng(seed)
    matrix = sparse.random_array((size, size), density=6 / size, rng=random, format="csr")
    if complex_:
        matrix = matrix + 1j * sparse.random_array((size, size), density=4 / size, rng=random, format="csr")
    return sparse.csr_array(matrix + matrix.conj().T + sparse.diags_array(random.normal(size=size)))


@pytest.mark.parametrize("backend", available_backends())
@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("shift", ["lower", "upper"])
def test_a_window_holds_all_eigenpairs(backend, complex_, shift):
    matrix = random_matrix(400, complex_)
    exact = np.linalg.eigvalsh(matrix.toarray())
    lower, upper = exact[195] + 1e-4, exact[205] + 1e-4
    window = Spectrum(matrix, backend).between(lower, upper, shift)
    np.testing.assert_allclose(window.energies, exact[196:206], atol=1e-10)
    assert window.below == 196
    assert window.residual < 1e-8
    assert np.abs(window.states.conj().T @ window.states - np.eye(10)).max() < 1e-10


@pytest.mark.parametrize("backend", ["dense", *available_backends()])
def test_exactly_degenerate_levels_are_all_found(backend):
    """Eight copies of one matrix: every level eightfold, which a single Lanczos run cannot see."""
    block = random_matrix(60, seed=3)
    matrix = sparse.csr_array(sparse.block_diag([block] * 8))
    exact = np.linalg.eigvalsh(block.toarray())
    window = Spectrum(matrix, backend).between(exact[29] - 1e-5, exact[31] + 1e-5)
    np.testing.assert_allclose(window.energies, np.repeat(exact[29:32], 8), atol=1e-9)


@pytest.mark.parametrize("backend", available_backends())
def test_a_shift_that_is_a_level_is_stepped_aside(backend):
    matrix = sparse.csr_array(sparse.diags_array(np.arange(30.0)))
    spectrum = Spectrum(matrix, backend)
    assert spectrum.count_between(4.0, 9.5) in (5, 6)  # the level at the end itself may fall on either side
    window = spectrum.between(3.5, 6.5)
    np.testing.assert_allclose(window.energies, [4, 5, 6])


@pytest.mark.parametrize("backend", available_backends())
def test_counts_are_exact(backend):
    matrix = random_matrix(300, seed=5)
    exact = np.linalg.eigvalsh(matrix.toarray())
    spectrum = Spectrum(matrix, backend)
    for energy in (-2.0, -0.3, 0.0, 0.7, 3.0):
        assert spectrum.count_below(energy) == np.sum(exact < energy)


def test_an_empty_window_is_empty():
    matrix = sparse.csr_array(sparse.diags_array(np.arange(30.0)))
    assert len(Spectrum(matrix, "superlu").between(4.2, 4.8).energies) == 0


def test_work_is_counted_and_a_factorization_serves_count_and_solve():
    spectrum = Spectrum(random_matrix(300, seed=6), "superlu")
    spectrum.between(-0.1, 0.1)
    assert spectrum.work.factorizations == 2
    assert spectrum.work.solves > 0


def test_a_wrong_factorization_cannot_pass(monkeypatch):
    """A backend that returns wrong vectors without saying so is caught by the residual or by the count."""

    class Liar(BACKENDS["superlu"]):
        def solve(self, vector):
            return super().solve(vector) + 1e-3 * np.roll(vector, 1)

    monkeypatch.setitem(BACKENDS, "superlu", Liar)
    with pytest.raises(BandgError):
        Spectrum(random_matrix(300, seed=7), "superlu").between(-0.1, 0.1)


def test_unknown_and_missing_backends_are_named():
    with pytest.raises(BandgError, match="choose one of"):
        check_backend("magic")


@pytest.mark.skipif("pardiso" not in available_backends(), reason="py-mkl-pardiso is not installed")
@pytest.mark.parametrize("complex_", [False, True])
def test_pardiso_is_right_above_ten_thousand_unknowns(complex_):
    """A cubic lattice with a random potential and, where complex, phases on its bonds."""
    size = 23
    random = np.random.default_rng(2)
    chain = sparse.diags_array(np.ones(size - 1), offsets=1)
    phase = np.exp(0.3j) if complex_ else 1.0
    one = sparse.eye_array(size)
    hop = phase * sparse.kron(sparse.kron(chain, one), one) + sparse.kron(sparse.kron(one, chain), one)
    hop = hop + sparse.kron(sparse.kron(one, one), chain)
    matrix = sparse.csr_array(hop + hop.conj().T + sparse.diags_array(random.normal(size=size**3)))
    assert matrix.shape[0] > 1e4
    start = random.normal(size=size**3).astype(matrix.dtype)
    solutions = [BACKENDS[name](matrix, 0.123).solve(start) for name in ("superlu", "pardiso")]
    np.testing.assert_allclose(solutions[1], solutions[0], rtol=1e-7, atol=1e-7 * np.abs(solutions[0]).max())
