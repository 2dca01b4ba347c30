"""Executes the notebooks of the documentation into the cache from which the build takes their outputs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CACHE = "notebooks"
"""Folder of the cache in that of the generated pages."""

TIMEOUT_S = 300


def names() -> list[str]:
    """Names of the notebooks, without ending."""
    return sorted(path.stem for path in NOTEBOOKS.glob("*.md"))


def execute(name: str) -> Any:
    """A notebook with its outputs. Raises RuntimeError where a cell fails."""
    from jupyter_cache.executors.utils import single_nb_execution
    from myst_nb.core.read import read_myst_markdown_notebook
    from myst_parser.config.main import MdParserConfig

    notebook = read_myst_markdown_notebook((NOTEBOOKS / f"{name}.md").read_text(encoding="utf-8"), MdParserConfig())
    with TemporaryDirectory() as folder:
        result = single_nb_execution(notebook, cwd=folder, timeout=TIMEOUT_S, allow_errors=False)
    if result.err is not None:
        raise RuntimeError(f"docs/notebooks/{name}.md: {result.exc_string}")
    return notebook


def store(name: str, executed: Any, folder: Path) -> None:
    """Put a notebook into the cache; one process at a time."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    bundle = CacheBundleIn(executed, str(NOTEBOOKS / f"{name}.md"))
    get_cache(str(folder / CACHE)).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
