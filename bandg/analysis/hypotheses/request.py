"""The function of `bandg hypotheses`: makes baseline and mechanisms from its arguments."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.combine import combine as combined
from bandg.analysis.hypotheses.combine import title
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.analysis.hypotheses.plugin import installed, load_plugin
from bandg.analysis.hypotheses.registry import choose, default_mechanisms
from bandg.analysis.hypotheses.study import Study, study
from bandg.base.arguments import strict, words
from bandg.base.errors import BandgError
from bandg.base.quantities import MAX_SIZES, Grammar
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.choice import points_to_judge_by, spreads_to_judge_by
from bandg.models.base import find
from bandg.models.etb.local import resolve_neighbors
from bandg.parameters.names import PUBLISHED_SET
from bandg.runs.options import DEFAULT_RUN, Run

QUICK = "quick"
"""In `only`: all mechanisms that do not take minutes each."""


@strict
def hypotheses(
    only: str | Sequence[str] = (),
    *,
    combine: Sequence[str] | Sequence[tuple[str, str]] = (),
    plugin: Sequence[str | os.PathLike[str] | Mechanism] = (),
    set: Any = PUBLISHED_SET,
    termination: str = "lead",
    shape: str = "cube",
    neighbors: int | None = None,
    cells: str | Sequence[int] | None = None,
    data: str | os.PathLike[str] | None = None,
    run: Run = DEFAULT_RUN,
) -> Study:
    """Compare all mechanisms that may explain the discrepancy between theory and measured g-factors.

    Parameters
    ----------
    only : str or list of str
        Names of mechanisms; "quick", the default, is all that do not take minutes each.
    combine : list of str or of pairs
        Two mechanisms together, as "A,B" or ("A", "B").
    plugin : list of path or Mechanism
        Your own mechanisms, or Python files that define MECHANISMS; a file is run.
    set, termination, shape, neighbors
        Of the baseline, as in `bandg.compute`; one termination, a cube or a sphere. The default set is
        "nestoklon2023-standin", the published theory.
    cells : str or list of int, optional
        Sizes in cells, as "4,5,6,8,11,15,20" or "4..11".
    data : str or path, optional
        Measured points: a shipped collection or a file; by default meliakov2025, which is of CsPbI3.
    run : Run
        Workers, cache, memory, cluster and progress.

    Returns
    -------
    Study
        `findings`, the one that explains most first; `bandg.analysis.hypotheses.report` makes tables of them.

    Raises
    ------
    BandgError
        For any wrong input, and if the baseline does not reach the measured points.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.hypotheses("screening", cells="4,5,7", run=bandg.Run(workers=1))  # doctest: +SKIP
    """
    base = baseline(set, termination, shape, neighbors, cells)
    chosen = mechanisms(base, only, combine, plugin)
    points = points_to_judge_by(data, base.parameters.material)
    evaluator = Evaluator(run)
    together = [combined(base, first, second, points, evaluator) for first, second in chosen.pairs]
    spreads = spreads_to_judge_by(data, base.parameters.material)
    return study(base, [*chosen.singles, *together], points, evaluator, spreads)


@dataclass(frozen=True)
class Chosen:
    """All mechanisms that there are, those that are asked for, and the pairs."""

    known: tuple[Mechanism, ...]
    singles: tuple[Mechanism, ...]
    pairs: tuple[tuple[Mechanism, Mechanism], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what is asked for."""
        return (*(one.name for one in self.singles), *(title(*pair) for pair in self.pairs))


def baseline(
    set: Any, termination: str = "lead", shape: str = "cube", neighbors: int | None = None, cells: Any = None
) -> Case:
    """The case without any mechanism. Raises BandgError."""
    if shape not in ("cube", "sphere"):
        raise BandgError(f"shape {shape!r} is unknown; choose cube or sphere")
    termination = PEROVSKITE.termination(termination).name
    parameters = find("etb").load(set)
    if parameters.crystal:
        raise BandgError(
            f"{parameters.name} is made for a tilted crystal, and mechanisms start from a cubic one: choose another set"
        )
    counts: tuple[int, ...] = ()
    if cells is not None:
        grammar = Grammar("cells", "4,5,6,8,11,15,20 or 4..11", ("", "cells"))
        listed = cells if isinstance(cells, str) else ",".join(str(one) for one in cells)
        numbers = sorted({*_numbers(grammar, listed)})
        if len(numbers) < 2 or not all(number >= 2 and number.is_integer() for number in numbers):
            raise grammar.wrong(listed, "must be two whole numbers or more, each 2 or more")
        counts = tuple(map(int, numbers))
    return Case(parameters, resolve_neighbors(parameters, neighbors), shape, termination, cells=counts)


def _numbers(grammar: Grammar, text: str) -> list[float]:
    """The numbers of a list, or all whole numbers of a range LO..HI."""
    if ".." not in text:
        return [value.number for value in grammar.values(text)]
    if "," in text:
        raise grammar.wrong(text, f"is a range and a list at once: write {grammar.example}")
    span = grammar.span(text)
    if span.rest is not None:
        raise grammar.wrong(text, f"has a step: write {grammar.example}")
    if span.upper - span.lower > MAX_SIZES:
        raise grammar.wrong(text, f"asks for more than {MAX_SIZES} values: narrow the range")
    whole = range(math.ceil(span.lower), math.floor(span.upper) + 1)
    return [float(number) for number in whole] or [span.lower]


def mechanisms(base: Case, only: Any = (), combine: Sequence[Any] = (), plugin: Sequence[Any] = ()) -> Chosen:
    """The mechanisms that are asked for by name. Raises BandgError for an unknown one."""
    known = [*default_mechanisms(base), *installed(base)]
    for one in plugin:
        known += [one] if isinstance(one, Mechanism) else load_plugin(one, base)
    for number, mechanism in enumerate(known):
        if any(mechanism.name == other.name for other in known[:number]):
            raise BandgError(f"there is a mechanism {mechanism.name!r} already: choose another name")
    pairs = []
    for pair in combine:
        ends = [part.strip() for part in pair.split(",")] if isinstance(pair, str) else list(pair)
        if len(ends) != 2 or ends[0] == ends[1]:
            raise BandgError(f"`combine` {pair!r} must be two different mechanisms: A,B")
        first, second = choose(known, ends)
        pairs.append((first, second))
    quick = [mechanism.name for mechanism in known if not mechanism.slow]
    asked = words("only", only, "tilt") or [mechanism.name for pair in pairs for mechanism in pair] or [QUICK]
    singles = choose(known, [name for part in asked for name in (quick if part == QUICK else [part])])
    return Chosen(tuple(known), singles, tuple(pairs))
