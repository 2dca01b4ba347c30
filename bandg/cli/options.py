"""Options that several commands share, with one wording."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.crystal.lattice import PEROVSKITE

if TYPE_CHECKING:
    from bandg.runs.options import Run

TERMINATIONS = " or ".join(one.label for one in PEROVSKITE.terminations)
"""Both terminations, for the help of options."""

SetName = Annotated[str, typer.Option("--set", help="Parameter set, by name or path.")]
PUBLISHED_HELP = "Parameter set, by name or path; the default is the published theory."
"""Help of --set in the commands that test the published theory."""

Neighbors = Annotated[int | None, typer.Option(help="1 or 2; default: all of the set.")]
Workers = Annotated[int | None, typer.Option(help="Processes; default: all processors.")]
Scheduler = Annotated[
    str | None, typer.Option(help="dask.distributed: tcp://host:port or a scheduler file; works there.")
]
Patience = Annotated[float, typer.Option(help="Seconds that the cluster may be without workers.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")]


def say_data(given: Any) -> Any:
    """Print to standard error what each file of measured points is read as; the command itself refuses a bad one."""
    names = [given] if isinstance(given, str) else given or []
    for name in names if "none" not in names else []:
        if Path(name).suffix or "/" in name:
            from bandg.data.measured import describe

            with suppress(BandgError):
                typer.echo(f"{name}: {describe(name)}", err=True)
    return given


Data = Annotated[
    list[str] | None,
    typer.Option(
        help="Measured points: FILE.csv, .txt or .xlsx, a shipped collection, or none; repeated.",
        callback=say_data,
        show_default="what ships of the material",
    ),
]
Judge = Annotated[
    str | None,
    typer.Option(
        help="Measured points: your CSV, text or .xlsx file, or a shipped collection.",
        callback=say_data,
        show_default="meliakov2025 for CsPbI3",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Continue even if memory may not suffice.")]


_SPELLED = {"cache=False": "--no-cache", "offset_eV": "--offset", "mean_nm": "--mean"}
_SPELLED |= {f"{name}_eV": f"--{name}" for name in ("energy", "homogeneous")}
_SPELLED |= {"width_eV": "--laser-width"}
"""Arguments of the library with a different spelling as options."""


def as_options(message: str) -> str:
    """A message of the library with its arguments, as `x_vacancies` or `solver='iterative'`, spelled as options."""

    def option(match: re.Match[str]) -> str:
        """One argument as an option."""
        name, value = match[1], match[2]
        if match[0].strip("`") in _SPELLED:
            return _SPELLED[match[0].strip("`")]
        spelled = _SPELLED.get(name, f"--{name.replace('_', '-')}")
        return spelled if value in (None, "True") else spelled + " " + value.strip("'")

    return re.sub(r"`([A-Za-z_][A-Za-z0-9_]*)(?:=([^`]*))?`", option, message)


def takes(**groups: Callable[..., Any]) -> Any:
    """Decorator: the parameter of each name becomes, in its place, the options of a group.

    The command gets a callable without arguments in that parameter, which calls the group with what the user stated.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        """The command with the options of the groups."""
        options_of = {name: inspect.signature(group, eval_str=True).parameters for name, group in groups.items()}

        @functools.wraps(command)
        def run(**values: Any) -> Any:
            """The command, called with groups in place of their options."""
            for name, group in groups.items():
                values[name] = functools.partial(group, **{one: values.pop(one) for one in options_of[name]})
            return command(**values)

        own = inspect.signature(command, eval_str=True).parameters
        found = [other for name, one in own.items() for other in options_of.get(name, {name: one}).values()]
        return with_parameters(run, found)

    return decorated


def with_parameters(run: Callable[..., Any], parameters: Iterable[inspect.Parameter]) -> Any:
    """The function, of which typer makes these options."""
    found = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    run.__annotations__ = {one.name: one.annotation for one in found}
    run.__signature__ = inspect.Signature(found)  # type: ignore[attr-defined]
    return run


Running = Callable[[], "AbstractContextManager[Run]"]
"""Makes the Run of the options, as `running` does."""


@contextmanager
def running(
    workers: Workers = None,
    scheduler: Scheduler = None,
    patience: Patience = 60.0,
    no_cache: NoCache = False,
    force: Force = False,
) -> Iterator[Any]:
    """The Run of these options, with a progress bar inside of the block."""
    from bandg.cli.progress import progress
    from bandg.runs.options import Run

    with progress() as shown:
        run = Run(workers, not no_cache, force, scheduler, patience, shown)
        run.check()
        yield run
