"""Pictures of the README and of the gallery, from stored results.

python docs/_scripts/readme_pictures.py            curve.png and verdict.png in docs/_static
python docs/_scripts/readme_pictures.py explorer   explore.png too, where a browser of the Chromium family is installed
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import verdict
from matplotlib.axes import Axes
from PIL import Image

from bandg.analysis.overlay import overlay
from bandg.parameters.names import DEFAULT_SET
from bandg.plot.output import save
from bandg.plot.overlay import plot_overlay
from bandg.plot.verdict import plot_verdict

FOLDER = Path(__file__).resolve().parents[1] / "_static"
WIDTH = 1200
"""Width of a picture in pixels."""


def write(name: str, axes: Sequence[Axes]) -> None:
    """Write a picture with few colors, so that a clone stays small."""
    path = FOLDER / name
    reduce(save(axes, path))


def reduce(path: Path) -> None:
    """Scale a PNG to the width and to 256 colors."""
    picture = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
    size = (WIDTH, round(picture.height * WIDTH / picture.width))
    picture.resize(size, Image.Resampling.LANCZOS).quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def _shown(row: Mapping[str, Any]) -> bool:
    """One row of the verdict for each set: halide planes, the potential of slabs, one screening, no image potential."""
    chosen = (row["termination"], row["surface"], row["image"], bool(row["minimum"]))
    return chosen == ("halide", "slabs", False, False) and "4.4/15/4" in str(row["scale"])


def main() -> None:
    """Make all pictures."""
    found = overlay([f"etb:halide:{DEFAULT_SET}"], "meliakov2025")
    curves = [replace(curve, name=f"{DEFAULT_SET}, cubes") for curve in found.curves]
    write("curve.png", plot_overlay(curves, found.points))
    table = verdict.stored()
    write("verdict.png", plot_verdict(table | {"rows": [row for row in table["rows"] if _shown(row)]}))
    if "explorer" in sys.argv[1:]:
        import explorer_picture

        reduce(explorer_picture.write(FOLDER / "explore.png"))


if __name__ == "__main__":
    main()
