"""300 mutated files of measured points are read right or refused in one line; a second reader says what is right."""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from bandg.base.errors import BandgError
from bandg.data.measured import load_measured
from tests.oracles.points import Doubt, How, Point, numbers
from tests.oracles.points import read as second_reader

Rows = list[list[str]]
LANGUAGES = {
    "english": (("Sample", "sample"), ("Energy (eV)", "E [eV]", "energy_eV"), "E (meV)", "λ (nm)"),
    "german": (("Probe",), ("Energie (eV)", "E [eV]"), "Energie/meV", "Wellenlänge (nm)"),
    "russian": (("Образец",), ("Энергия, эВ",), "Энергия, мэВ", "λ (nm)"),
}
G = {
    "english": (("g_e", "g_h"), ("ge", "gh"), ("electron g-factor", "hole g-factor"), ("|g_e|", "g_h")),
    "german": (("g_e", "g_h"), ("g-Faktor Elektron", "g-Faktor Loch")),
    "russian": (("g_e", "g_h"), ("g-фактор электрона", "g-фактор дырки")),
}
ERRORS = {"english": ("err", "±", "yEr±"), "german": ("Fehler", "±"), "russian": ("погрешность", "±")}
GROUPS = (" ", "\u00a0", "\u202f", "\u2009", ".")
"""Between thousands; the point only beside a decimal comma."""


def made(draw: random.Random) -> tuple[Rows, How]:
    """A table as people write it, and how it is to be stored."""
    language = draw.choice(list(LANGUAGES))
    comma = language != "english" and draw.random() < 0.8
    separator = draw.choice("\t;" if comma or language == "russian" else "\t;,")
    encoding = draw.choice(
        ["utf-8", "utf-8", "utf-8-sig", "utf-16", "xlsx", "cp1251" if language == "russian" else "cp1252"]
    )
    samples, electronvolts, meV, wavelength = LANGUAGES[language]
    unit = draw.choice(("eV", "meV", "nm"))
    if unit == "nm" and encoding in ("cp1251", "cp1252"):
        unit = "eV"  # no λ there
    heading = {"eV": draw.choice(electronvolts), "meV": meV, "nm": wavelength}[unit]
    g = draw.choice(G[language])
    errors = draw.choice(("column", "cell", "bracket", "none"))
    missing = draw.choice(("", "--", "-", "NaN", "n/a", "k.A."))
    group = draw.choice(GROUPS) if comma else draw.choice(GROUPS[:-1])
    minus = "-" if encoding in ("cp1251", "cp1252") else draw.choice("-−–")

    def number(value: float, digits: int) -> str:
        """A number as the language writes it; meV in thousands with a sign between the groups."""
        text = f"{value:.{digits}f}".replace("-", minus).replace(".", "," if comma else ".")
        fits = value >= 1000 and (group.isascii() or encoding not in ("cp1251", "cp1252"))
        return f"{text[0]}{group}{text[1:]}" if fits and draw.random() < 0.5 else text

    rows = [[draw.choice(samples), heading]]
    for name in g:
        rows[0] += [name, draw.choice(ERRORS[language])] if errors == "column" else [name]
    if draw.random() < 0.3 and errors == "column":  # rows of Origin; its units and comments
        rows += [[""] * len(rows[0]), ["", "PL", *["fit"] * (len(rows[0]) - 2)]]
    for n in range(draw.randint(2, 5)):
        energy = draw.uniform(1.6, 2.3)
        row = [
            f"#{n + 1}",
            number({"eV": energy, "meV": 1000 * energy, "nm": 1239.841984 / energy}[unit], 1 if unit == "meV" else 4),
        ]
        for name in g:
            value = draw.uniform(0.1 if "|" in name else -1, 3)
            there, error = draw.random() < 0.85, draw.uniform(0.01, 0.2)
            cell = number(value, 3) if there else missing
            if there and errors == "cell":
                cell += draw.choice((" ± ", "±", "+-", " +/- ")) + number(error, 3)
            elif there and errors == "bracket":
                cell += f"({round(1000 * error)})"
            row += [cell, number(error, 3) if there else missing] if errors == "column" else [cell]
        rows.append(row)
    return rows, How(encoding, separator, comma)


