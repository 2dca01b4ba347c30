"""The state of the page as its address has it: words and numbers by name, joined by &."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from bandg.analysis.emulators.emulator import MAX_SPREAD, Emulator
from bandg.base.errors import BandgError
from bandg.base.text import nearest, quote

KINDS = {"set": "Parameter set", "shape": "Shape", "termination": "Termination"}
"""What tells emulators apart, with its label in the page."""


def opening(
    set: str | None, shape: str | None, state: str, emulators: Sequence[Emulator], collections: Sequence[str]
) -> str:
    """The state that a page opens in, checked; empty for the first emulator as it is.

    Raises BandgError for a word that is not known, a number outside of its range, and no such emulator.
    """
    words = dict(parse_qsl(state.removeprefix("#"), keep_blank_values=True))
    for name, given in (("set", set), ("shape", shape)):
        if given is not None and words.setdefault(name, given) != given:
            raise BandgError(f"`{name}` is {given!r}, but `state` has {name}={words[name]}: give one")
    chosen = [
        one for one in emulators if all(words.get(kind, getattr(one, kind)) == getattr(one, kind) for kind in KINDS)
    ]
    if not chosen:
        wanted = ", ".join(words[kind] for kind in KINDS if kind in words)
        known = "; ".join(dict.fromkeys(f"{one.set} {one.shape} {one.termination}" for one in emulators))
        raise BandgError(f"there is no emulator of {wanted}; there are: {known or 'none'}")
    ranges = {one.name: (one.low, one.high) for one in chosen[0].knobs}
    ranges |= {"inverse_eps": (chosen[0].exciton.inverse_eps_low, chosen[0].exciton.inverse_eps_high)}
    ranges |= {"size_spread": (0.0, MAX_SPREAD)}
    for name, text in words.items():
        if name in ranges:
            _check(name, text, *ranges[name])
        elif name == "hide":
            for one in text.split(","):
                if one not in collections:
                    raise BandgError(
                        f"`state` hides {quote(one)}, but the page has the points {', '.join(collections)}"
                    )
        elif name not in KINDS:
            known = ", ".join((*KINDS, *ranges, "hide"))
            raise BandgError(f"`state` has {quote(name)}{nearest(name, ranges)}, but knows {known}")
    return urlencode(words, safe=",:")


def _check(name: str, text: str, low: float, high: float) -> None:
    """Raise BandgError for what is no number from low to high."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise BandgError(f"`state` has {name}={text[:40]}: give a number from {low:g} to {high:g}")
