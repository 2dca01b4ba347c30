"""Two-center hopping blocks in any direction, from the bond frame by rotation [slaterkoster1954].

A hopping parameter is the integral V(l l' m) with the bond pointing from the atom of the lower l to the atom of the
higher l, as every literature table prints it; the other order carries the factor (-1)^(l + l').
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandg.models.etb.orbitals import ANGULAR_MOMENTUM, COMPONENTS, rotate_shell

_PROJECTIONS = {"sigma": 0, "pi": 1, "delta": 2}

# |m| of each real orbital about the bond (z), with "c"/"s" telling the cosine from the sine combination
_ABOUT_Z = {
    "s": (0, "c"),
    "s*": (0, "c"),
    "x": (1, "c"),
    "y": (1, "s"),
    "z": (0, "c"),
    "xy": (2, "s"),
    "yz": (1, "s"),
    "zx": (1, "c"),
    "x2-y2": (2, "c"),
    "3z2-r2": (0, "c"),
}


def split_integral(name: str) -> tuple[str, str, str]:
    """Shells and bond symmetry of an integral's name: "d-p.sigma" is ("d", "p", "sigma"), "s-p" is sigma."""
    shells, _, projection = name.partition(".")
    first, second = shells.split("-")
    return first, second, projection or "sigma"


def frame_to_bond(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations that turn z to each unit vector, shape (n, 3, 3); the angle about the bond does not matter."""
    directions = np.atleast_2d(directions)
    helper = np.where(np.abs(directions[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(helper, directions)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(directions, first), directions], axis=2)


def hopping_block(first: str, second: str, projection: str, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hopping matrix for a unit integral, without spin: <first orbital | H | second orbital at +direction>.

    first, second: shells of the first and second atom; projection: "sigma", "pi" or "delta".
    directions: (n, 3) unit vectors from the first atom to the second.
    Returns shape (n, 2 l + 1, 2 l' + 1), dimensionless.
    """
    m = _PROJECTIONS[projection]
    in_frame = np.array(
        [
            [float(_ABOUT_Z[a] == _ABOUT_Z[b] and _ABOUT_Z[a][0] == m) for b in COMPONENTS[second]]
            for a in COMPONENTS[first]
        ]
    )
    l_first, l_second = ANGULAR_MOMENTUM[first], ANGULAR_MOMENTUM[second]
    if l_first > l_second:
        in_frame *= (-1) ** (l_first + l_second)
    frames = frame_to_bond(directions)
    left, right = rotate_shell(l_first, frames), rotate_shell(l_second, frames)
    block = left @ in_frame @ np.swapaxes(right, -1, -2)
    return np.where(np.abs(block) < 1e-14, 0.0, block)
