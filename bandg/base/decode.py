"""Results from the plain types of JSON, and numbers as such types."""

from __future__ import annotations

import math
from dataclasses import is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], payload: Any) -> T:
    """A dataclass, with nested dataclasses, from its `asdict` after a round trip through JSON; floats are exact.

    A field may be a plain type, a dataclass, a tuple, a dictionary with text as keys, or a literal, each also `| None`.
    pydantic does the same, but it takes longer to load than all else that a result from the cache needs.
    Raises ValueError if a field is missing or has another type.
    """
    try:
        found: T = _decoded(kind, payload)
    except (TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error
    return found


def _decoded(kind: Any, payload: Any) -> Any:
    of, parts = get_origin(kind), get_args(kind)
    if of is UnionType:
        [kind] = set(parts) - {NoneType}
        return None if payload is None else _decoded(kind, payload)
    if hints := _hints(kind):
        return kind(**{name: _decoded(hints[name], value) for name, value in payload.items()})
    if of is dict:
        return {name: _decoded(parts[1], value) for name, value in payload.items()}
    if of is tuple and isinstance(payload, list | tuple):
        kinds = parts[:1] * len(payload) if parts[-1] is Ellipsis else parts
        return tuple(_decoded(one, value) for one, value in zip(kinds, payload, strict=True))
    if kind is float and type(payload) is int:
        return float(payload)
    if type(payload) is kind or (of is Literal and payload in parts):
        return payload
    raise ValueError(f"{payload!r:.60} is not of the type {kind}")


@lru_cache
def _hints(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass with their types; empty for anything else."""
    return get_type_hints(kind) if is_dataclass(kind) else {}


def finite(value: Any) -> Any:
    """A number, or an array of any shape as nested lists; None for numbers that are not finite, which JSON lacks."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return [finite(one) for one in value]
    return value if value is not None and math.isfinite(value) else None
