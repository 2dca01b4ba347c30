"""`bandg explore` writes a page."""

import json
import sys

import pytest

from bandg.analysis.emulators.stored import stored_names


def test_the_command_writes_a_page_below_4_mb(bandg, tmp_path):
    pytest.importorskip("bokeh")
    file = tmp_path / "page.html"
    code, out, _ = bandg("explore", "--output", file, "--state", "occupancy=0.5")
    assert code == 0 and out == f"wrote {file}: open it in a browser\n"
    assert file.stat().st_size < 4e6
    text = file.read_text(encoding="utf-8").split('id="data">')[1].split("</script>")[0]
    data = json.loads(text)
    assert len(data["emulators"]) == len(stored_names()) and data["state"] == "occupancy=0.5"
    assert bandg("explore", "--output", file)[0] == 0  # its own file may be replaced
    foreign = tmp_path / "foreign.html"
    foreign.write_text("<p>mine")
    code, _, err = bandg("explore", "--output", foreign)
    assert code == 2 and "was not written by bandg" in err
    assert bandg("explore", "--set", "nothing", "--output", file)[0] == 2


def test_without_bokeh_one_line_names_the_extra(bandg, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "bokeh"] + ["bokeh"]:
        monkeypatch.setitem(sys.modules, name, None)
    code, _, err = bandg("explore", "--output", tmp_path / "page.html")
    assert code == 2 and err.count("\n") == 1 and "uv sync --extra explore" in err
    assert not list(tmp_path.glob("*.html"))
