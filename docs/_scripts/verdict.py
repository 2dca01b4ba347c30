"""The page on the verdict from its stored result, theory_curves/computed/verdict.json.

python docs/_scripts/verdict.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bandg.analysis.verdict.report import to_markdown
from bandg.base import resources
from bandg.plot.output import save
from bandg.plot.verdict import plot_verdict


def stored() -> dict[str, Any]:
    """The stored result."""
    found: dict[str, Any] = json.loads(resources.theory_curve("computed/verdict.json").read_text(encoding="utf-8"))
    return found


def write(folder: Path) -> None:
    """Write verdict.md and verdict.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    table = stored()
    text = to_markdown(table).removeprefix("# Verdict\n")
    (folder / "verdict.md").write_text(text, encoding="utf-8")
    save(plot_verdict(table), folder / "verdict.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
