"""The colors, markers and symbols of all pictures."""

from __future__ import annotations

BLUE, VERMILLION, GREEN, PINK, SKY, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
"""The colors of Okabe and Ito, which every common color vision deficiency can tell apart."""

VIOLET, BROWN = "#7B3294", "#8C510A"
BLACK, INK, GRAY, FAINT, GRID = "#000000", "#333333", "#777777", "#999999", "#CCCCCC"

LINES = (BLUE, VERMILLION, GREEN, PINK, SKY, ORANGE, VIOLET, BROWN, "#999933", "#882255", "#332288", "#666666")
"""Colors of curves, in order; the last four are of Tol's muted scheme and gray."""

POINTS = (BLACK, GRAY, PINK, GREEN, ORANGE, SKY)
"""Colors of measured samples, in order; those that a curve of the same picture has come last."""

QUANTITIES = {"g_e": BLUE, "g_h": VERMILLION, "g_bx": INK}
"""Colors where a picture tells the quantities apart by color."""

TERMINATIONS = {
    "halide": (BLUE, SKY, GREEN),
    "lead": (VERMILLION, ORANGE, PINK),
    "hard-wall": (BROWN, "#BF812D", "#DFC27D"),
    "glass": (VIOLET, "#A66FBD", "#C2A5CF"),
}
"""Cool colors end in halide, warm ones in lead; k.p is brown behind hard walls and violet in glass."""

ELEMENTS = {"Pb": BLUE, "I": VERMILLION, "Br": ORANGE, "Cl": GREEN}

MARKERS = (("o", "s"), ("^", "D"), ("p", "v"), ("<", ">"), ("h", "X"))
"""Pairs of markers: electrons and g_BX, holes."""

DASHES = {"g_e": "-", "g_h": (0, (4, 1.6)), "g_bx": "-"}
"""Lines: electrons and g_BX solid, holes dashed."""

RANGES = ("-", "--", ":", "-.")
"""Lines of measured ranges, in the order of the pairs of markers."""

SYMBOLS = {"g_e": r"g_{\mathrm{e}}", "g_h": r"g_{\mathrm{h}}", "g_bx": r"g_{\mathrm{BX}}", "g": "g"}
NAMES = {quantity: f"${symbol}$" for quantity, symbol in SYMBOLS.items()}
"""What a label calls a quantity."""


def marker(quantity: str, number: int) -> str:
    """Marker of a quantity in the pair of this number, which repeat after the last; "g" is of an undecided carrier."""
    return "8" if quantity == "g" else MARKERS[number % len(MARKERS)][quantity == "g_h"]
