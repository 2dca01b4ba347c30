"""The library twin: sizes, dataset, files."""

import csv
import inspect
import json
import math

import numpy as np
import pytest
import xarray

import bandg
from bandg.base.errors import BandgError
from bandg.runs.dataset import write
from bandg.runs.observables import BUILT_IN
from bandg.runs.options import Run
from bandg.runs.request import request
from bandg.runs.rows import LEVEL_COLUMNS

STANDIN = "nestoklon2023-standin"
COLUMNS = (
    "shape,termination,center,neighbors,cells,size_nm,n_pb,n_orbitals,E_e_eV,E_h_eV,E_gap_eV,g_e,g_h,g_bx,"
    "surface_weight_e,surface_weight_h,residual_eV,model,set,g_e_x,g_e_y,g_e_z,g_h_x,g_h_y,g_h_z,edges,distortion,"
    "seed,point_group"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        arguments = {"set": STANDIN, "levels": 4, "observables": "details", "run": Run(workers=1)}
        return bandg.compute("2..3cells", termination="halide, lead", **arguments)


def test_the_dataset_holds_what_its_schema_says(small):
    held = [one for one in BUILT_IN if one.states is None and not one.optional]
    assert set(small.variables) == {one.name for one in held} | set(small.dims)
    for one in held:
        assert small[one.name].dims == one.dims
        assert small[one.name].attrs == {"units": one.unit, "long_name": one.meaning}
        assert (one.name in small.coords) == (one.kind == "label")
    assert dict(small.sizes) == {"nc": 4, "carrier": 2, "level": 4, "axis": 3, "field": 3}


def test_identities_between_columns(small):
    assert small["E_gap_eV"].values == pytest.approx((small["E_e_eV"] - small["E_h_eV"]).values)
    assert small["g_bx"].values == pytest.approx((small["g_e"] + small["g_h"]).values)
    parts = (small["g_spin"] + small["g_orbital"]).values
    assert parts[:, 0] == pytest.approx(small["g_e"].values)
    assert parts[:, 1] == pytest.approx(small["g_h"].values)
    cells = small["cells"].values
    assert small["n_pb"].values == pytest.approx(cells**3)
    assert (small["residual_eV"].values < 1e-8).all()


def test_the_first_levels_are_the_band_edges_of_a_halide_cube(small):
    halide = small.isel(nc=small["termination"].values == "halide")
    assert halide["level_E_eV"].sel(carrier="electron", level=1).values == pytest.approx(halide["E_e_eV"].values)
    assert halide["level_E_eV"].sel(carrier="hole", level=1).values == pytest.approx(halide["E_h_eV"].values)
    electron = halide["level_E_eV"].sel(carrier="electron").values
    assert (electron[:, 1:] >= electron[:, :-1]).all()


def test_csv_has_the_columns_in_order_and_the_levels_beside_it(small, tmp_path):
    written = write(small, tmp_path / "a.csv")
    assert [path.name for path in written] == ["a.csv", "a.levels.csv"]
    lines = written[0].read_text().splitlines()
    assert lines[0] == COLUMNS
    rows = list(csv.DictReader(lines))
    assert len(rows) == 4
    assert float(rows[0]["g_e"]) == float(small["g_e"].values[0])
    with written[1].open() as stream:
        levels = list(csv.DictReader(stream))
    assert tuple(levels[0]) == LEVEL_COLUMNS
    assert len(levels) == 4 * 2 * 4
    quartets = [row for row in levels if row["degeneracy"] == "4"]
    assert quartets
    assert all(row["g"] == "" and row["g_1"] and row["irrep"] in ("8+", "8-") for row in quartets)


def test_netcdf_comes_back_with_units_and_provenance(small, tmp_path):
    write(small, tmp_path / "a.nc")
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as back:
        assert back["g_h"].values == pytest.approx(small["g_h"].values)
        assert back["E_e_eV"].attrs["units"] == "eV"
        provenance = json.loads(back.attrs["provenance"])
    assert provenance["parameters"]["name"] == STANDIN
    assert len(provenance["parameters_sha256"]) == 64
    assert len(provenance["nanocrystals"]) == 4


def test_the_case_of_an_extension_does_not_change_the_format(small, tmp_path):
    write(small, tmp_path / "a.JSON")
    assert json.loads((tmp_path / "a.JSON").read_text())["schema"] == 1


def test_json_holds_the_same_numbers(small, tmp_path):
    write(small, tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["schema"] == 1
    assert [row["g_h"] for row in content["nanocrystals"]] == list(small["g_h"].values)
    assert content["provenance"]["bandg"] == bandg.__version__


def test_a_crystal_that_is_not_named_is_the_default_and_a_baseline_the_published_theory():
    for model in ("etb", "kp"):
        assert bandg.bulk(model=model).g_factors() == bandg.bulk("bandg-cspbi3-nnn", model=model).g_factors()
    [(material, _, shells)] = bandg.tight_binding("2cells")
    assert (material.parameters.name, shells) == ("bandg-cspbi3-nnn", 2)
    assert request("2cells").parameters.name == "bandg-cspbi3-nnn"
    for function in (bandg.hypotheses, bandg.infer):
        assert inspect.signature(function).parameters["set"].default == STANDIN


def test_one_level_is_written_without_a_levels_file(tmp_path):
    dataset = bandg.compute("2cells", run=Run(workers=1))
    assert write(dataset, tmp_path / "a.csv") == [tmp_path / "a.csv"]
    assert "level" not in dataset.dims and not any(name.startswith("level") for name in dataset.variables)


def test_a_sphere_has_no_cells(tmp_path):
    dataset = bandg.compute("1.6nm", shape="sphere", run=Run(workers=1))
    write(dataset, tmp_path / "a.csv")
    [row] = csv.DictReader((tmp_path / "a.csv").read_text().splitlines())
    assert row["cells"] == ""
    assert row["shape"] == "sphere"
    assert float(row["size_nm"]) == 1.6


def test_a_lead_skin_raises_the_hole_confinement(small):
    by = small.set_coords("termination")
    for cells in (2, 3):
        pair = by.isel(nc=by["cells"].values == cells)
        halide, lead = (
            float(pair["E_h_eV"].values[pair["termination"].values == end][0]) for end in ("halide", "lead")
        )
        assert lead < halide < 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": "4..16"}, "no unit"),
        ({"size": "0nm"}, "above zero"),
        ({"shape": "ball"}, "cube, sphere, cuboid, octahedron or truncated-cube"),
        ({"termination": "oxide"}, "halide or lead"),
        ({"termination": []}, "no termination"),
        ({"center": "Pb", "size": "4cells"}, "has Cs in its center"),
        ({"shape": "sphere", "size": "2nm", "center": "I"}, "Pb or Cs"),
        ({"set": "none"}, "unknown parameter set"),
        ({"neighbors": 2, "set": STANDIN}, "no second-neighbor"),
        ({"levels": 0}, "1 or more"),
        ({"model": "dft"}, "unknown"),
        ({"solver": "magic"}, "unknown"),
        ({"size": "1cells", "termination": "lead"}, "2 cells or more"),
        ({"shape": "sphere", "size": "0.3nm"}, "too small"),
    ],
)
def test_wrong_input_is_one_line_that_says_what_is_right(arguments, message, fresh_cache):
    with pytest.raises(BandgError, match=message) as caught:
        bandg.compute(**{"size": "2cells"} | arguments)
    assert "\n" not in str(caught.value)
    assert not fresh_cache.exists()


