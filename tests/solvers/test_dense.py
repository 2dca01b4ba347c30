"""What LAPACK loses is noticed."""

import numpy as np
import pytest
import scipy.linalg
from scipy import sparse

from bandg.base.errors import SolverError
from bandg.solvers.spectrum import Spectrum

EIGH = scipy.linalg.eigh


def dropped(energies, states):
    return energies[:-1], states[:, :-1]


def doubled(energies, states):
    energies[3], states[:, 3] = energies[4], states[:, 4]
    return energies, states


def trace_kept(energies, states):
    energies[3], energies[7] = energies[3] - 0.1, energies[7] + 0.1
    return energies, states


@pytest.mark.parametrize("loss", [dropped, doubled, trace_kept])
@pytest.mark.parametrize("phase", [1.0, 1j])
def test_a_level_that_lapack_loses_is_noticed(monkeypatch, loss, phase):
    """Even outside of the window, whose own states are all good."""
    matrix = sparse.csr_array(sparse.random_array((300, 300), density=0.02, rng=np.random.default_rng(2)) * phase)
    matrix = sparse.csr_array(matrix + matrix.conj().T)
    assert len(Spectrum(matrix, "dense").between(1.0, 9.0).energies) > 2
    monkeypatch.setattr(scipy.linalg, "eigh", lambda *given, **how: loss(*EIGH(*given, **how)))
    with pytest.raises(SolverError, match="LAPACK lost a level"):
        Spectrum(matrix, "dense").between(1.0, 9.0)


def test_a_diagonalization_that_does_not_converge_is_one_line(monkeypatch):
    def fails(*given, **how):
        raise np.linalg.LinAlgError("no convergence")

    monkeypatch.setattr(scipy.linalg, "eigh", fails)
    with pytest.raises(SolverError, match="choose the solver superlu"):
        Spectrum(sparse.csr_array(np.eye(3)), "dense").between(0.0, 2.0)
