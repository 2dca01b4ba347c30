"""`bandg compute --model kp`: the same sweep, table, file and picture as for tight binding."""

import json
import sys

import numpy as np
import pytest

import bandg
from bandg.base.errors import BandgError
from bandg.cli import compute as command
from bandg.models.kp.sets import KpSet, from_etb, load_kp, parse
from bandg.runs.dataset import crystals
from bandg.runs.options import Run


@pytest.fixture(scope="module")
def standin():
    return load_kp("nestoklon2023-standin")


@pytest.fixture(scope="module")
def swept(tmp_path_factory, standin):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        arguments = {"termination": ["hard-wall", "glass"], "model": "kp", "barrier": "3eV,2eV", "run": Run(workers=1)}
        first = bandg.compute("3nm,4nm", "sphere", set=standin, **arguments)
        return first, bandg.compute("3nm,4nm", "sphere", set=standin, **arguments)


def test_the_dataset_is_that_of_tight_binding(swept, standin):
    dataset, again = swept
    assert dataset.sizes["nc"] == 4
    assert list(dataset["termination"].values) == ["hard-wall", "hard-wall", "glass", "glass"]
    assert dataset["model"].item() == "kp"
    assert dataset["g_bx"].values == pytest.approx((dataset["g_e"] + dataset["g_h"]).values)
    assert dataset.attrs["bulk_g_h"] == pytest.approx(
        bandg.bulk(bandg.load_set("nestoklon2023-standin")).valence.g(), abs=1e-6
    )
    assert np.isnan(dataset["surface_weight"].values).all()  # the eight bands say nothing about atoms
    assert (dataset["glass_weight"].values[:2] == 0).all() and (dataset["glass_weight"].values[2:] > 0.01).all()
    assert all(crystal["cached"] for crystal in crystals(again))
    assert not any(crystal["cached"] for crystal in crystals(dataset))
    provenance = json.loads(dataset.attrs["provenance"])
    assert provenance["barrier_eV"] == [3.0, 2.0]
    assert provenance["parameters_sha256"] == standin.digest()


def test_two_barriers_do_not_share_a_cache_entry(swept, standin):
    dataset, _ = swept
    other = bandg.compute("3nm", "sphere", set=standin, model="kp", barrier="4eV", run=Run(workers=1))
    glass = dataset.isel(nc=2)
    assert float(other["E_e_eV"][0]) > float(glass["E_e_eV"]) + 1e-3


def test_the_table_says_what_stands_around_the_crystal(swept, capsys):
    command.print_table(swept[0])
    command.print_warnings(swept[0])
    printed = capsys.readouterr()
    assert "hard walls" in printed.out
    assert "barriers 3 eV (electron) and 2 eV (hole)" in printed.out
    assert "functions" in printed.out
    assert printed.err.count("a_8 is raised") == 1


def test_the_picture_is_drawn(swept, tmp_path):
    from bandg.plot import plot_levels, save
    from bandg.plot.curves import curves_of

    labels = [curve.label for curve in curves_of(swept[0])]
    assert labels == [f"nestoklon2023-standin-kp (k·p): sphere, {wall}" for wall in ("hard walls", "in glass")]
    assert len({curve.color for curve in curves_of(swept[0])}) == 2
    save(plot_levels(swept[0]), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 1000


def test_a_tight_binding_set_object_is_extracted():
    etb = bandg.load_set("kashikar2021")
    found = bandg.compute("3nm", "sphere", set=etb, model="kp", run=Run(workers=1))
    assert found["set"].item() == "kashikar2021-kp"
    assert found.attrs["bulk_E_c_eV"] - found.attrs["bulk_E_v_eV"] == pytest.approx(0.630, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": 2}, "kp model does not know `levels`"),
        ({"neighbors": 1}, "kp model does not know `neighbors`"),
        ({"intra_atomic": True}, "does not know `intra_atomic`"),
        ({"termination": "lead"}, "hard-wall or glass"),
        ({"termination": "hard-wall", "barrier": "3eV"}, "hard walls have none"),
        ({"barrier": "3"}, "has no unit"),
        ({"barrier": "3000nm"}, "use eV or meV"),
        ({"barrier": "naneV"}, "not finite"),
        ({"barrier": "-3eV"}, r"outside 0\.5"),
        ({"barrier": "1eV,2eV,3eV"}, "two for electron and hole"),
        ({"set": "kirstein2022"}, "must be negative"),
        ({"model": "etb", "barrier": "3eV"}, "belongs to `model='kp'`"),
        ({"size": "600nm"}, "would fit"),
    ],
)
def test_wrong_input_is_one_line(arguments, message, standin, fresh_cache):
    given = {"size": "3nm", "model": "kp", "set": standin} | arguments
    if given["model"] == "etb":
        given["set"] = "nestoklon2023-standin"
    with pytest.raises(BandgError, match=message) as caught:
        bandg.compute(**given)
    assert "\n" not in str(caught.value)
    assert not fresh_cache.exists()


