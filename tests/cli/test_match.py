"""`bandg match` as a user meets it."""

import json

import pytest

ASKED = ("--energy", "1.911+-0.01eV", "--g-e", "1.41+-0.05", "--g-h", "0.91±0.05", "--set", "bandg-cspbi3-nnn")


def test_one_sample(bandg, tmp_path):
    code, out, _ = bandg("match", *ASKED, "--dg-h", "0.03", "--out", tmp_path / "a.json")
    assert code == 0
    assert "E = 1.911 +- 0.01 eV, g_e = 1.41 +- 0.05, g_h = 0.91 +- 0.05" in out
    assert "68 % set: bandg-cspbi3-nnn, " in out and "The stated dg_h allows the sizes a scatter of " in out
    found = json.loads((tmp_path / "a.json").read_text())["samples"][0]
    assert found["none_of_these"] is False and sum(one["probability"] for one in found["candidates"]) == pytest.approx(
        1
    )
    assert f"{found['candidates'][0]['unknowns']['occupancy']['median']:.3g}" in out


def test_none_of_these_is_said_with_what_does_not_fit(bandg):
    code, out, _ = bandg("match", "--energy", "1.911eV", "--g-e", "6", "--set", "bandg-cspbi3-nnn")
    assert code == 0 and "None of these" in out and "0.1 (assumed)" in out and "68 % set" not in out
    assert "best of bandg-cspbi3-nnn, " in out and ": energy +" in out.replace("y -", "y +") and "_eV" not in out
    assert "has weight" not in out and "The best has the largest emulated size" in out
    inside = bandg(
        "match", "--energy", "1.9eV", "--g-e", "0.2+-0.05", "--g-h", "2.5+-0.05", "--set", "bandg-cspbi3-nnn"
    )[1]
    assert "None of these" in inside and "emulated size" not in inside


