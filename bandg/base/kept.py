"""What a run that ends early leaves in the cache. It is loaded by every command, so it loads nothing."""

from __future__ import annotations

_stored = 0
"""Results that this process has stored."""


def count() -> None:
    """Count one stored result."""
    global _stored
    _stored += 1


def kept() -> str:
    """The stored results of this run in words."""
    if not _stored:
        return "nothing of this run is in the cache"
    return f"{_stored} result{'s' * (_stored > 1)} of this run {'are' if _stored > 1 else 'is'} kept in the cache"
