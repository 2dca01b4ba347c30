"""The pages that make statements in code: they are run."""

import doctest
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_every_convention_holds():
    text = (DOCS / "conventions.md").read_text(encoding="utf-8")
    without_fences = "\n".join("" if line.startswith("```") else line for line in text.splitlines())
    found = doctest.DocTestParser().get_doctest(without_fences, {}, "conventions", "conventions.md", 0)
    runner = doctest.DocTestRunner()
    result = runner.run(found)
    assert result.attempted > 20
    assert result.failed == 0


def test_example_of_a_fit_runs():
    from bandg.fit.job import parse_job
    from bandg.fit.residuals import problem_of
    from bandg.fit.solve import solve

    text = (DOCS / "fitting.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    found = solve(problem_of(parse_job(example, "fitting.md")), starts=1, cache=False)
    assert found.best.converged and found.errors.chi2 < found.errors.dof


def test_the_table_of_the_readme_is_the_stored_result(monkeypatch):
    """Else: python docs/_scripts/hole.py --readme README.md."""
    root = Path(__file__).parents[1]
    monkeypatch.syspath_prepend(str(root / "docs" / "_scripts"))
    import hole

    assert hole.readme_block() in (root / "README.md").read_text(encoding="utf-8")
    rows = hole.stored()
    assert {"name", "range", "needed", "defensible", "rms_g_e", "rms_g_h", "rms_g_bx", "delta_g_h"} <= set(rows[0])
