"""Traces as programs write them, and bad files: one line that says what to write."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandg.base.errors import BandgError
from bandg.spin import Traces, read_traces

T = np.arange(-20, 200, 5.0)


def signal(field_mT):
    return np.round(np.cos(T * field_mT / 9000), 4)


def long(separator=",", decimal=".", head=("time_ps", "field_mT", "signal")):
    rows = [(t, B, s) for B in (90, 420) for t, s in zip(T, signal(B), strict=True)]
    lines = [separator.join(head), *(separator.join(f"{x:g}" for x in row).replace(".", decimal) for row in rows)]
    return "\n".join(lines)


def wide(separator=",", decimal=".", head=("time_ps", "90 mT", "420 mT"), scale=1.0):
    rows = zip(T * scale, signal(90), signal(420), strict=True)
    return "\n".join([separator.join(head), *(separator.join(f"{x:g}" for x in r).replace(".", decimal) for r in rows)])


def single(head="time_ps,signal", field=420):
    return "\n".join([head, *(f"{t:g},{s:g}" for t, s in zip(T, signal(field), strict=True))])


ORIGIN = "delay\tsignal\tsignal\nps\ta.u.\ta.u.\n\t0.09 T\t0.42 T\n" + wide("\t").split("\n", 1)[1]

GOOD = {
    "commas": long(),
    "semicolons and decimal commas": long(";", ","),
    "tabs": long("\t"),
    "tabs and decimal commas": long("\t", ","),
    "blanks": long("   "),
    "blanks and decimal commas": long(" ", ","),
    "units in brackets": long(";", ".", ("Delay (ps)", "B [mT]", "ellipticity")),
    "blanks in headings": long("  ", ".", ("time (ps)", "field (mT)", "signal")),
    "byte order mark and preamble": "\ufeffLock-in SR830\nSample #4; 6 K; run 12\n\n" + long(";"),
    "heading in a comment": "# energy = 1.911 eV\n# " + long(" "),
    "windows": long().replace("\n", "\r\n") + "\r\n\r\n",
    "wide": wide(),
    "wide with decimal commas": wide(";", ","),
    "wide with a sign": wide(head=("t/ps", "B=-90mT", "0.42T")),
    "wide with blanks": wide(" "),
    "nanoseconds": wide(head=("time_ns", "90 mT", "420 mT"), scale=1e-3),
    "seconds": wide(head=("time (s)", "90 mT", "420 mT"), scale=1e-12),
    "three lines of headings": ORIGIN,
}


@pytest.mark.parametrize("name", GOOD)
def test_every_way_of_writing_gives_the_same_traces(name, tmp_path):
    (tmp_path / "t.txt").write_text(GOOD[name], encoding="utf-8")
    found = read_traces(tmp_path / "t.txt")
    assert found.fields.tolist() == [0.09, 0.42] and found.left_out == 10
    for trace, field in zip(found.traces, (90, 420), strict=True):
        assert 1000 * trace.time_ns == pytest.approx(T[T >= 5])
        assert trace.signal == pytest.approx(signal(field)[T >= 5], abs=1e-6)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_other_encodings_are_read(encoding, tmp_path):
    (tmp_path / "t.txt").write_bytes(ORIGIN.replace("a.u.", "µrad").encode(encoding))
    assert read_traces(tmp_path / "t.txt").traces[1].signal == pytest.approx(signal(420)[T >= 5], abs=1e-6)


def test_a_column_may_say_the_energy(tmp_path):
    rows = [f"4,1911,6,{t:g},{s:g},0,1" for t, s in zip(T, signal(420), strict=True)]
    (tmp_path / "a_420mT.csv").write_text("sample,energy (meV),temperature_K,time_ps,signal,Y,R\n" + "\n".join(rows))
    found = read_traces(tmp_path / "a_420mT.csv")
    assert (found.energy_eV, found.sample, found.temperature_K) == (1.911, "4", 6.0)
    assert found.traces[0].signal == pytest.approx(signal(420)[T >= 5])


def test_comments_say_what_options_do_not(tmp_path):
    head = "# energy = 1911 meV\n# sample: #4\n# temperature = 6 K\n# material = CsPbI3\n"
    (tmp_path / "a_420mT.csv").write_text(head + single())
    found = read_traces(tmp_path / "a_420mT.csv")
    assert (found.energy_eV, found.sample, found.temperature_K) == (1.911, "#4", 6.0)
    assert (found.material, found.source, found.fields.tolist()) == ("CsPbI3", "a_420mT.csv", [0.42])
    assert read_traces(tmp_path / "a_420mT.csv", energy_eV=2.0, sample="x").energy_eV == 2.0


def test_one_file_for_each_field(tmp_path):
    (tmp_path / "b_420mT.csv").write_text(single())
    (tmp_path / "a.csv").write_text("# field = 0,09 T\n" + single(field=90))
    (tmp_path / "c.csv").write_text(single("time_ps,signal"))
    names = [tmp_path / name for name in ("b_420mT.csv", "a.csv")]
    found = read_traces(names)
    assert found.fields.tolist() == [0.09, 0.42] and found.traces[0].label.endswith("a.csv")
    assert read_traces(tmp_path / "c.csv", fields_T=[0.3]).fields.tolist() == [0.3]


def test_a_delay_that_was_scanned_backwards_is_turned_round(tmp_path):
    head, *rows = wide().split("\n")
    (tmp_path / "t.csv").write_text("\n".join([head, *reversed(rows)]))
    found = read_traces(tmp_path / "t.csv").traces[0]
    assert (np.diff(found.time_ns) > 0).all() and found.signal == pytest.approx(signal(90)[T >= 5])


def test_errors_of_points_and_columns_of_unequal_length(tmp_path):
    rows = [f"{t:g},{np.cos(t / 20):.4f},0.01,{np.cos(t / 9):.4f},0.02" for t in T]
    rows[-3:] = [row.rsplit(",", 2)[0] + ",," for row in rows[-3:]]
    (tmp_path / "w.csv").write_text("\n".join(["time_ps,90 mT,err 90 mT,420 mT,err 420 mT", *rows]))
    first, second = read_traces(tmp_path / "w.csv").traces
    assert len(first.time_ns) == 39 and len(second.time_ns) == 36
    assert first.error.tolist() == [0.01] * 39 and second.error.tolist() == [0.02] * 36


def test_traces_go_to_xarray_and_come_from_arrays(tmp_path):
    (tmp_path / "t.csv").write_text(wide())
    found = read_traces(tmp_path / "t.csv", energy_eV=1.9).to_xarray()
    assert found.signal.dims == ("field_T", "time_ps") and found.signal.shape == (2, 39)
    assert float(found.signal.sel(field_T=0.42, time_ps=100)) == pytest.approx(np.cos(100 * 420 / 9000), abs=1e-4)
    again = Traces.of(found.time_ps, found.field_T, found.signal)
    assert again.n_points == 78
    with pytest.raises(BandgError, match="one row for each field"):
        Traces.of(T, [0.1], [T, T])


BAD = {
    "no unit of the fields": (long(head=("time_ps", "field", "signal")), "call it field_T or field_mT"),
    "no unit of a wide field": (
        wide(head=("time_ps", "90", "420")),
        "'90' has no unit of a field: write the field as '90 mT'",
    ),
    "no unit of the time": (long(head=("time", "field_mT", "signal")), "call it time_ps or time_ns"),
    "no headings": (long().split("\n", 1)[1], "no line of headings"),
    "NaN": (long().replace("\n0,420,1", "\n0,420,nan"), "line 50: has 'nan'"),
    "infinity": (wide().replace("0.9801", "inf", 1), "where a number should stand"),
    "words among the numbers": (wide().replace("\n5,", "\nfive,"), "has 'five' where a number"),
    "two traces in one column": (
        "# field = 90 mT\n" + single() + "\n" + single().split("\n", 1)[1],
        "time goes from 195 to -20 ps",
    ),
    "two traces of one field": (long() + "\n" + long().split("\n", 1)[1], "line 90: the time goes from 195 to -20"),
    "seconds called ps": (wide(scale=1e-12), "if they are seconds, call the column time_s"),
    "ps called ns": (wide(head=("time_ns", "90 mT", "420 mT"), scale=20), "check the unit, as time_ps"),
    "mT called T": (long(head=("time_ps", "field_T", "signal")), "between 0 and 100 T: check the unit"),
    "no field": (single(), "does not say its field"),
    "no time": (single("x,signal"), "has 0 columns of time"),
    "surplus cells": (wide().replace("\n5,", "\n5,1,", 1), "has 4 cells under 3 columns"),
    "an unknown column": (wide(head=("time_ps", "X", "420 mT")), "'X' is neither the time nor a field"),
    "two signals": (
        "time_ps,field_mT,X,Y\n" + "\n".join(f"{t:g},90,{t},1" for t in T),
        "which column is the signal is not clear ('X', 'Y')",
    ),
    "X, Y and R": (
        "# field = 90 mT\ntime_ps,X,Y,R\n" + "\n".join(f"{t:g},{t},1,1" for t in T),
        "which column is the signal is not clear ('X', 'Y', 'R')",
    ),
    "two energies": (
        "energy_eV,time_ps,90 mT\n" + "\n".join(f"{E},{t:g},{t}" for E in (1.7, 1.9) for t in T),
        "'energy_eV' has several values (1.7, 1.9): fit one sample at one energy at a time",
    ),
    "an energy without unit": (
        "energy,time_ps,90 mT\n" + "\n".join(f"1.9,{t:g},{t}" for t in T),
        "'energy' has no unit: call it energy_eV",
    ),
    "names of samples": (
        "sample,time_ps,90 mT\n" + "\n".join(f"A,{t:g},{t}" for t in T),
        "no rows of numbers (line 2 has 'A')",
    ),
    "numbers of samples": (
        "sample,time_ps,90 mT\n" + "\n".join(f"#4,{t:g},{t}" for t in T),
        "no rows of numbers (line 2 begins as a comment)",
    ),
    "a constant": ("time_ps,90 mT\n" + "\n".join(f"{t:g},1" for t in T), "the signal does not change"),
    "empty": ("", "has no rows of numbers"),
    "prose": ("time_ps\nand nothing else\n", "has no rows of numbers"),
    "nothing late": ("time_ps,90 mT\n-9,1\n-8,2\n-7,3\n", "0 points stand at 5 ps or later"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_line(name, tmp_path):
    text, wanted = BAD[name]
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BandgError) as error:
        read_traces(tmp_path / "t.csv")
    assert wanted in str(error.value) and "\n" not in str(error.value)


def test_a_step_that_changes_is_refused_until_it_is_accepted(tmp_path):
    times = [*range(5, 500, 5), *range(500, 2000, 50)]
    (tmp_path / "t.csv").write_text("time_ps,90 mT\n" + "\n".join(f"{t},{np.cos(t / 99):.4f}" for t in times))
    with pytest.raises(BandgError, match="time step changes from 5 to 50 ps at 500 ps"):
        read_traces(tmp_path / "t.csv")
    assert read_traces(tmp_path / "t.csv", uneven=True).n_points == len(times)


def test_files_that_do_not_belong_together(tmp_path):
    for name, sample in (("a", "#1"), ("b", "#4")):
        (tmp_path / f"{name}_90mT.csv").write_text(f"# sample = {sample}\n" + single())
    names = [tmp_path / "a_90mT.csv", tmp_path / "b_90mT.csv"]
    with pytest.raises(BandgError, match="one sample at a time"):
        read_traces(names)
    with pytest.raises(BandgError, match="1 fields for 2 files"):
        read_traces(names, fields_T=[0.1])
    with pytest.raises(BandgError, match="is named twice"):
        read_traces([names[0], names[0]])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 900), st.sampled_from(["", "nan", ";", "\t", ",", "\n", "1e999", "ps", "#"]))))
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path, damage):
    text = long()
    for place, what in damage:
        text = text[:place] + what + text[place + 1 :]
    (tmp_path / "t.csv").write_text(text)
    try:
        found = read_traces(tmp_path / "t.csv")
    except BandgError as error:
        assert "\n" not in str(error)
    else:
        assert all(np.isfinite(trace.signal).all() for trace in found.traces)
