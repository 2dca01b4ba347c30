"""g_BX of measured pairs: electron and hole of one sample at one energy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bandg.data.measured import MeasuredPoint


def with_pairs(points: Sequence[MeasuredPoint]) -> tuple[MeasuredPoint, ...]:
    """The points, and g_BX = g_e + g_h where a sample has both at one energy and its source states no g_BX.

    g_h is that of the valence doublet, so that g_BX is the sum (docs/conventions.md). The error is
    sqrt(error_e^2 + error_h^2), as of independent errors, and none where one of both is not stated. Magnitudes without
    sign make no sum, nor do ranges, bounds and values that contain theory. Each sum has the evidence "derived".

    Parameters
    ----------
    points : sequence of MeasuredPoint
        As `bandg.load_measured` reads them.

    Returns
    -------
    tuple of MeasuredPoint
        The points in their order, then the sums.

    Examples
    --------
    >>> from bandg.data.measured import MeasuredPoint
    >>> own = [MeasuredPoint(1.9, "g_e", 1.4, 0.03, "A"), MeasuredPoint(1.9, "g_h", 0.9, 0.04, "A")]
    >>> found = with_pairs(own)[-1]
    >>> f"{found.quantity} = {found.value:.1f} +- {found.error:.2f}"
    'g_bx = 2.3 +- 0.05'
    """
    stated = {point.source for point in points if point.quantity == "g_bx"}
    members: dict[tuple[object, ...], list[MeasuredPoint]] = {}
    for point in points:
        known = point.energy_eV is not None and point.kind == "point" and point.evidence != "contains-theory"
        if known and point.source not in stated and point.quantity in ("g_e", "g_h"):
            key = (point.source, point.sample, point.series, point.energy_eV, point.energy_is, point.temperature_K)
            members.setdefault((*key, point.field_T, point.material, point.size_nm), []).append(point)
    return (*points, *(_sum(*pair) for pair in members.values() if sorted(p.quantity for p in pair) == ["g_e", "g_h"]))


def _sum(one: MeasuredPoint, other: MeasuredPoint) -> MeasuredPoint:
    error = None if None in (one.error, other.error) else math.hypot(one.error or 0.0, other.error or 0.0)
    energy = f"{one.energy_eV:g}"
    origin: dict[str, Any] = {"evidence": "derived", "derived_from": f"g_e at {energy}; g_h at {energy}"}
    return replace(one, quantity="g_bx", value=one.value + other.value, error=error, **origin)
