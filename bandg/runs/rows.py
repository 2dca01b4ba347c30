"""Rows of a dataset as they are printed and written: band edges, levels, and averages over seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.models.observable import CARRIERS, LENGTHS, Observable
from bandg.runs.observables import known

if TYPE_CHECKING:
    import xarray

    from bandg.runs.table import LevelTable

GROUP = ("shape", "termination", "center", "neighbors", "cells", "edges", "size_nm", "distortion", "model", "set")
"""Columns that nanocrystals share if they differ only in their seed."""

LEVEL_COLUMNS = (
    *("shape", "termination", "center", "cells", "size_nm", "carrier", "level", "E_eV", "irrep", "degeneracy"),
    *("g", "g_1", "g_2", "surface_weight", "overlap", "model", "set"),
    *("g_x", "g_y", "g_z", "edges", "distortion", "seed", "point_group"),
)
"""First columns of the levels table; those of registered observables follow."""


def _written(dataset: LevelTable | xarray.Dataset, observable: Observable) -> bool:
    """Whether the band-edge table has the column: labels always, others if they are in the dataset."""
    held = observable.kind == "label" or observable.name in dataset.variables
    return bool(observable.columns) and held and "level" not in observable.dims


def values_of(dataset: LevelTable | xarray.Dataset, observable: Observable) -> NDArray[Any]:
    """An observable for each nanocrystal, shape (nc, ...); a shared value is repeated, a missing one filled in."""
    shape = (dataset.sizes["nc"], *(dataset.sizes.get(dim, LENGTHS.get(dim, 1)) for dim in observable.dims[1:]))
    held = observable.name in dataset.variables
    return np.broadcast_to(dataset.variables[observable.name].values if held else np.array(observable.missing), shape)


def columns_of(dataset: LevelTable | xarray.Dataset) -> dict[str, NDArray[Any]]:
    """The columns of the band-edge table, each (nc,)."""
    return {
        name: np.moveaxis(values_of(dataset, one), 0, -1)[place]
        for one in known()
        if _written(dataset, one)
        for name, place in one.places()
    }


def file_columns() -> tuple[str, ...]:
    """Every column that the band-edge table or that of averages can have."""
    of_one = [one for one in known() if "level" not in one.dims]
    errors = [f"{name}_stderr" for one in of_one if one.averaged for name in one.columns]
    return (*(name for one in of_one for name in one.columns), "seeds", *errors)


def units_of(dataset: LevelTable | xarray.Dataset) -> dict[str, str]:
    """Unit of each column of the band-edge table."""
    return {name: one.unit for one in known() if _written(dataset, one) for name in one.columns}


def _missing(columns: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {name: one.missing for one in known() for name in one.columns if name in columns and one.unit}


def edge_rows(dataset: LevelTable | xarray.Dataset) -> list[dict[str, Any]]:
    """The band-edge table as a list of dictionaries; a missing number is None."""
    columns = columns_of(dataset)
    missing = _missing(columns)
    lists = {name: [_given(v, missing.get(name)) for v in values.tolist()] for name, values in columns.items()}
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _given(value: Any, missing: Any) -> Any:
    """The value, or None if it is the marker of a missing value."""
    return None if value == missing or value != value else value


def level_rows(dataset: LevelTable | xarray.Dataset) -> list[dict[str, Any]]:
    """The levels table as a list of dictionaries; a missing value is None."""
    held = [one for one in known() if "level" in one.dims and one.name in dataset.variables]
    values = {one: dataset.variables[one.name].values for one in held}
    table = []
    for i, row in enumerate(edge_rows(dataset) if held else []):
        head = {name: row[name] for name in LEVEL_COLUMNS if name in row}
        for c, carrier in enumerate(CARRIERS):
            for k in range(dataset.sizes["level"]):
                own = {name: values[one][i, c, k, *place] for one in held for name, place in one.places()}
                entry = head | {"carrier": carrier, "level": k + 1} | {name: v.item() for name, v in own.items()}
                if entry["degeneracy"]:
                    table.append({name: _given(entry[name], None) for name in (*LEVEL_COLUMNS, *own)})
    return table


def average_rows(dataset: LevelTable | xarray.Dataset) -> list[dict[str, Any]]:
    """Averages over seeds of each nanocrystal with several seeds: GROUP, seeds, then X and X_stderr.

    X_stderr is the standard deviation of the sample divided by the square root of the number of seeds.
    """
    columns = columns_of(dataset)
    averaged = [name for one in known() if one.averaged for name in one.columns if name in columns]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, seed in enumerate(columns["seed"].tolist()):
        if seed >= 0:
            groups.setdefault(tuple(columns[name][number].item() for name in GROUP), []).append(number)
    table = []
    for key, members in groups.items():
        if len(members) < 2:
            continue
        row: dict[str, Any] = dict(zip(GROUP, key, strict=True)) | {"seeds": len(members)}
        for name in averaged:
            values = columns[name][members]
            row[name] = float(values.mean())
            row[f"{name}_stderr"] = float(values.std(ddof=1) / math.sqrt(len(members)))
        row["cells"] = row["cells"] or None
        table.append(row)
    return table
