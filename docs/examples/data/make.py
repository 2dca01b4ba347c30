"""Makes the example files of this folder: the five numbers of Meliakov et al. 2025; their errors of 0.1 are ours."""

from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

HERE = Path(__file__).parent
ROWS = (("#1", 1.69, 2.3, -0.19), ("#4", 1.911, 1.41, 0.91), ("#6", 2.25, None, 1.69))
"""Sample, energy in eV, g_e, g_h."""

HC = 1239.841984
"""hc in eV nm."""


def shown(value: float | None, digits: str = ".2f", empty: str = "") -> str:
    """A number as text, `empty` for None."""
    return empty if value is None else format(value, digits)


def texts() -> dict[str, bytes]:
    """Content of the text files by name."""
    error = [shown(None if g_e is None else 0.1, ".1f") for _, _, g_e, _ in ROWS]
    plain = ["sample,energy_eV,g_e,g_e_error,g_h,g_h_error"]
    plain += [f"{s},{e:g},{shown(a)},{err},{b:.2f},0.1" for (s, e, a, b), err in zip(ROWS, error, strict=True)]
    excel = ["Probe;Energie (eV);g_e;g_e Fehler;g_h;g_h Fehler"]
    excel += [
        f"{s};{e:.3f};{shown(a)};{err};{b:.2f};0.1".replace(".", ",")
        for (s, e, a, b), err in zip(ROWS, error, strict=True)
    ]
    origin = ["Energy\tg_e\tyEr±\tg_h\tyEr±\tSample", "meV\t\t\t\t\t", "laser\telectron\tfit\thole\tfit\t"]
    origin += [
        f"{1000 * e:.0f}\t{shown(a, empty='--')}\t{err or '--'}\t{b:.2f}\t0.1\t{s}"
        for (s, e, a, b), err in zip(ROWS, error, strict=True)
    ]
    long = ["λ (nm),quantity,value,sample"]
    long += [f"{HC / e:.2f},g_e,{a:.2f} ± 0.10,{s}" for s, e, a, _ in ROWS if a is not None]
    long += [f"{HC / e:.2f},g_h,{b:.2f} ± 0.10,{s}" for s, e, _, b in ROWS]
    return {
        "plain.csv": "\n".join(plain).encode() + b"\n",
        "decimal_commas.csv": "\r\n".join(excel).encode("utf-8-sig") + b"\r\n",
        "origin.txt": "\r\n".join(origin).encode() + b"\r\n",
        "wavelengths.csv": "\n".join(long).encode() + b"\n",
    }


def workbook() -> Workbook:
    """The Excel workbook: a title above the table, energies in eV."""
    book = Workbook()
    book.properties.created = book.properties.modified = datetime(2026, 11, 29)
    sheet = book.active
    sheet.title = "g-factors"
    for row in (["CsPbI3 nanocrystals in glass"], [], ["Sample", "Energy (eV)", "g_e", "err", "g_h", "err"]):
        sheet.append(row)
    for sample, energy, g_e, g_h in ROWS:
        sheet.append([sample, energy, g_e, None if g_e is None else 0.1, g_h, 0.1])
    return book


if __name__ == "__main__":
    for name, content in texts().items():
        (HERE / name).write_bytes(content)
    workbook().save(HERE / "workbook.xlsx")
