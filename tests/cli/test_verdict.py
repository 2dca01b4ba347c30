"""`bandg verdict` as a user meets it."""

import json
import sys

import numpy as np
import pytest

from bandg.analysis.verdict import request, waterfall

SMALL = ("verdict", "--sets", "nestoklon2023-standin", "--only", "halide,no-slabs,none", "--quick", "--workers", "1")


def main(arguments, monkeypatch, capsys):
    """The command in this process: code, standard output and error."""
    from bandg.cli import main as command

    monkeypatch.setattr(sys, "argv", ["bandg", *arguments])
    with pytest.raises(SystemExit) as done:
        command()
    return done.value.code, *capsys.readouterr()


def test_a_verdict_prints_a_table_and_writes_its_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(request, "QUICK_CELLS", (2, 3, 4))
    files = ("--out", "v.json", "--plot", "v.svg", "--report", "v.html")
    code, out, err = main((*SMALL, *files), monkeypatch, capsys)
    assert code == 0, err
    found = json.loads((tmp_path / "v.json").read_text())
    (row,) = found["rows"]
    assert len(row["predicted"]) == len(found["points"]) == 5 and row["band"] == [None] * 5
    assert f"is {row['rms']:.3f}: nestoklon2023-standin, halide planes" in out
    assert (tmp_path / "v.svg").stat().st_size > 1000
    page = (tmp_path / "v.html").read_text()
    assert "data:image/png;base64," in page and "<script" not in page
    code, out, err = main((*SMALL, "--report", "v.md"), monkeypatch, capsys)
    assert code == 0 and "0 nanocrystals computed" in out, err
    assert (tmp_path / "v.md").read_text().startswith("# Verdict\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", "halid"), "error: --only names 'halid' (did you mean 'halide'?)"),
        (("--sets", ","), "error: --sets names nothing"),
        (("--sets", "bandg-nn2"), "unknown parameter set"),
        (("--out", "a.csv"), "not a known format"),
        (("--report", "a.pdf"), "not a known format"),
        (("--data", "checks"), "no independent measurement of g_e or g_h is left"),
        (("--workers", "0"), "--workers must be 1 or more"),
        (("--waterfall", "w.csv"), "not a known format"),
        (("--waterfall", "w.pdf", "--quick"), "--waterfall goes with --data alone"),
    ],
)
def test_wrong_input_ends_with_one_line_and_code_2(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = main(("verdict", *options), monkeypatch, capsys)
    assert code == 2 and out == "" and message in err and err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_a_waterfall_prints_both_orders_and_draws_them(tmp_path, monkeypatch, capsys):
    """Its nanocrystals are those of `bandg.analysis.verdict.waterfall`, which has tests of its own."""
    points = request.measured(None, "CsPbI3")
    steps = np.cumsum(np.full((7, len(points)), 0.1), axis=0)
    paths = {
        title: waterfall.Waterfall(order, steps, np.ones(len(points)))
        for title, order in (("first order", waterfall.FORWARD), ("other order", waterfall.REVERSE))
    }
    monkeypatch.setattr(waterfall, "both_orders", lambda *_: paths)
    monkeypatch.setattr(waterfall, "end_band", lambda *_: np.full(len(points), 0.2))
    monkeypatch.chdir(tmp_path)
    code, out, err = main(("verdict", "--waterfall", "w.svg"), monkeypatch, capsys)
    assert code == 0, err
    assert out.count("halide planes") == 2 and out.count("+0.30") == 2 * len(points) and "wrote w.svg" in out
    assert (tmp_path / "w.svg").stat().st_size > 1000
