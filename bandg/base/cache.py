"""Cache of results on disk. The key of a result is the hash of everything that it depends on."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from bandg.base import kept
from bandg.base.errors import BandgError
from bandg.base.files import TEMPORARY, write_bytes

R = TypeVar("R")

_PHYSICS = ("base/units.py", "crystal", "hamiltonian", "models", "parameters", "solvers")
"""Files and folders that a number can depend on."""

_ENTRY = re.compile(r"[0-9a-f]{64}\.json")
_LEFT_OVER_S = 86400.0
"""Age in seconds after which a temporary file is taken to belong to a killed run."""


def cache_directory() -> Path:
    """The cache folder: BANDG_CACHE_DIR, or the platform's cache folder of the user."""
    if given := os.environ.get("BANDG_CACHE_DIR"):
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("bandg"))


@lru_cache(maxsize=1)
def source_digest() -> str:
    """sha256 of the source of the physics modules, so that an edited checkout never serves yesterday's numbers."""
    root = Path(__file__).parents[1]
    places = [root / name for name in _PHYSICS]
    digest = hashlib.sha256()
    for path in sorted(path for place in places for path in ([place] if place.is_file() else place.rglob("*.py"))):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def source_of(kind: type) -> str:
    """sha256 of the file in which a class stands, of its own lines in a notebook; its module's name without source."""
    try:
        source = Path(str(sys.modules[kind.__module__].__file__)).read_bytes()
    except (AttributeError, KeyError, OSError):
        try:
            source = inspect.getsource(kind).encode()
        except (OSError, TypeError):
            return kind.__module__
    return hashlib.sha256(source).hexdigest()


def key_of(description: dict[str, Any]) -> str:
    """Key of a computation: sha256 of the canonical JSON of its description and of the physics sources."""
    canonical = json.dumps(description | {"source": source_digest()}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def load(key: str, read: Callable[[dict[str, Any]], R]) -> R | None:
    """The stored result, or None if there is no readable entry that belongs to this key.

    read(payload) makes the result from plain types. A damaged entry is not removed here; `store` replaces it.
    """
    path = cache_directory() / f"{key}.json"
    try:
        if not path.is_file():  # reading a pipe would wait forever
            return None
        content = json.loads(path.read_bytes())
        payload = content["payload"]
        if content["key"] != key or content["checksum"] != _checksum(key, payload):
            return None
        return read(payload)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError):
        return None


def store(key: str, result: Any) -> None:
    """Store a dataclass. A crash leaves the old file, the new one, or none. Warns if it cannot be written."""
    folder = cache_directory()
    payload = json.loads(json.dumps(asdict(result)))
    content = {"key": key, "checksum": _checksum(key, payload), "payload": payload}
    try:
        write_bytes(folder / f"{key}.json", json.dumps(content).encode())
        kept.count()
    except OSError as error:  # a failure to store must not lose the result itself
        reason = error.strerror or error
        warnings.warn(f"results were not kept: cannot write the cache in {folder}: {reason}", stacklevel=2)


def check() -> None:
    """Raise BandgError if the cache cannot be written; called before any work."""
    folder = cache_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BandgError(
            f"cannot write the cache in {folder}: {error.strerror or error}; use `cache=False`, or set BANDG_CACHE_DIR"
        ) from error
    _remove(path for path in _own(folder, TEMPORARY) if _age_s(path) > _LEFT_OVER_S)


def info() -> tuple[Path, int, int]:
    """Folder, number of stored results and their size in bytes."""
    folder = cache_directory()
    sizes = [path.stat().st_size for path in _own(folder, _ENTRY)]
    return folder, len(sizes), sum(sizes)


def clear() -> int:
    """Remove all stored results and the temporary files of interrupted runs; returns the number of results removed."""
    folder = cache_directory()
    _remove(_own(folder, TEMPORARY))
    return _remove(_own(folder, _ENTRY))


def _own(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """Files of the folder whose names the cache itself made."""
    return [path for path in folder.glob("*") if name.fullmatch(path.name) and path.is_file()]


def _age_s(path: Path) -> float:
    """Seconds since a file was written, 0 where another run has just finished it and it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove(paths: Iterable[Path]) -> int:
    """Remove files; returns how many were removed."""
    removed = 0
    for path in paths:
        with suppress(OSError):
            path.unlink()
            removed += 1
    return removed


def _checksum(key: str, payload: Any) -> str:
    return hashlib.sha256(json.dumps([key, payload], sort_keys=True).encode()).hexdigest()
