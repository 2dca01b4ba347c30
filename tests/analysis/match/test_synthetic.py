"""Synthetic samples of the emulators that ship: the truth lies in the 68 % sets in 60 to 76 % of cases."""

import numpy as np
import pytest

from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.analysis.match.request import Pool
from bandg.analysis.match.synthetic import trials
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table

COUNT = 200


def check(in_set, in_all, none):
    assert len(in_set) == len(in_all) == COUNT
    assert 0.60 <= np.mean(in_set) <= 0.76
    assert 0.60 <= np.mean(in_all) <= 0.76
    assert np.mean(none) <= 0.02  # a true candidate is rejected with p < 0.01


def test_the_stored_table():
    cells = read_table(theory_curve("computed/synthetic.csv").read_text(encoding="utf-8"), "synthetic.csv").cells
    check(*([int(row[name]) for row in cells] for name in ("in_set", "in_all", "none")))
    assert {row["name"] for row in cells} <= {f"{name}, {shape}" for name, shape in stored_names()}


@pytest.mark.slow
def test_they_are_matched_again():
    emulators = [load_emulator(*name) for name in stored_names()]
    found = list(trials(emulators, COUNT, Pool(emulators), seed=1))
    check(*([getattr(one, name) for one in found] for name in ("in_set", "in_all", "none")))
