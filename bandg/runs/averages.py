"""Averages over the seeds of what is random, with their standard errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray

GROUP = ("shape", "termination", "center", "neighbors", "cells", "edges", "size_nm", "distortion", "model", "set")
AVERAGED = (
    *("n_pb", "E_e_eV", "E_h_eV", "E_gap_eV", "g_e", "g_h", "g_bx", "surface_weight_e", "surface_weight_h"),
    *("g_e_x", "g_e_y", "g_e_z", "g_h_x", "g_h_y", "g_h_z"),
)
AVERAGE_COLUMNS = (*GROUP, "seeds", *(name for one in AVERAGED for name in (one, f"{one}_stderr")))
"""Columns of the table of averages; X_stderr is the sample's standard deviation over the root of the number."""


def average_rows(dataset: xarray.Dataset) -> list[dict[str, Any]]:
    """One row for each nanocrystal that was computed for several seeds, with the keys AVERAGE_COLUMNS."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number in range(dataset.sizes["nc"]):
        if dataset["seed"].values[number] >= 0:
            groups.setdefault(tuple(_plain(dataset[name].values[number]) for name in GROUP), []).append(number)
    table = []
    for key, members in groups.items():
        if len(members) < 2:
            continue
        row: dict[str, Any] = dict(zip(GROUP, key, strict=True)) | {"seeds": len(members)}
        for name in AVERAGED:
            values = dataset[name].values[members]
            row[name] = float(values.mean())
            row[f"{name}_stderr"] = float(values.std(ddof=1) / math.sqrt(len(members)))
        row["cells"] = row["cells"] or None
        table.append(row)
    return table


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