def test_a_kp_set_is_no_tight_binding_set(standin):
    with pytest.raises(BandgError, match="is not a tight-binding set"):
        bandg.compute("3nm", set=standin)


def test_the_lattice_constant_goes_with_the_set(standin):
    again = parse(standin.to_toml(), "a.toml")
    assert again.a_nm == standin.a_nm == bandg.load_set("nestoklon2023-standin").a_nm
    assert again.digest() == standin.digest()
    bare = KpSet(standin.name, "", standin.entries)
    assert bare.digest() != standin.digest()
    with pytest.raises(BandgError, match="has no lattice constant"):
        _ = bare.a_nm


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('a = { value = 62.89, unit = "nm", source = "x", status = "assumed" }', "not a valid lattice constant"),
        ('a = { value = 6.289, unit = "A", source = "x", status = "assumed" }', 'unit = "nm"'),
        ("b = 1", "unknown key"),
        ("", "is missing"),
    ],
)
def test_a_wrong_lattice_is_one_line(line, message, standin):
    text = standin.to_toml()
    table = text.index("[lattice]")
    end = text.index("[kp]")
    with pytest.raises(BandgError, match=message) as caught:
        parse(f"{text[:table]}[lattice]\n{line}\n\n{text[end:]}", "a.toml")
    assert "\n" not in str(caught.value)


def test_without_kwant_only_the_grid_is_missing(monkeypatch, standin):
    import kp_grid as grid

    from bandg.models.kp.envelope import elliptic

    for name in [name for name in sys.modules if name.split(".")[0] == "kwant"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kwant", None)
    grid._template.cache_clear()
    values, _ = elliptic(standin.values)
    with pytest.raises(BandgError, match=r'uv pip install "bandg\[kwant\]"'):
        grid.cube(values, 4.0, 4)
    assert bandg.compute("3nm", "sphere", set=standin, model="kp", run=Run(workers=1)).sizes["nc"] == 1


def test_no_text_of_a_file_reaches_a_parser(tmp_path, monkeypatch):
    """A set's name and description are data: sympy's parser is never called with them."""
    import sympy

    code = "__import__('os').system('true')"
    evaluate = sympy.parsing.sympy_parser.eval_expr

    def refuse(text, *arguments):
        assert code not in text, f"sympify was given {text!r}"
        return evaluate(text, *arguments)

    text = from_etb("nestoklon2023-standin").to_toml()
    path = tmp_path / "a.toml"
    monkeypatch.setattr(sympy.parsing.sympy_parser, "eval_expr", refuse)
    path.write_text(text.replace('"nestoklon2023-standin-kp"', f'"{code}"', 1))
    with pytest.raises(BandgError, match="name: must be letters"):
        bandg.compute("3nm", "sphere", set=path, model="kp", run=Run(workers=1))
    start = text.index("description = ")
    path.write_text(text[:start] + f'description = "{code}"' + text[text.index("\n", start) :])
    assert load_kp(path).description == code
    assert bandg.compute("3nm", "sphere", set=path, model="kp", run=Run(workers=1)).sizes["nc"] == 1
