"""Parameter sets: the shipped numbers, bases, round trips, and one clear line for every mistake."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.crystal.planes import MAX_SHIFT_EV
from bandg.models.etb.bulk import bulk
from bandg.parameters.loader import available_sets, load_set
from bandg.parameters.names import LIMITS_EV
from bandg.parameters.sets import ParameterSet

REFERENCES = Path(__file__).parents[2] / "docs" / "references.bib"
DFT = resources.read_params("nestoklon2021-dft.toml")
KASHIKAR = resources.read_params("kashikar2021.toml")
SHIPPED = (
    "bandg-cspbbr3",
    "bandg-cspbbr3-nn",
    "bandg-cspbbr3-nnn",
    "bandg-cspbcl3",
    "bandg-cspbi3-gamma",
    "bandg-cspbi3-gamma-law",
    "bandg-cspbi3-nn",
    "bandg-cspbi3-nnn",
    "bandg-nn",
    "bandg-nnn",
    "bandg-nnn-small",
    "bandg-nnn-spin",
    "kashikar2021",
    "kashikar2021-cspbbr3",
    "kashikar2021-cspbcl3",
    "kashikar2021-flipped",
    "nestoklon2021-corrected",
    "nestoklon2021-dft",
    "nestoklon2023-standin",
)


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def refusal(source: str) -> str:
    with pytest.raises(BandgError) as caught:
        load_set(source)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# --- what ships ------------------------------------------------------------------------------------------------------


def test_shipped_sets() -> None:
    found = available_sets() | available_sets("kp")
    assert tuple(found) == (*SHIPPED, "kirstein2022")
    assert len(set(found.values())) == len(found) and all(10 < len(use) < 100 for use in found.values())


def test_what_a_set_is_for_is_its_own_and_changes_no_key(tmp_path: Path) -> None:
    base = load_set("bandg-cspbi3-nnn")
    own = load_set(write(tmp_path, 'schema = 1\nname = "mine"\nbase = "bandg-cspbi3-nnn"\n'))
    told = load_set(write(tmp_path, 'schema = 1\nname = "mine"\nbase = "bandg-cspbi3-nnn"\nuse = " tests "\n'))
    assert (own.use, told.use) == ("", "tests") and "the default" in base.use
    assert own.digest() == told.digest() == base.digest() and hash(own) == hash(told) and own != told
    assert load_set(write(tmp_path, told.to_toml())).use == "tests" and "use = " not in own.to_toml()
    assert told.to_dict()["use"] == "tests" and "tests" in repr(told)
    assert "use: must be a text" in refusal(write(tmp_path, 'schema = 1\nname = "mine"\nuse = 3\n'))


# what the description says of the edges: irrep, shells whose weights are added, shells of the whole or none
SAID = {
    ("bandg-nn", "Pb s is {:.0f} % of Pb s and X p"): ("R6+", ("Pb s",), ("Pb s", "X p")),
    ("bandg-nnn", "is {:.0f} % iodine d"): ("R6-", ("X d",), ()),
    ("bandg-nnn-spin", "is {:.0f} % iodine d"): ("R6-", ("X d",), ()),
    ("bandg-nnn-spin", "{:.0f} % iodine s and s*"): ("R6-", ("X s", "X s*"), ()),
    ("bandg-cspbbr3", "has {:.0f} % X s*, no X s and no X d"): ("R6-", ("X s", "X d", "X s*"), ()),
    ("bandg-cspbcl3", "has {:.0f} % X s*, no X s and no X d"): ("R6-", ("X s", "X d", "X s*"), ()),
    ("nestoklon2023-standin", "has {:.0f} % X s*, no X s and no X d"): ("R6-", ("X s", "X d", "X s*"), ()),
}


@pytest.mark.parametrize(("name", "words"), SAID)
def test_what_is_known_against_a_set_is_so(name: str, words: str) -> None:
    edge, over, under = SAID[name, words]
    weights = bulk(load_set(name)).composition()[edge]
    share = sum(weights[shell] for shell in over) / (sum(weights[shell] for shell in under) or 1)
    known = load_set(name).description.partition("Known against it: ")[2]
    assert words.format(100 * share) in known


@pytest.mark.parametrize(("name", "share"), [("bandg-nn", 0.08), ("bandg-nnn", 0.02), ("bandg-nnn-spin", 0.01)])
def test_the_stated_contribution_of_lead_s(name: str, share: float) -> None:
    assert bulk(load_set(name)).contributions()["g_e"]["R6+.2"] == pytest.approx(share, abs=0.005)
    assert f"bonding Pb 6s contributes {share} to g_e" in load_set(name).description


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_has_unit_status_and_a_source_in_the_bibliography(name: str) -> None:
    found = load_set(name)
    text = REFERENCES.read_text(encoding="utf-8")
    assert found.name == name and found.origin == "shipped" and found.description
    for entry in [*found.entries.values(), *found.published.values()]:
        assert f"{{{entry.source}," in text, entry
        assert entry.status in ("transcribed", "fitted", "assumed")
        bare = ".m_" in entry.path or ".g_" in entry.path
        assert entry.unit == ("nm" if entry.path == "lattice.a" else "1" if bare else "eV")


def test_dft_set_is_table_one_of_the_source() -> None:
    """The source's names (a = X, c = Pb) against ours, with the signs as printed."""
    found = load_set("nestoklon2021-dft")
    printed = {
        "s-s": -0.2570,
        "s*-s": 0.5198,  # s_a s*_c
        "p-s": 0.0047,  # s_a p_c
        "s-p": 1.0565,  # s_c p_a
        "p-s*": 2.9449,  # s*_a p_c
        "s*-p": -0.3643,  # s*_c p_a
        "d-s": 0.0290,  # s_a d_c
        "s-d": 0.5825,  # s_c d_a
        "s*-d": 0.0859,  # s*_c d_a
        "p-p.sigma": -1.7915,
        "p-p.pi": 0.5421,
        "d-p.sigma": 1.0063,  # p_a d_c
        "d-d.sigma": -1.0285,
        "d-d.pi": 2.0,
        "d-d.delta": -1.4,
    }
    hopping = {path.removeprefix("hopping.Pb-X."): found.value(path) for path in found.paths if "hopping" in path}
    assert {name: value for name, value in hopping.items() if value} == printed
    assert sorted(name for name, value in hopping.items() if not value) == sorted(
        ["s-s*", "s*-s*", "d-s*", "p-d.sigma", "p-d.pi", "d-p.pi"]
    )
    assert [found.value(f"onsite.Pb.{shell}") for shell in ("s", "p", "d", "s*")] == [-5.8406, 3.9373, 13.981, 22.0026]
    assert [found.value(f"onsite.X.{shell}") for shell in ("s", "p", "d")] == [-13.3903, -2.2838, 10.9883]
    assert found.value("onsite.X.s*") == 19.8877
    assert (found.value("spin_orbit.Pb.p"), found.value("spin_orbit.X.p"), found.a_nm) == (0.5413, 0.2836, 0.6289)


