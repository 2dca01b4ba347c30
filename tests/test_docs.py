"""The pages that make statements in code: they are run."""

import ast
import doctest
import json
import re
import runpy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bandg.analysis.hypotheses import Case
from bandg.analysis.hypotheses.registry import default_mechanisms
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table
from bandg.crystal import lattice
from bandg.models import base
from bandg.models.etb.local import resolve_neighbors
from bandg.parameters.loader import load_set
from bandg.runs import observables
from bandg.runs.options import Run
from bandg.solvers import registry

BASELINES = (
    ("hypotheses", "nestoklon2023-standin", "lead"),
    ("hypotheses-slow", "nestoklon2023-standin", "lead"),
    ("hypotheses-nnn", "bandg-nnn", "halide"),
)
DOCS = Path(__file__).parents[1] / "docs"


def test_scripts_import_what_there_is():
    paths = [*(DOCS / "_scripts").glob("*.py"), *(DOCS.parent / "benchmarks").glob("*.py")]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    names = {(node.module, one.name) for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names}
    own = {(module, name) for module, name in names if module.partition(".")[0] == "bandg"}
    assert len(own) > 100
    missing = {(module, name) for module, name in own if not hasattr(import_module(module), name)}
    packages = {pair for pair in missing if hasattr(import_module(pair[0]), "__path__")}
    assert not {pair for pair in missing if pair not in packages or find_spec(".".join(pair)) is None}


def test_every_convention_holds():
    text = (DOCS / "conventions.md").read_text(encoding="utf-8")
    without_fences = "\n".join("" if line.startswith("```") else line for line in text.splitlines())
    found = doctest.DocTestParser().get_doctest(without_fences, {}, "conventions", "conventions.md", 0)
    runner = doctest.DocTestRunner()
    result = runner.run(found)
    assert result.attempted > 20
    assert result.failed == 0


@pytest.fixture
def nothing_registered(monkeypatch):
    """What the page adds to bandg is gone afterwards."""
    for module, name in ((lattice, "_known"), (base, "_registered"), (observables, "_known"), (registry, "_ADDED")):
        monkeypatch.setattr(module, name, dict(getattr(module, name)))


def test_every_block_of_the_page_on_extending_runs(nothing_registered, tmp_path, monkeypatch):
    """They have assertions of their own, and build on each other as the page does."""
    text = (DOCS / "extending.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("two-s.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    blocks = [block.split("```")[0] for block in text.split("```python\n")[1:]]
    page = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, "extending.md", "exec"), page)
    assert len(blocks) == 8
    assert page["levels"].attrs["provenance"].count('"solver": "eigh"') == 1
    assert page["MECHANISMS"][0].status == "sourced" and page["point"].error == 0.05


def test_example_of_a_fit_runs():
    from bandg.analysis.fit.job import parse_job
    from bandg.analysis.fit.residuals import problem_of
    from bandg.analysis.fit.solve import solve

    text = (DOCS / "fitting.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    found = solve(problem_of(parse_job(example, "fitting.md")), starts=1, run=Run(cache=False))
    assert found.best.converged and found.errors.chi2 < found.errors.dof


def test_the_table_of_the_readme_is_the_stored_result(monkeypatch):
    """Else: python docs/_scripts/waterfall.py --readme README.md."""
    root = Path(__file__).parents[1]
    monkeypatch.syspath_prepend(str(root / "docs" / "_scripts"))
    import waterfall

    assert waterfall.readme_block() in (root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["waterfall", "decide", "lines"])
def test_stored_numbers_are_of_the_sets_that_there_are(name, monkeypatch):
    """Else: python docs/_scripts/stored.py NAME."""
    monkeypatch.syspath_prepend(str(DOCS / "_scripts"))
    label = f"computed/{name}.csv"
    text = theory_curve(label).read_text(encoding="utf-8")
    stated = dict(re.findall(r"^# (\S+), sha256 (\w+)$", text, re.MULTILINE))
    sets = import_module("theory_lines" if name == "lines" else name).SETS
    assert stated == {of: load_set(of).digest() for of in sets}
    assert {row["set"] for row in read_table(text, label).cells if "set" in row} in ({*sets}, set())


def test_stored_paths_of_the_waterfall_end_where_they_must(monkeypatch):
    """Both orders have one start and one end, and no path has a gap."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "docs" / "_scripts"))
    import waterfall

    found = waterfall.stored()
    first, other = found["first order"], found["other order"]
    assert set(first.steps) == set(other.steps)
    assert first.values[[0, -1]] == pytest.approx(other.values[[0, -1]], abs=1e-4)
    assert all(np.isfinite(path.values).all() for path in found.values())


def test_spread_of_random_orientation_by_closed_forms(monkeypatch):
    """An isotropic g has none; with g along one axis alone it is uniform between 0 and its value."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "docs" / "_scripts"))
    import decide

    assert decide.spread(-2 * np.eye(3)) == pytest.approx(0, abs=1e-6)
    assert decide.spread(np.diag([0.0, 0.0, 3.0])) == pytest.approx(3 / np.sqrt(12))
    small = decide.spread(np.diag([1.0, 1.0, 1.01]))  # 0.01 x^2, whose deviation is 0.01 sqrt(1/5 - 1/9)
    assert small == pytest.approx(0.01 * np.sqrt(4 / 45), rel=0.01)


@pytest.mark.parametrize(("name", "set_name", "termination"), BASELINES)
def test_stored_findings_are_of_the_mechanisms_and_the_set_that_there_are(name, set_name, termination):
    """Else: python docs/_scripts/stored.py NAME; ranges and texts move with the code, stored findings do not."""
    parameters = load_set(set_name)
    base = Case(parameters, resolve_neighbors(parameters, None), termination=termination)
    known = {mechanism.name: mechanism for mechanism in default_mechanisms(base)}
    rows = json.loads(theory_curve(f"computed/{name}.json").read_text(encoding="utf-8"))
    singles = [row for row in rows if not row["pair"]]
    for row in singles:
        own = known[row["name"]]
        assert row["range"] == pytest.approx([own.lower, own.upper]) and row["provenance"]["cells"] == list(base.counts)
        assert (row["source"], row["status"], row["text"]) == (own.source, own.status, own.text)
        assert row["provenance"]["set_sha256"] == parameters.digest()
    slow = name == "hypotheses-slow"
    assert {row["name"] for row in singles} == {one.name for one in known.values() if one.slow == slow}


def test_the_table_of_large_nanocrystals_is_the_one_measured():
    run = runpy.run_path(str(DOCS.parent / "benchmarks" / "run.py"))
    figures = json.loads((DOCS.parent / "benchmarks" / "figures.json").read_text(encoding="utf-8"))
    assert run["markdown"](figures) in (DOCS / "structures.md").read_text(encoding="utf-8")
