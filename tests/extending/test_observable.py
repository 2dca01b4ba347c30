"""Observables as a stranger adds them: one of a carrier and one of the pair, from a script of one file."""

import json
import subprocess
import sys

import numpy as np
import pytest

import bandg
from bandg import full_hamiltonian
from bandg.base.errors import BandgError
from bandg.base.units import HBAR2_OVER_M0
from bandg.runs.observables import register, resolve

RUN = bandg.Run(workers=1)


def rms_radius(state):
    """Root mean square distance from the center in nm."""
    return np.sqrt(state.density @ np.sum(state.positions_nm**2, axis=1))


def velocity_form(electron, hole):
    """E_p in eV along x, y and z by p = (m0 / hbar) i [H, r] with the whole Hamiltonian, no symmetry used."""
    system = electron.reduced.system
    matrix = system.hamiltonian().at(electron.parameters)
    places = np.repeat(system.positions, system.dimensions[system.kind], axis=0)
    left, right = electron.amplitudes.conj().T, hole.amplitudes
    p = [left @ (matrix @ (x[:, None] * right) - x[:, None] * (matrix @ right)) / HBAR2_OVER_M0 for x in places.T]
    return 3 * HBAR2_OVER_M0 * np.sum(np.abs(p) ** 2, axis=(1, 2))


RADIUS = bandg.Observable("r_rms_nm", "rms distance from the center", "nm", ("nc", "carrier"), states=rms_radius)
MINE = bandg.Observable("E_p_mine_eV", "matrix element", "eV", ("nc", "axis"), states=velocity_form, averaged=True)


@pytest.fixture(autouse=True)
def only_ours(monkeypatch):
    from bandg.runs import observables

    monkeypatch.setattr(observables, "_known", dict(observables._known))


def test_one_of_a_carrier_and_one_of_the_pair(tmp_path):
    """Both are computed where the states are, stand in the dataset and in the file, and are kept in the cache."""
    register(RADIUS)  # the one line
    asked = {"size": "2cells", "termination": "lead", "observables": ["r_rms_nm", MINE, "E_p_eV"], "run": RUN}
    levels, again = bandg.compute(**asked), bandg.compute(**asked)
    assert levels["r_rms_nm"].dims == ("nc", "carrier") and levels["r_rms_nm"].attrs["units"] == "nm"
    assert levels["E_p_mine_eV"].dims == ("nc", "axis")
    np.testing.assert_allclose(levels["E_p_mine_eV"], levels["E_p_eV"], rtol=1e-9)
    assert json.loads(again.attrs["provenance"])["nanocrystals"][0]["cached"]
    for name in ("r_rms_nm", "E_p_mine_eV"):
        np.testing.assert_array_equal(levels[name], again[name])

    system = full_hamiltonian("2cells", termination="lead")
    energies, states = np.linalg.eigh(system.hamiltonian.toarray())
    own = np.abs(energies - levels["E_e_eV"].item()) < 1e-6
    weight = np.add.reduceat(
        np.sum(np.abs(states[:, own]) ** 2, axis=1) / own.sum(), system.reduced.system.offsets[:-1]
    )
    radius = np.sqrt(weight @ np.sum(system.positions_nm**2, axis=1))
    assert levels["r_rms_nm"].sel(carrier="electron").item() == pytest.approx(radius, abs=1e-9)

    from bandg.runs.dataset import write

    [path] = write(levels, tmp_path / "a.csv")
    header, row = (line.split(",") for line in path.read_text().splitlines())
    found = dict(zip(header, row, strict=True))
    assert float(found["r_rms_e_nm"]) == pytest.approx(radius, abs=1e-9)
    assert float(found["E_p_mine_z_eV"]) == levels["E_p_mine_eV"].values[0, 2]


def test_what_is_read_from_the_result_is_in_every_dataset():
    register(
        bandg.Observable("ratio", "E_e over E_h", read=lambda levels: levels.electron.energy_eV / levels.hole.energy_eV)
    )
    levels = bandg.compute("2cells", run=RUN)
    assert levels["ratio"].item() == pytest.approx((levels["E_e_eV"] / levels["E_h_eV"]).item())


SCRIPT = """
import json, numpy as np, bandg

SCALE = 2.0

def participation(state):
    return SCALE / np.sum(state.density**2)

own = bandg.Observable("participation", "atoms that carry the state", dims=("nc", "carrier"), states=participation)

def show(workers):
    levels = bandg.compute("2..3cells", termination="lead", observables=own, run=bandg.Run(workers=workers))
    cached = [one["cached"] for one in json.loads(levels.attrs["provenance"])["nanocrystals"]]
    print(json.dumps([levels["participation"].values.tolist(), cached]))

show(2)
SCALE = 1.0  # a global of the function counts, too
show(1)
"""


def test_a_script_sends_its_function_to_workers_and_finds_its_results_again(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(SCRIPT)

    def run():
        done = subprocess.run([sys.executable, script], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    (values, cached), (halved, cached_halved) = run()
    assert cached == cached_halved == [False, False]
    assert all(2 < value < 2 * 133 for pair in values for value in pair)
    np.testing.assert_allclose(halved, np.array(values) / 2)
    assert run() == [[values, [True, True]], [halved, [True, True]]]


def fails(state):
    return 1 / 0


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (lambda state: np.ones(3), r"gave real numbers of shape \(3,\); its dims want real numbers of shape \(\)"),
        (lambda state: 1j, "gave complex numbers"),
        (fails, "fails: ZeroDivisionError: division by zero"),
        (lambda state: "text", "fails: ValueError"),
    ],
)
def test_what_goes_wrong_in_the_function_is_one_line(states, message):
    own = bandg.Observable("own", "wrong", dims=("nc", "carrier"), states=states)
    with pytest.raises(BandgError, match=message) as caught:
        own.of_states(object())
    assert "\n" not in str(caught.value) and "'own'" in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dims": ("axis",)}, "in order"),
        ({"dims": ("nc", "axis", "carrier")}, "in order"),
        ({"kind": "number"}, "label, result or detail"),
        ({"name": "a b"}, "letters, digits and underscores"),
        ({"read": len, "states": len}, "read or states, not both"),
        ({"read": 3}, "must be functions"),
        ({"states": len, "unit": ""}, "is a number"),
    ],
)
def test_an_observable_that_makes_no_sense_is_refused(fields, message):
    with pytest.raises(BandgError, match=message):
        bandg.Observable(**{"name": "own", "meaning": ""} | fields)


def test_names_are_checked():
    with pytest.raises(BandgError, match="did you mean 'E_p_eV'"):
        bandg.compute("2cells", observables="E_p_ev")
    with pytest.raises(BandgError, match="the name is taken by bandg"):
        register(bandg.Observable("g_e", "mine", read=len))
    with pytest.raises(BandgError, match="g_axis has the CSV column g_e_x already"):
        register(bandg.Observable("g_e_x", "mine", read=len))
    with pytest.raises(BandgError, match="kp model does not know `observables`"):
        bandg.compute("3nm", model="kp", observables="E_p_eV")
    assert resolve(["E_p_eV", "E_p_eV"]) == resolve("E_p_eV")