def differences(first: str, second: str) -> dict[str, float]:
    old, new = load_set(first), load_set(second)
    return {path: new.value(path) for path in new.entries if new.value(path) != old.value(path)}


def test_corrected_and_standin_change_only_what_their_sources_change() -> None:
    assert differences("nestoklon2021-dft", "nestoklon2021-corrected") == {
        "onsite.Pb.p": 4.6044,
        "onsite.X.s*": 19.7828,
        "hopping.Pb-X.p-s": 0.0155,
        "hopping.Pb-X.p-p.sigma": -1.8988,
        "hopping.Pb-X.p-p.pi": -0.0331,
        "hopping.Pb-X.p-s*": 2.9131,
        "hopping.Pb-X.s*-p": -0.3642,
    }
    assert differences("nestoklon2021-corrected", "nestoklon2023-standin") == {
        "onsite.Pb.p": 4.4557,
        "spin_orbit.Pb.p": 0.46586,
        "hopping.Pb-X.p-p.sigma": -2.4201,
        "hopping.Pb-X.p-p.pi": 0.0,
        "hopping.Pb-X.d-p.sigma": 2.62,
    }
    standin = load_set("nestoklon2023-standin")
    fitted = {path for path, entry in standin.entries.items() if entry.status == "fitted"}
    assert fitted == {"onsite.Pb.p", "spin_orbit.Pb.p", "hopping.Pb-X.p-p.sigma"}
    assert standin.entries["onsite.Pb.s"].source == "nestoklon2021"
    published = {key: entry.value for key, entry in standin.published.items()}
    assert published == {"E_g_eV": 1.652, "Delta_eV": 1.258, "m_e": 0.168, "m_h": 0.145, "g_e": 3.23, "g_h": -0.33}


