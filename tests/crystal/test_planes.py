"""Depth below the surface, and the grammar of shifts."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted, parse_image
from bandg.crystal.lattice import PEROVSKITE
from bandg.crystal.planes import parse_shifts, planes
from bandg.crystal.shapes import Nanocrystal, cube, cuboid, octahedron, sphere

A = 0.6289


@pytest.mark.parametrize("crystal", [cube(4, A), cube(5, A), cube(4, A, "lead"), cuboid((3, 4, 6), A)])
def test_in_a_box_the_depth_is_the_distance_from_the_nearest_outer_plane(crystal: Nanocrystal) -> None:
    coordinates, _ = crystal.sites()
    expected = (coordinates.max(axis=0) - np.abs(coordinates)).min(axis=1)
    assert (planes(coordinates) == expected).all()
    assert (planes(coordinates + np.array([3, -8, 5])) == expected).all()


@pytest.mark.parametrize("crystal", [sphere(3.1, A), sphere(4.4, A, "lead", center="Cs"), octahedron(4.0, A)])
def test_on_a_curved_surface_the_depth_has_the_symmetry_of_the_crystal(crystal: Nanocrystal) -> None:
    coordinates, _ = crystal.sites()
    depth = planes(coordinates)
    turned = coordinates[:, [1, 2, 0]] * [1, -1, 1]
    place = {tuple(at): n for n, at in enumerate(coordinates.tolist())}
    image = [place[tuple(at)] for at in turned.tolist()]
    assert (depth[image] == depth).all()
    assert depth.min() == 0 and depth[np.abs(coordinates).sum(axis=1).argmin()] == depth.max()
    assert depth.max() >= 3


def test_shifts_are_read_in_order_and_zeros_are_dropped() -> None:
    assert parse_shifts("Pb.1=-0.01, X.0=0.13,X.2=0", PEROVSKITE) == (("Pb", 1, -0.01), ("X", 0, 0.13))
    assert parse_shifts("Pb.9=-10meV, X.0=0.13eV", PEROVSKITE) == (("Pb", 9, -0.01), ("X", 0, 0.13))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X.0", "must be a name and a value"),
        ("I.0=0.1", "is not a species"),
        ("X=0.1", "is not a species"),
        ("X.-1=0.1", "is not a species"),
        ("X.0=0.1,X.0=0.2", "given twice"),
        ("X.0=9", "beyond 5 eV"),
        ("X.0=0.1nm", "unknown unit 'nm': use eV"),
        ("X.10=0.1", "shifts are of planes 0 to 9"),
        ("X.0=0,1", "must be a name and a value"),
        ("X.0=nan", "not finite"),
    ],
)
def test_wrong_shifts_are_named(text: str, message: str) -> None:
    with pytest.raises(BandgError, match=message) as error:
        distorted(cube(3, A), surface=text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"), [("5", "two dielectric constants"), ("0.5,1", "between 1 and 1000"), ("a,b", "5,2.25")]
)
def test_wrong_dielectric_constants_are_named(text: str, message: str) -> None:
    with pytest.raises(BandgError, match=message):
        parse_image(text)


def test_equal_dielectric_constants_have_no_image() -> None:
    assert parse_image("5,2.25") == (5.0, 2.25)
    assert parse_image("5,5") == ()
