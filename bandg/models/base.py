"""What all models have in common."""

from __future__ import annotations

from bandg.crystal.shapes import Nanocrystal


class CrystalTask:
    """The part of a task that says for which nanocrystal it is; to be inherited by a frozen dataclass."""

    nanocrystal: Nanocrystal

    @property
    def what(self) -> str:
        """What there are several of."""
        return "nanocrystals, largest first"

    @property
    def label(self) -> str:
        """Which one it is."""
        return f"{self.nanocrystal.size_nm:.4g} nm"
