"""Results on disk, each under the hash of everything that it depends on."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from bandg.base.errors import BandgError

R = TypeVar("R")

_PHYSICS = ("base/units.py", "crystal", "hamiltonian", "models", "parameters", "solvers")
"""Files and folders that a number can depend on."""


def cache_directory() -> Path:
    """Where results are kept: BANDG_CACHE_DIR, else the user's cache folder of this platform."""
    import platformdirs

    return Path(os.environ.get("BANDG_CACHE_DIR") or platformdirs.user_cache_dir("bandg"))


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


def key_of(description: dict[str, Any]) -> str:
    """Key of a computation: sha256 of the canonical JSON of its description and of the physics sources."""
    canonical = json.dumps(description | {"source": source_digest()}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def load(key: str, read: Callable[[dict[str, Any]], R]) -> R | None:
    """The stored result, or None where there is none or the file is damaged (it is then removed).

    read(payload) makes the result of its plain types.
    """
    path = cache_directory() / f"{key}.json"
    try:
        content = json.loads(path.read_bytes())
        payload = content["payload"]
        if content["checksum"] != _checksum(payload):
            raise ValueError("wrong checksum")
        return read(payload)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError):
        discard(path)
        return None


def discard(path: Path) -> None:
    """Remove a file, where that can be done."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def store(key: str, result: Any) -> None:
    """Store a dataclass so that a crash leaves the old file, the new one, or none. Raises BandgError if it cannot."""
    folder = cache_directory()
    payload = json.loads(json.dumps(asdict(result)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False) as stream:
            json.dump({"checksum": _checksum(payload), "payload": payload}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(stream.name, folder / f"{key}.json")
    except OSError as error:
        raise _unusable(folder, error) from error


def check() -> None:
    """Raise BandgError where the cache cannot be written, so that no work is done in vain."""
    folder = cache_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> BandgError:
    return BandgError(
        f"cannot write the cache in {folder}: {error.strerror or error}; use --no-cache, or set BANDG_CACHE_DIR"
    )


def info() -> tuple[Path, int, int]:
    """Folder, number of stored results and their size in bytes."""
    folder = cache_directory()
    files = list(folder.glob("*.json")) if folder.is_dir() else []
    return folder, len(files), sum(path.stat().st_size for path in files)


def clear() -> int:
    """Remove every stored result; returns how many there were."""
    folder = cache_directory()
    files = [path for pattern in ("*.json", "*.part") for path in folder.glob(pattern)] if folder.is_dir() else []
    for path in files:
        discard(path)
    return sum(path.suffix == ".json" for path in files)


def _checksum(payload: Any) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
