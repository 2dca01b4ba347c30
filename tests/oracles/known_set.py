"""A known set with both kinds of second neighbors, its bands as a table, and a job that starts far from it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from bandg.analysis.fit.job import FitJob, parse_job
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import bulk
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

TRUTH = {
    "onsite.Pb.s": -4.4,
    "onsite.Pb.p": 4.8,
    "onsite.X.p": 0.8,
    "spin_orbit.Pb.p": 0.5,
    "spin_orbit.X.p": 0.28,
    "hopping.Pb-X.s-p": -1.0,
    "hopping.Pb-X.p-p.sigma": 1.8,
    "hopping.Pb-X.p-p.pi": -0.45,
    "hopping.X-X.p-p.sigma": 0.22,
    "hopping.X-X.p-p.pi": -0.06,
    "hopping.Pb-Pb.s-s": -0.05,
    "hopping.Pb-Pb.s-p": -0.12,
    "hopping.Pb-Pb.p-p.sigma": 0.25,
    "hopping.Pb-Pb.p-p.pi": 0.05,
}
XX = '[defaults]\nunit = "eV"\nsource = "test"\nstatus = "assumed"\n[hopping.X-X]\n"p-p.sigma" = 0\n"p-p.pi" = 0\n'
CORNERS = {"Gamma": (0, 0, 0), "X": (0.5, 0, 0), "M": (0.5, 0.5, 0), "R": (0.5, 0.5, 0.5)}


def known_set(folder: Path) -> ParameterSet:
    """The set whose numbers are to be found again."""
    path = folder / "known.toml"
    path.write_text(f'schema = 1\nname = "known"\nbase = "kashikar2021-flipped"\n{XX}')
    return load_set(path).with_values(TRUTH)


def k_points(per_line: int) -> np.ndarray:
    """Points in 2 pi/a along Gamma-X-M-R-Gamma and some off every mirror plane."""
    names = ("Gamma", "X", "M", "R", "Gamma")
    lines = [np.linspace(CORNERS[a], CORNERS[b], per_line, endpoint=False) for a, b in itertools.pairwise(names)]
    return np.concatenate([*lines, [(0.1, 0.23, 0.41), (0.31, 0.17, 0.06), (0.44, 0.29, 0.13)]])


def write_bands(parameters: ParameterSet, path: Path, per_line: int = 8) -> None:
    """All bands of the set, from the full H(k), on the set's own zero."""
    hamiltonian = BlochHamiltonian.of(parameters)
    k = k_points(per_line)
    energies = np.linalg.eigvalsh(hamiltonian.H(k * 2 * np.pi / parameters.a_nm))
    lines = ["# top_valence_band = 20", "# kramers = both", "kx,ky,kz," + ",".join(f"band_{n}" for n in range(1, 27))]
    lines += [",".join(f"{x:.12f}" for x in (*point, *row)) for point, row in zip(k, energies, strict=True)]
    path.write_text("\n".join(lines) + "\n")


def make_job(parameters: ParameterSet, folder: Path, seed: int = 3, extra: str = "", error_meV: float = 10.0) -> FitJob:
    """A job whose every free parameter starts 20 to 40 % away from the truth; `folder` then holds start and bands."""
    rng = np.random.default_rng(seed)
    factors = 1 + rng.choice([-1, 1], len(TRUTH)) * rng.uniform(0.2, 0.4, len(TRUTH))
    start = parameters.with_values({path: value * f for (path, value), f in zip(TRUTH.items(), factors, strict=True)})
    (folder / "start.toml").write_text(start.to_toml())
    write_bands(parameters, folder / "bands.csv")
    free = "".join(f'"{path}" = {{}}\n' for path in TRUTH)
    text = f"""schema = 1
name = "again"
start = "start.toml"
errors = "stated"
[free]
{free}
[reference]
bands = "bands.csv"
[[bands]]
name = "all"
bands = [1, 26]
error_meV = {error_meV}
[targets]
E_v = {{ value = {bulk(parameters).valence.energy!r}, error = 0.002 }}
{extra}"""
    return parse_job(text, "again.toml")
