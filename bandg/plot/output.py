"""Writing a picture: whole or not at all."""

from __future__ import annotations

import io
import os
import secrets
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bandg.errors import BandgError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png", "svg")
"""File formats of pictures, chosen by the ending of the file name."""

# what would change from run to run without telling the reader anything
_NO_DATE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


def check_picture_path(path: str | os.PathLike[str]) -> str:
    """Format ("pdf", "png" or "svg") of a picture file that can be written; call it before long work.

    Raises BandgError for an unknown ending, a directory in the file's place or no directory to write to.
    """
    target = Path(path)
    ending = target.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        problem = f"the ending .{ending} is not known" if ending else "has no ending"
        _fail(target, f"{problem}; pictures end in {', '.join(f'.{name}' for name in FORMATS)}")
    if target.is_dir():
        _fail(target, "is a directory: give a file name")
    if not target.parent.is_dir():
        _fail(target, f"cannot be written: there is no directory {str(target.parent)!r}")
    if target.exists() and not os.access(target, os.W_OK):
        _fail(target, "cannot be written: the file there is read-only")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        _fail(target, f"cannot be written: no permission in the directory {str(target.parent)!r}")
    return ending


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure in the format of the file's ending; the file appears whole or stays as it was.

    Raises BandgError where :func:`check_picture_path` does, and where the file cannot be written.
    """
    form = check_picture_path(path)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format=form, metadata=_NO_DATE[form])
    target = Path(os.path.realpath(path))  # replace what a link points to, not the link
    temporary = target.with_name(f".bandg-{secrets.token_hex(6)}.{form}")
    try:
        temporary.write_bytes(buffer.getvalue())
        os.replace(temporary, target)
    except OSError as error:
        _fail(Path(path), f"cannot be written: {error.strerror or error}")
    finally:
        temporary.unlink(missing_ok=True)


def _fail(path: Path, what: str) -> NoReturn:
    name = str(path)
    raise BandgError(f"{name if name.isprintable() else ascii(name)}: {what}")
