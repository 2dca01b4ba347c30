"""A second reader of tables of measured points, for files whose separator, decimal sign and headings are known.

It shares nothing with `bandg.data`: pandas takes the file apart, headings are looked up letter by letter, and `float`
reads the numbers.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import pandas

HEADINGS = {
    **dict.fromkeys(("Sample", "Probe", "Образец", "sample"), "sample"),
    **dict.fromkeys(("Energy (eV)", "E [eV]", "energy_eV", "Energie (eV)", "Энергия, эВ"), "eV"),
    **dict.fromkeys(("E (meV)", "Energie/meV", "Энергия, мэВ"), "meV"),
    **dict.fromkeys(("λ (nm)", "wavelength, nm", "Wellenlänge (nm)"), "nm"),
    **dict.fromkeys(("g_e", "ge", "electron g-factor", "g-Faktor Elektron", "g-фактор электрона"), "g_e"),
    **dict.fromkeys(("g_h", "gh", "hole g-factor", "g-Faktor Loch", "g-фактор дырки"), "g_h"),
    **dict.fromkeys(("|g_e|", "abs g_e"), "abs_g_e"),
    **dict.fromkeys(("err", "±", "Fehler", "погрешность", "yEr±"), "error of the left"),
}
NOTHING = ("", "--", "-", "NaN", "nan", "n/a", "k.A.")
UNITS = {"eV": lambda energy: energy, "meV": lambda energy: energy / 1000, "nm": lambda length: 1239.841984 / length}

Point = tuple[str, float, str, float, float | None]
"""Sample, energy in eV, quantity, value, error."""


class Doubt(Exception):
    """The file is no longer one that this reader can judge."""


@dataclass(frozen=True)
class How:
    """How a file was written: "xlsx" for its encoding where it is a workbook."""

    encoding: str
    separator: str
    comma: bool


def cells(content: bytes, how: How) -> list[list[str]]:
    """The cells of the file. Raises Doubt."""
    try:
        if how.encoding == "xlsx":
            table = pandas.read_excel(io.BytesIO(content), header=None, dtype=str, keep_default_na=False)
        else:
            kinds = {"header": None, "dtype": str, "keep_default_na": False, "names": range(12), "index_col": False}
            text = content.decode(how.encoding)
            table = pandas.read_csv(io.StringIO(text), sep=how.separator, skipinitialspace=True, engine="c", **kinds)
    except (ValueError, KeyError, OSError) as error:
        raise Doubt(str(error)) from error
    rows = [["" if one is None or one != one else str(one).strip() for one in row] for row in table.to_numpy()]
    return [row for row in rows if any(row)]


def number(text: str, comma: bool) -> float:
    """A number. Raises Doubt."""
    plain = text.replace("−", "-").replace("–", "-")
    plain = re.sub(r"(?<=[0-9])[ \u00a0\u202f\u2009](?=[0-9]{3}(?![0-9]))", "", plain)
    if comma and re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+", plain):
        plain = plain.replace(".", "")
    plain = plain.replace(",", ".") if comma and "." not in plain else plain
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", plain):
        raise Doubt(f"{text!r} is no number")
    return float(plain)


def with_error(text: str, comma: bool) -> tuple[float | None, float | None]:
    """A number and its error from one cell. Raises Doubt."""
    if text in NOTHING:
        return None, None
    if bracket := re.fullmatch(r"(.*?)\(([0-9]+)\)", text):
        digits = len(re.split("[.,]", bracket[1])[1]) if re.search("[.,]", bracket[1]) else 0
        return number(bracket[1], comma), int(bracket[2]) / 10**digits
    parts = re.split(r"\s*(?:±|\+-|\+/-)\s*", text)
    if len(parts) > 2:
        raise Doubt(f"{text!r} has several errors")
    return number(parts[0], comma), number(parts[1], comma) if len(parts) == 2 else None


def numbers(content: bytes, how: How) -> set[float]:
    """Magnitudes of all numbers in the cells, the last one of a cell being perhaps its error."""
    found = set()
    for text in (text for row in cells(content, how) for text in row):
        for part in re.split(r"[^0-9.,eE]+", text):
            try:
                found.add(abs(number(part, how.comma)))
            except Doubt:
                continue
    return found


def read(content: bytes, how: How) -> list[Point]:
    """The points of the file. Raises Doubt."""
    rows = cells(content, how)
    head = next((n for n, row in enumerate(rows) if any(HEADINGS.get(one) in UNITS for one in row)), None)
    if head is None:
        raise Doubt("no heading of the energy")
    names = [HEADINGS.get(one, "") for one in rows[head]]
    energies = [n for n, name in enumerate(names) if name in UNITS]
    if len(energies) != 1 or any(one and not name for one, name in zip(rows[head], names, strict=True)):
        raise Doubt("headings are damaged")
    body = rows[head + 1 :]
    while body and not re.search("[0-9]", "".join(body[0])):
        del body[0]  # units and comments of Origin
    if any(row[n] for row in body for n, name in enumerate(names) if not name):
        raise Doubt("a cell without a heading")
    return [point for row in body for point in of_row(row, names, energies[0], how.comma)]


def of_row(row: list[str], names: list[str], at: int, comma: bool) -> list[Point]:
    """The points of one row. Raises Doubt."""
    energy = round(UNITS[names[at]](number(row[at], comma)), 6)
    sample = row[names.index("sample")] if "sample" in names else ""
    found: list[Point] = []
    for n, name in enumerate(names):
        if name not in ("g_e", "g_h", "abs_g_e"):
            continue
        value, error = with_error(row[n], comma)
        if n + 1 < len(names) and names[n + 1] == "error of the left" and row[n + 1] not in NOTHING:
            if error is not None:
                raise Doubt("two errors")
            error = number(row[n + 1], comma)
        if value is None and error is not None:
            raise Doubt("an error alone")
        if value is not None:
            found.append((sample, energy, name, value, error))
    return found
