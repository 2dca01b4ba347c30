"""The axes of one picture: panels chosen by name, a figure as wide as asked for and as high as its content needs."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.base.errors import BandgError
from bandg.base.text import quote
from bandg.plot.style import Look, checked, literal, pt, remember, style, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MM = 25.4
_NARROWEST = 1.85
"""Least width of a panel in inches of the paper's style."""


LEAST = 1.9
"""Least width of a new figure in inches of the paper's style, 48 mm, where a picture does not need more."""

_NARROW = 2.5
"""Width of a panel in inches of the paper's style, with its labels, below which a legend stands below it."""

_LETTER_PT = 4.5
"""Mean width of a letter of a title in the paper's style."""

_TICK_PT = 29.0
"""Room that a label of a tick of the horizontal axis needs in points of the paper's style."""

_ROOM = 3.0
"""How many times higher than its frames a picture may become by legends."""


@dataclass(frozen=True)
class Contents:
    """What may be chosen of a picture, as far as it is known before there is anything to draw.

    panels, parts: as of `Sheet.pick`; () where there is one panel. labels, colors: how many there may be; () where
    there are none, None for one of each panel that is drawn. least: width that the panels that are drawn need, as of
    `Sheet.check_width`.
    """

    panels: Sequence[str] = ()
    parts: Sequence[str] = ()
    labels: Collection[int] | None = ()
    colors: Collection[int] | None = ()
    least: Callable[[Sequence[str]], float] = lambda _: LEAST

    def check(self, look: Look) -> None:
        """Raise BandgError for a look that the picture cannot have, so that it is refused before long work."""
        with sheet(None, look) as page:
            panels = page.pick(self.panels, self.parts) if self.panels else ()
            for name, counts in (("labels", self.labels), ("colors", self.colors)):
                if counts != ():
                    page.count(name, [len(panels)] if counts is None else counts)
            page.check_width(self.least(panels))


class Sheet:
    """Where one picture is drawn, and what its caller chose of it.

    ax: the axes that were given, None for a new figure. look: as `Look`. columns: panels side by side in a new figure.
    """

    def __init__(self, ax: Any, look: Look) -> None:
        self.ax, self.look = ax, checked(look)
        self._used = {"style"}
        self._frames: tuple[Axes, ...] = ()
        self.columns = 1
        if ax is not None and "width" in self.look:
            raise BandgError("`width` is that of a new figure: leave it out where ax is given")

    @property
    def is_new(self) -> bool:
        """Whether a new figure is made."""
        return self.ax is None

    @property
    def style(self) -> Any:
        """Style of a new figure."""
        return self.look.get("style", "paper")

    @property
    def width(self) -> float:
        """Width of a new figure in inches of the paper's style: less where text is larger."""
        import matplotlib

        inches = self.look["width"] / _MM if "width" in self.look else matplotlib.rcParams["figure.figsize"][0]  # type: ignore[operator]
        return float(inches) / pt(1)

    def lines(self, text: str, columns: float = 1, size: float = 1) -> list[str]:
        """A text in lines as wide as the figure, or as one of so many columns. size: of its letters."""
        return wrapped(text, int(self.width / columns * 72 / (_LETTER_PT * size)))

    @property
    def is_narrow(self) -> bool:
        """Whether the panels of a new figure are too narrow for a legend inside."""
        return self.is_new and self.width / self.columns < _NARROW

    def pick(self, names: Sequence[str], parts: Sequence[str] = ()) -> tuple[str, ...]:
        """The panels to draw, all names without a choice. parts: what may be joined to panels by "+", as "g_e+g_h".

        Raises BandgError for a panel that the picture has not, and for one named twice.
        """
        self._used.add("panels")
        asked = self.look.get("panels")
        if asked is None:
            return tuple(names)
        known = {name.lower(): name for name in (*names, *parts)}
        found = []
        for one in asked:
            words = [word.strip().lower() for word in one.split("+")] if parts else [one.lower()]
            if unknown := [word for word in words if word not in known]:
                joined = ", or several joined by +, as " + "+".join(parts[:2]) if parts else ""
                raise BandgError(
                    f"`panels` has {quote(unknown[0])}, which this picture has not: "
                    f"choose of {', '.join(parts or names)}{joined}"
                )
            found.append("+".join(known[word] for word in words))
        if len(set(found)) < len(found):
            raise BandgError("`panels` names a panel twice")
        return tuple(found)

    def labels(self, own: Sequence[str]) -> tuple[str, ...]:
        """Names of the curves: those of the caller, else their own. Raises BandgError for another number."""
        return self._each("labels", own)

    def colors(self, own: Sequence[str]) -> tuple[str, ...]:
        """Colors of the curves: those of the caller, else their own. Raises BandgError for another number."""
        return self._each("colors", own)

    def _each(self, name: str, own: Sequence[str]) -> tuple[str, ...]:
        self.count(name, [len(own)], f": {', '.join(own)}" if name == "labels" else "")
        given: Any = self.look.get(name)  # type: ignore[call-overload]
        return tuple(own if given is None else given)

    def count(self, name: str, counts: Collection[int], listed: str = "") -> None:
        """Raise BandgError for another number of labels or colors than one of these."""
        self._used.add(name)
        given: Any = self.look.get(name)  # type: ignore[call-overload]
        if given is None or len(given) in counts:
            return
        several = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{min(counts)}"
        what = f"curve{'s' * (max(counts) != 1)}{listed}" if name == "labels" else "of them"
        raise BandgError(f"`{name}` has {len(given)}, but this picture has {several} {what}")

    def axes(
        self,
        count: int,
        height: float,
        columns: int | None = None,
        least: int = 0,
        narrowest: float = _NARROWEST,
        beside: float = 0.0,
        **figure: Any,
    ) -> tuple[Axes, ...]:
        """The axes that were given, or those of a new figure, row by row.

        height: of one row in inches of the paper's style. columns: most panels side by side, fewer where one would
        be narrower than `narrowest`. beside: width that labels take at the left. least: so many axes are enough where
        some are given. figure: as for matplotlib.pyplot.subplots. Raises BandgError for another number of axes and for
        what is not axes.
        """
        if self.ax is not None:
            return _given(self.ax, count, least)
        import matplotlib.pyplot as plt

        self.check_width(LEAST)

        fitting = max(1, int((self.width - beside) / narrowest + 1e-9))
        columns = max(1, min(count, columns or count, fitting))
        rows = math.ceil(count / columns)
        size = (self.width * pt(1), height * rows * pt(1))
        settings = {"layout": "constrained"} | figure
        made, grid = plt.subplots(rows, columns, squeeze=False, figsize=size, **settings)
        remember(made, self.style)
        for spare in grid.flat[count:]:
            spare.remove()
        self._frames, self.columns = tuple(grid.flat[:count]), columns
        return self._frames

    def mosaic(
        self,
        names: Sequence[str],
        whole: Sequence[Sequence[str]],
        height: float,
        single: float = 2.2,
        **ratios: Any,
    ) -> tuple[Axes, ...]:
        """Axes of the names: as `whole` lays them out where all are drawn and there is room, else in a grid.

        height: of the whole, single: of one row of the grid, in inches of the paper's style. ratios: as gridspec_kw.
        """
        everything = {name for row in whole for name in row} == set(names)
        if self.ax is not None or not everything or self.width < 2 * _NARROWEST:
            return self.axes(len(names), single)
        import matplotlib.pyplot as plt

        size = (self.width * pt(1), height * pt(1))
        rows: Any = [list(row) for row in whole]
        made, axes = plt.subplot_mosaic(rows, figsize=size, layout="constrained", gridspec_kw=ratios)
        remember(made, self.style)
        self._frames, self.columns = tuple(axes[name] for name in names), 2
        return self._frames

    def check_width(self, least: float) -> None:
        """Raise BandgError where a new figure would be narrower than this, in inches of the paper's style."""
        if self.is_new and self.width < least:
            needed = f"{math.ceil(least * pt(1) * _MM)} mm at least in the style {os.fspath(self.style)}"
            raise BandgError(f"`width` is {self.width * pt(1) * _MM:.0f} mm, but this picture needs {needed}")

    def finish(self) -> None:
        """Give the horizontal axes fewer ticks where their labels would meet.

        Raises BandgError for a choice that the picture has not used.
        """
        from matplotlib.ticker import AutoLocator

        room = int((self.width / self.columns - 0.7) * 72 / _TICK_PT) - 1 if self._frames else 0
        for axes in self._frames if room < 5 else ():
            if isinstance(axes.xaxis.get_major_locator(), AutoLocator):
                axes.locator_params(axis="x", nbins=max(1, room))
        unused = [name for name in self.look if name not in self._used | {"width"}]
        if unused:
            what = {"panels": "one panel", "labels": "no curves to name", "colors": "no curves to color"}
            raise BandgError(f"this picture has {what[unused[0]]}: leave out `{unused[0]}`")


