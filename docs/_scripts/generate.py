"""Makes the numbers, pictures and notebooks of the pages, several at a time, where something has changed.

python docs/_scripts/generate.py FOLDER
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import notebooks

from bandg.runs.workers import processors

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = (
    *("hole", "confinement", "validation", "surfaces", "explorer_page", "nanocrystals", "effects", "waterfall"),
    *("second_neighbors", "verdict", "family", "tilts", "spreads", "theory_lines", "decide", "synthetic", "schema"),
)
"""Modules with a function `write(folder)`, the longest first."""

SOURCES = ("bandg", "params", "theory_curves", "docs/_scripts", "docs/fits", "docs/notebooks")
"""Folders on which the result depends."""


def work() -> list[str]:
    """Names of scripts and notebooks."""
    return [SCRIPTS[0], *notebooks.names(), *SCRIPTS[1:]]


def state() -> str:
    """sha256 of everything that the result depends on."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _done(name: str, folder: Path) -> tuple[str, float, Any]:
    """Name, seconds and executed notebook of a script or of a notebook."""
    start = perf_counter()
    found = import_module(name).write(folder) if name in SCRIPTS else notebooks.execute(name)
    return name, perf_counter() - start, found


def generate(folder: Path) -> Iterator[str]:
    """Run all scripts and yield a line as each ends; nothing where the folder is of the present state."""
    mark, now = folder / "STATE", state()
    if mark.is_file() and mark.read_text() == now:
        return
    folder.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    shutil.rmtree(folder / notebooks.CACHE, ignore_errors=True)
    with ProcessPoolExecutor(min(processors(), 4), get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_done, name, folder) for name in work()]):
            name, seconds, executed = done.result()
            if executed is not None:
                notebooks.store(name, executed, folder)
            yield f"{name}, {seconds:.0f} s"
    mark.write_text(now)


if __name__ == "__main__":
    for line in generate(Path(sys.argv[1])):
        print(line, flush=True)
