"""Shapes, distortions and seeds as a user asks for them: what is computed, what is written, what is refused."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

import bandg
from bandg.base.decode import decode
from bandg.base.errors import BandgError
from bandg.crystal.atoms import Atoms
from bandg.crystal.distortion import describe, distorted, parse_strain, parse_tilt
from bandg.crystal.from_atoms import explicit
from bandg.crystal.shapes import Nanocrystal, cube, cuboid, octahedron, sphere
from bandg.crystal.sites import operations
from bandg.crystal.structure import expected_group, structure_of
from bandg.models.etb.job import Job
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set
from bandg.parameters.sets import Parameter
from bandg.runs.dataset import crystals, tabulated, write
from bandg.runs.options import Run
from bandg.runs.request import parse_edges, request
from bandg.runs.rows import average_rows

SET = load_set("kashikar2021")
A = SET.a_nm
SMALL = {"size": "2cells", "set": SET, "run": Run(workers=1)}
LABELS = {"model": "etb", "set": SET.name}
ALLOY = {"second": "kashikar2021-cspbbr3", "fraction": 0.3, "offset_eV": -0.3}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return bandg.compute(**SMALL, **ALLOY, seeds=4, seed=3, observables="details")


def test_averages_over_seeds_have_standard_errors(seeded, tmp_path):
    assert seeded["seed"].values.tolist() == [3, 4, 5, 6]
    assert set(seeded["point_group"].values) == {"C1"}
    written = write(seeded, tmp_path / "a.csv")
    assert [path.name for path in written] == ["a.csv", "a.mean.csv"]
    [row] = csv.DictReader(written[1].read_text().splitlines())
    of_hole = seeded["g_axis"].sel(carrier="hole", axis="z")
    for name, of in (("E_gap_eV", seeded["E_gap_eV"]), ("g_e", seeded["g_e"]), ("g_h_z", of_hole)):
        values = of.values
        assert float(row[name]) == pytest.approx(values.mean())
        assert float(row[f"{name}_stderr"]) == pytest.approx(np.std(values, ddof=1) / 2)
        assert float(row[f"{name}_stderr"]) > 0
    assert row["seeds"] == "4" and row["distortion"] == "0.3 second halide"


def test_files_hold_the_g_tensor(seeded, tmp_path):
    with write(seeded, tmp_path / "a.csv")[0].open() as stream:
        rows = list(csv.DictReader(stream))
    write(seeded, tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text())
    for i, (row, tensors) in enumerate(zip(rows, content["g_tensors"], strict=True)):
        for letter, carrier in (("e", "electron"), ("h", "hole")):
            tensor, axes = (np.array(tensors[carrier][name]) for name in ("tensor", "direction"))
            principal = [float(row[f"g_{letter}_{x}"]) for x in "xyz"]
            assert np.linalg.norm(axes @ tensor.T, axis=1) == pytest.approx(np.abs(principal))
            assert float(row[f"g_{letter}"]) == pytest.approx(np.trace(tensor) / 3)
            assert seeded["g_axis"].sel(carrier=carrier).values[i] == pytest.approx(principal)
    assert content["provenance"]["second"]["name"] == "kashikar2021-cspbbr3"
    assert content["provenance"]["nanocrystals"][0]["geometry"]["fraction"] == 0.3
    assert content["averages"][0]["seeds"] == 4


def test_a_seeded_result_comes_back_from_the_cache(seeded, monkeypatch, tmp_path):
    monkeypatch.setenv("BANDG_CACHE_DIR", str(tmp_path))
    first, again = (bandg.compute(**SMALL, **ALLOY, seed=3, observables="details") for _ in range(2))
    assert [crystals(one)[0]["cached"] for one in (first, again)] == [False, True]
    for name in ("g_tensor", "g_direction", "distortion", "seed", "E_e_eV"):
        np.testing.assert_array_equal(first[name].values, again[name].values)
    assert first["g_e"].values[0] == seeded["g_e"].values[0]


def test_a_structure_is_computed_as_it_is():
    made = structure_of(distorted(cube(2, A), tilt="a0a0c+", angles="8"))
    atoms = Atoms(made.positions_nm, np.array(["Pb", "I"])[made.species])
    one = bandg.compute(**SMALL | {"size": None}, structure=atoms, observables="g_tensor")
    other = bandg.compute(**SMALL, tilt="a0a0c+", angles="8", observables="g_tensor")
    assert one["shape"].item() == "structure" and one["point_group"].values[0] == "D2h"
    np.testing.assert_allclose(one["g_tensor"].values, other["g_tensor"].values, atol=1e-7)
    assert one["n_orbitals"].values[0] == other["n_orbitals"].values[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": "4x4nm", "shape": "cuboid"}, "three edges"),
        ({"size": "4x4x6nm"}, "for the shape cuboid"),
        ({"size": "0.1x4x6nm", "shape": "cuboid"}, "rounds to no cell"),
        ({"size": "4x4x6.5cells", "shape": "cuboid"}, "whole numbers"),
        ({"shape": "cuboid"}, "three edges"),
        ({"size": "2x2x3cells", "shape": "cuboid", "center": "Pb"}, "follows from its edges"),
        ({"truncation": 0.5}, "truncated-cube"),
        ({"size": "3cells", "shape": "truncated-cube", "truncation": 2}, "up to 1"),
        ({"shape": "truncated-cube"}, "smallest has 3"),
        ({"size": "1nm", "shape": "octahedron", "center": "Cs"}, "too small"),
        ({"strain": "zz=abc"}, "write zz=0.01"),
        ({"strain": "zz=0_1"}, "unknown unit"),
        ({"strain": "ww=0.1"}, "write zz=0.01"),
        ({"strain": "zz=0.01,zz=0.02"}, "given twice"),
        ({"strain": "zz=0.5"}, "exceeds 0.2"),
        ({"tilt": "a0b0c7", "angles": "8"}, "not a known Glazer symbol"),
        ({"tilt": "a-a0c-", "angles": "8,8"}, "all or none"),
        ({"tilt": "a-b+a-", "angles": "8"}, "needs 2 angle"),
        ({"tilt": "a-b+a-", "angles": "8,99"}, "up to 25"),
        ({"tilt": "a-b+a-", "angles": "8,x"}, "a number should stand"),
        ({"tilt": "a-b+a-"}, "needs 2 angle"),
        ({"angles": "8"}, "need a tilt"),
        ({"keep": "lattice"}, "`keep` is about a tilt"),
        ({"tilt": "a0a0c+", "angles": "8", "keep": "all"}, "`keep` must be 'bonds' or 'lattice', not 'all'"),
        ({"fraction": 0.3}, "add the parameter set"),
        ({"second": "kashikar2021-cspbbr3"}, "add a fraction"),
        (ALLOY | {"offset_eV": None}, "needs the band offset"),
        (ALLOY | {"fraction": 1.3}, "between 0 and 1"),
        (ALLOY | {"second": "nestoklon2021-dft"}, "do not mix: their orbitals differ"),
        ({"x_vacancies": 1.5}, "between 0 and 1"),
        ({"x_vacancies": math.nan}, "must be a finite number"),
        ({"pb_vacancies": 1.0}, "below 1"),
        ({"x_vacancies": 0.5, "occupancy": 0.3}, "both describe missing surface X"),
        ({"x_vacancies": 0.5, "termination": "lead"}, "no surface X"),
        ({"occupancy": 0.5, "termination": "lead"}, "no surface X"),
        ({"seeds": 4}, "need something random"),
        ({"x_vacancies": 0.5, "seeds": 0}, "number from 1"),
        ({"x_vacancies": 0.5, "seed": -3}, "0 or more"),
        ({"model": "kp", "set": "nestoklon2023-standin", "strain": "zz=0.01"}, "kp model does not know `strain`"),
        ({"size": "60nm", "tilt": "a-b+a-", "angles": "8,10"}, "would fit"),
    ],
)
def test_wrong_input_is_one_line_that_says_what_is_right(arguments, message, fresh_cache):
    with pytest.raises(BandgError, match=message) as caught:
        bandg.compute(**SMALL | arguments)
    assert "\n" not in str(caught.value)
    assert not fresh_cache.exists()


def some_atoms():
    made = structure_of(cube(2, A))
    return made.positions_nm.copy(), np.array(["Pb", "I"])[made.species]


def broken(change):
    positions, species = some_atoms()
    return Atoms(*change(positions, species))


def moved(positions, species, site, to):
    positions[site] = to
    return positions, species


BAD = {
    "overlap": (lambda p, s: moved(p, s, 3, p[4] + 0.01), "overlap"),
    "angstrom": (lambda p, s: (p / 10, s), "overlap.*right unit"),
    "unknown species": (lambda p, s: (p, np.where(np.arange(len(s)) == 20, "Br", s)), "no parameters for Br"),
    "two clusters": (
        lambda p, s: (np.vstack([p, p + np.array([5, 0, 0])]), np.tile(s, 2)),
        "is not connected: 2 clusters",
    ),
    "a loose atom": (lambda p, s: moved(p, s, 9, [3.0, 0, 0]), "is not connected"),
    "no halide": (lambda p, s: (p[:8], s[:8]), "needs Pb and halide"),
    "turned": (lambda p, s: (p @ [[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]], s), "turn the structure"),
    "nan": (lambda p, s: moved(p, s, 9, [np.nan, 0, 0]), "finite"),
    "dense": (lambda p, s: (p * 0.6, s), "within a bond|overlap"),
}


@pytest.mark.parametrize("name", BAD)
def test_structures_that_make_no_sense_are_refused(name):
    change, message = BAD[name]
    with pytest.raises(BandgError, match=message) as caught:
        explicit(broken(change), A)
    assert "\n" not in str(caught.value)


def test_too_many_atoms_are_refused():
    with pytest.raises(BandgError, match="too many"):
        explicit(Atoms(np.broadcast_to(np.zeros(3), (10**8, 3)), np.broadcast_to(np.array("I"), 10**8)), A)


def test_shifts_of_a_set_are_those_of_every_request():
    own = Parameter("surface.halide.X.0", 0.2, "eV", "a test", "assumed")
    chosen = replace(SET, surface={own.path: own})
    [crystal] = request("2cells", set=chosen).crystals
    assert crystal.surface == (("X", 0, 0.2),) and not crystal.is_random
    [(_, crystal, _)] = bandg.tight_binding("2cells", set=chosen)
    assert crystal.surface == (("X", 0, 0.2),)
    [(_, crystal, _)] = bandg.tight_binding("2cells", set=chosen, surface="none")
    assert crystal.surface == ()


def test_parsing():
    assert parse_edges("4x4x6nm, 6x6x9cells", 0.6289) == ((6, 6, 10), (6, 6, 9))
    assert parse_strain("zz=0.01,xy=-0.02") == (0, 0, 0.01, 0, 0, -0.02)
    assert parse_strain("111=0.03") == pytest.approx((0.01,) * 6)
    assert parse_tilt("a-b+a-", "8,10") == ("a-b+a-", (8, 10, 8))
    assert parse_tilt("a0a0c+", "7") == ("a0a0c+", (0, 0, 7))
    made = distorted(cube(4, A), strain="zz=0.01", tilt="a0a0c-", angles="5", fraction=0.25, x_vacancies=0.1)
    assert describe(made) == (
        "strain zz 0.01; tilt a0a0c- by 0, 0, 5 degrees; 0.25 second halide; 0.1 surface X vacancies"
    )
    assert decode(Nanocrystal, json.loads(json.dumps(made.plain()))) == made


def job(nanocrystal, **changes):
    return replace(Job(SET, nanocrystal, 2), **changes)


def test_the_key_holds_the_whole_geometry():
    base = cube(3, A)
    crystals = [
        base,
        cuboid((3, 3, 3), A),
        distorted(base, strain="zz=0.01"),
        distorted(base, tilt="a0a0c+", angles="8"),
        distorted(base, tilt="a0a0c-", angles="8"),
        distorted(base, tilt="a0a0c-", angles="8.5"),
        distorted(base, fraction=0.3),
        distorted(base, fraction=0.3, seed=2),
        distorted(base, x_vacancies=0.3),
        distorted(base, pb_vacancies=0.3),
        distorted(base, occupancy=0.3),
        explicit(broken(lambda p, s: (p, s)), A),
        explicit(broken(lambda p, s: (p * 1.001, s)), A),
    ]
    keys = [job(one).key() for one in crystals]
    keys += [job(base, second=load_set("kashikar2021-cspbbr3"), offset_eV=offset).key() for offset in (0.0, 0.1)]
    assert len(set(keys)) == len(keys)


def test_the_expected_group_is_that_of_the_whole_nanocrystal():
    crystals = [
        cuboid((2, 4, 4), A),
        cuboid((3, 4, 6), A),
        octahedron(4 * A, A),
        sphere(4 * A, A, center="Cs"),
        *(distorted(cube(n, A), tilt=tilt, angles=angles) for n in (4, 5) for tilt, angles in GLAZER),
        distorted(sphere(4 * A, A), strain="111=0.02"),
        distorted(cube(4, A), x_vacancies=0.2),
    ]
    for crystal in crystals:
        structure = structure_of(crystal)
        found = operations(structure.positions_nm, structure.species)
        assert expected_group(crystal).order == len(found), crystal


GLAZER = (("a0a0c+", "8"), ("a0a0c-", "8"), ("a-a-a-", "8"), ("a-b+a-", "8,11"))


def test_memory_grows_as_symmetry_falls():
    """Less symmetry takes more memory; a tilt takes most, as its bonds join more orbitals.

    Measured: half of the functions of a tilted crystal of 12 nm took 3.97 GB, all of a random one of 10 nm 1.77 GB.
    """
    cubic, tetragonal, gamma, random = (
        job(one, solver="superlu").estimate_memory()
        for one in (
            cube(16, A),
            distorted(cube(16, A), strain="zz=0.01"),
            distorted(cube(16, A), tilt="a-b+a-", angles="8,10"),
            distorted(cube(16, A), fraction=0.5),
        )
    )
    assert cubic < tetragonal < random < gamma
    assert random - 0.15 > 25 * (cubic - 0.15)  # beside what every process holds


def test_averages_tell_crystals_apart_and_keep_those_that_lose_more_atoms_together():
    """Boxes of as many Pb are two groups; seeds that leave different numbers of Pb are one."""

    def rows(edges, **changes):
        crystals = [distorted(cuboid(edges, A), seed=seed, **changes) for seed in range(1, 5)]
        return [compute_levels(SET, crystal) for crystal in crystals]

    boxes = average_rows(tabulated(rows((1, 1, 4), x_vacancies=0.2) + rows((1, 2, 2), x_vacancies=0.2), LABELS, {}))
    assert [(row["edges"], row["seeds"]) for row in boxes] == [("1x1x4", 4), ("1x2x2", 4)]
    torn = rows((1, 2, 2), pb_vacancies=0.25, x_vacancies=0.3) + rows((1, 1, 4), pb_vacancies=0.25)
    table = average_rows(tabulated(torn, LABELS, {}))
    counts = np.array([levels.n_pb for levels in torn[4:]])
    assert len(set(counts)) > 1 and len(table) == 2
    assert table[1]["n_pb"] == counts.mean() and table[1]["seeds"] == 4
    assert table[1]["n_pb_stderr"] == pytest.approx(counts.std(ddof=1) / 2)


def test_pictures_show_the_means_over_seeds(seeded):
    from bandg.plot.curves import curves_of

    [curve] = curves_of(seeded)
    assert curve.energy == pytest.approx([seeded["E_gap_eV"].values.mean()])
    assert curve.values["g_h"] == pytest.approx([seeded["g_h"].values.mean()])
    assert curve.label.endswith("0.3 second halide")
