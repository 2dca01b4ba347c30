"""Free memory of this machine."""

from __future__ import annotations


def free_memory() -> float:
    """Free memory of this machine in GB."""
    import psutil

    return float(psutil.virtual_memory().available / 1e9)
