"""What memory this machine has left."""

from __future__ import annotations


def free_memory() -> float:
    """Memory in GB that this machine can still give."""
    import psutil

    return float(psutil.virtual_memory().available / 1e9)
