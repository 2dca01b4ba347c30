"""From a name or a file to a complete parameter set: reading, the chain of bases, completeness."""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from bandg.base import resources
from bandg.base.arguments import strict
from bandg.base.errors import BandgError
from bandg.base.files import read_text
from bandg.base.text import nearest
from bandg.base.toml import parse_toml
from bandg.crystal.lattice import Lattice
from bandg.parameters.names import LATTICE, order, required_integrals, shells_of
from bandg.parameters.schema import RawSet, fail, parse
from bandg.parameters.sets import Parameter, ParameterSet, orbitals_of


def load(name_or_path: str) -> ParameterSet:
    """See :func:`bandg.parameters.load_set`."""
    if not is_path(name_or_path):
        if is_shipped(name_or_path, "kp"):
            raise BandgError(f"{name_or_path} is a k.p set, not a tight-binding set: use it with bandg kp")
        if not is_shipped(name_or_path):
            raise BandgError(f"unknown parameter set {name_or_path!r}{_hint(name_or_path)}")
        return _assemble(f"{name_or_path}.toml", None, name_or_path)
    return load_file(name_or_path)


def load_file(path: str) -> ParameterSet:
    """The parameter set of the file ``path``, whatever its name looks like."""
    return _assemble(path, Path(path), path)


def is_path(name: str) -> bool:
    """Whether the user means a file (``.toml`` or a separator in it) rather than a shipped set."""
    return name.endswith(".toml") or "/" in name or os.sep in name


def _hint(name: str) -> str:
    return f"{nearest(name, available_sets())}; there are: {', '.join(available_sets())}"


def _assemble(label: str, path: Path | None, given: str) -> ParameterSet:
    chain = _chain(label, path, given)
    own = chain[0]
    entries: dict[str, Parameter] = {}
    published: dict[str, Parameter] = {}
    scaling: dict[str, Parameter] = {}
    surface: dict[str, Parameter] = {}
    crystal: dict[str, str] = {}
    material = model = None
    for raw in reversed(chain):
        if raw.material not in (None, material):
            published = {}  # bulk values of another material do not apply
        material, model = raw.material or material, raw.model or model
        if raw.lattice != own.lattice:
            what = f'is "{own.lattice.name}", but that of {raw.name} is "{raw.lattice.name}": write name ='
            fail(label, "lattice.name", f'{what} "{raw.lattice.name}" in [lattice], or choose another base')
        entries |= raw.entries
        published |= raw.published
        scaling |= raw.scaling
        surface |= raw.surface
        crystal = raw.crystal or crystal
    if material is None:
        fail(label, "material", 'is missing: write material = "CsPbI3"')
    _check_complete(entries, own.lattice, label)
    origin = "shipped" if path is None else label
    for exponent in scaling:
        if f"hopping.{exponent.partition('.')[2]}" not in entries:
            fail(label, exponent, "has no hopping that it could scale: add it, or drop this exponent")
    head = (own.name, own.description, material, model or "etb", own.base, origin)
    return ParameterSet(*head, entries, published, scaling, own.lattice, surface, crystal, own.use)


def _chain(label: str, path: Path | None, given: str) -> list[RawSet]:
    """The file and its bases, the file first."""
    chain: list[RawSet] = []
    seen: list[str] = []
    next_name: str | None = given
    while next_name is not None:
        prefix = label if not chain else f"{label}: base: {next_name}"
        tables = _read(path, next_name, prefix)
        identity = next_name if path is None else os.path.realpath(path)
        if identity in seen:
            fail(label, "base", f"is circular: {next_name!r} is its own base")
        seen.append(identity)
        raw = parse(tables, prefix, shipped=path is None)
        chain.append(raw)
        next_name = raw.base
        if next_name is None:
            break
        if is_path(next_name):
            path = (path.parent if path else Path()) / next_name
        elif is_shipped(next_name):
            path = None
        else:
            near = nearest(next_name, available_sets())
            hint = f"{near}; bandg params list says which there are" if near else _hint(next_name)
            fail(prefix, "base", f"there is no parameter set {next_name!r}{hint}")
    return chain


