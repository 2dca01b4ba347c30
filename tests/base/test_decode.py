"""What the cache holds comes back as it was, to the last digit, for every kind of result that is stored."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandg.analysis.fit.solve import FitAttempt
from bandg.base.decode import decode, finite
from bandg.crystal.lattice import PEROVSKITE
from bandg.crystal.shapes import Nanocrystal, cube
from bandg.models.etb.derivatives import Derivatives
from bandg.models.levels import Levels, LevelState
from bandg.runs.attempt import Outcome

KINDS = (Levels, Outcome, Derivatives, FitAttempt, Nanocrystal)
CRYSTALS = st.builds(Nanocrystal, lattice=st.sampled_from([PEROVSKITE, replace(PEROVSKITE, name="another")]))
st.register_type_strategy(Nanocrystal, CRYSTALS)
STATE = LevelState(
    0.1 + 0.2, "8-", 4, g_quartet=(float("inf"), 5e-324), g_axes=((0.0, -0.0, 1.0),), g_spin=float("nan")
)


def stored(result: Any) -> Any:
    return json.loads(json.dumps(asdict(result)))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_kind_of_result_comes_back(kind: type[Any], data: st.DataObject) -> None:
    result = data.draw(st.from_type(kind))
    assert repr(asdict(decode(kind, stored(result)))) == repr(asdict(result))


def test_floats_are_exact_and_may_be_infinite_or_no_number() -> None:
    assert repr(decode(LevelState, stored(STATE))) == repr(STATE)


@pytest.mark.parametrize("payload", [None, [], {}, stored(STATE) | {"energy_eV": None}, stored(STATE) | {"g_axes": 1}])
def test_what_is_no_result_is_an_error(payload: Any) -> None:
    with pytest.raises(ValueError, match=r"not a LevelState|is not of the type"):
        decode(LevelState, payload)


def test_the_crystal_of_a_result_is_the_crystal() -> None:
    assert decode(Nanocrystal, stored(cube(3, 0.6))) == cube(3, 0.6)


def test_numbers_for_json() -> None:
    assert finite(np.array([[1.5, np.nan], [np.inf, -0.0]])) == [[1.5, None], [None, 0.0]]
    assert [finite(one) for one in (None, 2, np.float64(0.1), float("-inf"))] == [None, 2, 0.1, None]
