"""The options of pictures: the same for every command that draws, and checked before anything is computed."""

import pytest

from bandg.cli import COMMANDS, load
from bandg.cli.figure import Figure
from bandg.data.measured import MeasuredPoint, load_measured

OPTIONS = {"style", "width", "panels", "labels", "colors"}
OVERLAY = ("overlay", "--curve", "kp:bulk-law")


def commands(group, name):
    for word, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{name} {word}")
    if not hasattr(group, "commands"):
        yield name, {parameter.name for parameter in group.params}


def test_every_command_with_a_picture_has_all_options():
    found = dict(pair for name in COMMANDS for pair in commands(load(name), name))
    drawing = {name for name, options in found.items() if "plot" in options}
    assert len(drawing) >= 12
    assert {name for name, options in found.items() if options >= OPTIONS} == drawing


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--width", "86mm"), "--width is for the picture: add --plot FILE.pdf"),
        (("--measured", "none"), "--measured is for the picture"),
        (("--plot", "a.png", "--width", "86"), "--width '86' has no unit: write '86mm'"),
        (("--plot", "a.png", "--style", "big"), "--style 'big' is unknown: choose paper, talk, poster"),
        (("--plot", "a.png", "--colors", "red,x y"), "--colors has 'x y', which is no color"),
        (("--plot", "a.png", "--measured", "meliakov"), "no measured points named 'meliakov'"),
        (("--plot", "a.png", "--panels", "g_x"), "--panels has 'g_x', which this picture has not"),
    ],
)
def test_wrong_options_are_one_line(words, message, bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = bandg(*OVERLAY, *words)
    assert code == 2 and message in err and err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_the_options_reach_the_picture(bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("--plot", "a.svg", "--width", "86mm", "--panels", "g_h", "--labels", '"my, law"', "--measured", "none")
    code, _, err = bandg(*OVERLAY, *words)
    text = (tmp_path / "a.svg").read_text()
    assert code == 0 and 'width="243.' in text, err  # 86 mm in points
    assert "<!-- my, law -->" in text and "Measured" not in text


def test_points_of_the_picture():
    own = (MeasuredPoint(1.8, "g_e", 1.0, source="own.csv"),)
    shipped = load_measured("meliakov2025")
    assert Figure({}).points(own, None) == own
    assert Figure({}, ("none",)).points(shipped, None) == ()
    assert Figure({}, ("none",)).points(own, "own.csv") == own
    assert Figure({}, ("meliakov2025",)).points(own, "own.csv") == (*own, *shipped)
    assert Figure({}, ("meliakov2025",)).points(shipped, None) == shipped
