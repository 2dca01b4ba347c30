"""Emulators that ship with bandg."""

from __future__ import annotations

from bandg.analysis.emulators.emulator import Emulator, from_json
from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.text import one_line

FOLDER = "computed/emulators"


def file_name(set: str, shape: str) -> str:
    """Name of the file of an emulator."""
    return f"{set}-{shape}.json"


def stored_names() -> tuple[tuple[str, str], ...]:
    """(set, shape) of the emulators that ship, sorted."""
    files = (name.removesuffix(".json") for name in resources.theory_curve_files(FOLDER) if name.endswith(".json"))
    return tuple((set_name, shape) for set_name, _, shape in (name.rpartition("-") for name in files))


def load_emulator(set: str, shape: str = "cube") -> Emulator:
    """The emulator of a shipped set. Raises BandgError where none ships."""
    if (set, shape) not in stored_names():
        known = ", ".join(f"{one} {of}" for one, of in stored_names())
        raise BandgError(one_line(f"no emulator of {set}, {shape} ships with bandg; there are: {known}"))
    return from_json(resources.theory_curve(f"{FOLDER}/{file_name(set, shape)}").read_text(encoding="utf-8"))
