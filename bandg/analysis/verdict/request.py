"""The function of `bandg verdict`: makes sets and combinations from its arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.checks import cases_of_checks, check
from bandg.analysis.verdict.combination import QUICK_CELLS, SETS, all_combinations, bulk_sets, choose
from bandg.analysis.verdict.study import DRAWS, Verdict, judge, work_of
from bandg.base.arguments import flag, strict, whole, words
from bandg.base.errors import BandgError
from bandg.data.choice import points_to_judge_by
from bandg.data.compare import left_out, verdict_points
from bandg.data.measured import MeasuredPoint
from bandg.parameters.loader import load_set
from bandg.runs.options import DEFAULT_RUN, Run

QUICK_SETS = ("nestoklon2023-standin", "bandg-cspbi3-nnn")


@strict
def verdict(
    sets: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    *,
    quick: bool = False,
    checks: bool = True,
    data: str | os.PathLike[str] | None = None,
    draws: int = DRAWS,
    run: Run = DEFAULT_RUN,
) -> Verdict:
    """Predict the measured g-factors from bulk knowledge, with nothing adjusted, and say what each prediction is worth.

    Parameters
    ----------
    sets : str or list of str
        Bulk sets, "A,B"; by default the published one and those that were fitted to first principles.
    only : str or list of str
        Words that a combination must have: halide, lead, slabs, no-slabs, none, haken, image, no-image.
    quick : bool
        Few sets and few sizes, and no checks.
    checks : bool
        Whether spreads within a sample and CsPbBr3 by the same law are computed.
    data : str or path, optional
        Measured points: a shipped collection or a file; by default meliakov2025, which is of CsPbI3.
    draws : int
        Number of draws from the prior for each evidence.
    run : Run
        Workers, cache, memory, cluster and progress.

    Returns
    -------
    Verdict
        `bandg.analysis.verdict.report.content` makes plain rows of it.

    Raises
    ------
    BandgError
        For an unknown set or word, and where there are no points.
    """
    chosen = words("sets", sets, "bandg-nnn") or (QUICK_SETS if flag("quick", quick) else SETS)
    combinations = choose(words("only", only, "halide"), all_combinations())
    materials = sorted({load_set(name).material for name in chosen})
    if len(materials) > 1:
        raise BandgError(f"`sets` are of {' and '.join(materials)}: give sets of one material")
    points, draws, checks = measured(data, materials[0]), whole("draws", draws, 100), flag("checks", checks)
    bulk, evaluator = bulk_sets(chosen), Evaluator(run)
    cells, checks = QUICK_CELLS if quick else (), checks and not quick
    cases, slopes = work_of(bulk, combinations, cells)
    with evaluator.foreseen([*cases, *(cases_of_checks(bulk) if checks else ())], slopes):
        found = judge(bulk, combinations, points, evaluator, cells, draws)
        if checks:
            found = replace(found, checks=check(found, bulk, evaluator))
    notes = (*found.notes, *left_out_of(data, materials[0]))
    return replace(found, notes=notes, computed=evaluator.computed, cached=evaluator.cached)


def left_out_of(data: str | os.PathLike[str] | None, material: str) -> tuple[str, ...]:
    """A sentence on which points of a user's data enter no verdict; none where all do."""
    if data is None:
        return ()
    given = points_to_judge_by(data, material)
    pairs = sum(one.quantity == "g_bx" for one in verdict_points(given))
    why = left_out(given) + f", {pairs} (g_bx is not predicted)" * bool(pairs)
    why = why.removeprefix("none, ")
    return () if why == "none" else (f"Points left out: {why}.",)


def measured(data: str | os.PathLike[str] | None, material: str) -> tuple[MeasuredPoint, ...]:
    """The independent measurements, electrons first, by energy. Raises BandgError where there is none."""
    given = points_to_judge_by(data, material)
    found = [one for one in verdict_points(given) if one.quantity != "g_bx" and one.energy_eV is not None]
    if not found:
        raise BandgError(f"no independent measurement of g_e or g_h is left to compare with: {left_out(given)}")
    return tuple(sorted(found, key=lambda one: (one.quantity.removeprefix("abs_"), one.energy_eV or 0.0)))
