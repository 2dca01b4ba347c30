"""Results from the plain types of JSON, and numbers as such types."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def decode(kind: type[T], payload: Any) -> T:
    """A dataclass, with nested dataclasses, from its `asdict` after a round trip through JSON; floats are exact.

    Raises ValueError if a field is missing or has another type.
    """
    found: T = _adapter(kind).validate_python(payload)  # type: ignore[arg-type]
    return found


@lru_cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # slow to load

    return TypeAdapter(kind)


def finite(value: Any) -> Any:
    """A number, or an array of any shape as nested lists; None for numbers that are not finite, which JSON lacks."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return [finite(one) for one in value]
    return value if value is not None and math.isfinite(value) else None
