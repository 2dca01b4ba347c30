"""`bandg info` and `bandg cache`: versions, optional libraries, solvers and the cache."""

from __future__ import annotations

import typer

from bandg.base.text import install
from bandg.cli.command import App

cache_app = App(help="Look at the cache of results, or empty it.", no_args_is_help=True)

_CORE = ("numpy", "scipy", "sympy", "matplotlib", "spgrep", "pymablock", "xarray", "loky", "pydantic")
_OPTIONAL = {
    "kwant": "kwant",
    "py-mkl-pardiso": "fast",
    "SALib": "sensitivity",
    "dynesty": "sensitivity",
    "distributed": "distributed",
    "ase": "structures",
}


def info() -> None:
    """Print versions, optional libraries, solvers and the cache."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from bandg import __version__
    from bandg.solvers.registry import installed_solvers

    typer.echo(f"bandg {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    typer.echo("core: " + ", ".join(f"{name} {version(name)}" for name in _CORE))
    for name, extra in _OPTIONAL.items():
        try:
            typer.echo(f"optional: {name} {version(name)}")
        except PackageNotFoundError:
            typer.echo(f"optional: {name} not installed ({install(extra)})")
    typer.echo(
        f"solvers: {', '.join(installed_solvers())} (auto takes the first that memory allows; small blocks go to dense)"
    )
    cache_info()


@cache_app.command("info")
def cache_info() -> None:
    """Print the cache folder and the number of results."""
    from bandg.base import cache

    folder, count, size = cache.info()
    typer.echo(f"cache: {count} results, {size / 1e6:.2f} MB in {folder}")


@cache_app.command("clear")
def cache_clear() -> None:
    """Remove every stored result."""
    from bandg.base import cache

    typer.echo(f"removed {cache.clear()} results")
