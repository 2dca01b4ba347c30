"""The function of `bandg infer`: makes models, points and constraints from its arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from bandg.analysis.inference import study
from bandg.analysis.inference.likelihood import BULK, Constraint, Model, parse_model, select_points
from bandg.analysis.inference.posterior import Inference
from bandg.base.arguments import names, number, size_text, strict, whole
from bandg.base.errors import BandgError
from bandg.base.quantities import named
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.choice import points_to_judge_by, spreads_to_judge_by
from bandg.models.base import find
from bandg.models.etb.bulk import bulk as bulk_of
from bandg.models.kp.decompose import first_principles_g_h
from bandg.parameters.names import PUBLISHED_SET
from bandg.parameters.ranges import parse_range
from bandg.parameters.sets import ParameterSet
from bandg.runs.options import DEFAULT_RUN, Run

DEFAULT_VARY = ("onsite.Pb.p=+-0.1eV", "hopping.Pb-X.s-p=+-0.05eV", "spin_orbit.X.p=+-0.1eV")
DEFAULT_BULK = ("E_g=1.63..1.67eV", "g_h=first-principles")
DEFAULT_MODELS = ("halide: termination=0", "lead: termination=1", "mixed: termination=0..1")


@strict
def infer(
    vary: str | Sequence[str] = (),
    model: str | Sequence[str] = (),
    data: str | os.PathLike[str] | None = None,
    *,
    quantities: str | Sequence[str] = ("g_e", "g_h"),
    sigma: float = study.DEFAULT_SIGMA,
    bulk: str | Sequence[str] | None = None,
    termination: str = "halide",
    size: Any = study.DEFAULT_SIZES,
    shape: str = "cube",
    set: Any = PUBLISHED_SET,
    neighbors: int | None = None,
    intra_atomic: bool = False,
    live: int = 400,
    seed: int = 0,
    checks: int = 2,
    run: Run = DEFAULT_RUN,
) -> Inference:
    """Posterior of named parameters given measured g-factors, and the evidence of competing models; needs dynesty.

    Parameters
    ----------
    vary : str or list of str
        What varies in every model: "PATH=LO..HIeV", "PATH=+-DeV", "termination=0..1", "energy.shift=LO..HIeV" ...
    model : str or list of str
        Models to compare, as "mixed: termination=0..1".
    data : str or path, optional
        Measured points: a shipped collection or a file; by default meliakov2025, which is of CsPbI3.
    quantities : str or list of str
        The g-factors to use, of "g_e", "g_h" and "g_bx".
    sigma : float
        Error of points without a stated one, which is assumed.
    bulk : str or list of str, optional
        Constraints, as "E_g=1.63..1.67eV" or "g_h=first-principles".
    termination : str
        "halide" or "lead" where a model does not say.
    size, shape, set, neighbors, intra_atomic
        As in `bandg.compute`, of the curves; the default set is "nestoklon2023-standin", the published theory.
    live, seed : int
        Live points and seed of the sampler.
    checks : int
        Random points at which the emulator is compared with exact computations.
    run : Run
        Workers, cache, memory, cluster and progress.

    Returns
    -------
    Inference
        `ranking()` has the posteriors of the models, the largest evidence first.

    Raises
    ------
    BandgError
        For any wrong input, and without dynesty.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.infer(["onsite.Pb.p=+-0.1eV"], run=bandg.Run(workers=2))  # doctest: +SKIP
    """
    share = [one.name for one in PEROVSKITE.terminations].index(PEROVSKITE.termination(termination).name)
    parameters = find("etb").load(set)
    varied, texts = names("vary", vary, "onsite.Pb.p=+-0.1eV"), names("model", model, "mixed: termination=0..1")
    models = models_of(parameters, texts, varied)
    wanted = [part.strip() for one in names("quantities", quantities, "g_h") for part in one.split(",")]
    judges = (points_to_judge_by(data, parameters.material), spreads_to_judge_by(data, parameters.material))
    points = select_points(judges[0], wanted, judges[1])
    default = () if varied or texts else DEFAULT_BULK
    limits = default if bulk is None else names("bulk", bulk, "E_g=1.6..1.7eV")
    constraints = [constraint_of(*pair, parameters) for pair in named(limits, "bulk range", "E_g=1.6..1.7eV").items()]
    return study.infer(
        parameters,
        models,
        points,
        size=size_text(size),
        shape=shape,
        termination=float(share),
        neighbors=neighbors,
        intra_atomic=intra_atomic,
        sigma=number("sigma", sigma),
        constraints=constraints,
        live=whole("live", live),
        seed=whole("seed", seed),
        checks=whole("checks", checks),
        run=run,
    )


def models_of(parameters: ParameterSet, texts: Sequence[str], common: Sequence[str]) -> list[Model]:
    """The models that are asked for; without any, the example of the documentation."""
    if not texts:
        texts, common = (["all:"], common) if common else (DEFAULT_MODELS, DEFAULT_VARY)
    return [parse_model(text, parameters, common) for text in texts]


def constraint_of(name: str, text: str, parameters: ParameterSet) -> Constraint:
    """A constraint from "g_h" and "first-principles", or "E_g" and "1.6..1.7eV". Raises BandgError."""
    if name not in BULK:
        raise BandgError(f"bulk quantity {name!r} is unknown; choose {', '.join(BULK)}")
    if text == "first-principles":
        if name != "g_h":
            raise BandgError(f"there is no first-principles range of {name}, only of g_h: give {name}=LO..HI")
        ends = first_principles_g_h(bulk_of(parameters).E_g)
        return Constraint(name, *ends, origin="first principles, two functionals")
    chosen = parse_range(text, name, "eV" if name == "E_g" else "")
    return Constraint(name, chosen.lower, chosen.upper)