def test_the_samples_of_a_file(bandg, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("sample,energy_eV,g_e,g_h\nA,1.95,1.2,0.9\nB,2.05,0.9,1.1\nC,3.2,0.9,1.1\n")
    code, out, err = bandg("match", "--data", file, "--set", "bandg-cspbi3-nnn")
    assert code == 0 and "6 points of 3 samples" in err
    lines = {line.split()[0]: line for line in out.splitlines() if line[:2] in ("A ", "B ", "C ")}
    assert "bandg-cspbi3-nnn" in lines["A"] and "bandg-cspbi3-nnn" in lines["B"]
    assert "C: No curve comes near this energy." in out


def test_samples_of_a_material_without_candidates_are_left_out(bandg, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("sample,energy_eV,g_e,material\nA,1.95,1.2,CsPbI3\nB,2.4,0.9,CsPbBr3\n")
    code, out, _ = bandg("match", "--data", file, "--set", "bandg-cspbi3-nnn")
    assert code == 0 and "A: E = 1.95" in out and "which are left out: B (CsPbBr3)" in out


def test_a_sample_of_mixed_halide_is_matched_with_what_has_bromide(bandg, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text('sample,energy_eV,g_e,g_h,material\nA,1.95,1.2,0.9,"CsPb(I,Br)3"\nB,1.95,1.2,0.9,CsPbI₃\n')
    code, _, _ = bandg("match", "--data", file, "--out", tmp_path / "a.json")
    assert code == 0
    alloy, iodide = (one["candidates"] for one in json.loads((tmp_path / "a.json").read_text())["samples"])
    assert {one["set"] for one in alloy} == {"bandg-cspbi3-nnn"}
    assert all("bromide" in one["unknowns"] for one in alloy) and len({one["set"] for one in iodide}) > 1
    assert not any("bromide" in one["unknowns"] for one in iodide)


def test_each_sample_has_its_own_material(bandg, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("sample,energy_eV,g_e,g_h,material\nA,1.95,1.2,0.9,CsPbI3\nB,1.95,1.2,0.9,\n")
    code, _, _ = bandg("match", "--data", file, "--set", "bandg-cspbi3-nnn", "--out", tmp_path / "a.json")
    assert code == 0
    of_iodide, other = (
        one["candidates"][0]["unknowns"] for one in json.loads((tmp_path / "a.json").read_text())["samples"]
    )
    alone = bandg("match", *ASKED[:2], "--g-e", "1.2", "--g-h", "0.9", "--set", "bandg-cspbi3-nnn")
    assert alone[0] == 0 and "bromide" not in of_iodide
    assert "Fixed in samples of CsPbI3: bromide = 0." in bandg("match", "--data", file)[1]
    assert "bromide" in other


def test_decimal_commas_are_read_where_they_can_be_nothing_else(bandg):
    with_commas = [word.replace(".", ",") for word in ASKED]
    assert bandg("match", *with_commas)[1] == bandg("match", *ASKED)[1]
    code, _, err = bandg("match", "--energy", "1,911meV", "--g-e", "1,4±0,1")
    assert code == 2 and "may be a decimal one or part thousands: write 1.911meV or 1911meV" in err


def test_spreads_of_the_data_bound_the_sizes(bandg):
    code, out, _ = bandg("match", "--data", "meliakov2025", "--set", "bandg-cspbi3-nnn")
    assert code == 0 and "Fixed: bromide = 0." in out
    assert out.count("allows the sizes a scatter of") == 2 and "#4: The stated dg_e allows" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--g-e", "1"], "--energy is missing"),
        (["--energy", "1.9", "--g-e", "1"], "--energy '1.9' has no unit: write '1.9eV'"),
        (["--energy", "1911eV", "--g-e", "1"], "looks like meV"),
        (["--energy", "1.9eV"], "add --g-e, --g-h or --g-bx"),
        (["--energy", "1.9eV", "--g-e", "1eV"], "it is a plain number"),
        (["--energy", "1.9eV", "--g-e", "1+-0"], "has the error 0: an error is above zero"),
        (["--energy", "1.9eV", "--g-e", "1+--0.1"], "has the error -0.1"),
        (["--energy", "1.9eV", "--g-e", "1+-0.1+-0.2"], "has several errors"),
        (["--energy", "1.9eV", "--g-e", "|-1|"], "a magnitude is not"),
        (["--energy", "|1.9eV|", "--g-e", "1"], "has bars, which are for g-factors"),
        (["--energy", "1.9eV", "--g-e", "77"], "is no g-factor"),
        (["--energy", "1.9eV", "--g-e", "1", "--dg-e", "-1"], "--dg-e '-1' must be above zero"),
        (["--energy", "1.9eV", "--g-e", "1", "--dg-e", "0.2+-0.1"], "write the spread alone"),
        (["--energy", "1.9eV", "--g-e", "1", "--size", "5"], "--size '5' has no unit: write '5nm'"),
        (["--energy", "1.9eV", "--g-e", "1", "--size", "-5nm"], "must be above zero"),
        (["--energy", "1.9eV", "--g-e", "1", "--size", "90+-1nm"], "lies outside of all emulators"),
        (["--energy", "3.4eV", "--g-e", "1"], "the energy 3.4 eV lies outside of all emulators, which reach from"),
        (["--energy", "1.9eV", "--g-e", "1", "--set", "bandg-cspbi3-nxn"], "did you mean 'bandg-cspbi3-nnn'?"),
        (["--energy", "1.9eV", "--g-e", "1", "--shape", "cubes"], "did you mean 'cube'?"),
        (["--energy", "1.9eV", "--g-e", "1", "--fix", "xxx=1"], "did you mean 'xx'?"),
        (["--energy", "1.9eV", "--g-e", "1", "--fix", "xx"], "must be a name and a value, as bromide=0"),
        (["--energy", "1.9eV", "--g-e", "1", "--fix", "inverse_eps=3"], "inverse_eps must lie between 0 and 0.2273"),
        (["--energy", "1.9eV", "--data", "meliakov2025"], "--energy is that of one sample"),
        (["--energy", "1.9eV", "--g-e", "1", "--style", "talk"], "--style is for the picture"),
    ],
)
def test_wrong_input_is_one_line(bandg, words, message):
    code, out, err = bandg("match", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
