"""The error of a curve as shaded bands of 68 and 95 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandg.plot.palette import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

WIDEST = 1.96
"""Half width of the 95 % band in standard errors."""

_OPACITY = {WIDEST: 0.14, 1.0: 0.22}


def shade(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], stderr: NDArray[np.float64], color: str) -> None:
    """Shade 68 and 95 % about a line; all arrays are (n,)."""
    for width, alpha in _OPACITY.items():
        low, high = y - width * stderr, y + width * stderr
        axes.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0, zorder=2)


def band_handles() -> list[Patch]:
    """What a legend shows for the bands, which lie on each other."""
    from matplotlib.patches import Patch

    wide, narrow = _OPACITY.values()
    both = 1 - (1 - wide) * (1 - narrow)
    return [
        Patch(color=INK, alpha=both, linewidth=0, label="68 %, error by the fit of the set"),
        Patch(color=INK, alpha=wide, linewidth=0, label="95 %"),
    ]
