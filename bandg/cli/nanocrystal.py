"""Options for the nanocrystal: one in `bandg export` and `bandg dos`, many in `bandg compute`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.options import TERMINATIONS, Neighbors, SetName, takes
from bandg.parameters.names import DEFAULT_SET

if TYPE_CHECKING:
    from bandg.crystal.atoms import Atoms
    from bandg.crystal.shapes import Nanocrystal
    from bandg.models.etb.material import Material

Size = Annotated[str | None, typer.Option(help="5nm, 8cells or 4x4x6nm: one nanocrystal.")]
Shape = Annotated[
    str, typer.Option(help="cube, sphere, cuboid, octahedron (size: corner to corner) or truncated-cube.")
]
Termination = Annotated[str | None, typer.Option(help=f"{TERMINATIONS}.")]
Center = Annotated[str | None, typer.Option(help="Pb or Cs; a cube of odd cells is centered on Pb, of even on Cs.")]
Truncation = Annotated[
    float | None, typer.Option(help="truncated-cube: share of the corners cut off, up to 1; default 0.5.")
]
Strain = Annotated[str | None, typer.Option(help="zz=0.01,xx=-0.005 or 111=0.01 (along [111]).")]
Tilt = Annotated[str | None, typer.Option(help="Octahedral tilt: a0a0c+, a0a0c-, a-a-a-, a-b+a- (gamma).")]
Angles = Annotated[str | None, typer.Option(help="Degrees of the tilt, one for each letter: 8 or 8,10.")]
Keep = Annotated[
    str | None, typer.Option(help="What the tilt keeps: bonds (Pb-X; default, the lattice contracts) or lattice.")
]
Second = Annotated[str | None, typer.Option(help="Parameter set of a second halide, by name or path.")]
Fraction = Annotated[float | None, typer.Option(help="Share of the second halide, 0 to 1.")]
Offset = Annotated[str | None, typer.Option(help="Valence-band top of the second crystal above the first's: -0.3eV.")]
XVacancies = Annotated[float | None, typer.Option(help="Share of the surface X that is missing.")]
PbVacancies = Annotated[float | None, typer.Option(help="Share of the surface Pb that is missing.")]
Occupancy = Annotated[
    float | None, typer.Option(help="Mean-field occupancy of the surface X, 1 halide to 0 lead; keeps symmetry.")
]
Surface = Annotated[
    str | None,
    typer.Option(
        help="Shifts near the surface: slabs, point-charges, none, or in eV by species and plane, X.0=0.13,Pb.1=-0.01.",
        show_default="those of the set",
    ),
]
SurfaceBonds = Annotated[
    float | None, typer.Option(help="Relative change of the length of the outermost bonds, as -0.05.")
]
Image = Annotated[
    str | None, typer.Option(help="Image self-energy of each carrier: dielectric constants inside and outside, 5,2.25.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of alloy and vacancies; default 1.")]
StructureFile = Annotated[
    Path | None, typer.Option(help="Atoms from FILE.xyz, .extxyz, .cif or POSCAR, in place of size and shape.")
]
Species = Annotated[str | None, typer.Option(help="Sn=Pb,Cl=I,H=drop: meaning of the species of the file.")]
Solver = Annotated[
    str,
    typer.Option(
        help="auto, dense, superlu, rslab, pardiso, near-symmetric or iterative (no factorization, no count)."
    ),
]


Options = Callable[[], dict[str, Any]]
"""Makes arguments of the library from options."""

OneNanocrystal = Callable[[], "tuple[Any, Any, int]"]
"""Makes material, nanocrystal and neighbor shells from the options."""


def distortion(
    strain: Strain = None,
    tilt: Tilt = None,
    angles: Angles = None,
    keep: Keep = None,
    x_vacancies: XVacancies = None,
    pb_vacancies: PbVacancies = None,
    occupancy: Occupancy = None,
    surface: Surface = None,
    surface_bonds: SurfaceBonds = None,
    image: Image = None,
    seed: Seed = None,
) -> dict[str, Any]:
    """What changes the atoms of an ideal nanocrystal, as arguments of the library."""
    return dict(locals())


def alloy(second: Second = None, fraction: Fraction = None, offset: Offset = None) -> dict[str, Any]:
    """A second halide, as arguments of the library. Raises BandgError."""
    return {"second": second, "fraction": fraction, "offset_eV": one_energy(offset, "offset")}


@takes(changes=distortion, mixed=alloy)
def one_nanocrystal(
    size: Size = None,
    shape: Shape = "cube",
    termination: Termination = None,
    center: Center = None,
    set_name: SetName = DEFAULT_SET,
    neighbors: Neighbors = None,
    truncation: Truncation = None,
    *,
    changes: Options,
    mixed: Options,
    structure: StructureFile = None,
    species: Species = None,
) -> tuple[Any, Any, int]:
    """Material, nanocrystal and neighbor shells. Raises BandgError if the options mean none or several."""
    from bandg.api.systems import one_of, tight_binding

    if (size is None) == (structure is None):
        raise BandgError("say which nanocrystal: --size 5nm, or --structure FILE")
    given = changes() | mixed()
    found = tight_binding(
        size,
        shape,
        termination,
        set_name,
        center=center,
        neighbors=neighbors,
        truncation=truncation,
        structure=read_option(structure, species, set_name, given["second"]),
        **given,
    )
    [one] = one_of(size, found)
    say_own_crystal(one[0].parameters, given["tilt"] or structure, given["angles"], given["keep"])
    return one


def one_energy(text: str | None, what: str) -> float | None:
    """An energy in eV from "-0.3eV" or "20meV", None where none is given. Raises BandgError for several."""
    from bandg.base.quantities import parse_energies

    return None if text is None else parse_energies(text, what, most=1)[0]


def say_own_crystal(parameters: Any, other: object, angles: str | None, keep: str | None) -> None:
    """Say on the standard error that the crystal is the set's own, or what is changed, unless another one is given."""
    own = getattr(parameters, "crystal", {})
    if own and other is None:
        from bandg.crystal.distortion import parse_tilt

        crystal = " ".join(f"--{name} {value}" for name, value in own.items())
        changed = []
        if angles is not None and parse_tilt(own["tilt"], angles) != parse_tilt(own["tilt"], own.get("angles", "")):
            changed.append(f"--angles {angles}")
        if keep is not None and keep != own.get("keep", "bonds"):
            changed.append(f"--keep {keep}")
        taken = "which is taken; --tilt a0a0a0 is the cubic crystal"
        if changed:
            taken = f"but {' '.join(changed)} is computed, for which its gap is not held"
        typer.echo(f"{parameters.name} is made for {crystal}, {taken}", err=True)


