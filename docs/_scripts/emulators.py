"""Makes the stored emulators in theory_curves/computed/emulators.

python docs/_scripts/emulators.py [SET:SHAPE ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from bandg.analysis.emulators.build import Plan, build
from bandg.analysis.emulators.stored import file_name
from bandg.base.files import write_whole
from bandg.parameters.loader import load_set
from bandg.runs.options import Run
from bandg.runs.progress import Lines

FOLDER = Path(__file__).resolve().parents[2] / "theory_curves" / "computed" / "emulators"
STORED = {
    "bandg-cspbi3-nnn:cube": Plan(tilted_points=20, tilted_left_out=5),
    "bandg-cspbi3-nnn:sphere": Plan(
        cells=(5, 6, 7, 8, 10),
        large_cells=(14,),
        beyond=(18, 25, 32, 40),
        check_cells=(18, 25),
        between_cells=(5.75, 6.5, 7.5, 9, 11),
        degree=3,
        points_per_term=2.5,
    ),
    "bandg-nnn:cube": Plan(),
    "nestoklon2023-standin:cube": Plan(checks=2, check_cells=()),
}
"""What is computed of each set and shape."""

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or STORED:
        name, _, shape = wanted.partition(":")
        made = build(load_set(name), shape, STORED[wanted], Run(workers=2, progress=Lines()))
        print(write_whole(FOLDER / file_name(name, made.shape), made.to_json()), flush=True)
