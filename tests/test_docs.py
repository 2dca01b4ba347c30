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
