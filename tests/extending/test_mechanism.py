"""A mechanism as a stranger adds it, in this one file: by the path of the file, and by an entry point."""

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import bandg
from bandg.analysis.hypotheses import Case, Sizes
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.plugin import ENTRY_POINTS
from bandg.analysis.hypotheses.request import baseline, mechanisms
from bandg.base.errors import BandgError
from bandg.runs.options import Run

# ---- the mechanism ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shift:
    """Adds to g_h."""

    by: float

    def __call__(self, sizes: Sizes) -> Sizes:
        return replace(sizes, g_h=sizes.g_h + self.by)


def shift(case: Case, value: float) -> Case:
    return replace(case, after=(*case.after, Shift(0.5 * value)))


MECHANISMS = [
    bandg.Mechanism(
        "hole-shift",
        "Something unknown adds to the g-factor of the hole. The value is twice what it adds.",
        shift,
        lower=-1.0,
        upper=1.0,
        baseline=0.0,
        definition=True,
    )
]

# ----------------------------------------------------------------------------------------------------------------------


def test_by_the_path_of_its_file_it_is_weighed_like_the_others(tmp_path):
    base = baseline("nestoklon2023-standin", cells="4,5")
    [curve] = Evaluator(Run(workers=1)).curves([base])
    energy = 1.9
    wanted = float(curve.at("g_h", energy)) + 0.3
    data = tmp_path / "mine.csv"
    data.write_text(f"energy_eV,quantity,value\n{energy},g_h,{wanted!r}\n")
    found = bandg.hypotheses("hole-shift", plugin=[__file__], cells="4,5", data=data, run=Run(workers=1))
    [finding] = found.findings
    assert finding.mechanism.name == "hole-shift"
    assert finding.best.value == pytest.approx(0.6, abs=0.01)  # grid of 2.0 / 200
    assert finding.best.rms < 0.006


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs this file as a package of somebody else with the entry point `mine = stranger_mechanism:NAME`."""
    folder = tmp_path / "site"
    info = folder / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(__file__, folder / "stranger_mechanism.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(folder)

    def write(name):
        (info / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nmine = stranger_mechanism:{name}\n")

    yield write
    sys.modules.pop("stranger_mechanism", None)


@pytest.fixture(scope="module")
def base():
    return baseline("nestoklon2023-standin")


def test_by_an_entry_point_it_stands_among_the_others(installed, base):
    installed("MECHANISMS")
    chosen = mechanisms(base, "hole-shift,tilt")
    assert [one.name for one in chosen.singles] == ["hole-shift", "tilt"]
    assert "hole-shift" in [one.name for one in mechanisms(base).singles]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", r"'mine' \(bandg.mechanisms\) of the package stranger does not load: AttributeError"),
        ("Path", "has no mechanism|fails"),
    ],
)
def test_an_entry_point_that_fails_is_one_line(name, message, installed, base):
    installed(name)
    with pytest.raises(BandgError, match=message) as caught:
        mechanisms(base)
    assert "\n" not in str(caught.value)


def test_two_of_one_name_are_refused(base):
    with pytest.raises(BandgError, match="there is a mechanism 'hole-shift' already"):
        mechanisms(base, plugin=[Path(__file__), MECHANISMS[0]])
