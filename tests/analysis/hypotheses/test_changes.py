"""What mechanisms change, against the bulk values that they promise."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import sparse

from bandg.analysis.hypotheses.case import Case, Sizes, own_bulk, sizes_of
from bandg.analysis.hypotheses.changes import (
    GAP_KNOB,
    Borrowed,
    OtherSet,
    Strain,
    Target,
    Values,
    applied,
    together,
    with_gap,
)
from bandg.analysis.hypotheses.crystal_changes import (
    Distorted,
    LeadVacancies,
    Occupancy,
    Share,
    Tilt,
    Vacancies,
    VirtualCrystal,
)
from bandg.analysis.hypotheses.energy_changes import (
    After,
    Binding,
    Glass,
    HoleDispersion,
    Image,
    IntraAtomic,
    Parabolic,
    Screened,
)
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.registry import default_mechanisms
from bandg.base.errors import BandgError, SolverError
from bandg.crystal.distortion import contraction
from bandg.crystal.electrostatics import surface_shifts
from bandg.crystal.lattice import PEROVSKITE
from bandg.data.cells import load_cells
from bandg.data.slabs import load_slabs
from bandg.models.etb.bulk import bulk
from bandg.models.etb.job import Job
from bandg.models.exciton import reduced_mass
from bandg.models.screening import PRESETS
from bandg.parameters.loader import load_set
from bandg.parameters.sets import Parameter
from bandg.runs.options import Run
from bandg.solvers.shift_invert import check_solve
from bandg.solvers.spectrum import Spectrum

SET = load_set("nestoklon2023-standin")
CASE = Case(SET, 1)
OWN = bulk(SET, 1)


def test_the_gap_is_brought_to_a_value_by_one_parameter():
    moved = with_gap(SET, 1, 1.75)
    assert bulk(moved, 1).E_g == pytest.approx(1.75, abs=1e-8)
    assert {path for path in SET.paths if moved.value(path) != SET.value(path)} == {GAP_KNOB}


def test_spin_orbit_coupling_changes_at_the_same_gap_or_with_it():
    held = Values(("spin_orbit.X.p",))(CASE, 0.1).parameters
    free = Values(("spin_orbit.X.p",), hold_gap=False)(CASE, 0.1).parameters
    assert held.value("spin_orbit.X.p") == free.value("spin_orbit.X.p") == 0.1
    assert bulk(held, 1).E_g == pytest.approx(OWN.E_g, abs=1e-8)
    assert abs(bulk(free, 1).E_g - OWN.E_g) > 0.01
    assert Values(("onsite.X.p",), "add")(CASE, 0.0).parameters.digest() == SET.digest()
    assert Values(("onsite.X.p",), "scale")(CASE, 1.0).parameters.digest() == SET.digest()


def test_the_interband_momentum_is_brought_to_a_value_at_the_same_gap():
    moved = bulk(Target("E_p", "hopping.Pb-X.p-p.sigma")(CASE, 14.0).parameters, 1)
    assert moved.kane_energy("R6-") == pytest.approx(14.0, abs=1e-6)
    assert moved.E_g == pytest.approx(OWN.E_g, abs=1e-8)


def test_bulk_g_of_the_hole_is_brought_to_a_value_at_the_same_gap():
    moved = bulk(Target("g_h", "hopping.Pb-X.p-p.sigma")(CASE, -0.6).parameters, 1)
    assert moved.valence.g(False) == pytest.approx(-0.6, abs=1e-8)
    assert moved.E_g == pytest.approx(OWN.E_g, abs=1e-8)
    assert moved.kane_energy("R6-") > OWN.kane_energy("R6-")  # g_h falls with the momentum
    with pytest.raises(BandgError, match=r"g_h = 10 cannot be reached"):
        Target("g_h", "hopping.Pb-X.p-p.sigma")(CASE, 10.0)


def test_a_virtual_crystal_is_linear_in_lattice_and_gap_and_ends_in_the_other():
    own, other = (load_set(name) for name in ("bandg-cspbi3-nn", "bandg-cspbbr3-nn"))
    case = Case(own, 1)
    half, whole = (VirtualCrystal(other.name)(case, share).parameters for share in (0.5, 1.0))
    assert half.a_nm == pytest.approx((own.a_nm + other.a_nm) / 2)
    assert bulk(half, 1).E_g == pytest.approx((bulk(own, 1).E_g + bulk(other, 1).E_g) / 2, abs=1e-8)
    assert bulk(whole, 1).g_factors() == pytest.approx(bulk(other, 1).g_factors(), abs=1e-6)
    assert VirtualCrystal(other.name)(case, 0.0).parameters.digest() == own.digest()
    with pytest.raises(BandgError, match="not between 0 and 1"):
        VirtualCrystal(other.name)(case, 1.5)
    with pytest.raises(BandgError, match="do not mix"):
        VirtualCrystal("bandg-cspbbr3-nnn")(case, 0.5)


def test_borrowed_hopping_is_all_that_changes_besides_the_gap_knob():
    other = load_set("bandg-nnn")
    moved = Borrowed("bandg-nnn", "X-X")(CASE, 0.5)
    assert moved.neighbors == 2 and bulk(moved.parameters, 2).E_g == pytest.approx(OWN.E_g, abs=1e-8)
    assert moved.parameters.value("hopping.X-X.p-p.sigma") == 0.5 * other.value("hopping.X-X.p-p.sigma") != 0
    assert all(moved.parameters.value(p) == SET.value(p) for p in SET.paths if p != GAP_KNOB)
    small = Borrowed("bandg-nnn", "X-X")(CASE, 1e-9)
    assert Borrowed("bandg-nnn", "X-X")(CASE, 0.0) == CASE  # and this is where it goes to
    assert bulk(small.parameters, 2).valence.g(False) == pytest.approx(OWN.valence.g(False), abs=1e-6)


def test_what_cannot_be_reached_is_told():
    with pytest.raises(BandgError, match=r"E_p = 1000 eV cannot be reached"):
        Target("E_p", "hopping.Pb-X.p-p.sigma")(CASE, 1000.0)


def test_strain_scales_the_lattice_and_the_hoppings():
    moved = Strain()(CASE, 0.02).parameters
    assert moved.a_nm == pytest.approx(1.02 * SET.a_nm)
    for path in ("hopping.Pb-X.s-p", "hopping.Pb-X.p-p.sigma"):
        assert moved.value(path) == pytest.approx(SET.value(path) / 1.02**2)
    assert bulk(moved, 1).E_g == pytest.approx(OWN.E_g, abs=1e-8)
    assert Strain()(CASE, 0.0).parameters.digest() == SET.digest()


def test_a_share_mixes_and_its_ends_are_pure():
    share = Share((("termination", "halide"),))
    assert share(CASE, 0.0) == CASE
    assert share(CASE, 1.0) == replace(CASE, termination="halide")
    assert share(CASE, 0.3).mixed == ((0.3, replace(CASE, termination="halide")),)
    with pytest.raises(BandgError, match="not between 0 and 1"):
        share(CASE, 1.2)


SHARE = Share((("termination", "halide"),))
SPHERES = Share((("shape", "sphere"),))
HALIDE = Values(("spin_orbit.X.p",))
SCREENED = Screened(PRESETS["weak"], PRESETS["strong"], 2.25)


@pytest.mark.parametrize(
    ("first", "a", "second", "b"),
    [
        (SHARE, 0.3, Binding(), 0.1),
        (SHARE, 0.3, HALIDE, 0.2),
        (SHARE, 0.3, SPHERES, 0.4),
        (SHARE, 0.3, Glass(3.0), 1.0),
        (HALIDE, 0.1, Glass(3.0), 1.0),
        (HALIDE, 0.1, Binding(), 0.1),
        (SHARE, 0.3, SCREENED, 0.5),
        (Image(5.0), 2.25, SCREENED, 0.5),
        (HALIDE, 0.1, HoleDispersion(), 0.5),
        (HALIDE, 0.1, OtherSet("bandg-nnn", ("hopping.X-X.p-p.sigma",)), 0.5),
    ],
)
def test_two_changes_are_the_same_in_either_order(first, a, second, b):
    found = {}
    for case in (together(CASE, (first, a), (second, b)), together(CASE, (second, b), (first, a))):
        parts = sorted(((round(share, 12), repr(one)) for share, one in case.ensemble()), key=str)
        found[str(parts)] = case
    assert len(found) == 1
    assert sum(share for share, _ in case.ensemble()) == pytest.approx(1)


def test_the_second_change_reaches_all_of_an_ensemble():
    """The mean of bound crystals is not the bound mean of unbound ones: everyone in it is bound, with its own set."""
    case = together(replace(CASE, cells=(3, 4, 5)), (SHARE, 0.3), (Binding(), 0.1))
    assert [(share, one.termination, len(one.after)) for share, one in case.ensemble()] == [
        (0.7, "lead", 1),
        (0.3, "halide", 1),
    ]
    evaluator = Evaluator(Run(workers=1, cache=False))
    lead, halide, both = evaluator.curves([*(one for _, one in case.ensemble()), case])
    assert float(both.at("g_h", 2.3)) == pytest.approx(
        0.7 * lead.at("g_h", 2.3) + 0.3 * halide.at("g_h", 2.3), abs=2e-3
    )
    moved = together(CASE, (Glass(3.0), 1.0), (HALIDE, 0.1))
    assert {one.parameters.value("spin_orbit.X.p") for one in moved.parts()} == {0.1}
    assert moved.after == () and len(moved.added) == 1
    bound = together(CASE, (Binding(), 0.1), (HALIDE, 0.1)).after[0]
    assert bound.reduced_mass == reduced_mass(bulk(Values(("spin_orbit.X.p",))(CASE, 0.1).parameters, 1))


def test_the_exciton_counts_once():
    with pytest.raises(BandgError, match="the exciton counts once"):
        together(CASE, (Binding(), 0.1), (SCREENED, 0.5))
    with pytest.raises(BandgError, match="the exciton counts once"):
        together(CASE, (SCREENED, 0.5), (Binding(), 0.1))
    assert len(together(CASE, (Binding(), 0.1), (After(IntraAtomic), 1.0)).after) == 2


def test_screening_goes_from_weak_to_strong_and_image_charges_count_once():
    weak, middle, both = (
        together(CASE, *asked)
        for asked in ([(SCREENED, 0.0)], [(SCREENED, 0.5)], [(SCREENED, 0.0), (Image(5.0), 2.25)])
    )
    assert (weak.exciton, weak.eps_out) == (PRESETS["weak"], 2.25)
    assert middle.exciton == PRESETS["middle"]
    assert (both.exciton, both.eps_out) == (PRESETS["weak"], None)
    assert {crystal.image for crystal in both.crystals()} == {(5.0, 2.25)}
    assert Image(5.0)(CASE, 5.0) == CASE
    for change, words in ((SCREENED, "densities on atoms"), (Image(5.0), "atoms, on which the image potential acts")):
        with pytest.raises(BandgError, match=f"the model kp has no {words}"):
            together(CASE, (change, 2.25), (Share((("model", "kp"),)), 1.0))


def test_energies_of_a_screened_case_are_those_of_the_pairs():
    case = replace(CASE, termination="halide", cells=(2, 3), periodic=False)
    cases = [case, SCREENED(case, 1.0), Image(5.0)(case, 2.25), together(case, (Image(5.0), 2.25), (SCREENED, 1.0))]
    levels = [[job.run() for job in one.jobs()] for one in cases]
    plain, bound, image, both = (sizes_of(one, found) for one, found in zip(cases, levels, strict=True))
    found = levels[1][0].extra
    assert bound.energy[0] == pytest.approx(plain.energy[0] - found["J_eV"][0] + found["polarization_eV"][0])
    assert bound.g_h == pytest.approx(plain.g_h)
    assert np.abs(image.g_h - plain.g_h).min() > 0.005
    assert image.g_h == pytest.approx(both.g_h)
    assert (np.abs(both.energy - bound.energy) < 0.03).all()  # but for the relaxation of both carriers
    assert (image.energy > plain.energy).all() and (image.energy - plain.energy < 0.2).all()


def test_the_surface_fills_from_lead_to_halide():
    filled = Occupancy()(CASE, 0.25)
    assert {crystal.occupancy for crystal in filled.crystals()} == {0.25} and filled.termination == "halide"
    for change in (Occupancy(), Vacancies(3, (4, 5))):
        assert change(CASE, 1.0).termination == "halide" and change(CASE, 0.0).termination == "lead"
        assert not change(CASE, 1.0).distortion
    without = LeadVacancies(3, (4, 5))
    assert without(CASE, 0.0).crystals() == replace(CASE, cells=(4, 5)).crystals()
    assert {crystal.pb_vacancies for crystal in without(CASE, 0.25).crystals()} == {0.25}
    assert len(without(CASE, 0.25).crystals()) == 6
    missing = Vacancies(3, (4, 5))(CASE, 0.25).crystals()
    assert [crystal.cells for crystal in missing] == [4, 4, 4, 5, 5, 5]
    assert len({crystal.seed for crystal in missing}) == 3 and {crystal.x_vacancies for crystal in missing} == {0.75}


POTENTIAL, BONDS = Distorted("surface", "slabs:scale={:.9g}"), Distorted("surface_bonds")


def test_the_potential_of_the_surface_scales_with_the_slab_of_the_termination():
    """It goes with occupancy and bonds in any order, and the last of one kind counts."""
    assert POTENTIAL(CASE, 0.0).crystals() == BONDS(CASE, 0.0).crystals() == CASE.crystals()
    for end, outermost in (("lead", 0.516), ("halide", 0.129)):
        crystals = POTENTIAL(POTENTIAL(replace(CASE, termination=end), 9.0), 0.5).crystals()
        outer = [{one[:2]: one[2] for one in crystal.surface}["X", 0] for crystal in crystals]
        assert outer == pytest.approx([outermost / 2] * len(CASE.counts), abs=6e-4)
    asked = (Occupancy(), 0.5), (POTENTIAL, 1.0), (BONDS, -0.05)
    for order in (asked, asked[::-1]):
        crystal = together(CASE, *order).crystals()[-1]
        assert (crystal.occupancy, crystal.surface_bonds) == (0.5, -0.05)
        found = {one[:2]: one[2] for one in crystal.surface}
        assert found["X", 1] == pytest.approx((0.516 - 0.1125) / 2, abs=6e-4)
    envelope = applied(Share((("model", "kp"),)), together(CASE, *asked[1:], (Image(5.0), 2.25)), 1.0)
    assert [job.key() for job in envelope.jobs()] == [job.key() for job in replace(CASE, model="kp").jobs()]


def test_shifts_of_a_set_are_those_of_its_curves():
    own = Parameter("surface.lead.Pb.0", 0.2, "eV", "a test", "assumed")
    case = replace(CASE, parameters=replace(SET, surface={own.path: own}))
    assert {crystal.surface for crystal in case.crystals()} == {(("Pb", 0, 0.2),)}
    assert {crystal.surface for crystal in POTENTIAL(case, 0.0).crystals()} == {()}
    named = {one.name: one for one in default_mechanisms(case)}
    assert named["surface-potential"].baseline is None and named["surface-bonds"].status == "assumed"


def test_the_range_of_the_potential_ends_where_its_sources_do():
    """Point charges over 4.4 shift the outermost halide by 1.9 times the slab's +0.13 eV; they are no guide to PbX2."""
    ranges = {
        end: {one.name: one for one in default_mechanisms(replace(CASE, termination=end))}["surface-potential"]
        for end in ("halide", "lead")
    }
    assert (ranges["lead"].lower, ranges["lead"].upper, ranges["halide"].upper) == (0.0, 1.0, 2.0)
    charges = surface_shifts(SET.lattice.termination("halide"), SET.a_nm, 4.4)["X", 0]
    assert round(charges / load_slabs()["halide"].shifts["I", 0], 1) == 1.9


