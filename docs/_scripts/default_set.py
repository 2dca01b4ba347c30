"""How far every shipped set of CsPbI3 is from the targets of bandg-cspbi3-nnn: the comparison of decision 16.

python docs/_scripts/default_set.py      prints the table, sets by chi2; below it, for each set, the targets that are
                                         off by more than twice their errors, in errors; a minute
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from validation import table

from bandg.analysis.fit.job import FitJob, Free, read_job
from bandg.analysis.fit.residuals import problem_of
from bandg.base.errors import BandgError
from bandg.parameters.loader import available_sets, load_set

JOB = Path(__file__).resolve().parents[1] / "fits" / "bandg-cspbi3-nnn.toml"
ZERO = "E_v"
"""The zero of energy of a set, which is no target here."""


def deviations(job: FitJob) -> NDArray[np.float64]:
    """(value - target) / error of all rows of a job, at its start."""
    problem = problem_of(job)
    return problem.evaluate(problem.space.start)[0]


def compared(name: str) -> tuple[float, float, int, dict[str, float]]:
    """chi2 of bands and of targets, how many targets the basis lacks, and the deviation of each of the others."""
    job = read_job(str(JOB))
    as_it_is = {"start": name, "set": {}, "free": {"onsite.Pb.p": Free()}, "bands": [], "targets": {}}
    bare = job.model_copy(update=as_it_is)
    bands, lacking, found = 0.0, 0, {}
    for group in job.bands:
        try:
            bands += float(np.sum(deviations(bare.model_copy(update={"bands": [group]})) ** 2))
        except BandgError as error:  # the halide s bands, where the basis has no X s
            print(f"{name}: {error}")
    for target, wanted in job.targets.items():
        if target == ZERO:
            continue
        try:
            found[target] = float(deviations(bare.model_copy(update={"targets": {target: wanted}}))[0])
        except BandgError:
            lacking += 1
    return bands, sum(one**2 for one in found.values()), lacking, found


def main() -> None:
    """Print the table."""
    sets = {name: compared(name) for name in available_sets() if load_set(name).material == "CsPbI3"}
    rows, beyond = [], []
    for name, (bands, targets, lacking, found) in sorted(sets.items(), key=lambda one: one[1][0] + one[1][1]):
        far = {target: off for target, off in found.items() if abs(off) > 2}
        total = f"{bands + targets:.0f}" + (" at least" if lacking else "")
        rows.append([f"`{name}`", f"{bands:.0f}", f"{targets:.0f}", total, str(len(far)), str(lacking)])
        beyond.append(f"{name}: " + ", ".join(f"{target} {off:+.1f}" for target, off in far.items()))
    print(table(["set", "χ² bands", "χ² targets", "χ²", "targets off by more than twice", "targets lacking"], rows))
    print(*beyond, sep="\n")


if __name__ == "__main__":
    main()
