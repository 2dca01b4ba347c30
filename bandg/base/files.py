"""Reading text with one clear line for what fails; writing, checked before the work, and whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bandg.base.errors import BandgError
from bandg.base.text import one_line


def read_text(path: str | os.PathLike[str], label: str, missing: str, wanted: str) -> str:
    """The text of a UTF-8 file, with or without byte order mark.

    Raises BandgError, one line that starts with `label`: `missing` is the advice where there is no such file, `wanted`
    names what should be given in place of a directory.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        what = f"no such file; {missing}"
    except IsADirectoryError:
        what = f"is a directory: give {wanted}"
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start}): save it as UTF-8"
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise BandgError(one_line(f"{label}: {what}"))


def csv_rows(text: str, label: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row of a CSV that is neither blank nor a comment; a row ends at that line.

    Raises BandgError, one line that starts with `label`, for what is no CSV and for another schema than 1.
    """
    line = 0

    def data_lines() -> Iterator[str]:
        nonlocal line
        for line, content in enumerate(io.StringIO(text), start=1):
            if not content.startswith("#"):
                yield content
            elif content[1:].replace(" ", "").startswith("schema=") and content.partition("=")[2].strip() != "1":
                raise BandgError(f"{label}, line {line}: schema is not known: this version of bandg reads schema = 1")

    try:
        for cells in csv.reader(data_lines(), strict=True):
            if any(cell.strip() for cell in cells):
                yield line, cells
    except csv.Error as error:
        raise BandgError(f"{label}, line {line}: is not CSV: {error}") from error


def check_writable(path: str | os.PathLike[str], formats: tuple[str, ...]) -> Path:
    """The path, if a file of one of these extensions can be written there; nothing is left behind.

    Raises BandgError for another extension, and for a folder that is missing or cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in formats:
        named = f"{target.suffix!r} is" if target.suffix else "no extension is"
        raise _cannot(target, f"{named} no known format; use {', '.join(formats)}")
    try:
        if target.is_dir():
            raise _cannot(target, "it is a folder")
        if not target.parent.is_dir():
            raise _cannot(target, f"the folder {str(target.parent)!r} does not exist")
        with tempfile.TemporaryFile(dir=target.parent):
            pass
        if target.exists():
            with target.open("ab"):
                pass
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise _cannot(target, error) from error
    return target


def _cannot(path: Path, why: object) -> BandgError:
    name = str(path)
    reason = getattr(why, "strerror", None) or why
    return BandgError(f"cannot write {name if name.isprintable() else ascii(name)}: {reason}")


def write_whole(path: str | os.PathLike[str], fill: Callable[[Path], object]) -> Path:
    """Fill a temporary file beside the path and move it there, so that nothing half-written is ever seen.

    fill(temporary) writes the content. Raises BandgError where it cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))  # replace what a link points to, not the link
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".bandg-", suffix=target.suffix)
    except (OSError, ValueError) as error:
        raise _cannot(Path(path), error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        fill(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise _cannot(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
