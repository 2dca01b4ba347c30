"""Arguments of the public functions, checked once: an unknown name or a wrong type is a BandgError of one line."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

from bandg.base.errors import BandgError
from bandg.base.text import nearest, one_line

P = ParamSpec("P")
T = TypeVar("T")


def strict(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which refuses an unknown keyword with a BandgError that names the nearest one.

    Arguments that are missing, or one too many, are a BandgError too.
    """
    signature = inspect.signature(function)
    name = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*values: P.args, **named: P.kwargs) -> T:
        for key in named:
            if key not in signature.parameters:
                raise BandgError(one_line(f"{name} has no argument {key!r}{_hint(key, signature.parameters)}"))
        try:
            signature.bind(*values, **named)
        except TypeError as error:
            raise BandgError(f"{name}: {error}") from None
        return function(*values, **named)

    return checked


def _hint(key: str, known: Collection[str]) -> str:
    if "run" in known and key in ("workers", "cache", "force", "scheduler", "progress"):
        return f": write run=bandg.Run({key}=...)"
    return nearest(key, known) or f"; it takes {', '.join(one for one in known if one != 'self')}"


def whole(name: str, value: Any, least: int | None = None) -> int:
    """A whole number from an int or an integer of numpy. Raises BandgError for anything else and below `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong(name, "a whole number", value)
    if least is not None and value < least:
        raise BandgError(f"`{name}` must be {least} or more, not {shown(value)}")
    return int(value)


def number(name: str, value: Any) -> float:
    """A finite number as float. Raises BandgError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise wrong(name, "a finite number", value)
    return float(value)


def flag(name: str, value: Any) -> bool:
    """True or False. Raises BandgError for anything else."""
    if type(value).__name__ not in ("bool", "bool_"):  # that of numpy too
        raise wrong(name, "True or False", value)
    return bool(value)


def text(name: str, value: Any, example: str) -> str:
    """A text. Raises BandgError, which shows the example, for anything else."""
    if not isinstance(value, str):
        raise wrong(name, f"text as {example!r}", value)
    return value


def wrong(name: str, wanted: str, value: Any) -> BandgError:
    """The error of an argument that is something else than wanted."""
    return BandgError(one_line(f"`{name}` must be {wanted}, not {shown(value)}"))


def shown(value: Any) -> str:
    """A value in a message, shortened."""
    found = repr(value)
    return found if len(found) <= 60 else found[:57] + "..."