@pytest.mark.parametrize(
    ("name", "a_nm", "vector"),
    [
        ("kashikar2021", 0.638, [-4.11, 4.75, 0.96, 0.50, 0, -0.94, 1.82, -0.45, 0.01, 0.12, 0.25, 0.02]),
        ("kashikar2021-cspbbr3", 0.598, [-3.15, 5.84, 0.43, 0.53, 0, -1.13, 1.86, -0.53, -0.02, -0.12, 0.27, 0.04]),
        ("kashikar2021-cspbcl3", 0.571, [-1.61, 7.63, 0.25, 0.53, 0, -1.18, 1.88, -0.57, -0.03, -0.13, 0.31, 0.06]),
    ],
)
def test_kashikar_sets_are_table_two_of_the_source(name: str, a_nm: float, vector: list[float]) -> None:
    found = load_set(name)
    assert found.a_nm == a_nm
    assert found.orbitals == {"Pb": ("s", "p"), "X": ("p",)}
    assert found.shells == ("Pb-X", "Pb-Pb")
    assert found.vector.tolist() == vector


def test_flipped_set_reverses_one_sign_and_says_that_it_is_assumed() -> None:
    assert differences("kashikar2021", "kashikar2021-flipped") == {"hopping.Pb-Pb.s-p": -0.12}
    assert load_set("kashikar2021-flipped").entries["hopping.Pb-Pb.s-p"].status == "assumed"


# --- the set as an object --------------------------------------------------------------------------------------------


def test_paths_and_vector_have_one_canonical_order() -> None:
    found = load_set("kashikar2021")
    assert found.paths == (
        "onsite.Pb.s",
        "onsite.Pb.p",
        "onsite.X.p",
        "spin_orbit.Pb.p",
        "spin_orbit.X.p",
        "hopping.Pb-X.s-p",
        "hopping.Pb-X.p-p.sigma",
        "hopping.Pb-X.p-p.pi",
        "hopping.Pb-Pb.s-s",
        "hopping.Pb-Pb.s-p",
        "hopping.Pb-Pb.p-p.sigma",
        "hopping.Pb-Pb.p-p.pi",
    )
    assert found.vector.shape == (12,) and found.vector.dtype == np.float64
    assert found.vector.tolist() == [found.value(path) for path in found.paths]


def test_order_in_the_file_does_not_matter(tmp_path: Path) -> None:
    lines = KASHIKAR.splitlines()
    start = lines.index("[hopping.Pb-Pb]")
    turned = lines[: start + 1] + lines[start + 1 :][::-1]
    found = load_set(write(tmp_path, "\n".join(turned)))
    assert found.paths == load_set("kashikar2021").paths
    assert found.digest() == load_set("kashikar2021").digest()


