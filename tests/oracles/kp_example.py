"""A k.p set that is invariant under all rotations, so that closed forms are known."""

from bandg.base.units import HBAR2_OVER_M0
from bandg.models.kp.matrices import DEFAULTS
from bandg.models.kp.sets import KpSet
from bandg.parameters.sets import Parameter

C = HBAR2_OVER_M0 / 2
A_NM = 0.6
SPHERICAL = DEFAULTS | {
    **{"E_v": 0.0, "E_g": 1.5, "Delta": 1.2, "P6": 0.25, "P8": 0.22, "a_v": -3.0, "a_6": 3.0, "a_8": 3.0},
    **{"b_E": 1.0, "b_T": 0.5, "d_E": 0.6, "d_T": 0.3, "dg_v": -0.1, "dg_c": -1.0, "kappa": -0.3, "kappa_68": 0.2},
}
"""With b_E = 2 b_T and d_E = 2 d_T the Hamiltonian is invariant under all rotations."""


def kp_set(**changes):
    values = SPHERICAL | changes
    entries = {name: Parameter(name, value, "1", "a test", "assumed") for name, value in values.items()}
    return KpSet("test", "", entries, Parameter("lattice.a", A_NM, "nm", "a test", "assumed"))
