"""Tight binding written out from the closed table of Slater and Koster (1954) and from textbook L.S.

An oracle for the tests: it shares no function with the package and takes nothing from it but raw numbers, through a
callable value("hopping.Pb-X.s-p") in eV. Coordinates are integers in units of half a lattice constant.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Value = Callable[[str], float]
Shells = dict[str, tuple[str, ...]]

FULL: Shells = {"Pb": ("s", "p", "d", "s*"), "X": ("s", "p", "d", "s*")}
"""Orbitals of the nestoklon sets."""

SMALL: Shells = {"Pb": ("s", "p"), "X": ("p",)}
"""Orbitals of the kashikar sets."""

WITH_LEAD_D: Shells = {"Pb": ("s", "p", "d"), "X": ("p",)}
"""Orbitals of bandg-nnn-small."""


def orbitals(name: str) -> Shells:
    """Orbitals of a shipped set."""
    return SMALL if name.startswith("kashikar") else WITH_LEAD_D if name.endswith("-small") else FULL


SIZES = {"s": 1, "p": 3, "d": 5, "s*": 1}
MOMENTUM = {"s": 0, "p": 1, "d": 2, "s*": 0}
BONDS = ("sigma", "pi", "delta")
AXES = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
DIAGONALS = [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if i * i + j * j + k * k == 2]


def slater_koster(first: int, second: int, v: dict[str, float], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Block <first | H | second> of shells with l <= l' for the direction cosines from the first atom to the second.

    Orders: x, y, z and xy, yz, zx, x2-y2, 3z2-r2. v holds "sigma", "pi", "delta".
    """
    l, m, n = direction
    s, p, d = (v.get(name, 0.0) for name in BONDS)
    if (first, second) == (0, 0):
        return np.array([[s]])
    if (first, second) == (0, 1):
        return np.array([[l * s, m * s, n * s]])
    if (first, second) == (1, 1):
        return np.array(
            [
                [l * l * s + (1 - l * l) * p, l * m * (s - p), l * n * (s - p)],
                [m * l * (s - p), m * m * s + (1 - m * m) * p, m * n * (s - p)],
                [n * l * (s - p), n * m * (s - p), n * n * s + (1 - n * n) * p],
            ]
        )
    q = sqrt(3)
    u = l * l - m * m
    w = n * n - (l * l + m * m) / 2
    if (first, second) == (0, 2):
        return np.array([[q * l * m * s, q * m * n * s, q * n * l * s, q / 2 * u * s, w * s]])
    if (first, second) == (1, 2):
        x = [
            q * l * l * m * s + m * (1 - 2 * l * l) * p,
            q * l * m * n * s - 2 * l * m * n * p,
            q * l * l * n * s + n * (1 - 2 * l * l) * p,
            q / 2 * l * u * s + l * (1 - u) * p,
            l * w * s - q * l * n * n * p,
        ]
        y = [
            q * m * m * l * s + l * (1 - 2 * m * m) * p,
            q * m * m * n * s + n * (1 - 2 * m * m) * p,
            q * l * m * n * s - 2 * l * m * n * p,
            q / 2 * m * u * s - m * (1 + u) * p,
            m * w * s - q * m * n * n * p,
        ]
        z = [
            q * l * m * n * s - 2 * l * m * n * p,
            q * n * n * m * s + m * (1 - 2 * n * n) * p,
            q * n * n * l * s + l * (1 - 2 * n * n) * p,
            q / 2 * n * u * s - n * u * p,
            n * w * s + q * n * (l * l + m * m) * p,
        ]
        return np.array([x, y, z])
    if (first, second) == (2, 2):
        l2, m2, n2 = l * l, m * m, n * n
        upper = {
            (0, 0): 3 * l2 * m2 * s + (l2 + m2 - 4 * l2 * m2) * p + (n2 + l2 * m2) * d,
            (1, 1): 3 * m2 * n2 * s + (m2 + n2 - 4 * m2 * n2) * p + (l2 + m2 * n2) * d,
            (2, 2): 3 * n2 * l2 * s + (n2 + l2 - 4 * n2 * l2) * p + (m2 + n2 * l2) * d,
            (0, 1): 3 * l * m2 * n * s + l * n * (1 - 4 * m2) * p + l * n * (m2 - 1) * d,
            (0, 2): 3 * l2 * m * n * s + m * n * (1 - 4 * l2) * p + m * n * (l2 - 1) * d,
            (1, 2): 3 * l * m * n2 * s + l * m * (1 - 4 * n2) * p + l * m * (n2 - 1) * d,
            (0, 3): 3 / 2 * l * m * u * s - 2 * l * m * u * p + l * m * u / 2 * d,
            (1, 3): 3 / 2 * m * n * u * s - m * n * (1 + 2 * u) * p + m * n * (1 + u / 2) * d,
            (2, 3): 3 / 2 * n * l * u * s + n * l * (1 - 2 * u) * p - n * l * (1 - u / 2) * d,
            (0, 4): q * (l * m * w * s - 2 * l * m * n2 * p + l * m * (1 + n2) / 2 * d),
            (1, 4): q * (m * n * w * s + m * n * (l2 + m2 - n2) * p - m * n * (l2 + m2) / 2 * d),
            (2, 4): q * (l * n * w * s + l * n * (l2 + m2 - n2) * p - l * n * (l2 + m2) / 2 * d),
            (3, 3): 3 / 4 * u * u * s + (l2 + m2 - u * u) * p + (n2 + u * u / 4) * d,
            (3, 4): q * (u * w / 2 * s - n2 * u * p + (1 + n2) * u / 4 * d),
            (4, 4): w * w * s + 3 * n2 * (l2 + m2) * p + 3 / 4 * (l2 + m2) ** 2 * d,
        }
        block = np.zeros((5, 5))
        for (row, column), element in upper.items():
            block[row, column] = block[column, row] = element
        return block
    raise ValueError(f"l = {first} must not exceed l' = {second}")


