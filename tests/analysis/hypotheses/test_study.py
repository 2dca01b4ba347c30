"""Findings of mechanisms whose answer is known in closed form, on small real curves."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bandg.analysis.hypotheses import Case, Mechanism, Sizes
from bandg.analysis.hypotheses.changes import Values
from bandg.analysis.hypotheses.combine import combine
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.hypotheses.plugin import load_plugin
from bandg.analysis.hypotheses.registry import choose, default_mechanisms
from bandg.analysis.hypotheses.report import markdown, problems, rows, to_html
from bandg.analysis.hypotheses.study import study
from bandg.base.errors import BandgError
from bandg.data.compare import QUANTITIES
from bandg.data.measured import MeasuredPoint, load_measured
from bandg.parameters.loader import available_sets, load_set
from bandg.runs.options import Run

BASE = Case(load_set("nestoklon2023-standin"), 1, cells=(4, 5, 7))
POINTS = load_measured("meliakov2025")
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


@dataclass(frozen=True)
class Lower:
    """Takes the energy of all nanocrystals down and lifts g_h, so that the curve ends where a point is."""

    value: float

    def __call__(self, sizes: Sizes) -> Sizes:
        return replace(sizes, energy=sizes.energy - self.value / sizes.size_nm, g_h=sizes.g_h + 0.5 * self.value)


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
        mechanism("more", 0.5, lift()),
        mechanism("never", 0.2, lift()),
        mechanism("ruins", 2.0, lift(-1.0)),
        mechanism("guess", 2.0, lift(), source=""),
        mechanism("bounded", 0.5, lift(), limits=(0.0, 0.6)),
        mechanism("breaks", 2.0, _breaks),
        Mechanism("typo", "One. Two.", Values(("onsite.Pb.q",), "add"), -0.3, 0.3, None, source="somebody"),
        mechanism("ends", 6.0, lambda case, value: replace(case, after=(*case.after, Lower(value)))),
        mechanism("ends-early", 6.0, lambda case, value: replace(case, after=(*case.after, Lower(value), Lift(0, -9)))),
    ]
    return study(BASE, mechanisms, POINTS, evaluator)


def _breaks(case, value):
    if value > 0.1:
        raise BandgError("no such crystal")
    return case


def by_name(found):
    return {finding.mechanism.name: finding for finding in found.findings}


def test_the_needed_value_meets_the_measurement_on_the_curve_itself(found):
    finding = by_name(found)["enough"]
    missing = 1.69 - float(found.base_trial.curve.at("g_h", 2.25))
    assert missing > 0.5 and finding.needed == pytest.approx(missing, abs=2e-4)
    assert float(finding.at_needed.curve.at("g_h", 2.25)) == pytest.approx(1.69, abs=2e-4)
    assert finding.needed_also == pytest.approx(0.91 - float(found.base_trial.curve.at("g_h", 1.911)), abs=2e-4)
    assert finding.defensible is True and finding.verdict == "meets g_h in its range, keeps g_e"


def test_beyond_the_range_is_not_defensible_and_beyond_three_times_is_null(found):
    findings = by_name(found)
    assert findings["more"].needed == pytest.approx(findings["enough"].needed, abs=2e-4)
    assert findings["more"].defensible is False
    assert findings["never"].needed is None and findings["never"].defensible is False
    assert findings["bounded"].needed is None  # three times the range would reach it, the limits do not
    assert findings["guess"].defensible is None and "assumed" in findings["guess"].verdict


def test_a_mechanism_that_mends_g_h_and_ruins_g_e_is_called_so(found):
    ruins = by_name(found)["ruins"]
    assert ruins.defensible is True and ruins.verdict == "meets g_h in its range, ruins g_e"
    assert [f.explained for f in found.findings] == sorted((f.explained for f in found.findings), reverse=True)


def test_a_value_before_the_curve_ends_is_found(found):
    finding = by_name(found)["ends"]
    assert math.isnan(finding.trials[1].curve.at("g_h", 2.25))  # the curve of the middle of the range ends below
    assert finding.defensible and finding.verdict.startswith("meets g_h in its range")
    assert float(finding.at_needed.curve.at("g_h", 2.25)) == pytest.approx(1.69, abs=2e-4)
    early = by_name(found)["ends-early"]
    assert early.needed is None and early.verdict == "does not reach g_h before its curve ends"


def test_the_best_value_is_the_least_squares_solution(found):
    finding, base = by_name(found)["enough"], found.base_trial
    residuals = [r.residual for r in base.comparison.residuals if r.quantity == "g_h"]
    assert finding.best.value == pytest.approx(-sum(residuals) / len(residuals), abs=0.011)  # grid of 2.0 / 200
    assert finding.best.rms("g_e") == base.rms("g_e")
    assert finding.explained == pytest.approx(1 - finding.best.rms(*QUANTITIES) / base.rms(*QUANTITIES))


def test_g_bx_counts_where_it_is_measured(evaluator):
    own = MeasuredPoint(1.911, "g_bx", 2.5)
    ruins = mechanism("ruins", 2.0, lift(-1.0))
    (finding,) = study(BASE, [ruins], [*POINTS, own], evaluator).findings
    assert finding.verdict == "meets g_h in its range, ruins g_e, keeps g_BX"


def test_what_cannot_be_is_no_curve_and_no_end(found):
    breaks = by_name(found)["breaks"]
    assert breaks.needed is None and breaks.explained == 0 and breaks.best.value == 0  # the baseline
    assert [trial.error for trial in breaks.trials] == ["", "no such crystal", "no such crystal"]
    assert math.isnan(breaks.trials[2].rms("g_e"))


def test_a_mechanism_without_a_curve_has_no_best_and_says_why(found):
    typo = by_name(found)["typo"]
    assert typo.best is None and typo.explained == 0 and typo.verdict == "no curve at 2.25 eV"
    [row] = [row for row in rows(found) if row["name"] == "typo"]
    assert row["best"] is row["rms"] is row["delta_g_h"] is row["at_best"] is None
    assert [line for line in problems(rows(found)) if line.startswith("typo at -0.3: no curve: ")]


def test_rows_are_plain_and_complete(found, tmp_path):
    table = json.loads(json.dumps(rows(found), allow_nan=False))
    for row in table:
        assert {"name", "range", "needed", "defensible", "rms_g_e", "rms_g_h", "rms_g_bx", "delta_g_h"} <= set(row)
    page = to_html(table, None, found.points)
    assert "http" not in page.replace("http-equiv", "") and page.count("<h2>") == len(table) + 2
    assert len(markdown(table).splitlines()) == len(table) + 2


def test_two_together_find_the_best_pair(evaluator):
    electron = Mechanism("electron", "One. Two.", lift(1.0, 0.0), -1.0, 1.0, 0.0, source="somebody")
    hole = mechanism("hole", 2.0, lift())
    both = combine(BASE, electron, hole, POINTS, evaluator)
    finding = study(BASE, [electron, hole, both], POINTS, evaluator).findings[0]
    assert finding.mechanism.name == "electron + hole" and finding.best.value == pytest.approx(1.0, abs=0.03)
    residuals = finding.best.comparison.residuals
    e, h = (sum(r.residual for r in residuals if r.quantity == q) for q in ("g_e", "g_h"))
    # at the minimum the derivative by each of the two vanishes, to a grid of 2.0 / 80
    assert e == pytest.approx(0, abs=0.08) and h == pytest.approx(0, abs=0.08)


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
    with pytest.raises(BandgError, match="did you mean 'exciton-binding'"):
        choose(default_mechanisms(BASE), ["exciton-bindin"])


def test_every_default_mechanism_says_who_says_so():
    known = Path(__file__).parents[3].joinpath("docs", "references.bib").read_text()
    for one in default_mechanisms(BASE):
        assert len([part for part in one.text.split(". ") if part]) == 2
        assert one.status != "sourced" or any(
            f"{{{key}," in known or key in available_sets() for key in _keys(one.source)
        )
        assert one.baseline is None or one.limits[0] <= one.baseline <= one.limits[1]


def _keys(source):
    return [word.strip(":,;") for word in source.replace(";", " ").split()]