def test_half_filled_at_random_is_near_half_filled_in_mean_field():
    """Both lie between the pure terminations, and near each other on that scale."""
    random = replace(Vacancies(4, (3,))(replace(CASE, termination="halide"), 0.5), seeds=4)
    mean = replace(Occupancy()(CASE, 0.5), cells=(3,), periodic=False)
    first, second = (_sizes_of(case) for case in (random, mean))
    assert first.energy[0] == pytest.approx(second.energy[0], abs=0.02)
    assert first.g_e[0] == pytest.approx(second.g_e[0], abs=0.1) and first.g_h[0] == pytest.approx(
        second.g_h[0], abs=0.02
    )
    pure = [
        _sizes_of(replace(CASE, termination=end, cells=(3,), periodic=False)).energy[0] for end in ("halide", "lead")
    ]
    for found in (first, second):
        assert pure[0] < found.energy[0] < pure[1]


def _sizes_of(case):
    return sizes_of(case, [job.run() for job in case.jobs()])


def test_tilted_octahedra_keep_their_bonds_and_the_gap():
    """The bulk that ends the curve is that of the tilted cell, at the gap of the cubic one."""
    tilted = Tilt("a0a0c+", (1.0,), (4, 6))(CASE, 10.0)
    assert all(crystal.tilt_deg == (0.0, 0.0, 10.0) for crystal in tilted.crystals())
    found = own_bulk(tilted)
    assert found.E_g == pytest.approx(OWN.E_g, abs=1e-6)
    assert {path for path in SET.paths if tilted.parameters.value(path) != SET.value(path)} == {GAP_KNOB}
    bonds = np.linalg.norm(found.hamiltonian.bonds[1], axis=1)
    assert bonds == pytest.approx(np.full(len(bonds), SET.a_nm / 2))
    assert found.g_factors() == pytest.approx((2.81, 0.02), abs=5e-3)
    blank = [None] * len(tilted.crystals())
    end = sizes_of(tilted, blank)
    assert (end.energy[-1], end.g_e[-1], end.g_h[-1]) == pytest.approx((found.E_g, *found.g_factors()))
    assert Tilt("a0a0c+", (1.0,), (4, 6))(CASE, 0.0) == replace(CASE, cells=(4, 6))