def mutated(draw: random.Random, rows: Rows) -> Rows:
    """The table with a cell, row, column or character changed, lost or doubled, once or twice."""
    rows = [list(row) for row in rows]
    for _ in range(draw.randint(1, 2)):
        n = draw.randrange(len(rows))
        if not rows[n]:
            continue
        k, other = draw.randrange(len(rows[n])), draw.randrange(len(rows))
        text, kind = rows[n][k], draw.randrange(13)
        place = draw.randrange(len(text) + 1)
        if kind == 0:
            rows[n][k] = text[:place] + text[place + 1 :]
        elif kind == 1:
            rows[n][k] = text[:place] + draw.choice("0123456789.,+-±()eE| \u202f%*~?") + text[place:]
        elif kind == 2:
            rows[n][k] = text[:place] + draw.choice("0123456789.,-") + text[place + 1 :]
        elif kind == 3:
            rows[n][k] = text.translate(str.maketrans(".,", ",."))
        elif kind == 4:
            rows[n][k] = text + draw.choice((" eV", " meV", " nm", "*", "%", "(0)", "±0", "E", "e3"))
        elif kind == 5:
            rows[n][k] = draw.choice(("", "--", "nan", "0", "1e9", "g_e", "2026-01-02", "<1", "1-2"))
        elif kind == 6:
            rows[n], rows[other] = rows[other], rows[n]
        elif kind == 7:
            rows.insert(other, list(rows[n]))
        elif kind == 8 and len(rows) > 1:
            del rows[n]
        elif kind == 9:
            del rows[n][k]
        elif kind == 10:
            rows[n].insert(k, "")
        elif kind == 11:
            j = draw.randrange(len(rows[n]))
            rows[n][k], rows[n][j] = rows[n][j], rows[n][k]
        else:
            for row in rows:
                row[k : k + 1] = row[k : k + 1] * draw.choice((0, 2))
    return rows


def stored(path: Path, rows: Rows, how: How, draw: random.Random) -> bytes:
    """The bytes of the table, which are also written to the file."""
    if how.encoding == "xlsx":
        from openpyxl import Workbook

        book = Workbook()
        for row in rows:
            book.active.append([cell or None for cell in row])
        book.save(path)
        return path.read_bytes()
    end = draw.choice(("\n", "\r\n"))
    text = (
        end.join(how.separator.join(f'"{one}"' if how.separator in one else one for one in row) for row in rows) + end
    )
    path.write_bytes(text.encode(how.encoding, errors="replace"))
    return path.read_bytes()


def alike(one: Point, other: Point) -> bool:
    """The same point, to what a decimal number leaves open."""
    errors = (one[4], other[4])
    same_error = errors[0] == errors[1] if None in errors else errors[0] == pytest.approx(errors[1], rel=1e-9)
    return (
        one[0] == other[0] and one[2] == other[2] and one[1::2] == pytest.approx(other[1::2], rel=1e-9) and same_error
    )


def judged(path: Path, content: bytes, how: How) -> tuple[str, str]:
    """What became of a file: "right", "refused", "wrong", or "unjudged" where the second reader cannot say; and why."""
    try:
        found = [(p.sample, p.energy_eV or 0.0, p.quantity, p.value, p.error) for p in load_measured(path)]
    except BandgError as error:
        return ("refused" if len(str(error).splitlines()) == 1 else "wrong"), str(error)
    try:
        wanted = second_reader(content, how)
    except Doubt as doubt:
        known = numbers(content, how)
        ours = {abs(one[3]) for one in found}
        strange = [one for one in ours if not any(one == pytest.approx(other, rel=1e-9) for other in known)]
        return ("wrong" if strange else "unjudged"), f"{doubt}: {found}"
    same = len(found) == len(wanted) and all(map(alike, sorted(found, key=repr), sorted(wanted, key=repr)))
    return ("right" if same else "wrong"), f"{found}\n{wanted}"


def run(count: int, folder: Path, seed: int, intact: float = 0.1) -> tuple[Counter[str], list[str]]:
    """How many files became what, and a line for each that must not be."""
    draw, counts, bad = random.Random(seed), Counter[str](), []
    for number in range(count):
        rows, how = made(draw)
        whole = draw.random() < intact
        path = folder / f"{number}.{'xlsx' if how.encoding == 'xlsx' else 'txt'}"
        content = stored(path, rows if whole else mutated(draw, rows), how, draw)
        what, why = judged(path, content, how)
        counts[("intact " if whole else "mutated ") + what] += 1
        if what == "wrong" or (whole and what != "right"):
            shown = rows if how.encoding == "xlsx" else content.decode(how.encoding)
            bad.append(f"{what} {'intact' * whole} {how} {shown}\n{why}")
    return counts, bad


def test_300_mutated_files_are_read_right_or_refused(tmp_path: Path) -> None:
    """More by `python -m tests.data.test_mutated 3000 1`: the number and the seed."""
    counts, bad = run(345, tmp_path, seed=18)
    assert not bad, "\n".join(bad)
    mutated_files = sum(count for what, count in counts.items() if what.startswith("mutated"))
    assert mutated_files >= 300, counts
    assert counts["mutated right"] > 60 and counts["mutated unjudged"] < 0.05 * mutated_files, counts


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        counts, bad = run(int(sys.argv[1]), Path(folder), int(sys.argv[2]))
    print(*(f"{count} {what}" for what, count in sorted(counts.items())), *bad, sep="\n")
