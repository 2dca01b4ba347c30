"""Names of the scalar targets of a fit: properties of the edges, levels, contributions to g, momentum sums, characters.

A level has the name of its irrep at R: `R6+`, `R6-` and `R8-` are the valence-band top and the two conduction bands;
`R8+.2` is the second R8+ level below the gap, counted from the gap. Edges elsewhere are `M.valence`, `M.conduction`,
`X.valence` and `X.conduction`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bandg.base.arguments import choices
from bandg.base.text import nearest
from bandg.data.contributions import BELOW, COUPLED, EDGES

QUANTITIES = ("E_g", "Delta", "m_e", "m_h", "E_p_R6", "E_p_R8", "g_e", "g_h", "E_v")
"""Targets without a level."""

POSITIVE = ("E_g", "Delta", "m_e", "m_h", "E_p_R6", "E_p_R8")
"""Targets that are above zero; masses are those of the carriers, so m_h too."""

ELSEWHERE = tuple(f"{point}.{edge}" for point in ("X", "M") for edge in ("valence", "conduction"))
"""Edges at other points: the highest even valence and the lowest odd conduction doublet."""

_CHARACTER = re.compile(rf"({'|'.join(re.escape(one) for one in (*BELOW, 'R6+', 'R6-', 'R8-', *ELSEWHERE))})\.(.+)")
_SHELLS = ("s", "p", "d", "s*")
_EXAMPLES = ("level.R8+.1", "g_e.R8+.2", "g_h.spin", "E_p.R6-.R8+.2", "character.R6-.X.s/Pb.p")

Weights = tuple[tuple[str, str], ...]
"""Species and shell of weights that are added."""


@dataclass(frozen=True)
class Target:
    """What a name means.

    kind: "quantity", "level", "g" (contribution to g), "E_p" (momentum sum) or "character". edge: the doublet whose g
    or momentum it is. level: the other level, "spin" or "rest" for g, or the level whose character it is. over, under:
    weights of a character; without `under` it is the weight itself.
    """

    kind: Literal["quantity", "level", "g", "E_p", "character"]
    edge: str = ""
    level: str = ""
    over: Weights = ()
    under: Weights = ()


@lru_cache(maxsize=512)
def parse(name: str) -> Target:
    """What a name of a target means. Raises ValueError."""
    if name in QUANTITIES:
        return Target("quantity")
    head, _, rest = name.partition(".")
    if head == "level" and rest:
        return Target("level", level=_known(name, rest, BELOW))
    if head in EDGES and rest:
        return Target("g", EDGES[head], _known(name, rest, ("spin", *COUPLED[EDGES[head]], "rest")))
    if head == "E_p" and rest:
        edge, _, level = rest.partition(".")
        edge = _known(name, edge, tuple(COUPLED))
        return Target("E_p", edge, _known(name, level, COUPLED[edge]))
    if head == "character" and rest:
        return _character(name, rest)
    known = (*QUANTITIES, *_EXAMPLES)
    raise ValueError(f"target {name!r} is unknown{nearest(name, known)}; there are: {', '.join(known)} and the like")


def _known(name: str, given: str, known: tuple[str, ...]) -> str:
    if given in known:
        return given
    raise ValueError(f"target {name!r}: {given!r} is not known here; choose {choices(known)}")


def _character(name: str, rest: str) -> Target:
    found = _CHARACTER.fullmatch(rest)
    if found is None:
        known = choices(("R6-", "R6+", "R8-", "R8+.2", *ELSEWHERE))
        raise ValueError(f"target {name!r}: write character.LEVEL.SPECIES.SHELL, LEVEL being {known} and the like")
    over, *under = found[2].split("/")
    if len(under) > 1:
        raise ValueError(f"target {name!r} divides twice: write {_EXAMPLES[-1]}")
    return Target("character", level=found[1], over=_weights(name, over), under=_weights(name, *under) if under else ())


def _weights(name: str, text: str) -> Weights:
    found = []
    for one in text.split("+"):
        species, _, shell = one.partition(".")
        if species not in ("Pb", "X") or shell not in _SHELLS:
            raise ValueError(f"target {name!r}: {one!r} is no shell; write Pb or X with {choices(_SHELLS)}: X.s, Pb.p")
        found.append((species, shell))
    return tuple(found)
