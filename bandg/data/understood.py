"""Columns and units of a table of measured points as people write it.

The result is a table with the columns of `bandg.data.measured`, and notes on what was understood. What may mean two
things is refused with the choices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bandg.base.tables import Table
from bandg.base.text import quote
from bandg.data.headings import BARE_UNIT, FAMILY, MEANS, SPREAD, UNITS, WORDS, Column, named
from bandg.data.sheets import CELL, Sheet, is_data, plain

EV_NM = 1239.841984
"""Photon energy in eV times wavelength in vacuum in nm."""

LARGEST_G = 50
NONE = frozenset(("", "-", "--", "---", "n/a", "na", "nan", "none", "null", "#n/a", "n.a.", "k.a.", "n.d.", "nd"))
"""Cells without a value, in lower case and with plain hyphens."""


def understood(sheet: Sheet) -> tuple[Table, tuple[str, ...]]:
    """The table in bandg's columns and units, and what was understood, a few words each.

    Raises BandgError, one line, for headings and cells that are not known or may mean two things.
    """
    first = next((k for k, (_, cells) in enumerate(sheet.rows) if is_data(cells)), None)
    if not first:
        sheet.fail("has no line of headings above its numbers: name the columns, as energy_eV, g_e, g_e_error, sample")
    above, notes = sheet.rows[max(0, first - 4) : first], list(sheet.how)
    width = max(len(cells) for _, cells in (*above, *sheet.rows[first:]))
    columns = _columns(sheet, above, width, notes)
    energy = next((k for k, column in columns.items() if column.name in ("energy", "wavelength")), None)
    if energy is not None:  # a row without a second number belongs to the table too
        held = [cells[energy] if energy < len(cells) else "" for _, cells in above]
        whole = columns[energy].heading in held  # else it is made of several cells
        last = max(
            n
            for n, text in enumerate(held)
            if (text == columns[energy].heading if whole else text and not CELL.fullmatch(plain(text)))
        )
        numeric = [k for k, column in columns.items() if _is_numeric(column.name)]
        earlier = (
            n
            for n, (_, cells) in enumerate(above)
            if n > last and any(k < len(cells) and CELL.fullmatch(plain(cells[k])) for k in numeric)
        )
        first -= len(above) - next(earlier, len(above))
    body = sheet.rows[first:]
    headed = max((len(cells) for _, cells in above), default=0)
    for line, cells in body:
        if not max(columns, default=0) < len(cells) <= headed:
            count = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
            advice = "leave empty cells in their places, and delete lines that are no points"
            sheet.fail(f"has {count} under {headed} headings: {advice}", line)
    filled = [k for k in range(width) if any(k < len(cells) and cells[k] for _, cells in body)]
    _check_columns(sheet, columns, filled, above, body)
    unread = (" ".join(cells[k] for _, cells in above if k < len(cells)).strip() for k in filled if k not in columns)
    notes += [f"column {quote(heading)} left out" for heading in unread]
    comma = _decimal_comma(sheet, body, columns)
    if comma:
        notes.append("decimal commas")
    rows = [_row(sheet, line, cells, columns, comma) for line, cells in body]
    _to_eV(sheet, rows, body, columns, notes)
    for k, column in columns.items():
        unit = {"size_nm": "nm", "temperature_K": "K", "field_T": "T"}.get(column.name)
        if unit and not column.unit and any(k < len(cells) and cells[k] for _, cells in body):
            notes.append(f"{quote(column.heading)} is taken in {unit}{' where no unit stands' * _has_unit(body, k)}")
    names = [columns[k].name for k in sorted(columns) if columns[k].name not in ("energy", "wavelength")]
    used = dict.fromkeys(["energy_eV", *names, *(name for row in rows for name in row)])
    complete = tuple({name: row.get(name, "") for name in used} for row in rows)
    return Table(sheet.label, tuple(used), tuple(line for line, _ in body), complete, sheet.settings), tuple(notes)


def _columns(
    sheet: Sheet, above: Sequence[tuple[int, tuple[str, ...]]], width: int, notes: list[str]
) -> dict[int, Column]:
    """The known columns by their place; an error without a name belongs to the g-factor on its left."""
    columns: dict[int, Column] = {}
    for k in range(width):
        texts = [cells[k] for _, cells in above if k < len(cells) and cells[k]]
        if spread := next((text for text in texts if SPREAD.match(text) and not text.startswith("dg_")), None):
            sheet.fail(
                f"column {quote(spread)} may be an error or a spread: call it g_e_error, or dg_e with a convention"
            )
        found = next((column for text in (*texts, " ".join(texts)) if (column := named(text))), None)
        if found is None:
            continue
        if found.name == "error":
            left = columns.get(k - 1)
            if left is None or not left.name.startswith(("g_", "abs_g", "value")) or left.name.endswith("_error"):
                before = " ".join(cells[k - 1] for _, cells in above if 0 < k <= len(cells) and cells[k - 1])
                unknown = f" (that on its left, {quote(before)}, is not known as one)" if before and not left else ""
                sheet.fail(
                    f"column {quote(found.heading)} stands beside no g-factor{unknown}: "
                    "call them g_e and g_e_error, or g_h and g_h_error"
                )
            name = "error" if left.name == "value" else f"{left.name}_error"
            same = sum(cells.count(found.heading) for _, cells in above)
            place = f" in column {k + 1}" if same > 1 else ""
            notes.append(f"{quote(found.heading)}{place} is the error of {left.name}")
            found = Column(name, found.heading)
        if other := next((one for one in columns.values() if one.name == found.name), None):
            sheet.fail(
                f"columns {quote(other.heading)} and {quote(found.heading)} are both {found.name}: leave one out"
            )
        below = (BARE_UNIT.fullmatch(text) for text in texts if text != found.heading)
        units = (UNITS.get(match[1], match[1]) for match in below if match)
        columns[k] = Column(found.name, found.heading, found.unit or next(units, ""))
    return columns


def _check_columns(
    sheet: Sheet,
    columns: Mapping[int, Column],
    filled: Sequence[int],
    above: Sequence[tuple[int, tuple[str, ...]]],
    body: Sequence[tuple[int, tuple[str, ...]]],
) -> None:
    """Every column with numbers is known, there is one energy and a g-factor, and units fit."""
    names = {column.name for column in columns.values()}
    energies = [column.heading for column in columns.values() if column.name in ("energy", "wavelength")]
    if not energies:
        first = [named(cells[0]) for _, cells in (*above, *body) if cells]
        if any(one and one.name in ("energy", "wavelength") for one in first):
            sheet.fail("has its energies in a row: exchange rows and columns (in Excel: paste, transpose)")
        sheet.fail(
            f"has no column energy_eV{_meant(columns, filled, above, body)}: it needs one of energy or wavelength, "
            "as energy_eV, 'E (meV)' or 'λ (nm)'"
        )
    if len(energies) > 1:
        sheet.fail(f"has {len(energies)} columns of energy or wavelength ({', '.join(map(quote, energies))}): keep one")
    if not names & {"g_e", "g_h", "g_bx", "abs_g_e", "abs_g_h", "abs_g", "value"}:
        meant = _meant(columns, filled, above, body)
        sheet.fail(f"has no column of g-factors{meant}: call it g_e, g_h, g_bx, |g_e| or |g_h|")
    for k in (one for one in filled if one not in columns):
        heading = " ".join(cells[k] for _, cells in above if k < len(cells) and cells[k])
        line, number = next(
            ((n, cells[k]) for n, cells in body if k < len(cells) and CELL.fullmatch(plain(cells[k]))), (None, "")
        )
        if line is not None:
            what = f"column {quote(heading)}" if heading else f"column {k + 1}, which has no heading,"
            if "%" in heading:
                sheet.fail(f"{what} is in percent: give errors in units of g", line)
            sheet.fail(
                f"{what} contains numbers ({number}) and is not known: call it energy_eV, g_e, g_h, g_bx, one of these "
                "with _error, sample, size_nm, temperature_K, field_T or note, or delete it",
                line,
            )
    for column in columns.values():
        allowed = FAMILY.get(column.name)
        if column.unit and (allowed is None or column.unit not in allowed):
            use = f"use {' or '.join(allowed)}" if allowed else "it has no unit"
            sheet.fail(f"column {quote(column.heading)} has the unit {column.unit}: {use}")


def _meant(
    columns: Mapping[int, Column],
    filled: Sequence[int],
    above: Sequence[tuple[int, tuple[str, ...]]],
    body: Sequence[tuple[int, tuple[str, ...]]],
) -> str:
    """Question after columns with numbers that are not known."""
    found = [
        " ".join(cells[k] for _, cells in above if k < len(cells) and cells[k])
        for k in filled
        if k not in columns and any(k < len(cells) and CELL.fullmatch(plain(cells[k])) for _, cells in body)
    ]
    named_ones = list(filter(None, found))[:3]
    return f" (is it {' or '.join(map(quote, named_ones))}?)" if named_ones else ""


def repeated(table: Table) -> tuple[str, ...]:
    """A few words on rows that stand twice in a table; none where all differ."""
    first: dict[tuple[tuple[str, str], ...], int] = {}
    found = []
    for line, cells in zip(table.lines, table.cells, strict=True):
        before = first.setdefault(tuple(cells.items()), line)
        if before != line:
            found.append(f"line {line} repeats line {before}")
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return (f"{', '.join(found[:3])}{more}: all count",) if found else ()


def _decimal_comma(sheet: Sheet, body: Sequence[tuple[int, tuple[str, ...]]], columns: Mapping[int, Column]) -> bool:
    """Whether numbers have decimal commas. Raises BandgError where both signs stand alone in numbers."""
    commas: list[tuple[int, str]] = []
    points: list[tuple[int, str]] = []
    for line, cells in body:
        for k, cell in enumerate(cells):
            text = plain(cell)
            if k in columns and _is_numeric(columns[k].name) and (match := CELL.fullmatch(text)):
                for number in filter(None, (match[1], match[3], match[5])):
                    last = max(number.rfind(","), number.rfind("."))
                    if last >= 0:
                        (commas if number[last] == "," else points).append((line, number))
    if commas and points:
        sheet.fail(
            f"has {quote(commas[0][1])} in line {commas[0][0]} and {quote(points[0][1])} in line {points[0][0]}: "
            "write all numbers with decimal points, or all with decimal commas"
        )
    return bool(commas)


def _has_unit(body: Sequence[tuple[int, tuple[str, ...]]], k: int) -> bool:
    """Whether a cell of a column has its own unit."""
    return any((match := CELL.fullmatch(plain(cells[k]))) and match[4] for _, cells in body if k < len(cells))


def _is_numeric(name: str) -> bool:
    return name not in WORDS


def _number(text: str, comma: bool) -> Decimal | None:
    """A number as written, with separators of thousands where they stand in groups of three."""
    thousands, decimal = (".", ",") if comma else (",", ".")
    if thousands in text:
        whole = text.lstrip("+-").partition(decimal)[0]
        if not re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+", whole) or decimal not in text:
            return None
        text = text.replace(thousands, "")
    if text.count(decimal) > 1:
        return None
    value = Decimal(text.replace(decimal, "."))
    return value if value.is_finite() else None


def _row(sheet: Sheet, line: int, cells: Sequence[str], columns: Mapping[int, Column], comma: bool) -> dict[str, str]:
    """The cells of a row by bandg's columns, numbers in bandg's units."""
    found: dict[str, str] = {}
    for k, cell in enumerate(cells):
        if k not in columns:
            continue
        column, text = columns[k], plain(cell)
        if not _is_numeric(column.name):
            if column.name == "sample" and cell.strip(" :").lower() in MEANS:
                sheet.fail(f"sample {quote(cell)} sums up other rows: delete the row, or name the sample", line)
            found[column.name] = _quantity(cell) if column.name == "quantity" else cell
            continue
        if text.lower() in NONE:
            continue
        match = CELL.fullmatch(text)
        value = _number(match[1], comma) if match else None
        if match is None or value is None:
            sheet.fail(f"{quote(column.heading)} is {quote(cell)}, which is not a number: {_instead(text)}", line)
        written = match[4] and UNITS.get(match[4], match[4])
        unit = written or column.unit
        family = FAMILY.get(column.name, {})
        if written and (written not in family or column.unit not in ("", written)):
            sheet.fail(f"{quote(column.heading)} is {quote(cell)}, whose unit does not fit the column", line)
        if sum(part is not None for part in (match[2], match[3], match[5])) > 1:
            sheet.fail(f"{quote(column.heading)} is {quote(cell)}, which has several errors: give one", line)
        error = _error(match, comma)
        if error is not None:
            name = "error" if column.name == "value" else f"{column.name}_error"
            if family or column.name.endswith("error"):
                sheet.fail(f"{quote(column.heading)} is {quote(cell)}: only g-factors have errors, delete it", line)
            if found.get(name):
                sheet.fail(f"{column.name} has two errors: leave one out", line)
            found[name] = str(error or "0")  # not 0.00, in messages
        elif found.get(column.name) is not None:
            sheet.fail(f"{column.name.removesuffix('_error')} has two errors: leave one out", line)
        if column.name.startswith(("g_", "abs_g")) and abs(value) > LARGEST_G:
            sheet.fail(f"{quote(column.heading)} is {quote(cell)}, which is no g-factor: see the columns", line)
        scaled = (value * Decimal(family[unit]) if unit in family else value) or Decimal(0)
        scaled = round(scaled, 9) if unit == "cm-1" else scaled
        found[column.name] = f"{scaled:f}" if abs(scaled) < 10**12 else str(scaled)
    return found


def _instead(text: str) -> str:
    """What to write in place of a cell that is not a number."""
    if "%" in text:
        return "give errors in units of g, as 1.41±0.05"
    if re.search(r"\(\d*[.,]\d+\)$", text):
        return "give the error as 1.41±0.05"
    if re.fullmatch(r"[^+-]+\+[^+-]+-[^+-]+|[^+-]+-[^+-]+\+[^+-]+", text):
        return "give one error, as 1.41±0.05"
    return "correct it, empty the cell, or delete the row"


def _quantity(cell: str) -> str:
    """The name of a quantity in a long table."""
    known = named(cell)
    return known.name if known is not None and known.name.startswith(("g_", "abs_g")) else cell


def _error(match: re.Match[str], comma: bool) -> Decimal | None:
    """The error in a cell, as 1.41 ± 0.05 or 1.41(5)."""
    if match[2]:
        decimals = re.split("," if comma else r"\.", match[1])
        return Decimal(match[2]).scaleb(-len(decimals[1]) if len(decimals) > 1 else 0)
    written = match[3] or match[5]
    return _number(written, comma) if written else None


def _to_eV(
    sheet: Sheet,
    rows: list[dict[str, str]],
    body: Sequence[tuple[int, tuple[str, ...]]],
    columns: Mapping[int, Column],
    notes: list[str],
) -> None:
    """Energies in eV, from the column of energy or wavelength."""
    column = next(column for column in columns.values() if column.name in ("energy", "wavelength"))
    values = [Decimal(row[column.name]) for row in rows if column.name in row]
    factor = Decimal(1)
    if column.name == "wavelength":
        taken = "" if column.unit else ", taken in nm,"
        notes.append(f"energies from {quote(column.heading)}{taken} by {EV_NM} eV nm (wavelength in vacuum)")
    elif not column.unit and not _has_unit(body, next(k for k, one in columns.items() if one is column)):
        if all(Decimal("0.3") <= value <= 8 for value in values):
            notes.append(f"{quote(column.heading)} is taken in eV")
        elif all(300 <= value <= 8000 for value in values):
            factor = Decimal("0.001")
            notes.append(f"{quote(column.heading)} is taken in meV")
        else:
            sheet.fail(f"column {quote(column.heading)} has no unit: call it energy_eV, 'E (meV)' or 'λ (nm)'")
    elif column.unit in ("meV", "cm-1"):
        notes.append(f"{quote(column.heading)} converted to eV")
    for (line, _), row in zip(body, rows, strict=True):
        if (text := row.pop(column.name, None)) is None:
            if any(_is_numeric(name) for name in row):
                sheet.fail(f"{quote(column.heading)} is empty, but the row has numbers", line)
            continue
        value = Decimal(text) * factor
        if column.name == "wavelength":
            value = Decimal(repr(round(EV_NM / float(value), 6))) if value > 0 else Decimal(0)
        if not Decimal("0.1") <= value <= 10:
            sheet.fail(
                f"{quote(column.heading)} gives {value.normalize():f} eV, which is no transition energy: see its unit",
                line,
            )
        row["energy_eV"] = f"{value.normalize():f}"
