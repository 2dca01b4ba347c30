"""Finite differences for the potential of a charge in a dielectric box or sphere: shares nothing with bandg."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg


def image_energy(is_inside, half, reach, inside, outside, source):
    """Self-energy of a unit charge on node `source` (integers), in e^2 / (4 pi eps0) over the half width 1.

    Nodes are h = 1 / (half + 1/2) apart, so a face at 1 lies in the middle between two of them, and reach to `reach` in
    each direction. is_inside: of coordinates (..., 3). The potential without contrast is subtracted.
    """
    h, count = 1 / (half + 0.5), 2 * reach + 1
    line = (np.arange(count) - reach) * h
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1)
    index = np.arange(count**3).reshape(count, count, count)
    charge = tuple(np.array(source) + reach)

    def potential(beyond):
        eps = np.where(is_inside(points), inside, beyond)
        diagonal, right = np.zeros(count**3), np.zeros(count**3)
        right[index[charge]] = 4 * np.pi / h
        entries = []
        for axis in range(3):
            a, b = (np.moveaxis(index, axis, 0)[part].ravel() for part in (slice(None, -1), slice(1, None)))
            bond = 2 / (1 / eps.ravel()[a] + 1 / eps.ravel()[b])
            np.add.at(diagonal, a, bond)
            np.add.at(diagonal, b, bond)
            entries += [(-bond, (a, b)), (-bond, (b, a))]
            for end, step in ((0, -h), (-1, h)):  # far away the potential is that of the charge in the outer medium
                nodes = np.moveaxis(index, axis, 0)[end].ravel()
                ghosts = points.reshape(-1, 3)[nodes].copy()
                ghosts[:, axis] += step
                diagonal[nodes] += beyond
                right[nodes] += 1 / np.linalg.norm(ghosts - points[charge], axis=1)
        matrix = sum(sparse.csr_matrix(one, shape=(count**3, count**3)) for one in entries) + sparse.diags(diagonal)
        found, failed = cg(matrix.tocsr(), right, rtol=1e-8)
        assert not failed
        return found[index[charge]]

    return (potential(outside) - potential(inside)) / 2