def test_a_missing_g_is_nan_in_the_dataset_and_empty_in_the_file(small):
    quartet = small["level_degeneracy"].values == 4
    assert quartet.any()
    assert all(math.isnan(g) for g in small["level_g"].values[quartet])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bogus": 1}, "compute has no argument 'bogus'"),
        ({"x_vacancy": 0.5}, r"did you mean 'x_vacancies'\?"),
        ({"parameters": "kashikar2021"}, r"compute has no argument 'parameters' \(did you mean 'set'\?\)"),
        ({"workers": 2}, r"write run=bandg.Run\(workers=...\)"),
        ({"size": True}, "`size` must be text"),
        ({"size": b"4nm"}, "`size` must be text"),
        ({"size": (4, 6, 8)}, r"a pair \(lowest, highest\)"),
        ({"size": []}, "empty list"),
        ({"size": [4, "x"]}, "unknown unit|no unit|should stand"),
        ({"size": float("nan")}, "`size` must be a finite number"),
        ({"size": (16, 4)}, "is reversed"),
        ({"shape": 3}, "`shape` must be text as 'cube'"),
        ({"termination": 3}, "`termination` must be text as 'halide'"),
        ({"termination": ["halide", 3]}, "`termination` must be text"),
        ({"set": 5}, "not a tight-binding set"),
        ({"set": object()}, "not a tight-binding set"),
        ({"model": 3}, "must be the name of a model"),
        ({"model": "ebt"}, "did you mean 'etb'"),
        ({"center": 3}, "`center` must be text"),
        ({"neighbors": 1.5}, "`neighbors` must be a whole number"),
        ({"levels": "a"}, "`levels` must be a whole number, not 'a'"),
        ({"levels": True}, "`levels` must be a whole number"),
        ({"intra_atomic": "yes"}, "`intra_atomic` must be True or False"),
        ({"barrier": 3.0}, "belongs to `model='kp'`"),
        ({"model": "kp", "barrier": "x"}, "barrier 'x'"),
        ({"model": "kp", "barrier": (1, 2, 3)}, "two for electron and hole"),
        ({"model": "kp", "solver": "dense"}, "kp model does not know `solver`"),
        ({"solver": 3}, "`solver` must be text"),
        ({"strain": 0.01}, "`strain` must be text as 'zz=0.01', not 0.01"),
        ({"tilt": 8}, "`tilt` must be text as 'a0a0c\\+'"),
        ({"tilt": "a0a0c+", "angles": [None]}, "`angles` must be a finite number"),
        ({"fraction": "x"}, "`fraction` must be a finite number, not 'x'"),
        ({"second": 3, "fraction": 0.3, "offset_eV": -0.3}, "not a tight-binding set"),
        ({"offset_eV": "0.3"}, "`offset_eV` must be a finite number"),
        ({"x_vacancies": "half"}, "`x_vacancies` must be a finite number"),
        ({"occupancy": None, "x_vacancies": 0.5, "seed": 1.5}, "`seed` must be a whole number, not 1.5"),
        ({"x_vacancies": 0.5, "seeds": "4"}, "`seeds` must be a whole number"),
        ({"size": None, "structure": "nc.abc"}, "has an unknown format"),
        ({"size": None, "structure": 3}, "`structure` must be the path"),
        ({"structure": "nc.xyz"}, "has its own size"),
        ({"truncation": "much", "shape": "truncated-cube"}, "`truncation` must be a finite number"),
        ({"run": {"workers": 2}}, "`run` must be a bandg.Run"),
    ],
)
def test_a_wrong_name_or_type_is_one_line(arguments, message, fresh_cache):
    with pytest.raises(BandgError, match=message) as caught:
        bandg.compute(**{"size": "2cells"} | arguments)
    assert "\n" not in str(caught.value)
    assert not fresh_cache.exists()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bandg.Run(workers="2"), "`workers` must be a whole number, not '2'"),
        (lambda: bandg.Run(workers=0), "`workers` must be 1 or more"),
        (lambda: bandg.Run(wrokers=2), r"did you mean 'workers'\?"),
        (lambda: bandg.Run(cache="no"), "`cache` must be True or False"),
        (lambda: bandg.Run(scheduler=8786), "`scheduler` must be text"),
        (lambda: bandg.Run(progress=print), "`progress` must be an object"),
        (lambda: bandg.bulk(3), "not a tight-binding set"),
        (lambda: bandg.bulk(sett="kashikar2021"), r"did you mean 'set'\?"),
        (lambda: bandg.bulk(neighbors="1"), "`neighbors` must be a whole number"),
        (lambda: bandg.load_set(3), "name of a set or a path"),
        (lambda: bandg.tight_binding("2cells", levels=2), "tight_binding has no argument 'levels'"),
        (lambda: bandg.full_hamiltonian("2..3cells"), "means 2 nanocrystals: give one"),
        (lambda: bandg.density_of_states("2cells", moments="many"), "`moments` must be a whole number"),
        (lambda: bandg.sensitivity("2cells", method=3), "`method` must be text"),
        (lambda: bandg.sensitivity("2cells", samples=3), "`samples` belongs to the global methods"),
        (lambda: bandg.sensitivity("2cells", parameters="x"), "sensitivity has no argument"),
        (lambda: bandg.infer(vary=3), "`vary` must be text"),
        (lambda: bandg.infer(sigma="x"), "`sigma` must be a finite number"),
        (lambda: bandg.fit(3), "`job` must be the path"),
        (lambda: bandg.fit(), "missing a required argument: 'job'"),
        (lambda: bandg.overlay(curves=3), "`curves` must be names"),
        (lambda: bandg.overlay(data=3), "data must be measured points"),
        (lambda: bandg.hypotheses(only=3), "`only` must be text"),
        (lambda: bandg.hypotheses("nothing"), "no mechanism is called 'nothing'"),
    ],
)
def test_wrong_input_of_every_function_is_one_line(call, message, fresh_cache):
    with pytest.raises(BandgError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert not fresh_cache.exists()


A = bandg.load_set(STANDIN).a_nm


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        (6, [10]),
        (np.float64(6.0), [10]),
        (np.int64(6), [10]),
        ((1.2, 2.6), [2, 3, 4]),
        ([2 * A, np.float32(3 * A)], [2, 3]),
        (np.array([2, 3]) * A, [2, 3]),
        (["2cells", "4cells"], [2, 4]),
    ],
)
def test_sizes_without_a_unit_are_in_nm(given, cells):
    assert [crystal.cells for _, crystal, _ in bandg.tight_binding(given)] == cells


