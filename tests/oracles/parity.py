"""Eigenstates of a large Hamiltonian in the four sectors of inversion and of the half turn about z.

Both take each real orbital and each spin along z to one other, up to a phase, so that the sectors need no
representation theory; that nothing couples them is checked.
"""

import numpy as np
from scipy import sparse

_HALF_TURN = {"s": [1], "s*": [1], "p": [-1, -1, 1], "d": [1, -1, -1, 1, 1]}  # d: xy yz zx x2-y2 z2


def _operation(system, shells, rotation, half_turn):
    """The matrix of inversion or of the half turn on all orbitals."""
    place = {tuple(c): k for k, c in enumerate(system.coordinates.tolist())}
    image = [place[tuple(c)] for c in (system.coordinates * rotation).tolist()]
    spin = [-1j, 1j] if half_turn else [1, 1]
    local = []
    for names in shells:
        orbital = [sign if half_turn else (-1 if name == "p" else 1) for name in names for sign in _HALF_TURN[name]]
        local.append(np.kron(orbital, spin))
    rows = np.concatenate([np.arange(system.offsets[end], system.offsets[end + 1]) for end in image])
    phases = np.concatenate([local[kind] for kind in system.kind])
    return sparse.csr_array((phases, (rows, np.arange(len(rows)))), shape=(len(rows),) * 2)


def eigh(system, shells, vector):
    """All energies (n,) in order and states (n_orbitals, n) of a crystal with both symmetries about the origin.

    shells: names of the shells of each kind of site. vector: parameters.
    """
    matrix = sparse.csr_array(system.hamiltonian().at(vector))
    one = sparse.eye_array(matrix.shape[0], format="csr")
    inversion = _operation(system, shells, [-1, -1, -1], False)
    turn = _operation(system, shells, [-1, -1, 1], True)
    energies, states = [], []
    for parity in (1, -1):
        for value in (1j, -1j):
            projector = sparse.csc_array((one + parity * inversion) @ (one + turn / value) / 4)
            projector.eliminate_zeros()
            columns, weights = [], np.sqrt(np.asarray(abs(projector).power(2).sum(axis=0)).ravel())
            seen = set()
            for column in np.flatnonzero(weights > 1e-9):
                support = projector.indices[projector.indptr[column] : projector.indptr[column + 1]].min()
                if support not in seen:
                    seen.add(support)
                    columns.append(column)
            basis = sparse.csr_array(projector[:, columns] / weights[columns])
            image = matrix @ basis
            block = basis.conj().T @ image
            assert abs(image - basis @ block).max() < 1e-10
            found = np.linalg.eigh(block.toarray())
            energies.append(found[0])
            states.append(basis @ found[1])
    energies, states = np.concatenate(energies), np.concatenate(states, axis=1)
    assert states.shape == matrix.shape
    order = np.argsort(energies, kind="stable")
    return energies[order], states[:, order]
