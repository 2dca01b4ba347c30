"""Legends of pictures with curves and measured points, below the frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bandg.plot.palette import INK
from bandg.plot.points import THEORY_LINE, Series, point_look, range_look, theory_look
from bandg.plot.sheet import Sheet
from bandg.plot.style import formulas, pt, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTER_PT, _HANDLE_LETTERS = 3.7, 7
"""Mean width of a letter of a legend in the paper's style, and the room of a handle in letters."""

_DROP_PT = 28.0
"""Depth of tick labels and axis label below a frame."""


Entry = tuple[Any, str]
"""A handle of matplotlib, or a tuple of several, and its label."""


def put_legends(
    page: Sheet, axes: Sequence[Axes], calculated: Sequence[Any], series: Sequence[Series], title: str
) -> None:
    """Legends of what is calculated and of what is measured: below the frames of a new figure, else inside the axes.

    calculated: handles with labels. title: of the first legend, which also says what the markers of the second mean.
    """
    from matplotlib.lines import Line2D

    own = [(one, str(one.get_label())) for one in calculated]
    keys = keys_of(series)
    measured: list[Entry] = [(Line2D([], [], **group.look()), group.label) for group in series]
    if not page.is_new:
        if len(axes) == 1:
            _legend(axes[0], [*own, *measured, *keys], "", 40, {"fontsize": "small"})
            return
        _legend(axes[0], [*own, *keys], "", 40, {"fontsize": "small"})
        _legend(axes[-1], measured, "", 40, {"fontsize": "small"})
        return
    places = [one.get_subplotspec() for one in axes]
    bottom = max(place.rowspan.start for place in places if place)
    row = [one for one, place in zip(axes, places, strict=True) if place and place.rowspan.start == bottom]
    columns = len({place.colspan.start for place in places if place})
    letters = int((page.width / columns - 0.75) * 72 / _LETTER_PT - _HANDLE_LETTERS)
    if len(row) == 1:
        head = [(Line2D([], [], linestyle="none"), "Measured:")] if series else []
        _legend(row[0], [*own, *head, *measured, *keys], title, letters, _below(row[0]))
        return
    if len(row) > 2:
        _legend(row[1], keys, "", letters, _below(row[1]))
        keys = []
    for key in keys:  # where there is more room
        shorter = min((measured, own), key=lambda entries: sum(len(wrapped(text, letters)) for _, text in entries))
        shorter.append(key)
    _legend(row[0], own, title, letters, _below(row[0]))
    _legend(row[-1], measured, "Measured" if series else "", letters, _below(row[-1]))


def keys_of(series: Sequence[Series]) -> list[Entry]:
    """What the markers and lines of the measured values mean."""
    from matplotlib.lines import Line2D

    marks = [(group.family, mark) for group in series for mark in group.marks]
    found: list[Entry] = []
    holes = sorted({family for family, mark in marks if mark.quantity == "g_h" and not mark.is_range})
    if holes:
        lines = tuple(Line2D([], [], **point_look("g_h", True, INK, family)) for family in holes)
        found.append((lines, "measured hole (others: electron, sum)"))
    looks: list[tuple[bool, dict[str, Any], str]] = [
        (any(mark.quantity == "g" for _, mark in marks), point_look("g", False, INK), "octagon: carrier not decided"),
        (
            any(mark.theory for _, mark in marks),
            theory_look(INK) | {"linestyle": THEORY_LINE},
            "dotted or cross: contains theory",
        ),
        (any(not mark.signed for _, mark in marks), point_look("g_e", False, INK), "open: stated as a magnitude"),
        (any(mark.is_range for _, mark in marks), range_look(INK), "bar: stated as a range, not as points"),
    ]
    return found + [(Line2D([], [], **look), text) for there, look, text in looks if there]


def _legend(axes: Axes, entries: Sequence[Entry], title: str, letters: int, place: dict[str, Any]) -> None:
    from matplotlib.legend_handler import HandlerTuple

    if not entries:
        return
    handles, labels = zip(*entries, strict=True)
    lines = [formulas("\n".join(wrapped(label, letters))) for label in labels]
    together: dict[Any, Any] = {tuple: HandlerTuple(ndivide=None)}
    title = "\n".join(wrapped(title, letters + _HANDLE_LETTERS))
    axes.legend(handles, lines, title=title or None, alignment="left", handler_map=together, **place)


def legend_below(
    page: Sheet, axes: Sequence[Axes], handles: Sequence[Any], labels: Sequence[str], title: str = ""
) -> None:
    """A legend below all panels of a new figure, in two columns where there is room, and in lines that fit."""
    figure: Any = axes[0].get_figure(root=True)
    letters = int(page.width * 72 / _LETTER_PT)
    columns = 2 if 2 * (max(map(len, labels)) + _HANDLE_LETTERS) < letters else 1
    lines = ["\n".join(wrapped(text, letters // columns - _HANDLE_LETTERS)) for text in labels]
    above = "\n".join(wrapped(title, letters)) or None
    figure.legend(handles, lines, loc="outside lower center", ncols=columns, title=above)


def own_legend(page: Sheet, axes: Axes, **place: Any) -> None:
    """The legend of one panel: inside, or where that is too narrow below its labels."""
    axes.legend(fontsize="small", **_below(axes) if page.is_narrow else place)


def _below(axes: Axes) -> dict[str, Any]:
    """Where a legend below the axes and their labels is."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None
    drop = ScaledTranslation(0, -pt(_DROP_PT) / 72, figure.dpi_scale_trans)
    return {"loc": "upper left", "bbox_to_anchor": (0, 0), "bbox_transform": axes.transAxes + drop}