@pytest.mark.parametrize("name", SHIPPED)
def test_round_trips(tmp_path: Path, name: str) -> None:
    found = load_set(name)
    again = load_set(write(tmp_path, found.to_toml()))
    assert again.digest() == found.digest() and again.base is None
    assert dict(again.entries) == dict(found.entries) and dict(again.published) == dict(found.published)
    assert again.crystal == found.crystal == ({"tilt": "a-b+a-", "angles": "9,8"} if "gamma" in name else {})
    assert pickle.loads(pickle.dumps(found)) == found and hash(found) == hash(load_set(name))
    assert found.to_dict()["entries"]["onsite.Pb.p"]["source"] == found.entries["onsite.Pb.p"].source


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('tilt = "a-b+a-"\nangles = "9"', "crystal: tilt 'a-b\\+a-' needs 2 angle"),
        ('angles = "9,8"', "crystal.tilt: is missing"),
        ('tilt = "a0a0c+"\nangles = "9"\nkeep = "all"', "crystal: `keep` must be 'bonds' or 'lattice'"),
        ('tilt = "a0a0c+"\nangles = 9', "crystal.angles: must be a text in quotes"),
        ('strain = "zz=0.01"', "crystal.strain: is an unknown key"),
    ],
)
def test_a_wrong_crystal(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(BandgError, match=message):
        load_set(write(tmp_path, f'schema = 1\nname = "own"\nbase = "kashikar2021"\n[crystal]\n{table}\n'))


def test_a_set_takes_the_crystal_of_its_base(tmp_path: Path) -> None:
    head = 'schema = 1\nname = "own"\nbase = "bandg-cspbi3-gamma"\n'
    assert load_set(write(tmp_path, head)).crystal == load_set("bandg-cspbi3-gamma").crystal
    own = load_set(write(tmp_path, f'{head}[crystal]\ntilt = "a0a0c+"\nangles = "10"\nkeep = "lattice"\n'))
    assert own.crystal == {"tilt": "a0a0c+", "angles": "10", "keep": "lattice"}
    assert own.digest() != load_set("bandg-cspbi3-gamma").digest() != replace(own, crystal={}).digest()


def test_round_trip_of_awkward_texts(tmp_path: Path) -> None:
    note = 'quote \\" backslash \\\\ tab \\t bell \\u0007 delete \\u007f line \\n \\u2028 e\\u0301 \\U0001F600'
    text = KASHIKAR.replace('"s-p" = -0.94', f'"s-p" = {{ value = -9.4e-1, stderr = 1e-05, note = "{note}" }}')
    first = load_set(write(tmp_path, text))
    second = load_set(write(tmp_path, first.to_toml()))
    assert second.entries == first.entries
    assert first.entries["hopping.Pb-X.s-p"].stderr == 1e-5


SURFACE = """
[surface.halide]
"X.0" = 0.13
"Pb.1" = { value = -0.01, stderr = 0.02, note = "a note" }
[surface.lead]
"X.0" = { value = 0.5, unit = "eV", source = "somebody", status = "published" }
"""


def test_shifts_at_the_surface_are_numbers_of_a_set(tmp_path: Path) -> None:
    found = load_set(write(tmp_path, KASHIKAR + SURFACE))
    values = {path: entry.value for path, entry in found.surface.items()}
    assert values == {"surface.halide.Pb.1": -0.01, "surface.halide.X.0": 0.13, "surface.lead.X.0": 0.5}
    assert found.surface["surface.lead.X.0"].source == "somebody"
    assert found.surface["surface.halide.X.0"].source == found.entries["onsite.Pb.p"].source
    plain = load_set(write(tmp_path, KASHIKAR, "plain.toml"))
    assert plain.surface == {} and plain.digest() != found.digest() and plain.paths == found.paths
    again = load_set(write(tmp_path, found.to_toml(), "again.toml"))
    assert again.surface == found.surface and again.digest() == found.digest()
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.to_dict()["surface"]["surface.halide.Pb.1"]["stderr"] == 0.02
    heir = 'schema = 1\nname = "heir"\nbase = "mine.toml"\n[surface.halide]\n"X.0" = { value = 0.2, '
    heir += 'source = "me", status = "assumed" }\n'
    inherited = load_set(write(tmp_path, heir, "heir.toml")).surface
    assert [entry.value for entry in inherited.values()] == [-0.01, 0.2, 0.5]
    assert found.with_values({"onsite.Pb.p": 5.0}).surface == found.surface


def test_shifts_in_a_file_have_the_limit_of_the_option() -> None:
    assert LIMITS_EV["surface"] == MAX_SHIFT_EV


def test_digest_sees_numbers_and_nothing_else(tmp_path: Path) -> None:
    found = load_set("kashikar2021")
    text = KASHIKAR.replace('"transcribed"', '"assumed"').replace('"kashikar2021"', '"other"')
    renamed = load_set(write(tmp_path, text))
    assert renamed.digest() == found.digest() and renamed != found
    for path in (*found.paths, "lattice.a"):
        assert found.with_values({path: found.value(path) + 1e-12}).digest() != found.digest()
    assert found.with_values({"spin_orbit.X.p": -0.0}).digest() == found.digest()
    negative = load_set(write(tmp_path, KASHIKAR.replace("[spin_orbit.X]\np = 0", "[spin_orbit.X]\np = -0.0")))
    assert negative.digest() == found.digest()


def test_with_values_changes_value_and_provenance_of_the_new_set_only() -> None:
    found = load_set("nestoklon2023-standin")
    new = found.with_values({"onsite.Pb.p": 5, "lattice.a": 0.63}, source="scan", status="fitted")
    assert (new.value("onsite.Pb.p"), new.a_nm) == (5.0, 0.63)
    entry = new.entries["onsite.Pb.p"]
    assert (entry.source, entry.status, entry.note, entry.unit) == ("scan", "fitted", None, "eV")
    assert found.value("onsite.Pb.p") == 4.4557 and new.paths == found.paths
    with pytest.raises(TypeError):
        new.entries["onsite.Pb.p"] = entry  # type: ignore[index]


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"onsite.Pb.P": 1.0}, "did you mean 'onsite.Pb.p'"),
        ({"hopping.Pb-X.p-d.sgma": 1.0}, "did you mean 'hopping.Pb-X.p-d.sigma'"),
        ({"onsite.Pb.p": float("nan")}, "finite"),
        ({"onsite.Pb.p": float("inf")}, "finite"),
        ({"onsite.Pb.p": True}, "finite number"),
        ({"onsite.Pb.p": "1"}, "finite number"),
        ({"onsite.Pb.p": 1000.0}, "too large"),
        ({"lattice.a": 6.289}, "expected 0.3 to 2 nm"),
    ],
)
def test_with_values_refuses(values: dict[str, float], hint: str) -> None:
    with pytest.raises(BandgError) as caught:
        load_set("nestoklon2023-standin").with_values(values)
    assert hint in str(caught.value)


