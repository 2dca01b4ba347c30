"""Recognizes files that bandg has written. Only these are replaced without --overwrite."""

from __future__ import annotations

from pathlib import Path

TOML_MARK = "# Written by bandg.\n"
JSON_MARK = {"written_by": "bandg"}
PICTURE_MARK = "bandg"
ARCHIVE_MARK = b"bandg"
STORED_MARK = "# bandg overlay --regenerate "
POINTS_MARK = "# Written by bandg spin fit."
CUBE_MARK = "Written by bandg."
TRACES_MARK = "# Written by bandg spin simulate."

# the first bytes of a file, and a mark somewhere in it
_CSV_STARTS = (
    b"shape,termination,center,",
    b"crystal,size_nm,",
    b"curve,energy_eV,",
    b"energy_eV,states_per_eV,",
    b"index,site,species,x_nm,",
)
_MARKS: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    ".csv": (
        *((start, b"") for start in _CSV_STARTS),
        (b"# schema = 1\n", STORED_MARK.encode()),
        *((b"# schema = 1\n", mark.encode()) for mark in (POINTS_MARK, TRACES_MARK)),
    ),
    ".json": ((b'{\n "written_by": "bandg"', b""), (b'[\n {\n  "name":', b"")),
    ".toml": ((TOML_MARK.encode(), b""),),
    ".html": ((b"<!DOCTYPE html>", b"<title>bandg "),),
    ".nc": ((b"\x89HDF", b"bandg"),),
    ".cube": ((CUBE_MARK.encode(), b""),),
    ".npz": ((b"PK", len(ARCHIVE_MARK).to_bytes(2, "little") + ARCHIVE_MARK),),
    ".png": ((b"\x89PNG", b"Software\0" + PICTURE_MARK.encode()),),
    ".pdf": ((b"%PDF", f"({PICTURE_MARK})".encode()),),
    ".svg": ((b"<?xml", f">{PICTURE_MARK}<".encode()),),
    ".xyz": ((b"", b":electron_density:R:1:hole_density:R:1"),),
}
_MARKS[".extxyz"] = _MARKS[".xyz"]


def may_replace(path: Path) -> bool:
    """Whether a file does not exist, is empty, or was written by bandg. Raises OSError where it cannot be read."""
    if not path.is_file():
        return True
    content = path.read_bytes()
    marks = _MARKS.get(path.suffix.lower(), ())
    return not content or any(content.startswith(start) and inside in content for start, inside in marks)
