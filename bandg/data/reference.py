"""First-principles bands: those that ship, with levels and characters at symmetric points, or a user's own table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.files import read_text
from bandg.base.text import nearest, one_line
from bandg.data.bands import _TOP_VALENCE, POINTS, Characters, ReferenceBands, ReferenceLevel, Section

_KEYS = {"path": "path", "mesh": "mesh_8x8x8_irreducible", "line": "fine_line_R"}
_SPECIES = ("Pb_spdf", "I_sum_spdf", "Cs_spdf")


def available_references() -> tuple[str, ...]:
    """Names of the first-principles bands that ship."""
    names = resources.theory_curve_files("reference")
    return tuple(name.removesuffix(".json") for name in names if name.endswith("_soc.json"))


def load_reference(name_or_path: str) -> ReferenceBands:
    """Shipped bands by name, or the CSV file at a path (it ends in .csv); see :func:`read_bands`. Raises BandgError."""
    if name_or_path.lower().endswith(".csv"):
        return read_bands(name_or_path)
    names = available_references()
    if name_or_path not in names:
        hint = nearest(name_or_path, names) or f"; there are: {', '.join(names)}, or give a .csv file"
        raise BandgError(one_line(f"unknown reference bands {name_or_path!r}{hint}"))
    return _shipped(name_or_path)


@lru_cache(maxsize=4)
def _shipped(name: str) -> ReferenceBands:
    raw = json.loads(resources.theory_curve(f"reference/{name}.json").read_text(encoding="utf-8"))
    first = int(raw["band_index_first"])
    sections = {label: _section(raw[key]) for label, key in _KEYS.items() if key in raw}
    levels = tuple(_level(entry) for entry in raw["R_levels"])
    characters = {point: _characters(rows) for point, rows in raw.get("character_muffin_tin", {}).items()}
    line = sections["line"]
    at_R = line.energies[int(np.abs(line.k - POINTS["R"]).max(axis=1).argmin())]
    return ReferenceBands(
        name,
        f"{raw['structure']}; {raw['functional']}",
        raw["lattice_constant_A"] / 10,
        sections,
        (_TOP_VALENCE - 1 - first) // 2,
        first,
        levels,
        characters,
        at_R,
    )


def _section(raw: Mapping[str, Any]) -> Section:
    energies = np.array(raw["E"], dtype=float)
    doublets = energies.reshape(len(energies), -1, 2).mean(axis=2)
    weights = np.array(raw.get("weight", np.full(len(energies), 1 / len(energies))), dtype=float)
    return Section(np.array(raw["k"], dtype=float), doublets, weights / weights.sum())


def _level(entry: Mapping[str, Any]) -> ReferenceLevel:
    sums = {"valence": "Sum2p2_VB_eV", "R6-": "Sum2p2_CB_R6m_eV", "R8-": "Sum2p2_R8m_eV"}
    first, last = entry["bands"]
    energy = float(entry["E_eV"]) + 0.0  # the top itself may be written -0.0
    return ReferenceLevel(energy, entry["irrep"], (first, last), {key: float(entry[raw]) for key, raw in sums.items()})


def _characters(rows: list[dict[str, Any]]) -> Characters:
    def of(key: str) -> NDArray[np.float64]:
        values = np.array([row[key] for row in rows], dtype=float)
        return np.asarray(values.reshape(len(rows) // 2, 2, -1).mean(axis=1))

    lead, halide, cesium = (of(key) for key in _SPECIES)
    return Characters(lead, halide, cesium, of("I1_I2_I3_total"))


def read_bands(path: str) -> ReferenceBands:
    """Bands from a CSV file with the columns kx, ky, kz (in 2 pi/a), optionally weight, and band_N, band_N+1, ...

    Instead of kx, ky, kz there may be from, to, fraction: two of Gamma, X, M, R and how far between them. Two comment
    lines must say `# top_valence_band = N` and `# kramers = both` (each partner has a column) or `once`. Energies are
    in eV on any zero; they are given back from the valence-band top at R, or where the file has no R, from its maximum.
    Raises BandgError, one line, for whatever is wrong.
    """
    from bandg.data.bands_csv import parse

    wanted = "a CSV file with kx,ky,kz,band_1,..."
    return parse(read_text(path, path, f"give {wanted}", wanted), path)