def test_the_angles_of_the_gamma_phase_have_their_sources():
    """Measured lattice constants with rigid bonds as long as those of the relaxed cell, and the angles of that cell."""
    a, b, c = 0.85766, 0.88561, 1.24722
    relaxed = load_cells()["gamma_relaxed"].cell
    bond = np.linalg.norm(relaxed.pairs(PEROVSKITE.shell("Pb-X"))[1], axis=1).mean()
    pseudocubic = np.array([np.sqrt(a * b / 2), c / 2, np.sqrt(a * b / 2)])
    assert contraction((8.2, 11.9, 8.2)) * 2 * bond == pytest.approx(pseudocubic, rel=1e-3)
    tilt = next(one for one in default_mechanisms(CASE) if one.name == "tilt")
    assert tilt.status == "sourced" and tilt.upper == pytest.approx(relaxed.tilt_deg().max(), abs=0.05)
    [crystal] = replace(tilt.change(CASE, 10.0), cells=(4,)).crystals()
    assert (crystal.tilt, crystal.tilt_deg, crystal.keep) == ("a-b+a-", (7.0, 10.0, 7.0), "bonds")


def test_the_parabola_has_the_mass_of_the_band_edge():
    step = HoleDispersion()(CASE, 1.0).after[-1]
    assert isinstance(step, Parabolic)
    confined, parabolic = np.array(step.confined), np.array(step.parabolic)
    assert parabolic[4] == pytest.approx(confined[4], rel=2e-3)  # they touch at R
    assert (parabolic[50:] > confined[50:]).all()  # and the band is flatter than its parabola further out
    mass = 1 / float(np.trace(OWN.valence.inverse_mass) / 3)
    k = np.sqrt(3) * np.pi / SET.a_nm / 399
    assert parabolic[1] == pytest.approx(0.0761996 / 2 * k**2 / mass, rel=1e-5)


