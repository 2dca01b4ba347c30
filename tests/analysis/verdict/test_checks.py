"""Spreads against closed forms, and a cube of CsPbBr3 against its pair energy by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict import checks
from bandg.crystal.shapes import cube
from bandg.data.surfaces import with_surface
from bandg.models.etb.nanocrystal import compute_levels
from bandg.models.etb.pairs import exciton_observables
from bandg.models.levels import LevelState
from bandg.models.screening import PRESETS
from bandg.parameters.loader import load_set
from bandg.runs.options import Run


def test_an_axial_g_spreads_over_directions_as_its_integral_does():
    def g(cosine):
        return np.sqrt(1.5**2 * (1 - cosine**2) + 1.7**2 * cosine**2)

    mean = quad(g, 0, 1)[0]
    expected = np.sqrt(quad(lambda cosine: (g(cosine) - mean) ** 2, 0, 1)[0])
    assert checks.over_directions(np.array([1.5, 1.5, 1.7])) == pytest.approx(expected, rel=1e-3)
    assert checks.over_directions(np.array([1.3, 1.3, 1.3])) == pytest.approx(0.0, abs=1e-12)


def test_an_isotropic_g_that_follows_the_ratio_of_edges_spreads_as_a_uniform_distribution():
    state = LevelState(1.0, "E", 2, g=1.2, g_principal=(1.2, 1.2, 1.2))
    found = checks._uniform_aspect(1.0, state)
    assert found == pytest.approx(0.2 / np.sqrt(12), rel=0.06)  # 21 ratios in place of all


def test_a_cube_of_the_bromide_has_the_pair_energy_of_its_own_constants(monkeypatch):
    monkeypatch.setattr(checks, "BROMIDE_CELLS", (3, 4))
    found = checks.bromides(Evaluator(Run(workers=1)), ("bandg-cspbbr3-nn",))
    assert [(one.image, round(one.size_nm, 1)) for one in found] == [(i, s) for i in (False, True) for s in (1.8, 2.4)]
    parameters = load_set("bandg-cspbbr3-nn")
    ideal = cube(3, parameters.a_nm, "halide")
    crystal = replace(ideal, surface=with_surface(ideal, "slabs", {}))
    levels = compute_levels(parameters, crystal, observables=exciton_observables(PRESETS["CsPbBr3"], 2.25))
    assert found[0].energy_eV == pytest.approx(levels.extra["E_exciton_eV"][0], abs=2e-3)
    assert (found[0].g_e, found[0].g_h) == pytest.approx((levels.electron.g, levels.hole.g), abs=1e-4)
