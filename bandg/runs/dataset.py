"""The one labelled table that a computation gives: SCHEMA says what it holds, CSV and JSON are views of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandg.base.files import check_writable, write_whole
from bandg.base.marks import JSON_MARK
from bandg.base.tables import write_csv
from bandg.crystal.distortion import describe
from bandg.models.levels import Levels, LevelState
from bandg.runs.averages import AVERAGE_COLUMNS, average_rows

if TYPE_CHECKING:
    import xarray

SCHEMA_VERSION = 1
CARRIERS = ("electron", "hole")
AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Variable:
    """One variable of the dataset: its dimensions, unit ("1" for a number, "" for text) and meaning."""

    dims: tuple[str, ...]
    unit: str
    meaning: str


def _nc(unit: str, meaning: str) -> Variable:
    return Variable(("nc",), unit, meaning)


def _edge(unit: str, meaning: str) -> Variable:
    return Variable(("nc", "carrier"), unit, meaning)


def _level(unit: str, meaning: str) -> Variable:
    return Variable(("nc", "carrier", "level"), unit, meaning)


SCHEMA: dict[str, Variable] = {
    "shape": _nc("", "cube, sphere, cuboid, octahedron, truncated-cube, or structure: explicit atoms"),
    "termination": _nc("", "halide: every Pb keeps six X; lead: only X that bridge two Pb; k.p: hard-wall or glass"),
    "center": _nc("", "what lies in the center of the shape: Pb, Cs, X, or face (none, in a plane of PbX2)"),
    "neighbors": _nc("1", "hopping shells: 1 Pb-X, 2 with those of X-X and Pb-Pb that the set has; 0 in the k.p model"),
    "cells": _nc("1", "Pb along an edge of a cube or truncated cube; 0 for others"),
    "size_nm": _nc("nm", "edge N a of a cube, diameter of a sphere or octahedron, else cube root of N_Pb a^3"),
    "n_pb": _nc("1", "number of Pb, 0 in the k.p model"),
    "n_orbitals": _nc("1", "number of spin-orbitals, of functions (band x envelope) in the k.p model"),
    "E_e_eV": _nc("eV", "band-edge electron level on the set's own zero"),
    "E_h_eV": _nc("eV", "band-edge hole level on the set's own zero"),
    "E_gap_eV": _nc("eV", "transition energy E_e - E_h, without exciton binding"),
    "g_e": _nc("1", "electron g-factor, Tr(g) / 3"),
    "g_h": _nc("1", "hole g-factor, Tr(g) / 3 (valence doublet, electron picture)"),
    "g_bx": _nc("1", "bright-exciton g-factor g_e + g_h"),
    "surface_weight_e": _nc("1", "weight of the electron on atoms that miss a neighbor; k.p: in the glass"),
    "surface_weight_h": _nc("1", "weight of the hole on atoms that miss a neighbor; k.p: in the glass"),
    "residual_eV": _nc("eV", "largest norm of H psi - E psi of the two band edges"),
    "model": _nc("", "etb or kp"),
    "set": _nc("", "name of the parameter set; of a mixed halide both, with the share of the second"),
    **{
        f"g_{carrier}_{axis}": _nc("1", f"principal value of g of the {name} nearest to {axis}")
        for carrier, name in (("e", "electron"), ("h", "hole"))
        for axis in AXES
    },
    "edges": _nc("", "Pb along x, y and z of a cuboid"),
    "distortion": _nc("", "strain, tilt, share of the second halide, vacancies and occupancy"),
    "seed": _nc("1", "seed of what is random; -1 where nothing is"),
    "point_group": _nc("", "symmetry that was found, about the center"),
    "E_v_bulk_eV": _nc("eV", "bulk valence-band top on the set's own zero, of the undistorted crystal"),
    "E_c_bulk_eV": _nc("eV", "bulk conduction-band bottom on the set's own zero, of the undistorted crystal"),
    "solver": _nc("", "eigensolver that was used"),
    "seconds": _nc("s", "wall time of the computation when it was done"),
    "cached": _nc("", "whether the row came from the cache"),
    "irrep": _edge("", "irreducible representation of the band-edge doublet about the center"),
    "g_spin": _edge("1", "spin part of g"),
    "g_orbital": _edge("1", "part of g from the motion between atoms"),
    "g_atomic": _edge("1", "part of g from the angular momentum of the p shells, in g only if asked for"),
    "sigma_z": _edge("1", "<sigma_z> of the pseudospin-up state"),
    "overlap": _edge("1", "weight of bulk Bloch function x envelope in the state"),
    "s_weight": _edge("1", "weight on s shells of Pb"),
    "p_pb_weight": _edge("1", "weight on p shells of Pb"),
    "p_x_weight": _edge("1", "weight on p shells of X"),
    "g_axis": Variable(("nc", "carrier", "axis"), "1", "principal values of g, by the axis they lie nearest to"),
    "g_direction": Variable(("nc", "carrier", "axis", "field"), "1", "unit vectors of the principal axes of g"),
    "g_tensor": Variable(("nc", "carrier", "axis", "field"), "1", "g tensor: rows (axis) pseudospin, columns field"),
    "level_E_eV": _level("eV", "energy of the level on the set's own zero"),
    "level_irrep": _level("", "irreducible representation of the level"),
    "level_degeneracy": _level("1", "2 for a Kramers doublet, 4 for a quartet"),
    "level_g": _level("1", "g-factor of a doublet"),
    "level_g_1": _level("1", "g_1 of a quartet: H_Z = mu_B B (g_1 J_z + g_2 J_z^3)"),
    "level_g_2": _level("1", "g_2 of a quartet"),
    "level_surface_weight": _level("1", "weight on atoms that miss a neighbor"),
    "level_overlap": _level("1", "weight of bulk Bloch function x envelope"),
    **{f"level_g_{x}": _level("1", f"principal value of g of a doublet nearest to {x}") for x in AXES},
}
"""Every variable of the dataset."""

CSV_COLUMNS = tuple(SCHEMA)[: tuple(SCHEMA).index("point_group") + 1]
"""Columns of the band-edge table, in the order of the file."""

LEVEL_COLUMNS = (
    *("shape", "termination", "center", "cells", "size_nm", "carrier", "level", "E_eV", "irrep", "degeneracy"),
    *("g", "g_1", "g_2", "surface_weight", "overlap", "model", "set"),
    *("g_x", "g_y", "g_z", "edges", "distortion", "seed", "point_group"),
)
"""Columns of the levels table."""


@dataclass(frozen=True)
class Row:
    """One computed nanocrystal with the names of its model and set, and whether it came from the cache."""

    levels: Levels
    model: str
    set_name: str
    cached: bool


def _missing(value: float | None) -> float:
    return float("nan") if value is None else value


def _principal(state: LevelState) -> tuple[float, ...]:
    return state.g_principal or (_missing(state.g),) * 3


def _principal_or_nan(number: int, state: LevelState) -> float:
    return _principal(state)[number]


def _principal_of(carrier: str, number: int, row: Row) -> float:
    return _principal(getattr(row.levels, carrier))[number]


def _scaled_identity(value: float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(value if i == j else 0.0 for j in range(3)) for i in range(3))


_OF_ROW: dict[str, Callable[[Row], Any]] = {
    "shape": lambda r: r.levels.nanocrystal.shape,
    "termination": lambda r: r.levels.nanocrystal.termination,
    "center": lambda r: r.levels.nanocrystal.center,
    "neighbors": lambda r: r.levels.neighbors,
    "cells": lambda r: r.levels.nanocrystal.cells,
    "size_nm": lambda r: r.levels.nanocrystal.size_nm,
    "n_pb": lambda r: r.levels.n_pb,
    "n_orbitals": lambda r: r.levels.n_orbitals,
    "E_e_eV": lambda r: r.levels.electron.energy_eV,
    "E_h_eV": lambda r: r.levels.hole.energy_eV,
    "E_gap_eV": lambda r: r.levels.E_gap_eV,
    "g_e": lambda r: r.levels.electron.g,
    "g_h": lambda r: r.levels.hole.g,
    "g_bx": lambda r: r.levels.g_bx,
    "surface_weight_e": lambda r: r.levels.electron.surface_weight,
    "surface_weight_h": lambda r: r.levels.hole.surface_weight,
    "residual_eV": lambda r: r.levels.residual_eV,
    "model": lambda r: r.model,
    "set": lambda r: r.set_name,
    **{
        f"g_{carrier}_{axis}": partial(_principal_of, name, k)
        for carrier, name in (("e", "electron"), ("h", "hole"))
        for k, axis in enumerate(AXES)
    },
    "edges": lambda r: "x".join(map(str, r.levels.nanocrystal.edges)),
    "distortion": lambda r: describe(r.levels.nanocrystal),
    "seed": lambda r: -1 if r.levels.nanocrystal.seed is None else r.levels.nanocrystal.seed,
    "point_group": lambda r: r.levels.point_group,
    "E_v_bulk_eV": lambda r: r.levels.bulk_E_v_eV,
    "E_c_bulk_eV": lambda r: r.levels.bulk_E_c_eV,
    "solver": lambda r: r.levels.solver,
    "seconds": lambda r: r.levels.seconds,
    "cached": lambda r: r.cached,
}

_OF_EDGE: dict[str, Callable[[LevelState], Any]] = {
    "irrep": lambda s: s.irrep,
    "g_spin": lambda s: _missing(s.g_spin),
    "g_orbital": lambda s: _missing(s.g_orbital),
    "g_atomic": lambda s: _missing(s.g_atomic),
    "sigma_z": lambda s: _missing(s.sigma_z),
    "overlap": lambda s: s.overlap,
    "s_weight": lambda s: _missing(s.character.get("Pb s")),
    "p_pb_weight": lambda s: _missing(s.character.get("Pb p")),
    "p_x_weight": lambda s: _missing(s.character.get("X p")),
}

_OF_LEVEL: dict[str, Callable[[LevelState], Any]] = {
    "level_E_eV": lambda s: s.energy_eV,
    "level_irrep": lambda s: s.irrep,
    "level_degeneracy": lambda s: s.degeneracy,
    "level_g": lambda s: _missing(s.g),
    "level_g_1": lambda s: _missing(s.g_quartet and s.g_quartet[0]),
    "level_g_2": lambda s: _missing(s.g_quartet and s.g_quartet[1]),
    "level_surface_weight": lambda s: s.surface_weight,
    "level_overlap": lambda s: s.overlap,
    **{f"level_g_{x}": partial(_principal_or_nan, k) for k, x in enumerate(AXES)},
}


def to_dataset(rows: Sequence[Row], provenance: dict[str, Any]) -> xarray.Dataset:
    """The labelled dataset of the computed rows; dimensions nc, carrier, level, axis, field.

    provenance: JSON-able dictionary, kept as one string in the attribute "provenance".
    """
    import numpy as np
    import xarray

    edges = [(row.levels.electron, row.levels.hole) for row in rows]
    all_levels = [
        (row.levels.electron_levels or (e,), row.levels.hole_levels or (h,))
        for row, (e, h) in zip(rows, edges, strict=True)
    ]
    depth = max((len(of) for pair in all_levels for of in pair), default=1)
    data: dict[str, Any] = {name: [read(row) for row in rows] for name, read in _OF_ROW.items()}
    data |= {name: [[read(state) for state in pair] for pair in edges] for name, read in _OF_EDGE.items()}
    data["g_axis"] = [[_principal(state) for state in pair] for pair in edges]
    data["g_direction"] = [[state.g_axes or _scaled_identity(1.0) for state in pair] for pair in edges]
    data["g_tensor"] = [[state.g_tensor or _scaled_identity(_missing(state.g)) for state in pair] for pair in edges]
    for name, read in _OF_LEVEL.items():
        empty: Any = "" if SCHEMA[name].unit == "" else 0 if name == "level_degeneracy" else float("nan")
        data[name] = [
            [[read(state) for state in of] + [empty] * (depth - len(of)) for of in pair] for pair in all_levels
        ]
    dataset = xarray.Dataset(
        {
            name: (variable.dims, np.array(data[name]), {"units": variable.unit, "long_name": variable.meaning})
            for name, variable in SCHEMA.items()
        },
        coords={
            "nc": np.arange(len(rows)),
            "carrier": list(CARRIERS),
            "level": np.arange(1, depth + 1),
            "axis": list(AXES),
            "field": list(AXES),
        },
    )
    dataset.attrs = {"schema": SCHEMA_VERSION, "provenance": json.dumps(provenance, sort_keys=True)}
    return dataset


def edge_rows(dataset: xarray.Dataset) -> list[dict[str, Any]]:
    """The band-edge table as a list of dictionaries with the keys CSV_COLUMNS; `cells` is None for a sphere."""
    table = [{name: _plain(dataset[name].values[i]) for name in CSV_COLUMNS} for i in range(dataset.sizes["nc"])]
    for row in table:
        row["cells"] = row["cells"] or None
        row["seed"] = None if row["seed"] < 0 else row["seed"]
    return table


def level_rows(dataset: xarray.Dataset) -> list[dict[str, Any]]:
    """The levels table as a list of dictionaries with the keys LEVEL_COLUMNS; what a level has not is None."""
    table = []
    for i, row in enumerate(edge_rows(dataset)):
        for c, carrier in enumerate(CARRIERS):
            for k in range(dataset.sizes["level"]):
                degeneracy = int(dataset["level_degeneracy"].values[i, c, k])
                if degeneracy == 0:
                    continue
                level = {name.removeprefix("level_"): _plain(dataset[name].values[i, c, k]) for name in _OF_LEVEL}
                entry = row | {"carrier": carrier, "level": k + 1} | level
                table.append({name: _none_if_nan(entry[name]) for name in LEVEL_COLUMNS})
    return table


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _none_if_nan(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


FORMATS = (".csv", ".nc", ".json")


def write(dataset: xarray.Dataset, path: Path) -> list[Path]:
    """Write .csv, .nc or .json; several levels go to NAME.levels.csv, averages to NAME.mean.csv. Returns the files."""
    check_writable(path, FORMATS)
    suffix = path.suffix.lower()
    if suffix == ".nc":
        writable = dataset.copy()
        writable["cached"] = writable["cached"].astype("int8")
        buffer = io.BytesIO()  # the library of the format does not survive a full disk
        writable.to_netcdf(buffer, engine="h5netcdf")
        write_whole(path, buffer.getvalue())
        return [path]
    if suffix == ".json":
        content = {
            "schema": SCHEMA_VERSION,
            "units": {name: SCHEMA[name].unit for name in CSV_COLUMNS},
            "nanocrystals": edge_rows(dataset),
            "g_tensors": [
                {
                    carrier: {name: dataset[f"g_{name}"].values[i, c].tolist() for name in ("tensor", "direction")}
                    for c, carrier in enumerate(CARRIERS)
                }
                for i in range(dataset.sizes["nc"])
            ],
            "averages": average_rows(dataset),
            "levels": level_rows(dataset),
            "provenance": json.loads(dataset.attrs["provenance"]),
        }
        write_json(content, path)
        return [path]
    write_csv(path, edge_rows(dataset), CSV_COLUMNS)
    written = [path]
    if dataset.sizes["level"] > 1:
        written.append(path.with_suffix(".levels.csv"))
        write_csv(written[-1], level_rows(dataset), LEVEL_COLUMNS)
    if averages := average_rows(dataset):
        written.append(path.with_suffix(".mean.csv"))
        write_csv(written[-1], averages, AVERAGE_COLUMNS)
    return written


def write_json(content: dict[str, Any] | list[dict[str, Any]], path: Path) -> None:
    """Write a JSON file, whole or not at all. Raises BandgError where it cannot be written."""
    whole = JSON_MARK | content if isinstance(content, dict) else content
    write_whole(path, json.dumps(whole, indent=1) + "\n")
