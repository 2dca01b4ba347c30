"""A verdict of tiny cubes against levels and pair energies that are computed and interpolated by hand."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.combination import all_combinations, bulk_sets, choose
from bandg.analysis.verdict.report import content, lines, sentences, to_markdown
from bandg.analysis.verdict.request import measured, verdict
from bandg.analysis.verdict.study import judge
from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube
from bandg.models.etb.bulk import bulk
from bandg.models.etb.nanocrystal import compute_levels
from bandg.models.etb.pairs import exciton_observables
from bandg.parameters.loader import load_set
from bandg.runs.options import Run

SET = "nestoklon2023-standin"
CELLS = (2, 3, 4)
POINTS = measured(None, "CsPbI3")


@pytest.fixture(scope="module")
def found():
    combinations = choose(["halide", "no-slabs", "haken 5/25/3 nm"], all_combinations())
    assert [one.image for one in combinations] == [False, True]
    return judge(bulk_sets([SET]), combinations, POINTS, Evaluator(Run(workers=1)), CELLS, draws=200)


@pytest.mark.parametrize("image", [False, True])
def test_predictions_are_those_of_the_pair_energies_by_hand(found, image):
    parameters, (row,) = load_set(SET), [row for row in found.rows if row.combination.image == image]
    observables = exciton_observables(row.combination.scale.screening, 2.25)
    end = bulk(parameters)
    energy, g = [end.E_g], [end.g_factors()]
    for n in CELLS[::-1]:
        crystal = distorted(cube(n, parameters.a_nm, "halide"), image="5,2.25" if image else None)
        levels = compute_levels(parameters, crystal, observables=observables)
        energy.append(levels.extra["E_exciton_eV"][0])
        g.append((levels.electron.g, levels.hole.g))
    by_hand = PchipInterpolator(energy, g)
    expected = [by_hand(point.energy_eV)[int(point.quantity[-1] == "h")] for point in POINTS]
    np.testing.assert_allclose(row.predicted, expected, atol=1e-6)
    assert row.rms == pytest.approx(np.sqrt(np.mean((np.array(expected) - [one.value for one in POINTS]) ** 2)))


def test_a_set_without_covariance_has_no_band_and_says_so(found):
    assert np.isnan(found.rows[0].band).all()
    assert found.notes == (f"{SET}: no covariance, so there is no band",)


def test_the_page_states_what_the_numbers_give(found):
    table = content(found)
    assert [len(row) for row in lines(table)] == [14, 14]
    best = min(row.rms for row in found.rows)
    assert f"is {best:.3f}: {SET}, halide planes, no shifts" in sentences(table)[1]
    assert to_markdown(table).count("\n| nestoklon2023-standin |") == 4  # residuals, and numbers from the others


def test_the_five_measured_numbers_are_judged_by():
    shown = [(one.quantity.removeprefix("abs_"), one.energy_eV) for one in POINTS]
    assert shown == [("g_e", 1.69), ("g_e", 1.911), ("g_h", 1.69), ("g_h", 1.911), ("g_h", 2.25)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": "halid"}, "`only` names 'halid' (did you mean 'halide'?); there are: "),
        ({"only": "lead,image"}, "no combination has all of image, lead"),
        ({"sets": ","}, "`sets` names nothing: write bandg-nnn, several with commas"),
        ({"sets": "bandg-nnn,bandg-cspbbr3-nn"}, "`sets` are of CsPbBr3 and CsPbI3: give sets of one material"),
        ({"draws": 5}, "`draws` must be 100 or more, not 5"),
    ],
)
def test_wrong_input_gives_one_line(options, message):
    with pytest.raises(BandgError) as error:
        verdict(**options)
    assert str(error.value).startswith(message)
