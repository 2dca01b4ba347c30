"""Core-level shifts of slabs against the table that their source prints."""

from __future__ import annotations

import json

import pytest

from bandg.base.resources import theory_curve
from bandg.data.slabs import SLABS, load_slabs

PRINTED = {
    "halide": [
        {"I": 0.13, "Cs": -0.72},
        {"I": -0.11, "Pb": -0.01},
        {"I": 0.02, "Cs": 0.0},
        {"I": -0.02, "Pb": 0.0},
    ],
    "lead": [
        {"I": 0.52, "Pb": 0.11},
        {"I": 0.04, "Cs": 0.22},
        {"I": 0.01, "Pb": 0.0},
        {"I": -0.01, "Cs": 0.0},
    ],
}


@pytest.mark.parametrize("termination", PRINTED)
def test_the_printed_table(termination: str) -> None:
    printed = {(kind, plane): shift for plane, row in enumerate(PRINTED[termination]) for kind, shift in row.items()}
    found = {key: round(shift, 2) + 0.0 for key, shift in load_slabs()[termination].shifts.items()}
    assert found == printed


def test_shifts_follow_from_the_core_levels() -> None:
    raw = json.loads(theory_curve(f"reference/{SLABS}.json").read_text(encoding="utf-8"))["slabs"]
    for slab in load_slabs().values():
        assert len(slab.shifts) == len(raw[slab.name]) == 8
        for row in raw[slab.name]:
            key = row["species"], row["plane_from_surface"]
            assert slab.shifts[key] == pytest.approx(row["shift_eV"], abs=6e-4)