def test_unknown_path_and_status() -> None:
    found = load_set("kashikar2021")
    with pytest.raises(BandgError, match=r"did you mean 'onsite\.X\.p'"):
        found.value("onsite.X.pp")
    with pytest.raises(BandgError, match="status 'guessed'"):
        found.with_values({"onsite.X.p": 1.0}, status="guessed")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_are_right_as_a_file_of_the_user_must_be(name: str) -> None:
    with as_file(files("bandg.params").joinpath(f"{name}.toml")) as path:
        assert load_set(path) == replace(load_set(name), origin=str(path))


def test_import_and_scans_do_without_pydantic() -> None:
    code = "import sys, bandg.parameters; assert 'pydantic' not in sys.modules and 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- files of the user -----------------------------------------------------------------------------------------------


def test_base_is_inherited_entry_by_entry_with_its_provenance(tmp_path: Path) -> None:
    write(tmp_path, KASHIKAR + '\n[published]\nm_e = { value = 0.1, unit = "1" }\n', "parent.toml")
    child = """schema = 1
name = "child"
base = "parent.toml"
[onsite.Pb]
p = { value = 4.0, unit = "eV", source = "me", status = "assumed", stderr = 0.1, note = "why" }
[lattice]
a = { value = 0.64, unit = "nm", source = "me", status = "assumed" }
"""
    found = load_set(write(tmp_path, child))
    parent = load_set("kashikar2021")
    changed = {path for path in found.entries if found.entries[path] != parent.entries[path]}
    assert changed == {"lattice.a", "onsite.Pb.p"}
    assert (found.base, found.material, found.a_nm) == ("parent.toml", "CsPbI3", 0.64)
    assert found.entries["onsite.Pb.p"].stderr == 0.1 and found.published["m_e"].value == 0.1
    other = load_set(write(tmp_path, child.replace("[onsite.Pb]", 'material = "CsPbBr3"\n[onsite.Pb]')))
    assert other.material == "CsPbBr3" and not other.published


def test_table_from_the_other_atom_keeps_its_signs(tmp_path: Path) -> None:
    """V(l l' m) runs from the lower to the higher l, whichever atom the table starts with."""
    text = DFT.replace("[hopping.Pb-X]", "[hopping.X-Pb]")
    for line in DFT.splitlines():
        if line.startswith('"') and "-" in line.split("=")[0]:
            name = line.split('"')[1]
            pair, dot, bond = name.partition(".")
            first, second = pair.split("-")
            text = text.replace(f'\n"{name}" =', f'\n"@{second}-{first}{dot}{bond}" =')
    found = load_set(write(tmp_path, text.replace("@", "")))
    assert found.digest() == load_set("nestoklon2021-dft").digest()


def test_absent_spin_orbit_is_an_explicit_zero(tmp_path: Path) -> None:
    found = load_set(write(tmp_path, KASHIKAR.replace("[spin_orbit.X]\np = 0\n", "")))
    entry = found.entries["spin_orbit.X.p"]
    assert (entry.value, entry.unit, entry.status) == (0.0, "eV", "assumed")
    assert found.digest() == load_set("kashikar2021").digest()


XX = '\n[hopping.X-X]\n"p-p.sigma" = 0.3\n"p-p.pi" = -0.1\n'


def test_second_neighbors_of_both_kinds(tmp_path: Path) -> None:
    found = load_set(write(tmp_path, KASHIKAR + XX))
    assert found.shells == ("Pb-X", "X-X", "Pb-Pb")
    assert found.paths.index("hopping.X-X.p-p.pi") < found.paths.index("hopping.Pb-Pb.s-s")
    full = '\n[hopping.X-X]\n"s-s" = 0\n"s-p" = 0.1\n"p-p.sigma" = 0.3\n"p-p.pi" = 0\n"s-s*" = 0.2\n"p-d.pi" = 0.1\n'
    wide = load_set(write(tmp_path, DFT + full))
    assert [path for path in wide.paths if "X-X" in path] == [
        f"hopping.X-X.{name}" for name in ("s-s", "s-p", "s-s*", "p-p.sigma", "p-p.pi", "p-d.pi")
    ]


