"""The rules of bandg's reader of measured points as a table for the page, which reads files by the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from bandg.base import rows
from bandg.data import headings, measured, sheets, understood


def rules() -> dict[str, Any]:
    """Words, units, patterns and limits of `bandg.data`, in plain types.

    The patterns mean the same in JavaScript with the flag u.
    """
    return {
        "other": sheets.OTHER,
        "cell": sheets.CELL.pattern,
        "nearly": sheets.NEARLY.pattern,
        "sample": sheets.SAMPLE.pattern,
        "unit": headings.UNIT.pattern,
        "bare_unit": headings.BARE_UNIT.pattern,
        "units": headings.UNITS,
        "family": headings.FAMILY,
        "names": headings.NAMES,
        "g": headings.G,
        "peak": headings.PEAK,
        "means": headings.MEANS,
        "of": headings.OF.pattern,
        "as_they_are": headings.AS_THEY_ARE,
        "words": headings.WORDS,
        "error": headings.ERROR.pattern,
        "spread": headings.SPREAD.pattern,
        "folded": headings.SIGNS.pattern,
        "none": sorted(understood.NONE),
        "ev_nm": understood.EV_NM,
        "largest_g": understood.LARGEST_G,
        "largest_eV": measured.LARGEST_EV,
        "largest_number": rows.LARGEST,
        "warm_K": measured.WARM_K,
        "quantities": measured.QUANTITIES,
        "spreads": measured.SPREADS,
        "needed": measured.NEEDED,
        "schema": measured.SCHEMA,
        "stated": list(measured.Stated.model_fields),
        "wide": _fields(measured.Wide),
        "long": _fields(measured.Long),
    }


def _fields(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """What each field of a row accepts, found by asking it."""
    found = {}
    for name, field in model.model_fields.items():
        options = list(_words(field.annotation))
        kind: dict[str, Any] = {"type": "choice", "options": options} if options else {"type": "text"}
        accepts = _accepting(model, name)
        if not options and not accepts("x"):
            kind = {"type": "number", "negative": accepts("-1"), "zero": accepts("0"), "energy": not accepts("101")}
            kind |= {"no_error": measured.NO_ERROR} if name.endswith("error") else {}
        found[name] = kind | {
            "required": field.is_required(),
            "default": None if field.is_required() else field.default,
        }
    return found


def _words(annotation: Any) -> Iterable[str]:
    """The words of a Literal, or of several."""
    for one in get_args(annotation):
        yield from [one] if get_origin(annotation) is Literal else _words(one)


def _accepting(model: type[BaseModel], name: str) -> Any:
    field = model.model_fields[name]
    adapter = TypeAdapter(field.rebuild_annotation())

    def accepts(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return accepts
