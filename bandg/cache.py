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

from bandg.errors import BandgError
from bandg.geometry import Nanocrystal
from bandg.model import Levels, LevelState

R = TypeVar("R")

_PHYSICS = (
    *("geometry.py", "pointgroup.py", "system.py", "symmetry.py", "eigen.py", "zeeman.py", "model.py", "units.py"),
    *("derivatives.py", "structure.py", "distortion.py", "explicit.py", "atoms.py", "parameters.py", "_paths.py"),
    *("backends.py", "filtered.py"),
)
_PHYSICS_FOLDERS = ("etb", "kp")


def cache_directory() -> Path:
    """Where results are kept: BANDG_CACHE_DIR, else the user's cache folder of this platform."""
    import platformdirs

    return Path(os.environ.get("BANDG_CACHE_DIR") or platformdirs.user_cache_dir("bandg"))


@lru_cache(maxsize=1)
def source_digest() -> str:
    """sha256 of the source of the physics modules, so that an edited checkout never serves yesterday's numbers."""
    root = Path(__file__).parent
    files = [root / name for name in _PHYSICS]
    files += sorted(path for folder in _PHYSICS_FOLDERS for path in (root / folder).glob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
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


def levels_of(payload: dict[str, Any]) -> Levels:
    """Levels from the plain types that are stored."""

    def state(content: dict[str, Any]) -> LevelState:
        quartet = content["g_quartet"]
        tensors = {name: tuple(tuple(row) for row in content[name]) for name in ("g_axes", "g_tensor")}
        fixed = {"g_quartet": tuple(quartet) if quartet else None, "g_principal": tuple(content["g_principal"])}
        return LevelState(**content | fixed | tensors)

    return Levels(
        **payload
        | {
            "nanocrystal": Nanocrystal.of(payload["nanocrystal"]),
            "electron": state(payload["electron"]),
            "hole": state(payload["hole"]),
            "electron_levels": tuple(state(content) for content in payload["electron_levels"]),
            "hole_levels": tuple(state(content) for content in payload["hole_levels"]),
            "warnings": tuple(payload["warnings"]),
        }
    )
