"""Observables: a quantity of a nanocrystal with its name, unit, meaning and the way it is computed."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from bandg.base.errors import BandgError

CARRIERS = {"electron": "e", "hole": "h"}
AXES = ("x", "y", "z")
LENGTHS = {"carrier": 2, "axis": 3, "field": 3}
DIMS = ("nc", "carrier", "level", "axis", "field")
KINDS = ("label", "result", "detail")


@dataclass(frozen=True)
class Observable:
    """A quantity of a nanocrystal. Dataset, CSV columns, averages and documentation are views of a list of these.

    Its value is read from the result (`read`), or computed from the wave functions (`states`). A quantity of the wave
    functions is computed only if it is asked for: ``bandg.compute(observables=["E_p_eV"])``.

    Parameters
    ----------
    name : str
        Name of the variable in the dataset. An energy ends in ``_eV``, a length in ``_nm``.
    meaning : str
        One line for the documentation and the attribute ``long_name``.
    unit : str
        ``"1"`` for a plain number, ``""`` for text.
    dims : tuple of str
        ``("nc",)`` for the nanocrystal or the pair of electron and hole, ``("nc", "carrier")`` for each carrier, then
        ``"axis"`` and ``"field"`` for vectors and tensors, ``"level"`` for each level of a carrier. ``()`` where all
        nanocrystals of a computation share the value.
    read : callable
        Of a `bandg.models.levels.Levels`, or with the dimension carrier of a `LevelState`: the value, or None.
    states : callable
        Of a `bandg.models.etb.states.Doublet` with the dimension carrier, else of those of electron and hole: a number
        or an array with the shape of axis and field.
    averaged : bool
        Whether the table of averages over seeds has it.
    column : str
        CSV column, as ``"g_{carrier}_{axis}"``. By default the name with ``_e``, ``_h`` and ``_x``, ``_y``, ``_z``
        before its unit. Empty for none.
    kind : str
        ``"label"`` is a coordinate, ``"result"`` a variable; ``"detail"`` is a variable only if it is asked for.
    optional : bool
        Left out where no nanocrystal has a value.
    missing : number or str
        Stands in the dataset where there is no value.

    Raises
    ------
    BandgError
        For dims, kind or functions that do not fit together.

    Examples
    --------
    >>> from bandg.models.observable import Observable
    >>> def blue_shift(levels):
    ...     return levels.E_gap_eV - (levels.bulk_E_c_eV - levels.bulk_E_v_eV)
    >>> Observable("shift_eV", "transition energy above the bulk gap", "eV", read=blue_shift).columns
    ('shift_eV',)
    """

    name: str
    meaning: str
    unit: str = "1"
    dims: tuple[str, ...] = ("nc",)
    read: Callable[..., Any] | None = None
    states: Callable[..., Any] | None = None
    averaged: bool = False
    column: str | None = None
    kind: str = "result"
    optional: bool = False
    missing: Any = float("nan")

    def __post_init__(self) -> None:
        where = f"observable {self.name!r}: "
        if not self.name.isidentifier():
            raise BandgError(f"{where}the name must consist of letters, digits and underscores")
        if self.dims and (self.dims[0] != "nc" or self.dims != tuple(dim for dim in DIMS if dim in self.dims)):
            raise BandgError(f"{where}dims must be () or 'nc' with some of {', '.join(DIMS[1:])}, in order")
        if self.kind not in KINDS:
            raise BandgError(f"{where}kind must be {', '.join(KINDS[:-1])} or {KINDS[-1]}, not {self.kind!r}")
        if self.read is not None and self.states is not None:
            raise BandgError(f"{where}give read or states, not both")
        if self.states is not None and (self.unit == "" or "level" in self.dims or not self.dims):
            raise BandgError(f"{where}what is computed from the states is a number of a nanocrystal or of each carrier")
        if not all(function is None or callable(function) for function in (self.read, self.states)):
            raise BandgError(f"{where}read and states must be functions")
        if self.unit == "" and self.missing != self.missing:
            object.__setattr__(self, "missing", "")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value, that of axis and field."""
        return tuple(LENGTHS[dim] for dim in self.dims if dim in ("axis", "field"))

    @property
    def of_one(self) -> bool:
        """Whether it is one of each carrier, not of the nanocrystal or the pair."""
        return "carrier" in self.dims

    def places(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Each CSV column with the place of its values in an array of the dims after nc (after level)."""
        letters = {"carrier": tuple(CARRIERS.values()), "axis": AXES, "field": AXES}
        inner = [dim for dim in self.dims if dim in letters and not (dim == "carrier" and "level" in self.dims)]
        template = self.column
        if template is None:
            unit = f"_{self.unit}" if self.name.endswith(f"_{self.unit}") else ""
            stem = self.name.removeprefix("level_").removesuffix(unit)
            template = "" if self.kind == "detail" else "_".join([stem, *(f"{{{dim}}}" for dim in inner)]) + unit
        for place in product(*(range(LENGTHS[dim]) for dim in inner)) if template else ():
            yield template.format(**{dim: letters[dim][n] for dim, n in zip(inner, place, strict=True)}), place

    @property
    def columns(self) -> tuple[str, ...]:
        """Its CSV columns."""
        return tuple(name for name, _ in self.places())

    def value(self, source: Any) -> Any:
        """The value of a `Levels` or `LevelState`, `missing` where there is none. Raises BandgError."""
        found = source.extra.get(self.name) if self.read is None else self._call(self.read, source)
        if found is None or len(np.atleast_1d(found)) == 0:
            return np.full(self.shape, self.missing)[()]
        return self._call(np.reshape, found, self.shape)[()]

    def of_states(self, *doublets: Any) -> tuple[float, ...]:
        """The value of one doublet or of electron and hole, as plain numbers in a row. Raises BandgError."""
        assert self.states is not None
        found = np.asarray(self._call(self.states, *doublets))
        if np.iscomplexobj(found) or found.shape != self.shape:
            kind = "complex" if np.iscomplexobj(found) else "real"
            raise BandgError(
                f"observable {self.name!r} gave {kind} numbers of shape {found.shape}; "
                f"its dims want real numbers of shape {self.shape}"
            )
        return tuple(self._call(found.astype, float).ravel().tolist())

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:  # any error in the user's code is reported in one line
            raise BandgError(f"observable {self.name!r} fails: {type(error).__name__}: {error}") from error

    def key(self) -> list[str]:
        """What the result of `states` depends on, for the cache: name, dims, and the code with what it refers to."""
        import cloudpickle  # as loky sends it to a worker; bandg's own code is in the key of every result anyway

        code = hashlib.sha256(cloudpickle.dumps(self.states))
        try:  # a function that is imported is pickled by its name alone
            code.update(inspect.getsource(inspect.getmodule(self.states)).encode())  # type: ignore[arg-type]
        except (TypeError, OSError):
            code.update(b"no source")
        return [self.name, *self.dims, code.hexdigest()]
