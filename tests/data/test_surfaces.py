"""Named surfaces: shifts by termination, between both at partial occupancy, and what is not a surface."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.crystal.atoms import Atoms
from bandg.crystal.distortion import distorted
from bandg.crystal.from_atoms import explicit
from bandg.crystal.shapes import Nanocrystal, cube, cuboid, octahedron, sphere, truncated_cube
from bandg.crystal.structure import structure_of
from bandg.data.surfaces import check_shifts, meaning, with_surface
from bandg.parameters.loader import load_set
from bandg.parameters.sets import Parameter

A = 0.6289
HALIDE, LEAD = cube(4, A, "halide"), cube(4, A, "lead")
OWN = {
    path: Parameter(path, value, "eV", "a test", "assumed")
    for path, value in {"surface.halide.X.0": 0.2, "surface.halide.Pb.1": -0.1, "surface.lead.Pb.0": 0.4}.items()
}


def atoms_of(crystal: Nanocrystal) -> Atoms:
    structure = structure_of(crystal)
    return Atoms(structure.positions_nm, np.array(["Pb", "I"])[structure.kind])


def shifts(crystal: Nanocrystal, asked: str | None, own: dict[str, Parameter] | None = None) -> dict[str, float]:
    return {f"{kind}.{plane}": shift for kind, plane, shift in with_surface(crystal, asked, own or {})}


SLABS = {
    "halide": {"X.0": 0.129, "X.1": -0.112, "Pb.1": -0.007, "X.2": 0.024},
    "lead": {"X.0": 0.516, "Pb.0": 0.109, "X.1": 0.036, "X.2": 0.013},
}


@pytest.mark.parametrize("make", [lambda end: cube(4, A, end), lambda end: sphere(3.0, A, end)])
@pytest.mark.parametrize("end", SLABS)
def test_slabs_follow_the_termination(make, end) -> None:  # type: ignore[no-untyped-def]
    assert shifts(make(end), "slabs") == pytest.approx(SLABS[end], abs=6e-4)
    assert shifts(make(end), "slabs:scale=2") == pytest.approx({k: 2 * v for k, v in SLABS[end].items()}, abs=2e-3)


def test_other_shapes_and_distorted_crystals_have_the_surface_of_their_termination() -> None:
    wanted = shifts(HALIDE, "slabs")
    for one in (
        octahedron(3.0, A, "halide"),
        truncated_cube(5, A, "halide"),
        distorted(HALIDE, strain="zz=0.01", tilt="a0a0c+", angles="6"),
        distorted(HALIDE, x_vacancies=0.3),
    ):
        assert shifts(one, "slabs") == wanted


def test_partial_occupancy_lies_between_both_terminations() -> None:
    """Plane k of the lead termination is plane k + 1 of the halide one; its atoms of plane 0 are not in the other."""
    for asked in ("slabs", "point-charges:eps=2"):
        full, empty = shifts(HALIDE, asked), shifts(LEAD, asked)
        half = shifts(distorted(HALIDE, occupancy=0.25), asked)
        below = {f"{key[:-1]}{int(key[-1]) + 1}": value for key, value in empty.items()}
        for key in {*full, *below} - {"X.0"}:
            assert half.get(key, 0.0) == pytest.approx(0.25 * full.get(key, 0.0) + 0.75 * below.get(key, 0.0), abs=2e-4)
        assert half["X.0"] == full["X.0"]
        assert shifts(distorted(HALIDE, occupancy=0.0), asked) == empty


def test_point_charges_take_charges_and_screening() -> None:
    found = shifts(HALIDE, "point-charges")
    assert found["X.0"] == pytest.approx(1.0798 / 4.4, abs=1e-4)
    weaker = shifts(HALIDE, "point-charges:eps=8.8,Pb=1,X=-0.5,Cs=0.5")
    assert weaker["X.0"] == pytest.approx(found["X.0"] / 4, abs=1e-4)
    assert shifts(LEAD, "point-charges")["Pb.0"] == pytest.approx(-0.7704 / 4.4, abs=6e-4)


def test_the_set_has_its_own_unless_another_is_asked_for() -> None:
    assert shifts(HALIDE, None) == {}
    assert shifts(HALIDE, None, OWN) == {"X.0": 0.2, "Pb.1": -0.1}
    assert shifts(LEAD, None, OWN) == {"Pb.0": 0.4}
    assert shifts(HALIDE, "none", OWN) == {}
    assert shifts(HALIDE, "X.2=0.1", OWN) == {"X.2": 0.1}


def test_a_structure_has_the_surface_of_its_halides() -> None:
    for end, crystal in (("halide", cube(3, A, "halide")), ("lead", cube(3, A, "lead"))):
        given = explicit(atoms_of(crystal), A)
        assert shifts(given, "slabs") == pytest.approx(SLABS[end], abs=6e-4)


def test_words_say_what_is_assumed() -> None:
    iodide, bromide = load_set("bandg-nnn"), load_set("bandg-cspbbr3-nnn")
    assert meaning("slabs", iodide) == "core-level shifts of first-principles slabs of CsPbI3"
    assert meaning("slabs:scale=0.5", bromide) == (
        "0.5 times core-level shifts of first-principles slabs of CsPbI3, assumed for CsPbBr3"
    )
    assert meaning("point-charges", iodide) == "point charges Pb +2, X -1, Cs +1, dielectric constant 4.4"
    assert "of the set bandg-nnn" in meaning(None, iodide)
    assert meaning("X.0=0.1", iodide) == meaning("none", iodide) == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("slab", "`surface` 'slab' is unknown (did you mean 'slabs'?): write slabs, point-charges, none, or shifts"),
        ("slabs:half=1", "the surface slabs has no option 'half': write slabs:scale=0.5"),
        ("slabs:scale=much", "'much' has 'much' where a number should stand"),
        ("slabs:scale=50", "`surface` scale must lie between 0 and 10, not 50"),
        ("slabs:scale=-1", "`surface` scale must lie between 0 and 10, not -1"),
        ("slabs:", "option of the surface slabs"),
        ("none:scale=1", "the surface none has no option 'scale': write none"),
        ("point-charges:Pb=3", "plane PbX2 must add up to zero"),
        ("point-charges:eps=-1", "eps must be positive"),
        ("point-charges:eps=2,eps=3", "is given twice"),
        ("Cs.0=0.1", "is not a species"),
    ],
)
def test_what_is_not_a_surface(asked: str, words: str) -> None:
    with pytest.raises(BandgError) as caught:
        with_surface(HALIDE, asked, {})
    assert words in str(caught.value) and "\n" not in str(caught.value)


def check(text: str, *crystals: Nanocrystal) -> None:
    check_shifts([replace(one, surface=with_surface(one, text, {})) for one in crystals], text)


@pytest.mark.parametrize(
    ("text", "crystals", "words"),
    [
        (
            "Pb.0=0.1",
            [HALIDE],
            "surface shift Pb.0: no Pb lies in plane 0 of halide planes; Pb lies in the planes 1, 3 of",
        ),
        ("Pb.7=0.1,X.0=0.1", [cube(3, A)], "no Pb lies in plane 7 of halide planes; Pb lies in the planes 1, 3 of"),
        ("X.3=0.1", [cube(3, A)], "X lies in the planes 0, 1, 2 of"),
        ("Pb.1=0.1", [cube(30, A, "lead")], "Pb lies in the planes 0, 2, 4, 6, 8 of"),
        ("Pb.0=0.1", [sphere(30, A)], "no Pb lies in plane 0 of halide planes"),
        ("Pb.2=0.1", [explicit(atoms_of(cube(3, A)), A)], "no Pb lies in plane 2 of halide planes"),
    ],
)
def test_a_shift_that_no_atom_has_is_refused(text: str, crystals: list[Nanocrystal], words: str) -> None:
    with pytest.raises(BandgError) as caught:
        check(text, *crystals)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_shift_that_one_of_several_has_is_taken() -> None:
    check("Pb.0=0.1,Pb.1=0.1", HALIDE, LEAD)
    check("Pb.7=0.1,X.6=0.1", cube(3, A), cube(8, A))
    check("X.3=0.1", cuboid((3, 5, 5), A))
    check("slabs", cube(2, A))