def test_a_barrier_is_compared_with_another_barrier():
    """Spheres: in a cube glass takes a thousand functions."""
    plain = replace(CASE, shape="sphere", cells=(3, 4), periodic=False)
    low = Glass(3.0)(plain, 1.0)
    assert Glass(3.0)(CASE, 3.0) == CASE and low.model == "etb"
    [(one, other)] = low.added
    assert (one.barrier, other.barrier) == ((1.0, 1.0), (3.0, 3.0)) and one.model == other.model == "kp"
    found, own, near, far = Evaluator(Run(workers=1, cache=False)).curves((low, plain, one, other))
    assert found.values["g_h"] == pytest.approx(own.values["g_h"] + near.values["g_h"] - far.values["g_h"])
    assert (near.values["g_h"] < far.values["g_h"]).all()
    with pytest.raises(BandgError, match="a barrier must be above 0 eV, not 0"):
        Glass(3.0)(CASE, 0.0)


@pytest.mark.slow
def test_the_hard_wall_is_no_reference_for_a_barrier():
    """g of the hole approaches its value at the wall as the inverse 0.3rd power of the height: cubes of 8 cells."""
    plain = replace(CASE, cells=(8,), model="kp", periodic=False)
    heights = (1.0, 3.0, 10.0, 100.0)
    g = [_sizes_of(replace(plain, barrier=(height, height))).g_h[0] for height in heights]
    wall = _sizes_of(plain).g_h[0]
    assert [*g, wall] == pytest.approx([0.560, 0.633, 0.680, 0.758, 0.827], abs=6e-4)
    power = np.polyfit(np.log(heights), np.log(wall - np.array(g)), 1)[0]
    assert power == pytest.approx(-0.3, abs=0.02)


