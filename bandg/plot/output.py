"""Writing pictures atomically, with the same bytes for the same picture."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bandg.base.files import check_writable, write_whole
from bandg.base.marks import PICTURE_MARK
from bandg.plot.style import style, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png", "svg")
"""File formats of pictures, chosen by the ending of the file name."""

# what would change from run to run without telling the reader anything
_METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "Creator": PICTURE_MARK},
    "svg": {"Date": None, "Creator": PICTURE_MARK},
    "png": {"Software": PICTURE_MARK},
}


def check_picture_path(path: str | os.PathLike[str]) -> str:
    """Format ("pdf", "png" or "svg") of a picture file that can be written; call it before long work.

    Raises BandgError as `bandg.base.files.check_writable` does.
    """
    return check_writable(path, tuple(f".{name}" for name in FORMATS)).suffix.lower().removeprefix(".")


def figure_of(picture: Axes | Sequence[Axes] | Figure) -> Figure:
    """The figure that holds the axes."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(picture, Figure):
        return picture
    figure = (picture if isinstance(picture, Axes) else picture[0]).get_figure(root=True)
    assert figure is not None
    return figure


def save(picture: Axes | Sequence[Axes] | Figure, path: str | os.PathLike[str]) -> Path:
    """Write the figure of these axes in the format of the file's ending; the file appears whole or stays as it was.

    Every picture of bandg is written here. The figure stays open. Raises BandgError where the file cannot be written.
    """
    return write_whole(path, rendered(picture, check_picture_path(path)))


def rendered(picture: Axes | Sequence[Axes] | Figure, form: str) -> bytes:
    """The content of a file with the figure of these axes, in one of FORMATS."""
    content = io.BytesIO()
    figure = figure_of(picture)
    # a figure with a layout is saved as wide as it is, any other without its empty margins
    margins = None if figure.get_layout_engine() else "tight"
    with style(style_of(figure)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(content, format=form, metadata=_METADATA[form], bbox_inches=margins)
    return content.getvalue()
