"""Derivatives of energies and g-factors by the parameters, against central differences of full computations."""

import numpy as np
import pytest

from bandg.base import cache
from bandg.base.errors import BandgError
from bandg.crystal.shapes import cube, sphere
from bandg.models.etb.derivatives import DerivativeJob, derivatives, solve_adjoint
from bandg.models.etb.job import Job
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set
from bandg.runs import sweep
from bandg.runs.options import Run
from bandg.solvers.base import Work
from bandg.solvers.registry import installed_solvers, solver_named

SET = load_set("nestoklon2023-standin")
SECOND = load_set("kashikar2021")
NAMES = ("E_e_eV", "E_h_eV", "g_e", "g_h")


def values(parameters, crystal, intra_atomic):
    found = compute_levels(parameters, crystal, intra_atomic=intra_atomic)
    return np.array([found.electron.energy_eV, found.hole.energy_eV, found.electron.g, found.hole.g])


def central(parameters, path, make, intra_atomic, step=1e-4):
    def at(shift):
        moved = parameters.with_values({path: parameters.value(path) + shift})
        return values(moved, make(moved.a_nm), intra_atomic)

    return (at(step) - at(-step)) / (2 * step)


CASES = [
    (SET, lambda a: cube(2, a), False, None),
    (SET, lambda a: cube(2, a, "lead"), True, None),
    (SET, lambda a: cube(5, a), False, ("hopping.Pb-X.p-p.sigma",)),
    (SECOND, lambda a: cube(3, a, "lead"), False, ("hopping.Pb-Pb.s-p", "hopping.Pb-X.s-p", "lattice.a")),
    (SET, lambda a: sphere(3 * a, a, center="Cs"), True, ("onsite.X.p", "hopping.Pb-X.d-p.sigma", "lattice.a")),
]


@pytest.mark.parametrize("case", CASES)
def test_derivatives_are_those_of_central_differences(case):
    parameters, make, intra_atomic, chosen = case
    found = derivatives(parameters, make(parameters.a_nm), intra_atomic=intra_atomic)
    base = values(parameters, make(parameters.a_nm), intra_atomic)
    assert [found.value(name) for name in NAMES] == pytest.approx(base, abs=1e-9)
    assert found.paths == ("lattice.a", *parameters.paths)
    for path in chosen or found.paths[::5]:
        expected = central(parameters, path, make, intra_atomic)
        exact = [found.gradient(name)[found.paths.index(path)] for name in NAMES]
        assert exact == pytest.approx(expected, rel=1e-5, abs=1e-7), path


def test_one_factorization_and_one_solve_for_each_doublet_serve_all_parameters():
    found = derivatives(SET, cube(4, SET.a_nm))
    assert (found.factorizations, found.solves) == (2, 2)


def test_sums_and_homogeneity():
    """Energies scale with all integrals together; so does the orbital part of g, while spin parts stay."""
    found = derivatives(SET, cube(3, SET.a_nm))
    for name in ("E_e_eV", "E_h_eV"):
        assert found.gradient(name)[1:] @ SET.vector == pytest.approx(found.value(name), abs=1e-8)
    full = compute_levels(SET, cube(3, SET.a_nm))
    for name, state in (("g_e", full.electron), ("g_h", full.hole)):
        assert found.gradient(name)[1:] @ SET.vector == pytest.approx(state.g_orbital, abs=1e-8)
    assert np.allclose(found.gradient("g_bx"), found.gradient("g_e") + found.gradient("g_h"))
    assert np.allclose(found.gradient("E_gap_eV"), found.gradient("E_e_eV") - found.gradient("E_h_eV"))


@pytest.mark.parametrize("solver", [name for name in installed_solvers() if solver_named(name).factorization])
def test_a_level_that_coincides_with_another_has_no_derivative(solver):
    from scipy import sparse

    matrix = sparse.csr_array(np.diag([1.0, 1.0, 3.0, 4.0]))
    vector = np.array([1.0, 0, 0, 0])
    with pytest.raises(BandgError, match="coincides"):
        solve_adjoint(matrix, 1.0, vector, np.array([0.0, 1, 1, 1]) / 2, solver_named(solver), Work())


def test_the_adjoint_solves_its_equation():
    from scipy import sparse

    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((30, 30))
    matrix = matrix + matrix.T
    energies, states = np.linalg.eigh(matrix)
    force = rng.standard_normal(30)
    work = Work()
    found = solve_adjoint(sparse.csr_array(matrix), energies[12], states[:, 12], force, solver_named("superlu"), work)
    others = np.delete(np.arange(30), 12)
    expected = states[:, others] @ ((states[:, others].T @ force) / (energies[others] - energies[12]))
    assert found == pytest.approx(expected, abs=1e-9)


def test_derivatives_are_kept_in_the_cache_and_come_back_unchanged(monkeypatch):
    job = DerivativeJob(SET, cube(3, SET.a_nm), 1)
    [(first, cached_first)] = sweep.run_jobs([job], Run(workers=1))
    monkeypatch.setattr(DerivativeJob, "run", lambda self: pytest.fail("computed again"))
    [(second, cached_second)] = sweep.run_jobs([job], Run(workers=1))
    assert (cached_first, cached_second) == (False, True)
    assert first == second
    assert job.key() not in {
        Job(SET, cube(3, SET.a_nm), 1).key(),
        DerivativeJob(SET, cube(3, SET.a_nm), 1, intra_atomic=True).key(),
    }
    assert cache.load(job.key(), job.read) == first


def test_the_solver_without_a_factorization_is_refused_before_the_work(monkeypatch):
    monkeypatch.setattr("bandg.models.etb.derivatives.band_edges", lambda *arguments: pytest.fail("work was done"))
    with pytest.raises(BandgError, match="need a factorization, which iterative does not have: choose rslab, superlu"):
        derivatives(SET, cube(2, SET.a_nm), solver="iterative")