def sizes(depth):
    """A hole at some depth and the bulk."""
    blank = np.zeros(2)
    return Sizes(blank, blank, np.array([2.0, 1.65]), blank + 1.65, np.array([-depth, 0.0]), blank, blank, blank, blank)


def test_the_hole_moves_by_the_amount_of_the_way_to_its_parabola():
    step = Parabolic(0.5, 0.0, (0.0, 0.2, 0.4), (0.0, 0.3, 0.8))
    moved = step(sizes(0.2))
    assert HoleDispersion()(CASE, 0.5).after[0].top == OWN.valence.energy  # also where no bulk ends the curve
    assert moved.energy == pytest.approx([2.05, 1.65]) and moved.E_h == pytest.approx([-0.25, 0])
    assert np.isnan(step(sizes(0.5)).energy[0])  # beyond the dispersion there is no value


def test_a_curve_begins_above_the_largest_crystal_without_a_value():
    """The hole of a cube of two cells lies deeper than the valence band is known to fall; the other cubes stay."""
    case = replace(CASE, cells=(2, 3, 5))
    evaluator = Evaluator(Run(workers=1, cache=False))
    own, parabolic = evaluator.curves([case, HoleDispersion()(case, 1.0)])
    assert len(own.energy) == 4 and len(parabolic.energy) == 3 and np.isfinite(parabolic.energy).all()
    assert parabolic.size_nm[-1] == own.size_nm[-2]


