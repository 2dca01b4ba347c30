"""The page reads files of measured points as bandg does: the same points, the same line, the same refusals."""

from __future__ import annotations

import base64
import datetime
import io
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from bandg.base.errors import BandgError
from bandg.data.measured import describe, load_measured
from bandg.data.pairs import with_pairs
from bandg.explore.rules import rules

GOOD = (
    "energy_eV,quantity,value,error,sample\n1.911,g_h,0.95,0.05,A\n1.911,abs_g_e,1.4,0.1,A\n",
    "energy_eV,g_e,g_h,g_e_error,g_h_error,sample\n1.911,1.41,0.91,0.1,0.05,A\n1.8,,0.4,,,'B'\n",
    "# schema = 1\n# source me = Me et al.\n"
    "energy_eV,quantity,value,error,kind,convention,evidence,derived_from,use,sample,source\n"
    '1.69,g_e,2.3,,point,,measured,,judge,"#1, ""a""",me\n1.69,g_h,-0.2,,point,,measured,,judge,#1,me\n'
    "1.69,g_bx,2.1,,energy-range,,derived,g_e at 1.69; g_h at 1.69,judge,#1,me\n"
    "1.9,g_bx,2.1,,energy-range,,contains-theory,g_e at 1.69; a model,judge,#1,me\n"
    "1.95,g_bx,2.1,,energy-range,,contains-theory,g_e at 1.69; a model,judge,#1,me\n"
    "1.9,g_bx,2.1,,energy-range,,derived,g_e at 1.69; g_h at 1.69,judge,#1,me\n",
    "Energy\tg_e\tError\tg_h\tyEr±\tSample\neV\t\t\t\t\t\nlaser\telectron\t\thole\t\t\n"
    "1,911\t1,41\t0,05\t0,91\t0,03\t#4\n1,69\t--\t--\t-0,19\t\t#1\n",
    "Probe;Energie (meV);g_e;g_h\n#4;1.911,0;1,41 ± 0,05;0,91+-0,03\n#1;1690;k.A.;−0,19\n",
    "Образец;Энергия (эВ);g_e;погрешность;g_h;погрешность\n#4;1,911;1,41;0,05;0,91;0,03\n#1;1,69;;;-0,19;\n",
    "Образец;Энергия (мэВ);g_e\n#4;1\u00a0911,0;1,41\n#1;1\u202f690,5;1,6\n",
    "sample\tE/eV\tge\tge err\tgh\tgh err\n#4\t1.911\t1.41\t0.05\t0.91\t0.03\n#1\t1.69\tNaN\tNaN\t-0.19\tNaN\n",
    '\ufeffSample,"Photon energy, eV",g_e,g_h\r\n#4,1.911,1.41(5),0.91(3)\r\n#1,1.69,,-0.19\r\n',
    "sample E(eV) g_e g_h\n#4 1.911 1.41 ± 0.05 0.91±0.03\n#1 1.69 -- -0.19\n",
    "sample;energy;electron g-factor;hole g-factor\n#4;1911 meV;1.41+/-0.05;0.91+/-0.03\n#1;1690 meV;n/a;-0.19\n",
    "CsPbI3 in glass,,,\n\nsample,Energy [eV],g_e,g_h\n#4,1.911,1.41 +- 0.05,0.91 +- 0.03\n#1,1.69,,–0.19\n",
    "λ (nm),g_e\n648.8,1.41\n733.6,2.3\n",
    "E,gₑ,note\n1911,1.41,a\n1690,2.3,b\n",
    "E (meV);|g_e|;d [Å];T (K);B (mT);dg_e;convention\n1911;1.41;62.89;6;420;0.22;lorentzian\n",
    "energy_eV,quantity,value,±\n1.8,g_e,1,0.1\n",
    "energy_eV,abs_g,error\n1.8,1,0.1\n1.9,1.2,\n",
    "sample,energy_eV,g_e\n#1,1.69,2.3\nA,1.9,1.4\n",
    "Probe;;Energie (eV);g-Faktor Elektron;Fehler;g-Faktor Loch;Fehler\nA;;1,69;2,3;0,1;-0,19;0,05\n",
    "Образец;Энергия;g-фактор электрона;погрешность\nA;1,69 эВ;2,3;0,1\n",
    "PL peak (nm),ge,Error of g_e\n733.6,2.3,0.1\n",
    "Sample,E (eV),Electron,,Hole,\n,,g,error,g,error\nA,1.69,2.3,0.1,-0.19,0.05\n",
    "Sample\tPL max\tT\tB\tg_e\terr.\n\tnm\tK\tmT\t\t\nS-12\t690.3\t1.6\t300\t1.81\t0.02\nS-13\t655\t2 K\t\tn.d.\t\n",
    "ID;Größe;T;B;PL-Energie (eV);g-Faktor (e);Fehler\nX;10,2;10;0,4;1,75;2,1;0,1\n",
    "sample   size  E (eV)   ge     gh\nNC A     8.1  1.80     1.95   0.25\nNC B     6.2  1.88     1.58   0.6\n",
    "sample,E (eV),g_e\n#1*,1.69,2.3\n#2-a,1.7,2\n",
    "λ,g_e\n650,1.41\n690,2\n",
    "№;d;Энергия, эВ;gэ;gд\n1;9,1 нм;1,8;2;0,1\n2;8;1,9;1,6;0,5\n",
    "Probe;E (eV);g_e;Fehler;g_h;Fehler\nA;1,9;1,5;0,1;0,9;0,1\n",
    "sample,energy_eV,g_e\nA,1.9,1.5\nB,2.0,1.4\nA,1.9,1.5\n",
    "Sample;E (eV);g_e\nA;1.9;1.5\nA;1.9;1.5\nA;1.9;1.5\nA;1.9;1.5\nA;1.9;1.5\n",
    "Образец;Волновое число (см⁻¹);g электрона;g дырок\nA;15324;1,5;0,9\n",
    "sample,Wavenumber (cm-1),g_e\nA,15324,1.5\nB,16000,1.4\n",
    "sample\tEnergy\tg_e\n\t1/cm\t\nA\t15324\t1.5\n",
)
REFUSED = (
    "E (eV);g_e\n1,911;1.41\n",
    "E (eV),g_e,Δg_e\n1.911,1.41,0.2\n",
    "E (eV),g_e,chi\n1.911,1.41,0.2\n",
    "E (eV),λ (nm),g_e\n1.911,648.8,1.41\n",
    "E (K),g_e\n1.911,1.41\n",
    "E,g_e\n1.911,1.41\n250,2\n",
    "E (meV),g_e\n1.911,1.41\n",
    "E (eV),g_e,g_e\n1.911,1.41,2\n",
    "E (eV),error,g_e\n1.911,0.1,2\n",
    "E (eV),g_e,g_e err\n1.911,1.41±0.1,0.2\n",
    "E (eV),g_e\n1.911,about 1.4\n1.8,2\n1.7,2\n",
    "1.911,1.41\n1.8,2\n",
    "E (eV),size (nm)\n1.911,6\n",
    "g_e,g_h\n1.9,1.2\n",
    "",
    "\n\n",
    "energy_eV,g_e\n1911,1.4\n",
    "energy_eV,g_e,g_h,error\n1.9,1.4,1,0.1\n",
    "energy_eV,quantity,value,kind\n1.9,g_e,1,energy-range\n",
    "energy_eV,quantity,value,evidence\n1.9,g_e,1,derived\n",
    "energy_eV,quantity,value,evidence,derived_from\n1.9,g_e,1,derived,g_h at 1.7\n",
    "energy_eV,quantity,value,use\n1.9,g_e,1,perhaps\n",
    "energy_eV,abs_g_e\n1.9,-1\n",
    "energy_eV,quantity,value\n1.9,T2_e_ps,100\n",
    "energy_eV,quantity,value,convention\n1.9,g_e,1,gaussian\n",
    "energy_eV,g_e,samples\n1.9,1,a\n",
    "energy_eV,g_e,\n1.9,1,2\n",
    "energy_eV,g_e,temperature_K\n1.9,1,-4\n",
    "# schema = 1\nenergy_eV,quantity,value\n1.9,g_e,1\n",
    "# schema = 2\nenergy_eV,quantity,value\n1.9,g_e,1\n",
    'energy_eV,g_e\n1.9,"1"2\n',
    "E (eV),g_e,g_h\n1.911,1.41 +0.05/-0.03,0.91 -0.05 +0.03\n",
    "E (eV),g_e,g_h\n1.911,1.41 ± 5%,0.91±10 %\n",
    "E (eV),g_e,g_e err (%)\n1.911,1.41,5\n",
    "E (eV),g_e\n1.69-1.72,2.3\n",
    "E (eV),g_e\n~1.69,<2.3\n",
    "E (eV),chi,err\n1.69,2.3,0.1\n",
    "PL peak,g_e\n733.6,2.3\n",
    "energy_eV,g_e,g_e_error\n1.9,1,0\n",
    "energy_eV,g_e,g_e_error\n1.9,1,-1\n",
    "energy_eV,quantity,value,error\n1.9,g_e,1,0.0\n",
    "E (eV),g_e,err\n1.9,1,0\n",
    "E (eV),g_e,g_h\n1.9,1.4(0),1\n",
    "E (eV),g_e\n1.9,1.4±0.03±0.05\n1.8,1\n",
    "E (eV)\tg_e\tg_h\n1.9\t\t1\t0.5\n1.8\t\t1\t0.6\n",
    "E (eV)\tg_e\tg_h\n1.911\t1.41 (0.05)\t0.91 (0.03)\n1.80\t2.0 (0.1)\t0.3 (0.1)\n",
    "E (eV) ± 1,g_e\n1.9±0.1,1.4\n",
    "Probe;E (eV);g_e\nA;1,9;1,4\nMittelwert:;1,9;1,4\n",
    "sample,A,B\nE (eV),1.75,1.85\ng_e,2.1,1.7\n",
    "E (eV)\tg_e\n1.7\t2\n\nSample B\nE (eV)\tg_e\n1.8\t2\n",
    "Probe;E (eV);g_e\nA;1,9;inf\nB;1,8;1,4\n",
    "Probe;E (eV);g_e\nA;1,9;∞\n",
    "sample,E (eV),g_X,power\nA,1.9,1.5,3\n",
    "sample,Frequency (THz),g_e\nA,460,1.5\n",
    "sample,Wavenumber (nm),g_e\nA,650,1.5\n",
    "sample,Wavenumber,g_e\nA,15324,1.5\n",
)


