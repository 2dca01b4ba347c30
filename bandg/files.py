"""Writing files: checked before the work, and whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from bandg.errors import BandgError


def check_writable(path: str | os.PathLike[str], formats: tuple[str, ...]) -> Path:
    """The path, if a file of one of these extensions can be written there; nothing is left behind.

    Raises BandgError for another extension, and for a folder that is missing or cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in formats:
        named = f"{target.suffix!r} is" if target.suffix else "no extension is"
        raise BandgError(f"cannot write {target}: {named} no known format; use {', '.join(formats)}")
    if target.is_dir():
        raise BandgError(f"cannot write {target}: it is a folder")
    if not target.parent.is_dir():
        raise BandgError(f"cannot write {target}: the folder {target.parent} does not exist")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
        if target.exists():
            with target.open("ab"):
                pass
    except OSError as error:
        raise BandgError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def write_whole(path: str | os.PathLike[str], fill: Callable[[Path], object]) -> Path:
    """Fill a temporary file beside the path and move it there, so that nothing half-written is ever seen.

    fill(temporary) writes the content. Raises BandgError where it cannot be written.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix)
    except OSError as error:
        raise BandgError(f"cannot write {target}: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        fill(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise BandgError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
