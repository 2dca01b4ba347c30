"""Interior eigenpairs against dense diagonalization, and the counts that prove them complete."""

import numpy as np
import pytest
import scipy.linalg
from scipy import sparse

from bandg.base.errors import BandgError
from bandg.solvers import pardiso
from bandg.solvers.base import Work
from bandg.solvers.pardiso import PardisoFactor, count_negative
from bandg.solvers.registry import check_solver, choose_solver, installed_solvers, solver_for, solver_named
from bandg.solvers.shift_invert import ShiftInvert
from bandg.solvers.spectrum import Spectrum
from bandg.solvers.superlu import SuperLU, SuperLUFactor

SHIFT_INVERT = [name for name in installed_solvers() if issubclass(solver_named(name), ShiftInvert)]


def random_matrix(size, complex_=False, seed=0):
    random = np.random.default_rng(seed)
    matrix = sparse.random_array((size, size), density=6 / size, rng=random, format="csr")
    if complex_:
        matrix = matrix + 1j * sparse.random_array((size, size), density=4 / size, rng=random, format="csr")
    return sparse.csr_array(matrix + matrix.conj().T + sparse.diags_array(random.normal(size=size)))


@pytest.mark.parametrize("solver", SHIFT_INVERT)
@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("shift", ["lower", "upper"])
def test_a_window_holds_all_eigenpairs(solver, complex_, shift):
    matrix = random_matrix(400, complex_)
    exact = np.linalg.eigvalsh(matrix.toarray())
    lower, upper = exact[195] + 1e-4, exact[205] + 1e-4
    window = Spectrum(matrix, solver).between(lower, upper, shift)
    np.testing.assert_allclose(window.energies, exact[196:206], atol=1e-10)
    assert window.below == 196
    assert window.residual < 1e-8
    assert np.abs(window.states.conj().T @ window.states - np.eye(10)).max() < 1e-10


@pytest.mark.parametrize("solver", ["dense", *SHIFT_INVERT])
def test_exactly_degenerate_levels_are_all_found(solver):
    """Eight copies of one matrix: every level eightfold, which a single Lanczos run cannot see."""
    block = random_matrix(60, seed=3)
    matrix = sparse.csr_array(sparse.block_diag([block] * 8))
    exact = np.linalg.eigvalsh(block.toarray())
    window = Spectrum(matrix, solver).between(exact[29] - 1e-5, exact[31] + 1e-5)
    np.testing.assert_allclose(window.energies, np.repeat(exact[29:32], 8), atol=1e-9)


def test_levels_are_found_where_the_quick_tridiagonal_driver_fails(monkeypatch):
    """LAPACK's stemr gave up now and then in the test above with the oldest libraries."""
    quick = scipy.linalg.eigh_tridiagonal

    def failing(diagonal, beside, lapack_driver):
        if lapack_driver == "stemr":
            raise np.linalg.LinAlgError("stemr (eigh_tridiagonal) did not converge (LAPACK info=22)")
        return quick(diagonal, beside, lapack_driver=lapack_driver)

    monkeypatch.setattr(scipy.linalg, "eigh_tridiagonal", failing)
    matrix = random_matrix(400)
    exact = np.linalg.eigvalsh(matrix.toarray())
    window = Spectrum(matrix, "superlu").between(exact[195] + 1e-4, exact[199] + 1e-4)
    np.testing.assert_allclose(window.energies, exact[196:200], atol=1e-10)


@pytest.mark.parametrize("solver", SHIFT_INVERT)
def test_a_shift_that_is_a_level_is_stepped_aside(solver):
    matrix = sparse.csr_array(sparse.diags_array(np.arange(30.0)))
    spectrum = Spectrum(matrix, solver)
    assert spectrum.count_below(9.5) - spectrum.count_below(4.0) in (
        5,
        6,
    )  # the level at the end itself may fall on either side
    window = spectrum.between(3.5, 6.5)
    np.testing.assert_allclose(window.energies, [4, 5, 6])


