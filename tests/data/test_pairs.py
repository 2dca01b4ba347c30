"""g_BX of measured pairs: the sum with the error of independent errors, and nothing where it would be a guess."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bandg.data.measured import MeasuredPoint, load_measured
from bandg.data.pairs import with_pairs

ELECTRON = MeasuredPoint(1.911, "g_e", 1.41, 0.05, "A", source="mine.csv")
HOLE = replace(ELECTRON, quantity="g_h", value=0.91, error=0.12)


def test_the_sum_has_the_error_of_independent_errors():
    *given, pair = with_pairs([ELECTRON, HOLE])
    assert given == [ELECTRON, HOLE]
    assert (pair.quantity, pair.energy_eV, pair.sample, pair.evidence) == ("g_bx", 1.911, "A", "derived")
    assert pair.value == pytest.approx(2.32) and pair.error == pytest.approx(0.13)
    assert pair.why_not_judged_by == "follows from g_e at 1.911 and g_h at 1.911"
    drawn = np.random.default_rng(0).normal([1.41, 0.91], [0.05, 0.12], (200_000, 2)).sum(axis=1)
    assert pair.error == pytest.approx(drawn.std(), rel=0.01)


@pytest.mark.parametrize(
    "points",
    [
        [ELECTRON],
        [ELECTRON, replace(HOLE, sample="B")],
        [ELECTRON, replace(HOLE, energy_eV=1.912)],
        [ELECTRON, replace(HOLE, temperature_K=77.0)],
        [replace(ELECTRON, energy_eV=None), replace(HOLE, energy_eV=None)],
        [ELECTRON, replace(HOLE, quantity="abs_g_h")],
        [ELECTRON, replace(HOLE, kind="upper-bound")],
        [ELECTRON, replace(HOLE, evidence="contains-theory")],
        [ELECTRON, HOLE, replace(HOLE, value=0.95)],
        [ELECTRON, HOLE, MeasuredPoint(1.7, "g_bx", 2.2, source="mine.csv")],
    ],
)
def test_no_sum_without_one_pair_of_a_source_that_states_none(points):
    assert with_pairs(points) == tuple(points)


def test_a_missing_error_stays_missing():
    assert with_pairs([ELECTRON, replace(HOLE, error=None)])[-1].error is None
    assert math.isclose(with_pairs([ELECTRON, replace(HOLE, error=0.0)])[-1].error, 0.05)


def test_the_published_collection_states_its_own():
    points = load_measured("meliakov2025")
    assert with_pairs(points) == points
