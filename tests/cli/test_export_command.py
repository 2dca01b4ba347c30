"""`bandg export`, `bandg dos` and `--structure` as a user meets them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SMALL = ("--size", "2cells", "--set", "kashikar2021")


def has(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None and bool(__import__(library))
    except (ImportError, ValueError):
        return False


needs_ase = pytest.mark.skipif(not has("ase"), reason="needs ase")
needs_kwant = pytest.mark.skipif(not has("kwant"), reason="needs kwant")


def main(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str, str]:
    """The command in this process: code, standard output and error."""
    from bandg.cli import main as command

    monkeypatch.setattr(sys, "argv", ["bandg", *arguments])
    with pytest.raises(SystemExit) as done:
        command()
    return done.value.code, *capsys.readouterr()


@needs_ase
def test_what_is_exported_can_be_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    files = ("--matrix", "a.npz", "--atoms", "a.extxyz", "--plot", "a.png", "--cube", "a.cube", "--spread", "0.3nm")
    files = (*files, "--amplitudes", "b.npz", "--style", "talk")
    code, out, err = main(("export", *SMALL, *files), monkeypatch, capsys)
    assert code == 0, err
    written = {"a.npz", "a.csv", "a.extxyz", "a.png", "a.electron.cube", "a.hole.cube", "b.npz"}
    assert {path.name for path in tmp_path.iterdir()} == written
    assert all(f"wrote {name}" in out for name in written)
    assert "Gaussians of 0.3 nm" in (tmp_path / "a.hole.cube").read_text()
    again = ("compute", "--structure", "a.extxyz", "--set", "kashikar2021", "--no-cache", "--workers", "1")
    code, table, err = main(again, monkeypatch, capsys)
    assert code == 0, err
    energy = next(line for line in out.splitlines() if line.startswith("electron")).split()[1]
    assert energy in table


@needs_kwant
def test_dos_prints_counts_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("--moments", "100", "--count", "0.3eV,3eV", "--energies=-2..4eV", "--out", "a.csv", "--plot", "a.svg")
    code, out, err = main(("dos", *SMALL, *asked), monkeypatch, capsys)
    assert code == 0, err
    assert "280 spin-orbitals" in out
    rows = [line.split() for line in out.splitlines() if "+-" in line]
    assert [(row[0], row[-1]) for row in rows] == [("0.3000", "62"), ("3.0000", "232")]
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 1001
    assert (tmp_path / "a.svg").stat().st_size > 1000


WRONG = [
    (("export", *SMALL), "nothing to write: add --matrix"),
    (("export", "--plot", "a.png"), "say which nanocrystal"),
    (("export", "--size", "4..6nm", "--plot", "a.png"), "means 3 nanocrystals: give one"),
    (("export", *SMALL, "--matrix", "a.mat"), "use .npz"),
    (("export", *SMALL, "--cube", "a.cub"), "use .cube"),
    (("export", *SMALL, "--cube", "a.cube", "--spread", "0.2"), "--spread '0.2' has no unit: write '0.2nm'"),
    (("export", *SMALL, "--cube", "a.cube", "--spread", "0nm"), "must be above zero"),
    (("export", *SMALL, "--plot", "a.png", "--spread", "0.2nm"), "--spread belongs to --cube FILE.cube"),
    (("export", *SMALL, "--matrix", "a.npz", "--amplitudes", "a.npz"), "write the same file a.npz"),
    (("export", *SMALL, "--atoms", "nowhere/a.xyz"), "does not exist"),
    (("export", *SMALL, "--plot", "a.png", "--solver", "fast"), "choose auto, dense, superlu, "),
    (("export", *SMALL, "--plot", "a.png", "--species", "Sn=Pb"), "--species belongs to --structure"),
    (("dos", *SMALL, "--count", "3"), "has no unit: write '3eV'"),
    (("dos", *SMALL), "there is nothing to do"),
    (("dos", *SMALL, "--energies", "4..2eV", "--count", "1eV"), "is reversed"),
    (("dos", *SMALL, "--count", "1eV", "--solver", "iterative"), "counts no levels"),
    (("dos", "--size", "300nm", "--count", "1eV"), "of memory"),
    (("export", "--size", "300nm", "--matrix", "h.npz"), "of memory"),
    (("export", "--size", "300nm", "--plot", "h.png"), "of memory"),
    (("dos", *SMALL, "--count", "1eV", "--vector-seed=-1"), "seed of the random vectors"),
    (("dos", *SMALL, "--count", "1eV", "--vectors", "1"), "10 moments and 2 vectors or more"),
    (("dos", *SMALL, "--count", "1eV", "--moments", "2000000"), "moments are too many"),
    (("compute", "--structure", "none.xyz"), "cannot read none.xyz: No such file"),
    (("compute", "--structure", "empty.xyz"), "is empty"),
    (("compute", "--structure", "huge.xyz"), "holds 1e+08 atoms; at most"),
    (("compute", "--structure", "notes.txt"), "has an unknown format"),
    pytest.param(("compute", "--structure", "overlap.xyz"), "overlap", marks=needs_ase),
    pytest.param(("compute", "--structure", "apart.xyz"), "is not connected: 2 clusters", marks=needs_ase),
    pytest.param(("compute", "--structure", "bromide.xyz"), "no parameters for Br", marks=needs_ase),
    pytest.param(("compute", "--structure", "ligand.xyz"), "--species, as H=drop", marks=needs_ase),
]
OCTAHEDRON = "Pb 0 0 0\n" + "".join(
    f"I {x} {y} {z}\n" for x, y, z in ((3.1, 0, 0), (-3.1, 0, 0), (0, 3.1, 0), (0, -3.1, 0), (0, 0, 3.1), (0, 0, -3.1))
)
FILES = {
    "empty.xyz": "",
    "huge.xyz": "100000000\n\n" + OCTAHEDRON,
    "notes.txt": OCTAHEDRON,
    "overlap.xyz": "8\n\n" + OCTAHEDRON + "I 3.1 0.1 0\n",
    "apart.xyz": "9\n\n" + OCTAHEDRON + "Pb 30 0 0\nI 33.1 0 0\n",
    "bromide.xyz": "7\n\n" + OCTAHEDRON.replace("I 0 0 -3.1", "Br 0 0 -3.1"),
    "ligand.xyz": "8\n\n" + OCTAHEDRON + "H 0 0 9\n",
}


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_line(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        Path(name).write_text(content)
    code, _, err = main(arguments, monkeypatch, capsys)
    assert code == 2
    assert message in err and "Traceback" not in err and len(err.strip().splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


@pytest.mark.parametrize(
    ("arguments", "missing", "message"),
    [
        (
            ("export", *SMALL, "--atoms", "a.xyz"),
            "ase",
            "atoms are written by ase: in a clone of bandg, uv sync",
        ),
        (
            ("dos", *SMALL, "--count", "1eV"),
            "kwant",
            "the density of states needs kwant: in a clone of bandg, uv",
        ),
    ],
)
def test_a_missing_extra_is_told_before_the_work(
    arguments: tuple[str, ...],
    missing: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from bandg.models.etb import full as export

    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(export, "full_system", lambda *arguments: pytest.fail("work was done"))
    code, out, err = main(arguments, monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert message in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("wrong", [("--moments", "5"), ("--vectors", "1"), ("--vector-seed=-1",)])
def test_the_expansion_is_checked_before_the_work(
    wrong: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bandg.models.etb import full as export

    monkeypatch.setattr(export, "full_system", lambda *arguments: pytest.fail("work was done"))
    code, _, err = main(("dos", *SMALL, "--count", "1eV", *wrong), monkeypatch, capsys)
    assert code == 2 and err.startswith("error: ")


@needs_kwant
def test_a_density_of_states_without_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = main(("dos", *SMALL, "--moments", "50", "--out", "dos.csv"), monkeypatch, capsys)
    assert code == 0 and "wrote dos.csv" in out and "exact" not in out
    assert len(Path("dos.csv").read_text().splitlines()) == 1001


def test_the_whole_hamiltonian_takes_no_more_memory_than_estimated() -> None:
    """Measured peaks in GB above that of the imports, of the largest cubes that were built."""
    from bandg.crystal.distortion import distorted
    from bandg.crystal.shapes import cube
    from bandg.models.etb.job import WholeJob
    from bandg.parameters.loader import load_set

    for name, cells, tilted, neighbors, measured in (
        ("nestoklon2023-standin", 12, False, 1, 0.21),
        ("nestoklon2023-standin", 8, True, 1, 0.27),
        ("kashikar2021", 12, True, 2, 0.13),
    ):
        parameters = load_set(name)
        crystal = cube(cells, parameters.a_nm)
        crystal = distorted(crystal, tilt="a-b+a-", angles="9,8") if tilted else crystal
        estimate = WholeJob(parameters, crystal, neighbors).estimate_memory()
        assert measured < estimate < 4 * measured + 0.15
