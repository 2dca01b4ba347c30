"""Findings of mechanisms whose answer is known in closed form, on small real curves."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bandg.analysis.curves import resolve
from bandg.analysis.hypotheses import Case, Mechanism, Sizes
from bandg.analysis.hypotheses.changes import Values
from bandg.analysis.hypotheses.combine import combine
from bandg.analysis.hypotheses.crystal_changes import Share
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.plugin import load_plugin
from bandg.analysis.hypotheses.registry import choose, default_mechanisms
from bandg.analysis.hypotheses.report import (
    baseline_text,
    groups,
    incomplete,
    lines,
    markdown,
    problems,
    rows,
    spread_lines,
    to_html,
)
from bandg.analysis.hypotheses.request import baseline
from bandg.analysis.hypotheses.study import Trial, _order, compare_kinds, of_kinds, study
from bandg.base.errors import BandgError
from bandg.data.compare import QUANTITIES, compare
from bandg.data.measured import MeasuredPoint, load_measured, load_spreads
from bandg.data.spreads import decays, observed
from bandg.parameters.loader import available_sets, load_set
from bandg.runs.options import Run

BASE = Case(load_set("nestoklon2023-standin"), 1, cells=(4, 5, 7))
POINTS = load_measured("meliakov2025")
SPREADS = load_spreads("meliakov2025")
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "own_mechanism.py"


@dataclass(frozen=True)
class Lift:
    """Adds to g_e and g_h."""

    e: float
    h: float

    def __call__(self, sizes: Sizes) -> Sizes:
        return replace(sizes, g_e=sizes.g_e + self.e, g_h=sizes.g_h + self.h)


def lift(share_e=0.0, share_h=1.0):
    return lambda case, value: replace(case, after=(*case.after, Lift(share_e * value, share_h * value)))


def mechanism(name, upper, change, **more):
    return Mechanism(name, "One. Two.", change, 0.0, upper, 0.0, **({"source": "somebody"} | more))


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory):
    """One cache in memory for all tests here."""
    return Evaluator(Run(workers=1, cache=False))


@pytest.fixture(scope="module")
def found(evaluator):
    mechanisms = [
        mechanism("enough", 2.0, lift()),
        Mechanism("shifted", "One. Two.", lift(-1.0), 0.5, 1.5, 0.0, source="somebody"),
        mechanism("guess", 2.0, lift(), source=""),
        mechanism("breaks", 2.0, _breaks),
        mechanism("mixture", 1.0, Share((("after", (Lift(-0.4, 0.6),)),)), source="", definition=True),
        Mechanism("typo", "One. Two.", Values(("onsite.Pb.q",), "add"), -0.3, 0.3, None, source="somebody"),
    ]
    return study(BASE, mechanisms, POINTS, evaluator, SPREADS)


def _breaks(case, value):
    if value > 0.1:
        raise BandgError("no such crystal")
    return case


def by_name(found):
    return {finding.mechanism.name: finding for finding in found.findings}


def row_of(found, name):
    return next(row for row in rows(found) if row["name"] == name)


def test_the_change_at_both_ends_is_that_at_fixed_energy(found):
    row = row_of(found, "shifted")
    low, high = row["trials"][0], row["trials"][-1]
    assert (low["delta_g_h"], low["delta_g_e"]) == (pytest.approx([0.5] * 3), pytest.approx([-0.5] * 3))
    assert (high["delta_g_h"], high["delta_g_e"]) == (pytest.approx([1.5] * 3), pytest.approx([-1.5] * 3))
    assert [line[0] for line in lines(row)] == [["shifted"], [""]]  # neither end is the baseline
    assert [line[2] for line in lines(row)] == [["-0.50"] * 3, ["-1.50"] * 3]
    assert [line[:2] for line in lines(row_of(found, "enough"))] == [[["enough"], ["2"]]]  # the lower end is


def test_the_best_value_is_the_least_squares_solution(found):
    finding, base = by_name(found)["enough"], found.base_trial
    residuals = [r.residual for r in base.comparison.residuals if r.quantity in ("g_h", "g_bx")]
    assert finding.best.value == pytest.approx(-sum(residuals) / len(residuals), abs=0.011)  # grid of 2.0 / 200
    assert finding.best.comparison.rms("g_e") == base.comparison.rms("g_e")
    row = row_of(found, "enough")
    left = {(one["quantity"], one["energy_eV"]): one["residual"] for one in row["at_best"]["residuals"]}
    for one in base.comparison.residuals:
        moved = one.residual + finding.best.value * (one.quantity != "g_e")
        assert left[one.quantity, one.point.energy_eV] == pytest.approx(moved)
    assert row["rms"] == pytest.approx(np.sqrt(np.mean(np.square(list(left.values())))))


def test_a_mixture_spreads_g_and_a_uniform_change_does_not(found):
    """Two kinds whose g differ by d have a standard deviation of sqrt(share (1 - share)) |d|."""
    finding = by_name(found)["mixture"]
    middle = finding.trials[1]
    assert middle.spread("g_e", 1.911) == pytest.approx(0.5 * 0.4)
    assert middle.spread("g_h", 2.0) == pytest.approx(0.5 * 0.6)
    assert [trial.spread("g_h", 1.911) for trial in (finding.trials[0], finding.trials[-1])] == [0.0, 0.0]
    assert by_name(found)["enough"].best.spread("g_h", 1.911) == 0


def test_kinds_without_a_curve_have_no_known_spread(evaluator):
    case = replace(BASE, after=(lambda sizes: _breaks(sizes, 1.0),))
    (curve,) = evaluator.curves([case])
    failed = Trial(1.0, curve, compare(curve, ()), evaluator.kinds(case))
    assert math.isnan(failed.spread("g_h", 1.911)) and math.isnan(failed.spread("g_e", 1.911))


def test_two_thirds_of_halide_cubes_spread_g_h_by_more_than_is_measured():
    """A mixture that was preferred before the spread counted: 0.26 in g_h.

    Two frequencies are about 21 rad/ns apart at 420 mT.
    """
    lead, halide = resolve(("etb:lead", "etb:halide"))
    trial = Trial(0.68, lead, compare(lead, ()), ((0.32, lead), (0.68, halide)))
    assert trial.spread("g_h", 1.911) == pytest.approx(0.26, abs=0.01)
    apart = [float(kind.at("g_h", 1.911)) for _, kind in trial.kinds]
    assert (apart[1] - apart[0]) * 87.941 * 0.42 == pytest.approx(21, abs=1)


def test_what_is_random_spreads_g_over_its_seeds(evaluator):
    """At the energy of its smallest crystals, where each seed has its own curve."""
    case = replace(BASE, cells=(2, 3), periodic=False, seeds=3, distortion=(("pb_vacancies", 0.2),))
    [curve] = evaluator.curves([case])
    kinds = evaluator.kinds(case)
    assert [share for share, _ in kinds] == pytest.approx([1 / 3] * 3)
    mean = np.mean([kind.values["g_h"] for _, kind in kinds], axis=0)
    assert mean == pytest.approx(curve.values["g_h"]) and np.std([kind.values["g_h"][0] for _, kind in kinds]) > 1e-3


def test_a_mixture_is_judged_by_what_one_cosine_fitted_to_it_gives(found):
    mixture = by_name(found)["mixture"]
    half = replace(mixture, best=mixture.trials[1])
    assert half.allowed is False and by_name(found)["enough"].allowed is True
    reaching = [one for one in found.findings if one.best and not one.best.comparison.outside]
    assert _order(half) > max(_order(one) for one in reaching)  # it would be last of these
    wide = tuple(replace(one, value=9.0) for one in SPREADS)
    assert replace(half, spreads=wide).allowed is True
    assert replace(half, spreads=()).allowed is None  # no spread is measured
    known = [one.best.rms for one in found.findings if one.best and one.allowed is not False]
    assert known == sorted(known) and min(known) < found.base_trial.rms


def test_g_of_a_mixture_is_that_of_the_fit_and_the_mean_where_no_decay_is_known(found):
    trial, known = by_name(found)["mixture"].trials[1], decays(SPREADS)
    for one in trial.comparison.residuals:
        if one.quantity == "g_h":
            kinds = of_kinds(trial.kinds, "g_h", one.point.energy_eV)
            assert one.theory == observed(kinds[:, None], [0.5, 0.5], [known["g_h"]]).g[0]
    mean = compare_kinds(trial.curve, trial.kinds, found.points, {})
    assert [one.theory for one in mean.residuals] == [
        one.theory for one in compare(trial.curve, found.points).residuals
    ]


def test_what_cannot_be_is_no_curve_and_no_end(found):
    breaks = by_name(found)["breaks"]
    assert breaks.best.value == 0  # the baseline
    assert [trial.error for trial in breaks.trials] == ["", "no such crystal", "no such crystal"]
    assert math.isnan(breaks.trials[2].rms)
    [line] = lines(row_of(found, "breaks"))
    assert line[2:4] == [["-"] * 3, ["-"] * 3] and line[5] == ["baseline"]


def test_a_mechanism_without_a_curve_has_no_best_and_says_why(found):
    assert by_name(found)["typo"].best is None
    row = row_of(found, "typo")
    assert row["best"] is row["rms"] is row["at_best"] is row["spread_allowed"] is None
    assert [line for line in problems(rows(found)) if line.startswith("typo at -0.3: no curve: ")]


def test_a_curve_that_ends_early_stands_last_with_the_number_of_its_points(evaluator):
    """Nearly all right below 2 eV and nothing above is not better than the baseline, which reaches everything."""
    points = [MeasuredPoint(energy, "g_h", value) for energy, value in ((1.7, 1.5), (1.9, 1.7), (2.25, 2.9))]

    def short(sizes):
        return replace(sizes, energy=sizes.energy - sizes.energy.max() + 2.0, g_h=1.6 + 0 * sizes.g_h)

    asked = [
        Mechanism("short", "One. Two.", lambda case, value: replace(case, after=(short,)), 1.0, 2.0, None),
        mechanism("enough", 2.0, lift()),
    ]
    own = study(BASE, asked, points, evaluator)
    assert [one.mechanism.name for one in own.findings] == ["enough", "short"]
    best = own.findings[1].best
    inside = [one for one in best.comparison.residuals if one.point.energy_eV <= best.curve.range_eV[1]]
    assert 0 < len(inside) < len(points) and best.comparison.count("g_h") == (len(inside), len(points))
    assert best.rms == pytest.approx(0.1)
    assert best.rms < own.findings[0].best.rms
    row = row_of(own, "short")
    count = f"({len(inside)} of {len(points)})"
    assert next(line[-2] for line in lines(row)) == [f"{best.rms:.3f} {count}"] and row["rms"] == best.rms
    there = [
        one.residual for one in own.base_trial.comparison.residuals if one.point.energy_eV < best.curve.range_eV[1]
    ]
    text = f"is over {count[1:-1]} points, over which the baseline leaves {np.sqrt(np.mean(np.square(there))):.3f}."
    assert incomplete(rows(own)) == [f"short: its rms {best.rms:.3f} {text}"]


def test_a_point_that_no_curve_reaches_is_counted_out_and_changes_no_rank(found, evaluator):
    far = MeasuredPoint(3.9, "g_e", 1.0)
    own = study(BASE, [mechanism("enough", 2.0, lift())], [*POINTS, far], evaluator, SPREADS)
    assert own.base_trial.comparison.outside == 1 and own.base_trial.rms == found.base_trial.rms
    same = by_name(found)["enough"].best
    assert (own.findings[0].best.value, own.findings[0].best.rms) == (same.value, same.rms)
    assert "over 5 of 6 independent measurements" in baseline_text(rows(own)[0])
    with pytest.raises(BandgError, match=r"where none of the 1 measured points lies"):
        study(BASE, [], [far], evaluator)


def test_rows_are_plain_and_the_tables_have_all_of_them(found):
    table = json.loads(json.dumps(rows(found), allow_nan=False))
    page = to_html(table, None, found.points)
    assert "http" not in page.replace("http-equiv", "") and page.count("<h2>") == len(table) + 3
    width = sum(len(group.columns) for group in groups(table[0]))
    body = page.partition("</table>")[0].split("<tr class")[1:]
    assert len(body) == 1 + sum(len(lines(row)) for row in table) and {one.count("<td>") for one in body} == {width}
    text = markdown(table).splitlines()
    assert len(text) == len(table) + 3 and {line.count("|") for line in text} == {len(groups(table[0])) + 1}


def test_the_table_of_spreads_has_what_is_predicted_beside_what_is_measured(found):
    """The value of "enough" adds to g_h alone: its scatter is limited, g_e is not spread."""
    row = row_of(found, "enough")
    scatter = row["scatter"]
    predicted = {(one["quantity"], one["energy_eV"]): one["predicted"] for one in scatter["at_allowed"]}
    assert predicted["dg_e", 1.911] == pytest.approx(0, abs=1e-6) and 0.02 < predicted["dg_h", 1.911] <= 0.042
    assert 0.03 < scatter["allowed"] < 0.3 and not scatter["unlimited"]
    table = {line[0]: line[1:] for line in spread_lines(rows(found))}
    assert table["enough"][:5] == ["", "", "", "", ""] and table["enough"][6] == "0.00/0.22"
    assert row_of(found, "mixture")["scatter"] is None and "mixture" not in table  # at best it is the baseline
    half = replace(found, findings=(replace(by_name(found)["mixture"], best=by_name(found)["mixture"].trials[1]),))
    [mixed] = spread_lines(rows(half))
    check = half.findings[0].best.judged(SPREADS)
    seen = {one.point.quantity: one.predicted for one in check if one.point.energy_eV is not None}
    assert mixed[1:4] == [f"{seen['dg_e']:.2f}/0.22", f"{seen['dg_h']:.2f}/0.03", "no"]


def test_no_independent_measurement_is_told(evaluator):
    message = r"no independent measurement is left to compare with: 1 \(no energy is stated\)"
    with pytest.raises(BandgError, match=message):
        study(BASE, [mechanism("enough", 2.0, lift())], [MeasuredPoint(None, "g_h", 1.0)], evaluator)


def test_two_together_find_the_best_pair(evaluator):
    electron = Mechanism("electron", "One. Two.", lift(1.0, 0.0), -1.0, 1.0, 0.0, source="somebody")
    hole = mechanism("hole", 2.0, lift())
    both = combine(BASE, electron, hole, POINTS, evaluator)
    finding = study(BASE, [electron, hole, both], POINTS, evaluator).findings[0]
    assert finding.mechanism.name == "electron + hole" and finding.best.value == pytest.approx(1.0, abs=0.03)
    residuals = finding.best.comparison.residuals
    e, h, bx = (sum(r.residual for r in residuals if r.quantity == q) for q in QUANTITIES)
    # at the minimum the derivative by each of the two vanishes, to a grid of 2.0 / 80
    assert e + bx == pytest.approx(0, abs=0.08) and h + bx == pytest.approx(0, abs=0.08)


def test_the_example_of_the_docs_is_a_mechanism():
    (own,) = load_plugin(EXAMPLE, BASE)
    assert own.status == "assumed" and own.change(BASE, 0.2).parameters.value("onsite.Pb.s") == pytest.approx(-5.6406)


DATACLASS_PLUGIN = """
import dataclasses
from bandg.analysis.hypotheses import Mechanism
from bandg.runs.options import Run
from bandg.runs.options import Run