@contextmanager
def sheet(ax: Any, look: Look) -> Iterator[Sheet]:
    """Context in which a picture is drawn in its style."""
    page = Sheet(ax, look)
    with style(page.style) if ax is None or "style" in page.look else nullcontext():
        yield page
        page.finish()


def _given(ax: Any, wanted: int, least: int) -> tuple[Axes, ...]:
    from matplotlib.axes import Axes

    given = tuple(np.asarray(ax, dtype=object).flat)
    if not all(isinstance(one, Axes) for one in given):
        raise BandgError("ax must be matplotlib axes, as matplotlib.pyplot.subplots() gives them")
    if not (least or wanted) <= len(given) <= wanted:
        count = f"{least} to {wanted}" if least and least != wanted else f"{wanted}"
        raise BandgError(f"ax holds {len(given)} axes: this picture needs {count}")
    return given


def grow(frames: Sequence[Axes], height: float, rows: int = 1) -> None:
    """Make the figure of these axes so high that a frame has this height (in inches of the paper's style) at least.

    Legends and labels take their room beside that. rows: how many frames stand above each other.
    """
    figure, engine = _figure(frames[0]), _figure(frames[0]).get_layout_engine()
    assert engine is not None
    figure.set_figheight(_ROOM * figure.get_figheight())  # legends that do not fit would take the frames away
    engine.execute(figure)
    now = min(one.get_window_extent().height for one in frames) / figure.dpi
    figure.set_figheight(figure.get_figheight() + rows * (height * pt(1) - now))


def suptitle(page: Sheet, axes: Sequence[Axes], title: str) -> None:
    """A title above all frames of a new figure, in lines that are no longer than it is wide."""
    _figure(axes[0]).suptitle("\n".join(page.lines(literal(title))), fontsize="medium")


def letters(axes: Sequence[Axes]) -> None:
    """Put (a), (b) ... above the left end of each frame, if there are several."""
    for one, letter in zip(axes, "abcdefghijklmnopqrstuvwxyz", strict=False):
        if len(axes) > 1:
            one.annotate(
                f"({letter})",
                (0, 1),
                (pt(-4), pt(4)),
                xycoords="axes fraction",
                textcoords="offset points",
                weight="bold",
                horizontalalignment="right",
                verticalalignment="bottom",
            )


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure
