"""`bandg spin` as a user meets it."""

import json

import numpy as np
import pytest

from bandg.spin import decay


@pytest.fixture
def traces(tmp_path, monkeypatch):
    """traces.csv in the working folder: 200 and 420 mT."""
    monkeypatch.chdir(tmp_path)
    t, rng = np.arange(-10, 900, 5.0), np.random.default_rng(0)
    lines = ["# energy = 1.911 eV", "time_ps,200 mT,420 mT"]
    pulse = [np.cos(decay.larmor(1.41, B) * t / 1000) * np.exp(-np.abs(t) / 200) for B in (0.2, 0.42)]
    for row in zip(t, *(one + rng.normal(0, 0.02, len(t)) for one in pulse), strict=True):
        lines.append(",".join(f"{x:.5g}" for x in row))
    (tmp_path / "traces.csv").write_text("\n".join(lines))


ONE = ("--components", "1", "--decay", "exponential", "--no-slow")


def test_a_fit_prints_its_report_and_writes_its_files(bandg, traces):
    files = ("--out", "p.csv", "--plot", "p.svg")
    code, out, err = bandg("spin", "fit", "traces.csv", *ONE, "--sample", "#4", "--assign", "e", *files)
    assert code == 0, err
    assert "#4 at 1.911 eV: 2 fields, 358 points; 6 points before 5 ps left out" in out
    assert "components of '1 x exponential' (errors from the curvature)" in out and "e          exponential" in out
    assert "field by field: straight lines in B" in out and "residuals are noise" in out
    assert out.endswith("wrote p.csv\nwrote p.json\nwrote p.svg\n")
    from bandg.data.measured import load_measured

    assert [point.quantity for point in load_measured("p.csv")] == ["abs_g_e"]
    with open("p.json") as file:
        assert json.load(file)["written_by"] == "bandg"
    assert bandg("spin", "fit", "traces.csv", *ONE, *files)[0] == 0  # own files are replaced


def test_a_parameter_at_a_bound_exits_with_one_after_the_report(bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    t, rng = np.arange(5, 500, 5.0), np.random.default_rng(4)
    y = np.cos(0.05 * t) + rng.normal(0, 0.02, len(t))
    (tmp_path / "a_420mT.txt").write_text(
        "time_ps signal\n" + "\n".join(f"{a:g} {b:.4f}" for a, b in zip(t, y, strict=True))
    )
    code, out, _ = bandg("spin", "fit", "a_420mT.txt", *ONE, "--out", "p.csv")
    assert code == 1
    assert "decay of component 1 at a bound" in out
    assert out.rstrip().splitlines()[-3] == "not a result: decay of component 1 stands at a bound"
    assert (tmp_path / "p.csv").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--energy", "1.911"), "energy '1.911' has no unit: write '1.911eV'"),
        (("--from", "5"), "--from '5' has no unit: write '5ps'"),
        (("--from", "2ns"), "choose an earlier --from"),
        (("--field", "90mT"), "error: --field lists"),
        (("--field", "90"), "field '90' has no unit: write '90mT'"),
        (("--decay", "lorentz"), "--decay 'lorentz' is unknown: choose exponential, gaussian or nuclear"),
        (("--assign", "x"), "--assign must name each component e or h once"),
        (("--largest-g", "50"), "write --largest-g 35.72"),
        (("--out", "p.txt"), "cannot write p.txt"),
        (("--out", "traces.csv"), "--out would overwrite traces.csv, which TRACES reads"),
    ],
)
def test_wrong_options_end_in_one_line(bandg, traces, options, message):
    code, out, err = bandg("spin", "fit", "traces.csv", *(["traces.csv"] if "lists" in message else []), *options)
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1


