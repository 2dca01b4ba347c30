"""Tight-binding parameter sets: every number with its unit, source and status, under one dotted path."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.base.text import nearest
from bandg.base.toml import write_toml
from bandg.crystal.lattice import PEROVSKITE, Lattice
from bandg.parameters.names import (
    DEFAULT_EXPONENT,
    LATTICE,
    SHELLS,
    STATUSES,
    exponent_of,
    hopping_of,
    order,
    out_of_range,
)

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Parameter:
    """One number: ``path`` such as ``"onsite.Pb.p"``, ``value`` and ``stderr`` in ``unit``, and where it comes from.

    ``status`` is published, transcribed, fitted or assumed; ``source`` a key of docs/references.bib or a sentence.
    """

    path: str
    value: float
    unit: str
    source: str
    status: str
    stderr: float | None = None
    note: str | None = None

    def provenance(self) -> dict[str, Any]:
        """Everything but the path, without empty fields."""
        return {key: value for key, value in asdict(self).items() if key != "path" and value is not None}


@dataclass(frozen=True, repr=False)
class ParameterSet(Shown):
    """A complete tight-binding parameter set. Energies are in eV and the lattice constant ``lattice.a`` in nm.

    A hopping value is the Slater-Koster integral with the direction from the lower to the higher angular momentum,
    whichever stands first in its name.

    Parameters
    ----------
    name, description, material, model : str
        Name, description, formula as CsPbI3, and model ("etb") of the set.
    base : str or None
        The set from which the file takes its other entries.
    origin : str
        "shipped", or the file as the user gave it.
    entries : mapping of str to Parameter
        Parameters by dotted path, such as "onsite.Pb.p", in canonical order.
    published : mapping of str to Parameter
        Published bulk values, only for comparison.
    scaling : mapping of str to Parameter
        Exponents of the distance by path, such as "scaling.Pb-X.s-p".
    surface : mapping of str to Parameter
        Onsite shifts near the surface by path, such as "surface.halide.X.0": termination, species, plane of a/2.
    lattice : Lattice
        The lattice, with the possible species, orbitals and hoppings.
    crystal : mapping of str to str
        The crystal that the set is made for, as arguments of `bandg.compute` ("tilt", "angles", "keep"), which are its
        default there and in `bandg.bulk`; empty for the undistorted one.
    use : str
        What the set is for, in a few words.

    Examples
    --------
    >>> import bandg
    >>> chosen = bandg.load_set("nestoklon2023-standin")
    >>> chosen.with_values({"onsite.Pb.p": 4.5}).value("onsite.Pb.p")
    4.5
    """

    name: str
    description: str
    material: str
    model: str
    base: str | None
    origin: str
    entries: Mapping[str, Parameter]
    published: Mapping[str, Parameter]
    scaling: Mapping[str, Parameter] = field(default_factory=dict)
    lattice: Lattice = PEROVSKITE
    surface: Mapping[str, Parameter] = field(default_factory=dict)
    crystal: Mapping[str, str] = field(default_factory=dict)
    use: str = ""

    def __post_init__(self) -> None:
        ordered = {path: self.entries[path] for path in sorted(self.entries, key=order(self.lattice).__getitem__)}
        object.__setattr__(self, "entries", MappingProxyType(ordered))
        object.__setattr__(self, "published", MappingProxyType(dict(self.published)))
        object.__setattr__(self, "scaling", MappingProxyType(dict(sorted(self.scaling.items()))))
        object.__setattr__(self, "surface", MappingProxyType(dict(sorted(self.surface.items()))))
        object.__setattr__(self, "crystal", MappingProxyType(dict(self.crystal)))

    def __reduce__(self) -> tuple[Any, ...]:  # a mappingproxy does not pickle, and workers need the set
        head = (self.name, self.description, self.material, self.model, self.base, self.origin)
        numbers = (dict(self.entries), dict(self.published), dict(self.scaling))
        return type(self), (*head, *numbers, self.lattice, dict(self.surface), dict(self.crystal), self.use)

    def __hash__(self) -> int:
        return hash((self.name, self.digest()))

    @property
    def a_nm(self) -> float:
        """Lattice constant in nm."""
        return self.entries[LATTICE].value

    @property
    def exponents(self) -> tuple[float, ...]:
        """The exponent n of (d0 / d)^n for each of ``paths``; 0 for a parameter that is not a hopping."""
        found = []
        for path in self.paths:
            given = self.scaling.get(exponent_of(path))
            found.append(given.value if given else DEFAULT_EXPONENT if path.startswith("hopping.") else 0.0)
        return tuple(found)

    @property
    def halide(self) -> str:
        """Symbol of the halide, from the name of the material."""
        found = [symbol for symbol in ("Cl", "Br", "I", "F") if symbol in self.material.replace("Pb", "")]
        return found[0] if found else "X"

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols of the species of the lattice; X is the halide."""
        return tuple(self.halide if name == "X" else name for name in self.lattice.kinds)

    @property
    def orbitals(self) -> dict[str, tuple[str, ...]]:
        """Shells of each species ("Pb", "X") in the order s, p, d, s*."""
        return orbitals_of(self.entries, self.lattice)

    @property
    def shells(self) -> tuple[str, ...]:
        """The hopping tables that the set has, in the order of the lattice (Pb-X, X-X, Pb-Pb)."""
        return tuple(
            table for table in self.lattice.tables if any(path.startswith(f"hopping.{table}.") for path in self.entries)
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the parameters in which H is linear (all but ``lattice.a``), in canonical order."""
        return tuple(path for path in self.entries if path != LATTICE)

    @property
    def vector(self) -> np.ndarray:
        """Values of ``paths`` in eV, shape (n_parameters,); a fresh array."""
        import numpy as np

        return np.array([self.entries[path].value for path in self.paths], dtype=float)

    def value(self, path: str) -> float:
        """Value of one entry (eV, or nm for ``lattice.a``), or of an exponent, "scaling.Pb-X.s-p".

        Raises BandgError for an unknown path.
        """
        self._check_path(path)
        if path in self.scaling:
            return self.scaling[path].value
        return self.entries[path].value if path in self.entries else DEFAULT_EXPONENT

    def with_values(
        self, values: Mapping[str, float], source: str = "with_values", status: str = "assumed"
    ) -> ParameterSet:
        """The same set with some values (eV; nm for ``lattice.a``) or exponents replaced; the arguments say whence.

        Raises BandgError for an unknown path, a value that is not a finite number or out of range, or a wrong status.
        """
        if status not in STATUSES or not source.strip():
            raise BandgError(f"status {status!r} must be one of {', '.join(STATUSES)}, with a source")
        entries, scaling = dict(self.entries), dict(self.scaling)
        for path, number in values.items():
            self._check_path(path)
            value = _checked(path, number)
            if path in entries:
                own = replace(entries[path], value=value, source=source, status=status, stderr=None, note=None)
                entries[path] = own
            else:
                scaling[path] = Parameter(path, value, "1", source, status)
        return replace(self, entries=entries, scaling=scaling)

    def digest(self) -> str:
        """sha256 (hex) of model, lattice, crystal, paths and values alone; provenance does not enter."""
        numbers = [[path, repr(entry.value)] for path, entry in self._numbers()]
        content: dict[str, Any] = {"schema": 1, "model": self.model, "numbers": numbers}
        if self.lattice != PEROVSKITE:
            content["lattice"] = asdict(self.lattice)
        if self.crystal:
            content["crystal"] = dict(sorted(self.crystal.items()))
        text = json.dumps(content, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _numbers(self) -> list[tuple[str, Parameter]]:
        return [*self.entries.items(), *self.scaling.items(), *self.surface.items()]

    def to_dict(self) -> dict[str, Any]:
        """The whole set with provenance as plain JSON types: ``entries``, ``published``, ... by path."""
        keys = ("name", "use", "description", "material", "model", "base", "origin")
        head = {key: getattr(self, key) for key in keys}
        entries = {path: entry.provenance() for path, entry in self.entries.items()}
        published = {key: entry.provenance() for key, entry in self.published.items()}
        scaling = {path: entry.provenance() for path, entry in self.scaling.items()}
        surface = {path: entry.provenance() for path, entry in self.surface.items()}
        numbers = {"entries": entries, "published": published, "scaling": scaling, "surface": surface}
        head |= {"lattice": self.lattice.name, "crystal": dict(self.crystal), "digest": self.digest()}
        return {"schema": 1, **head, **numbers}

    def to_toml(self) -> str:
        """A complete parameter file without base that loads back to the same numbers and provenance."""
        common = Counter((e.source, e.status) for path, e in self.entries.items() if path != LATTICE)
        source, status = common.most_common(1)[0][0]
        defaults = {"unit": "eV", "source": source, "status": status}
        head = {key: getattr(self, key) for key in ("name", "model", "use", "description", "material")}
        told = {key: text for key, text in head.items() if text}
        content: dict[str, Any] = {"schema": 1, **told, "defaults": defaults, "crystal": dict(self.crystal)}
        for path, entry in self._numbers():
            *parts, key = path.split(".", 1 if path == LATTICE else 2)
            content.setdefault(".".join(parts), {})[key] = _toml_entry(entry, defaults)
        if self.lattice != PEROVSKITE:
            content["lattice"] = {"name": self.lattice.name} | content["lattice"]
        content["published"] = {key: _toml_entry(entry, defaults) for key, entry in self.published.items()}
        return write_toml(content)

    def _check_path(self, path: str) -> None:
        if path not in self.entries and hopping_of(path) not in self.entries:
            raise BandgError(f"{self.name} has no parameter {path!r}{nearest(path, self.entries)}")

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the properties of the set as lines."""
        statuses = Counter(entry.status for entry in self.entries.values())
        return f"parameter set {self.name}", {
            **({"for": self.use} if self.use else {}),
            "material": self.material,
            "lattice constant": f"{self.a_nm:.5g} nm",
            "orbitals": {species: " ".join(shells) for species, shells in self.orbitals.items()},
            "hopping": self.shells,
            "numbers": f"{len(self.entries)}: " + ", ".join(f"{n} {status}" for status, n in statuses.items()),
            "origin": self.origin,
            **({"made for": dict(self.crystal)} if self.crystal else {}),
        }


def orbitals_of(paths: Iterable[str], lattice: Lattice = PEROVSKITE) -> dict[str, tuple[str, ...]]:
    """Shells of each species that have an onsite energy among ``paths``, in the order s, p, d, s*."""
    known = set(paths)
    return {
        species: tuple(shell for shell in SHELLS if f"onsite.{species}.{shell}" in known) for species in lattice.kinds
    }


def _checked(path: str, number: float) -> float:
    try:
        value = float(number) + 0.0
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(number, bool | str) or not math.isfinite(value):
        raise BandgError(f"{path}: must be a finite number, not {number!r}")
    if problem := out_of_range(path, value):
        raise BandgError(f"{path}: {problem}")
    return value


def _toml_entry(entry: Parameter, defaults: Mapping[str, str]) -> Any:
    """The fields that differ from the defaults; a bare number if only the value does."""
    own = {key: value for key, value in entry.provenance().items() if defaults.get(key) != value}
    return entry.value if set(own) == {"value"} else own
