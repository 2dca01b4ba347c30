"""The exact derivatives of every kind of residual against central differences, and its values against `bandg bulk`."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.analysis.fit.edges import EdgeModel
from bandg.analysis.fit.job import parse_job
from bandg.analysis.fit.residuals import Problem, problem_of
from bandg.analysis.fit.targets import BELOW, COUPLED, EDGES, QUANTITIES
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
TARGETS = [
    *QUANTITIES,
    *(f"level.{level}" for level in BELOW),
    *(f"{g}.{part}" for g, edge in EDGES.items() for part in ("spin", *COUPLED[edge], "rest")),
    *(f"E_p.{edge}.{level}" for edge, levels in COUPLED.items() for level in levels),
    *(f"character.{level}.X.s/Pb.p" for level in ("R6-", "R8-", "X.conduction", "M.conduction")),
    *(f"character.{level}.Pb.s/Pb.s+X.p" for level in ("R6+", "R6+.2", "X.valence", "M.valence")),
    *(f"character.{level}.X.d" for level in ("R6-", "M.conduction")),
    *("character.R6-.X.s*", "character.R8+.2.X.p"),
]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(
        parse_job(JOB + "".join(f'"{name}" = {{ value = 1.0, error = 0.1 }}\n' for name in TARGETS), "job")
    )


def test_jacobian_is_that_of_central_differences(problem: Problem) -> None:
    theta = problem.space.start + np.random.default_rng(1).uniform(-0.03, 0.03, len(problem.space.paths))
    residuals, jacobian = problem.evaluate(theta)
    assert len(residuals) == len(problem.rows) + len(TARGETS) + 1 > 400
    scale = np.maximum(1, np.abs(jacobian).max(axis=1, keepdims=True))
    for signs in np.random.default_rng(2).choice([-1, 1], (3, len(theta))):  # a wrong column shows in each
        step = 2e-5 * signs / np.sqrt(len(theta))
        numeric = (problem.evaluate(theta + step)[0] - problem.evaluate(theta - step)[0]) / 4e-5
        assert np.abs((numeric - jacobian @ step / 2e-5) / scale[:, 0]).max() < 1e-6 / np.sqrt(len(theta))
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


@pytest.mark.parametrize("name", ["nestoklon2023-standin", "bandg-nnn"])
def test_contributions_to_g_are_those_of_bulk(name: str) -> None:
    """The fit takes them from momentum sums by symmetry, `bulk` from the sum over states."""
    parameters, known = load_set(name), bulk(load_set(name))
    count = len(parameters.paths)
    model = EdgeModel(BlochHamiltonian.of(parameters), np.zeros(count), np.eye(count))
    for g, edge in (("g_e", known.conduction), ("g_h", known.valence)):
        levels = COUPLED[EDGES[g]]
        names = (f"{g}.spin", *(f"{g}.{level}" for level in levels), f"{g}.rest", *(f"level.{one}" for one in BELOW))
        found = {key: value for key, (value, _) in model.quantities(parameters.vector, names).items()}
        assert found[f"{g}.spin"] == pytest.approx(edge.spin_g, abs=1e-9)
        assert sum(found[key] for key in names if key.startswith(g)) == pytest.approx(edge.g(), abs=1e-9)
        for level in levels:
            if level in BELOW:
                energy = found[f"level.{level}"] + known.valence.energy
            else:
                energy = {"R6+": known.valence, "R6-": known.conduction, "R8-": known.upper}[level].energy
            share = next(share for at, _, share in edge.contributions if abs(at - energy) < 1e-6)
            assert found[f"{g}.{level}"] == pytest.approx(share, abs=1e-9), level


def test_characters_are_those_of_the_states() -> None:
    """Against the eigenvectors of the whole H at each point, where the edges are the doublets about the gap."""
    parameters = load_set("bandg-nnn-spin")
    hamiltonian = BlochHamiltonian.of(parameters)
    count = len(parameters.paths)
    model = EdgeModel(hamiltonian, np.zeros(count), np.eye(count))
    shells = np.array([f"{'Pb' if n == 0 else 'X'}.{s}" for n in range(4) for s in ("s", *"ppp", *"ddddd", "s*")])
    edges = {"R6-": ("R", 26), "R6+": ("R", 24), "M.conduction": ("M", 26), "M.valence": ("M", 24)}
    edges |= {"X.conduction": ("X", 26), "X.valence": ("X", 24)}
    for level, (point, first) in edges.items():
        _, states = np.linalg.eigh(hamiltonian.H(hamiltonian.point(point)))
        weights = np.sum(np.abs(states[:, first : first + 2].reshape(40, 2, 2)) ** 2, axis=(1, 2)) / 2

        def of(*names: str, weights: np.ndarray = weights) -> float:
            return float(weights[np.isin(shells, names)].sum())

        if level in ("R6+", "M.valence", "X.valence"):
            wanted = {"Pb.s/Pb.s+X.p": of("Pb.s", "Pb.s*") / of("Pb.s", "Pb.s*", "X.p"), "Pb.s*": of("Pb.s*")}
        else:
            wanted = {"X.s/Pb.p": of("X.s", "X.s*") / of("Pb.p"), "X.d": of("X.d"), "X.s*": of("X.s*")}
        for name, value in wanted.items():
            ((found, _),) = model.quantities(parameters.vector, (f"character.{level}.{name}",)).values()
            assert found == pytest.approx(value, abs=1e-9), (level, name)


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
