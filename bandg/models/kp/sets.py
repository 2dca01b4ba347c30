"""k.p parameter sets: files with `model = "kp"`, or extracted from a tight-binding set."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.files import read_text
from bandg.base.show import Shown
from bandg.base.text import nearest, one_line
from bandg.base.toml import parse_toml, write_toml
from bandg.parameters.loader import available_sets, is_shipped
from bandg.parameters.names import LATTICE, STATUSES, out_of_range
from bandg.parameters.sets import Parameter, ParameterSet

_TOP = ("schema", "name", "model", "use", "description", "defaults", "lattice", "kp")
_ENTRY = ("value", "unit", "source", "status", "note", "stderr")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_LIMITS = {"eV": 100.0, "eV nm": 10.0, "1": 1000.0, "nm": 100.0}
"""Largest values; larger ones come from wrong units."""


@dataclass(frozen=True, repr=False)
class KpSet(Shown):
    """A parameter set of the 8-band k.p model.

    Parameters
    ----------
    name, description : str
        Name and description of the set.
    entries : mapping of str to Parameter
        Parameters by the names of `bandg.models.kp.hamiltonian.PARAMETERS`; missing ones have defaults.
    lattice : Parameter, optional
        Lattice constant in nm, needed only for nanocrystals.
    use : str
        What the set is for, in a few words.

    Examples
    --------
    >>> from bandg.models.kp.sets import load_kp
    >>> load_kp("kirstein2022").values["E_g"]
    1.652
    """

    name: str
    description: str
    entries: Mapping[str, Parameter]
    lattice: Parameter | None = None
    use: str = ""

    @property
    def a_nm(self) -> float:
        """Lattice constant in nm, by which sizes are counted. Raises BandgError for a set that has none."""
        if self.lattice is None:
            raise BandgError(
                f"{self.name} has no lattice constant: give the nanocrystal a set from `bandg kp from-etb`, or write "
                '[lattice] with a = { value = 0.6289, unit = "nm", source = "...", status = "..." }'
            )
        return self.lattice.value

    @property
    def values(self) -> dict[str, float]:
        """Plain numbers by name."""
        return {name: entry.value for name, entry in self.entries.items()}

    @property
    def has_masses(self) -> bool:
        """Whether a_v and a_6 are given."""
        return {"a_v", "a_6"} <= set(self.entries)

    def digest(self) -> str:
        """sha256 (hex) of the numbers alone."""
        numbers = [[name, repr(value)] for name, value in sorted(self.values.items())]
        numbers.append(["lattice.a", repr(self.lattice.value) if self.lattice else ""])
        return hashlib.sha256(json.dumps({"schema": 1, "model": "kp", "numbers": numbers}).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The whole set with provenance as plain JSON types."""
        entries = {name: entry.provenance() for name, entry in self.entries.items()}
        lattice = {"a": self.lattice.provenance()} if self.lattice else {}
        head = {"schema": 1, "name": self.name, "use": self.use, "description": self.description, "model": "kp"}
        return head | {"digest": self.digest(), "lattice": lattice, "entries": entries}

    def to_toml(self) -> str:
        """A complete file that loads back to the same set."""
        told = {key: text for key, text in (("use", self.use), ("description", self.description)) if text}
        head = {"schema": 1, "name": self.name, "model": "kp", **told}
        lattice = {"a": self.lattice.provenance()} if self.lattice else {}
        kp = {name: entry.provenance() for name, entry in self.entries.items()}
        return write_toml(head | {"lattice": lattice, "kp": kp})

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the numbers as lines."""
        lines = {name: f"{entry.value:.5g} {entry.unit}".removesuffix(" 1") for name, entry in self.entries.items()}
        return f"k.p set {self.name}", lines | ({"lattice constant": f"{self.a_nm:.5g} nm"} if self.lattice else {})


def load_kp(name_or_path: str | os.PathLike[str]) -> KpSet:
    """A shipped k.p set by name, a k.p file by path, or the set extracted from a tight-binding set.

    Raises BandgError, one line, for whatever is wrong.
    """
    name = os.fspath(name_or_path)
    if is_shipped(name, "kp"):
        return parse(resources.read_params(f"{name}.toml"), f"{name}.toml")
    if is_shipped(name):
        return from_etb(name)
    if not (name.endswith(".toml") or os.sep in name):
        known = [*available_sets("kp"), *available_sets("etb")]
        raise BandgError(f"unknown set {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
    text = read_text(name, name, "`bandg params list` names the sets that ship", "the TOML file of a k.p set")
    if parse_toml(text, name).get("model", "etb") == "etb":
        return from_etb(name)
    return parse(text, name)


def from_etb(name_or_path: str | os.PathLike[str], neighbors: int | None = None) -> KpSet:
    """The 8-band set that describes the same crystal near R as a tight-binding set, by name or path."""
    from bandg.parameters.loader import load_set

    return of_etb(load_set(name_or_path), neighbors)


def of_etb(etb: ParameterSet, neighbors: int | None = None) -> KpSet:
    """The 8-band set that describes the same crystal near R as a tight-binding set."""
    from bandg.models.kp.from_etb import extract
    from bandg.models.kp.matrices import PARAMETERS

    if etb.crystal:
        raise BandgError(f"{etb.name} is made for a tilted crystal, and k.p is that of a cubic one: choose another set")
    found = extract(etb, neighbors)
    source = f"extracted from {etb.name} at R, sha256 {etb.digest()[:12]}"
    entries = {
        name: Parameter(name, value, PARAMETERS[name][0], source, "fitted") for name, value in found.values.items()
    }
    description = f"8-band k.p set with the bands of {etb.name} near R"
    return KpSet(f"{etb.name}-kp", description, entries, etb.entries[LATTICE])


def parse(text: str, label: str) -> KpSet:
    """Read the text of a k.p file; label is the file's name in errors. Raises BandgError."""
    from bandg.models.kp.matrices import PARAMETERS

    raw = parse_toml(text, label)
    _only(raw, _TOP, label, "")
    if raw.get("schema") != 1:
        _fail(label, "schema", "must be 1")
    if raw.get("model") != "kp":
        _fail(label, "model", 'must be "kp" in a k.p file')
    name = raw.get("name")
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        _fail(label, "name", f"must be letters, digits and . _ + -, not {name!r}" if name else "is missing")
    texts = {key: raw.get(key, "") for key in ("description", "use")}
    for key, text in texts.items():
        if not isinstance(text, str):
            _fail(label, key, f"must be text, not {text!r}")
    if not isinstance(raw.get("kp"), dict):
        _fail(label, "[kp]", "is missing: it has E_g, Delta, P6, P8 ...")
    defaults = raw.get("defaults", {})
    _only(defaults, ("unit", "source", "status"), label, "defaults.")
    _only(raw["kp"], tuple(PARAMETERS), label, "kp.")
    for needed in ("E_g", "Delta", "P6", "P8"):
        if needed not in raw["kp"]:
            _fail(label, f"kp.{needed}", "is missing")
    entries = {
        name: _entry(name, raw["kp"][name], defaults, PARAMETERS[name][0], label)
        for name in PARAMETERS
        if name in raw["kp"]
    }
    for name in ("E_g", "Delta"):
        if entries[name].value <= 0:
            _fail(label, f"kp.{name}", f"must be above zero, not {entries[name].value:g}")
    own = _lattice(raw, defaults, label)
    return KpSet(raw["name"], texts["description"].strip(), entries, own, texts["use"].strip())


