"""What the headings of a table of measured points say: the quantity, and its unit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_UNIT = r"(meV|eV|мэВ|эВ|nm|нм|Å|mT|мТл|Тл|T|K|К|ps|пс|(?:cm|см)\^?[-−⁻][1¹]|1/(?:cm|см))"
UNIT = re.compile(rf"(?:[(\[/,]|[\s_]|in )\s*{_UNIT}\s*[)\]]?\s*$")
UNITS = {"мэВ": "meV", "эВ": "eV", "нм": "nm", "мТл": "mT", "Тл": "T", "К": "K", "пс": "ps"}
UNITS |= {f"{cm}{power}": "cm-1" for cm in ("cm", "см") for power in ("-1", "^-1", "−1", "^−1", "⁻¹", "⁻1")}
UNITS |= {"1/cm": "cm-1", "1/см": "cm-1"}
BARE_UNIT = re.compile(rf"[(\[]?\s*{_UNIT}\s*[)\]]?")
FAMILY = {
    "energy": {"eV": "1", "meV": "0.001", "cm-1": "0.0001239841984"},
    "wavelength": {"nm": "1", "Å": "0.1"},
    "size_nm": {"nm": "1", "Å": "0.1"},
    "temperature_K": {"K": "1"},
    "field_T": {"T": "1", "mT": "0.001"},
}
"""Columns that have a unit: factor of each to the unit of bandg."""

NAMES: dict[str, tuple[str, ...]] = {
    "energy": (
        *("e", "energy", "photonenergy", "excitonenergy", "transitionenergy", "laserenergy", "plenergy", "ephoton"),
        *("eph", "ex", "hv", "hω", "ħω", "peakenergy", "emissionenergy", "energie", "photonenergie", "laserenergie"),
        *("plenergie", "emissionsenergie", "übergangsenergie", "exzitonenergie"),
        *("wavenumber", "wavenumbers", "wellenzahl", "волновоечисло"),
        *("энергия", "энергияфотона", "энергияперехода", "энергияэкситона"),
    ),
    "wavelength": (
        "λ",
        "lambda",
        "wavelength",
        "wl",
        "plwavelength",
        "emissionwavelength",
        "wellenlänge",
        "wellenlange",
        "длинаволны",
    ),
    "size_nm": ("size", "d", "l", "diameter", "edge", "edgelength", "größe", "durchmesser", "kantenlänge", "размер"),
    "temperature_K": ("t", "temp", "temperature", "temperatur", "температура"),
    "field_T": ("b", "field", "magneticfield", "feld", "magnetfeld", "поле", "магнитноеполе"),
    "sample": (
        *("sample", "samplename", "sampleid", "probe", "probenname", "образец", "#", "№", "no", "nr", "id", "label"),
    ),
    "series": ("series", "serie", "серия"),
    "material": ("material", "composition", "материал"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks", "bemerkung", "kommentar", "примечание"),
    "source": ("source", "reference", "ref", "quelle", "источник"),
    "quantity": ("quantity", "größe/quantity"),
    "value": ("value", "wert", "значение"),
}
PEAK = ("pl", "plpeak", "plmax", "plmaximum", "plposition", "peak", "peakposition", "emission", "emissionpeak")
"""Names of an energy or of a wavelength: the unit, which must be there, says of which."""

G = {
    "g_e": (
        *("ge", "gelectron", "electrong", "electrongfactor", "gfactorelectron", "gfactorofelectron", "gel", "ge-"),
        *("gelektron", "elektrong", "elektrongfaktor", "elektronengfaktor", "gfaktorelektron", "gfaktorelektronen"),
        *(
            "gfaktordeselektrons",
            "gфакторэлектрона",
            "gфакторэлектронов",
            "gэлектрона",
            "gэлектронов",
            "gэ",
            "gfactore",
            "gfaktore",
        ),
    ),
    "g_h": (
        *("gh", "ghole", "holeg", "holegfactor", "gfactorhole", "gfactorofhole"),
        *("gloch", "lochg", "lochgfaktor", "löchergfaktor", "gfaktorloch", "gfaktorlöcher", "gfaktordeslochs"),
        *("gфактордырки", "gфактордырок", "gдырки", "gдырок", "gд", "gfactorh", "gfaktorh"),
    ),
    "g_bx": ("gbx", "gbrightexciton", "ge+gh"),
    "abs_g": ("absg",),
}
AS_THEY_ARE = (
    *("kind", "convention", "evidence", "derived_from", "use", "energy_is", "origin"),
    *(f"{name}{error}" for name in ("dg_e", "dg_h", "dg", "T2_e_ps", "T2_h_ps", "T2_ps") for error in ("", "_error")),
)
"""Columns of bandg's own that have no other spelling."""

WORDS = ("sample", "series", "material", "note", "source", "quantity", *AS_THEY_ARE[:7])
"""Columns of text."""

ERROR = re.compile(
    r"(?:^|[\s_(])(?:yer±|y ?error|error|err|sigma|std|stderr|s\.?d\.?|uncertainty|fehler|ошибка|погрешность)\.?"
    r"(?=$|[\s_)(])"
    r"|[±σ]|\+/?-|^δ(?=g)",
    re.IGNORECASE,
)
OF = re.compile(r"^\s*(?:of|in|von)\s")
"""What is left of `error of g_e` before the name."""

SIGNS = re.compile(r"[\s_{}^$\\*.|()\[\]\-]")
"""Signs that do not count where names are compared."""

MEANS = (
    *("mean", "average", "avg", "median", "std", "stdev", "sum", "total", "mittelwert", "mittel", "durchschnitt"),
    *("summe", "среднее", "итого"),
)
"""Names of rows that sum up others, which are no sample."""

SPREAD = re.compile(r"^(?:Δ|δ|delta|d)[\s_]*\|?g")


@dataclass(frozen=True)
class Column:
    """What a column of the file holds: the name in bandg's table, its heading, and the factor to bandg's unit."""

    name: str
    heading: str
    unit: str = ""


def _folded(text: str) -> str:
    """A heading in lower case without signs, for a comparison of names."""
    return SIGNS.sub("", unicodedata.normalize("NFKC", text).lower())


def named(heading: str) -> Column | None:
    """What a heading says; None where it is not known."""
    heading = heading.strip().strip("'\"")
    if heading in AS_THEY_ARE:
        return Column(heading, heading)
    match = UNIT.search(heading)
    unit = UNITS.get(match[1], match[1]) if match else ""
    name = heading[: match.start()] if match else heading
    if not name.strip():
        return None
    bare = ERROR.sub(" ", name)
    is_error = bare != name
    if is_error:
        bare = OF.sub("", bare)
    magnitude = "|" in bare or re.match(r"\s*abs", bare, re.IGNORECASE) is not None
    folded = re.sub(r"^abs(?=g.)", "", _folded(bare))
    for g, spellings in G.items():
        if folded in spellings:
            quantity = f"abs_{g}" if magnitude and g in ("g_e", "g_h") else g
            return Column(f"{quantity}_error" if is_error else quantity, heading, unit)
    if folded in ("g", "gfactor", "gfaktor", "gфактор"):
        return Column("abs_g_error" if is_error else "abs_g", heading) if magnitude else None
    if is_error:
        return Column("error", heading) if folded in ("", "y", "g") else None
    if folded in PEAK:
        return Column("wavelength" if unit in FAMILY["wavelength"] else "energy", heading, unit) if unit else None
    return next((Column(known, heading, unit) for known, names in NAMES.items() if folded in names), None)
