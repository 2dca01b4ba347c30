"""One parameter file: TOML text in, checked entries with their provenance out (no base, no completeness)."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field
from typing import Any, NoReturn

from bandg.base.errors import BandgError
from bandg.base.text import nearest, one_line
from bandg.crystal.lattice import PEROVSKITE, SURFACE_PLANES, Lattice, lattice_named
from bandg.parameters.names import (
    LATTICE,
    PUBLISHED,
    SHELLS,
    integral_names,
    out_of_range,
    swapped,
    unit_of,
)
from bandg.parameters.sets import Parameter

SHOW = reprlib.Repr()
"""Shortens a value for a message."""

SHOW.maxstring = SHOW.maxother = 60

_DEFAULTS = ("unit", "source", "status")
_ENTRY = (*_DEFAULTS, "value", "stderr", "note")
_SECTIONS = ("lattice", "onsite", "spin_orbit", "hopping", "scaling", "surface", "published")
_CRYSTAL = ("tilt", "angles", "keep")
_TOP = ("schema", "name", "base", "use", "description", "material", "model", "defaults", "crystal", *_SECTIONS)

Table = dict[str, Any]
"""Entries by name; an entry is a table with its value, or a bare number."""


@dataclass(frozen=True)
class RawSet:
    """Content of one file: the tables have only its own numbers, with checked units.

    crystal: the distortion that the set is made for, by the names of the arguments of `bandg.compute`.
    use: what it is for, in a few words.
    """

    name: str
    base: str | None
    description: str
    material: str | None
    model: str | None
    lattice: Lattice
    entries: dict[str, Parameter] = field(default_factory=dict)
    published: dict[str, Parameter] = field(default_factory=dict)
    scaling: dict[str, Parameter] = field(default_factory=dict)
    surface: dict[str, Parameter] = field(default_factory=dict)
    crystal: dict[str, str] = field(default_factory=dict)
    use: str = ""


def fail(label: str, key: str, what: str) -> NoReturn:
    """Raise the one-line BandgError ``label: key: what``."""
    key = key if len(key) <= 80 else key[:77] + "..."
    raise BandgError(one_line(f"{label}: {key}: {what}" if key else f"{label}: {what}"))


def parse(raw: dict[str, Any], label: str, shipped: bool = False) -> RawSet:
    """The content of one parameter file; ``label`` is the file name as the user gave it.

    shipped: the file comes with bandg; the types of its values are not checked, since a test has done so.
    Raises BandgError with the file, the key and a correct example.
    """
    if raw.get("model") == "kp":
        fail(label, "model", 'is "kp", not available here: use the file with bandg kp, or write model = "etb"')
    lattice = _lattice(raw, label)
    _check_names(raw, _tree(lattice), (), label)
    if not shipped:
        from bandg.parameters.check import check  # pydantic is slow to load

        check(raw, label)
    if raw["schema"] != 1:
        fail(label, "schema", f"{raw['schema']} is not known: this version of bandg reads schema = 1")
    base, material, model = (_text(raw, key) for key in ("base", "material", "model"))
    if model not in (None, "etb"):
        fail(label, "model", f'{SHOW.repr(model)} is not known: write model = "etb"')
    tables = {section: raw.get(section, {}) for section in _SECTIONS}
    scaling = _tables("scaling", _named_once(tables["scaling"], "scaling", lattice, label))
    surface = _tables("surface", tables["surface"])
    published = [(f"published.{key}", entry) for key, entry in tables["published"].items()]

    def resolved(entries: list[tuple[str, Any]], **more: str) -> dict[str, Parameter]:
        return {path: _resolve(path, entry, raw.get("defaults", {}) | more, label) for path, entry in entries}

    found = (resolved(_flat(tables, lattice, label)), resolved(published), resolved(scaling, unit="1"))
    entries, quoted, exponents = found
    shifts = resolved(surface, unit="eV")
    head = (raw["name"], base, raw.get("description", "").strip(), material, model, lattice)
    of_bulk = {path.partition(".")[2]: one for path, one in quoted.items()}
    crystal = _crystal(raw.get("crystal", {}), lattice, label, shipped)
    return RawSet(*head, entries, of_bulk, exponents, shifts, crystal, _text(raw, "use") or "")


def _crystal(table: dict[str, str], lattice: Lattice, label: str, shipped: bool) -> dict[str, str]:
    """The table [crystal], checked unless it is shipped."""
    if table and not shipped:
        from bandg.crystal.distortion import distorted  # numpy is slow to load
        from bandg.crystal.shapes import cube

        try:
            own = table["tilt"], table.get("angles", ""), table.get("keep")
            distorted(cube(2, 1.0, lattice=lattice), None, *own)
        except BandgError as error:
            fail(label, "crystal", str(error))
    return dict(table)


def _text(table: dict[str, Any], key: str) -> str | None:
    text = table.get(key)
    return text if text is None else text.strip()


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
    number: dict[str, Any] = {key: {} for key in _ENTRY}
    hopping = {table: dict.fromkeys(integral_names(table), number) for table in lattice.tables}
    for table, reverse in _reversed(lattice).items():
        hopping[reverse] = dict.fromkeys(map(swapped, integral_names(table)), number)
    tree: dict[str, Any] = {key: {} for key in _TOP}
    tree["defaults"] = {key: {} for key in _DEFAULTS}
    tree["crystal"] = {key: {} for key in _CRYSTAL}
    tree["lattice"] = {"name": {}, "a": number}
    tree["onsite"] = {species: dict.fromkeys(SHELLS, number) for species in lattice.kinds}
    tree["spin_orbit"] = {species: {"p": number} for species in lattice.kinds}
    tree["hopping"] = tree["scaling"] = hopping
    planes = [f"{species}.{plane}" for plane in range(SURFACE_PLANES) for species in lattice.kinds]
    tree["surface"] = {end.name: dict.fromkeys(planes, number) for end in lattice.terminations}
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
            if where[:1] == ("surface",) and key.partition(".")[2].isdecimal() and key.partition(".")[0] + ".0" in tree:
                fail(label, key_path, f"shifts are of planes 0 to {SURFACE_PLANES - 1}, counted from the surface")
            hint = nearest(key, tree) or f"; there are: {', '.join(list(tree)[:12])}"
            fail(label, key_path, f"is an unknown key{hint}")
        if isinstance(value, dict) and tree[key]:
            _check_names(value, tree[key], (*where, key), label)


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return f'"{text}"'


def _flat(file: dict[str, Table], lattice: Lattice, label: str) -> list[tuple[str, Any]]:
    """(dotted path, entry) of every number in which H is linear, and of the lattice constant."""
    hopping = _named_once(file["hopping"], "hopping", lattice, label)
    flat = [(LATTICE, file["lattice"]["a"])] if "a" in file["lattice"] else []
    for section, tables in (("onsite", file["onsite"]), ("spin_orbit", file["spin_orbit"]), ("hopping", hopping)):
        flat += _tables(section, tables)
    return flat


def _tables(section: str, tables: dict[str, Table]) -> list[tuple[str, Any]]:
    return [(f"{section}.{name}.{key}", entry) for name, table in tables.items() for key, entry in table.items()]


def _named_once(given: dict[str, Table], section: str, lattice: Lattice, label: str) -> dict[str, Table]:
    """Tables of bonds with those that are named from the other end renamed, as X-Pb to Pb-X."""
    tables = dict(given)
    for table, reverse in _reversed(lattice).items():
        turned = tables.pop(reverse, None)
        if turned is not None:
            if table in tables:
                fail(label, f"{section}.{reverse}", f"stands beside {section}.{table}: give one of the two tables")
            tables[table] = {swapped(name): entry for name, entry in turned.items()}
    return tables


def _resolve(path: str, given_entry: Any, defaults: dict[str, str], label: str) -> Parameter:
    """Fill in the defaults and check unit and size."""
    entry = given_entry if isinstance(given_entry, dict) else {"value": given_entry}
    given = {key: _text(defaults | entry, key) for key in _DEFAULTS}
    for key, value in given.items():
        if value is None:
            fail(label, path, f"has no {key}: give it in the entry or in [defaults]")
    right = unit_of(path)
    if given["unit"] != right:
        origin = "" if "unit" in entry else " (from [defaults])"
        fail(label, path, f"unit {SHOW.repr(given['unit'])}{origin} is wrong: write unit = {quoted(right)}")
    number, stderr = float(entry["value"]) + 0.0, entry.get("stderr")
    if problem := out_of_range(path, number):
        fail(label, path, problem)
    error = None if stderr is None else float(stderr)
    return Parameter(path, number, stderr=error, note=_text(entry, "note"), **given)  # type: ignore[arg-type]
