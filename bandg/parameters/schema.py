"""One parameter file: TOML text in, checked entries with their provenance out (no base, no completeness)."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from bandg.base.errors import BandgError
from bandg.base.text import nearest, one_line
from bandg.base.toml import parse_toml
from bandg.crystal.lattice import PEROVSKITE, Lattice, lattice_named
from bandg.parameters.names import LATTICE, PUBLISHED, SHELLS, integral_names, out_of_range, swapped, unit_of
from bandg.parameters.sets import Parameter

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_show = reprlib.Repr()
_show.maxstring = _show.maxother = 60

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


class _File(_Strict):
    version: int = Field(alias="schema")
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\z")]
    base: Text | None = None
    description: str = ""
    material: Text | None = None
    model: Text | None = None
    defaults: _Defaults = _Defaults()
    lattice: _Lattice = _Lattice()
    onsite: dict[str, _Table] = {}
    spin_orbit: dict[str, _Table] = {}
    hopping: dict[str, _Table] = {}
    scaling: dict[str, _Table] = {}
    published: _Table = {}


@dataclass(frozen=True)
class RawSet:
    """Content of one file: ``entries``, ``published`` and ``scaling`` have only its own numbers, with checked units."""

    name: str
    base: str | None
    description: str
    material: str | None
    model: str | None
    lattice: Lattice
    entries: dict[str, Parameter] = field(default_factory=dict)
    published: dict[str, Parameter] = field(default_factory=dict)
    scaling: dict[str, Parameter] = field(default_factory=dict)


def fail(label: str, key: str, what: str) -> NoReturn:
    """Raise the one-line BandgError ``label: key: what``."""
    key = key if len(key) <= 80 else key[:77] + "..."
    raise BandgError(one_line(f"{label}: {key}: {what}" if key else f"{label}: {what}"))


def parse(text: str, label: str) -> RawSet:
    """Read one parameter file; ``label`` is the file name as the user gave it.

    Raises BandgError with the file, the key and a correct example.
    """
    raw = parse_toml(text, label)
    if raw.get("model") == "kp":
        fail(label, "model", 'is "kp", not available here: use the file with bandg kp, or write model = "etb"')
    lattice = _lattice(raw, label)
    _check_names(raw, _tree(lattice), (), label)
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        _translate(error, label)
    if file.version != 1:
        fail(label, "schema", f"{file.version} is not known: this version of bandg reads schema = 1")
    if file.model not in (None, "etb"):
        fail(label, "model", f'{_show.repr(file.model)} is not known: write model = "etb"')
    entries: dict[str, Parameter] = {}
    for path, entry in _flat(file, lattice, label):
        entries[path] = _resolve(path, entry, file.defaults, label)
    published = {
        key: _resolve(f"published.{key}", entry, file.defaults, label) for key, entry in file.published.items()
    }
    scaling = {
        path: _resolve(path, entry.model_copy(update={"unit": entry.unit or "1"}), file.defaults, label)
        for path, entry in _tables("scaling", _named_once(file.scaling, "scaling", lattice, label))
    }
    head = (file.name, file.base, file.description.strip(), file.material, file.model, lattice)
    return RawSet(*head, entries, published, scaling)


def _lattice(raw: dict[str, Any], label: str) -> Lattice:
    """The lattice that a file names, by default the perovskite."""
    table = raw.get("lattice")
    name = table.get("name", PEROVSKITE.name) if isinstance(table, dict) else PEROVSKITE.name
    if not isinstance(name, str):
        return PEROVSKITE  # errors in it are reported later
    try:
        return lattice_named(name)
    except BandgError as error:
        fail(label, "lattice.name", str(error))


def _tree(lattice: Lattice) -> dict[str, Any]:
    """The keys that a file may have, nested as in the file; an empty dict marks the end."""
    number: dict[str, Any] = {key: {} for key in _Entry.model_fields}
    hopping = {table: dict.fromkeys(integral_names(table), number) for table in lattice.tables}
    for table, reverse in _reversed(lattice).items():
        hopping[reverse] = dict.fromkeys(map(swapped, integral_names(table)), number)
    tree: dict[str, Any] = {info.alias or name: {} for name, info in _File.model_fields.items()}
    tree["defaults"] = {key: {} for key in _Defaults.model_fields}
    tree["lattice"] = {"name": {}, "a": number}
    tree["onsite"] = {species: dict.fromkeys(SHELLS, number) for species in lattice.kinds}
    tree["spin_orbit"] = {species: {"p": number} for species in lattice.kinds}
    tree["hopping"] = tree["scaling"] = hopping
    tree["published"] = dict.fromkeys(PUBLISHED, number)
    return tree


def _reversed(lattice: Lattice) -> dict[str, str]:
    """Tables between two species, with their names from the other end."""
    return {shell.name: f"{shell.second}-{shell.first}" for shell in lattice.shells if not shell.is_equal}


def _check_names(raw: dict[str, Any], tree: dict[str, Any], where: tuple[str, ...], label: str) -> None:
    for key, value in raw.items():
        if key not in tree:
            key_path = ".".join((*where, key))
            if isinstance(value, dict) and any(f"{key}.{inner}" in tree for inner in value):
                fail(label, key_path, f'a name with a dot needs quotes: write "{key}.{next(iter(value))}" = ...')
            hint = nearest(key, tree) or f"; there are: {', '.join(list(tree)[:12])}"
            fail(label, key_path, f"is an unknown key{hint}")
        if isinstance(value, dict) and tree[key]:
            _check_names(value, tree[key], (*where, key), label)


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
    last, given = next((str(part) for part in error["loc"][::-1]), ""), _show.repr(error["input"])
    options = str(error.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
    return {
        "missing": f"is missing: write {last} = {1 if last == 'schema' else _quoted('...')}",
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


def _quoted(text: str) -> str:
    return f'"{text}"'


def _flat(file: _File, lattice: Lattice, label: str) -> list[tuple[str, _Entry]]:
    """(dotted path, entry) of every number in which H is linear, and of the lattice constant."""
    hopping = _named_once(file.hopping, "hopping", lattice, label)
    flat = [(LATTICE, file.lattice.a)] if file.lattice.a else []
    for section, tables in (("onsite", file.onsite), ("spin_orbit", file.spin_orbit), ("hopping", hopping)):
        flat += _tables(section, tables)
    return flat


def _tables(section: str, tables: dict[str, _Table]) -> list[tuple[str, _Entry]]:
    return [(f"{section}.{name}.{key}", entry) for name, table in tables.items() for key, entry in table.items()]


def _named_once(given: dict[str, _Table], section: str, lattice: Lattice, label: str) -> dict[str, _Table]:
    """Tables of bonds with those that are named from the other end renamed, as X-Pb to Pb-X."""
    tables = dict(given)
    for table, reverse in _reversed(lattice).items():
        turned = tables.pop(reverse, None)
        if turned is not None:
            if table in tables:
                fail(label, f"{section}.{reverse}", f"stands beside {section}.{table}: give one of the two tables")
            tables[table] = {swapped(name): entry for name, entry in turned.items()}
    return tables


def _resolve(path: str, entry: _Entry, defaults: _Defaults, label: str) -> Parameter:
    """Fill in the defaults and check unit and size."""
    given = {key: getattr(entry, key) or getattr(defaults, key) for key in ("unit", "source", "status")}
    for key, value in given.items():
        if value is None:
            fail(label, path, f"has no {key}: give it in the entry or in [defaults]")
    right = unit_of(path)
    if given["unit"] != right:
        origin = "" if entry.unit else " (from [defaults])"
        fail(label, path, f"unit {_show.repr(given['unit'])}{origin} is wrong: write unit = {_quoted(right)}")
    if problem := out_of_range(path, entry.value):
        fail(label, path, problem)
    return Parameter(path, entry.value + 0.0, stderr=entry.stderr, note=entry.note, **given)