def nothing(case, value):
    pass


def divides(case, value):
    return 1 / 0


def leaves(case, value):
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nothing, "change must return Case, not NoneType"),
        (divides, "change fails: ZeroDivisionError: division by zero"),
        (leaves, "change fails: SystemExit: 0"),
        (Share(SHARE.fields), "a share of 5 is not between 0 and 1"),
    ],
)
def test_whatever_a_change_does_wrong_is_one_line(change, message):
    for make in (lambda: applied(change, CASE, 5.0), lambda: together(CASE, (change, 5.0), (Binding(), 0.1))):
        with pytest.raises(BandgError) as caught:
            make()
        assert str(caught.value) == message


def test_changes_refuse_what_they_do_not_know():
    with pytest.raises(BandgError, match="how is 'shift'; choose one of set, add, scale"):
        Values(("onsite.Pb.s",), "shift")
    with pytest.raises(BandgError, match="quantity is 'mass'; choose one of E_g, Delta, E_p"):
        Target("mass", "onsite.Pb.s")


def test_a_case_of_another_shape_is_no_cube():
    with pytest.raises(BandgError, match="shape 'octahedron' has no curve: choose cube, sphere or cuboid"):
        replace(CASE, shape="octahedron").jobs()
    long = replace(CASE, shape="cuboid", aspect=2.0, cells=(2,), periodic=False)
    assert {one.shape for one in long.crystals()} == {"cuboid"}
    assert (long.describe()["aspect"], long.describe()["periodic"]) == (2.0, False)


