"""The options of pictures: the same for every command that draws, and checked before anything is computed."""

from pathlib import Path

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


TRACES = [__file__]  # of `spin fit`, which reads them after the options
JOB = Path(__file__).resolve().parents[2] / "docs/fits/bandg-nn.toml"
COMPUTES = {
    "compute": ((), "api.compute.level_table", "1 curve"),
    "compute --termination CsX,halide": ((), "api.compute.level_table", "1 curve"),
    "compute --termination halide,lead": ((), "api.compute.level_table", "2 curves"),
    "overlay": ((), "analysis.overlay.overlay", "3 curves"),
    "hypotheses --only tilt --combine tilt,screening": ((), "analysis.hypotheses.request.hypotheses", "2 curves"),
    "infer": ((), "analysis.inference.request.infer", "3 curves"),
    "verdict": ((), "analysis.verdict.request.verdict", None),
    "match --energy 1.9eV --g-e 1.4": ((), "analysis.match.request.match", "1 to 5 curves"),
    "spin fit --field 90mT": (TRACES, "spin.fit", "1 to 2 curves"),
    "spin fit --field 90mT --components 1": (TRACES, "spin.fit", "1 curve"),
    "spin simulate --energy 1.9eV --size 5..9nm": ((), "spin.simulate", "2 curves"),
    "fit": ((JOB,), "analysis.fit.solve.solve", "11 curves"),
    "sensitivity --size 2cells": ((), "analysis.sensitivity.request.sensitivity", "3 curves"),
    "sensitivity --method sobol": ((), "analysis.sensitivity.request.sensitivity", "3 curves"),
    "export --size 2cells": ((), "models.etb.nanocrystal.band_edges", "2 curves"),
    "dos --size 2cells": ((), "models.etb.dos.density_of_states", "1 curve"),
    "bulk": ((), "api.bulk.bulk", "3 curves"),
    "bulk --tilt a-b+a- --angles 8,10": ((), "api.bulk.bulk", "2 curves"),
}
"""Commands with pictures: further words, what computes, and how many curves there may be."""


@pytest.mark.parametrize("command", COMPUTES)
def test_what_the_picture_cannot_have_is_refused_before_anything_is_computed(command, bandg, tmp_path, monkeypatch):
    words, computes, curves = COMPUTES[command]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"bandg.{computes}", lambda *_, **__: pytest.fail("computed"))
    many = ",".join(["red"] * 9)
    panels = "one panel" if "tilt a" in command else "--panels has 'nosuch', which this picture has not"
    labels = f"--labels has 9, but this picture has {curves}" if curves else "no curves to name"
    wrong = [
        (("--panels", "nosuch"), panels),
        (("--labels", many), labels),
        (("--colors", many), "--colors has 9, but this picture has "),
        (("--width", "3mm"), "--width '3mm' must lie within 40..2000 mm"),
        (("--style", "nosuch"), "--style 'nosuch' is unknown"),
    ]
    out = [one for one in ("--out", "--matrix", "--atoms", "--cube", "--amplitudes") if one in options(command)]
    for option in ("--plot", *(one for one in ("--corner", "--waterfall") if one in options(command))):
        for file, message in (("a.gif", "use .pdf, .png, .svg"), ("missing/a.pdf", "folder")):
            wrong.append(((option, tmp_path / file), message))
    wrong += [((option, "missing/a.b"), "a.b") for option in out]
    for more, message in wrong:
        plot = () if more[0] in ("--plot", "--corner", "--waterfall") else ("--plot", "a.png")
        code, _, err = bandg(*command.split(), *words, *plot, *more)
        assert code == 2 and message in err and err.count("\n") == 1, (more, err)
    assert not any(tmp_path.iterdir())


def options(command):
    """The options of a command as the user writes them."""
    name, *rest = command.split()
    found = load(name)
    found = found.commands[rest[0]] if hasattr(found, "commands") else found
    return {word for parameter in found.params for word in parameter.opts}


def test_a_choice_that_only_the_result_can_refuse_leaves_the_result(bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("--energy", "1.911eV", "--g-e", "1.41", "--set", "bandg-cspbi3-nnn", "--out", "a.json", "--plot", "a.png")
    code, out, err = bandg("match", *words, "--labels", "a,b,c,d,e")
    assert code == 2 and "--labels has 5, but this picture has" in err
    assert "wrote a.json" in out and (tmp_path / "a.json").exists() and not (tmp_path / "a.png").exists()


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
