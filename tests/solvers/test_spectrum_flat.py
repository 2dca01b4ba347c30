"""Flat bands: many levels that coincide exactly, next to others, as the halide p states have them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import scipy.linalg
from scipy import sparse

from bandg.solvers.registry import installed_solvers, solver_named
from bandg.solvers.spectrum import Spectrum

LEVELS = {
    "flat at the far end": [*np.linspace(-3, -0.5, 60), *[1.0] * 6, *np.linspace(1.2, 1.21, 8), *np.linspace(2, 4, 60)],
    "flat at the near end": [*np.linspace(-3, -0.5, 60), *[0.1] * 12, 0.5, 0.7, 0.9, *np.linspace(1.2, 4, 60)],
    "two flat": [*np.linspace(-3, -0.5, 30), *[0.3] * 9, *[0.9] * 17, 1.0, *np.linspace(1.11, 1.2, 30), *[4.0] * 20],
    "all flat": [*[-1.0] * 40, *[0.5] * 30, *[2.0] * 40],
}


@cache
def matrix_of(kind: str, complex_: bool) -> sparse.csr_array:
    """A sparse Hermitian matrix with exactly these levels: small unitary blocks mix four at a time, twice."""
    rng, levels = np.random.default_rng(1), LEVELS[kind]
    size = len(levels)
    matrix = sparse.diags_array(rng.permutation(levels)).tocsr()
    for start in (0, 2):
        blocks = [np.eye(start)]
        for at in range(start, size, 4):
            n = min(4, size - at)
            random = rng.standard_normal((n, n)) + (1j * rng.standard_normal((n, n)) if complex_ else 0)
            blocks.append(scipy.linalg.qr(random)[0])
        turn = sparse.csr_array(sparse.block_diag([block for block in blocks if block.size]))
        matrix = turn @ matrix @ turn.conj().T
    return sparse.csr_array((matrix + matrix.conj().T) / 2)


@pytest.mark.parametrize(
    "solver", [name for name in installed_solvers() if name != "iterative" and not solver_named(name).whole]
)
@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("shift", ["lower", "upper"])
@pytest.mark.parametrize("kind", LEVELS)
def test_no_copy_of_a_flat_level_is_lost(kind: str, shift: str, complex_: bool, solver: str) -> None:
    """Deflation goes on until the window itself is full; levels beyond its far end do not stand in for copies."""
    levels = np.sort(LEVELS[kind])
    expected = levels[(levels > 0) & (levels < 1.1)]
    window = Spectrum(matrix_of(kind, complex_), solver).between(0.0, 1.1, shift)
    np.testing.assert_allclose(window.energies, expected, atol=1e-9)
    assert window.below == np.sum(levels < 0)
