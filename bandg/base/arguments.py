"""Checks of the arguments of public functions: an unknown name or a wrong type raises a BandgError of one line."""

from __future__ import annotations

import functools
import inspect
import math
import sys
from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

from bandg.base.errors import BandgError
from bandg.base.text import nearest

P = ParamSpec("P")
T = TypeVar("T")


def strict(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: an unknown keyword raises a BandgError that names the nearest known one.

    Missing and surplus arguments raise a BandgError too. If the function takes `**options: Unpack[SomeTypedDict]`, its
    signature shows the keys of that dictionary, each with the default None.
    """
    signature = _spelled_out(function)
    name = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*values: P.args, **named: P.kwargs) -> T:
        """The function, after a check of the names of its arguments."""
        for key in named:
            if key not in signature.parameters:
                raise BandgError(f"{name} has no argument {key!r}{_hint(key, signature.parameters)}")
        try:
            signature.bind(*values, **named)
        except TypeError as error:
            raise BandgError(f"{name}: {error}") from None
        return function(*values, **named)

    checked.__signature__ = signature  # type: ignore[attr-defined]
    return checked


def _spelled_out(function: Callable[..., Any]) -> inspect.Signature:
    """The signature with the keys of the typed dictionary in place of `**options`."""
    signature = inspect.signature(function)
    known = []
    for parameter in signature.parameters.values():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            known.append(parameter)
            continue
        spelled = str(parameter.annotation).removeprefix("Unpack[").removesuffix("]")
        keys = vars(sys.modules[function.__module__])[spelled].__annotations__
        known += [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
            for key, kind in keys.items()
        ]
    return signature.replace(parameters=known)


def _hint(key: str, known: Collection[str]) -> str:
    if "run" in known and key in ("workers", "cache", "force", "scheduler", "patience", "progress"):
        return f": write run=bandg.Run({key}=...)"
    if key == "parameters" and "set" in known:
        return " (did you mean 'set'?)"
    return nearest(key, known) or f"; it takes {', '.join(one for one in known if one != 'self')}"


LARGEST = 2**31 - 1
"""Largest whole number, also for seeds, that all libraries in use accept."""


def whole(name: str, value: Any, least: int | None = None) -> int:
    """A whole number from an int or an integer of numpy.

    Raises BandgError for anything else, below `least` and beyond LARGEST.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong(name, "a whole number", value)
    if least is not None and value < least:
        raise BandgError(f"`{name}` must be {least} or more, not {shown(value)}")
    if int(value) > LARGEST:
        raise BandgError(f"`{name}` must be at most {LARGEST}, not {shown(value)}")
    return int(value)


def number(name: str, value: Any) -> float:
    """A finite number as float. Raises BandgError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise wrong(name, "a finite number", value)
    return float(value)


def flag(name: str, value: Any) -> bool:
    """True or False. Raises BandgError for anything else."""
    if type(value).__name__ not in ("bool", "bool_"):  # numpy's bool too
        raise wrong(name, "True or False", value)
    return bool(value)


def text(name: str, value: Any, example: str) -> str:
    """A text. Raises BandgError, which shows the example, for anything else."""
    if not isinstance(value, str):
        raise wrong(name, f"text as {example!r}", value)
    return value


def size_text(size: Any) -> str:
    """A size as text: text as it is, a number in nm, a pair (lowest, highest) as a range in nm, a list as sizes in nm.

    Raises BandgError for anything else.
    """
    if isinstance(size, str):
        return size
    if isinstance(size, tuple):
        if len(size) != 2:
            raise wrong("size", "a pair (lowest, highest) in nm; give several sizes as a list", size)
        return f"{number('size', size[0])!r}..{number('size', size[1])!r}nm"
    if isinstance(size, list) or getattr(size, "ndim", 0) == 1:
        if not len(size):
            raise BandgError("`size` is an empty list: give a size in nm, as [5, 6, 7]")
        return ",".join(one if isinstance(one, str) else f"{number('size', one)!r}nm" for one in size)
    if isinstance(size, Real) and not isinstance(size, bool):
        return f"{number('size', size)!r}nm"
    raise wrong("size", "text as '4..16nm', a number in nm, a pair (lowest, highest) or a list in nm", size)


def names(name: str, value: Any, example: str) -> tuple[str, ...]:
    """Texts from one text or several in a list. Raises BandgError for anything else."""
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else (None,)
    if not all(isinstance(one, str) for one in found):
        raise wrong(name, f"text as {example!r} or a list of such", value)
    return found


def words(name: str, value: Any, example: str) -> tuple[str, ...]:
    """The words of one text or several, separated by commas, each once. Raises BandgError where commas leave none."""
    given = names(name, value, example)
    found = tuple(dict.fromkeys(part.strip() for item in given for part in item.split(",") if part.strip()))
    if given and not found:
        raise BandgError(f"`{name}` names nothing: write {example}, several with commas")
    return found


def choices(known: Collection[str]) -> str:
    """ "a, b or c"."""
    *first, last = known
    return f"{', '.join(first)} or {last}" if first else last


def wrong(name: str, wanted: str, value: Any) -> BandgError:
    """The error for an argument that is not what is wanted."""
    return BandgError(f"`{name}` must be {wanted}, not {shown(value)}")


def shown(value: Any) -> str:
    """A value in a message, shortened."""
    found = repr(value)
    return found if len(found) <= 60 else found[:57] + "..."
