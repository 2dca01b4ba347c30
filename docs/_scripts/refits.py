"""The joint question with sets that are fitted to the bands again: stored in theory_curves/computed/refits.csv.

python docs/_scripts/refits.py

The job is docs/fits/bandg-nnn.toml without targets for momentum elements, masses and g, but with bulk g_h held, or bulk
g_h and g_e: the bands choose all else. Each set is then put to the measured points as cubes, with 1 / eps of the
exciton as the one number that is adjusted to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from profile_g_h import LEFT_OUT, ROOT
from scipy.optimize import minimize_scalar
from second_neighbors import errors_of

from bandg.analysis.fit.job import FitTarget, read_job
from bandg.analysis.fit.profile import profile
from bandg.analysis.fit.residuals import problem_of
from bandg.analysis.fit.solve import solve
from bandg.analysis.hypotheses import Case
from bandg.analysis.hypotheses.energy_changes import Binding
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.base.tables import write_csv
from bandg.data.compare import QUANTITIES, Comparison, compare, verdict_points
from bandg.data.measured import load_measured
from bandg.models.etb.bulk import bulk
from bandg.models.screening import PRESETS
from bandg.parameters.sets import ParameterSet

HELD = (-1.4, -1.2, -1.0, -0.8, -0.6, -0.4, -0.2, 0.0)
BOTH_HELD = tuple((g_h, g_e) for g_h in (-0.85, -0.73, -0.62, -0.5) for g_e in (2.4, 2.55, 2.7, 2.85))
MODELS = {"halide": ("halide", False), "halide, exciton": ("halide", True), "lead, exciton": ("lead", True)}
POINTS = verdict_points(load_measured("meliakov2025"))


def refits() -> Iterator[tuple[str, float, ParameterSet]]:
    """(what is held, rise of chi2 over the fit without, set) for each held g_h, and each held pair of g_h and g_e."""
    job = read_job(str(ROOT / "docs" / "fits" / "bandg-nnn.toml"))
    bare = job.model_copy(update={"targets": {k: v for k, v in job.targets.items() if k not in LEFT_OUT}})
    problem = problem_of(bare)
    free = solve(problem)

    def found(theta: Sequence[float]) -> ParameterSet:
        own = problem.space.parameters
        values = dict(zip(own.paths, problem.space.vector(np.array(theta)).tolist(), strict=True))
        return own.with_values(values, source="refit of bandg-nnn")

    for point in profile(free, "g_h", np.array(HELD)):
        assert point.converged, point
        yield "g_h", point.rise, found(point.theta)
    for g_h, g_e in BOTH_HELD:
        held = {"g_h": FitTarget(value=g_h, error=0.003), "g_e": FitTarget(value=g_e, error=0.01)}
        fit = solve(problem_of(bare.model_copy(update={"targets": bare.targets | held})))
        assert fit.best.converged, (g_h, g_e)
        yield "g_h, g_e", fit.errors.chi2 - free.errors.chi2, found(fit.theta)


def best(parameters: ParameterSet, termination: str, is_bound: bool, evaluator: Evaluator) -> tuple[float, Comparison]:
    """1 / eps with the smallest rms, and the comparison there."""
    case = Case(parameters, 2, termination=termination)

    def at(inverse: float) -> Comparison:
        return compare(evaluator.curves([Binding()(case, float(inverse))])[0], POINTS)

    def off(inverse: float) -> float:
        one = at(inverse)
        return math.inf if one.outside else one.rms(*QUANTITIES)

    if not is_bound:
        return 0.0, at(0.0)
    bounds = (0.0, 1 / PRESETS["weak"].eps_inf)
    found = minimize_scalar(off, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(found.x), at(found.x)


def rows() -> Iterator[dict[str, str]]:
    """One row for each set and model."""
    evaluator = Evaluator()
    for held, rise, parameters in refits():
        crystal, errors = bulk(parameters, 2), errors_of(parameters)
        where = {"g_h": crystal.valence.g(False), "g_e": crystal.conduction.g(False), "chi2_rise": rise}
        where |= {"E_p_R6": crystal.kane_energy("R6-"), "lambda_Pb_eV": parameters.value("spin_orbit.Pb.p")}
        where |= {f"rms {name} (meV)": error for name, error in errors.items()}
        for model, (termination, is_bound) in MODELS.items():
            inverse, found = best(parameters, termination, is_bound, evaluator)
            row = {"held": held, "model": model} | {name: f"{value:.5g}" for name, value in where.items()}
            row |= {"inverse_eps": f"{inverse:.4f}", "rms": f"{found.rms(*QUANTITIES):.4f}"}
            yield row | {f"{r.point.quantity} {r.point.energy_eV:g}": f"{r.residual:.4f}" for r in found.residuals}


if __name__ == "__main__":
    table = []
    for row in rows():
        table.append(row)
        print(row, flush=True)
    comments = ["bandg-nnn fitted again, bulk g held, theory minus measured; again: python docs/_scripts/refits.py"]
    write_csv(ROOT / "theory_curves" / "computed" / "refits.csv", table, comments=comments)
