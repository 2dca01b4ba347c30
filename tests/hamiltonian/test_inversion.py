"""States of one parity on half of the sites, against the whole ones."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.crystal.shapes import cube
from bandg.hamiltonian.inversion import Half
from bandg.hamiltonian.rows import RowTransform
from bandg.hamiltonian.whole import WholeHamiltonian
from bandg.models.etb.reduced import ReducedNanocrystal, local_model
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")
SIZES = {"s": (2, 1), "p": (6, -1), "d": (10, 1), "s*": (2, 1)}


@pytest.mark.parametrize("cells", [3, 4])
@pytest.mark.parametrize("parity", [1, -1])
def test_half_of_the_sites_hold_a_state_of_one_parity(cells: int, parity: int) -> None:
    """Scalar products, H and the overlaps with adapted functions; with an atom in the center and without one."""
    reduced = ReducedNanocrystal(cube(cells, SET.a_nm), local_model(SET, 1))
    system, operation = reduced.system, reduced.orbits.placed[1]
    signs = np.zeros((len(system.dimensions), int(system.dimensions.max())))
    for kind, shells in enumerate(SET.orbitals.values()):
        own = np.concatenate([np.full(SIZES[shell][0], SIZES[shell][1]) for shell in shells])
        signs[kind, : len(own)] = parity * own
    image = system.site_at(-system.coordinates)
    half = Half.of(system, np.flatnonzero(operation <= operation[image]), image, signs)
    assert len(half.kept) == (system.n_sites + 1) // 2

    random = np.random.default_rng(0).standard_normal((2, system.n_orbitals))
    psi = random[0] + 1j * random[1]
    found = half.unfold(half.fold(psi))
    for site in range(system.n_sites):
        here, there = (slice(*system.offsets[s : s + 2]) for s in (site, image[site]))
        own = signs[system.kind[site], : system.dimensions[system.kind[site]]]
        np.testing.assert_allclose(found[here], (psi[here] + own * psi[there]) / 2, atol=1e-14)
    folded = half.fold(found)
    assert np.linalg.norm(folded) == pytest.approx(np.linalg.norm(found))

    whole, on_half = WholeHamiltonian(system, SET.vector), WholeHamiltonian(system, SET.vector, None, half)
    np.testing.assert_allclose(half.unfold(on_half.apply(folded)), whole.apply(found), atol=1e-12)
    np.testing.assert_allclose(half.unfold(on_half.reversed(folded)), whole.reversed(found), atol=1e-12)

    bases = {label: reduced.basis(label) for label in reduced.labels if label.endswith("+" if parity > 0 else "-")}
    rows = {label: np.eye(basis.irrep.dimension, dtype=complex) for label, basis in bases.items()}
    transform = RowTransform(bases, rows, half.places)
    overlaps = transform.project(folded)
    for label, basis in bases.items():
        np.testing.assert_allclose(overlaps[label], basis.project_full(found[:, None])[:, :, 0], atol=1e-12)
    np.testing.assert_allclose(transform.expand(overlaps), folded, atol=1e-12)
