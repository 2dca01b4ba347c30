"""k.p sets extracted from tight binding describe the same crystal near R; k.p files and the command line."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

import numpy as np
import pytest
from typer.testing import CliRunner

from bandg.base.errors import BandgError
from bandg.base.units import HBAR2_OVER_M0
from bandg.cli import main
from bandg.cli.kp import app
from bandg.models.etb.bulk import bulk
from bandg.models.kp.decompose import GROUPS, by_level, first_principles, tight_binding
from bandg.models.kp.from_etb import extract
from bandg.models.kp.laws import evaluate, mass
from bandg.models.kp.matrices import numeric
from bandg.models.kp.sets import from_etb, load_kp, parse
from bandg.parameters.loader import available_sets, load_set


@pytest.mark.parametrize("name", available_sets())
def test_bulk_g_and_masses_are_those_of_the_sum_over_all_states(name):
    parameters = load_set(name)
    crystal, found = bulk(parameters), extract(parameters)
    for edge, ours in (("v", crystal.valence), ("c", crystal.conduction)):
        assert evaluate(edge, found.values) == pytest.approx(ours.g(), abs=1e-6)
        assert mass(edge, found.values) == pytest.approx(ours.mass, rel=1e-9)
    assert found.residual_mass < 1e-9  # the invariants hold all that symmetry allows at second order
    assert found.residual_moment < 1e-9
    if not name.startswith("bandg-"):
        assert abs(found.q) < 1e-12  # what the eight bands leave out is nothing in these sets
    for name, level in (("P6", "R6-"), ("P8", "R8-")):  # E_p = 2 p^2 / m0
        assert 2 * found.values[name] ** 2 / HBAR2_OVER_M0 == pytest.approx(crystal.kane_energy(level), rel=1e-9)


@pytest.mark.parametrize("name", ["nestoklon2023-standin", "kashikar2021"])
@pytest.mark.parametrize("direction", [(1, 1, 0), (1, 1, 1), (0.3, 0.5, 0.8)])
def test_bands_near_r_deviate_with_the_fourth_power_of_k(name, direction):
    parameters = load_set(name)
    crystal, model = bulk(parameters), numeric(extract(parameters).values)
    unit = np.array(direction) / np.linalg.norm(direction)
    at_r = np.linalg.eigvalsh(crystal.hamiltonian.H(crystal.hamiltonian.point("R")))
    first = int(np.flatnonzero(np.abs(at_r - crystal.valence.energy) < 1e-6)[0])
    errors = []
    for q in (0.1, 0.2):
        exact = np.linalg.eigvalsh(crystal.hamiltonian.H(crystal.hamiltonian.point("R") + q * unit))
        errors.append(np.abs(np.linalg.eigvalsh(model.H(q * unit)) - exact[first : first + 8]))
    assert (np.log2(errors[1] / errors[0]) > 3.7).all()
    assert errors[0].max() < 1e-5


def test_decompositions():
    own = tight_binding(bulk(load_set("nestoklon2023-standin")))
    hole, electron = own["g_h"], own["g_e"]
    for group, value in (("spin", 1.956), ("R6- (conduction bottom)", -5.221), ("R8- (Delta above)", 2.922)):
        assert hole[group] == pytest.approx(value, abs=5.1e-4)
    assert hole["rest"] + hole["halide p"] == pytest.approx(0.005, abs=5.1e-4)
    for group, value in (("spin", -0.667), ("R6+ (valence top)", 5.221), ("Pb s bonding", 0.356)):
        assert electron[group] == pytest.approx(value, abs=1.1e-3)
    reference = first_principles()
    assert reference["mBJ"]["g_h"]["R6- (conduction bottom)"] == -12.532
    for parts in (own, *reference.values()):
        for carrier in ("g_h", "g_e"):
            assert set(parts[carrier]) == set(GROUPS)
    # what the first-principles file itself states as the total
    assert sum(reference["mBJ c=1.654"]["g_e"].values()) == pytest.approx(5.283, abs=0.03)
    assert sum(reference["mBJ c=1.654"]["g_h"].values()) == pytest.approx(-2.59, abs=0.03)


def test_levels_that_make_g():
    """One by one, with the energies: what the sum over states of the default set must give."""
    crystal = bulk(load_set("nestoklon2023-standin"))
    levels = by_level(crystal)
    for energy, irrep, share in ((-4.58, "R8+", -1.695), (-2.50, "R8+", -0.088), (-8.15, "R6+", 0.356)):
        (found,) = (one for one in levels["g_e"] if abs(one.energy_eV - energy) < 5.1e-3)
        assert (found.irrep, found.share) == (irrep, pytest.approx(share, abs=1.1e-3))
    own = tight_binding(crystal)
    for carrier, edge in (("g_h", crystal.valence), ("g_e", crystal.conduction)):
        assert sum(one.share for one in levels[carrier]) == pytest.approx(edge.orbital_g, abs=1e-12)
        assert sum(own[carrier].values()) == pytest.approx(edge.g(), abs=1e-12)
        # parity: only levels of the other one are reached
        assert all((one.irrep[-1] != edge.irrep[-1]) or abs(one.share) < 1e-9 for one in levels[carrier])


def test_the_command_lists_the_levels():
    printed = CliRunner().invoke(app, ["decompose", "--set", "nestoklon2023-standin"]).output
    line = next(line for line in printed.splitlines() if "-4.582" in line)
    assert "R8+" in line
    assert "-1.695" in line


def test_a_written_set_loads_back(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(from_etb("nestoklon2023-standin").to_toml())
    again = load_kp(path)
    assert again.values == from_etb("nestoklon2023-standin").values
    assert again.has_masses
    assert not load_kp("kirstein2022").has_masses


GOOD = """
schema = 1
name = "mine"
model = "kp"
[defaults]
source = "me"
status = "assumed"
[kp]
E_g = { value = 1.6, unit = "eV" }
Delta = { value = 1.5, unit = "eV" }
P6 = { value = 0.68, unit = "eV nm" }
P8 = { value = 0.68, unit = "eV nm" }
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P8", "P9", "unknown key"),
        ("E_g = { value = 1.6", "E_g = { value = nan", "finite"),
        ("E_g = { value = 1.6", "E_g = { value = true", "finite"),
        ("E_g = { value = 1.6", "E_g = { value = -1.6", "above zero"),
        ("E_g = { value = 1.6", "E_g = { value = 1600", "the largest allowed value"),
        ('"eV nm"', '"eV"', "unit"),
        ('status = "assumed"', 'status = "guess"', "status"),
        ('source = "me"\n', "", "source"),
        ('model = "kp"', 'model = "etb"', "model"),
        ("schema = 1", "schema = 2", "schema"),
        ('name = "mine"', "", "name"),
        ('name = "mine"', 'name = "my set"', "name: must be letters"),
        ('name = "mine"', 'name = "mine"\ndescription = 3', "description: must be text"),
        ('name = "mine"', 'name = "mine"\nuse = 3', "use: must be text"),
        ('source = "me"', 'source = "me"\nnote = 3', "unknown key"),
        ("E_g = { value = 1.6", "E_g = { note = 3, value = 1.6", "note that is not text"),
        ("[kp]", "[kq]", "unknown key"),
        ('Delta = { value = 1.5, unit = "eV" }\n', "", "kp.Delta: is missing"),
        ("[kp]", "[kp", "TOML"),
    ],
)
def test_wrong_files_get_one_line(old, new, message):
    assert parse(GOOD, "mine.toml").values["E_g"] == 1.6
    assert old in GOOD
    with pytest.raises(BandgError, match=message) as caught:
        parse(GOOD.replace(old, new), "mine.toml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")


