"""Types of the values in a parameter file, and the messages about wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from bandg.crystal.lattice import PEROVSKITE
from bandg.parameters.schema import SHOW, fail, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Status = Literal["published", "transcribed", "fitted", "assumed"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Defaults(_Strict):
    unit: Text | None = None
    source: Text | None = None
    status: Status | None = None


class _Entry(_Defaults):
    value: float = Field(allow_inf_nan=False)
    stderr: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    note: Text | None = None


def _as_table(raw: Any) -> Any:
    """A bare number is an entry without a table."""
    return raw if isinstance(raw, dict | _Entry) else {"value": raw}


_Number = Annotated[_Entry, BeforeValidator(_as_table)]
_Table = dict[str, _Number]


class _Lattice(_Strict):
    name: Text = PEROVSKITE.name
    a: _Number | None = None


class _Crystal(_Strict):
    tilt: Text
    angles: Text = ""
    keep: Text = "bonds"


class _File(_Strict):
    version: int = Field(alias="schema")
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\z")]
    base: Text | None = None
    use: str = ""
    description: str = ""
    material: Text | None = None
    model: Text | None = None
    defaults: _Defaults = _Defaults()
    lattice: _Lattice = _Lattice()
    crystal: _Crystal | None = None
    onsite: dict[str, _Table] = {}
    spin_orbit: dict[str, _Table] = {}
    hopping: dict[str, _Table] = {}
    scaling: dict[str, _Table] = {}
    surface: dict[str, _Table] = {}
    published: _Table = {}


def check(raw: dict[str, Any], label: str) -> None:
    """Raise BandgError, one line, for a value of a parameter file that has a wrong type or is missing."""
    try:
        _File.model_validate(raw)
    except ValidationError as error:
        _translate(error, label)


def _translate(error: ValidationError, label: str) -> NoReturn:
    """Turn pydantic's first complaint into one line."""
    first = error.errors(include_url=False)[0]
    where = [str(part) for part in first["loc"]]
    kind = first["type"]
    if where[-1] == "value" and len(where) > 1:
        where.pop()
        if kind == "missing":
            fail(label, ".".join(where), "has no value: write { value = 1.0, ... } or a bare number")
    fail(label, ".".join(where), complaint(first))


def complaint(error: ErrorDetails) -> str:
    """The error in one value, from one error of pydantic."""
    last, given = next((str(part) for part in error["loc"][::-1]), ""), SHOW.repr(error["input"])
    options = str(error.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
    return {
        "missing": f"is missing: write {last} = {1 if last == 'schema' else quoted('...')}",
        "float_type": f"must be a number, not {given}",
        "int_type": f"must be a whole number, not {given}",
        "finite_number": f"must be finite, not {given}",
        "string_type": f"must be a text in quotes, not {given}",
        "string_too_short": "must not be empty",
        "string_pattern_mismatch": f"{given} must consist of letters, digits and . _ + - (first a letter or digit)",
        "literal_error": f"must be one of {options}, not {given}",
        "greater_than_equal": f"must not be negative, but is {given}",
        "dict_type": f"must be a table, not {given}",
        "model_type": f"must be a table, not {given}",
        "list_type": f"must be a list, not {given}",
    }.get(error["type"], f"{error['msg'][0].lower()}{error['msg'][1:]}, not {given}")
