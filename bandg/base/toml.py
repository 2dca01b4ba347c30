"""Reader and writer of TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from bandg.base.errors import BandgError


def parse_toml(text: str, label: str) -> dict[str, Any]:
    """The table of a TOML text. Raises BandgError, whose line starts with `label`."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and integers of > 4300 digits
        raise BandgError(f"{label}: is not valid TOML: {str(error) or type(error).__name__}") from error


def write_toml(content: Mapping[str, Any]) -> str:
    """TOML of values and of tables by their dotted names, one line for each value of a table.

    A nested table is written on one line in braces; an empty table is left out.
    """
    head = [_line(key, value) for key, value in content.items() if not isinstance(value, Mapping)]
    tables = {name: table for name, table in content.items() if isinstance(table, Mapping) and table}
    for name, table in tables.items():
        head += ["", f"[{name}]", *(_line(key, value) for key, value in table.items())]
    return "\n".join(head) + "\n"


def _line(key: str, value: Any) -> str:
    return f"{key if key.isascii() and key.isidentifier() else _string(key)} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_line(key, one) for key, one in value.items()) + " }"
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    """A basic string: JSON's escapes, and what JSON leaves bare and TOML does not know: delete and lone surrogates."""
    known = text.encode("utf-8", "replace").decode()
    return json.dumps(known, ensure_ascii=False).replace("\x7f", "\\u007f")
