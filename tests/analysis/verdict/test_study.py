"""A verdict of tiny cubes against levels and pair energies that are computed and interpolated by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.combination import all_combinations, bulk_sets, choose
from bandg.analysis.verdict.report import content, lines, sentences, to_markdown
from bandg.analysis.verdict.request import left_out_of, measured, verdict
from bandg.analysis.verdict.study import judge
from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube
from bandg.data.measured import MeasuredPoint
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


def test_a_point_that_no_combination_reaches_is_left_out_with_a_word(found):
    combinations = choose(["halide", "no-slabs", "haken 5/25/3 nm"], all_combinations())
    far = MeasuredPoint(9.9, "g_e", 1.0)
    own = judge(bulk_sets([SET]), combinations, [*POINTS, far], Evaluator(Run(workers=1)), CELLS, draws=200)
    assert "Outside of every curve, and left out: g_e at 9.9 eV." in own.notes and own.points == POINTS
    assert [row.rms for row in own.rows] == [row.rms for row in found.rows]


def test_rows_that_reach_fewer_numbers_do_not_compare(found):
    """A row that is right at the two numbers that it reaches is not better than one that reaches all."""
    rows = [replace(one, predicted=np.array([*one.measured[:2], *[np.nan] * 3])) for one in found.rows[:1]]
    mixed = replace(found, rows=(*rows, found.rows[1]))
    table = content(mixed)
    assert rows[0].rms == 0 and lines(table)[0][-4:-3] == ["0.000 (2 of 5)"]
    assert sentences(table)[0] == "1 combinations reach all 5 measured numbers."
    assert f"is {found.rows[1].rms:.3f}: " in sentences(table)[1]
    alone = sentences(content(replace(found, rows=tuple(rows))))
    assert alone[0] == "1 combinations reach 2 of 5 measured numbers, none more."


def test_points_of_a_users_file_that_judge_nothing_are_told(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("energy_eV,quantity,value,material\n2.4,g_e,1.9,CsPbBr3\n1.9,g_e,1.5,\n1.9,g_bx,2.4,\n")
    assert [one.value for one in measured(str(file), "CsPbI3")] == [1.5]
    told = left_out_of(str(file), "CsPbI3")
    assert told == ("Points left out: 1 (is of CsPbBr3, not CsPbI3), 1 (g_bx is not predicted).",)
    assert left_out_of(None, "CsPbI3") == ()


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