@pytest.mark.parametrize("solver", SHIFT_INVERT)
def test_counts_are_exact(solver):
    matrix = random_matrix(300, seed=5)
    exact = np.linalg.eigvalsh(matrix.toarray())
    spectrum = Spectrum(matrix, solver)
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
    """A solver that returns wrong vectors without saying so is caught by the residual or by the count."""

    class Liar(SuperLUFactor):
        def solve(self, vector):
            return super().solve(vector) + 1e-3 * np.roll(vector, 1)

    monkeypatch.setattr(SuperLU, "factorization", Liar)
    with pytest.raises(BandgError):
        Spectrum(random_matrix(300, seed=7), "superlu").between(-0.1, 0.1)


def test_unknown_and_missing_solvers_are_named():
    with pytest.raises(BandgError, match="choose auto, dense, superlu, "):
        check_solver("magic")


def gauged_lattice(shape, hoppings):
    """A finite lattice whose hoppings carry random phases that a gauge removes: complex, with levels in closed form."""
    matrix = sparse.csr_array((1, 1))
    levels = np.zeros(1)
    for size, hopping in zip(shape, hoppings, strict=True):
        chain = hopping * sparse.diags_array(np.ones(size - 1), offsets=1)
        chain = chain + chain.T
        matrix = sparse.kron(matrix, sparse.eye_array(size)) + sparse.kron(sparse.eye_array(matrix.shape[0]), chain)
        one = 2 * hopping * np.cos(np.pi * np.arange(1, size + 1) / (size + 1))
        levels = (levels[:, None] + one).ravel()
    phase = sparse.diags_array(np.exp(1j * np.random.default_rng(2).uniform(0, 6.3, matrix.shape[0])))
    return sparse.csr_array(phase @ matrix @ phase.conj()), np.sort(levels)


@pytest.mark.parametrize("solver", SHIFT_INVERT)
def test_complex_matrices_above_ten_thousand_unknowns(solver):
    """101 x 103 sites: energies and counts in closed form, from every factorization."""
    matrix, levels = gauged_lattice((101, 103), (1.0, 0.77))
    assert matrix.shape[0] > 1e4 and np.iscomplexobj(matrix)
    first = int(np.searchsorted(levels, 3.35))
    lower, upper = levels[first - 1 : first + 5 : 5] + 1e-4
    inside = levels[(levels > lower) & (levels < upper)]
    spectrum = Spectrum(matrix, solver)
    window = spectrum.between(lower, upper, "upper")
    np.testing.assert_allclose(window.energies, inside, atol=1e-9)
    assert window.residual < 1e-8
    assert window.below == np.sum(levels < lower)
    assert spectrum.count_below(0.1234) == np.sum(levels < 0.1234)


@pytest.mark.skipif("pardiso" not in installed_solvers(), reason="py-mkl-pardiso is not installed")
@pytest.mark.parametrize("gauge", [False, True])
def test_pardiso_counts_a_dense_factor(gauge):
    """22 x 23 x 24 sites: fronts of hundreds of unknowns, with 2x2 pivots in the factor."""
    matrix, levels = gauged_lattice((22, 23, 24), (1.0, 0.83, 0.71))
    matrix = matrix if gauge else sparse.csr_array(abs(matrix))
    factor = PardisoFactor(matrix, 0.0123)
    assert matrix.shape[0] > 1e4
    assert factor.n_below == np.sum(levels < 0.0123)
    factor.move(-1.234)
    assert factor.n_below == np.sum(levels < -1.234)
    vector = np.random.default_rng(0).normal(size=matrix.shape[0]).astype(matrix.dtype)
    np.testing.assert_allclose(matrix @ factor.solve(vector) + 1.234 * factor.solve(vector), vector, atol=1e-9)


