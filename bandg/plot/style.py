"""The look of all pictures: one matplotlib style, whatever the user's own settings are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bandg.base import resources


@contextmanager
def style() -> Iterator[None]:
    """Context in which matplotlib has its defaults plus bandg.mplstyle; the settings before come back at the end.

    Sizes are those of print: a picture is 7 inches (178 mm) wide with 8 point text.
    """
    import matplotlib.style

    with resources.plot_style() as path, matplotlib.style.context(["default", path]):
        yield


def literal(text: str) -> str:
    """The text as it stands, on one line: no dollar sign starts mathematics, no control character breaks the line."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("$", r"\$")
