"""`bandg bulk` of a strained, tilted or given cell: what is printed is what the library returns."""

import json

import numpy as np
import pytest

import bandg
from bandg.base.errors import BandgError
from bandg.cli import main
from bandg.crystal.cell import deformed_cell
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.cells import load_cells

SMALL = ("--set", "kashikar2021")


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["bandg", "bulk", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code or 0, *capsys.readouterr()


def test_a_tilted_crystal(monkeypatch, capsys, tmp_path):
    file = tmp_path / "a.json"
    tilt = ("--tilt", "a0a0c+", "--angles", "10", "--keep", "lattice", "--strain", "zz=0.01")
    code, out, err = run(monkeypatch, capsys, *SMALL, *tilt, "--out", file)
    assert (code, err) == (0, "")
    found = bandg.bulk("kashikar2021", tilt="a0a0c+", angles=10, keep="lattice", strain="zz=0.01")
    stored = json.loads(file.read_text())
    assert stored["E_g_eV"] == pytest.approx(found.E_g)
    assert stored["hole"]["g_principal"] == pytest.approx(found.valence.g.principal.tolist())
    assert stored["electron"]["inverse_mass"] == pytest.approx(found.conduction.inverse_mass)
    assert [one["name"] for one in stored["cubic_points"]] == ["R", "X"]
    assert f"{found.E_g:.4f}" in out and "turned about the cubic axes by 0.00, 0.00, 10.00 degrees" in out
    assert "strain zz=0.01; tilt a0a0c+ by 10 degrees, lattice kept\n" in out and "2 formula units" in out
    assert stored["neighbors"] == found.hamiltonian.neighbors
    assert bandg.bulk("kashikar2021", **stored["crystal"]).E_g == found.E_g
    ideal = bandg.bulk("kashikar2021")
    assert found.E_g > ideal.E_g + 0.1


def test_a_set_for_a_tilted_crystal_says_so(monkeypatch, capsys):
    code, out, err = run(monkeypatch, capsys, "--set", "bandg-cspbi3-gamma")
    assert code == 0 and "1.6520" in out
    assert "is made for --tilt a-b+a- --angles 9,8, which is taken; --tilt a0a0a0 is the cubic crystal" in err
    assert "tilt a-b+a- by 9,8 degrees, bonds kept" in out
    code, out, err = run(monkeypatch, capsys, "--set", "bandg-cspbi3-gamma", "--angles", "5,4")
    assert code == 0 and "which is taken" not in err and "tilt a-b+a- by 5,4 degrees" in out
    assert "made for --tilt a-b+a- --angles 9,8, but --angles 5,4 is computed, for which its gap is not held" in err
    code, out, err = run(monkeypatch, capsys, "--set", "bandg-cspbi3-gamma", "--tilt", "a0a0a0")
    assert (code, err) == (0, "") and "1.1823" in out


def test_the_head_names_a_strain_without_a_tilt_and_the_share_of_an_alloy(monkeypatch, capsys, tmp_path):
    code, out, err = run(monkeypatch, capsys, *SMALL, "--strain", "zz=0.01")
    assert (code, err) == (0, "") and "turned" not in out
    assert "kashikar2021, bulk of a cell of 1 formula unit\nstrain zz=0.01\n" in out
    alloy = ("--second", "kashikar2021-cspbbr3", "--fraction", "0.25", "--offset=-0.3eV", "--out", tmp_path / "a.json")
    code, out, err = run(monkeypatch, capsys, *SMALL, *alloy)
    assert (code, err) == (0, "") and "bulk at R\n0.25 of X of kashikar2021-cspbbr3, offset -0.3 eV\n" in out
    crystal = {"second": "kashikar2021-cspbbr3", "fraction": 0.25, "offset_eV": -0.3}
    assert json.loads((tmp_path / "a.json").read_text())["crystal"] == crystal


def test_the_default_crystal_of_a_set_is_that_of_its_nanocrystals_and_of_their_star():
    one = bandg.Run(workers=1)
    own = bandg.compute("2cells", set="bandg-cspbi3-gamma", run=one)
    said = bandg.compute("2cells", set="bandg-cspbi3-gamma", tilt="a-b+a-", angles="9,8", keep="bonds", run=one)
    assert own["g_h"].values == pytest.approx(said["g_h"].values)
    assert own.attrs["bulk_E_gap_eV"] == pytest.approx(1.652, abs=1e-5)
    cubic = bandg.compute("2cells", set="bandg-cspbi3-gamma", tilt="a0a0a0", run=one)
    assert abs(cubic["E_gap_eV"].item() - own["E_gap_eV"].item()) > 0.05
    for refused in (bandg.hypotheses, lambda set, **more: bandg.compute("2cells", model="kp", set=set, **more)):
        with pytest.raises(BandgError, match="is made for a tilted crystal"):
            refused(set="bandg-cspbi3-gamma", run=one)


@pytest.mark.parametrize("name", ["gamma.cif", "gamma.extxyz", "POSCAR"])
def test_a_structure_file(tmp_path, name):
    ase = pytest.importorskip("ase")
    cell = load_cells()["gamma_relaxed"].cell
    symbols = np.array(["Pb", "I"])[cell.kind]
    frame = ase.Atoms(symbols.tolist(), positions=cell.positions_nm * 10, cell=cell.vectors_nm * 10, pbc=True)
    frame += ase.Atoms("Cs4", positions=np.random.default_rng(1).uniform(2, 8, (4, 3)))
    frame.write(tmp_path / name)
    found = bandg.bulk("nestoklon2023-standin", structure=tmp_path / name)
    assert found.E_g == pytest.approx(2.247, abs=6e-4)
    direct = bandg.bulk("nestoklon2023-standin", structure=cell)
    assert found.conduction.g.principal == pytest.approx(direct.conduction.g.principal, abs=1e-5)


def test_a_superlattice_from_a_file(monkeypatch, capsys, tmp_path):
    ase = pytest.importorskip("ase")
    a_nm = (bandg.load_set("kashikar2021").a_nm + bandg.load_set("kashikar2021-cspbbr3").a_nm) / 2
    single = deformed_cell(PEROVSKITE, a_nm)
    layers = [single.positions_nm + np.array([0, 0, n * a_nm]) for n in range(2)]
    names = ["Pb", "I", "I", "I", "Pb", "Br", "Br", "Br"]
    cell = a_nm * np.array([1, 1, 2])
    ase.Atoms(names, positions=np.concatenate(layers) * 10, cell=cell * 10, pbc=True).write(tmp_path / "a.cif")
    mixed = ("--second", "kashikar2021-cspbbr3", "--offset=-0.3eV")
    code, out, err = run(monkeypatch, capsys, *SMALL, "--structure", tmp_path / "a.cif", *mixed)
    assert (code, err) == (0, "") and "kashikar2021 + kashikar2021-cspbbr3, bulk of a cell of 2 formula units" in out
    assert f"structure {tmp_path / 'a.cif'}; 0.5 of X of kashikar2021-cspbbr3, offset -0.3 eV" in " ".join(out.split())
    code, out, err = run(monkeypatch, capsys, *SMALL, "--structure", tmp_path / "a.cif")
    assert (code, out) == (2, "") and "no parameters for Br" in err and "add --second" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"angles": "9"}, "`angles` need a tilt"),
        ({"tilt": "a0a0c+", "angles": "9", "structure": "a.cif"}, "a structure has its own tilt: leave `tilt` out"),
        ({"structure": "a.txt"}, "unknown format"),
        (
            {"tilt": "a0a0c+", "angles": "9", "second": "kashikar2021-cspbbr3", "fraction": 0.5, "offset_eV": -0.3},
            "alloy",
        ),
        ({"tilt": "a0a0c+", "angles": "9", "model": "kp", "set": "kirstein2022"}, "does not know `tilt`"),
        (
            {"structure": load_cells()["cubic_100"].cell, "set": "bandg-cspbbr3"},
            "the lattice constant of the structure",
        ),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(BandgError, match=message):
        bandg.bulk(**{"set": "kashikar2021"} | arguments)


def test_a_file_without_a_periodic_cell_is_refused(tmp_path):
    ase = pytest.importorskip("ase")
    ase.Atoms("PbI3", positions=[[0, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3]]).write(tmp_path / "a.xyz")
    with pytest.raises(BandgError, match="has no periodic cell"):
        bandg.bulk("kashikar2021", structure=tmp_path / "a.xyz")
