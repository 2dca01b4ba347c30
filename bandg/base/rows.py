"""Rows of tables: the types of their cells, checked by pydantic."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bandg.base.tables import is_number

LARGEST = 1e12
"""Largest magnitude of a number in a table; squares of larger numbers overflow."""


def _number(text: object) -> float:
    if not is_number(str(text)):
        raise ValueError("which is not a number")
    if not math.isfinite(value := float(str(text))):
        raise ValueError("which is not a finite number: leave the cell empty where there is none")
    if abs(value) > LARGEST:
        raise ValueError(f"which is beyond {LARGEST:g}")
    return value


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("it must be above zero")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise ValueError("it must not be negative")
    return value


Number = Annotated[float, BeforeValidator(_number)]
"""A finite number."""
Positive = Annotated[Number, AfterValidator(_positive)]
NotNegative = Annotated[Number, AfterValidator(_not_negative)]


class Row(BaseModel):
    """Base of the rows of a table with one field for each column. An empty cell counts as a missing column."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=True)
