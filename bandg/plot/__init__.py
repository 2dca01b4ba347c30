"""Pictures in print quality: functions take and return axes; matplotlib is imported when the first one is drawn."""

from bandg.plot.bands import band_path, plot_bands
from bandg.plot.levels import levels_caption, plot_levels
from bandg.plot.output import FORMATS, check_picture_path, save
from bandg.plot.style import STYLES, Look, style

__all__ = [
    "FORMATS",
    "STYLES",
    "Look",
    "band_path",
    "check_picture_path",
    "levels_caption",
    "plot_bands",
    "plot_levels",
    "save",
    "style",
]