@dataclasses.dataclass(frozen=True)
class Same:
    by: float = 1.0
    def __call__(self, case, value: float):
        return case

MECHANISMS = [Mechanism("same", "One. Two.", Same(), 0.0, 1.0, 0.0)]
"""


@pytest.mark.parametrize(
    ("head", "annotation"), [("", float), ("from __future__ import annotations", "float")], ids=["plain", "future"]
)
def test_a_plugin_may_have_dataclasses_and_its_own_future(head, annotation, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(head + DATACLASS_PLUGIN)
    (own,) = load_plugin(path, BASE)
    assert own.change(BASE, 0.5) is BASE and own.change.by == 1.0
    assert type(own.change).__call__.__annotations__ == {"value": annotation}


@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("source", None, "source must be text, not None"),
        ("text", 3, "text must be text, not 3"),
        ("unit", b"eV", "unit must be text, not b'eV'"),
        ("name", None, "name must be text, not None"),
        ("lower", "0", "lower must be a number, not '0'"),
        ("upper", None, "upper must be a number, not None"),
    ],
)
def test_a_field_of_another_type_is_told(field, wrong, message):
    fields = {"name": "a", "text": "b", "change": lift(), "lower": 0.0, "upper": 1.0, "baseline": None}
    with pytest.raises(BandgError, match=f"mechanism .*: {message}"):
        Mechanism(**fields | {field: wrong})


def test_a_name_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(BandgError, match="did you mean 'screening'"):
        choose(default_mechanisms(BASE), ["screning"])


def test_every_default_mechanism_says_who_says_so():
    known = Path(__file__).parents[3].joinpath("docs", "references.bib").read_text()
    for one in default_mechanisms(BASE):
        assert len([part for part in one.text.split(". ") if part]) == 2
        assert one.status != "sourced" or any(
            f"{{{key}," in known or key in available_sets() for key in _keys(one.source)
        )


def _keys(source):
    return [word.strip(":,;") for word in source.replace(";", " ").split()]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [("3..6", (3, 4, 5, 6)), ("3..6cells", (3, 4, 5, 6)), ("8,3", (3, 8)), ([4, 3], (3, 4)), (None, ())],
)
def test_sizes_are_a_list_or_a_range(cells, expected):
    assert baseline("nestoklon2023-standin", cells=cells).cells == expected


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("8..3", "is reversed: write 3..8"),
        ("3..8:2", "has a step"),
        ("3,4..6", "is a range and a list at once"),
        ("3..3", "must be two whole numbers or more"),
        ("2..1e9", "asks for more than 10000 values"),
        ("3..8nm", "has the unknown unit 'nm': use cells"),
    ],
)
def test_wrong_sizes_are_told(cells, message):
    with pytest.raises(BandgError, match=message):
        baseline("nestoklon2023-standin", cells=cells)
