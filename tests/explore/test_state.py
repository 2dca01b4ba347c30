"""The state of the page and what it is made of, without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bandg.analysis.emulators.emulator import Emulator
from bandg.analysis.emulators.stored import load_emulator
from bandg.base.errors import BandgError
from bandg.explore.page import OPTIONS, collections_of, explore
from bandg.explore.state import opening


def data_of(page: str) -> Any:
    return json.loads(page.split('id="data">')[1].split("</script>")[0])


def test_a_state_is_checked(emulators: list[Emulator]) -> None:
    def opened(state: str, set: str | None = None, shape: str | None = None) -> str:
        return opening(set, shape, state, emulators, ["checks"])

    assert opened("#shape=sphere&occupancy=0.5&hide=checks") == "shape=sphere&occupancy=0.5&hide=checks"
    assert opened("", "bandg-nnn", "sphere") == "set=bandg-nnn&shape=sphere"
    for state, hint in {
        "shape=ball": "no emulator of ball; there are: bandg-nnn cube halide; bandg-nnn sphere halide",
        "occupancy=1.5": "occupancy=1.5: give a number from 0 to 1",
        "potential=much": "potential=much: give a number from -0.4 to 0.4",
        "inverse_eps=nan": "give a number from 0 to 0.227273",
        "occupany=1": "did you mean 'occupancy'",
        "hide=mine": "the page has the points checks",
    }.items():
        with pytest.raises(BandgError, match=hint):
            opened(state)
    with pytest.raises(BandgError, match="`shape` is 'cube', but `state` has shape=sphere: give one"):
        opened("shape=sphere", shape="cube")


def test_points_of_the_page(emulators: list[Emulator], tmp_path: Path) -> None:
    pytest.importorskip("bokeh")
    file = tmp_path / "mine.csv"
    file.write_text("energy_eV,g_e,sample\n1.9,1.4,</script>\n")
    found = data_of(explore(data=[file], emulators=emulators))["collections"]
    assert [one["name"] for one in found] == ["mine.csv", "meliakov2025", "checks"]
    assert found[0]["file"] == str(file) and found[0]["points"][0]["sample"] == "</script>"
    assert found[1]["material"] == "CsPbI3" and any(point["why"] == "" for point in found[1]["points"])
    assert found[0]["count"] == 1 and collections_of("none", emulators) == []
    assert [one["name"] for one in collections_of(["none", file], emulators)] == ["mine.csv"]
    with pytest.raises(BandgError, match="no such file"):
        explore(data=str(tmp_path / "no.csv"), emulators=emulators)


def test_the_options_compute_what_is_emulated() -> None:
    """At the smallest size, where a nanocrystal takes a second: within twice the largest error of the emulator."""
    from bandg import compute

    emulator = load_emulator("bandg-cspbi3-nnn", "cube")
    assert set(OPTIONS) <= {one.name for one in emulator.knobs}
    assert OPTIONS["occupancy"] == "--occupancy"
    surface = OPTIONS["potential"]["1"].removeprefix("--surface ")  # type: ignore[index]
    found = compute("4cells", set=emulator.set, termination="halide", occupancy=0.5, surface=surface)
    curve = emulator.evaluate({"occupancy": 0.5, "potential": 1.0})
    for n, name in enumerate(emulator.outputs):
        assert found[name].item() == pytest.approx(getattr(curve, name)[0], abs=2 * emulator.error_max[n][0])
