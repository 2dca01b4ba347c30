"""The curves in a table of nanocrystals, one for each set, model, shape, termination and distortion; curve files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, BeforeValidator

from bandg.base.files import read_text
from bandg.base.rows import NotNegative, Number, Row
from bandg.base.tables import Table, read_table
from bandg.data.compare import ENERGY_COLUMNS, QUANTITIES, TheoryCurve
from bandg.data.measured import Energy

KEYS = ("set", "model", "shape", "termination", "center", "neighbors", "distortion")
"""Columns that distinguish the curves of one table; the center only for spheres and octahedra."""

_NEEDED = f"the columns energy_eV and some of {', '.join(QUANTITIES)}"


def groups(columns: Mapping[str, Any], count: int) -> dict[tuple[str, ...], NDArray[np.int64]]:
    """Numbers of the rows of each curve, by the values of KEYS; "" for a key that is not among the columns."""
    found: dict[tuple[str, ...], list[int]] = {}
    for row in range(count):
        key = {name: str(columns[name][row]) if name in columns else "" for name in KEYS}
        if key["shape"] not in ("sphere", "octahedron", ""):
            key["center"] = ""  # in a cube it follows from the size
        found.setdefault(tuple(key.values()), []).append(row)
    return {key: np.array(rows) for key, rows in found.items()}


def averaged(columns: Sequence[ArrayLike], of: Sequence[tuple[Any, ...]]) -> list[NDArray[np.float64]]:
    """Means over the rows of each nanocrystal, whose size, edges ... `of` holds; in the order given."""
    order = {one: number for number, one in enumerate(dict.fromkeys(of))}
    which = np.array([order[one] for one in of])
    return [np.bincount(which, np.asarray(column)) / np.bincount(which) for column in columns]


def differing(keys: Collection[tuple[str, ...]]) -> list[int]:
    """Numbers of the KEYS in which curves differ."""
    return [number for number in range(len(KEYS)) if len({key[number] for key in keys}) > 1]


def _size(text: object) -> float:
    return np.inf if text == "inf" else float(str(text))


def _is_size(value: float) -> float:
    if not value > 0:
        raise ValueError("it must be above zero")
    return value


class _CurveRow(Row):
    energy_eV: Energy | None = None
    E_exciton_eV: Energy | None = None
    E_gap_eV: Energy | None = None
    g_e: Number | None = None
    g_h: Number | None = None
    g_bx: Number | None = None
    g_e_stderr_at_E: NotNegative | None = None
    g_h_stderr_at_E: NotNegative | None = None
    g_bx_stderr_at_E: NotNegative | None = None
    size_nm: Annotated[float, BeforeValidator(_size), AfterValidator(_is_size)] | None = None
    set: str = ""
    model: str = ""
    shape: str = ""
    termination: str = ""
    center: str = ""
    neighbors: str = ""
    distortion: str = ""
    edges: str = ""
    cells: str = ""
    seed: str = ""


def read_curves(path: str | os.PathLike[str], ignored: Collection[str] = ()) -> tuple[TheoryCurve, ...]:
    """The curves of a CSV with an energy, some of g_e, g_h, g_bx, and perhaps size_nm.

    The energy is energy_eV, else E_exciton_eV, else E_gap_eV.
    What `bandg compute --out` writes is such a file, with --band also with standard errors (g_e_stderr_at_E). A curve
    has them where all of its rows do; those of some rows alone do not count, as the stored files lack them for the
    largest nanocrystals. Each set, model, shape, termination, ... makes a curve, named by the file and what tells it
    from the others; of several seeds it is the mean. Lines with # are comments. ignored: columns that may stand there
    although they look like others.
    Raises BandgError, one line, for whatever is wrong.
    """
    label = os.fspath(path)
    label = label if label.isprintable() else ascii(label)
    wanted = f"a CSV file with {_NEEDED.removeprefix('the columns ')}"
    return parse_curves(read_text(path, label, f"give {wanted}", wanted), Path(label).stem, label, ignored)


def parse_curves(text: str, name: str, label: str, ignored: Collection[str] = ()) -> tuple[TheoryCurve, ...]:
    """The curves of a text; label is the file's name in errors. Raises BandgError."""
    table = read_table(text, label, _NEEDED)
    table.check_columns(tuple(_CurveRow.model_fields), ignored)
    energy = next((column for column in ENERGY_COLUMNS if column in table.columns), None)
    known = [column for column in QUANTITIES if column in table.columns]
    if energy is None or not known:
        table.fail(f"a curve needs {_NEEDED}")
    rows = table.rows(_CurveRow)
    for number, row in enumerate(rows):
        if empty := [column for column in (energy, *known) if getattr(row, column) is None]:
            table.fail(f"{empty[0]} is empty: every row needs a value", number)
    columns: dict[str, list[Any]] = {key: [getattr(row, key) for row in rows] for key in KEYS}
    of_curves = groups(columns, len(rows)) or {("",) * len(KEYS): np.zeros(0, dtype=np.int64)}
    parts = differing(of_curves)
    return tuple(
        _curve(table, [rows[n] for n in own], (energy, *known), name, key, parts) for key, own in of_curves.items()
    )


def _curve(
    table: Table, rows: list[_CurveRow], columns: tuple[str, ...], file: str, key: tuple[str, ...], parts: list[int]
) -> TheoryCurve:
    """The curve of some rows, named by the file and by what tells it from the others."""
    own = [f"neighbors {key[n]}" if KEYS[n] == "neighbors" else key[n] for n in parts if key[n]]
    sizes = [np.nan if row.size_nm is None else row.size_nm for row in rows]
    values = [np.array([getattr(row, column) for row in rows], dtype=float) for column in columns]
    if any(row.seed for row in rows):
        of = [(row.size_nm, row.edges, row.cells) for row in rows]
        first = [of.index(one) for one in dict.fromkeys(of)]
        values, sizes = averaged(values, of), [sizes[n] for n in first]
    joint = np.array([*values, sizes]).T
    errors = {q: [getattr(row, f"{q}_stderr_at_E") for row in rows] for q in columns[1:]}
    _, unlike = np.unique(joint, axis=0, return_index=True)  # sorted by energy; the same nanocrystal may stand twice
    joint = joint[unlike]
    which = f" ({', '.join(own)})" if own else ""
    if len(joint) < 2:
        table.fail(f"a curve needs two points or more{which}")
    energy = joint[:, 0]
    if (same := np.flatnonzero(np.diff(energy) == 0)).size:
        table.fail(f"has {columns[0]} {energy[same[0]]:g} twice{which}: a curve has one point at each energy")
    by_quantity = dict(zip(columns[1:], joint[:, 1:-1].T, strict=True))
    provenance: dict[str, Any] = {"file": table.label} | ({"energy": "exciton"} if columns[0] == "E_exciton_eV" else {})
    provenance |= {name: value for name, value in zip(KEYS, key, strict=True) if value}
    stderr = {
        q: np.array(known)[unlike] for q, known in errors.items() if len(known) == len(sizes) and None not in known
    }
    return TheoryCurve(", ".join([file, *own]), energy, by_quantity, joint[:, -1], provenance, stderr)
