"""What an emulator is built of: points, terms, sizes beyond the computed ones, errors of the bulk parameters."""

from dataclasses import replace

import numpy as np
import pytest

from bandg import load_set
from bandg.analysis.curves import bulk_gradients, resolve
from bandg.analysis.emulators import build as building
from bandg.analysis.emulators.band import band
from bandg.analysis.emulators.beyond import POWERS, at_sizes, by_volume, continued
from bandg.analysis.emulators.build import Computed, Plan, _fitted, _together, changed, least_squares, terms_of
from bandg.analysis.emulators.emulator import Knob, powers
from bandg.analysis.emulators.knobs import Variation
from bandg.analysis.hypotheses.case import Case, bulk_of
from bandg.parameters.covariance import ensemble_of
from bandg.runs.band import at_energy, at_size, derivatives_of
from bandg.runs.options import Run


def test_sizes_beyond_are_exact_for_the_powers_they_have():
    cells, wanted = np.array([4, 5, 7, 9, 12]), np.array([20, 40])
    bulk, factor = np.array([1.6, -0.5]), np.array([[3.0, -2.0, 5.0, 1.0], [-1.0, 4.0, 0.5, -7.0]])

    def exact(n):
        return bulk[:, None] + factor @ np.array([n ** -float(k) for k in POWERS])

    assert continued(cells, exact(cells), bulk, wanted) == pytest.approx(exact(wanted), abs=1e-9)


@pytest.mark.parametrize("end", ["halide", "lead"])
def test_sizes_beyond_are_the_computed_ones_of_a_stored_curve(end):
    (curve,) = resolve([f"etb:{end}:bandg-cspbi3-nnn"])
    size = np.round(curve.size_nm / 0.6289)
    bulk = bulk_of(load_set("bandg-cspbi3-nnn"), 2)
    cells, wanted = [6, 8, 12, 16], [20, 25, 32]
    for values, limit, within in (
        (curve.energy, bulk.E_g, 2e-4),
        *((curve.values[name], limit, 0.015) for name, limit in zip(("g_e", "g_h"), bulk.g_factors(), strict=True)),
    ):
        own, other = (np.array([values[size == n][0] for n in sizes]) for sizes in (cells, wanted))
        assert continued(cells, own, np.array(limit), wanted) == pytest.approx(other, abs=within)


def test_a_tilt_joins_the_polynomial_of_the_others():
    draw = np.random.default_rng(1)
    cubic, tilt = np.array([[0, 0], [1, 0], [0, 2]]), np.array([[0, 0, 1], [0, 0, 2], [1, 0, 1]])
    of_cubic, of_tilt = draw.normal(size=(4, 2, 3)), draw.normal(size=(4, 2, 3))
    exponents, together = _together(cubic, of_cubic, tilt, of_tilt)
    t = draw.uniform(-1, 1, size=(5, 3))
    share = np.concatenate([t[:, :2], (t[:, 2:] + 1) / 2], axis=1)
    expected = np.einsum("pt,ont->pon", powers(t[:, :2], cubic), of_cubic)
    expected += np.einsum("pt,ont->pon", powers(share, tilt), of_tilt)
    assert np.einsum("pt,ont->pon", powers(t, exponents), together) == pytest.approx(expected)
    assert least_squares(np.tile(t, (3, 1)) * 1.1, exponents, np.zeros((15, 4, 2))) == pytest.approx(0)


def test_a_change_that_chooses_its_own_sizes_leaves_those_of_the_plan():
    """As the tilt of `bandg hypotheses`, which is computed at small sizes."""
    knob = Variation(Knob("x", "x", "", 1.0, 3.0, 1.0), lambda case, value: replace(case, aspect=value, cells=(4, 5)))
    case = Case(load_set("bandg-nnn"), 2, cells=(12,))
    assert changed(case, [knob], np.array([0.0])) == replace(case, aspect=2.0)


def made_up(t, cells):
    """OUTPUTS (n, 4, n_sizes) and the bulk (n, 4) of no crystal, at points (n, 3) or, without a tilt, (n, 2)."""
    x, y = t[:, 0], t[:, 1]
    u = (t[:, 2] + 1) / 2 if t.shape[1] == 3 else 0 * x
    scale = np.array([1.0, -0.5, 2.0, 3.0])
    bulk = 1 + 0.3 * y + 0.2 * x * y**2 + u
    n = np.array(cells, dtype=float)[:, None]
    of_size = bulk + (2 + x**3 * y - y**3) / n**2 + (x**2 + u * y) / n**4 + (x * y - 0.5) * 1e2 / n**7 + u**2 / n**3
    return of_size.T[:, None, :] * scale[:, None], bulk[:, None] * scale


