"""The command line: it reads options, calls the library and prints; it has no physics."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core

from bandg import __version__
from bandg.base.errors import BandgError
from bandg.base.kept import kept
from bandg.cli.command import App, Group
from bandg.cli.options import as_options
from bandg.cli.screen import screens
from bandg.cli.signals import Interruption
from bandg.cli.watch import WATCH

COMMANDS = {
    "compute": "Compute confined levels and g-factors of nanocrystals against size.",
    "bulk": "Bulk gap, masses, momentum elements and g-factors: "
    "of the cubic crystal at R, or of a strained or tilted one.",
    "sensitivity": "The effect of every parameter on g: exact derivatives times a step, or global indices over ranges.",
    "fit": "Fit a parameter set by least squares with exact derivatives, "
    "and report which parameters the data determine.",
    "infer": "Posterior of named parameters given measured g-factors, and the evidence of competing models.",
    "overlay": "Draw theory curves over measured g-factors and print the residual at every point.",
    "explore": "Write one HTML file with sliders: curves of computed nanocrystals beside measured points, "
    "without a server.",
    "match": "Find the nanocrystals that fit a measured sample: "
    "set, shape, size, surface, energy scale, by probability.",
    "hypotheses": "Compare mechanisms that could explain the hole g-factor: "
    "the change of g by each, and what it leaves.",
    "verdict": "Predict the measured g-factors, nothing adjusted, for each set, surface and energy scale; "
    "weigh by evidence.",
    "export": "Write one nanocrystal for other programs: Hamiltonian, atoms with densities, amplitudes, picture.",
    "dos": "Density of states of the whole nanocrystal, and numbers of states beside exact counts.",
    "spin": "Oscillating spin signals: g, T2* and spreads from traces, and traces of a model.",
    "info": "Print versions, optional libraries, solvers and the cache.",
    "kp": "k.p theory: bulk laws, formulas, sets from tight binding.",
    "params": "List, show and check parameter sets.",
    "data": "Measured points: list what ships, check a file.",
    "cache": "Look at the cache of results, or empty it.",
}
"""All commands with the first line of their help, in the order of the help."""

_GARBAGE = 20_000
"""Objects between two searches for unused ones. Python's own 700 takes a tenth of the time of a short command."""


class Commands(Group):
    """The group of all commands. The module `bandg.cli.NAME` of a command is imported when it is invoked."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        for name, first_line in COMMANDS.items():
            self.add_command(typer.core.TyperCommand(name, help=first_line))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Name, command and remaining words, as typer does, with the complete command."""
        name, found, rest = super().resolve_command(ctx, args)
        WATCH.what = f"bandg {name}: {found.help}" if found else ""
        return name, found and load(str(found.name)), rest


def load(name: str) -> Any:
    """The command of that name with its options."""
    return typer.main.get_command(import_module(f"bandg.cli.{name}").app)  # type: ignore[attr-defined]


app = App(
    add_completion=True,
    cls=Commands,
    help="Levels and g-factors of perovskite nanocrystals.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bandg {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point: wrong input prints one line and exits with 2, a signal that ends the command with 128 + its number.

    These are SIGINT, SIGTERM and SIGHUP.
    """
    gc.set_threshold(_GARBAGE)
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files and need no display
    with screens() as both, WATCH.over(both), Interruption() as interruption:
        output, _ = both
        code = _run(interruption)
        output.flush()
        # the reader has closed the pipe
        if output.failure is not None and not isinstance(output.failure, BrokenPipeError):
            reason = output.failure.strerror or output.failure
            code = _say_error(f"cannot print: {reason}; the files are written") if code == 0 else code
    interruption.end_at_once()
    sys.exit(code)


def _run(interruption: Interruption) -> int:
    """Run the command; its exit code."""
    try:
        code = app(standalone_mode=False)
    except BandgError as error:
        return _say_error(as_options(str(error)))
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except MemoryError:
        return _say_error(
            f"memory ran out; {kept()}: choose a smaller --size, fewer --workers or --levels, "
            "or a machine with more memory"
        )
    except Exception as error:
        # typer has its own copy of click, so its usage errors are recognized by their methods
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # no command was given: its message is the whole help
            typer.echo(error.format_message(), err=True)
            return 2
        return _say_error(error.format_message())
    if code == 130:  # newer typer raises this for an interruption
        return interruption.say()
    return code if isinstance(code, int) else 0


def _say_error(message: str) -> int:
    """Print a message as one line; the exit code."""
    typer.echo(f"error: {BandgError(message)}", err=True)
    return 2
