"""The cubic axes of a distorted crystal, from the vectors between neighboring atoms of the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandg.hamiltonian.groups import cubic_rotations


def smallest_turn(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vector (3,) in radians that takes x, y, z to the axes along which the vectors (n, 3) point.

    Of all rotations that a cube cannot tell apart it is the smallest.
    """
    from scipy.spatial.transform import Rotation

    mean = np.array([_mean_along(vectors, axis) for axis in _frame(vectors)])
    u, _, v = np.linalg.svd(mean.T)
    nearest = u @ v
    same = [turn for turn in cubic_rotations().astype(float) if np.linalg.det(nearest @ turn) > 0]
    turns = [Rotation.from_matrix(nearest @ cube).as_rotvec() for cube in same]
    return np.asarray(min(turns, key=lambda turn: float(np.linalg.norm(turn))))


def _frame(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three orthogonal directions along which the vectors point, rows of shape (3, 3)."""
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    first = unit[0]
    across = unit - np.outer(unit @ first, first)
    second = across[np.argmax(np.linalg.norm(across, axis=1))]
    if np.linalg.norm(second) < 0.5:  # a row of Pb: only its own direction is known
        return np.eye(3) if np.abs(first).max() > 0.95 else _beside(first)
    second = second / np.linalg.norm(second)
    return np.array([first, second, np.cross(first, second)])


def _beside(first: NDArray[np.float64]) -> NDArray[np.float64]:
    second = np.eye(3)[np.argmin(np.abs(first))]
    second = np.cross(first, second) / np.linalg.norm(np.cross(first, second))
    return np.array([first, second, np.cross(first, second)])


def _mean_along(vectors: NDArray[np.float64], axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the vectors within 45 degrees of an axis, signs turned along it; the axis where there are none."""
    along = vectors @ axis
    near = np.abs(along) > np.sqrt(0.5) * np.linalg.norm(vectors, axis=1)
    if not near.any():
        return axis
    mean = (vectors[near] * np.sign(along[near])[:, None]).mean(axis=0)
    return mean / np.linalg.norm(mean)
