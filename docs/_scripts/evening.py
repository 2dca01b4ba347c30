"""An evening in a fresh clone with fresh caches: five files in, a figure, a page and a match out, with times.

python docs/_scripts/evening.py     about ten minutes; needs git, uv and a package index

Writes docs/examples/evening.txt, the transcript, and docs/_static/evening.png, its figure. Only the first figure is
shown with its table; of the others the lines that differ.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bandg.base.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
FILES = ("decimal_commas.csv", "workbook.xlsx", "origin.txt", "plain.csv", "wavelengths.csv")
FIGURE = "compute --energy 1.69..2.25eV --data {} --plot {} --style paper --width 86mm"
KEPT = ("wrote ", "for the caption", "from the cache")


def run(command: str, folder: Path, environment: dict[str, str], kept: tuple[str, ...] = ()) -> str:
    """The transcript of one command: what it prints, or the lines with the given words, and its seconds."""
    begun = time.monotonic()
    done = subprocess.run(
        shlex.split(command), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = time.monotonic() - begun
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    if kept:
        lines = ["(...)", *(line for line in lines if any(word in line for word in kept))]
    return "\n".join([f"$ {command}", *lines, f"[{seconds:.1f} s]", ""])


def evening(folder: Path) -> str:
    """The transcript of everything in a folder. Raises CalledProcessError where a command fails."""
    clone = folder / "bandg"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BANDG", "VIRTUAL_ENV"))}
    environment |= {"HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv"), "BANDG_CACHE_DIR": str(folder / "cache")}
    for name in FILES:
        shutil.copy(clone / "docs/examples/data" / name, clone)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=clone, capture_output=True, text=True).stdout
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.strip()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors; a fresh clone, an empty package cache and an empty cache of results\n",
        run("uv run -q bandg --version", clone, environment),
    ]
    for name in FILES:
        parts.append(run(f"uv run -q bandg data check {name}", clone, environment))
        picture = f"{Path(name).stem}.pdf"
        kept = KEPT if name != FILES[0] else ()
        parts.append(run(f"uv run -q bandg {FIGURE.format(name, picture)}", clone, environment, kept))
    parts.append(run(f"uv run -q bandg match --data {FILES[1]}", clone, environment))
    page = f"bandg explore --data {FILES[1]} --output tonight.html"
    parts.append(run(f"uv run -q --extra explore {page}", clone, environment))
    run(f"uv run -q bandg {FIGURE.format(FILES[1], 'evening.png')}", clone, environment)
    shutil.copy(clone / "evening.png", ROOT / "docs/_static/evening.png")
    return "\n".join(parts)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(write_whole(ROOT / "docs/examples/evening.txt", evening(Path(folder))))
