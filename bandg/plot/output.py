"""Writing a picture: whole or not at all, and the same bytes for the same picture."""

from __future__ import annotations

import io
import os
import warnings
from typing import TYPE_CHECKING

from bandg.base.files import check_writable, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png", "svg")
"""File formats of pictures, chosen by the ending of the file name."""

# what would change from run to run without telling the reader anything
_NO_DATE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


def check_picture_path(path: str | os.PathLike[str]) -> str:
    """Format ("pdf", "png" or "svg") of a picture file that can be written; call it before long work.

    Raises BandgError as `bandg.files.check_writable` does.
    """
    return check_writable(path, tuple(f".{name}" for name in FORMATS)).suffix.lower().removeprefix(".")


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure in the format of the file's ending; the file appears whole or stays as it was.

    Raises BandgError where the file cannot be written.
    """
    form = check_picture_path(path)
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(content, format=form, metadata=_NO_DATE[form])
    write_whole(path, content.getvalue())
