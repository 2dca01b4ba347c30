"""The look of all pictures: one matplotlib style, whatever the user's own settings are, and axes to draw on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bandg.base import resources
from bandg.base.errors import BandgError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@contextmanager
def style(ax: object = None) -> Iterator[None]:
    """Context in which matplotlib has its defaults plus bandg.mplstyle; the settings before come back at the end.

    Sizes are those of print: a picture is 7 inches (178 mm) wide with 8 point text. ax: axes that the user gave; where
    there are any, the user's own settings stay.
    """
    if ax is not None:
        yield
        return
    import matplotlib.style

    with resources.plot_style() as path, matplotlib.style.context(["default", path]):
        yield


def panels(
    ax: Axes | Sequence[Axes] | None, rows: int, columns: int, least: int = 0, **figure: Any
) -> tuple[Axes, ...]:
    """The axes that were given, in one row, or those of a new figure of rows x columns panels.

    figure: as for matplotlib.pyplot.subplots. least: so many axes are enough where some are given. Raises BandgError
    for another number of axes and for objects that are not axes.
    """
    import numpy as np

    if ax is None:
        import matplotlib.pyplot as plt

        return tuple(plt.subplots(rows, columns, squeeze=False, **figure)[1].flat)
    from matplotlib.axes import Axes

    given = tuple(np.asarray(ax, dtype=object).flat)
    wanted = rows * columns
    if not all(isinstance(one, Axes) for one in given):
        raise BandgError("ax must be matplotlib axes, as matplotlib.pyplot.subplots() gives them")
    if not (least or wanted) <= len(given) <= wanted:
        number = f"{least} to {wanted}" if least and least != wanted else f"{wanted}"
        raise BandgError(f"ax holds {len(given)} axes: this picture needs {number}")
    return given


def literal(text: str) -> str:
    """The text as it stands, on one line: no dollar sign starts mathematics, no control character breaks the line."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("$", r"\$")
