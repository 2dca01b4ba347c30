"""The interface of models, and the list of known models.

A model turns a parameter set and a nanocrystal into levels. "etb" and "kp" come with bandg. Another package adds its
own by an entry point of the group "bandg.models", and a script by `register`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from bandg.base import cache
from bandg.base.cache import source_of
from bandg.base.decode import decode
from bandg.base.entries import entry_points_of, load_entry_point
from bandg.base.errors import BandgError
from bandg.base.task import Task
from bandg.base.text import nearest
from bandg.crystal.lattice import PEROVSKITE, Lattice, Termination
from bandg.crystal.shapes import Nanocrystal
from bandg.models.levels import Levels
from bandg.models.observable import Observable

if TYPE_CHECKING:
    from bandg.crystal.cell import Cell

ENTRY_POINTS = "bandg.models"
BUILT_IN = {"etb": "bandg.models.etb.model", "kp": "bandg.models.kp.model"}
"""Modules with a MODEL, imported at first use of the model."""


class Parameters(Protocol):
    """A parameter set of a model."""

    @property
    def name(self) -> str:
        """Name, for tables and files."""

    @property
    def a_nm(self) -> float:
        """Lattice constant in nm, by which sizes are counted."""

    def digest(self) -> str:
        """sha256 (hex) of the numbers, for the keys of results."""

    def to_dict(self) -> dict[str, Any]:
        """The whole set as plain JSON types, for the provenance of results."""


class Bulk(Protocol):
    """The bulk crystal of a parameter set."""

    @property
    def E_g(self) -> float:
        """Gap in eV."""

    def g_factors(self, intra_atomic: bool = False) -> tuple[float, float]:
        """g of the electron and of the hole."""


@dataclass(frozen=True)
class Options:
    """Options of a computation besides set and nanocrystal; `Model.options` has the names of those a model knows.

    terminations: those to compute, the model's first where none is asked for. neighbors: hopping shells. levels: of
    each carrier. intra_atomic: the p shells' own moment in g. barrier: heights (electron, hole) of the glass in eV.
    second: parameter set of a second halide, fraction: its share, offset_eV: its valence-band top above the first's.
    observables: those that are computed from the states; see `bandg.models.levels.with_observables`.
    """

    terminations: tuple[str, ...] = ()
    neighbors: int | None = None
    levels: int = 1
    intra_atomic: bool = False
    barrier: tuple[float, float] | None = None
    solver: str = "auto"
    second: Any = None
    fraction: float = 0.0
    offset_eV: float = 0.0
    observables: tuple[Observable, ...] = ()


class Model(Protocol):
    """A model of the electronic structure; inherit from it and write `name`, `load` and `job`.

    Attributes
    ----------
    name : str
        Its name in ``bandg.compute(model=...)`` and ``--model``.
    shapes : frozenset of str
        Shapes of nanocrystals that it supports.
    terminations : tuple of str
        Terminations that it supports, the default first; empty for those of the crystal's lattice.
    options : frozenset of str
        Further arguments of `bandg.compute` that it understands, such as "levels" or "strain".
    default_set : str or None
        Default parameter set.

    Examples
    --------
    docs/extending.md has a whole model in one file.

    >>> from bandg.models.base import available, find
    >>> available()
    ('etb', 'kp')
    >>> find("kp").terminations
    ('hard-wall', 'glass')
    """

    name: str
    shapes: frozenset[str] = frozenset({"cube"})
    terminations: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    default_set: str | None = None

    def load(self, source: Any, /) -> Any:
        """The parameter set (`Parameters`) of a name, a path, or a set. Raises BandgError for anything else."""

    def job(self, parameters: Any, nanocrystal: Nanocrystal, options: Options, /) -> Task[Levels]:
        """The levels of one nanocrystal as a task; see `LevelsTask`."""

    def bulk(self, parameters: Any, options: Options, /) -> Bulk | None:
        """The bulk crystal; None where the model has none."""
        return None

    def cell_bulk(self, parameters: Any, options: Options, cell: Cell, /) -> Bulk | None:
        """The bulk of a periodic cell, strained, tilted or from a file; None where the model does not compute it."""
        return None

    def complete(self, parameters: Any, options: Options, /) -> Options:
        """The options with the defaults of the model. Raises BandgError for options that are not possible."""
        return replace(options, terminations=options.terminations or (self.ends(parameters)[0].name,))

    def lattice(self, parameters: Any, /) -> Lattice:
        """The crystal that a set describes."""
        return PEROVSKITE

    def ends(self, parameters: Any, /) -> tuple[Termination, ...]:
        """The terminations for a set, the default first."""
        return tuple(Termination(name) for name in self.terminations) or self.lattice(parameters).terminations

    def lattice_nm(self, parameters: Any, options: Options, /) -> float:
        """Lattice constant in nm, which may depend on the share of a second halide."""
        return float(parameters.a_nm)

    def nanocrystals(self, parameters: Any, /) -> Sequence[Nanocrystal] | None:
        """The nanocrystals that the parameter set itself describes; None if they follow from sizes and shapes."""
        return None


class CrystalTask:
    """Most of a task for one nanocrystal; to be inherited by a frozen dataclass that has the field `nanocrystal`.

    The key of its result is made of all its fields and of the source of its file. Overwrite `estimate_memory` if memory
    matters.
    """

    nanocrystal: Nanocrystal

    @property
    def what(self) -> str:
        """The plural noun for a progress bar."""
        return "nanocrystals, largest first"

    @property
    def label(self) -> str:
        """The name for messages."""
        return f"{self.nanocrystal.size_nm:.4g} nm"

    def key(self) -> str:
        """Key of the result in the cache."""
        own: Any = self
        content = {field.name: _plain(getattr(self, field.name)) for field in fields(own)}
        return cache.key_of({"task": type(self).__qualname__, "code": source_of(type(self)), "fields": content})

    def estimate_memory(self) -> float:
        """Peak memory in GB."""
        return 0.2

    def largest(self, memory: float) -> str:
        """A hint of what would fit into that memory in GB; empty here."""
        return ""


class LevelsTask(CrystalTask):
    """Compute the levels of one nanocrystal; to be overwritten."""

    def run(self) -> Levels:
        """Compute."""
        raise NotImplementedError

    def read(self, payload: dict[str, Any], /) -> Levels:
        """The result from the plain types that the cache holds."""
        return decode(Levels, payload)


def _plain(value: Any) -> Any:
    """A field of a task as plain types for its key."""
    if hasattr(value, "digest"):
        return value.digest()
    if isinstance(value, Options):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [one.key() if isinstance(one, Observable) else one for one in value]
    return asdict(value) if isinstance(value, Nanocrystal) else value


_registered: dict[str, Model] = {}


def register(model: Model) -> Model:
    """Make a model known by its name to this process; returns it. Raises BandgError for the name of another one."""
    _checked(model, "register")
    if model.name in BUILT_IN or _registered.get(model.name, model) != model:
        raise BandgError(f"there is a model {model.name!r} already: choose another name")
    _registered[model.name] = model
    return model


def available() -> tuple[str, ...]:
    """Names of all models: built in, registered, installed."""
    return tuple(dict.fromkeys([*BUILT_IN, *_registered, *(point.name for point in entry_points_of(ENTRY_POINTS))]))


def find(model: str | Model) -> Model:
    """The model of a name, or the model itself. Raises BandgError, one line, where there is none or it fails."""
    if not isinstance(model, str):
        return _checked(model, "model")
    if model in BUILT_IN:
        found: Model = import_module(BUILT_IN[model]).MODEL
        return found
    if model in _registered:
        return _registered[model]
    known = [point for point in entry_points_of(ENTRY_POINTS) if point.name == model]
    if not known:
        names = available()
        raise BandgError(f"model {model!r} is unknown{nearest(model, names)}; there are: {', '.join(names)}")
    found = load_entry_point(known[0])
    return _checked(found() if isinstance(found, type) else found, f"the entry point {model!r}")


def _checked(model: Any, what: str) -> Model:
    missing = [name for name in ("name", "load", "job", "complete", "terminations") if not hasattr(model, name)]
    if isinstance(model, type) or missing:
        given = f"the class {model.__name__}" if isinstance(model, type) else f"{model!r:.60} without {missing[0]}"
        raise BandgError(f"{what} must be the name of a model or an object that inherits Model, not {given}")
    found: Model = model
    return found
