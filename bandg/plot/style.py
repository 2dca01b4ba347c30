"""The look of all pictures: styles for print, talks and posters, and what a caller may choose of a picture."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from weakref import WeakKeyDictionary

from bandg.base import resources
from bandg.base.arguments import wrong
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, Value
from bandg.base.text import nearest, quote

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = ("paper", "talk", "poster")
"""Styles that ship: files NAME.mplstyle of matplotlib, each read after that of the paper."""

_TEXT_PT = 8.0
"""Size of text in the style of the paper, to which the others are scaled."""

_STYLE_OF: WeakKeyDictionary[Figure, str | os.PathLike[str]] = WeakKeyDictionary()
_NARROWEST_MM, _WIDEST_MM = 40.0, 2000.0


class Look(TypedDict, total=False):
    """What may be chosen of every picture, in Python as keywords and in the commands as options.

    style: "paper", "talk", "poster", or the path of a .mplstyle file, which is read after that of the paper. Without
    it a new figure has that of the paper, and axes that are given keep their own settings.
    width: of a new figure, in mm as a number or with its unit as "86mm", "8.6cm" or "3.4in".
    panels: names of the panels to draw, in order. labels: names of the curves in the legend, as text in which dollar
    signs enclose formulas. colors: one for each curve, as matplotlib names them.
    """

    style: str | os.PathLike[str]
    width: str | float
    panels: str | Sequence[str]
    labels: str | Sequence[str]
    colors: str | Sequence[str]


@contextmanager
def style(name: str | os.PathLike[str] = "paper") -> Iterator[None]:
    """Context in which matplotlib has its defaults plus a style; the settings before come back at the end.

    name: one of STYLES or the path of a .mplstyle file. In the style of the paper a picture is 7 inches (178 mm) wide
    with 8 point text. Raises BandgError for any other name.
    """
    import matplotlib.style

    path = _checked_style(name)
    with ExitStack() as open_files:
        names = dict.fromkeys(("paper", path if isinstance(path, str) else "paper"))
        files = [str(open_files.enter_context(resources.plot_style(one))) for one in names]
        more = [] if isinstance(path, str) else [str(path)]
        with matplotlib.style.context(["default", *files, *more]):
            yield


def remember(figure: Figure, name: str | os.PathLike[str]) -> None:
    """Keep the style of a new figure, which matplotlib needs again as it writes the file."""
    _STYLE_OF[figure] = name
    for axes in figure.axes:
        for spine in axes.spines.values():
            spine.set_in_layout(False)  # frames lie within their axes, and asking them costs a fifth


def style_of(figure: Figure) -> str | os.PathLike[str]:
    """The style in which a figure was drawn."""
    return _STYLE_OF.get(figure, "paper")


def pt(size: float) -> float:
    """A length in points of the paper's style, scaled to the size of text of the style that holds now."""
    import matplotlib

    return size * float(matplotlib.rcParams["font.size"]) / _TEXT_PT


def checked(look: Look) -> Look:
    """The look with lists in place of single words and the width in mm. Raises BandgError for what cannot be."""
    known = Look.__annotations__
    for name in look:
        if name not in known:
            raise BandgError(
                f"a picture has no argument {name!r}{nearest(name, known) or '; it takes ' + ', '.join(known)}"
            )
    found: dict[str, Any] = {name: value for name, value in look.items() if value is not None}
    if "style" in found:
        found["style"] = _checked_style(found["style"])
    if "width" in found:
        found["width"] = _width_mm(found["width"])
    for name in ("panels", "labels", "colors"):
        if name in found:
            found[name] = _words(name, found[name])
    for color in found.get("colors", ()):
        _check_color(color)
    for label in found.get("labels", ()):
        _check_label(label)
    return Look(**found)  # type: ignore[typeddict-item]


def _checked_style(name: str | os.PathLike[str]) -> str | Path:
    if not isinstance(name, str | os.PathLike):
        raise wrong("style", f"{', '.join(STYLES)} or the path of a .mplstyle file", name)
    if name in STYLES:
        return str(name)
    path = Path(name)
    if path.suffix != ".mplstyle":
        raise BandgError(f"`style` {quote(os.fspath(name))} is unknown: choose {', '.join(STYLES)} or a FILE.mplstyle")
    if not path.is_file():
        raise BandgError(f"`style`: there is no file {quote(os.fspath(name))}")
    return path


def _width_mm(width: object) -> float:
    def problem(value: Value) -> str:
        return "" if _NARROWEST_MM <= value.number <= _WIDEST_MM else "must lie within 40..2000 mm"

    grammar = Grammar("`width`", "86mm", ("mm",), problem)
    if isinstance(width, str):
        return grammar.value(width).number
    if isinstance(width, bool) or not isinstance(width, int | float):
        raise wrong("width", "a length as '86mm', or a number of mm", width)
    return grammar.value(f"{width}mm").number


def _words(name: str, given: object) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    if not isinstance(words, Sequence) or not words or not all(isinstance(one, str) and one.strip() for one in words):
        raise wrong(name, "one or more words", given)
    return tuple(one.strip() for one in words)


def _check_color(color: str) -> None:
    from matplotlib.colors import is_color_like

    if not is_color_like(color):
        raise BandgError(f"`colors` has {quote(color)}, which is no color: write red, #0072B2 or tab:blue")


def _check_label(label: str) -> None:
    from matplotlib.mathtext import MathTextParser

    if not label.isprintable():
        raise BandgError(f"`labels` has {quote(label)}, which contains a control character")
    try:
        if len(re.findall(r"(?<!\\)\$", label)) % 2 == 0:
            MathTextParser("path").parse(label)
    except ValueError as error:
        raise BandgError(f"`labels` has {quote(label)}, whose formula matplotlib cannot read") from error


def literal(text: str) -> str:
    """The text as it stands, on one line: no dollar sign starts mathematics, no control character breaks the line."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("$", r"\$")


_FORMULA = re.compile(r"\b(?:(?:Cs|Rb|MA|FA|Pb|Sn|Ge|Br|Cl|I|X|A)(?:[0-9]+(?:\.[0-9]+)?)?){2,}\b")
"""A chemical formula of a perovskite or of its planes, as CsPbI3 and PbX2."""


def formulas(text: str) -> str:
    """The text with the digits of chemical formulas as subscripts."""
    return _FORMULA.sub(lambda match: re.sub(r"([0-9.]+)", r"$_{\1}$", match[0]), text)


def wrapped(text: str, letters: int) -> list[str]:
    """Lines of a text; a formula stays whole and counts with the letters that it shows."""
    lines: list[str] = []
    room = 0
    for word in re.findall(r"(?:\$[^$]*\$|\S)+", text):
        shown = len(re.sub(r"\\mathrm|[${}_\\]", "", word)) + 1
        if shown > room and room != max(letters, 20):
            lines.append("")
            room = max(letters, 20)
        lines[-1] += f" {word}" if lines[-1] else word
        room -= shown
    return lines


def number(value: float, form: str) -> str:
    """A formatted number with the sign for minus (U+2212) in place of a hyphen."""
    return format(value, form).replace("-", "\N{MINUS SIGN}")
