"""Measured g-factors and their spreads: what ships with bandg and what a user brings in a file."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, create_model

from bandg.base import resources
from bandg.base.arguments import wrong
from bandg.base.errors import BandgError
from bandg.base.files import read_bytes
from bandg.base.rows import NotNegative, Number, Positive, Row
from bandg.base.tables import Table, read_table
from bandg.base.text import nearest, quote
from bandg.data.sheets import SUFFIXES, WANTED, read_sheet
from bandg.data.understood import repeated, understood

Quantity = Literal["g_e", "g_h", "g_bx", "abs_g_e", "abs_g_h", "abs_g"]
"""A g-factor, its magnitude, or the magnitude of a carrier that is not known to be electron or hole."""

QUANTITIES: tuple[str, ...] = get_args(Quantity)
Spread = Literal["dg_e", "dg_h", "T2_e_ps", "T2_h_ps", "dg", "T2_ps"]
"""Spread of g within one sample, and the dephasing time T2* in ps that it causes."""

SPREADS: tuple[str, ...] = get_args(Spread)
Kind = Literal["point", "energy-range", "value-range", "upper-bound", "lower-bound"]
"""What a row states: a point; one end of a range of energies with one value, or of values at one energy; a bound."""

Evidence = Literal["measured", "derived", "contains-theory"]
"""An independent measurement; a value that follows from other rows; a value that a theory has part in."""

Convention = Literal["", "lorentzian", "gaussian"]
"""Of a spread: half width at half maximum of a Lorentzian (rates add, exponential decay), or standard deviation."""

LARGEST_EV = 100.0
WARM_K = 100.0
"""Samples above this temperature in K are not compared with a theory of cold crystals."""

_LONG = ("energy_eV", "quantity", "value")
SCHEMA = ("error", "kind", "convention", "evidence", "derived_from", "use")
"""Columns that a file with the line "# schema = 1" must have besides."""

_ROW = re.compile(r"(\w+) at ([0-9]+(?:\.[0-9]+)?)")
"""How derived_from names a row, as "g_e at 1.69"."""

NEEDED = "the columns energy_eV, quantity, value (one point a row), or energy_eV with some of g_e, g_h, g_bx"


@dataclass(frozen=True)
class MeasuredPoint:
    """One measured g-factor or spread: ``quantity`` is one of QUANTITIES or SPREADS, T2* is in ps, g has no unit.

    ``energy_eV`` is the photon or transition energy (None where the source does not state it) or, as ``energy_is``
    says, the gap of the bulk crystal; ``size_nm`` the size, ``temperature_K`` the temperature, ``field_T`` the field,
    ``material`` the formula as CsPbI3. ``kind`` is one of Kind, ``evidence`` of Evidence; ``derived_from`` names the
    rows or the theory that the value comes from. ``use`` is "check" for a value that no model is judged by.
    ``convention`` of a spread is one of Convention. Points of one ``series`` (where it is empty: of one ``sample``) are
    drawn alike. ``origin`` says where the number comes from, as "stated in the text"; ``source`` is a key of
    docs/references.bib or the user's file, ``source_name`` what a legend calls it. ``foreign_to`` is the material of
    the theory that the point stands beside where its own is another (`bandg.data.choice.beside`).
    """

    energy_eV: float | None
    quantity: str
    value: float
    error: float | None = None
    sample: str = ""
    size_nm: float | None = None
    temperature_K: float | None = None
    source: str = ""
    note: str = ""
    kind: str = "point"
    series: str = ""
    material: str = ""
    energy_is: str = "transition"
    origin: str = ""
    evidence: str = "measured"
    derived_from: str = ""
    use: str = "judge"
    convention: str = ""
    field_T: float | None = None
    source_name: str = ""
    foreign_to: str = ""

    @property
    def why_not_judged_by(self) -> str:
        """The reason why the point is not compared with models; empty for one that is.

        A spread dg that follows from the times T2* stands for them, may be an upper bound, and needs no energy.
        """
        origin = self.derived_from.replace(";", " and")
        is_spread = self.quantity in SPREADS
        if self.foreign_to:
            return f"is of {self.material}, not {self.foreign_to}"
        if self.use == "check":
            return "kept for checks"
        if self.quantity in ("abs_g", "dg", "T2_ps"):
            return "electron or hole is not decided"
        if self.evidence == "contains-theory":
            return f"contains theory{origin and ': '}{origin}"
        if self.quantity.startswith("T2"):
            return "a time, for which dg stands"
        if self.evidence == "derived" and not (is_spread and "T2_" in origin):
            verb = "repeats" if self.quantity in origin and " and " not in origin else "follows from"
            return f"{verb} {origin or 'other points'}"
        if self.energy_eV is None and not is_spread:
            return "no energy is stated"
        if self.kind.endswith("bound") and not (is_spread and self.kind == "upper-bound"):
            return "is a bound"
        if self.energy_is == "gap":
            return "stands at the gap of the bulk crystal"
        if self.temperature_K is not None and self.temperature_K > WARM_K:
            return f"above {WARM_K:g} K"
        return ""


def in_eV(energy: float) -> float:
    """The energy, if it can be one in eV. Raises ValueError."""
    if energy > LARGEST_EV:
        raise ValueError("which looks like meV: give eV")
    return energy


Energy = Annotated[Positive, AfterValidator(in_eV)]

NO_ERROR = "an error is above zero: leave the cell empty where it is not known"


def _above_zero(error: float) -> float:
    if error <= 0:
        raise ValueError(NO_ERROR)
    return error


Error = Annotated[Number, AfterValidator(_above_zero)]
"""A standard error. Zero may mean that it is not known or that it is small, and is refused."""


class Stated(Row):
    """What every row may say; the names of the fields are those of the columns and of MeasuredPoint."""

    energy_eV: Energy | None = None
    kind: Kind = "point"
    sample: str = ""
    series: str = ""
    material: str = ""
    size_nm: Positive | None = None
    temperature_K: NotNegative | None = None
    energy_is: Literal["transition", "gap"] = "transition"
    origin: str = ""
    source: str = ""
    note: str = ""
    evidence: Evidence = "measured"
    derived_from: str = ""
    use: Literal["judge", "check"] = "judge"
    convention: Convention = ""
    field_T: NotNegative | None = None


class Long(Stated):
    """A row with one point."""

    quantity: Literal[Quantity, Spread]
    value: Number
    error: Error | None = None


_VALUES: dict[str, Any] = {quantity: (Number | None, None) for quantity in (*QUANTITIES, *SPREADS)}
_ERRORS: dict[str, Any] = {f"{quantity}_error": (Error | None, None) for quantity in _VALUES}
_PAIRS = tuple(zip(_VALUES, _ERRORS, strict=True))
_STATED = tuple(Stated.model_fields)
Wide = create_model("Wide", __base__=Stated, error=(Error | None, None), **_VALUES, **_ERRORS)


def available_measured() -> tuple[str, ...]:
    """Names of the shipped collections of measured points, sorted."""
    files = resources.theory_curve_files("measured")
    return tuple(sorted(name.removesuffix(".csv") for name in files if name.endswith(".csv")))


def load_measured(path_or_name: str | os.PathLike[str]) -> tuple[MeasuredPoint, ...]:
    """Measured g-factors of a shipped collection or of a file, in the order of the file.

    The file is CSV, text with tabs, semicolons or blanks, or an Excel workbook (.xlsx). Its headings are energy_eV,
    quantity, value and perhaps error, or energy_eV with some of g_e, g_h, g_bx, abs_g_e, abs_g_h, each perhaps with its
    error as g_e_error. Other spellings, units and number formats are understood as docs/measured.md says, and what may
    mean two things is an error. Further columns are the fields of `MeasuredPoint`. Lines with # are comments. Any other
    column with numbers is an error. Spreads in the file are left to `load_spreads`.

    Parameters
    ----------
    path_or_name : str or path
        Name of a shipped collection, or a file: ends as a table does (.csv, .tsv, .txt, .dat, .xlsx) or has a folder.

    Returns
    -------
    tuple of MeasuredPoint
        Energies in eV, sizes in nm, temperatures in K.

    Raises
    ------
    BandgError
        For any error in the file: one line with file and line number.

    Examples
    --------
    >>> from bandg.data.measured import load_measured
    >>> [point.value for point in load_measured("meliakov2025") if point.quantity == "g_h" and point.energy_eV]
    [-0.19, 1.69]
    """
    return load_points(path_or_name, QUANTITIES)


def load_spreads(path_or_name: str | os.PathLike[str]) -> tuple[MeasuredPoint, ...]:
    """Measured spreads of g and T2* of a shipped collection or of a file, in the order of the file.

    The quantities are dg_e and dg_h (no unit), T2_e_ps and T2_h_ps. Each has a convention: "lorentzian", the half width
    at half maximum of rates that add, or "gaussian", a standard deviation.

    Parameters
    ----------
    path_or_name : str or path
        As in `load_measured`.

    Returns
    -------
    tuple of MeasuredPoint
        Empty where the file has none.

    Raises
    ------
    BandgError
        For any error in the file: one line with file and line number.

    Examples
    --------
    >>> from bandg.data.measured import load_spreads
    >>> [(one.sample, one.quantity, one.value) for one in load_spreads("meliakov2025") if one.quantity == "dg_e"]
    [('#1', 'dg_e', 0.25), ('#4', 'dg_e', 0.22)]
    """
    return load_points(path_or_name, SPREADS)


def load_points(path_or_name: str | os.PathLike[str], quantities: tuple[str, ...]) -> tuple[MeasuredPoint, ...]:
    """The points of some quantities, as `load_measured` and `load_spreads` give them."""
    table, points, _ = _everything(path_or_name)
    chosen = tuple(point for point in points if point.quantity in quantities)
    if not chosen and (not points or quantities == QUANTITIES):
        table.fail(f"has no points{' but spreads' if points else ''}: it needs {NEEDED}")
    return chosen


def _everything(path_or_name: str | os.PathLike[str]) -> tuple[Table, tuple[MeasuredPoint, ...], tuple[str, ...]]:
    """The table of a collection or file, its points and spreads, and what was understood of it."""
    if not isinstance(path_or_name, str | os.PathLike):
        raise wrong("path_or_name", "the path of a file or the name of a shipped collection", path_or_name)
    name = os.fspath(path_or_name)
    label = name if name.isprintable() else ascii(name)
    is_path = not isinstance(path_or_name, str) or "/" in name or os.sep in name
    if not is_path and Path(name).suffix.lower() not in SUFFIXES:
        return (table := read_table(_shipped(name), label, NEEDED)), tuple(_points(table, "")), ()
    content = read_bytes(name, label, f"shipped collections are: {', '.join(available_measured())}", WANTED)
    return _of_content(content, name, label)


@lru_cache(maxsize=1)
def _of_content(content: bytes, name: str, label: str) -> tuple[Table, tuple[MeasuredPoint, ...], tuple[str, ...]]:
    """The table of a file, its points and what was understood; kept, as each command asks several times."""
    sheet = read_sheet(content, name, label)
    table, notes = understood(sheet) if sheet.text is None else (read_table(sheet.text, label, NEEDED), ())
    return table, tuple(_points(table, label)), (*notes, *repeated(table))


def describe(path_or_name: str | os.PathLike[str]) -> str:
    """What is read from a file or collection, in one line: points, samples, errors, and what was converted.

    Parameters
    ----------
    path_or_name : str or path
        As in `load_measured`.

    Returns
    -------
    str
        One line without a full stop.

    Raises
    ------
    BandgError
        As `load_measured`.

    Examples
    --------
    >>> from bandg.data.measured import describe
    >>> describe("meliakov2025").partition(":")[0]
    '12 points of 4 samples'
    """
    _, points, notes = _everything(path_or_name)
    g = [point for point in points if point.quantity in QUANTITIES]
    samples = {point.sample for point in g if point.sample}
    parts = []
    for quantity, count in Counter(point.quantity for point in points).items():
        errors = sum(point.error is not None for point in points if point.quantity == quantity)
        some = "with errors" if errors == count else f"({errors} with errors)" if errors else "without errors"
        parts.append(f"{count} {quantity} {some}")
    of_samples = f" of {len(samples)} sample{'s' if len(samples) != 1 else ''}" if samples else ""
    energies = [point.energy_eV for point in g if point.energy_eV is not None]
    ends = dict.fromkeys(f"{end(energies):.4g}" for end in (min, max)) if energies else ()
    at = f", {' to '.join(ends)} eV" if ends else ""
    understood_as = f" ({'; '.join(notes)})" if notes else ""
    return f"{len(g)} point{'s' if len(g) != 1 else ''}{of_samples}: {', '.join(parts)}{at}{understood_as}"


def _shipped(name: str) -> str:
    shipped = available_measured()
    if name not in shipped:
        listed = f"{nearest(name, shipped)}; there are: {', '.join(shipped)}"
        raise BandgError(f"no measured points named {quote(name)}{listed}")
    return resources.theory_curve(f"measured/{name}.csv").read_text(encoding="utf-8")


def _points(table: Table, source: str) -> Iterator[MeasuredPoint]:
    wide = [column for column in table.columns if column in _VALUES]
    is_long = "quantity" in table.columns or "value" in table.columns
    model = Wide if wide and not is_long else Long
    known = tuple(model.model_fields)
    table.check_columns((*known, *_LONG))
    needed = _LONG if is_long or not wide else _LONG[:1]
    if missing := [column for column in needed if column not in table.columns]:
        table.fail(f"has no column {', '.join(missing)}: it needs {NEEDED}")
    if is_long and wide:
        table.fail(f"has both a column quantity and a column {wide[0]}: it needs {NEEDED}")
    if model is Wide and "error" in table.columns and (len(wide) > 1 or f"{wide[0]}_error" in table.columns):
        table.fail(f"column 'error' is ambiguous: call it {' or '.join(f'{name}_error' for name in wide)}")
    if "schema" in table.settings and (missing := [column for column in SCHEMA if column not in table.columns]):
        what = "add it, or leave out the line of the schema"
        table.fail(f"states schema = 1 and has no column {', '.join(missing)}: {what}")
    table.check_numbers(known)
    found = [(n, point) for n, row in enumerate(table.rows(model)) for point in _of_row(row, table, n, source)]
    _check_ranges(table, found)
    _check_evidence(table, found)
    yield from (point for _, point in found)


def _of_row(row: Stated, table: Table, number: int, source: str) -> Iterator[MeasuredPoint]:
    """The points of one row: one in the long format, one for each cell that is filled in the wide format."""
    held = row.__dict__
    stated = {name: held[name] for name in _STATED} | {"source": row.source or source}
    stated["source_name"] = table.settings.get(f"source {row.source}", "")
    values = {row.quantity: (row.value, row.error)} if isinstance(row, Long) else _by_quantity(row)
    if row.convention and not any(value is not None for name, (value, _) in values.items() if name in SPREADS):
        table.fail(f"convention is {row.convention}, but the row has no spread ({', '.join(SPREADS)})", number)
    for quantity, (value, error) in values.items():
        if value is None and error is not None:
            table.fail(f"an error stands without {quantity}", number)
        if value is None:
            continue
        is_spread = quantity in SPREADS
        if value < 0 and (is_spread or quantity.startswith("abs_")):
            table.fail(f"{quantity} is {value:g}: a {'spread' if is_spread else 'magnitude'} is not negative", number)
        if quantity.startswith("T2") and value == 0:
            table.fail(f"{quantity} is 0: it must be above zero", number)
        if is_spread and not row.convention:
            table.fail(
                f"{quantity} has no convention: write lorentzian (half width at half maximum, exponential decay) or "
                "gaussian (standard deviation) in a column convention",
                number,
            )
        if is_spread and row.kind.endswith("range"):
            table.fail(f"kind is {row.kind}, but {quantity} is a point, an upper-bound or a lower-bound", number)
        own = stated if is_spread else stated | {"convention": ""}
        yield MeasuredPoint(quantity=quantity, value=value, error=error, **own)


def _by_quantity(row: Any) -> dict[str, tuple[float | None, float | None]]:
    held, filled = row.__dict__, row.model_fields_set
    values = {name: (held[name], held[error]) for name, error in _PAIRS if name in filled or error in filled}
    own = [name for name, (value, _) in values.items() if value is not None]
    if row.error is not None:  # the header has one quantity
        values[own[0] if own else "a value"] = (values[own[0]][0] if own else None, row.error)
    return values


def _check_ranges(table: Table, found: list[tuple[int, MeasuredPoint]]) -> None:
    """Each range has two ends."""
    ends = Counter(key for _, point in found if (key := range_of(point)))
    for number, point in found:
        if (key := range_of(point)) and ends[key] != 2:
            same = "energy_eV" if point.kind == "value-range" else "value"
            table.fail(
                f"kind is {point.kind}, but {ends[key]} rows have this sample, quantity and {same}: write both ends",
                number,
            )


def _check_evidence(table: Table, found: list[tuple[int, MeasuredPoint]]) -> None:
    """What is not measured says what it comes from, and the rows that it names are there."""
    for number, point in found:
        parts = [part.strip() for part in point.derived_from.split(";") if part.strip()]
        if point.evidence == "measured" and parts:
            table.fail("evidence is measured, but derived_from is filled: write derived or contains-theory", number)
        if point.evidence != "measured" and not parts:
            what = "the rows that it follows from" if point.evidence == "derived" else "the rows and the theory"
            how = f"name {what} in derived_from, as 'g_e at 1.69; g_h at 1.69'"
            table.fail(f"evidence is {point.evidence}: {how}", number)
        others = {(other.quantity, other.energy_eV) for n, other in found if n != number} if parts else set()
        for part in parts:
            match = _ROW.fullmatch(part)
            if match is None and point.evidence == "contains-theory":
                continue
            if match is None or (match[1], float(match[2])) not in others:
                what = "which is no other row: write it as 'g_e at 1.69'"
                table.fail(f"derived_from names {quote(part)}, {what}", number)


def range_of(point: MeasuredPoint) -> tuple[object, ...]:
    """The fields that the two ends of a range share; empty for a row that is not an end of a range."""
    common = (point.kind, point.source, point.series, point.sample, point.temperature_K, point.quantity, point.evidence)
    if point.kind == "value-range":
        return (*common, point.energy_eV)
    return (*common, point.value) if point.kind == "energy-range" else ()
