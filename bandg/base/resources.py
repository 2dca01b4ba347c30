"""Access to the data files that ship with bandg."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

from bandg.base.errors import BandgError

_PARAMS = "bandg.params"
_CURVES = "bandg.theory_curves"


@cache
def params_files() -> tuple[str, ...]:
    """File names (``"nestoklon2021-dft.toml"``, ...) of the shipped parameter sets, sorted."""
    return tuple(sorted(item.name for item in files(_PARAMS).iterdir() if item.name.endswith(".toml")))


def read_params(name: str) -> str:
    """Text of the shipped parameter file ``name`` (as :func:`params_files` lists it).

    Raises BandgError if no such file ships.
    """
    if name not in params_files():
        raise BandgError(f"no parameter file {name!r} ships with bandg; there are: {', '.join(params_files())}")
    return files(_PARAMS).joinpath(name).read_text(encoding="utf-8")


def fitted_sets() -> tuple[str, ...]:
    """Names of the shipped sets that have a covariance, sorted."""
    return tuple(sorted(item.name.removesuffix(".json") for item in files(_PARAMS).iterdir() if ".json" in item.name))


def read_covariance(name: str) -> str:
    """Text of the .json beside the shipped set ``name``, one of :func:`fitted_sets`."""
    return files(_PARAMS).joinpath(f"{name}.json").read_text(encoding="utf-8")


def theory_curve(path: str) -> Traversable:
    """The shipped data file at ``path`` inside theory_curves, e.g. ``"measured/meliakov2025.csv"``.

    Raises BandgError if no such file ships.
    """
    parts = path.split("/")
    item = files(_CURVES).joinpath(*parts)
    if not all(part.strip(".") for part in parts) or "\\" in path or not item.is_file():
        raise BandgError(f"no data file {path!r} ships with bandg")
    return item


def theory_curve_files(folder: str) -> tuple[str, ...]:
    """File names inside one folder of theory_curves (``"measured"``, ...), sorted; empty if there is none."""
    item = files(_CURVES).joinpath(folder)
    if not item.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in item.iterdir() if entry.is_file()))


def plot_style(name: str) -> AbstractContextManager[Path]:
    """Context manager with the path of a matplotlib style file that ships, as "paper"."""
    return as_file(files("bandg.plot").joinpath(f"{name}.mplstyle"))