def any_order(first: int, second: int, v: dict[str, float], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for any two shells: with l > l' the two atoms are swapped, which turns the direction round."""
    if first <= second:
        return slater_koster(first, second, v, direction)
    return slater_koster(second, first, v, -direction).T


# L.sigma on x up, x down, y up, y down, z up, z down
P_SPIN_ORBIT = np.array(
    [
        [0, 0, -1j, 0, 0, 1],
        [0, 0, 0, 1j, -1, 0],
        [1j, 0, 0, 0, 0, -1j],
        [0, -1j, 0, 0, -1j, 0],
        [0, -1, 0, 1j, 0, 0],
        [1, 0, 1j, 0, 0, 0],
    ]
)


def dimension(shells: tuple[str, ...]) -> int:
    """Spin-orbitals of an atom."""
    return 2 * sum(SIZES[shell] for shell in shells)


def onsite(value: Value, shells: Shells, species: str) -> NDArray[np.complex128]:
    """Energies and spin-orbit coupling of one atom; the spin is the fast index."""
    energies = [value(f"onsite.{species}.{shell}") for shell in shells[species] for _ in range(2 * SIZES[shell])]
    matrix = np.diag(np.array(energies, dtype=complex))
    start = dimension(shells[species][: shells[species].index("p")])
    matrix[start : start + 6, start : start + 6] += value(f"spin_orbit.{species}.p") * P_SPIN_ORBIT
    return matrix


def integrals(value: Value, table: str, one: str, other: str) -> dict[str, float]:
    """The two-center integrals of a pair of shells, the name read as the table of the file has it."""
    if table != "Pb-X":
        if not {one, other} <= {"s", "p"}:
            return {}
        one, other = sorted((one, other), key="sp".index)
    smaller = min(MOMENTUM[one], MOMENTUM[other])
    if smaller == 0:
        return {"sigma": value(f"hopping.{table}.{one}-{other}")}
    return {bond: value(f"hopping.{table}.{one}-{other}.{bond}") for bond in BONDS[: smaller + 1]}


def bond(value: Value, shells: Shells, first: str, second: str, vector: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Hopping <first | H | second> for a vector from the first atom to the second."""
    if (first, second) == ("X", "Pb"):
        return bond(value, shells, "Pb", "X", -np.asarray(vector)).conj().T
    direction = np.asarray(vector) / np.linalg.norm(vector)
    rows = [
        np.hstack(
            [
                any_order(MOMENTUM[one], MOMENTUM[other], integrals(value, f"{first}-{second}", one, other), direction)
                for other in shells[second]
            ]
        )
        for one in shells[first]
    ]
    return np.kron(np.vstack(rows), np.eye(2)).astype(complex)


def neighbors(first: str, tables: tuple[str, ...]) -> list[tuple[str, tuple[int, int, int]]]:
    """Species and vectors of the neighbors that an atom can have."""
    found = [("X" if first == "Pb" else "Pb", vector) for vector in AXES]
    if first == "X" and "X-X" in tables:
        found += [("X", vector) for vector in DIAGONALS]
    if first == "Pb" and "Pb-Pb" in tables:
        found += [("Pb", (2 * i, 2 * j, 2 * k)) for i, j, k in AXES]
    return found


def cube_sites(cells: int, termination: str) -> dict[tuple[int, int, int], str]:
    """Species at each coordinate of a cube about its center."""
    line = range(1 - cells, cells, 2)
    lead = {(i, j, k) for i in line for j in line for k in line}
    around: dict[tuple[int, int, int], int] = {}
    for i, j, k in lead:
        for a, b, c in AXES:
            place = (i + a, j + b, k + c)
            around[place] = around.get(place, 0) + 1
    halide = {place for place, count in around.items() if count == 2 or termination == "halide"}
    return {**dict.fromkeys(sorted(lead), "Pb"), **dict.fromkeys(sorted(halide), "X")}


def matrix(
    value: Value, shells: Shells, tables: tuple[str, ...], sites: list[tuple[tuple[int, int, int], str]]
) -> sparse.csr_array:
    """The Hamiltonian of a list of (coordinates, species), site by site in that order."""
    number = {place: k for k, (place, _) in enumerate(sites)}
    species = dict(sites)
    blocks: list[list[NDArray[np.complex128] | None]] = [[None] * len(sites) for _ in sites]
    cache: dict[tuple[str, str, tuple[int, int, int]], NDArray[np.complex128]] = {}
    for place, kind in sites:
        blocks[number[place]][number[place]] = onsite(value, shells, kind)
        for other, vector in neighbors(kind, tables):
            end = (place[0] + vector[0], place[1] + vector[1], place[2] + vector[2])
            if species.get(end) != other:
                continue
            key = (kind, other, vector)
            if key not in cache:
                cache[key] = bond(value, shells, kind, other, np.array(vector))
            blocks[number[place]][number[end]] = cache[key]
    return sparse.block_array(blocks, format="csr")


def bloch(value: Value, shells: Shells, tables: tuple[str, ...], k: NDArray[np.float64]) -> NDArray[np.complex128]:
    """H(k) of the crystal, k in units of 2 / a, in the gauge of the true positions; Pb, then X along x, y, z."""
    cell = [((0, 0, 0), "Pb"), ((1, 0, 0), "X"), ((0, 1, 0), "X"), ((0, 0, 1), "X")]
    ends = np.cumsum([0, *(dimension(shells[kind]) for _, kind in cell)])
    result = np.zeros((ends[-1], ends[-1]), dtype=complex)
    for a, (place, kind) in enumerate(cell):
        result[ends[a] : ends[a + 1], ends[a] : ends[a + 1]] += onsite(value, shells, kind)
        for other, vector in neighbors(kind, tables):
            for b, (end, kind_b) in enumerate(cell):
                if kind_b == other and not np.any((np.array(place) + vector - end) % 2):
                    hop = bond(value, shells, kind, other, np.array(vector))
                    result[ends[a] : ends[a + 1], ends[b] : ends[b + 1]] += hop * np.exp(1j * np.dot(k, vector))
    return result
