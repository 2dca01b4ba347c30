"""Sizes mean what the user wrote, and constants have the units that they claim."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandg.base.errors import BandgError
from bandg.base.quantities import MAX_SIZES, Grammar, SizeRequest, named, parse_energies, parse_size
from bandg.base.units import G0, HBAR, HBAR2_OVER_M0, MU_B

A = 0.6289  # CsPbI3


def test_constants_in_ev_nm_tesla_ps() -> None:
    assert pytest.approx(5.7883818e-5, rel=1e-7) == MU_B
    assert pytest.approx(0.0761996, rel=1e-6) == HBAR2_OVER_M0
    assert pytest.approx(2.00231930436, rel=1e-10) == G0
    assert pytest.approx(6.582119569e-4, rel=1e-9) == HBAR


def test_larmor_frequency_of_the_measured_sample() -> None:
    """g = 1.58 at 420 mT precesses at 58.5 rad/ns, as stated in print."""
    assert pytest.approx(58.5, rel=3e-3) == 1.58 * MU_B * 0.42 / HBAR * 1e3


def test_range_gives_every_cube_inside() -> None:
    assert parse_size("4..16nm").cells(A) == tuple(range(7, 26))
    assert parse_size("7..25cells").cells(A) == tuple(range(7, 26))


@pytest.mark.parametrize("n", range(1, 40))
def test_bound_that_is_a_whole_number_of_cells_is_inside(n: int) -> None:
    text = f"{n * A:.4f}..{(n + 2) * A:.4f}nm"
    assert parse_size(text).cells(A) == (n, n + 1, n + 2)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("6.29nm", (10,)),
        ("  6.29 nm ", (10,)),
        ("2.83005nm", (5,)),  # 4.5 cells: half up
        ("2.83nm", (4,)),
        ("5nm,8nm,11nm", (8, 13, 17)),
        ("11 nm, 5nm,5.01nm", (8, 17)),
        ("4..6nm:1nm", (6, 8, 10)),
        ("4..6nm:0.1nm", (6, 7, 8, 9, 10)),
        ("7cells", (7,)),
        ("1cell", (1,)),
        ("9cells,7cells", (7, 9)),
        ("7..12cells:2cells", (7, 9, 11)),
        ("7 .. 8 cells", (7, 8)),
        ("4nm..5nm", (7,)),
        ("1e1nm", (16,)),
        ("1e6nm", (1590078,)),
    ],
)
def test_cells(text: str, cells: tuple[int, ...]) -> None:
    assert parse_size(text).cells(A) == cells


def test_diameters_of_spheres() -> None:
    assert parse_size("4..5.3nm").diameters_nm(A) == pytest.approx((4, 4 + A, 4 + 2 * A))
    assert parse_size("4..5nm:0.5nm").diameters_nm(A) == pytest.approx((4, 4.5, 5))
    assert parse_size("7cells").diameters_nm(A) == pytest.approx((7 * A,))
    assert parse_size("7..9cells").diameters_nm(A) == pytest.approx((7 * A, 8 * A, 9 * A))
    assert parse_size("8nm,5nm,8nm").diameters_nm(A) == (5, 8)


def test_a_step_that_meets_the_upper_bound_includes_it() -> None:
    assert parse_size("0.1..0.7nm:0.1nm").diameters_nm(A) == pytest.approx([0.1 * i for i in range(1, 8)])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "empty"),
        ("0nm", "above zero"),
        ("-4nm", "above zero"),
        ("0..4nm", "above zero"),
        ("nannm", "not finite"),
        ("inf nm", "not finite"),
        ("1e999nm", "not finite"),
        ("4..", "both ends"),
        ("..4nm", "both ends"),
        ("4...16nm", "both ends"),
        ("4..8..16nm", "both ends"),
        ("16..4nm", "write 4..16nm"),
        ("4..16", "no unit"),
        ("7", "no unit: write '7nm' or '7cells'"),
        ("7,5nm", "write 7.5nm"),
        ("4_5nm", "unknown unit '_5nm'"),
        ("4x4x6nm", "shape cuboid"),
        ("9" * 400 + "nm", "not finite"),
        ("9" * 5000, "no unit"),
        ("4nm..16cells", "mixes"),
        ("4nm,16cells", "mixes"),
        ("4..16nm:1cells", "step in cells"),
        ("4..16nm:0nm", "above zero"),
        ("4..16nm:1", "no unit"),
        ("4nm:1nm", "not a range"),
        ("4nm,5..6nm", "list"),
        ("4A", "unknown unit 'A'"),
        ("four nm", "where a number"),
        ("5nm,,6nm", "where a number"),
        ("7.5cells", "whole numbers"),
        ("7..25cells:2.5cells", "whole numbers"),
        ("1e10nm", "larger than"),
        ("4..16nm:1e-9nm", "more than"),
        (",".join(["5nm"] * (MAX_SIZES + 1)), "more than"),
    ],
)
def test_wrong_sizes_say_what_would_be_right(text: str, hint: str) -> None:
    with pytest.raises(BandgError) as caught:
        parse_size(text)
    message = str(caught.value)
    assert hint in message and len(message.splitlines()) == 1 and len(message) < 300


def test_smallest_cube_and_empty_range_name_the_neighbors() -> None:
    with pytest.raises(BandgError, match=r"smallest cube is 1 cell = 0\.6289 nm"):
        parse_size("0.3nm").cells(A)
    with pytest.raises(BandgError, match=r"6 cells \(3\.7734 nm\) and 7 cells \(4\.4023 nm\)"):
        parse_size("4..4.1nm").cells(A)
    with pytest.raises(BandgError, match=r"nearest are 1 cells"):
        parse_size("0.1..0.2nm").cells(A)


def test_energies_in_ev_and_mev() -> None:
    assert parse_energies("3eV, -20 meV", "barrier") == (3.0, -0.02)
    assert Grammar("range", "4.2..4.7eV", ("eV",)).span("4200..4700meV") == (4.2, 4.7, "eV", None)
    assert Grammar("range", "4.2..4.7eV", ("eV",)).span("20meV..1eV:7") == (0.02, 1.0, "eV", "7")
    assert Grammar("angle", "8", ("degrees",)).values("8,10.5deg") == ((8, "degrees"), (10.5, "degrees"))
    with pytest.raises(BandgError, match="must be one energy"):
        parse_energies("3eV,2eV", "gap", most=1)


def test_names_with_a_value() -> None:
    assert named(["a = 1", "b=x=y"], "strain", "zz=1") == {"a": "1", "b": "x=y"}
    for items, hint in (
        (["a=1", "a=2"], "'a' is given twice"),
        (["a"], "as zz=1"),
        (["=1"], "as zz=1"),
        (["a= "], "as"),
    ):
        with pytest.raises(BandgError, match=hint):
            named(items, "strain", "zz=1")


def test_huge_ranges_build_no_list() -> None:
    sizes = parse_size("1..1e9nm")
    for method in (sizes.cells, sizes.diameters_nm):
        with pytest.raises(BandgError, match="more than 10000"):
            method(A)


@pytest.mark.parametrize("a", [0.0, -1.0, math.nan, math.inf])
def test_lattice_constant_must_be_positive(a: float) -> None:
    for method in (parse_size("7nm").cells, parse_size("4..5nm").diameters_nm):
        with pytest.raises(BandgError, match="lattice constant"):
            method(a)


@given(lo=st.integers(1, 200), width=st.integers(0, 50), a=st.floats(0.3, 2))
@settings(max_examples=50)
def test_cells_of_a_range_are_exactly_those_inside(lo: int, width: int, a: float) -> None:
    found = parse_size(f"{(lo - 0.5) * a:.9f}..{(lo + width + 0.5) * a:.9f}nm").cells(a)
    assert found == tuple(range(lo, lo + width + 1))


PIECES = ["nm", "cells", "..", ":", ",", " ", "-", "+", ".", "e", "1", "0", "16", "4.5", "1e9", "nan", "inf", "\n"]
ALMOST_SIZES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(max_size=12),
    st.tuples(st.floats(), st.sampled_from(PIECES), st.floats(), st.sampled_from(PIECES)).map(
        lambda parts: "".join(map(str, parts))
    ),
)


def check_only_one_line_errors(text: str) -> None:
    try:
        sizes = parse_size(text)
        assert isinstance(sizes, SizeRequest)
        for found in (sizes.diameters_nm(A), sizes.cells(A)):
            assert found and all(size > 0 for size in found) and list(found) == sorted(set(found))
    except BandgError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 400


@given(ALMOST_SIZES)
@settings(max_examples=60)
def test_fuzzed_sizes(text: str) -> None:
    check_only_one_line_errors(text)


@pytest.mark.slow
@given(ALMOST_SIZES)
@settings(max_examples=1000, deadline=None)
def test_fuzzed_sizes_at_length(text: str) -> None:
    check_only_one_line_errors(text)
