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
from bandg.base.text import nearest
from bandg.data.bands import _TOP_VALENCE, POINTS, Characters, Contributions, ReferenceBands, ReferenceLevel, Section

_KEYS = {"path": "path", "mesh": "mesh_8x8x8_irreducible", "line": "fine_line_R"}
_LISTS = {
    "cspbi3_cubic_mbj": "mbj",
    "cspbi3_cubic_mbjc1654": "mbjc",
    "cspbi3_cubic_pbe": "pbe2",
    "cspbbr3_cubic_mbj": "br/mbj",
}
_ROWS = "contributions[bands,E,dg]"
_EDGES = {"R6+": "VB_R6+", "R6-": "CB_R6-"}
"""Entry of g_decomposition_R.json by how the name of the bands begins."""


def available_references() -> tuple[str, ...]:
    """Names of the first-principles bands that ship."""
    names = resources.theory_curve_files("reference")
    return tuple(name.removesuffix(".json") for name in names if "_cubic_" in name)


def load_reference(name_or_path: str) -> ReferenceBands:
    """Shipped bands by name, or the CSV file at a path (it ends in .csv); see :func:`read_bands`. Raises BandgError."""
    if name_or_path.lower().endswith(".csv"):
        return read_bands(name_or_path)
    names = available_references()
    if name_or_path not in names:
        hint = nearest(name_or_path, names) or f"; there are: {', '.join(names)}, or give a .csv file"
        raise BandgError(f"unknown reference bands {name_or_path!r}{hint}")
    return _shipped(name_or_path)


@lru_cache(maxsize=4)
def _shipped(name: str) -> ReferenceBands:
    raw = _raw(name)
    first = int(raw["band_index_first"])
    sections = {label: _section(raw[key]) for label, key in _KEYS.items() if key in raw}
    characters = {point: _characters(rows) for point, rows in raw.get("character_muffin_tin", {}).items()}
    if "character_near_R" in raw:
        characters["R"] = _characters(raw["character_near_R"]["rows"])
    levels = tuple(_level(entry, characters.get("R"), first) for entry in raw["R_levels"])
    line = sections["line" if "line" in sections else "path"]
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
        contributions=_contributions(name.partition("_soc")[0]),
    )


def _raw(name: str) -> Any:
    return json.loads(resources.theory_curve(f"reference/{name}.json").read_text(encoding="utf-8"))


def _contributions(name: str) -> dict[str, Contributions]:
    stored, own = _raw("g_decomposition_R")["data"][_LISTS[name]], _raw(f"{name}_soc")["g_factors_R"]
    lists = {
        edge: [(int(first), float(energy), float(share)) for first, _, energy, share in stored[key][_ROWS]]
        for edge, key in _EDGES.items()
    }
    gap = next(energy for first, energy, _ in lists["R6+"] if first == _TOP_VALENCE + 1)
    return {
        edge: Contributions(
            gap, stored[key]["g_spin"], tuple(lists[edge]), stored[key]["rest"], own[key]["ratio_p2_eff"]
        )
        for edge, key in _EDGES.items()
    }


def _section(raw: Mapping[str, Any]) -> Section:
    energies = np.array(raw["E"], dtype=float)
    doublets = energies.reshape(len(energies), -1, 2).mean(axis=2)
    weights = np.array(raw.get("weight", np.full(len(energies), 1 / len(energies))), dtype=float)
    return Section(np.array(raw["k"], dtype=float), doublets, weights / weights.sum())


def _level(entry: Mapping[str, Any], characters: Characters | None, first_band: int) -> ReferenceLevel:
    sums = {"valence": "Sum2p2_VB_eV", "R6-": "Sum2p2_CB_R6m_eV", "R8-": "Sum2p2_R8m_eV"}
    first, last = entry["bands"]
    energy = float(entry["E_eV"]) + 0.0  # the top itself may be written -0.0
    E_p = {key: float(entry[raw]) for key, raw in sums.items()}
    if "irrep" in entry:
        irrep = entry["irrep"]
    else:
        assert characters is not None  # of the files that ship
        irrep = _irrep(last - first + 1, int(characters.parity("R")[(first - first_band) // 2]), E_p)
    return ReferenceLevel(energy, irrep, (first, last), E_p)


def _irrep(degeneracy: int, parity: int, E_p: Mapping[str, float]) -> str:
    """Irrep of a level at R: four states are R8; two are R6 if they couple to the R6 edge of the other parity."""
    coupled = E_p["valence"] > 0 or E_p["R6-"] > 0
    return f"R{8 if degeneracy == 4 else 6 if coupled else 7}{'+' if parity > 0 else '-'}"


def _characters(rows: list[dict[str, Any]]) -> Characters:
    def of(*keys: str) -> NDArray[np.float64]:
        key = next(key for key in keys if key in rows[0])
        values = np.array([row[key] for row in rows], dtype=float)
        return np.asarray(values.reshape(len(rows) // 2, 2, -1).mean(axis=1))

    lead, halide, cesium = of("Pb_spdf", "Pb"), of("I_sum_spdf", "Br"), of("Cs_spdf", "Cs")
    if "I1_I2_I3_total" in rows[0]:
        return Characters(lead, halide, cesium, of("I1_I2_I3_total"))
    return Characters(lead, halide, cesium, np.repeat(halide.sum(axis=1, keepdims=True) / 3, 3, axis=1))  # equal at R


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
