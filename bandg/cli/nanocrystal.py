"""Options that say which one nanocrystal is meant, shared by `bandg export` and `bandg dos`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.errors import BandgError

if TYPE_CHECKING:
    from bandg.atoms import Atoms
    from bandg.etb.material import Material
    from bandg.geometry import Nanocrystal

Size = Annotated[str | None, typer.Option(help="5nm, 8cells or 4x4x6nm: one nanocrystal.")]
Shape = Annotated[str, typer.Option(help="cube, sphere, cuboid, octahedron or truncated-cube.")]
Termination = Annotated[str | None, typer.Option(help="halide or lead.")]
Center = Annotated[str | None, typer.Option(help="Pb or Cs.")]
SetName = Annotated[str, typer.Option("--set", help="Parameter set, by name or path.")]
Neighbors = Annotated[int | None, typer.Option(help="1 or 2; default: what the set has.")]
Truncation = Annotated[float | None, typer.Option(help="truncated-cube: share of the corners cut off.")]
Strain = Annotated[str | None, typer.Option(help="zz=0.01,xx=-0.005 or 111=0.01.")]
Tilt = Annotated[str | None, typer.Option(help="Octahedral tilt: a0a0c+, a0a0c-, a-a-a-, a-b+a-.")]
Angles = Annotated[str | None, typer.Option(help="Degrees of the tilt: 8 or 8,10.")]
Second = Annotated[str | None, typer.Option(help="Parameter set of a second halide.")]
Fraction = Annotated[float | None, typer.Option(help="Share of the second halide, 0 to 1.")]
Offset = Annotated[str | None, typer.Option(help="Valence-band top of the second above the first: -0.3eV.")]
XVacancies = Annotated[float | None, typer.Option(help="Share of the surface X that is missing.")]
PbVacancies = Annotated[float | None, typer.Option(help="Share of the surface Pb that is missing.")]
Occupancy = Annotated[float | None, typer.Option(help="Mean-field occupancy of the surface X.")]
Seed = Annotated[int | None, typer.Option(help="Seed of alloy and vacancies; default 1.")]
StructureFile = Annotated[Path | None, typer.Option(help="Atoms from FILE.xyz, .extxyz, .cif or POSCAR.")]
Species = Annotated[str | None, typer.Option(help="Sn=Pb,Cl=I,H=drop: what species of the file stand for.")]
Solver = Annotated[str, typer.Option(help="auto, dense, superlu, pardiso or iterative.")]


def one_nanocrystal(
    size: str | None,
    structure: Path | None,
    species: str | None,
    set_name: str,
    second: str | None,
    offset: str | None,
    **asked: Any,
) -> tuple[Material, Nanocrystal, int]:
    """Material, nanocrystal and neighbor shells; raises BandgError where the options mean none or several."""
    from bandg.api import tight_binding
    from bandg.parameters import load_set
    from bandg.units import parse_energies

    if (size is None) == (structure is None):
        raise BandgError("say which nanocrystal: --size 5nm, or --structure FILE")
    heights = parse_energies(offset, "offset") if offset is not None else (None,)
    if len(heights) > 1:
        raise BandgError(f"offset {offset!r} must be one energy, as -0.3eV")
    found = tight_binding(
        size or "1nm",
        parameters=load_set(_path_or_name(set_name)),
        second=None if second is None else load_set(_path_or_name(second)),
        offset_eV=heights[0],
        structure=read_option(structure, species, set_name, second),
        **asked,
    )
    if len(found) != 1:
        raise BandgError(f"size {size!r} means {len(found)} nanocrystals; name one, as 5nm or 8cells")
    return found[0]


def read_option(structure: Path | None, species: str | None, set_name: str, second: str | None) -> Atoms | None:
    """The atoms of --structure with --species, checked against the sets; notes go to the standard error."""
    if structure is None:
        if species is not None:
            raise BandgError("--species belongs to --structure FILE")
        return None
    from bandg.parameters import load_set
    from bandg.structures import check_lattice, parse_species, read_structure

    sets = [load_set(_path_or_name(name)) for name in (set_name, second) if name is not None]
    mapping = parse_species(species or "")
    atoms = read_structure(structure, mapping, sets[0].halide, lambda note: typer.echo(note, err=True))
    shares = [float((atoms.species == one.halide).sum()) for one in sets]
    if sum(shares):
        a_nm = sum(share * one.a_nm for share, one in zip(shares, sets, strict=True)) / sum(shares)
        check_lattice(atoms, a_nm, " and ".join(one.name for one in sets))
    return atoms


def _path_or_name(name: str) -> Path | str:
    return Path(name) if name.endswith(".toml") else name