def check_memory(found: tuple[Material, Nanocrystal, int], solver: str, whole: bool, levels: bool, force: bool) -> None:
    """Raise BandgError if the whole Hamiltonian or the symmetry blocks would not fit into memory, unless forced."""
    from bandg.models.etb.job import Job, WholeJob
    from bandg.runs import sweep

    material, crystal, shells = found
    kinds = [kind for kind, wanted in ((WholeJob, whole), (Job, levels)) if wanted]
    sweep.check_memory([kind(material.parameters, crystal, shells, solver=solver) for kind in kinds], force)


def read_option(structure: Path | None, species: str | None, set_name: str | None, second: str | None) -> Atoms | None:
    """The atoms of --structure with --species, checked against the sets; notes go to the standard error."""
    if structure is None:
        if species is not None:
            raise BandgError("--species belongs to --structure FILE")
        return None
    if set_name is None:
        raise BandgError("--structure needs a parameter set: add --set")
    from bandg.crystal.files import check_lattice, parse_species, read_structure
    from bandg.parameters.loader import load_set

    sets = [load_set(name) for name in (set_name, second) if name is not None]
    mapping = parse_species(species or "")
    atoms = read_structure(structure, mapping, sets[0].halide, lambda note: typer.echo(note, err=True))
    shares = [float((atoms.species == one.halide).sum()) for one in sets]
    if sum(shares):
        a_nm = sum(share * one.a_nm for share, one in zip(shares, sets, strict=True)) / sum(shares)
        check_lattice(atoms, a_nm, " and ".join(one.name for one in sets))
    return atoms
