"""The exact derivatives of every kind of residual against central differences, and its values against `bandg bulk`."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.analysis.fit.edges import EdgeModel
from bandg.analysis.fit.job import LEVELS, QUANTITIES, parse_job
from bandg.analysis.fit.residuals import Problem, problem_of
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import bulk
from bandg.parameters.loader import load_set

JOB = """
schema = 1
name = "derivatives"
start = "nestoklon2023-standin"
[free]
"onsite.Pb.s" = { prior = { value = -6.0, width = 0.5 } }
"onsite.Pb.p" = {}
"onsite.X.p" = {}
"onsite.X.s" = {}
"onsite.Pb.d" = {}
"spin_orbit.Pb.p" = {}
"spin_orbit.X.p" = {}
"hopping.Pb-X.s-s" = {}
"hopping.Pb-X.s-p" = {}
"hopping.Pb-X.p-p.sigma" = {}
"hopping.Pb-X.d-p.sigma" = {}
"hopping.X-X.s-s" = { start = -0.02 }
"hopping.X-X.s-p" = { start = 0.06 }
"hopping.X-X.p-p.sigma" = { start = 0.2 }
"hopping.Pb-Pb.s-p" = { start = 0.05 }
"hopping.Pb-Pb.p-p.sigma" = { start = -0.03 }
[link]
"hopping.X-X.p-p.pi" = { to = "hopping.X-X.p-p.sigma", factor = -0.25 }
[reference]
bands = "cspbi3_cubic_mbj_soc"
E_g_eV = 1.652
Delta_eV = 1.5
source = "test"
[[bands]]
name = "all"
bands = "valence"
error_meV = 100
every = 10
[[bands]]
name = "corners"
bands = "valence"
error_meV = 100
near = ["Gamma", "X", "M", "R"]
within = 0.001
[[bands]]
name = "mesh"
bands = [67, 84]
error_meV = 100
section = "mesh"
every = 3
[[bands]]
name = "conduction"
bands = [85, 90]
error_meV = 100
near = ["R", "M"]
within = 0.1
[[bands]]
name = "Pb s"
bands = "lead-s"
error_meV = 100
[[bands]]
name = "X s"
bands = "halide-s"
error_meV = 100
every = 20
[targets]
"""
TARGETS = [*QUANTITIES, *(f"level.{irrep}.{n}" for irrep, count in LEVELS.items() for n in range(1, count + 1))]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(
        parse_job(JOB + "".join(f'"{name}" = {{ value = 1.0, error = 0.1 }}\n' for name in TARGETS), "job")
    )


def test_jacobian_is_that_of_central_differences(problem: Problem) -> None:
    theta = problem.space.start + np.random.default_rng(1).uniform(-0.03, 0.03, len(problem.space.paths))
    residuals, jacobian = problem.evaluate(theta)
    assert len(residuals) == len(problem.rows) + len(TARGETS) + 1 > 350
    scale = np.maximum(1, np.abs(jacobian).max(axis=1, keepdims=True))
    for column in range(len(theta)):
        step = np.zeros(len(theta))
        step[column] = 2e-5
        numeric = (problem.evaluate(theta + step)[0] - problem.evaluate(theta - step)[0]) / 4e-5
        assert np.abs((numeric - jacobian[:, column]) / scale[:, 0]).max() < 1e-6, problem.space.paths[column]
    assert (np.abs(jacobian).max(axis=0) > 0.1).all()  # each parameter is felt


@pytest.mark.parametrize("name", ["nestoklon2023-standin", "kashikar2021-flipped"])
def test_quantities_are_those_of_bulk(name: str) -> None:
    parameters = load_set(name)
    hamiltonian = BlochHamiltonian.of(parameters)
    count = len(parameters.paths)
    model = EdgeModel(hamiltonian, np.zeros(count), np.eye(count))
    found = {key: value for key, (value, _) in model.quantities(parameters.vector, QUANTITIES).items()}
    known = bulk(parameters)
    assert found["E_g"] == pytest.approx(known.E_g, abs=1e-9)
    assert found["Delta"] == pytest.approx(known.Delta, abs=1e-9)
    assert found["m_e"] == pytest.approx(known.conduction.mass, abs=1e-9)
    assert found["m_h"] == pytest.approx(known.valence.mass, abs=1e-9)
    assert found["E_p_R6"] == pytest.approx(known.kane_energy("R6-"), abs=1e-9)
    assert found["E_p_R8"] == pytest.approx(known.kane_energy("R8-"), abs=1e-9)
    assert found["g_e"] == pytest.approx(known.conduction.g(), abs=1e-9)
    assert found["g_h"] == pytest.approx(known.valence.g(), abs=1e-9)
    assert found["E_v"] == pytest.approx(known.valence.energy, abs=1e-9)


def test_levels_that_coincide_have_derivatives_of_their_sum() -> None:
    """Without X-X hopping and spin-orbit coupling on X the halide levels of this set coincide at R."""
    parameters = load_set("kashikar2021")
    count = len(parameters.paths)
    model = EdgeModel(BlochHamiltonian.of(parameters), np.zeros(count), np.eye(count))
    index = parameters.paths.index("spin_orbit.X.p")
    step = 1e-5 * np.eye(count)[index]
    names = ("g_e", "m_e")
    up, down = (model.quantities(parameters.vector + sign * step, names) for sign in (1, -1))
    exact = model.quantities(parameters.vector, names)
    for name in names:
        assert exact[name][1][index] == pytest.approx((up[name][0] - down[name][0]) / 2e-5, rel=1e-5)


def test_all_bands_are_found_whatever_the_sector(problem: Problem) -> None:
    """At every k the valence doublets picked by irrep, parity or order are the nine below the gap."""
    theta = problem.space.start
    energies = problem.bands(theta)[0]
    parameters = problem.space.parameters
    values = dict(zip(parameters.paths, problem.space.vector(theta), strict=True))
    parameters = parameters.with_values(values)
    hamiltonian = BlochHamiltonian.of(parameters)
    top = bulk(parameters).valence.energy
    points = {row.k: row.point for row in problem.rows if row.group <= 1}
    assert {"Gamma", "X", "M", "R", ""} == set(points.values())
    for k in points:
        own = [energies[n] for n, row in enumerate(problem.rows) if row.k == k and row.group <= 1][:9]
        direct = np.linalg.eigvalsh(hamiltonian.H(np.array(k) * 2 * np.pi / parameters.a_nm))[8:26:2] - top
        assert np.sort(own) == pytest.approx(direct, abs=1e-8)
