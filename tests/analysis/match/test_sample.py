"""Samples from words, numbers and files."""

import math

import pytest

from bandg import BandgError
from bandg.analysis.match.sample import sample_of, samples_of
from bandg.base.quantities import Grammar
from bandg.data.measured import load_measured, load_spreads


def shown(sample):
    return [(one.quantity, one.value, pytest.approx(one.error), one.assumed) for one in sample.data]


@pytest.mark.parametrize("text", ["1.911+-0.01eV", "1.911eV ± 10meV", "1911 +- 10 meV", "1.911eV+/-0.01"])
def test_an_error_in_each_spelling(text):
    value, error = Grammar("energy", "1eV", ("eV",)).with_error(text)
    assert (value.number, error) == (pytest.approx(1.911), pytest.approx(0.01))


def test_without_an_error_one_is_assumed_and_marked():
    assert shown(sample_of("1.9eV", 1.2, "|0.9|+-0.05", size="5nm")) == [
        ("energy_eV", 1.9, 0.01, True),
        ("g_e", 1.2, 0.1, True),
        ("abs_g_h", 0.9, 0.05, False),
        ("size_nm", 5.0, 0.5, True),
    ]
    assert str(sample_of(1.9, 1.2).data[1]) == "g_e = 1.2 +- 0.1 (assumed)"


def test_signs_that_are_not_known_are_both_tried():
    sample = sample_of(1.9, "|1.2|", "|0|", (2.0, 0.1))
    assert sorted(tuple(row) for row in sample.signed()) == [(1.9, -1.2, 0, 2.0), (1.9, 1.2, 0, 2.0)]


def test_a_half_width_stands_for_a_gaussian_that_dephases_as_fast():
    assert sample_of(1.9, 1.2, dg_e=0.22).spreads == (("g_e", pytest.approx(0.22 * math.sqrt(2))),)


def test_the_samples_of_the_paper():
    found = samples_of(load_measured("meliakov2025"), load_spreads("meliakov2025"))
    assert [[one.value for one in sample.data] for sample in found] == [
        [1.69, 2.3, -0.19],
        [2.25, 1.69],
        [1.911, 1.41, 0.91],
    ]
    assert [sample.name for sample in found] == ["#1-#4, #1-#6", "#1-#6", "#4"]
    assert dict(found[2].spreads)["g_e"] == pytest.approx(0.22 * math.sqrt(2))


def test_samples_of_one_series_at_one_energy_are_told_apart(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("energy_eV,g_e,g_h,sample,series\n1.9,1.2,0.9,A,x\n1.9,1.3,0.8,B,x\n2.0,1.1,,A,x\n2.0,,1.1,B,x\n")
    found = samples_of(load_measured(file))
    assert [(one.name, len(one.data)) for one in found] == [("A", 3), ("B", 3), ("A, B", 3)]


def test_a_file_without_a_measured_point_is_refused(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("energy_eV,g_e,temperature_K\n1.9,1.2,300\n")
    with pytest.raises(BandgError, match="no sample is left"):
        samples_of(load_measured(file))