def test_assignments_are_listed_beside_theory(bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["1.7,abs_g,2.2,0.02", "1.7,abs_g,0.1,0.02", "1.9,abs_g,1.45,0.02", "1.9,abs_g,0.9,0.02"]
    (tmp_path / "p.csv").write_text("energy_eV,quantity,value,error\n" + "\n".join(rows))
    (tmp_path / "c.csv").write_text("energy_eV,g_e,g_h\n1.6,2.5,-0.6\n2.0,1.1,1.4\n")
    code, out, err = bandg("spin", "assign", "p.csv", "--curve", "c.csv", "--most", "2")
    assert code == 0, err
    first = next(line for line in out.splitlines() if line.strip().startswith("1 "))
    assert first.split()[2:6] == ["+2.20", "-0.10", "+1.45", "+0.90"] or first.split()[2:6] == [
        "+2.20",
        "+0.10",
        "+1.45",
        "+0.90",
    ]
    assert first.split()[-1] == "c"


SIMULATED = ("spin", "simulate", "--set", "nestoklon2023-standin", "--size", "2..4cells", "--energy", "2.8eV")
SIMULATED += ("--count", "50", "--workers", "1")


def test_simulate_prints_spreads_and_writes_traces_that_fit_reads(bandg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = bandg(*SIMULATED, "--field", "90mT,420mT", "--t2-zero", "230ps,260ps", "--out", "s.csv")
    assert code == 0, err
    assert "50 nanocrystals at 2.8 eV" in out and out.endswith("wrote s.csv\n")
    rows = [line.split() for line in out.splitlines() if line.strip().startswith(("90 ", "420 "))]
    (field, *times) = rows[0]
    assert field == "90" and times[1::2] == ["ps", "ps"]
    assert [float(time) for time in times[::2]] == pytest.approx([230, 260], rel=0.01)
    from bandg.spin import read_traces

    read = read_traces("s.csv")
    assert (read.fields.tolist(), read.energy_eV, read.n_points) == ([0.09, 0.42], 2.8, 400)
    many = ("--field", "90mT,420mT", "--t2-zero", "230ps,260ps", "--out", "s.csv", "--out", "s.json", "--plot", "s.png")
    code, out, err = bandg(*SIMULATED, *many)  # an own file is replaced
    assert code == 0 and out.endswith("wrote s.csv\nwrote s.json\nwrote s.png\n"), err
    whole = json.loads((tmp_path / "s.json").read_text())
    assert (whole["options"]["size"], whole["options"]["count"], whole["fields_T"]) == ("2..4cells", 50, [0.09, 0.42])
    assert whole["carriers"]["hole"]["t2_star_ps"] == pytest.approx([260, 260], rel=0.01)
    g, weight = (np.array(whole["nanocrystals"][name]) for name in ("g", "weight"))
    assert whole["carriers"]["electron"]["mean_g"] == pytest.approx(weight @ g[:, 0])
    assert whole["traces"][1]["signal"][0] == pytest.approx(2)
    fitted = bandg("spin", "fit", "s.csv", "--components", "1", "--decay", "exponential", "--no-slow")
    assert "simulated at 2.8 eV: 2 fields, 400 points" in fitted[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--laser-width", "1"), "laser-width '1' has no unit: write '1eV'"),
        (("--scatter", "edges"), "--scatter 'edges' must be a name and a value, as edges=1+-0.1"),
        (("--scatter", "edgs=1"), "--scatter knows no 'edgs' (did you mean 'edges'?)"),
        (("--mean", "3nm"), "needs both, --mean and --spread"),
        (("--step", "2ns"), "--step must be above zero and below --until"),
        (("--draw", "-1"), "--draw must be 0 or more"),
        (("--t2-zero", "0ps,1ps"), "--t2-zero must be above zero"),
        (("--field", "0mT"), "nothing turns or decays: add --t2-zero"),
        (("--field", "90mT,90mT"), "stand once"),
        (("--out", "s.txt"), "use .csv, .json"),
        (("--shares", "0.5"), "--shares are those of several terminations"),
        (("--amplitudes", "1"), "--amplitudes needs two values, of electron and hole"),
        (("--orientation", "up"), "--orientation must be 'random' or 'fixed'"),
    ],
)
def test_wrong_options_of_simulate_end_in_one_line(bandg, options, message):
    code, out, err = bandg(*SIMULATED, *options)
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1


def test_a_field_that_stands_twice_is_said(bandg, traces, tmp_path):
    lines = (tmp_path / "traces.csv").read_text().replace("200 mT", "-420 mT")
    (tmp_path / "both.csv").write_text(lines)
    out = bandg("spin", "fit", "both.csv", *ONE)[1]
    assert "420 mT stands 2 times: each is a trace with amplitudes of its own" in out
    assert "stands" not in bandg("spin", "fit", "traces.csv", *ONE)[1]
