"""Reading text files with one-line errors; writing files atomically, with a check before the work."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

from bandg.base.errors import BandgError
from bandg.base.text import one_line

TEMPORARY = re.compile(r"\.bandg-[0-9a-f]{16}\.part")
"""Pattern of the names of unfinished files."""


def read_text(path: str | os.PathLike[str], label: str, missing: str, wanted: str, any_encoding: bool = False) -> str:
    """The text of a UTF-8 file, with or without byte order mark, with lines that end in a line feed.

    Raises BandgError as `read_bytes`. any_encoding: take UTF-16 and Windows code pages too, as `decoded`.
    """
    content = read_bytes(path, label, missing, wanted)
    try:
        text = decoded(content, label, wanted)[0] if any_encoding else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start}): save it as UTF-8"
        raise BandgError(one_line(f"{label}: {what}")) from None
    return "\n".join(re.split(r"\r\n|\n|\r", text))


def read_bytes(path: str | os.PathLike[str], label: str, missing: str, wanted: str) -> bytes:
    """The content of a file.

    Raises BandgError, one line that starts with `label`. `missing` is the advice if the file does not exist. `wanted`
    says what to give instead of a directory.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        what = f"no such file; {missing}"
    except IsADirectoryError:
        what = f"is a directory: give {wanted}"
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise BandgError(one_line(f"{label}: {what}"))


def decoded(content: bytes, label: str, wanted: str) -> tuple[str, tuple[str, ...]]:
    """The text of a file in UTF-8, UTF-16 with its mark, or a Windows code page, and what is to be said about it.

    Raises BandgError, one line that starts with `label`, for what is no text; `wanted` says what to give.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), ("text is UTF-16",)
        except UnicodeDecodeError as error:
            what = f"is marked as UTF-16 and is damaged: give {wanted}"
            raise BandgError(one_line(f"{label}: {what}")) from error
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        if b"\0" in content:
            what = f"is not a text file (byte {error.start}): give {wanted}"
            raise BandgError(one_line(f"{label}: {what}")) from error
    cyrillic = sum(192 <= byte <= 255 for byte in content) > 8
    page = "cp1251" if cyrillic else "cp1252"
    return content.decode(page, errors="replace"), (f"text is taken as {page}",)


def check_writable(path: str | os.PathLike[str], formats: tuple[str, ...]) -> Path:
    """The path, if a file with one of these extensions can be written there. Nothing is left behind.

    Raises BandgError for another extension and for a folder that is missing or not writable.
    """
    target = Path(path)
    if target.suffix.lower() not in formats:
        named = f"{target.suffix!r} is not a known format" if target.suffix else "the file name has no extension"
        raise _cannot(target, f"{named}; use {', '.join(formats)}")
    try:
        real = _regular(target)
        if not real.parent.is_dir():
            raise _cannot(target, f"the folder {str(real.parent)!r} does not exist")
        with tempfile.TemporaryFile(dir=real.parent):
            pass
        if real.exists():
            with real.open("ab"):
                pass
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise _cannot(target, error) from error
    return target


def _regular(path: Path) -> Path:
    """The path with its links resolved. Raises BandgError if that exists and is not a regular file."""
    real = Path(os.path.realpath(path))  # replace what a link points to, not the link
    if real.is_dir():
        raise _cannot(path, "it is a folder")
    if real.exists() and not real.is_file():
        raise _cannot(path, "it is not a regular file")
    return real


def _cannot(path: Path, why: object) -> BandgError:
    reason = getattr(why, "strerror", None) or why
    return BandgError(f"cannot write {one_line(str(path))}: {reason}")


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file atomically; text as UTF-8. Returns the path without links.

    An existing file keeps its mode. Raises BandgError if it cannot be written.
    """
    try:
        target = _regular(Path(path))
        write_bytes(target, content if isinstance(content, bytes) else content.encode())
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise _cannot(Path(path), error) from error
    return target


def write_bytes(target: Path, content: bytes) -> None:
    """Write a temporary file beside the target and move it there. A crash leaves the old file, the new one, or none.

    Raises OSError.
    """
    temporary = target.parent / f".bandg-{os.urandom(8).hex()}.part"
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
