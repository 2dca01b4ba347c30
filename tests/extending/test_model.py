"""A model as a stranger adds it, in this one file: a Hamiltonian that another program has written as a matrix."""

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import bandg
from bandg.base.errors import BandgError
from bandg.cli import main
from bandg.models import base
from bandg.models.base import LevelsTask, Options, find, register
from bandg.models.levels import Levels, LevelState

# ---- the model -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MatrixFile:
    """A file FILE.npz: H in eV as data, indices, indptr; positions_nm of its rows; occupied, how many states are."""

    path: str
    sha256: str
    a_nm: float = 1.0

    @property
    def name(self):
        return Path(self.path).stem

    def digest(self):
        return self.sha256

    def to_dict(self):
        return {"name": self.name, "sha256": self.sha256}


@dataclass(frozen=True)
class MatrixTask(LevelsTask):
    parameters: MatrixFile
    nanocrystal: bandg.Nanocrystal
    levels: int = 1

    def run(self):
        with np.load(self.parameters.path) as file:
            rows = len(file["positions_nm"])
            H = sparse.csr_array((file["data"], file["indices"], file["indptr"]), shape=(rows, rows))
            occupied = int(file["occupied"])
        energies = np.linalg.eigvalsh(H.toarray())
        above = tuple(LevelState(float(E), "", 2) for E in energies[occupied:][: self.levels])
        below = tuple(LevelState(float(E), "", 2) for E in energies[:occupied][::-1][: self.levels])
        return Levels(self.nanocrystal, above[0], below[0], above, below, n_orbitals=rows, solver="dense")


class Imported(bandg.Model):
    """Levels of a matrix from a file."""

    name = "imported"
    options = frozenset({"levels"})

    def load(self, source, /):
        try:
            return MatrixFile(str(source), hashlib.sha256(Path(source).read_bytes()).hexdigest())
        except (OSError, TypeError) as error:
            raise BandgError(f"{source} cannot be read: give the path of a matrix, FILE.npz") from error

    def nanocrystals(self, parameters, /):
        with np.load(parameters.path) as file:
            extent = float(np.ptp(file["positions_nm"], axis=0).max())
        return [bandg.Nanocrystal("structure", parameters.a_nm, "as given", "", diameter_nm=extent)]

    def job(self, parameters, nanocrystal, options: Options, /):
        return MatrixTask(parameters, nanocrystal, options.levels)


# ---- a matrix with known eigenvalues: a chain of n sites, E_k = -2 t cos(k pi / (n + 1)) -----------------------------

N, T = 10, 0.7
EXACT = np.sort(-2 * T * np.cos(np.arange(1, N + 1) * np.pi / (N + 1)))


@pytest.fixture
def chain(tmp_path):
    H = sparse.csr_array(sparse.diags_array([[-T] * (N - 1)] * 2, offsets=[-1, 1]))
    places = np.arange(N)[:, None] * [0.5, 0.0, 0.0]
    path = tmp_path / "chain.npz"
    np.savez(path, data=H.data, indices=H.indices, indptr=H.indptr, positions_nm=places, occupied=4)
    return path


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(base, "_registered", {})
    register(Imported())


def test_registered_in_one_line_it_runs_and_is_cached_like_the_others(chain, registered, monkeypatch):
    done = []
    run = MatrixTask.run
    monkeypatch.setattr(MatrixTask, "run", lambda self: done.append(1) or run(self))
    first = bandg.compute(model="imported", set=chain, levels=3)
    assert first["level_E_eV"].sel(carrier="electron").values[0] == pytest.approx(EXACT[4:7])
    assert first["level_E_eV"].sel(carrier="hole").values[0] == pytest.approx(EXACT[[3, 2, 1]])
    assert float(first["E_gap_eV"][0]) == pytest.approx(EXACT[4] - EXACT[3])
    assert first["size_nm"].values == pytest.approx([0.5 * (N - 1)])
    assert np.isnan(first["g_e"].values).all()
    again = bandg.compute(model="imported", set=chain, levels=3)
    assert len(done) == 1 and json.loads(again.attrs["provenance"])["nanocrystals"][0]["cached"]
    bandg.compute(model="imported", set=chain, levels=2)
    assert len(done) == 2


def test_another_matrix_under_the_same_name_is_another_result(chain, registered):
    first = bandg.compute(model="imported", set=chain)
    with np.load(chain) as file:
        np.savez(chain, **{name: file[name] * (2 if name == "data" else 1) for name in file.files})
    again = bandg.compute(model="imported", set=chain)
    assert float(again["E_gap_eV"][0]) == pytest.approx(2 * float(first["E_gap_eV"][0]))


def test_the_object_itself_needs_no_registration(chain):
    assert bandg.compute(model=Imported(), set=chain).sizes["nc"] == 1


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """This file as a package of somebody else, with an entry point."""
    folder = tmp_path / "site"
    info = folder / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(__file__, folder / "stranger_model.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    points = "imported = stranger_model:Imported\nbroken = stranger_model:no_such_name\nnumber = stranger_model:N\n"
    (info / "entry_points.txt").write_text(f"[{base.ENTRY_POINTS}]\n{points}")
    monkeypatch.syspath_prepend(folder)
    yield
    sys.modules.pop("stranger_model", None)


def test_installed_with_an_entry_point_the_command_knows_it(chain, installed, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "200")
    out = tmp_path / "levels.json"
    monkeypatch.setattr(
        sys, "argv", ["bandg", "compute", "--model", "imported", "--set", str(chain), "--out", str(out)]
    )
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    assert f"{EXACT[4]:.4f}" in capsys.readouterr().out
    assert json.loads(out.read_text())["nanocrystals"][0]["E_h_eV"] == pytest.approx(EXACT[3])
    assert {"etb", "kp", "imported"} <= set(base.available())


def test_without_a_default_set_the_command_asks_for_one(registered, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bandg", "compute", "--model", "imported"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "imported needs a parameter set: add --set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": "4cells"}, "the set chain has its own size"),
        ({"termination": "lead"}, "has its own surface"),
        ({"strain": "zz=0.01"}, "imported model does not know `strain`"),
        ({"set": "nowhere.npz"}, "give the path of a matrix"),
        ({"set": None}, "imported needs a parameter set"),
        ({"model": "importd"}, "did you mean 'imported'"),
        ({"model": "broken"}, r"'broken' \(bandg.models\) of the package stranger does not load: AttributeError"),
        ({"model": "number"}, "without name"),
        ({"model": Imported}, "not the class Imported"),
    ],
)
def test_what_goes_wrong_is_one_line(arguments, message, chain, installed):
    with pytest.raises(BandgError, match=message) as caught:
        bandg.compute(**{"model": "imported", "set": chain} | arguments)
    assert "\n" not in str(caught.value)


def test_a_name_is_given_once(registered):
    for name in ("etb", "imported"):
        other = Imported()
        other.name = name
        with pytest.raises(BandgError, match="already"):
            register(other)
    assert find("imported").name == "imported"
