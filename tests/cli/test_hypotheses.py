"""`bandg overlay` and `bandg hypotheses` as a user meets them."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from bandg.analysis.hypotheses import Case
from bandg.analysis.hypotheses.registry import default_mechanisms
from bandg.parameters.loader import load_set

ROOT = Path(__file__).parents[2]
PLUGIN = str(ROOT / "docs" / "examples" / "own_mechanism.py")


def main(arguments, monkeypatch, capsys):
    """The command in this process: code, standard output and error."""
    from bandg.cli import main as command

    monkeypatch.setattr(sys, "argv", ["bandg", *arguments])
    with pytest.raises(SystemExit) as done:
        command()
    return done.value.code, *capsys.readouterr()


def test_overlay_prints_residuals_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("energy_eV,g_e,g_h\n1.7,2.0,0.0\n1.9,1.5,1.0\n")
    (tmp_path / "data.csv").write_text(
        "energy_eV,quantity,value,error,use\n1.8,g_e,1.7,0.1,\n2.25,g_h,1.6,0.1,\n1.8,g_h,0,,check\n"
    )
    names = ("--curve", "kp:bulk-law", "--curve", "mine.csv", "--data", "data.csv")
    files = ("--plot", "o.svg", "--out", "o.json")
    code, out, err = main(("overlay", *names, *files), monkeypatch, capsys)
    assert code == 0, err
    assert "mine: 1 of 2 points lies outside of the curve (-): its rms and chi^2 are over the 1 inside\n" in out
    assert "\n2 independent measurements of 3 points\nleft out: 1 (kept for checks)\n" in out
    found = json.loads((tmp_path / "o.json").read_text())
    mine = [row for row in found["residuals"] if row["curve"] == "mine"]
    assert mine[0]["residual"] == pytest.approx(0.05, abs=0.02) and mine[1]["theory"] is None
    by_name = {row["curve"]: row for row in found["curves"]}
    assert (
        by_name["mine"]["rms_g_h"] is None
        and by_name["mine"]["inside_g_e"] == 1
        and by_name["mine"]["points_with_error"] == 1
    )
    assert by_name["kp:bulk-law"]["chi_square"] > 50 and (tmp_path / "o.svg").stat().st_size > 1000


def test_hypotheses_with_a_plugin_and_a_pair_from_the_cache_the_second_time(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ("hypotheses", "--cells", "3,4", "--workers", "1", "--plugin", PLUGIN)
    names = ("--only", "lead-s,intra-atomic-moment", "--combine", "intra-atomic-moment,screening")
    files = ("--out", "h.json", "--plot", "h.svg", "--report", "h.html")
    code, out, err = main((*small, *names, *files), monkeypatch, capsys)
    assert code == 0, err
    rows = {row["name"]: row for row in json.loads((tmp_path / "h.json").read_text())}
    assert set(rows) == {"lead-s", "intra-atomic-moment", "intra-atomic-moment + screening"}
    assert rows["lead-s"]["status"] == "assumed" and rows["lead-s"]["omits"] == ""
    page = (tmp_path / "h.html").read_text()
    assert "data:image/png;base64," in page and "<script" not in page and 'src="http' not in page
    for name in rows:
        assert name in page and all(part in out for part in name.split(" + "))  # a pair has a line for each
    assert re.search(r"^intra-atomic-moment .*\n\+ screening", out, re.MULTILINE)
    code, out, err = main((*small, *names), monkeypatch, capsys)
    assert code == 0 and "0 nanocrystals computed" in out, err


def test_list_names_every_source(monkeypatch, capsys):
    known = default_mechanisms(Case(load_set("nestoklon2023-standin"), 1))
    code, out, _ = main(("hypotheses", "--list"), monkeypatch, capsys)
    lines = out.splitlines()
    assert code == 0 and len(lines) == 3 * len(known) and "schott_nbk7" in out
    for name, source in zip(lines[::3], lines[2::3], strict=True):
        assert source.startswith("  source: ") and len(source) > len("  source: "), name
    assert [line.partition(":")[0] for line in lines[::3]] == [one.name for one in known]


WRONG = [
    (("overlay", "--curve", "etb:hallide"), "did you mean 'etb:halide'?"),
    (("overlay", "--curve", "etb:halide:no-such-set"), "no-such-set"),
    (("overlay", "--curve", "none.csv"), "no such file"),
    (("overlay", "--curve", "mev.csv"), "looks like meV: give eV"),
    (("overlay", "--curve", "kp:bulk-law", "--data", "columns.csv"), "has no column energy_eV"),
    (("overlay", "--curve", "kp:bulk-law", "--data", "nan.csv"), "leave the cell empty"),
    (("overlay", "--curve", "kp:bulk-law", "--data", "mev.csv"), "looks like meV: give eV"),
    (("overlay", "--out", "a.xls"), "not a known format"),
    (("overlay", "--regenerate", "nowhere"), "it is not a folder"),
    (("overlay", "--regenerate", "own"), "kp-glass.csv exists and was not written by bandg: give another name, or add"),
    (("overlay", "--regenerate", ".", "--plot", "a.png"), "takes no other options"),
    (("overlay", "--regenerate", ".", "--data", "meliakov2025"), "takes no other options"),
    (("overlay", "--regenerate", ".", "--fresh"), "takes no other options"),
    (("overlay", "--curve", "kp:bulk-law", "--workers", "0"), "--workers must be 1 or more, not 0"),
    (("overlay", "--curve", "etb:lead:"), "names no set: write etb:lead, or etb:lead:SET"),
    (("overlay", "--curve", "etb:lead:sub/my.toml"), "my.toml"),
    (("overlay", "--curve", "break.csv"), "line 3: g_e is '1\\n2'"),
    (("hypotheses", "--only", ","), "--only names nothing: write tilt, several with commas"),
    (("hypotheses", "--workers", "0"), "--workers must be 1 or more, not 0"),
    (("hypotheses", "--list", "--out", "a.json"), "--list computes nothing: leave out --out"),
    (("hypotheses", "--list", "--plot", "a.pdf", "--report", "a.html"), "leave out --plot and --report"),
    (("hypotheses", "--shape", "octahedron"), "shape 'octahedron' is unknown; choose cube or sphere"),
    (("hypotheses", "--shape", "cuboid"), "shape 'cuboid' is unknown; choose cube or sphere"),
    (("hypotheses", "--plugin", "leaves.py"), "fails: SystemExit: 0"),
    (("hypotheses", "--plugin", "untyped.py"), "mechanism 'a': source must be text, not None"),
    (("hypotheses", "--plugin", "shift.py"), "how is 'shift'; choose one of set, add, scale"),
    (("hypotheses", "--plugin", "mass.py"), "quantity is 'mass'; choose one of"),
    (("hypotheses", "--only", "spin-orbit"), "no mechanism is called 'spin-orbit' (did you mean 'spin-orbit-X'?)"),
    (("hypotheses", "--combine", "band-gap"), "must be two different mechanisms"),
    (("hypotheses", "--combine", "band-gap,band-gap"), "must be two different mechanisms"),
    (("hypotheses", "--termination", "oxide"), "choose halide or lead"),
    (("hypotheses", "--shape", "rod"), "is unknown; choose cube"),
    (("hypotheses", "--cells", "4"), "two whole numbers or more"),
    (("hypotheses", "--cells", "a,b"), "a number should stand"),
    (("hypotheses", "--cells", "4_5,6"), "unknown unit '_5'"),
    (("hypotheses", "--set", "none"), "unknown parameter set"),
    (("hypotheses", "--data", "kp"), "no measured points named"),
    (("hypotheses", "--data", "checks"), "no independent measurement is left to compare with: "),
    (("hypotheses", "--set", "bandg-cspbbr3"), "no measured points of CsPbBr3 nanocrystals ship with bandg"),
    (("overlay", "--curve", "mine.csv", "--data", "none", "--data", "mine.csv"), "'none' stands alone"),
    (("hypotheses", "--out", "a.csv"), "not a known format"),
    (("hypotheses", "--report", "a.pdf"), "not a known format"),
    (("hypotheses", "--plugin", "missing.py"), "No such file"),
    (("hypotheses", "--plugin", "broken.py"), "fails: ZeroDivisionError"),
    (("hypotheses", "--plugin", "empty.py"), "must define MECHANISMS"),
    (("hypotheses", "--plugin", "reversed.py"), "is reversed: write 0..1"),
]
if importlib.util.find_spec("distributed") is not None:
    for command in (("hypotheses", "--cells", "2,3"), ("overlay", "--curve", "kp:bulk-law")):
        WRONG.append(((*command, "--scheduler", "tcp://127.0.0.1:9"), "does not answer"))
        WRONG.append(((*command, "--scheduler", ""), "--scheduler is empty"))

FILES = {
    "mev.csv": "energy_eV,g_e,g_h\n1700,2.0,0.0\n1900,1.5,1.0\n",
    "columns.csv": "photon,g_e\n1.7,2.0\n",
    "nan.csv": "energy_eV,g_e\n1.7,nan\n",
    "own/kp-glass.csv": "energy_eV,g_e\n1.7,2.0\n",
    "broken.py": "1 / 0\n",
    "break.csv": 'energy_eV,g_e\n1.7,"1\n2"\n1.9,1.5\n',
    "leaves.py": "import sys\nsys.exit(0)\n",
    "untyped.py": (
        "from bandg.analysis.hypotheses import Mechanism\n"
        "MECHANISMS = [Mechanism('a', 'b', lambda case, value: case, 0.0, 1.0, None, source=None)]\n"
    ),
    "shift.py": "from bandg.analysis.hypotheses.changes import Values\nValues(('onsite.Pb.s',), 'shift')\n",
    "mass.py": "from bandg.analysis.hypotheses.changes import Target\nTarget('mass', 'onsite.Pb.s')\n",
    "empty.py": "MECHANISMS = []\n",
    "reversed.py": (
        "from bandg.analysis.hypotheses import Mechanism\n"
        "MECHANISMS = [Mechanism('a', 'b', lambda case, value: case, 1.0, 0.0, None)]\n"
    ),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_gets_one_clear_line(arguments, message, tmp_path, monkeypatch, capsys):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    code, out, err = main(arguments, monkeypatch, capsys)
    assert code == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert {path.name for path in tmp_path.iterdir()} - {"cache"} == {name.partition("/")[0] for name in FILES}
