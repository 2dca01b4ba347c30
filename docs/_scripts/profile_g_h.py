"""How far the bands alone let the bulk g_h move: fits with g_h held, stored in theory_curves/computed/profile_g_h.csv.

python docs/_scripts/profile_g_h.py

Targets for momentum elements, masses and g are left out, so that bands, gap, Delta and the levels at R speak alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bandg.analysis.fit.job import read_job
from bandg.analysis.fit.profile import profile
from bandg.analysis.fit.residuals import problem_of
from bandg.analysis.fit.solve import solve
from bandg.base.tables import write_csv

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ("E_p_R6", "E_p_R8", "m_h", "m_e", "g_h", "g_e")
VALUES = np.linspace(-1.6, 0.2, 7)
GROUPS = ("halide valence, mesh", "upper valence, mesh", "conduction near R", "second conduction near R")
ALSO = ("g_e", "m_h", "m_e", "E_p_R6", "E_p_R8")
COLUMNS = ("set", "g_h", "chi2_rise", "best", *(f"rms {name} (meV)" for name in GROUPS), *ALSO, "converged")


def rows_of(name: str) -> list[dict[str, object]]:
    """The profile of one set, the best fit among its rows."""
    job = read_job(str(ROOT / "docs" / "fits" / f"{name}.toml"))
    job = job.model_copy(update={"targets": {k: v for k, v in job.targets.items() if k not in LEFT_OUT}})
    problem = problem_of(job)
    fit = solve(problem)
    best = problem.edges.quantities(fit.theta, ("g_h",))["g_h"][0]
    places = [[group.name for group in job.bands].index(one) for one in GROUPS]
    rows = []
    for point in profile(fit, "g_h", np.sort([*VALUES, best])):
        values = problem.edges.quantities(np.array(point.theta), ALSO)
        row: dict[str, object] = {"set": name, "g_h": point.obtained, "chi2_rise": point.rise}
        row |= {"best": abs(point.wanted - best) < 1e-9, "converged": point.converged}
        row |= {f"rms {one} (meV)": point.rms_meV[place] for one, place in zip(GROUPS, places, strict=True)}
        rows.append(row | {key: value for key, (value, _) in values.items()})
        print(name, point.wanted, point.rise, flush=True)
    return rows


if __name__ == "__main__":
    table = [
        {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
        for set_name in ("bandg-nn", "bandg-nnn")
        for row in rows_of(set_name)
    ]
    comments = ["bands, gap, Delta and levels at R alone; again: python docs/_scripts/profile_g_h.py"]
    write_csv(ROOT / "theory_curves" / "computed" / "profile_g_h.csv", table, COLUMNS, comments)
