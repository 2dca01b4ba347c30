"""`bandg info`: versions, optional libraries, solvers and the cache."""

from __future__ import annotations

import typer

from bandg.base.text import install
from bandg.cli.cache import cache_info
from bandg.cli.command import App

app = App()

_CORE = ("numpy", "scipy", "sympy", "matplotlib", "spgrep", "pymablock", "xarray", "loky", "pydantic")
_OPTIONAL = {
    "kwant": "kwant",
    "py-mkl-pardiso": "fast",
    "SALib": "sensitivity",
    "dynesty": "sensitivity",
    "distributed": "distributed",
    "ase": "structures",
    "bokeh": "explore",
}


@app.command("info")
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
