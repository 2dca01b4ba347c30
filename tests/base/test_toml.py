"""What is written is read back by Python's own reader, whatever the characters."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandg.base.errors import BandgError
from bandg.base.toml import parse_toml, write_toml

VALUES = (
    st.text() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.dictionaries(st.text(), st.text())
)


@given(st.dictionaries(st.text(), VALUES))
def test_every_text_and_number_comes_back(table: dict[str, object]) -> None:
    assert tomllib.loads(write_toml({"schema": 1, "a.b-c": table})) == (
        {"schema": 1} | ({"a": {"b-c": table}} if table else {})
    )


def test_the_look_of_a_file() -> None:
    entry = {"value": -0.5, "note": 'beyond the plane: 𝒜, "quoted"\x7f'}
    text = write_toml({"name": "a", "onsite.Pb": {"s": 1e-7, "p": entry}, "empty": {}, "hopping.Pb-X": {"s-p": 2.0}})
    assert text.splitlines() == [
        'name = "a"',
        "",
        "[onsite.Pb]",
        "s = 1e-07",
        'p = { value = -0.5, note = "beyond the plane: 𝒜, \\"quoted\\"\\u007f" }',
        "",
        "[hopping.Pb-X]",
        '"s-p" = 2.0',
    ]


def test_half_a_character_does_not_spoil_the_file() -> None:
    assert tomllib.loads(write_toml({"name": "a\ud800"})) == {"name": "a?"}


@pytest.mark.parametrize("text", ["a = ", "a = " + "[" * 5000, "a = " + "9" * 5000])
def test_what_is_no_toml_is_one_line(text: str) -> None:
    with pytest.raises(BandgError, match=r"^file\.toml: is not valid TOML: .*$"):
        parse_toml(text, "file.toml")
