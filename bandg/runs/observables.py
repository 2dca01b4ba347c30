"""The list of observables. Dataset, CSV columns, averages and documentation are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from bandg.base.errors import BandgError
from bandg.base.text import nearest
from bandg.crystal.distortion import describe
from bandg.crystal.lattice import PEROVSKITE
from bandg.models.etb import optics
from bandg.models.levels import Levels, LevelState
from bandg.models.observable import Observable

ALL, ONE, PAIR, CARRIER, LEVEL = (), ("nc",), ("nc", "axis"), ("nc", "carrier"), ("nc", "carrier", "level")
TENSOR = (*CARRIER, "axis", "field")
DETAILS = "details"
"""Name for all observables of the kind detail, with the band edges as the first levels."""


def _one(name: str, unit: str, meaning: str, read: Any = None, dims: tuple[str, ...] = ONE, **more: Any) -> Observable:
    return Observable(name, meaning, unit, dims, attrgetter(read) if isinstance(read, str) else read, **more)


_label = partial(_one, kind="label")


def _detail(name: str, unit: str, meaning: str, read: Any, dims: tuple[str, ...] = CARRIER) -> Observable:
    return _one(name, unit, meaning, read, dims, kind="detail")


def _shell(name: str) -> Callable[[LevelState], float | None]:
    return lambda state: state.character.get(name)


def _edges(levels: Levels) -> str | None:
    return "x".join(map(str, levels.nanocrystal.edges)) or None


def _distortion(levels: Levels) -> str | None:
    return describe(levels.nanocrystal) or None


def _principal(state: LevelState) -> tuple[float, ...] | None:
    return state.g_principal or (None if state.g is None else (state.g,) * 3)


def _axes(state: LevelState) -> tuple[tuple[float, ...], ...]:
    return state.g_axes or ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def _tensor(state: LevelState) -> Any:
    isotropic = None if state.g is None else [[state.g if i == j else 0.0 for j in range(3)] for i in range(3)]
    return state.g_tensor or isotropic


def _quartet(number: int) -> Callable[[LevelState], float | None]:
    return lambda state: state.g_quartet and state.g_quartet[number]


AT_ENERGY = {name: f"{name}_stderr_at_E" for name in ("g_e", "g_h", "g_bx")}
AT_SIZE = {"E_e_eV": "E_e_stderr_eV", "E_h_eV": "E_h_stderr_eV", "E_gap_eV": "E_gap_stderr_eV"} | {
    name: f"{name}_stderr" for name in AT_ENERGY
}
"""Names of the standard errors of each quantity, at fixed transition energy and at fixed size."""


def _stderr(quantity: str) -> list[Observable]:
    """Standard errors that the fit of the set leaves in a quantity, at fixed size and for g at fixed energy."""
    meaning = f"standard error of {quantity} by the fit of the set, at fixed"
    found = [_one(AT_SIZE[quantity], "eV" if quantity.endswith("_eV") else "1", f"{meaning} size", optional=True)]
    if quantity in AT_ENERGY:
        found.append(_one(AT_ENERGY[quantity], "1", f"{meaning} transition energy", optional=True))
    return found


_SHAPES = "cube, sphere, cuboid, octahedron, truncated-cube, or structure: explicit atoms"
_ENDS = f"{PEROVSKITE.meanings}; k.p: hard-wall or glass"
_CENTERS = "what lies in the center of the shape: Pb, Cs, X, or face (none, in a plane of PbX2)"
_SHELLS = "hopping shells: 1 Pb-X, 2 with those of X-X and Pb-Pb that the set has; 0 in the k.p model"
_CELLS = "Pb along an edge of a cube or truncated cube; 0 for others"
_SIZES = "edge N a of a cube, diameter of a sphere or octahedron, else cube root of N_Pb a^3"
_FUNCTIONS = "number of spin-orbitals, of functions (band x envelope) in the k.p model"
_SETS = "name of the parameter set; of a mixed halide both, with the share of the second"
_DISTORTIONS = "strain, tilt, share of the second halide, vacancies, occupancy, surface shifts, image self-energy"
_KANE = "optical matrix element between the band edges for light along each axis, as Kane energy"
_STRENGTH = "oscillator strength of the band-edge transition for light along each axis, without exciton effects"
_ATOMIC = "part of g from the angular momentum of the p shells, in g only if asked for"

OF_PAIR = {
    "E_exciton_eV": "energy of the pair to first order, E_e - E_h - J + polarization, without correlation",
    "J_eV": "screened Coulomb attraction of electron and hole",
    "J_hh_eV": "screened Coulomb repulsion of two holes",
    "polarization_eV": "what the image charges of the surroundings add to the energy of the pair",
}
"""Of `bandg.models.etb.pairs`, in the results that were computed with an exciton."""

BUILT_IN = (
    _label("shape", "", _SHAPES, "nanocrystal.shape", ALL),
    _label("termination", "", _ENDS, "nanocrystal.termination"),
    _label("center", "", _CENTERS, "nanocrystal.center"),
    _label("neighbors", "1", _SHELLS, "neighbors", ALL),
    _label("cells", "1", _CELLS, "nanocrystal.cells", missing=0),
    _label("size_nm", "nm", _SIZES, "nanocrystal.size_nm"),
    _label("n_pb", "1", "number of Pb, 0 in the k.p model", "n_pb", averaged=True),
    _label("n_orbitals", "1", _FUNCTIONS, "n_orbitals"),
    _one("E_e_eV", "eV", "band-edge electron level on the set's own zero", "electron.energy_eV", averaged=True),
    _one("E_h_eV", "eV", "band-edge hole level on the set's own zero", "hole.energy_eV", averaged=True),
    _label("E_gap_eV", "eV", "transition energy E_e - E_h, without exciton binding", "E_gap_eV", averaged=True),
    *(_one(name, "eV", meaning, None, optional=True, averaged=True) for name, meaning in OF_PAIR.items()),
    _one("g_e", "1", "electron g-factor, Tr(g) / 3", "electron.g", averaged=True),
    _one("g_h", "1", "hole g-factor, Tr(g) / 3 (valence doublet, electron picture)", "hole.g", averaged=True),
    _one("g_bx", "1", "bright-exciton g-factor g_e + g_h", "g_bx", averaged=True),
    Observable("exciton", "screening of electron and hole, and the dielectric constant outside", "", (), optional=True),
    _one("surface_weight", "1", "weight on atoms that miss a neighbor", "surface_weight", CARRIER, averaged=True),
    _one("residual_eV", "eV", "largest norm of H psi - E psi of the two band edges", "residual_eV"),
    _label("model", "", "etb or kp", None, ALL),
    _label("set", "", _SETS, None, ALL),
    _one(
        *("g_axis", "1", "principal values of g, by the axis they lie nearest to", _principal, (*CARRIER, "axis")),
        column="g_{carrier}_{axis}",
        averaged=True,
    ),
    _label("edges", "", "Pb along x, y and z of a cuboid", _edges, optional=True),
    _label("distortion", "", _DISTORTIONS, _distortion, optional=True),
    _label("seed", "1", "seed of what is random; -1 where nothing is", "nanocrystal.seed", missing=-1, optional=True),
    _label("point_group", "", "symmetry that was found, about the center", "point_group"),
    _one("irrep", "", "irreducible representation of the band-edge doublet", "irrep", CARRIER, column=""),
    _one("glass_weight", "1", "weight in the glass around a k.p nanocrystal", None, CARRIER, optional=True),
    *(one for quantity in AT_SIZE for one in _stderr(quantity)),
    Observable("E_p_eV", _KANE, "eV", PAIR, states=optics.kane_energy, averaged=True),
    Observable("oscillator_strength", _STRENGTH, "1", PAIR, states=optics.oscillator_strength, averaged=True),
    _detail("g_spin", "1", "spin part of g", "g_spin"),
    _detail("g_orbital", "1", "part of g from the motion between atoms", "g_orbital"),
    _detail("g_atomic", "1", _ATOMIC, "g_atomic"),
    _detail("g_direction", "1", "unit vectors of the principal axes of g", _axes, TENSOR),
    _detail("g_tensor", "1", "g tensor: rows (axis) pseudospin, columns field", _tensor, TENSOR),
    _detail("sigma_z", "1", "<sigma_z> of the pseudospin-up state", "sigma_z"),
    _detail("overlap", "1", "weight of bulk Bloch function x envelope in the state", "overlap"),
    _detail("s_weight", "1", "weight on s shells of Pb", _shell("Pb s")),
    _detail("p_pb_weight", "1", "weight on p shells of Pb", _shell("Pb p")),
    _detail("p_x_weight", "1", "weight on p shells of X", _shell("X p")),
    _one("level_E_eV", "eV", "energy of the level on the set's own zero", "energy_eV", LEVEL),
    _one("level_irrep", "", "irreducible representation of the level", "irrep", LEVEL),
    _one("level_degeneracy", "1", "2 for a Kramers doublet, 4 for a quartet", "degeneracy", LEVEL, missing=0),
    _one("level_g", "1", "g-factor of a doublet", "g", LEVEL),
    _one("level_g_1", "1", "g_1 of a quartet: H_Z = mu_B B (g_1 J_z + g_2 J_z^3)", _quartet(0), LEVEL),
    _one("level_g_2", "1", "g_2 of a quartet", _quartet(1), LEVEL),
    _one("level_surface_weight", "1", "weight on atoms that miss a neighbor", "surface_weight", LEVEL),
    _one("level_overlap", "1", "weight of bulk Bloch function x envelope", "overlap", LEVEL),
    _one(
        *("level_g_axis", "1", "principal values of g, by the axis they lie nearest to", _principal),
        (*LEVEL, "axis"),
        column="g_{axis}",
    ),
)
"""Every observable of bandg, in the order of the CSV columns."""

_known = {one.name: one for one in BUILT_IN}


def register(*observables: Observable) -> None:
    """Make observables known by their names.

    An observable that is read from the result is then in every dataset. One that is computed from the states is in a
    dataset only if it is asked for by name.

    Raises
    ------
    BandgError
        For a name that bandg itself uses, or a CSV column that another observable has.
    """
    for new in observables:
        for old in _known.values():
            if old.name == new.name and old in BUILT_IN:
                raise BandgError(f"observable {new.name!r}: the name is taken by bandg")
            taken = set(new.columns) & set(old.columns) if old.name != new.name else set()
            if taken and ("level" in old.dims) == ("level" in new.dims):
                raise BandgError(f"observable {new.name!r}: {old.name} has the CSV column {min(taken)} already")
        _known[new.name] = new


def known() -> tuple[Observable, ...]:
    """All observables that are built in or registered."""
    return tuple(_known.values())


def resolve(asked: str | Observable | Iterable[str | Observable]) -> tuple[Observable, ...]:
    """The observables that a user asks for: by name, as objects (which are registered), or "details".

    Raises BandgError for an unknown name, with the nearest.
    """
    found: list[Observable] = []
    for one in [asked] if isinstance(asked, str | Observable) else asked:
        if isinstance(one, Observable):
            register(one)
            found.append(one)
        elif one == DETAILS:
            found += [each for each in known() if each.kind == "detail" or "level" in each.dims]
        elif one in _known:
            found.append(_known[one])
        else:
            names = ", ".join(each.name for each in known() if each.states or each.kind == "detail")
            hint = nearest(str(one), _known)
            raise BandgError(f"observable {one!r} is unknown{hint}; those to ask for are {DETAILS}, {names}")
    return tuple(dict.fromkeys(found))
