"""Wrong command lines, damaged files and damaged cache entries, generated from a seed.

`python tests/fuzz/wrong_input.py 1000 1000 3000` runs so many of each and prints what went wrong.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

ODD = (
    *("", " ", "x", "[/red]", "\x1b[31m", "\0", "é", "\u0664", "1_0", "nan", "inf", "-1", "1e308", "9" * 400),
    *("x" * 5000, "/", ".", "/dev/null", "no/such/file.csv", "a..b", "4..", "..4nm", "5nm,,6nm", "=", "a=b", "{}"),
    *("a=1..0", "--", "3", "2cells", "4nm", "0.5", "1eV", "lead", "sphere", "g_h=0..1", "onsite.Pb.p=0.1eV", "a.csv"),
)
"""Values that no option takes, or few."""

_LONG = ("fresh", "regenerate", "latex")
"""Options that would compute for minutes, or draw."""

FILES = {
    "points.csv": "quantity,value,energy_eV,error\ng_e,1.7,1.9,0.1\ng_h,0.2,2.0,\n",
    "curve.csv": "energy_eV,g_e,g_h\n1.8,1.9,0.1\n2.0,1.5,0.3\n",
    "nc.xyz": "3\n\nPb 0 0 0\nI 3.1 0 0\nI -3.1 0 0\n",
    "job.toml": 'name = "mine"\nset = "nestoklon2023-standin"\n',
}
READERS = {
    "points.csv": ("overlay", "--curve", "kp:bulk-law", "--data"),
    "curve.csv": ("overlay", "--curve"),
    "nc.xyz": ("compute", "--workers", "1", "--no-cache", "--structure"),
    "job.toml": ("fit",),
    "set.toml": ("params", "check"),
    "kp.toml": ("kp", "bulk", "--set"),
}


def call(words: list[str]) -> tuple[object, str]:
    """Exit code, or the exception that got through, and what stands on standard error."""
    from bandg.cli import main

    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["bandg", *words]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        return end.code, err.getvalue()
    except BaseException as error:
        return error, err.getvalue()
    finally:
        sys.argv = before
    return None, err.getvalue()


def complaint(code: object, errors: str, may_pass: bool) -> str:
    """What is wrong with how a wrong input was answered; empty where nothing is."""
    if isinstance(code, BaseException):
        return f"{type(code).__name__}: {code}"
    lines = errors.splitlines()
    if code == 0 and may_pass:
        return ""
    if code != 2:
        return f"exit code {code}"
    if len([line for line in lines if line.startswith("error: ")]) != 1 or len(errors) > 2000:
        return f"not one message: {errors[:300]!r}"
    return "" if "\x1b" not in errors else "an escape sequence"


def command_lines(draw: random.Random) -> Iterator[tuple[list[str], bool]]:
    """Command lines, and whether they may be right; the others name a parameter set or option that there is not."""
    from bandg.cli import COMMANDS, load

    def commands(found: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, command in found.items():
            if hasattr(command, "commands"):
                yield from commands(command.commands, (*path, name))
            elif name not in ("info", "clear", "list", "formula"):
                yield (*path, name), command

    known = list(commands({name: load(name) for name in COMMANDS}))
    while True:
        words, command = draw.choice(known)
        options = [p for p in command.params if p.param_type_name == "option" and p.name not in _LONG]
        has_set = any(p.name == "set_name" for p in options)
        chosen = draw.sample(options, min(len(options), draw.randint(1, 3)))
        line = [*words, *(["x"] if words[-1] in ("fit", "formula", "show", "check") else [])]
        for option in chosen:
            if option.name == "set_name":
                continue
            line += [option.opts[0]] if option.is_flag else [option.opts[0], draw.choice(ODD)]
        yield (line, True) if not has_set else ([*line, *draw.choice((["--set", "no-such-set"], ["--bogus"]))], False)


def damaged(draw: random.Random, text: str) -> bytes:
    """A text with characters, lines or cells lost, doubled, exchanged or put in."""
    content = bytearray(text.encode())
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(content) + 1)
        kind = draw.randrange(6)
        if kind == 0:
            del content[place : place + draw.randint(1, 20)]
        elif kind == 1:
            content[place:place] = draw.choice(ODD).encode()
        elif kind == 2:
            content[place:place] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 8)))
        elif kind == 3:
            lines = bytes(content).split(b"\n")
            draw.shuffle(lines)
            content = bytearray(b"\n".join(lines))
        elif kind == 4:
            content = content[:place]
        else:
            number = draw.choice(["1e308", "-1e308", "nan", "9" * 400, "-0", "1e-320", '""', "[]", "true"]).encode()
            cells = bytes(content).split(b",")
            cells[draw.randrange(len(cells))] = number
            content = bytearray(b",".join(cells))
    return bytes(content)


def wrong_command_lines(count: int, seed: int = 0) -> list[str]:
    """Complaints about so many wrong command lines."""
    draw = random.Random(seed)
    lines = command_lines(draw)
    found = []
    for _ in range(count):
        words, may_pass = next(lines)
        if what := complaint(*call(words), may_pass):
            found.append(f"{words}: {what}"[:400])
    return found


def damaged_files(count: int, folder: Path, seed: int = 0) -> list[str]:
    """Complaints about so many damaged files. What is still a file of its kind may be read."""
    from bandg.base.resources import read_params

    draw = random.Random(seed)
    texts = FILES | {"set.toml": read_params("nestoklon2021-dft.toml"), "kp.toml": read_params("kirstein2022.toml")}
    found = []
    for number in range(count):
        name = draw.choice(list(texts))
        content = damaged(draw, texts[name])
        path = folder / f"{number}{name}"
        path.write_bytes(content)
        if what := complaint(*call([*READERS[name], str(path)]), may_pass=True):
            found.append(f"{name} {content[:300]!r}: {what}"[:600])
        path.unlink()
    return found


def damaged_entries(count: int, load: Callable[[], object], entry: Path, seed: int = 0) -> list[str]:
    """Complaints about so many damaged cache entries: each must be a miss, or give the number that was stored."""
    draw = random.Random(seed)
    good, right = entry.read_text(), load()
    assert right is not None
    found = []
    for _ in range(count):
        content = damaged(draw, good)
        if draw.random() < 0.2:
            payload = json.loads(good)
            payload[draw.choice(list(payload))] = draw.choice([None, [], {}, 1e400, "x", [[[]]], 3])
            content = json.dumps(payload).encode()
        entry.write_bytes(content)
        try:
            result = load()
        except BaseException as error:
            found.append(f"{content[:200]!r}: {type(error).__name__}: {error}")
            continue
        if result is not None and result != right:
            found.append(f"{content[:200]!r}: another number")
    entry.write_text(good)
    return found


def stored_entry() -> tuple[Callable[[], object], Path]:
    """A function that loads one result from the cache, and its file."""
    from bandg.base import cache
    from bandg.crystal.shapes import cube
    from bandg.models.etb.job import Job
    from bandg.parameters.loader import load_set
    from bandg.runs.sweep import run_jobs

    parameters = load_set("nestoklon2023-standin")
    job = Job(parameters, cube(2, parameters.a_nm), 1)
    run_jobs([job])
    return lambda: cache.load(job.key(), job.read), cache.cache_directory() / f"{job.key()}.json"


if __name__ == "__main__":
    import os

    lines, files, entries = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        os.environ["BANDG_CACHE_DIR"] = f"{name}/cache"
        os.chdir(name)
        for title, found in (
            ("command lines", wrong_command_lines(lines)),
            ("files", damaged_files(files, Path(name))),
            ("cache entries", damaged_entries(entries, *stored_entry()) if entries else []),
        ):
            print(f"{title}: {len(found)} complaints", *found, sep="\n  ", flush=True)
