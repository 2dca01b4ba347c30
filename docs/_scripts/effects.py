"""What each parameter does to g: the table and the picture of the sensitivity page.

python docs/_scripts/effects.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from validation import table

from bandg.analysis.sensitivity import effects as sensitivity
from bandg.plot.output import save
from bandg.plot.tornado import plot_tornado
from bandg.runs.options import Run
from bandg.runs.request import request

SIZES = "5cells,9cells,16cells"
ROWS = 10
SET = "nestoklon2023-standin"


def write(folder: Path) -> None:
    """Write tornado.png and tornado.md into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = sensitivity.effects(request(SIZES, set=SET), run=Run(workers=1, cache=False))
    save(plot_tornado(found), folder / "tornado.png")
    sizes = [f"{derivative.value('E_gap_eV'):.3f} eV" for derivative in found.found]
    head = ["parameter", "step", *(f"{name} at {size}" for size in sizes for name in ("g_e", "g_h", "g_BX"))]
    by_size = [{row["path"]: row for row in found.rows(number)} for number in range(len(sizes))]
    strongest = sorted(by_size[0], key=lambda path: -max(sensitivity.strength(rows[path]) for rows in by_size))
    lines = []
    for path in strongest[:ROWS]:
        row = by_size[0][path]
        effects = [rows[path][f"effect_{name}"] for rows in by_size for name in sensitivity.G_QUANTITIES]
        step = f"{row['step']:.3g} {row['unit']}"
        lines.append([f"`{path}`", step, *(f"{effect:+.3f}" for effect in effects)])
    (folder / "tornado.md").write_text(table(head, lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