@pytest.mark.skipif("pardiso" not in installed_solvers(), reason="py-mkl-pardiso is not installed")
@pytest.mark.parametrize("complex_", [False, True])
def test_pardiso_keeps_the_order_of_a_pattern_for_the_next_matrix(complex_):
    """Of factors that are no longer used; those that are in use at one time have their own."""
    pardiso._kept.clear()
    matrix = random_matrix(300, complex_)
    vector = np.random.default_rng(1).normal(size=300).astype(matrix.dtype)

    def used(factor, factor_of, sigma):
        levels = np.linalg.eigvalsh(factor_of.toarray())
        assert factor.n_below == np.sum(levels < sigma)
        residual = factor_of @ factor.solve(vector) - sigma * factor.solve(vector) - vector
        assert np.abs(residual).max() < 1e-12 * max(10, 1 / np.abs(levels - sigma).min())
        return factor._factor

    first, second = PardisoFactor(matrix, 0.1), PardisoFactor(2 * matrix, 0.3)
    handles = used(first, matrix, 0.1), used(second, 2 * matrix, 0.3)
    assert handles[0] is not handles[1] and not pardiso._kept
    del second
    third = PardisoFactor(3 * matrix, -0.2)
    assert used(third, 3 * matrix, -0.2) is handles[1]
    assert used(first, matrix, 0.1) is handles[0]
    other = random_matrix(300, complex_, seed=1)
    del third
    assert used(PardisoFactor(other, 0.1), other, 0.1) not in handles


def test_negative_pivots_are_counted_whatever_pairs():
    """1x1 and 2x2 blocks of every signature at random places."""
    random = np.random.default_rng(4)
    size, pairs = 500, 120
    place = random.permutation(size)
    blocks = []
    for number in range(pairs):
        block = random.normal(size=(2, 2)) + 1j * random.normal(size=(2, 2))
        block = block @ block.conj().T * random.choice([-1, 1]) if number % 3 == 0 else block + block.conj().T
        blocks.append(block)
    inverse = sparse.block_diag([*blocks, *([[x]] for x in random.normal(size=size - 2 * pairs))], format="csr")
    inverse = sparse.csr_array(inverse)[place][:, place]
    exact = np.sum(np.linalg.eigvalsh(inverse.toarray()) < 0)
    assert count_negative(lambda vector: inverse @ vector, size) == exact
    wrong = inverse + sparse.csr_array(([1e-3], ([3], [400])), shape=(size, size))
    with pytest.raises(BandgError, match="cannot be told apart"):
        count_negative(lambda vector: wrong @ vector, size)


