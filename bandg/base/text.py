"""Text for messages: the nearest known word, everything on one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, options: Iterable[str], cutoff: float = 0.5) -> str:
    """``" (did you mean 'p-s'?)"`` for the option closest to ``word``, or "" if none is as close as ``cutoff``."""
    known = list(options)
    lower = {option.lower(): option for option in reversed(known)}
    pair, dot, rest = word.partition(".")
    turned = "-".join(reversed(pair.split("-"))) + dot + rest  # an integral named from its other atom
    close = difflib.get_close_matches(word.lower()[:80], lower, n=1, cutoff=cutoff)
    longer = [option for option in known if len(word) > 2 and option.startswith(word)]
    found = next(iter([turned] * (turned in known) + longer + [lower[name] for name in close]), None)
    return f" (did you mean {found!r}?)" if found else ""


def one_line(text: str) -> str:
    """``text`` with everything that is not printable escaped, so that it stays on one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def quote(text: str) -> str:
    """``text`` in quotation marks for a message: on one line, its end left out where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def shortened(text: str, longest: int = 800) -> str:
    """``text`` with its middle left out if it is too long for a message."""
    half = longest // 2 - 3
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"


def install(extra: str) -> str:
    """Command that installs an extra from a clone."""
    return f'in a clone of bandg, uv sync --extra {extra} or python -m pip install ".[{extra}]"'
