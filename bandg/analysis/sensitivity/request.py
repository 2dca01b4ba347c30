"""The function of `bandg sensitivity`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bandg.analysis.sensitivity.effects import Effects, Step, effects, resolve_steps
from bandg.analysis.sensitivity.indices import GlobalSensitivity, global_sensitivity
from bandg.base.arguments import names, strict, text, whole
from bandg.base.errors import BandgError
from bandg.parameters.ranges import Range, parameter_ranges
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import DEFAULT_SIZE, request


@strict
def sensitivity(
    size: Any = DEFAULT_SIZE,
    shape: str = "cube",
    termination: str | Sequence[str] = "halide",
    set: Any = None,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    intra_atomic: bool = False,
    solver: str = "auto",
    method: str = "local",
    step: str | Sequence[str] = (),
    vary: str | Sequence[str] = (),
    samples: int | None = None,
    seed: int | None = None,
    run: Run = DEFAULT_RUN,
) -> Effects | GlobalSensitivity:
    """The effect of every parameter on energies and g-factors.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, intra_atomic, solver
        As in `bandg.compute`, of tight binding.
    method : str
        "local": exact derivatives times a step; "morris" or "sobol": indices over ranges, every point computed.
    step : str or list of str
        "0.05eV" for all energies, "PATH=0.02eV" for one; else the standard error, or 0.1 eV, which is assumed.
    vary : str or list of str
        Of the global methods: "PATH=LO..HIeV" or "PATH=+-DeV"; by default all parameters, up and down by a step.
    samples : int, optional
        Trajectories of morris (16), base points of sobol (256, a power of two).
    seed : int, optional
        Seed of the points of a global method; default 0.
    run : Run
        Workers, cache, memory, cluster and progress.

    Returns
    -------
    Effects or GlobalSensitivity
        Both have `table()`, one dictionary for each parameter and nanocrystal.

    Raises
    ------
    BandgError
        For any wrong input, and without SALib for the global methods.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.sensitivity("2cells", set="nestoklon2023-standin", run=bandg.Run(workers=1))
    >>> found.rows(0)[0]["path"]
    'spin_orbit.X.p'
    """
    text("method", method, "local")
    steps_given, varied = names("step", step, "0.05eV"), names("vary", vary, "onsite.Pb.p=+-0.1eV")
    asked = request(
        size,
        shape,
        termination,
        set,
        center=center,
        neighbors=neighbors,
        intra_atomic=intra_atomic,
        solver=solver,
    )
    steps = resolve_steps(asked.parameters, steps_given)
    if method == "local":
        for name, value in (("vary", varied), ("samples", samples), ("seed", seed)):
            if value not in ((), None):
                raise BandgError(f"`{name}` belongs to the global methods: add `method='morris'` or `method='sobol'`")
        return effects(asked, steps, run)
    if varied and steps_given:
        raise BandgError("`step` makes the ranges where `vary` does not give them: leave one of the two out")
    ranges = parameter_ranges(varied, asked.parameters) if varied else tuple(map(_around, steps))
    count = None if samples is None else whole("samples", samples)
    return global_sensitivity(asked, ranges, method, count, 0 if seed is None else whole("seed", seed), run)


def _around(step: Step) -> Range:
    """The range of a parameter one step down and one up."""
    return Range(step.path, step.value - step.size, step.value + step.size, step.unit)