def by_python(path: Path) -> tuple[list[dict[str, Any]], str] | str:
    """Points and the line about them, or the refusal, with the file's name in place of its path."""
    try:
        points = [asdict(point) | {"why": point.why_not_judged_by} for point in with_pairs(load_measured(path))]
        told = describe(path)
    except BandgError as error:
        return str(error).replace(str(path), path.name)
    named = [{name: path.name if text == str(path) else text for name, text in point.items()} for point in points]
    return rounded(named), told


def rounded(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points with errors to 12 digits: the roots of sums of squares differ in the last one."""
    return [point | {"error": point["error"] and float(f"{point['error']:.12g}")} for point in points]


def by_page(page: Any, files: list[tuple[str, bytes]]) -> list[Any]:
    """The same of the page, for many files at once."""
    given = [(name, base64.b64encode(content).decode()) for name, content in files]
    return page.evaluate(
        """async (files) => {
            const found = [];
            for (const [name, text] of files) {
                const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
                try {
                    const { points, told } = await Points.read(name, bytes);
                    found.push([points, told]);
                } catch (error) {
                    found.push(error instanceof Refusal ? error.message : `bug: ${error.stack}`);
                }
            }
            return found;
        }""",
        given,
    )


def both(page: Any, folder: Path, contents: list[bytes], suffix: str = ".txt") -> list[tuple[Any, Any]]:
    files = [(f"{n}{suffix}", content) for n, content in enumerate(contents)]
    for name, content in files:
        (folder / name).write_bytes(content)
    shown = [(rounded(one[0]), one[1]) if isinstance(one, list) else one for one in by_page(page, files)]
    return [(by_python(folder / name), one) for (name, _), one in zip(files, shown, strict=True)]


def test_good_files_give_the_same_points_and_the_same_line(opened: Any, tmp_path: Path) -> None:
    contents = [text.encode() for text in GOOD]
    contents += [GOOD[3].encode("utf-16"), GOOD[4].encode("cp1252", "ignore"), GOOD[5].encode("cp1251")]
    for n, (python, page) in enumerate(both(opened, tmp_path, contents)):
        assert not isinstance(python, str), (n, python)
        assert page == python, n


def test_bad_files_are_refused_in_the_same_words(opened: Any, tmp_path: Path) -> None:
    for text, (python, page) in zip(REFUSED, both(opened, tmp_path, [text.encode() for text in REFUSED]), strict=True):
        assert isinstance(python, str) and isinstance(page, str), text
        assert page == python or ("is not CSV" in page and "is not CSV" in python), text
    [(python, page)] = both(opened, tmp_path, [b"\xd0\xcf\x11\xe0"], ".xls")
    assert page == python and "old Excel file" in page
    [(python, page)] = both(opened, tmp_path, [GOOD[3].encode("utf-16")[:-1]])
    assert page == python and "damaged" in page


def workbook(sheets: dict[str, list[list[object]]], date_format: str = "", merged: tuple[str, ...] = ()) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.is_date and date_format):
            cell.number_format = date_format
        for cells in merged:
            sheet.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_workbooks_are_read_or_refused_alike(opened: Any, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["CsPbI3 at 6 K"],
        [],
        ["Sample", "Energy (eV)", "g_e", "err", None, "g_h", "err", "note"],
        ["#4 & <5>", 1.911, 1.41, 0.05, None, 0.91, 1e-5, True],
        ["#1", 1690 / 1000, None, None, None, -0.19, None, "a 'b'"],
    ]
    as_text = [[str(cell).replace(".", ",") if isinstance(cell, float) else cell for cell in row] for row in rows]
    dated = [["E (eV)", "g_e"], [1.9, 1.4], [1.8, datetime.datetime(2026, 1, 21)]]
    books = [{"points": rows, "empty": []}, {"points": as_text[2:]}, {"a": rows, "b": rows}, {"a": []}, {"a": dated}]
    contents = [*map(workbook, books), workbook({"a": dated}, "mm-dd-yy"), b"PK\x03\x04 no workbook"]
    contents.append(workbook({"a": [["E (eV)", "g_e", "g_h"], [1.9, "=1+0.4", 0.9]]}))
    joined = [["Sample", "E (eV)", "g_e"], ["A", 1.9, 1.4], [None, 1.8, 1.6], ["B", 1.7, 2.0], [None, None, 2.1]]
    contents.append(workbook({"a": joined}, merged=("A2:A3", "A4:A5", "B4:B5")))
    found = both(opened, tmp_path, contents, ".xlsx")
    for n, (python, page) in enumerate(found):
        assert page == python, n
    assert [isinstance(python, str) for python, _ in found] == [False, False, True, True, True, True, True, True, False]
    assert len(found[0][0][0]) == 4 and "has the date 2026-01-21" in found[4][1]
    assert "line 2: the formula in B2 has no value yet" in found[7][0]
    assert [(one["sample"], one["energy_eV"]) for one in found[8][0][0]] == [
        ("A", 1.9),
        ("A", 1.8),
        ("B", 1.7),
        ("B", 1.7),
    ]


def damaged(draw: random.Random, text: str) -> str:
    """The text with one or two characters, cells or lines changed."""
    for _ in range(draw.randint(1, 2)):
        kind, n = draw.randrange(5), draw.randrange(len(text)) if text else 0
        if kind == 0:
            text = text[:n] + text[n + 1 :]
        elif kind == 1:
            text = text[:n] + draw.choice("0123456789,.;\t \"'-±()eVmg_#|") + text[n:]
        elif kind == 2:
            text = text[:n] + draw.choice("0123456789,.;\t \"'-±()eVmg_#|") + text[n + 1 :]
        else:
            lines = text.split("\n")
            k, m = draw.randrange(len(lines)), draw.randrange(len(lines))
            if kind == 3:
                lines[k], lines[m] = lines[m], lines[k]
            else:
                del lines[k]
            text = "\n".join(lines)
    return text


def test_450_damaged_files_are_read_or_refused_alike(opened: Any, tmp_path: Path) -> None:
    draw = random.Random(18)
    contents = [damaged(draw, draw.choice(GOOD)).encode() for _ in range(450)]
    read = refused = 0
    for content, (python, page) in zip(contents, both(opened, tmp_path, contents), strict=True):
        if isinstance(python, str):
            refused += 1
            assert page == python or ("is not CSV" in page and "is not CSV" in python), content.decode()
        else:
            read += 1
            assert page == python, content.decode()
    assert read > 120 and refused > 80


def test_the_rules_are_those_of_the_reader() -> None:
    found = rules()
    assert found["wide"]["energy_eV"] == {
        **{"type": "number", "negative": False, "zero": False, "energy": True, "required": False, "default": None}
    }
    assert found["long"]["quantity"]["required"] and found["long"]["value"]["negative"]
    assert found["wide"]["temperature_K"]["zero"] and not found["wide"]["temperature_K"]["negative"]
    assert found["wide"]["convention"]["options"] == ["", "lorentzian", "gaussian"]
    assert found["long"]["note"]["type"] == "text"