def test_numbers_are_taken_as_angles_and_integers_of_numpy_as_counts():
    [(_, crystal, shells)] = bandg.tight_binding(
        "2cells", tilt="a-b+a-", angles=(8, np.int64(10)), neighbors=np.int64(1)
    )
    assert (crystal.tilt_deg, shells) == ((8.0, 10.0, 8.0), 1)
    [(_, crystal, _)] = bandg.tight_binding("2cells", x_vacancies=np.float32(0.5), seed=np.int32(3))
    assert (crystal.x_vacancies, crystal.seed, type(crystal.seed)) == (0.5, 3, int)


def test_a_path_is_taken_as_a_structure(tmp_path):
    pytest.importorskip("ase")
    [(_, crystal, _)] = bandg.tight_binding("2cells")
    atoms = bandg.full_hamiltonian("2cells")
    lines = [
        f"{kind} {x * 10} {y * 10} {z * 10}" for kind, (x, y, z) in zip(atoms.species, atoms.positions_nm, strict=True)
    ]
    path = tmp_path / "nc.xyz"
    path.write_text("\n".join([str(len(lines)), "", *lines]) + "\n")
    [(_, given, _)] = bandg.tight_binding(structure=path)
    assert given.estimate_n_pb() == crystal.estimate_n_pb() == 8


def test_a_set_is_loaded_by_the_model_that_its_file_names(tmp_path):
    kp = bandg.load_set("kirstein2022")
    assert isinstance(kp, bandg.KpSet) and kp.values["P6"] == 0.68
    assert isinstance(bandg.load_set("kashikar2021"), bandg.ParameterSet)
    file = tmp_path / "mine.toml"
    for found in (kp, bandg.load_set("kashikar2021")):
        file.write_text(found.to_toml())
        assert bandg.load_set(file).digest() == found.digest()
    file.write_text(file.read_text().replace('model = "etb"', 'model = "dft"'))
    for source, message in (
        (file, "model: 'dft' is not known: write model = \"etb\""),
        ("nosuch", "unknown parameter set 'nosuch'"),
        (tmp_path / "none.toml", "no such file"),
        (3, "must be the name of a set or a path, not 3"),
    ):
        with pytest.raises(BandgError, match=message):
            bandg.load_set(source)
