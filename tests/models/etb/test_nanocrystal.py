"""Nanocrystal levels and g-factors: reference numbers, convergence, completeness, counts of work."""

import numpy as np
import parity
import pytest

from bandg.base.errors import BandgError
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import Nanocrystal, cube, sphere
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.bulk import bulk
from bandg.models.etb.local import local_model, resolve_neighbors
from bandg.models.etb.material import Material
from bandg.models.etb.nanocrystal import ReducedNanocrystal, compute_levels, reduced_nanocrystal
from bandg.models.etb.reduced import reduced_of
from bandg.parameters.loader import available_sets, load_set

SET = load_set("nestoklon2023-standin")
A = SET.a_nm
BIG = pytest.mark.slow

STORED = "computed/reference_nanocrystals.csv"
REFERENCE = [
    pytest.param(row, id=f"{row['shape']} {row['kind']} {row['size']}", marks=[BIG] if row["size"] == "25" else [])
    for row in read_table(theory_curve(STORED).read_text(encoding="utf-8"), STORED).cells
]


@pytest.mark.parametrize("row", REFERENCE)
def test_reference_nanocrystals(row):
    """Ours as stored for the page on validation, and an independent prototype, with which two to three digits agree."""
    size, kind = int(row["size"]), row["kind"]
    levels = compute_levels(SET, cube(size, A, kind) if row["shape"] == "cube" else sphere(size * A, A, center=kind))
    for carrier, state in (("e", levels.electron), ("h", levels.hole)):
        for name, value, digits in ((f"E_{carrier}_eV", state.energy_eV, 4), (f"g_{carrier}", state.g, 3)):
            for known in (row[name], row[f"prototype_{name}"]):
                assert value == pytest.approx(float(known), abs=0.51 * 10**-digits), name
    assert not levels.warnings
    assert levels.residual_eV < 1e-8


@pytest.mark.parametrize("center", ["Pb", "Cs"])
def test_irreps_of_the_band_edges_follow_the_center(center):
    levels = compute_levels(SET, sphere(4 * A, A, center=center))
    expected = {"Pb": ("6-", "6+"), "Cs": ("7+", "7-")}[center]
    assert (levels.electron.irrep, levels.hole.irrep) == expected


def test_sites_of_spheres():
    for center, n_pb, n_x in (("Pb", 257, 918), ("Cs", 280, 996)):
        kind = sphere(8 * A, A, center=center).sites()[1]
        assert (np.sum(kind == 0), np.sum(kind == 1)) == (n_pb, n_x)


@pytest.mark.parametrize("cells", [1, 2, 5, 6])
def test_sites_of_cubes(cells):
    kind = cube(cells, A).sites()[1]
    assert (np.sum(kind == 0), np.sum(kind == 1)) == (cells**3, 3 * cells**2 * (cells + 1))
    if cells > 1:
        kind = cube(cells, A, "lead").sites()[1]
        assert np.sum(kind == 1) == 3 * cells**2 * (cells - 1)


def dense_levels(parameters, crystal):
    """Energies and multiplicities of the full Hamiltonian."""
    system = SiteSystem(local_model(parameters), *crystal.sites(), parameters.a_nm / 2)
    shells = [parameters.orbitals[species] for species in ("Pb", "X")]
    energies, _ = parity.eigh(system, shells, parameters.vector)
    starts = np.flatnonzero(np.diff(energies, prepend=-np.inf) > 1e-7)
    return energies[starts], np.diff([*starts, len(energies)])


def test_levels_of_a_sphere_are_those_of_the_full_hamiltonian():
    """60 hole levels reach into the flat halide bands, where levels of different irreps coincide."""
    count, crystal = 60, sphere(2.4 * A, A, center="Cs")
    levels = compute_levels(SET, crystal, levels=count)
    energies, multiplicity = dense_levels(SET, crystal)
    middle = (levels.bulk_E_v_eV + levels.bulk_E_c_eV) / 2
    for found, wanted in (
        (levels.electron_levels, np.repeat(energies, multiplicity)[np.repeat(energies, multiplicity) > middle]),
        (levels.hole_levels, np.repeat(energies, multiplicity)[np.repeat(energies, multiplicity) < middle][::-1]),
    ):
        ours = np.repeat([level.energy_eV for level in found], [level.degeneracy for level in found])
        np.testing.assert_allclose(ours, wanted[: len(ours)], atol=1e-9)
        assert len(found) == count


def test_sparse_and_dense_solvers_agree_on_many_levels():
    sparse, dense = (compute_levels(SET, cube(3, A), levels=8, solver=name) for name in ("superlu", "dense"))
    for carrier in ("electron_levels", "hole_levels"):
        pairs = list(zip(getattr(sparse, carrier), getattr(dense, carrier), strict=True))
        assert [a.irrep for a, _ in pairs] == [b.irrep for _, b in pairs]
        for a, b in pairs:
            assert a.energy_eV == pytest.approx(b.energy_eV, abs=1e-9)
            assert (a.g is None) == (b.g is None) == (a.degeneracy == 4)
            assert a.degeneracy == 4 or a.g == pytest.approx(b.g, abs=1e-5)


def test_flat_levels_have_no_g_and_say_so():
    """The X p states of this set coincide exactly: any mixture is an eigenstate, so a g would depend on the solver."""
    parameters = load_set("kashikar2021")
    found = {
        solver: compute_levels(parameters, cube(3, parameters.a_nm), levels=24, solver=solver)
        for solver in ("dense", "superlu")
    }
    for levels in found.values():
        flat = [level for level in levels.hole_levels if abs(level.energy_eV - 0.96) < 1e-7]
        assert len(flat) == 5
        assert all(level.g is None and level.g_quartet is None for level in flat)
        assert any("5 of the 24 levels coincide" in warning for warning in levels.warnings)
    rows = [[(x.irrep, x.g is None) for x in levels.hole_levels] for levels in found.values()]
    assert rows[0] == rows[1]


