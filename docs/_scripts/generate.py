"""Makes the numbers and pictures that the pages include, several scripts at a time, where something has changed.

python docs/_scripts/generate.py FOLDER
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

from bandg.runs.workers import processors

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = (
    *("hole", "confinement", "validation", "surfaces", "explorer_page", "nanocrystals", "effects", "waterfall"),
    *("second_neighbors", "verdict", "family", "tilts", "spreads", "theory_lines", "decide", "schema"),
)
"""Modules with a function `write(folder)`, the longest first."""

SOURCES = ("bandg", "params", "theory_curves", "docs/_scripts", "docs/fits")
"""Folders on which the result depends."""


def state() -> str:
    """sha256 of everything that the result depends on."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _write(name: str, folder: Path) -> str:
    start = perf_counter()
    import_module(name).write(folder)
    return f"{name}, {perf_counter() - start:.0f} s"


def generate(folder: Path) -> Iterator[str]:
    """Run all scripts and yield a line as each ends; nothing where the folder is of the present state."""
    mark, now = folder / "STATE", state()
    if mark.is_file() and mark.read_text() == now:
        return
    folder.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    with ProcessPoolExecutor(min(processors(), 4), get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_write, name, folder) for name in SCRIPTS]):
            yield done.result()
    mark.write_text(now)


if __name__ == "__main__":
    for line in generate(Path(sys.argv[1])):
        print(line, flush=True)
