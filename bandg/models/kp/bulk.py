"""The bulk crystal of a k.p set: g-factors and masses at its gap, or at another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bandg.base.show import Shown
from bandg.models.kp.edges import principal_g, principal_inverse_mass
from bandg.models.kp.sets import KpSet

EDGES = {"g_h": "v", "g_e": "c"}


@dataclass(frozen=True, repr=False)
class KpBulk(Shown):
    """Bulk band edges of a k.p set; gap_eV: in place of that of the set."""

    parameters: KpSet
    gap_eV: float | None = None

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters by name, with the gap in use."""
        return self.parameters.values | ({} if self.gap_eV is None else {"E_g": self.gap_eV})

    @property
    def E_g(self) -> float:
        """Gap at R in eV."""
        return self.numbers["E_g"]

    def g_factors(self, intra_atomic: bool = False) -> tuple[float, float]:
        """g of the electron and of the hole at second order, means over x, y, z; the model has no p shells."""
        g_h, g_e = (float(principal_g(edge, self.numbers).mean()) for edge in EDGES.values())
        return g_e, g_h

    def values(self) -> dict[str, float]:
        """E_g_eV, g_e and g_h, m_e and m_h in m0 where the set has masses, and g along x, y, z with a crystal field."""
        numbers = self.numbers
        found = bulk_values(numbers, self.parameters.has_masses) | principal_values(numbers)
        return {"E_g_eV": self.E_g} | found

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the bulk properties as lines."""
        return f"bulk crystal of the k.p set {self.parameters.name}", self.values()


def bulk_values(values: dict[str, float], masses: bool) -> dict[str, float]:
    """g_e and g_h, and m_e and m_h in m0 if asked for, at second order; with a crystal field means over x, y, z."""
    result = {name: float(principal_g(edge, values).mean()) for name, edge in EDGES.items()}
    if masses:
        result |= {
            f"m_{name[2]}": 1 / float(principal_inverse_mass(edge, values).mean()) for name, edge in EDGES.items()
        }
    return result


def principal_values(values: dict[str, float]) -> dict[str, float]:
    """g along x, y, z of both carriers where the set has a crystal field, else nothing."""
    if not (values.get("delta") or values.get("epsilon")):
        return {}
    return {
        f"{name}_{a}": float(g)
        for name, edge in EDGES.items()
        for a, g in zip("xyz", principal_g(edge, values), strict=True)
    }