def test_more_levels_than_there_are_is_an_error():
    with pytest.raises(BandgError, match="only 102 hole levels"):
        compute_levels(SET, cube(2, A), levels=10_000)


def test_counts_of_work_are_frozen():
    reduced_nanocrystal.cache_clear()
    levels = compute_levels(SET, cube(8, A), solver="superlu")
    assert levels.blocks == {"7-": 1868, "7+": 1868}
    assert levels.factorizations == 2  # one for each band edge: symmetry foretells the count in the gap
    assert levels.solves <= 40
    reduced = reduced_nanocrystal(levels.nanocrystal, local_model(SET))
    counts = []
    for label in ("7-", "7+"):
        matrix = reduced.block(label)[1].at(SET.vector)
        matrix.eliminate_zeros()
        counts.append(matrix.nnz)
    assert max(counts) < 6.5 * 1868  # sparse: a basis that mixes orbitals has several times as many


def test_new_parameters_build_no_geometry_and_no_basis(monkeypatch):
    built = []
    for owner, name in ((Nanocrystal, "sites"), (AdaptedBasis, "__init__"), (ReducedNanocrystal, "__init__")):
        original = getattr(owner, name)

        def counted(*arguments, _original=original, _name=f"{owner.__name__}.{name}"):
            built.append(_name)
            return _original(*arguments)

        monkeypatch.setattr(owner, name, counted)
    reduced_nanocrystal.cache_clear()
    compute_levels(SET, cube(4, A))
    first = len(built)
    assert first == 4  # the crystal, its sites, two bases
    changed = compute_levels(SET.with_values({"onsite.Pb.p": 4.5, "hopping.Pb-X.p-p.pi": 0.02}), cube(4, A))
    assert len(built) == first
    assert changed.electron.energy_eV != compute_levels(SET, cube(4, A)).electron.energy_eV


@pytest.mark.parametrize("name", available_sets())
def test_every_matrix_is_linear_in_the_parameters(name):
    parameters = load_set(name)
    if parameters.model != "etb":
        pytest.skip("no tight-binding set")
    reduced = ReducedNanocrystal(cube(2, parameters.a_nm), local_model(parameters))
    random = np.random.default_rng(1)
    one, other = random.normal(size=(2, len(parameters.paths)))
    for linear in (reduced.system.hamiltonian(), reduced.block("6+")[1], reduced.block("8-")[1]):
        combined = linear.at(2 * one - 3 * other) - (2 * linear.at(one) - 3 * linear.at(other))
        assert np.abs(combined.toarray()).max() < 1e-12
        assert np.abs(linear.at(one).data - linear.coefficients @ one).max() == 0


def test_the_states_come_nearer_to_bloch_function_times_envelope_as_size_grows():
    found = [compute_levels(SET, cube(n, A)) for n in (8, 12, 16)]
    for carrier in ("electron", "hole"):
        weights = [getattr(levels, carrier).overlap for levels in found]
        assert weights[0] < weights[1] < weights[2]
        assert weights[-1] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("termination", ["halide", "lead"])
def test_g_tends_to_its_bulk_value(termination):
    """g_bulk + c2/N^2 + c3/N^3 + c4/N^4 with g_bulk held fits N = 14 ... 28 with an rms below 0.01."""
    cells = np.arange(14, 29)
    found = [compute_levels(SET, cube(int(n), A, termination)) for n in cells]
    crystal = bulk(SET)
    for carrier, limit in (("electron", crystal.conduction.g()), ("hole", crystal.valence.g())):
        deviation = np.array([getattr(levels, carrier).g for levels in found]) - limit
        powers = 1.0 / cells[:, None] ** np.array([2, 3, 4])
        fit = np.linalg.lstsq(powers, deviation)[0]
        assert np.sqrt(np.mean((powers @ fit - deviation) ** 2)) < 0.01
        exponents = -np.diff(np.log(np.abs(deviation))) / np.diff(np.log(cells))
        assert (np.diff(exponents) > 0).all()  # they rise toward 2


@pytest.mark.parametrize("name", ["nestoklon2023-standin", "bandg-cspbi3-nnn", "kashikar2021"])
@pytest.mark.parametrize(
    "make",
    [
        lambda a: cube(2, a),
        lambda a: cube(3, a, "lead"),
        lambda a: sphere(3.0, a),
        lambda a: distorted(cube(1, a), tilt="a-b+a-", angles="9,8"),  # with inversion
        lambda a: distorted(cube(2, a), tilt="a-b+a-", angles="9,8"),  # without
        lambda a: distorted(cube(2, a), x_vacancies=0.2, seed=1),
        pytest.param(lambda a: distorted(cube(3, a), tilt="a-b+a-", angles="9,8"), marks=pytest.mark.slow),
        pytest.param(lambda a: distorted(cube(3, a), x_vacancies=0.2, seed=1), marks=pytest.mark.slow),
    ],
)
def test_symmetry_foretells_how_many_levels_lie_below_the_gap(name, make):
    parameters = load_set(name)
    bulk_ = bulk(parameters)
    middle = (bulk_.valence.energy + bulk_.conduction.energy) / 2
    spec = Material(parameters).spec(resolve_neighbors(parameters, None))
    reduced = reduced_of(make(parameters.a_nm), parameters, spec)
    for label in reduced.labels:
        levels = np.linalg.eigvalsh(reduced.hamiltonian(label, parameters.vector, 1).toarray())
        assert reduced.filled(label) == np.sum(levels < middle)