def test_the_iterative_solver_with_thousands_of_unknowns():
    """Known levels turned by random complex rotations of pairs: four in a gap, two of them equal."""
    random = np.random.default_rng(6)
    size = 3_000
    gap = np.array([-0.3, -0.1, -0.1, 0.35])
    levels = np.concatenate([gap, random.uniform(2, 4, (size - 4) // 2), random.uniform(-4, -2, (size - 4) // 2)])
    matrix = sparse.csr_array(sparse.diags_array(levels.astype(complex)))
    for _ in range(2):
        order = random.permutation(size)
        angle, phase = random.uniform(0, 6.3, size // 2), np.exp(1j * random.uniform(0, 6.3, size // 2))
        one, other = order[::2], order[1::2]
        values = [np.cos(angle), np.sin(angle) * phase, -np.sin(angle) * phase.conj(), np.cos(angle)]
        rows, columns = np.concatenate([one, one, other, other]), np.concatenate([one, other, one, other])
        turn = sparse.csr_array((np.concatenate(values), (rows, columns)), shape=(size, size))
        matrix = sparse.csr_array(turn @ matrix @ turn.conj().T)
    window = Spectrum(matrix, "iterative").between(-1.0, 1.0)
    np.testing.assert_allclose(window.energies, gap, atol=1e-10)
    assert window.below == -1 and window.residual < 1e-8


def test_the_iterative_solver_finds_copies_and_says_what_it_cannot():
    block = random_matrix(60, seed=3)
    matrix = sparse.csr_array(sparse.block_diag([block] * 4))
    exact = np.linalg.eigvalsh(block.toarray())
    work = Work()
    spectrum = Spectrum(matrix, "iterative", work)
    window = spectrum.between(exact[29] - 1e-5, exact[31] + 1e-5)
    np.testing.assert_allclose(window.energies, np.repeat(exact[29:32], 4), atol=1e-9)
    assert work.uncounted == {"iterative"} and work.factorizations == 0 and work.solvers == {"iterative"}
    assert len(spectrum.between(exact[29] + 1e-5, exact[30] - 1e-5).energies) == 0
    with pytest.raises(BandgError, match="counts no levels"):
        spectrum.count_below(0.0)


def test_auto_goes_by_size_and_memory():
    matrix, _ = gauged_lattice((60, 60), (1.0, 0.7))
    assert solver_for("auto", matrix[:240, :240]).name == "dense"
    assert solver_for("auto", matrix).name == SHIFT_INVERT[0]
    asked = 3600, matrix.nnz, True
    need = min(solver_named(name).memory_gb(*asked) for name in SHIFT_INVERT)
    assert choose_solver("auto", *asked, 0.9 * need).name == "iterative"
    assert choose_solver("auto", *asked, 0.0).name == "iterative"  # the least of all where nothing fits
    assert choose_solver("superlu", *asked, 0.0).name == "superlu"  # what is named is taken


@pytest.mark.parametrize("solver", SHIFT_INVERT)
@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("above", [False, True])
def test_few_solves_find_the_level_that_holds_most_of_a_state(solver, complex_, above):
    matrix = random_matrix(400, complex_, seed=8)
    exact, vectors = np.linalg.eigh(matrix.toarray())
    middle = int(np.searchsorted(exact, 0.0))
    chosen = middle + 2 if above else middle - 3  # two levels lie nearer
    noise = vectors @ np.random.default_rng(1).standard_normal(400)
    state = np.sqrt(0.7) * vectors[:, chosen] + np.sqrt(0.3) * noise / np.linalg.norm(noise)
    spectrum = Spectrum(matrix, solver)
    found = spectrum.strongest(state, 0.0, above)
    assert abs(found.energy - exact[chosen]) <= found.error < 1e-3
    assert found.weight == pytest.approx(abs(np.vdot(vectors[:, chosen], state / np.linalg.norm(state))) ** 2, abs=0.05)
    assert spectrum.work.factorizations == 1 and spectrum.work.solves < 60
    assert spectrum.count_below(0.0) == middle and spectrum.work.factorizations == 1  # it counts, too


def test_without_factorization_no_level_is_estimated():
    matrix = random_matrix(50)
    assert Spectrum(matrix, "dense").strongest(np.ones(50), 0.0, True) is None
    assert Spectrum(matrix, "iterative").strongest(np.ones(50), 0.0, True) is None


@pytest.mark.parametrize("solver", SHIFT_INVERT)
@pytest.mark.parametrize("shift", ["lower", "upper"])
@pytest.mark.parametrize("wrong", [0, 1, -1, 3])
def test_an_expected_count_spares_a_factorization_only_where_it_is_right(solver, shift, wrong):
    matrix = random_matrix(400, seed=9)
    exact = np.linalg.eigvalsh(matrix.toarray())
    lower, upper = exact[[195, 199]] + 1e-4
    spectrum = Spectrum(matrix, solver)
    spectrum.expect(lower if shift == "upper" else upper, (196 if shift == "upper" else 200) + wrong)
    window = spectrum.between(lower, upper, shift)
    np.testing.assert_allclose(window.energies, exact[196:200], atol=1e-10)
    assert window.below == 196
    assert spectrum.work.factorizations == (3 if wrong else 1)
    assert spectrum.work.solves < 150  # two Krylov spaces and one that showed that a level is missing


def test_a_solver_without_shift_takes_no_expectation():
    spectrum = Spectrum(random_matrix(60), "dense")
    spectrum.expect(0.0, 1)
    assert spectrum.count_below(0.0) == np.sum(np.linalg.eigvalsh(random_matrix(60).toarray()) < 0)


@pytest.mark.parametrize("name", SHIFT_INVERT)
def test_levels_far_from_the_shift_and_near_to_a_dense_band_are_found(name):
    energies = np.concatenate([-0.2 - np.linspace(0, 0.05, 1498), [-0.199, -0.1985]])
    solver = solver_named(name)(sparse.csr_array(sparse.diags_array(energies)), Work())
    found, states = solver.between(-0.1995, 1.65, "upper")
    np.testing.assert_allclose(np.sort(found), [-0.199, -0.1985], atol=1e-12)
    np.testing.assert_allclose(np.abs(states).max(axis=0), 1, atol=1e-9)