def _lattice(raw: dict[str, Any], defaults: dict[str, Any], label: str) -> Parameter | None:
    if "lattice" not in raw:
        return None
    _only(raw["lattice"], ("a",), label, "lattice.")
    if "a" not in raw["lattice"]:
        _fail(label, LATTICE, "is missing")
    given = raw["lattice"]["a"]
    entry = _entry(LATTICE, given, defaults | {"unit": "nm"}, "nm", label, LATTICE)
    if problem := out_of_range(LATTICE, entry.value):
        _fail(label, LATTICE, problem)
    return entry


def _entry(
    name: str, given: Any, defaults: dict[str, Any], unit: str, label: str, place: str | None = None
) -> Parameter:
    place = place or f"kp.{name}"
    content = defaults | (given if isinstance(given, dict) else {"value": given})
    if isinstance(given, dict):
        _only(given, _ENTRY, label, place + ".")
    value: Any = content.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _fail(label, place, f"must be a finite number, not {value!r}")
    if content.get("unit") != unit:
        _fail(label, place, f'has the unit {content.get("unit")!r}: write unit = "{unit}"')
    if abs(value) > _LIMITS[unit]:
        _fail(label, place, f"is {value:g}: the largest allowed value is {_LIMITS[unit]:g} {unit}")
    if content.get("status") not in STATUSES:
        _fail(label, place, f"needs a status: one of {', '.join(STATUSES)}")
    if not isinstance(content.get("source"), str) or not content["source"].strip():
        _fail(label, place, "needs a source")
    if not isinstance(content.get("note", ""), str):
        _fail(label, place, f"has a note that is not text: {content['note']!r}")
    return Parameter(name, float(value), unit, content["source"], content["status"], note=content.get("note"))


def _only(table: Any, known: tuple[str, ...], label: str, prefix: str) -> None:
    if not isinstance(table, dict):
        _fail(label, prefix.removesuffix("."), "must be a table")
    for key in table:
        if key not in known:
            _fail(label, prefix + key, f"unknown key{nearest(key, known)}; known are {', '.join(known)}")


def _fail(label: str, place: str, what: str) -> None:
    raise BandgError(one_line(f"{label}: {place}: {what}"))
