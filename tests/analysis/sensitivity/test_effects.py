"""Tables and files of the local sensitivity, and the ranges and steps that a user writes."""

import csv
import json

import pytest

from bandg.analysis.sensitivity import effects as sensitivity
from bandg.base.errors import BandgError
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set
from bandg.parameters.ranges import parameter_ranges
from bandg.runs.options import Run
from bandg.runs.request import request

SET = load_set("nestoklon2023-standin")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        asked = request("2..3cells", termination=["halide", "lead"], set=SET)
        return sensitivity.effects(
            asked, sensitivity.resolve_steps(SET, ["0.01eV", "onsite.Pb.p=0.002eV"]), run=Run(workers=1)
        )


def test_an_effect_is_what_the_step_does(found):
    [row] = [row for row in found.rows(3) if row["path"] == "onsite.Pb.p"]
    assert (row["step"], row["step_origin"], row["unit"]) == (0.002, "given", "eV")
    crystal = found.found[3].nanocrystal
    moved = compute_levels(SET.with_values({"onsite.Pb.p": SET.value("onsite.Pb.p") + 0.002}), crystal)
    still = compute_levels(SET, crystal)
    assert row["effect_g_bx"] == pytest.approx(moved.g_bx - still.g_bx, rel=5e-3)
    assert row["effect_E_gap_eV"] == pytest.approx(moved.E_gap_eV - still.E_gap_eV, rel=5e-3)
    assert row["effect_g_bx"] == pytest.approx(row["effect_g_e"] + row["effect_g_h"], rel=1e-12)  # up to rounding


def test_rows_are_sorted_and_complete(found):
    for number in range(4):
        rows = found.rows(number)
        assert {row["path"] for row in rows} == {"lattice.a", *SET.paths}
        strengths = [sensitivity.strength(row) for row in rows]
        assert strengths == sorted(strengths, reverse=True)


def test_steps_say_where_they_come_from():
    steps = {step.path: step for step in sensitivity.resolve_steps(SET)}
    assert steps["onsite.X.p"].origin == "assumed"
    assert steps["onsite.X.p"].size == sensitivity.DEFAULT_STEP_EV
    assert steps["lattice.a"].size == pytest.approx(0.01 * SET.a_nm)
    assert steps["lattice.a"].unit == "nm"


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_files(found, tmp_path, name):
    path = tmp_path / name
    sensitivity.write_effects(found, path)
    if name.endswith("csv"):
        with path.open(newline="") as stream:
            table = list(csv.DictReader(stream))
        assert len(table) == 4 * (1 + len(SET.paths))
        first = found.table()[0]
        assert float(table[0]["effect_g_h"]) == first["effect_g_h"]
    else:
        content = json.loads(path.read_text())
        assert content["rows"] == found.table()
        assert content["parameters"]["digest"] == SET.digest()


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["0.1"], r"step '0.1' has no unit: write '0.1eV'"),
        (["50eVs"], r"unknown unit 'eVs': use eV or meV"),
        (["0.1eV", "0.2eV"], r"given twice"),
        (["onsite.Pb.p=0.1eV", "onsite.Pb.p=0.2eV"], r"given twice"),
        (["-0.1eV"], r"above zero"),
        (["onsite.Pb.x=0.1eV"], r"has no parameter 'onsite.Pb.x'"),
        (["lattice.a=0.1eV"], r"unknown unit 'eV': use nm"),
        (["onsite.Pb.p="], r"must be a name and a value"),
    ],
)
def test_wrong_steps_are_one_clear_line(items, message):
    with pytest.raises(BandgError, match=message) as error:
        sensitivity.resolve_steps(SET, items)
    assert "\n" not in str(error.value)


def test_ranges():
    first, second = parameter_ranges(["onsite.Pb.p=4.2..4.7eV", "lattice.a=+-0.01nm"], SET)
    assert (first.lower, first.upper, first.unit) == (4.2, 4.7, "eV")
    assert second.middle == pytest.approx(SET.a_nm)
    assert str(first) == "onsite.Pb.p=4.2..4.7eV"
    assert parameter_ranges(["onsite.Pb.p=4200meV..4.7eV"], SET) == (first,)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("onsite.Pb.p=4.7..4.2eV", r"is reversed: write 4.2..4.7eV"),
        ("onsite.Pb.p=4.7..4.7eV", r"is empty"),
        ("onsite.Pb.p=4.2..4.7", r"has no unit: write '4.2..4.7eV'"),
        ("onsite.Pb.p=4.2..4.7nm", r"unknown unit 'nm': use eV or meV"),
        ("onsite.Pb.p=4.2..4700eV", r"is too large"),
        ("onsite.Pb.p=a..b", r"a number with its unit should stand: write"),
        ("onsite.Pb.q=1..2eV", r"has no parameter"),
        ("onsite.Pb.p", r"must be a name and a value"),
    ],
)
def test_wrong_ranges_are_one_clear_line(item, message):
    with pytest.raises(BandgError, match=message) as error:
        parameter_ranges([item], SET)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("missing", ["SALib", "dynesty", "distributed"])
def test_without_an_extra_the_error_names_it(monkeypatch, missing):
    import sys

    from bandg.analysis.inference import sampling as nested
    from bandg.analysis.sensitivity import indices as global_sensitivity
    from bandg.parameters.ranges import Range
    from bandg.runs import cluster

    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    extra = "distributed" if missing == "distributed" else "sensitivity"
    with pytest.raises(BandgError, match=rf"needs .*: in a clone of bandg, uv sync --extra {extra}"):
        if missing == "SALib":
            global_sensitivity.draw([Range("a", 0, 1, ""), Range("b", 0, 1, "")], "morris", 8)
        elif missing == "dynesty":
            nested.dynesty()
        else:
            cluster.check_scheduler("tcp://127.0.0.1:1")
