"""Which measured points serve: those of an argument `data`, or those that ship of a material."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from bandg.base.errors import BandgError
from bandg.data.materials import listed, same_material
from bandg.data.measured import QUANTITIES, SPREADS, MeasuredPoint, available_measured, load_points
from bandg.parameters.loader import is_shipped, load_set


@lru_cache
def material_of(set_name: str) -> str:
    """Material of a shipped tight-binding set, as CsPbI3, also of the k.p set that is extracted from it; else ""."""
    return load_set(set_name).material if is_shipped(set_name) else ""


def measured_points(data: object, material: str = "") -> tuple[MeasuredPoint, ...]:
    """Measured points from the argument `data`.

    data: None for the shipped points of the material, "none" for no points, names and paths as `load_measured` takes
    them, points, or a sequence of these. Raises BandgError for anything else.
    """
    return _chosen(data, material, QUANTITIES)


def beside(points: Iterable[MeasuredPoint], materials: Iterable[str]) -> tuple[MeasuredPoint, ...]:
    """The points beside theories of these materials: those that state another one say so, and judge no model.

    materials: "" for a theory whose material is not known, beside which every point may stand.
    """
    own = tuple(dict.fromkeys(materials))
    if not any(own):
        return tuple(points)
    return tuple(
        replace(one, foreign_to="" if any(same_material(one.material, other) for other in own) else listed(own))
        for one in points
    )


def _chosen(data: object, material: str, quantities: tuple[str, ...]) -> tuple[MeasuredPoint, ...]:
    if data is None:
        shipped = (point for name in available_measured() for point in load_points(name, quantities))
        return tuple(point for point in shipped if point.material == material)
    if isinstance(data, MeasuredPoint):
        return (data,) if data.quantity in quantities else ()
    if isinstance(data, (str, os.PathLike)):
        return () if data == "none" else load_points(data, quantities)
    if not isinstance(data, Iterable):
        raise BandgError(f"data must be measured points, a name, a path or 'none', not {type(data).__name__}")
    given = list(data)
    if "none" in given and len(given) > 1:
        raise BandgError("data 'none' stands alone: it means no measured points")
    return tuple(point for one in given for point in _chosen(one if one is not None else "", "", quantities))


def points_to_judge_by(data: object, material: str) -> tuple[MeasuredPoint, ...]:
    """The points that a user gives, else those that ship of CsPbI3. Raises BandgError for another material."""
    return beside(_chosen(_of_material(data, material), material, QUANTITIES), [material])


def spreads_to_judge_by(data: object, material: str) -> tuple[MeasuredPoint, ...]:
    """The spreads that stand beside `points_to_judge_by`. Raises BandgError for another material."""
    return beside(_chosen(_of_material(data, material), material, SPREADS), [material])


def _of_material(data: object, material: str) -> object:
    if data is None and material != "CsPbI3":
        raise BandgError(f"no measured points of {material} nanocrystals ship with bandg: name yours by `data`")
    return "meliakov2025" if data is None else data
