"""The command line: it reads options, calls the library and prints; it has no physics."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bandg import __version__
from bandg.base.errors import BandgError
from bandg.cli import (
    bulk,
    compute,
    dos,
    export,
    fit,
    hypotheses,
    infer,
    info,
    kp,
    overlay,
    params,
    sensitivity,
)
from bandg.cli.command import App
from bandg.cli.options import as_options
from bandg.cli.screen import screens
from bandg.cli.signals import Interruption

app = App(
    help="Levels and g-factors of perovskite nanocrystals.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    pretty_exceptions_enable=False,
)
app.command("compute")(compute.compute)
app.command("bulk")(bulk.bulk)
app.command("sensitivity")(sensitivity.sensitivity)
app.command("fit")(fit.fit)
app.command("infer")(infer.infer)
app.command("overlay")(overlay.overlay)
app.command("hypotheses")(hypotheses.hypotheses)
app.command("export")(export.export)
app.command("dos")(dos.dos)
app.command("info")(info.info)
app.add_typer(kp.app, name="kp")
app.add_typer(params.app, name="params")
app.add_typer(info.cache_app, name="cache")


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
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files and need no display
    with screens() as (output, _), Interruption() as interruption:
        code = _run(interruption)
        output.flush()
        # the reader has closed the pipe
        if output.failure is not None and not isinstance(output.failure, BrokenPipeError):
            reason = output.failure.strerror or output.failure
            code = _say_error(f"cannot print: {reason}; the files are written") if code == 0 else code
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
            "memory ran out; finished sizes are kept: choose a smaller --size, fewer --workers or --levels, "
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
