"""Options of pictures, the same for every command that draws one."""

from __future__ import annotations

import csv
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.options import with_parameters

if TYPE_CHECKING:
    from bandg.data.measured import MeasuredPoint
    from bandg.plot.sheet import Contents
    from bandg.plot.style import Look

_PICTURES = ("plot", "corner", "waterfall")
"""Parameters that name a file with a picture."""

Style = Annotated[
    str | None, typer.Option(help="Look of the picture: paper, talk, poster or FILE.mplstyle.", show_default="paper")
]
Width = Annotated[str | None, typer.Option(help="Width of the picture: 86mm, 8.6cm or 3.4in.")]
Panels = Annotated[str | None, typer.Option(help="Panels to draw, A,B; a wrong name lists those of the picture.")]
Labels = Annotated[str | None, typer.Option(help='Names in the legend, A,B; "A, B" with quotation marks is one.')]
Colors = Annotated[str | None, typer.Option(help="Colors of the curves: red,#0072B2,tab:blue.")]
Measured = Annotated[
    list[str] | None,
    typer.Option(help="Measured points in the picture beside those of --data: a shipped collection, or none."),
]


@dataclass(frozen=True)
class Figure:
    """What the options say of the picture. measured: names of collections, "none", or nothing said."""

    look: Look
    measured: tuple[str, ...] = ()

    def points(self, own: Sequence[MeasuredPoint], data: object) -> tuple[MeasuredPoint, ...]:
        """The measured points of the picture.

        own: those of the command, which a user has named if there is `data`. Raises BandgError.
        """
        from bandg.data.choice import measured_points

        kept = tuple(own) if data or not self.measured else ()
        return (*kept, *(point for point in measured_points(list(self.measured)) if point not in kept))


def draws(contents: Callable[[Mapping[str, Any]], Contents], *, measured: bool = False) -> Any:
    """Decorator: the command with the options of pictures after its own; it gets a Figure as `figure`.

    contents: what may be chosen of the picture, by the other options of the command. measured: whether the picture has
    measured points. Options without a picture, files that no picture can be written to, and choices that the picture
    has not are refused before the command runs.
    """
    shared = dict(inspect.signature(_options, eval_str=True).parameters)
    if not measured:
        del shared["measured"]

    def decorated(drawing: Callable[..., None]) -> Any:
        """The command with the options of pictures."""
        own = [one for one in inspect.signature(drawing, eval_str=True).parameters.values() if one.name != "figure"]

        @functools.wraps(drawing)
        def run(**values: Any) -> None:
            """The command, with its Figure in place of the options of pictures."""
            given = {name: values.pop(name) for name in shared}
            stated = [name for name, value in given.items() if value]
            pictures = [values[name] for name in _PICTURES if values.get(name)]
            if stated and not (pictures or values.get("report")):
                raise BandgError(f"--{stated[0]} is for the picture: add --plot FILE.pdf, or leave it out")
            if pictures:
                from bandg.plot.output import check_picture_path

                for path in pictures:
                    check_picture_path(path)
            figure = _options(**given)
            if figure.look:
                contents(values).check(figure.look)
            drawing(**values, figure=figure)

        return with_parameters(run, (*own, *shared.values()))

    return decorated


def _options(
    style: Style = None,
    width: Width = None,
    panels: Panels = None,
    labels: Labels = None,
    colors: Colors = None,
    measured: Measured = None,
) -> Figure:
    """The picture as these options want it. Raises BandgError for what cannot be, before anything is computed."""
    look: dict[str, Any] = {"style": style, "width": width}
    look |= {name: _words(text) for name, text in (("panels", panels), ("labels", labels), ("colors", colors))}
    given = {name: value for name, value in look.items() if value is not None}
    if given:
        from bandg.plot.style import checked

        checked(given)  # type: ignore[arg-type]
    if measured:
        from bandg.data.choice import measured_points

        measured_points(list(measured))
    return Figure(given, tuple(measured or ()))  # type: ignore[arg-type]


def _words(text: str | None) -> list[str] | None:
    """The parts of a list with commas."""
    return None if text is None else next(csv.reader([text], skipinitialspace=True))


def say_caption(sentences: Sequence[str]) -> None:
    """Print what a picture leaves to its caption."""
    if sentences:
        typer.echo(f"for the caption: {' '.join(sentences)}")
