"""Matrices whose levels have a closed form: what every registered solver must find."""

from __future__ import annotations

from functools import reduce
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from bandg.solvers.base import Counting
from bandg.solvers.registry import installed_solvers, solver_named
from bandg.solvers.spectrum import Spectrum

SOLVERS = [name for name in installed_solvers() if not solver_named(name).whole]


def chain(size: int, hopping: float) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Open chain of one orbital: 2 t cos(pi j / (n + 1))."""
    matrix = sparse.diags_array([np.full(size - 1, hopping)] * 2, offsets=(-1, 1), shape=(size, size))
    return sparse.csr_array(matrix), 2 * hopping * np.cos(np.pi * np.arange(1, size + 1) / (size + 1))


def box(sizes: tuple[int, ...], hopping: float) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Particle in a box on a grid: sums of the levels of one chain an axis; a cube's are degenerate."""
    chains = [chain(size, hopping) for size in sizes]
    matrix = reduce(lambda one, other: sparse.kronsum(one, other, format="csr"), (one for one, _ in chains))
    levels = reduce(lambda one, other: np.add.outer(one, other).ravel(), (levels for _, levels in chains))
    return sparse.csr_array(matrix), levels


def ring(size: int, flux: float) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Ring with a magnetic flux in flux quanta, complex: -2 cos(2 pi (j + flux) / n)."""
    hop = np.full(size, -np.exp(2j * np.pi * flux / size))
    upper = sparse.coo_array((hop, (np.arange(size), np.roll(np.arange(size), -1))), shape=(size, size))
    levels = -2 * np.cos(2 * np.pi * (np.arange(size) + flux) / size)
    return sparse.csr_array(upper + upper.conj().T), levels


def kramers(size: int) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Chain of spins with a spin-orbit hopping i lambda sigma_z, which a gauge removes: every level twice."""
    hop = np.repeat(1.0, size - 1) + 0.7j
    up = sparse.diags_array([hop.conj(), hop], offsets=(-1, 1), shape=(size, size))
    levels = 2 * np.hypot(1, 0.7) * np.cos(np.pi * np.arange(1, size + 1) / (size + 1))
    return sparse.csr_array(sparse.block_diag([up, up.conj()])), np.repeat(levels, 2)


SYSTEMS = {
    "chain": (*chain(211, 0.9), (0.01, 0.2)),
    "box": (*box((5, 6, 7), 1.1), (1.9, 2.5)),
    "cube": (*box((6, 6, 6), 1.0), (3.0, 4.2)),
    "ring without flux": (*ring(120, 0.0), (-2.1, -1.97)),
    "ring with flux": (*ring(121, 0.23), (0.11, 0.31)),
    "Kramers": (*kramers(90), (0.2, 0.6)),
    "diagonal": (sparse.csr_array(sparse.diags_array(np.repeat(np.arange(30.0), 3))), np.arange(90) // 3, (3.5, 6.5)),
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shift", ["lower", "upper"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_levels_of_a_closed_form(system: str, shift: str, solver: str) -> None:
    matrix, levels, (lower, upper) = SYSTEMS[system]
    expected = np.sort(levels[(levels > lower) & (levels < upper)])
    assert 3 <= len(expected) <= 40
    spectrum = Spectrum(matrix, solver)
    found = spectrum.between(lower, upper, shift)
    np.testing.assert_allclose(found.energies, expected, atol=1e-9)
    assert np.linalg.norm(matrix @ found.states - found.states * found.energies) < 1e-7
    if issubclass(solver_named(solver), Counting):
        assert found.below == spectrum.count_below(lower) == np.sum(levels < lower)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("size", "is_complex"), list(product((1, 2, 3, 5), (False, True))))
def test_tiny_matrices(size: int, is_complex: bool, solver: str) -> None:
    """All levels, some, and none; Lanczos alone finds fewer than a matrix has."""
    matrix, levels = ring(size, 0.23) if is_complex and size > 2 else chain(size, 0.8)
    matrix = matrix.astype(complex) if is_complex else matrix
    spectrum = Spectrum(matrix, solver)
    for window in ((-3.1, 3.1), (-3.1, 0.31), (4.0, 5.0)):
        expected = np.sort(levels[(levels > window[0]) & (levels < window[1])])
        for shift in ("lower", "upper"):
            np.testing.assert_allclose(spectrum.between(*window, shift).energies, expected, atol=1e-12)
    found = spectrum.strongest(np.ones(size), -3.1, True)
    if found is not None:
        exact, vectors = np.linalg.eigh(matrix.toarray())
        weights = np.abs(vectors.sum(axis=0)) ** 2 / size
        assert found.energy == pytest.approx(exact[np.argmax(weights)], abs=1e-9)
        assert found.weight == pytest.approx(weights.max(), abs=1e-9)
