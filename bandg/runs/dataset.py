"""The dataset of a computation, and its CSV, JSON and netCDF files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.base.files import check_writable, write_whole
from bandg.base.marks import JSON_MARK
from bandg.base.tables import write_csv
from bandg.models.levels import Levels, LevelState
from bandg.models.observable import AXES, CARRIERS, Observable
from bandg.runs.observables import known
from bandg.runs.rows import average_rows, edge_rows, level_rows, units_of
from bandg.runs.table import LevelTable, Variable

if TYPE_CHECKING:
    import xarray

SCHEMA_VERSION = 1


def tabulated(
    results: Sequence[Levels],
    labels: Mapping[str, str],
    provenance: dict[str, Any],
    asked: Iterable[Observable] = (),
    more: Callable[[], Mapping[str, Any]] = dict,
) -> LevelTable:
    """The labelled table of computed nanocrystals.

    Parameters
    ----------
    results : sequence of Levels
        One for each nanocrystal; at least one.
    labels : mapping
        Labels that the results do not contain: model and set.
    provenance : dict
        Plain types, kept as JSON in the attribute ``provenance``.
    asked : iterable of Observable
        Further observables besides those that are always included.
    more : callable
        Makes attributes of the dataset that are slow to compute.
    """
    asked = tuple(asked)
    depth = max(len(of) for levels in results for of in _levels(levels))
    columns: dict[str, Variable] = {}
    for one in known():
        wanted = one in asked or (
            one.states is None and one.kind != "detail" and ("level" not in one.dims or depth > 1)
        )
        if wanted:
            values = _values(one, results, depth) if one.name not in labels else np.array(labels[one.name])
            if not (one.optional and np.all((values == one.missing) | (values != values))):
                columns[one.name] = Variable(one.dims, values, {"units": one.unit, "long_name": one.meaning})
    indices = {"carrier": list(CARRIERS), "level": np.arange(1, depth + 1), "axis": list(AXES), "field": list(AXES)}
    sizes = {"nc": len(results)}
    for variable in columns.values():
        sizes |= dict(zip(variable.dims, variable.values.shape, strict=True))
    labelled = [one.name for one in known() if one.kind == "label" and one.name in columns]
    index = {"nc": np.arange(len(results))} | {dim: np.array(of) for dim, of in indices.items() if dim in sizes}
    coordinates = {dim: Variable((dim,), values, {}) for dim, values in index.items()}
    coordinates |= {name: columns[name] for name in (*_FIRST, *labelled)}
    bulk = {"bulk_E_v_eV": results[0].bulk_E_v_eV, "bulk_E_c_eV": results[0].bulk_E_c_eV}
    attrs = {"schema": SCHEMA_VERSION, **bulk, "provenance": json.dumps(provenance, sort_keys=True)}
    return LevelTable(columns | coordinates, tuple(coordinates), sizes, attrs, more)


_FIRST = ("size_nm", "E_gap_eV", "termination")
"""Labels that are looked for first."""


def _levels(levels: Levels) -> tuple[Sequence[LevelState], Sequence[LevelState]]:
    """The levels of electron and hole, or only their band edges."""
    return levels.electron_levels or (levels.electron,), levels.hole_levels or (levels.hole,)


def _values(observable: Observable, results: Sequence[Levels], depth: int) -> np.ndarray:
    """Values of an observable, with the shape of its dims."""
    if not observable.dims:
        return np.array(observable.value(results[0]))
    if not observable.of_one:
        return np.array([observable.value(levels) for levels in results])
    if "level" not in observable.dims:
        return np.array([[observable.value(getattr(levels, name)) for name in CARRIERS] for levels in results])
    empty = np.full(observable.shape, observable.missing)[()]
    return np.array(
        [
            [
                [observable.value(state) for state in states] + [empty] * (depth - len(states))
                for states in _levels(levels)
            ]
            for levels in results
        ]
    )


def crystals(dataset: LevelTable | xarray.Dataset) -> list[dict[str, Any]]:
    """Provenance of each nanocrystal of a dataset: solver, seconds, cached, warnings, geometry, key."""
    stored = json.loads(dataset.attrs["provenance"])["nanocrystals"]
    return [stored[number] for number in dataset.variables["nc"].values]


FORMATS = (".csv", ".nc", ".json")


def write(dataset: LevelTable | xarray.Dataset, path: Path) -> list[Path]:
    """Write .csv, .nc or .json; several levels go to NAME.levels.csv, averages to NAME.mean.csv. Returns the files."""
    check_writable(path, FORMATS)
    suffix = path.suffix.lower()
    if suffix == ".nc":
        buffer = io.BytesIO()  # the library of the format does not survive a full disk
        whole = dataset.to_dataset() if isinstance(dataset, LevelTable) else dataset
        whole.to_netcdf(buffer, engine="h5netcdf")
        write_whole(path, buffer.getvalue())
        return [path]
    if suffix == ".json":
        content = {
            "schema": SCHEMA_VERSION,
            "units": units_of(dataset),
            "nanocrystals": edge_rows(dataset),
            "g_tensors": _tensors(dataset),
            "averages": average_rows(dataset),
            "levels": level_rows(dataset),
            "provenance": json.loads(dataset.attrs["provenance"]),
        }
        write_json(content, path)
        return [path]
    written = []
    levels = level_rows(dataset) if dataset.sizes.get("level", 1) > 1 else []
    for ending, table in (("", edge_rows(dataset)), (".levels", levels), (".mean", average_rows(dataset))):
        if table:
            written.append(path.with_suffix(f"{ending}.csv") if ending else path)
            write_csv(written[-1], table, tuple(table[0]))
    return written


def _tensors(dataset: LevelTable | xarray.Dataset) -> list[dict[str, Any]]:
    """g tensors with their principal axes for each nanocrystal and carrier, where the dataset has them."""
    held = [name for name in ("tensor", "direction") if f"g_{name}" in dataset.variables]
    return [
        {
            carrier: {name: dataset.variables[f"g_{name}"].values[i, c].tolist() for name in held}
            for c, carrier in enumerate(CARRIERS)
        }
        for i in range(dataset.sizes["nc"] if held else 0)
    ]


def write_json(content: dict[str, Any] | list[dict[str, Any]], path: Path) -> None:
    """Write a JSON file atomically. Raises BandgError if it cannot be written."""
    whole = JSON_MARK | content if isinstance(content, dict) else content
    write_whole(path, json.dumps(whole, indent=1) + "\n")