def _read(path: Path | None, name: str, label: str) -> dict[str, Any]:
    if path is None:
        return shipped(f"{name}.toml")
    missing = f"shipped sets are: {', '.join(available_sets())}"
    return parse_toml(read_text(path, label, missing, "a parameter file (.toml)"), label)


def _check_complete(entries: dict[str, Parameter], lattice: Lattice, label: str) -> None:
    """Check that the set has exactly the entries that its orbitals need; absent spin-orbit coupling becomes 0."""
    if LATTICE not in entries:
        fail(label, LATTICE, 'is missing: write [lattice] with a = { value = 0.6289, unit = "nm" }')
    orbitals = orbitals_of(entries, lattice)
    for species in lattice.kinds:
        if not orbitals[species]:
            fail(label, f"onsite.{species}", f"has no orbital: write [onsite.{species}] with s, p, d or s*")
    for path in sorted(entries, key=order(lattice).__getitem__):
        for species, shell in _needs(path):
            if shell not in orbitals[species]:
                fail(label, path, f"the set has no {shell} on {species}: add onsite.{species}.{shell} or drop this")
    for bonds in lattice.shells:
        table = bonds.name
        if bonds.order == 1 or any(path.startswith(f"hopping.{table}.") for path in entries):
            for name in required_integrals(table, orbitals, lattice):
                if f"hopping.{table}.{name}" not in entries:
                    fail(label, f"hopping.{table}.{name}", "is missing: write 0 if it is neglected")
    for species in lattice.kinds:
        path = f"spin_orbit.{species}.p"
        if "p" in orbitals[species] and path not in entries:
            entries[path] = Parameter(path, 0.0, "eV", "bandg", "assumed", note="absent from the file: taken as 0")


def _needs(path: str) -> list[tuple[str, str]]:
    """The (species, shell) pairs that ``path`` needs."""
    section, _, rest = path.partition(".")
    if section not in ("spin_orbit", "hopping"):
        return []
    table, _, name = rest.partition(".")
    if section == "spin_orbit":
        return [(table, name)]
    return list(zip(table.split("-"), shells_of(name), strict=True))


def load_set(name_or_path: str | os.PathLike[str]) -> ParameterSet:
    """A tight-binding set by its name or path. Raises BandgError; see `bandg.load_set`, which loads all sets."""
    return load(name_or_path) if isinstance(name_or_path, str) else load_file(os.fspath(name_or_path))


def model_of(name_or_path: str | os.PathLike[str]) -> Any:
    """The model that a shipped set or a file names, "etb" where it names none. Raises BandgError."""
    name = os.fspath(name_or_path)
    if not isinstance(name_or_path, str) or is_path(name):
        return _read(Path(name), name, name).get("model", "etb")
    return shipped(f"{name}.toml").get("model", "etb") if f"{name}.toml" in resources.params_files() else "etb"


@strict
def available_sets(model: str = "etb") -> dict[str, str]:
    """The shipped parameter sets of a model.

    Parameters
    ----------
    model : str
        "etb" or "kp".

    Returns
    -------
    dict of str to str
        What each set is for, by its name, sorted by name.

    Raises
    ------
    BandgError
        For an unknown keyword.

    Examples
    --------
    >>> import bandg
    >>> bandg.available_sets("kp")
    {'kirstein2022': 'k.p: universal bulk laws of lead halides, g against the gap'}
    """
    names = sorted(name.removesuffix(".toml") for name in resources.params_files())
    return {name: shipped(f"{name}.toml")["use"] for name in names if is_shipped(name, model)}


def is_shipped(name: str, model: str = "etb") -> bool:
    """Whether a set of that name ships and belongs to the model."""
    return f"{name}.toml" in resources.params_files() and shipped(f"{name}.toml").get("model", "etb") == model


@lru_cache
def shipped(file_name: str) -> dict[str, Any]:
    """The tables of a shipped parameter file. Raises BandgError if there is none of that name."""
    return tomllib.loads(resources.read_params(file_name))