def test_a_fit_gives_back_polynomials_at_sizes_that_are_computed_and_beyond(monkeypatch):
    """What the continuation from small sizes misses, 1 / N^7, is made good at the large ones."""
    knobs = [Variation(Knob(name, name, "", -1.0, 1.0, 0.0), lambda case, value: case) for name in ("x", "y", "tilt")]

    def computed(case, varied, t, run):
        """One point in twenty is another level at the largest size, of tilted ones one in thirty, and far off there."""
        values, bulk = made_up(t, case.counts)
        other = np.zeros((len(t), len(case.counts)), dtype=bool)
        other[7::20, -1] = case.counts[-1] == 16
        other[7::30, -1] |= len(varied) == 3
        return Computed(np.where(other[:, None], 9.0, values), bulk, np.where(other, 0.3, 0.9))

    monkeypatch.setattr(building, "computed", computed)
    monkeypatch.setattr(building, "changed", lambda case, varied, t: t)
    monkeypatch.setattr(building, "_bulk_row", lambda t: made_up(t[None], (1,))[1][0])
    plan = Plan(cells=(4, 5, 6, 8), large_cells=(12, 16), beyond=(25,), tilted_points=20, tilted_left_out=1)
    case = Case(load_set("bandg-nnn"), 2, cells=plan.cells)
    fitted = _fitted(case, knobs, plan, Run())
    exponents, coefficients, count = fitted.exponents, fitted.coefficients, fitted.count
    draw = np.random.default_rng(2).uniform(-1, 1, size=(7, 3))
    found = np.einsum("pt,ont->pon", powers(draw, exponents), coefficients)
    expected = made_up(draw, plan.sizes)[0]
    assert found[..., :6] == pytest.approx(expected[..., :6], abs=1e-9)
    assert found[..., 6] == pytest.approx(expected[..., 6], abs=1e-3)
    assert count == (3 + 2 * len(terms_of(knobs[:2]))) * 4 + (3 + 19) * 2 + 20 * 4


def test_the_band_is_what_the_covariance_of_the_fit_leaves():
    """Against the errors of `compute(band=True)`, where the bulk is too bent to be widened to first principles."""
    own = load_set("bandg-nnn")
    case = Case(own, 2, termination="halide", cells=(3, 4, 5, 6))
    found = band(case, (*case.cells, 8), Run(workers=1))
    member = ensemble_of(own)[0]
    known = derivatives_of([member], case.crystals(), 2, False, "auto", Run(workers=1))[0]
    assert found[0, :4] == pytest.approx(at_size([member], [known], "E_e_eV"))
    assert found[3, :3] == pytest.approx(at_energy([member], [[*known, bulk_gradients(own)]], "g_h")[:3], rel=0.02)
    assert band(Case(load_set("nestoklon2023-standin"), 1, cells=(3, 4, 5, 6)), (8,), Run(workers=1)) is None


def test_a_sphere_has_the_diameter_of_a_ball_with_the_volume_of_its_cells():
    case = Case(load_set("bandg-nnn"), 2, "sphere")
    assert by_volume(case, (4, 7)) == pytest.approx([(6 * 33 / np.pi) ** (1 / 3), (6 * 179 / np.pi) ** (1 / 3)])
    assert by_volume(replace(case, shape="cube"), (4, 7)).tolist() == [4, 7]


def test_spheres_follow_a_smooth_function_through_all_sizes():
    """It gives back its own powers, and takes half of a scatter away; cubes keep what is computed."""
    case, cells, bulk = Case(load_set("bandg-nnn"), 2, "sphere"), (5, 6, 7, 8, 10, 13, 18), np.array([1.6])
    n = by_volume(case, cells)
    smooth = bulk + np.array([[3.0, -2.0, 5.0, 1.0]]) @ [n ** -float(k) for k in POWERS]
    assert at_sizes(case, cells, smooth, bulk, cells) == pytest.approx(smooth)
    scatter = np.random.default_rng(3).normal(size=(200, 7)) / n
    found = at_sizes(case, cells, smooth + scatter, bulk, cells) - smooth
    assert np.sqrt(np.mean((found * n) ** 2)) == pytest.approx(np.sqrt(4 / 7), abs=0.05)
    of_cube = at_sizes(replace(case, shape="cube"), cells, smooth + scatter, bulk, cells)
    assert of_cube == pytest.approx(smooth + scatter)