def nothing_of(sizes):
    pass


def divided(sizes):
    return 1 / 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(CASE, cells=(2, 3), distortion=(("tilt", "a0a0c+"), ("angles", "80"))), "80"),
        (After(lambda value: nothing_of)(replace(CASE, cells=(2, 3)), 1.0), "must return Sizes, not NoneType"),
        (After(lambda value: divided)(replace(CASE, cells=(2, 3)), 1.0), "fails: ZeroDivisionError"),
    ],
)
def test_a_case_that_cannot_be_made_has_no_curve_and_ends_no_other(wrong, message):
    good = replace(CASE, cells=(2, 3))
    evaluator = Evaluator(Run(workers=1, cache=False))
    curves = evaluator.curves([wrong, good], ["wrong", "good"])
    assert np.isnan(curves[0].energy).all() and np.isnan(curves[0].at("g_h", 2.0))
    assert np.isfinite(curves[1].energy).all() and [curve.name for curve in curves] == ["wrong", "good"]
    assert message in evaluator.reason(wrong) and evaluator.reason(good) == ""


def test_a_failure_of_the_solver_is_tried_again_and_one_of_the_input_is_not(monkeypatch):
    case = replace(CASE, cells=(2, 3))
    asked = {job.key() for job in case.jobs()}

    def fail(self):
        raise (SolverError if self.nanocrystal.cells == 2 else BandgError)("choose the solver superlu")

    with monkeypatch.context() as patch:
        patch.setattr(Job, "run", fail)
        first = Evaluator(Run(workers=1))
        assert np.isnan(first.curves([case])[0].energy).all()
        assert first.notes == dict.fromkeys(asked, "choose the solver superlu")
    again = Evaluator(Run(workers=1))
    again.curves([case])
    assert (again.computed, again.cached) == (1, 1)
    assert set(again.notes) == {case.jobs()[1].key()}


def test_what_the_eigensolver_cannot_do_is_its_own_failure():
    matrix = sparse.csr_array(np.diag(np.arange(10.0)))
    with pytest.raises(SolverError, match="counts no levels"):
        Spectrum(matrix, "iterative").count_below(3.5)
    with pytest.raises(SolverError, match="not accurate"):
        check_solve(lambda vector: vector, lambda vector: 2 * vector, matrix)


@dataclass(frozen=True)
class Energies:
    """Other energies in place of the computed ones."""

    values: tuple[float, ...]

    def __call__(self, sizes: Sizes) -> Sizes:
        return replace(sizes, energy=np.array(self.values))


@pytest.mark.parametrize(
    ("energies", "kept"),
    [
        ((2.5, 2.2, 1.9, 1.65), [1.65, 1.9, 2.2, 2.5]),
        ((2.1, 2.2, 1.9, 1.65), [1.65, 1.9, 2.2]),
        ((2.5, np.nan, 1.9, 1.65), [1.65, 1.9]),
        ((2.5, 2.2, 1.6, 1.65), []),
        ((2.5, 2.2, 1.9, np.nan), []),
    ],
)
def test_a_curve_ends_where_the_energy_does_not_rise_with_a_smaller_crystal(energies, kept):
    case = replace(CASE, cells=(2, 3, 5), after=(Energies(energies),))
    [curve] = Evaluator(Run(workers=1, cache=False)).curves([case])
    assert [x for x in curve.energy if np.isfinite(x)] == kept


def test_reduced_mass_of_the_bulk():
    m_h, m_e = (3 / float(np.trace(edge.inverse_mass)) for edge in (OWN.valence, OWN.conduction))
    assert reduced_mass(OWN) == pytest.approx(m_h * m_e / (m_h + m_e))
