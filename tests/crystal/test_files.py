"""Structure files: what is read is what was written, and what makes no sense is refused in one line."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.crystal.atoms import Atoms
from bandg.crystal.files import check_lattice, parse_species, read_structure
from bandg.crystal.from_atoms import explicit
from bandg.crystal.shapes import cube
from bandg.crystal.structure import structure_of

pytest.importorskip("ase")

import ase
import ase.io

A = 0.6289


def crystal_cube(cells: int = 2) -> Atoms:
    structure = structure_of(cube(cells, A))
    return Atoms(structure.positions_nm, np.array(["Pb", "I"])[structure.species])


def as_ase(atoms: Atoms, extra: str = "", places: object = ()) -> ase.Atoms:
    frame = ase.Atoms(atoms.species.tolist(), positions=atoms.positions_nm * 10)
    return frame + ase.Atoms(extra, positions=places) if extra else frame


@pytest.mark.parametrize("name", ["nc.xyz", "nc.extxyz", "nc.cif", "POSCAR", "nc.vasp"])
def test_every_format_gives_the_same_nanocrystal(name: str, tmp_path: Path) -> None:
    """CIF and POSCAR have a cell: with vacuum around it the nanocrystal stays whole, and a note says so."""
    atoms = crystal_cube()
    frame = as_ase(atoms)
    notes: list[str] = []
    if "xyz" not in name:
        frame.center(vacuum=6)
        frame.pbc = True
    ase.io.write(tmp_path / name, frame, **({"sort": False} if "xyz" not in name and "cif" not in name else {}))
    read = read_structure(tmp_path / name, on_note=notes.append)
    assert len(notes) == ("xyz" not in name) and all("cell is ignored" in note for note in notes)
    order = [np.lexsort(one.positions_nm.round(4).T) for one in (read, atoms)]
    np.testing.assert_allclose(read.positions_nm[order[0]], atoms.positions_nm[order[1]], atol=1e-6)
    assert (read.species[order[0]] == atoms.species[order[1]]).all()
    check_lattice(read, A)
    assert explicit(read, A).estimate_n_pb() == 8


def test_a_cations_are_left_out_and_named(tmp_path: Path) -> None:
    """Cs and whole CH3NH3 and CH(NH2)2 ions; their places do not move the center."""
    notes: list[str] = []
    frame = as_ase(crystal_cube(), "CsCNH6CN2H5", np.random.default_rng(0).uniform(20, 30, (17, 3)))
    ase.io.write(tmp_path / "nc.xyz", frame)
    read = read_structure(tmp_path / "nc.xyz", on_note=notes.append)
    assert len(read) == len(crystal_cube())
    np.testing.assert_allclose(read.positions_nm.mean(axis=0), 0, atol=1e-12)
    assert notes == ["nc.xyz: left out 2 C, 1 Cs, 11 H, 3 N"]


def test_ligands_are_refused_unless_dropped(tmp_path: Path) -> None:
    frame = as_ase(crystal_cube(), "H2O", [[40, 0, 0], [40, 1, 0], [41, 0, 0]])
    ase.io.write(tmp_path / "nc.xyz", frame)
    with pytest.raises(BandgError, match=r"H or ligands .* 2 H, 1 O; leave them out by `species`, as H=drop,O=drop"):
        read_structure(tmp_path / "nc.xyz")
    assert len(read_structure(tmp_path / "nc.xyz", parse_species("H=drop, O=drop"))) == len(crystal_cube())


def test_species_are_renamed(tmp_path: Path) -> None:
    atoms = crystal_cube()
    frame = as_ase(Atoms(atoms.positions_nm, np.where(atoms.species == "Pb", "Sn", "F")))
    ase.io.write(tmp_path / "nc.xyz", frame)
    with pytest.raises(BandgError, match=r"36 F, 8 Sn"):
        read_structure(tmp_path / "nc.xyz")
    read = read_structure(tmp_path / "nc.xyz", parse_species("Sn=Pb,F=X"), halide="Br")
    assert sorted(set(read.species)) == ["Br", "Pb"]
    with pytest.raises(BandgError, match=r"names Cl, which are not in nc.xyz"):
        read_structure(tmp_path / "nc.xyz", parse_species("Cl=I"))


@pytest.mark.parametrize("text", ["Pb", "Pb=", "=Pb", "I=Pt", "I=Br=X", "I=X,I=Br"])
def test_a_wrong_mapping_is_refused(text: str) -> None:
    with pytest.raises(BandgError, match=r"as Sn=Pb|write Sn=Pb|'I' is given twice"):
        parse_species(text)


BAD = {
    "empty.xyz": ("", "is empty"),
    "words.xyz": ("hello\nworld\n", "first line must be the number of atoms, not 'hello'"),
    "huge.xyz": ("100000000\n\nPb 0 0 0\n", r"holds 1e\+08 atoms; at most"),
    "short.xyz": ("5\n\nPb 0 0 0\n", "is not a valid extxyz file"),
    "none.xyz": ("0\n\n", "has no atoms|not a valid extxyz"),
    "nan.xyz": ("2\n\nPb 0 0 nan\nI 3 0 0\n", "not a finite number"),
    "two.xyz": ("1\n\nPb 0 0 0\n1\n\nPb 0 0 0\n", "more than one structure; keep one"),
    "lead.xyz": ("1\n\nPb 0 0 0\n", "has no halide"),
    "iodine.xyz": ("1\n\nI 0 0 0\n", "has no Pb"),
    "bad.cif": ("data_\n_cell 1\n", "is not a valid cif file"),
    "one.xyz": ("3\n\nPb 0 0 0\nI 3 0 0\nI 3 0 0.1\n", "atoms 2 and 3 of those kept lie 0.01 nm apart"),
    "POSCAR": ("nonsense\n", "is not a valid vasp file"),
    "nc.pdb": ("ATOM\n", "has an unknown format: use"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(BandgError, match=message) as error:
        read_structure(tmp_path / name)
    assert "\n" not in str(error.value)


def test_missing_folders_and_binaries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BandgError, match=r"cannot read .*no\.xyz: No such file"):
        read_structure(tmp_path / "no.xyz")
    (tmp_path / "dir.xyz").mkdir()
    with pytest.raises(BandgError, match="it is a folder"):
        read_structure(tmp_path / "dir.xyz")
    (tmp_path / "bin.cif").write_bytes(bytes(range(256)))
    with pytest.raises(BandgError, match="is not a valid cif file"):
        read_structure(tmp_path / "bin.cif")


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    """A sparse file of 30 GB: its size alone says no."""
    with (tmp_path / "nc.cif").open("wb") as file:
        file.truncate(30 * 10**9)
    with pytest.raises(BandgError, match=r"holds about 1\.2e\+08 atoms"):
        read_structure(tmp_path / "nc.cif")


def cif(sites: str, symmetry: str = "P 1") -> str:
    cell = "".join(
        f"_cell_length_{x} 90\n_cell_angle_{y} 90\n" for x, y in (("a", "alpha"), ("b", "beta"), ("c", "gamma"))
    )
    columns = "".join(f"_atom_site_{name}\n" for name in ("label", "type_symbol", *(f"fract_{x}" for x in "xyz")))
    head = f"data_x\n{cell}_symmetry_space_group_name_H-M '{symmetry}'\nloop_\n{columns}_atom_site_occupancy\n"
    return head + sites


def test_partial_occupancy_is_refused_with_the_name_of_the_site(tmp_path: Path) -> None:
    path = tmp_path / "nc.cif"
    path.write_text(cif("Pb1 Pb 0.5 0.5 0.5 1.0\nI1 I 0.53 0.5 0.5 0.55(1)\nBr1 Br 0.53 0.5 0.5 0.45\n"))
    with pytest.raises(BandgError, match=r"nc\.cif: site I1 is occupied to 0\.55"):
        read_structure(path)
    path.write_text(cif("Pb1 Pb 0.5 0.5 0.5 1\nI1 I 0.53 0.5 0.5 ?\n"))
    assert read_structure(path).species.tolist() == ["Pb", "I"]


def test_a_cif_of_all_atoms_is_read_in_no_time_and_symmetry_is_expanded_for_few(tmp_path: Path) -> None:
    """ase compares every atom with every other: 1000 took ten seconds."""
    path = tmp_path / "nc.cif"
    places = (f"{0.1 + 0.06 * x:.5f} {0.1 + 0.06 * y:.5f} {0.1 + 0.06 * z:.5f}" for x, y, z in np.ndindex(10, 10, 10))
    rows = "".join(f"I{n} I {place} 1\n" for n, place in enumerate(places))
    path.write_text(cif(f"Pb1 Pb 0.5 0.53 0.5 1\n{rows}"))
    began = time.process_time()
    assert len(read_structure(path)) == 1001
    assert time.process_time() - began < 1
    path.write_text(cif(f"Pb1 Pb 0.5 0.53 0.5 1\n{rows}", "P -1"))
    with pytest.raises(BandgError, match=r"1001 sites and a symmetry other than P 1"):
        read_structure(path)
    path.write_text(cif("Pb1 Pb 0.5 0.5 0.5 1\nI1 I 0.53 0.5 0.5 1\n", "P -1"))
    assert read_structure(path).species.tolist() == ["Pb", "I", "I"]


def test_a_crystal_is_refused(tmp_path: Path) -> None:
    places = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5] * 3])
    unit = ase.Atoms("PbI3Cs", positions=6.289 * places, cell=[6.289] * 3, pbc=True)
    ase.io.write(tmp_path / "bulk.cif", unit)
    with pytest.raises(BandgError, match="runs through the boundary of the periodic cell"):
        read_structure(tmp_path / "bulk.cif")


@pytest.mark.parametrize("axis", [(0, 0, 1), (1, 1, 1), (1, 2, 0.3)])
@pytest.mark.parametrize("angle", [5.0, 12.0, 30.0, 44.0])
def test_turned_axes_are_refused_with_the_way_back(axis: tuple[float, ...], angle: float) -> None:
    """Turning by what the message says makes the structure pass."""
    frame = as_ase(crystal_cube(3))
    frame.rotate(angle, axis)
    with pytest.raises(BandgError, match=r"turned by .* degrees") as error:
        check_lattice(Atoms(frame.positions / 10, np.array(frame.get_chemical_symbols())), A)
    call = str(error.value).split("atoms.rotate(")[1].split(", rotate_cell")[0]
    back, vector = call.split(", (")
    frame.rotate(float(back), [float(x) for x in vector.rstrip(")").split(",")])
    check_lattice(Atoms(frame.positions / 10, np.array(frame.get_chemical_symbols())), A)


def test_tilts_and_alternating_turns_pass() -> None:
    from bandg.crystal.distortion import distorted

    structure = structure_of(distorted(cube(4, A), tilt="a-b+a-", angles="9,8"))
    check_lattice(Atoms(structure.positions_nm, np.array(["Pb", "I"])[structure.species]), A)


def test_another_lattice_constant_is_refused() -> None:
    atoms = crystal_cube()
    with pytest.raises(BandgError, match=r"lattice constant of the structure is 0\.6289 nm, that of cspbbr3 0\.5874"):
        check_lattice(atoms, 0.5874, "cspbbr3")
    check_lattice(Atoms(atoms.positions_nm * 0.97, atoms.species), A)


def test_without_ase_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nc.xyz").write_text("2\n\nPb 0 0 0\nI 3.1 0 0\n")
    monkeypatch.setitem(sys.modules, "ase", None)
    monkeypatch.setitem(sys.modules, "ase.io", None)
    with pytest.raises(BandgError, match=r'uv sync --extra structures or python -m pip install "\.\[structures\]"'):
        read_structure(tmp_path / "nc.xyz")
