"""What physical parameters cost: bandg-nnn fitted again with some held, stored in theory_curves/computed/held_nnn.csv.

python docs/_scripts/held_fits.py

The job is docs/fits/bandg-nnn.toml. lambda of Pb is held at its published value; the bonding Pb 6s counts within 20 meV
in place of 100. All else, and the starts, stay. g of cubes at 1.911 eV is interpolated between 8, 9 and 10 cells.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bandg.analysis.fit.job import FitJob, read_job
from bandg.analysis.fit.report import group_rows
from bandg.analysis.fit.residuals import problem_of
from bandg.analysis.fit.result import fitted_set
from bandg.analysis.fit.solve import solve
from bandg.base.tables import write_csv
from bandg.crystal.shapes import cube
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.sets import ParameterSet

ROOT = Path(__file__).resolve().parents[2]
LAMBDA, LAMBDA_EV, LEAD_S, LEAD_S_MEV = "spin_orbit.Pb.p", 0.5413, "lead s", 20.0
GROUPS = ("halide valence, mesh", "upper valence, mesh", "conduction near R", "second conduction near M", LEAD_S)
ALSO = ("g_h", "g_e", "m_h", "m_e", "E_p_R6", "E_p_R8")
ENERGY_EV, CELLS, ENDS = 1.911, (10, 9, 8), ("halide", "lead")
CUBES = tuple(f"{q} {end} {ENERGY_EV} eV" for q in ("g_h", "g_e") for end in ENDS)
COLUMNS = ("held", "lambda_Pb_eV", *(f"rms {name} (meV)" for name in GROUPS), "level.R6+.2", *ALSO, *CUBES, "converged")
VARIANTS = {
    "nothing": (False, False),
    "λ of Pb at 0.54 eV": (True, False),
    "Pb 6s to 20 meV": (False, True),
    "both": (True, True),
}


def job_of(is_lambda_held: bool, is_lead_s_held: bool) -> FitJob:
    """The job of bandg-nnn with these changes."""
    job = read_job(str(ROOT / "docs" / "fits" / "bandg-nnn.toml"))
    if is_lambda_held:
        free = {path: entry for path, entry in job.free.items() if path != LAMBDA}
        job = job.model_copy(update={"free": free, "set": job.set | {LAMBDA: LAMBDA_EV}})
    if is_lead_s_held:
        tight = [one.model_copy(update={"error_meV": LEAD_S_MEV}) if one.name == LEAD_S else one for one in job.bands]
        job = job.model_copy(update={"bands": tight})
    return job


def cubes(parameters: ParameterSet) -> dict[str, float]:
    """g_h and g_e of cubes at the transition energy, NaN where the sizes do not enclose it."""
    found = {}
    for end in ENDS:
        levels = [compute_levels(parameters, cube(n, parameters.a_nm, end)) for n in CELLS]
        energies = [one.E_gap_eV for one in levels]
        for quantity, g in (("g_h", [one.hole.g for one in levels]), ("g_e", [one.electron.g for one in levels])):
            found[f"{quantity} {end} {ENERGY_EV} eV"] = float(np.interp(ENERGY_EV, energies, g, np.nan, np.nan))
    return found


def row_of(label: str) -> dict[str, object]:
    """One fit."""
    problem = problem_of(job_of(*VARIANTS[label]))
    fit = solve(problem)
    found = {row.name: row.rms_meV for row in group_rows(fit)}
    values = dict(zip(problem.space.parameters.paths, problem.space.vector(fit.theta), strict=True))
    edges = problem.edges.quantities(np.array(fit.theta), ("level.R6+.2", *ALSO))
    row: dict[str, object] = {"held": label, "lambda_Pb_eV": float(values[LAMBDA]), "converged": fit.best.converged}
    row |= {f"rms {name} (meV)": found[name] for name in GROUPS}
    return row | {name: value for name, (value, _) in edges.items()} | cubes(fitted_set(fit))


if __name__ == "__main__":
    table = []
    for label in VARIANTS:
        row = row_of(label)
        table.append({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
        print(row, flush=True)
    comments = ["bandg-nnn with parameters held; again: python docs/_scripts/held_fits.py"]
    write_csv(ROOT / "theory_curves" / "computed" / "held_nnn.csv", table, COLUMNS, comments)
