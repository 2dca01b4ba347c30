"""Base of every command: checks of options and files before it runs, and the option --overwrite."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from bandg.base.errors import BandgError
from bandg.base.marks import may_replace
from bandg.base.text import quote

_WRITTEN = ("out", "plot", "corner", "report", "matrix", "atoms", "output", "cube", "amplitudes")
"""Parameters that name a file to write. A file named by any other parameter is read."""

_BESIDE = {
    ("compute", "out"): (".levels.csv", ".mean.csv"),
    ("fit", "out"): (".json",),
    ("export", "matrix"): (".csv",),
    ("export", "cube"): (".electron.cube", ".hole.cube"),
}
"""Endings of further files that a command writes beside the named one."""

_LARGEST = 2**31 - 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SIZE = re.compile(r"[\d.][\w.,:]*(nm|cells)")
_HOME = re.compile(r"(--[a-z-]+=)~(?=/|$)")


class App(typer.Typer):
    """A typer application with commands of the class Command, help in plain text, and no completion of its own."""

    def __init__(self, cls: Any = None, add_completion: bool = False, **settings: Any) -> None:
        super().__init__(cls=cls or Group, rich_markup_mode=None, add_completion=add_completion, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """As in typer."""
        return super().command(name, cls=Command, **settings)


class _Conversion:
    """Conversion of the value of an option. That of typer loads pydantic for all values, this one where it must."""

    def __init__(self, parameter: Any) -> None:
        self.of_typer, self.kind = parameter.get_runtime_param, parameter.type_descriptor.annotation

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The converted value. Raises an exception of typer for one that cannot be converted."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self.kind in (str, int, float, Path):
            with suppress(ValueError):
                return self.kind(value)
        return self.of_typer().coerce(value, param=param, ctx=ctx)


class _Light:
    """A group or command that does not load pydantic, which takes longer than all else that a short command does."""

    def get_params(self, ctx: Any) -> Any:
        """Options and arguments."""
        found = super().get_params(ctx)  # type: ignore[misc]
        for parameter in found:
            # typer before 0.29 has no such method and does without pydantic
            converts = hasattr(parameter, "get_runtime_param") and "get_runtime_param" not in vars(parameter)
            if converts and not parameter.type_descriptor.is_ranged:  # typer checks min and max as it converts
                light = _Conversion(parameter)
                parameter.get_runtime_param = lambda light=light: light
        return found


class Group(_Light, typer.core.TyperGroup):
    """A group of commands."""


class Command(_Light, typer.core.TyperCommand):
    """A command that refuses empty and repeated options, and that does not overwrite input or foreign files."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        if any(parameter.name in _WRITTEN for parameter in self.params):
            self.params.append(_overwrite())
        for parameter in self.params:
            _without_type(parameter)

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help."""
        return _without_type(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words, as typer does, and check them. Raises BandgError."""
        args = [_HOME.sub(lambda match: match[1] + os.path.expanduser("~"), word) for word in args]  # as a shell would
        given, rest, order = self.make_parser(ctx).parse_args(args=list(args))
        if not (ctx.resilient_parsing or given.get("help")):
            _check_words(given, order)
            if rest and _SIZE.fullmatch(rest[0]) and any(one.name == "size" for one in self.params):
                raise BandgError(f"{quote(rest[0])} belongs to no option: write --size {rest[0]}")
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            shown = {str(p.name): _shown(p) for p in self.params}
            _check_numbers(given, ctx.params, shown)
            overwrite = ctx.params.pop("overwrite", False)
            check_files(self.name or "", shown, ctx.params, overwrite)
        return rest


def _overwrite() -> Any:
    """The option --overwrite as typer makes it."""
    maker = typer.Typer(add_completion=False)

    @maker.command()
    def command(
        overwrite: Annotated[
            bool, typer.Option("--overwrite", help="Also replace files that bandg has not written.")
        ] = False,
    ) -> None:
        pass

    return next(p for p in typer.main.get_command(maker).params if p.name == "overwrite")  # type: ignore[attr-defined]


def _without_type(parameter: Any) -> Any:
    """The parameter; the help of a flag shows no <bool>, since no value follows."""
    if getattr(parameter, "is_flag", False):
        parameter.metavar = ""
    return parameter


def _shown(parameter: Any) -> str:
    """A parameter as the user writes it."""
    return str(parameter.opts[0]) if parameter.param_type_name == "option" else str(parameter.name).upper()


def _check_words(given: Mapping[str, Any], order: Iterable[Any]) -> None:
    """Raise BandgError for options that are empty or given twice."""
    order = list(order)
    counts = Counter(parameter.name for parameter in order)
    for parameter in order:
        found = given.get(parameter.name)
        if isinstance(found, str) and counts[parameter.name] > 1:
            raise BandgError(f"{_shown(parameter)} is given {counts[parameter.name]} times: give it once")
        for word in found if isinstance(found, Sequence) and not isinstance(found, str) else [found]:
            if not isinstance(word, str):
                continue
            if _CONTROL.search(word):
                raise BandgError(f"{_shown(parameter)} {quote(word)} contains a control character")
            if not word.strip():
                raise BandgError(f"{_shown(parameter)} is empty: give it a value, or leave it out")


def _check_numbers(given: Mapping[str, Any], values: Mapping[str, Any], shown: Mapping[str, str]) -> None:
    """Raise BandgError for numbers that only Python accepts, such as 1_000, and for numbers that are too large."""
    for name, word in given.items():
        value = values.get(name)
        if not isinstance(word, str) or not isinstance(value, int | float):
            continue
        if "_" in word or not word.isascii():
            raise BandgError(f"{shown[name]} {quote(word)} is not a plain number")
        if not abs(value) <= _LARGEST:  # nan too
            raise BandgError(f"{shown[name]} {quote(word)} is not a number up to {_LARGEST}")


def check_files(command: str, shown: Mapping[str, str], values: Mapping[str, Any], overwrite: bool) -> None:
    """Raise BandgError for a file to write that is also read or written twice, or that is not bandg's own.

    shown: the names of the parameters as the user writes them. values: what was given. overwrite: whether files that
    bandg has not written may be replaced; a file that is read never is.
    """
    read = {}
    for name, value in values.items():
        for word in value if isinstance(value, list | tuple) else [value]:
            if name not in _WRITTEN and isinstance(word, str | Path) and os.path.isfile(word):
                read[os.path.realpath(word)] = shown[name]
    written: dict[str, str] = {}
    for name, path in _targets(command, values):
        real = os.path.realpath(path)
        if real in read:
            raise BandgError(f"{shown[name]} would overwrite {path}, which {read[real]} reads: give another name")
        if real in written:
            raise BandgError(f"{written[real]} and {shown[name]} write the same file {path}: give another name")
        written[real] = shown[name]
        try:
            replaceable = overwrite or may_replace(Path(real))
        except OSError as error:
            raise BandgError(f"cannot write {path}: {error.strerror or error}") from error
        if not replaceable:
            raise BandgError(
                f"{shown[name]}: {path} exists and was not written by bandg: give another name, or add --overwrite"
            )


def _targets(command: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """(parameter, path) of every file that a command may write."""
    # typer before 0.29 makes paths of words only when it calls the command
    if folder := values.get("regenerate"):
        from bandg.analysis.curves import KINDS, file_name

        yield from (("regenerate", Path(folder) / file_name(kind)) for kind in KINDS)
    for name in _WRITTEN:
        value = values.get(name)
        if isinstance(value, str | Path) and (path := Path(value)).name:
            yield name, path
            yield from ((name, path.with_suffix(suffix)) for suffix in _BESIDE.get((command, name), ()))