def edit(old: str, new: str, text: str = KASHIKAR) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


WRONG = {
    "unknown top key": (edit("material =", 'materal = "x"\nmaterial ='), ["materal", "did you mean 'material'"]),
    "unknown orbital": (edit("[onsite.X]\np", "[onsite.X]\nf = 1\np"), ["onsite.X.f", "unknown key"]),
    "unknown species": (edit("[onsite.X]", "[onsite.I]"), ["onsite.I", "unknown key"]),
    "unknown table": (edit("[hopping.Pb-Pb]", "[hopping.PbPb]"), ["hopping.PbPb", "did you mean 'Pb-Pb'"]),
    "unknown integral": (edit('"p-p.pi"', '"p-p.ppi"'), ["p-p.ppi", "did you mean 'p-p.pi'"]),
    "bond on an s pair": (edit('"s-p"', '"s-p.sigma"'), ["s-p.sigma", "did you mean"]),
    "order in Pb-Pb": (edit('"s-p" = {', '"p-s" = {'), ["hopping.Pb-Pb.p-s", "did you mean 's-p'"]),
    "unquoted dot": (edit('"p-p.pi"', "p-p.pi"), ["needs quotes", '"p-p.pi"']),
    "unknown entry key": (edit("{ value = 0.01,", "{ value = 0.01, sorce = 'x',"), ["sorce", "did you mean 'source'"]),
    "unknown published": (KASHIKAR + "\n[published]\nE_g = 1\n", ["published.E_g", "did you mean 'E_g_eV'"]),
    "unknown default": (edit("[defaults]", "[defaults]\nunits = 'eV'"), ["defaults.units", "did you mean 'unit'"]),
    "missing schema": (edit("schema = 1\n", ""), ["schema", "missing", "schema = 1"]),
    "other schema": (edit("schema = 1", "schema = 2"), ["schema", "2 is not known"]),
    "schema as bool": (edit("schema = 1", "schema = true"), ["schema", "whole number"]),
    "missing name": (edit('name = "kashikar2021"\n', ""), ["name", "missing"]),
    "bad name": (edit('name = "kashikar2021"', 'name = "a b\\n"'), ["name", "letters"]),
    "missing material": (edit('material = "CsPbI3"\n', ""), ["material", "missing"]),
    "missing lattice": (edit("[lattice]\na = {", "[published]\nE_g_eV = {").replace('"nm"', '"eV"'), ["lattice.a"]),
    "unknown lattice": (edit("[lattice]", '[lattice]\nname = "perovskit"'), ["lattice.name", "mean 'perovskite'"]),
    "lattice as number": (edit("[lattice]", "[lattice]\nname = 3"), ["lattice.name", "must be a text in quotes"]),
    "lattice as text": (
        edit("schema = 1", 'schema = 1\nlattice = "perovskite"', edit("[lattice]\na = {", "[published]\nE_g_eV = {")),
        ["lattice: must be a table"],
    ),
    "missing value": (edit("{ value = 0.01,", "{"), ["hopping.Pb-Pb.s-s", "has no value"]),
    "missing source": (edit('source = "kashikar2021"\n', ""), ["has no source", "[defaults]"]),
    "missing unit": (edit('unit = "eV"\n', ""), ["has no unit"]),
    "empty source": (edit('source = "kashikar2021"', 'source = " "'), ["defaults.source", "empty"]),
    "bad status": (edit('"transcribed"', '"guessed"'), ["defaults.status", "published, transcribed", "'guessed'"]),
    "meV": (edit('unit = "eV"', 'unit = "meV"'), ["'meV'", 'write unit = "eV"', "[defaults]"]),
    "angstrom": (edit('unit = "nm"', 'unit = "angstrom"'), ["lattice.a", 'write unit = "nm"']),
    "bare lattice": (edit("a = { value = 0.638,", "a = 0.638 # {"), ["lattice.a", 'write unit = "nm"']),
    "mass in eV": (KASHIKAR + "\n[published]\nm_e = 0.1\n", ["published.m_e", 'write unit = "1"']),
    "nan": (edit("p = 4.75", "p = nan"), ["onsite.Pb.p", "finite"]),
    "inf": (edit("p = 4.75", "p = -inf"), ["onsite.Pb.p", "finite"]),
    "bool": (edit("p = 4.75", "p = true"), ["onsite.Pb.p", "must be a number, not True"]),
    "text": (edit("p = 4.75", 'p = "4.75"'), ["onsite.Pb.p", "must be a number, not '4.75'"]),
    "list": (edit("p = 4.75", "p = [4.75]"), ["onsite.Pb.p", "must be a number"]),
    "table of a number": (edit("[onsite.X]\np = 0.96", "[onsite]\nX = 1"), ["onsite.X", "must be a table"]),
    "absurd energy": (edit("p = 4.75", "p = 475"), ["onsite.Pb.p", "475 eV is too large", "100 eV"]),
    "absurd lattice": (edit("value = 0.638", "value = 6.38"), ["lattice.a", "0.3 to 2 nm"]),
    "absurd lambda": (edit("p = 0.50", "p = 5.1"), ["spin_orbit.Pb.p", "up to 5 eV"]),
    "negative stderr": (edit("{ value = 0.01,", "{ value = 0.01, stderr = -1,"), ["stderr", "not be negative"]),
    "shift of cesium": (KASHIKAR + '\n[surface.halide]\n"Cs.0" = 0.1\n', ["surface.halide.Cs.0", "unknown key"]),
    "shift deep inside": (KASHIKAR + '\n[surface.halide]\n"X.10" = 0.1\n', ["surface.halide.X.10", "of planes 0 to 9"]),
    "shift unquoted": (KASHIKAR + "\n[surface.halide]\nX.0 = 0.1\n", ["needs quotes", '"X.0"']),
    "shift in meV": (
        KASHIKAR + '\n[surface.lead]\n"X.0" = { value = 100, unit = "meV" }\n',
        ["surface.lead.X.0", 'write unit = "eV"'],
    ),
    "absurd shift": (KASHIKAR + '\n[surface.lead]\n"X.0" = 6\n', ["surface.lead.X.0", "6 eV is too large", "5 eV"]),
    "other surface": (KASHIKAR + '\n[surface.CsX]\n"X.0" = 0.1\n', ["surface.CsX", "unknown key"]),
    "no orbital for hopping": (edit("s = -4.11\n", ""), ["hopping.Pb-X.s-p", "no s on Pb"]),
    "no orbital for lambda": (
        edit("[onsite.X]\np = 0.96", "[onsite.X]\ns = 0.96"),
        ["spin_orbit.X.p", "no p on X", "onsite.X.p"],
    ),
    "no orbital at all": (edit("[onsite.X]\np = 0.96\n", ""), ["onsite.X", "has no orbital"]),
    "integral missing": (edit('"s-p" = -0.94', "# gone"), ["hopping.Pb-X.s-p", "write 0 if it is neglected"]),
    "second neighbor missing": (KASHIKAR + XX.replace('"p-p.pi" = -0.1\n', ""), ["hopping.X-X.p-p.pi", "write 0"]),
    "both orders": (KASHIKAR + '\n[hopping.X-Pb]\n"p-s" = 1\n', ["hopping.X-Pb", "one of the two"]),
    "no such base": (edit("material =", 'base = "kashikar2020"\nmaterial ='), ["base", "mean 'kashikar2021'", "are"]),
    "no such base file": (edit("material =", 'base = "none.toml"\nmaterial ='), ["base", "no such file"]),
    "own base": (edit("material =", 'base = "mine.toml"\nmaterial ='), ["base", "circular"]),
    "kp": (edit('"etb"', '"kp"'), ["model", "not available", 'write model = "etb"']),
    "other model": (edit('"etb"', '"dft"'), ["model", "'dft'", 'write model = "etb"']),
    "not TOML": (edit("p = 4.75", "p = = 4.75"), ["not valid TOML", "line 18"]),
    "twice": (edit("p = 4.75", "p = 4.75\np = 4.75"), ["not valid TOML", "line 19"]),
    "many digits": (edit("p = 4.75", "p = " + "4" * 5000), ["not valid TOML"]),
    "big integer": (edit("p = 4.75", "p = " + "4" * 400), ["onsite.Pb.p"]),
    "deep": (edit("p = 4.75", "p = " + "[" * 5000), ["not valid TOML"]),
    "key on two lines": (edit("p = 4.75", '"p\\nq" = 4.75'), ["onsite.Pb.p\\nq", "unknown key"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_files(tmp_path: Path, case: str) -> None:
    text, hints = WRONG[case]
    path = write(tmp_path, text)
    message = refusal(path)
    assert message.startswith(path + ": ")
    for hint in hints:
        assert hint in message, message
    assert len(message) - len(path) < 400


def test_every_required_integral_is_missed(tmp_path: Path) -> None:
    """Dropping any one line of the full Pb-X table is noticed by name."""
    lines = DFT.splitlines()
    start = lines.index("[hopping.Pb-X]")
    names = [line.split('"')[1] for line in lines[start:] if line.startswith('"')]
    assert len(names) == 21
    for name in names:
        text = "\n".join(line for line in lines if not line.startswith(f'"{name}" ') or lines.index(line) < start)
        assert f"hopping.Pb-X.{name}: is missing" in refusal(write(tmp_path, text))


def test_circle_of_two_and_error_in_a_base(tmp_path: Path) -> None:
    one = write(tmp_path, 'schema = 1\nname = "one"\nbase = "two.toml"\n', "one.toml")
    write(tmp_path, 'schema = 1\nname = "two"\nbase = "one.toml"\n', "two.toml")
    assert "circular" in refusal(one)
    write(tmp_path, 'schema = 1\nname = "two"\nonsit = 1\n', "two.toml")
    message = refusal(one)
    assert message.startswith(one) and "two.toml" in message and "did you mean 'onsite'" in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in refusal(str(tmp_path / "none.toml"))
    assert "directory" in refusal(str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(KASHIKAR.encode().replace(b"CsPbI3", b"CsPbI\xff"))
    assert "UTF-8" in refusal(str(tmp_path / "latin.toml"))
    assert "cannot be read" in refusal("a\0.toml")


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    (tmp_path / "win.toml").write_bytes(b"\xef\xbb\xbf" + KASHIKAR.replace("\n", "\r\n").encode())
    assert load_set(tmp_path / "win.toml").digest() == load_set("kashikar2021").digest()


def test_unknown_name_suggests_the_nearest_and_lists_all() -> None:
    message = refusal("nestoklon2023")
    assert "did you mean 'nestoklon2023-standin'" in message and "kashikar2021-flipped" in message
    assert "unknown parameter set" in refusal("a\nb")


# --- mutated files ---------------------------------------------------------------------------------------------------

TOKENS = ["=", "[", "]", "{", "}", '"', "nan", "-1e400", "true", "s*", "p-p.sigma", "X-Pb", "meV", "\n", "#", "\0", "é"]
MUTATION = st.tuples(
    st.sampled_from(["drop line", "double line", "insert", "drop text", "swap lines"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.one_of(st.sampled_from(TOKENS), st.text(st.characters(exclude_categories=["Cs"]), max_size=6)),
)


def mutate(text: str, mutation: tuple[str, int, int, str]) -> str:
    kind, i, j, token = mutation
    lines = text.split("\n")
    i_line, j_line = i % len(lines), j % len(lines)
    at = i % (len(text) + 1)
    if kind == "insert":
        return text[:at] + token + text[at:]
    if kind == "drop text":
        return text[:at] + text[at + j % 12 :]
    if kind == "drop line":
        del lines[i_line]
    elif kind == "double line":
        lines.insert(j_line, lines[i_line])
    else:
        lines[i_line], lines[j_line] = lines[j_line], lines[i_line]
    return "\n".join(lines)


def check_mutated(path: Path, text: str, mutations: list[tuple[str, int, int, str]]) -> None:
    for mutation in mutations:
        text = mutate(text, mutation)
    path.write_text(text, encoding="utf-8", newline="")
    try:
        found = load_set(path)
    except BandgError as error:
        assert str(error).startswith(f"{path}: ") and len(str(error).splitlines()) == 1
        return
    assert isinstance(found, ParameterSet) and np.isfinite(found.vector).all()
    path.write_text(found.to_toml(), encoding="utf-8")
    assert load_set(path).digest() == found.digest()


FILES = st.sampled_from([KASHIKAR, DFT, resources.read_params("nestoklon2023-standin.toml")])
SHARED = [HealthCheck.function_scoped_fixture]


@given(text=FILES, mutations=st.lists(MUTATION, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
def test_mutated_files(tmp_path: Path, text: str, mutations: list[tuple[str, int, int, str]]) -> None:
    check_mutated(tmp_path / "mutated.toml", text, mutations)


@pytest.mark.slow
@given(text=FILES, mutations=st.lists(MUTATION, min_size=1, max_size=3))
@settings(max_examples=1000, deadline=None, suppress_health_check=SHARED)
def test_mutated_files_at_length(tmp_path: Path, text: str, mutations: list[tuple[str, int, int, str]]) -> None:
    check_mutated(tmp_path / "mutated.toml", text, mutations)