def test_a_string_in_a_file_is_never_evaluated(tmp_path):
    evil = tmp_path / "touched"
    text = GOOD.replace("value = 1.6", f'value = "open({str(evil)!r}, chr(119))"')
    with pytest.raises(BandgError, match="finite number"):
        parse(text, "mine.toml")
    assert not evil.exists()


def run(*arguments):
    """The command as the program runs it, within this process: exit code and what it printed."""
    code, out, err = 0, io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["bandg", "kp", *arguments])
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()


def test_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, error = run("bulk", "--gap", "1.911eV", "--out", "a.json")
    assert code == 0, error
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["g_h"] == pytest.approx(0.14, abs=0.005)
    assert "m_e" not in content
    run("bulk", "--set", "nestoklon2023-standin", "--out", "b.json")
    content = json.loads((tmp_path / "b.json").read_text())
    assert content["m_h"] == pytest.approx(0.142, abs=5e-4)
    assert r"\frac" in run("formula", "g_h", "--latex")[1]


@pytest.mark.parametrize(
    "arguments",
    [("bulk", "--gap", "1.9"), ("bulk", "--gap", "1900eV"), ("bulk", "--set", "none"), ("formula", "g_x"),
     ("formula", "g_h", "--law", "x"), ("from-etb", "--set", "kirstein2022"), ("from-etb", "--out", "a.json")],
)  # fmt: skip
def test_wrong_input_gives_one_line_and_code_2(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, error = run(*arguments)
    assert code == 2
    assert out == ""
    assert error.startswith("error: ")
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.glob("*.json"))
