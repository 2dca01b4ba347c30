"""`--surface`: where the shifts come from stands in the head of the table; wrong ones are one line."""

import pytest

FILE = """schema = 1
name = "mine"
base = "kashikar2021"
[surface.halide]
"X.0" = { value = 0.13, source = "me", status = "assumed" }
"""


@pytest.fixture
def own_set(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    return path


def test_the_head_says_where_the_shifts_come_from(bandg, own_set):
    sets = ["--size", "2cells", "--set", own_set]
    cases = {
        "slabs": ["Pb.1 -0.007, X.0 +0.129", "core-level shifts of first-principles slabs of CsPbI3"],
        "point-charges": ["X.0 +0.2419", "point charges Pb +2, X -1, Cs +1, dielectric constant 4.4"],
        "X.0=0.2": ["surface shifts X.0 +0.2 eV\n\n"],
        None: ["surface shifts X.0 +0.13 eV\nsurface shifts of the set mine (--surface none leaves them out)"],
    }
    for surface, words in cases.items():
        code, out, err = bandg("compute", *sets, *(["--surface", surface] if surface else []))
        assert code == 0, err
        assert all(word in out for word in words), out
    code, out, _ = bandg("compute", *sets, "--surface", "none", "--surface-bonds", "-0.05")
    assert code == 0 and "surface shifts" not in out and "surface bonds -5 %" in out
    code, out, _ = bandg("compute", *sets, "--termination", "lead")
    assert code == 0 and "surface shifts" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--surface", "slab"], "--surface 'slab' is unknown (did you mean 'slabs'?)"),
        (["--surface-bonds", "0.5"], "--surface-bonds must lie between -0.2 and 0.2, not 0.5"),
        (["--surface", "slabs", "--model", "kp"], "the kp model does not know --surface"),
    ],
)
def test_wrong_words(bandg, words, message):
    code, out, err = bandg("compute", "--size", "2cells", *words)
    assert (code, out) == (2, "") and err.count("\n") == 1 and message in err


def test_the_shifts_of_a_set_are_shown(bandg, own_set):
    code, out, _ = bandg("params", "show", own_set)
    assert code == 0 and any(line.split()[:3] == ["surface.halide.X.0", "0.13", "eV"] for line in out.splitlines())
