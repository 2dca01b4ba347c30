"""`bandg bulk`: gap, masses and g-factors of a set beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bandg.base.errors import BandgError
from bandg.cli import nanocrystal as options
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import Neighbors, SetName, takes
from bandg.cli.tables import Column, show
from bandg.parameters.names import DEFAULT_SET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from bandg.crystal.cell import Cell
    from bandg.data.contributions import FirstPrinciples
    from bandg.models.etb.bulk import Bulk
    from bandg.models.etb.cell import CellBulk
    from bandg.parameters.sets import ParameterSet
    from bandg.plot.sheet import Contents
    from bandg.runs.request import Variation

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture: other bands of a cell than of the cubic crystal."""
    from bandg.api.plan import in_own_crystal
    from bandg.crystal.distortion import distorted
    from bandg.crystal.shapes import cube
    from bandg.parameters.loader import load_set
    from bandg.plot import bands, unfolded
    from bandg.runs.request import checked

    if given["structure"]:
        return unfolded.CONTENTS
    parameters = load_set(given["set_name"])
    stated = {name: given[name] for name in ("strain", "tilt", "angles", "keep")}
    asked: Any = in_own_crystal(parameters, checked(cast("Variation", stated)))
    one = distorted(cube(2, parameters.a_nm), **{name: value for name, value in asked.items() if value is not None})
    return unfolded.CONTENTS if one.strain or one.tilt else bands.contents(parameters.lattice.characters)


@app.command("bulk")
@draws(_contents)
@takes(mixed=options.alloy)
def bulk(
    set_name: SetName = DEFAULT_SET,
    neighbors: Neighbors = None,
    intra_atomic: Annotated[
        bool, typer.Option("--intra-atomic", help="Add the angular momentum of the p shells to g.")
    ] = False,
    strain: options.Strain = None,
    tilt: options.Tilt = None,
    angles: options.Angles = None,
    keep: options.Keep = None,
    structure: Annotated[
        Path | None, typer.Option(help="A periodic cell from FILE.cif, POSCAR or .extxyz, of one or two halides.")
    ] = None,
    species: options.Species = None,
    *,
    mixed: options.Options,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the bands to FILE.pdf, .png or .svg.")] = None,
    figure: Figure,
) -> None:
    """Bulk gap, masses, momentum elements and g-factors: of the cubic crystal at R, or of a strained or tilted one."""
    from bandg.api.bulk import bulk as compute_bulk
    from bandg.base.files import check_writable
    from bandg.cli.bulk_cell import crystal_words, print_cell
    from bandg.data.contributions import first_principles
    from bandg.models.etb.cell import CellBulk
    from bandg.parameters.loader import load_set

    if out is not None:
        check_writable(out, (".json",))
    parameters = load_set(set_name)
    asked: dict[str, Any] = {"strain": strain, "tilt": tilt, "angles": angles, "keep": keep} | mixed()
    second = asked["second"]
    cell = _cell(structure, species, parameters, second)
    result = compute_bulk(parameters, neighbors=neighbors, structure=cell, **asked)
    options.say_own_crystal(parameters, tilt or structure, angles, keep)
    crystal = _crystal(parameters, asked, structure, species, cell)
    values = result.values(intra_atomic)
    name = parameters.name + (f" + {load_set(second).name}" if second else "")
    if isinstance(result, CellBulk):
        print_cell(name, result, intra_atomic, crystal)
    else:
        known = None if second else first_principles(parameters.material, result.E_g)
        _print(name, parameters, values, second is None, crystal_words(crystal))
        _print_composition(result, known)
        _print_contributions(result, known, intra_atomic)
        values["first_principles"] = known.to_dict() if known else None
    if out is not None:
        from bandg.models.etb.local import resolve_neighbors
        from bandg.runs.dataset import write_json

        made_of = {"parameters_sha256": parameters.digest(), "neighbors": resolve_neighbors(parameters, neighbors)}
        if second:
            made_of["second_sha256"] = load_set(second).digest()
        write_json({"set": name, **made_of, "crystal": crystal} | values, out)
        typer.echo(f"wrote {out}")
    if plot is not None:
        from bandg.plot.bands import plot_bands
        from bandg.plot.output import save

        if isinstance(result, CellBulk):
            save(_unfolded(result, name, figure), plot)
        else:
            save(plot_bands(result, name, **figure.look), plot)
        typer.echo(f"wrote {plot}")


def _unfolded(result: CellBulk, name: str, figure: Figure) -> Axes:
    """The picture of the bands of a cell, which takes long: it is announced, and its progress is shown."""
    from bandg.cli.progress import progress
    from bandg.plot.unfolded import estimate_seconds, plot_unfolded
    from bandg.runs.estimate import LONG_S, about
    from bandg.runs.progress import announce

    with progress() as shown:
        expected = estimate_seconds(result)
        if expected > LONG_S:
            announce(shown, f"bands of a cell of {result.hamiltonian.cell.formulas}; {about(expected)}")
        return plot_unfolded(result, name, progress=shown, **figure.look)


def _cell(structure: Path | None, species: str | None, parameters: ParameterSet, second: str | None) -> Cell | None:
    """The cell of --structure with --species; notes go to the standard error."""
    if structure is None:
        if species is not None:
            raise BandgError("--species belongs to --structure FILE")
        return None
    from bandg.crystal.files import parse_species, read_cell
    from bandg.parameters.loader import load_set

    halides = [parameters.halide, *([load_set(second).halide] if second else [])]
    return read_cell(structure, parse_species(species or ""), halides, lambda note: typer.echo(note, err=True))


def _crystal(
    parameters: ParameterSet, asked: dict[str, Any], structure: Path | None, species: str | None, cell: Cell | None
) -> dict[str, Any]:
    """The crystal that is computed, by arguments of `bandg.bulk`; of a structure with its share of the second."""
    from bandg.api.plan import in_own_crystal

    given = dict(asked) if structure else dict(in_own_crystal(parameters, cast("Variation", asked)))
    if structure and cell:
        given |= {"structure": str(structure), "species": species}
        given |= {"fraction": cell.fraction} if asked.get("second") else {}
    if given.get("angles"):
        given["keep"] = given.get("keep") or "bonds"
    return {name: value for name, value in given.items() if value is not None}


_ROWS = (
    ("E_g_eV", "gap at R", "eV"),
    ("Delta_eV", "R8- minus R6-", "eV"),
    ("m_e", "electron mass", "m0"),
    ("m_h", "hole mass", "m0"),
    ("g_e", "electron g", ""),
    ("g_h", "hole g (valence doublet)", ""),
    ("E_p_R6_eV", "E_p, R6+ to R6-", "eV"),
    ("E_p_R8_eV", "E_p, R6+ to R8-", "eV"),
    ("gap_M_eV", "gap at M", "eV"),
    ("E_v_eV", "valence-band top, set's zero", "eV"),
)


def _print(name: str, parameters: ParameterSet, values: dict[str, Any], published: bool, crystal: str) -> None:
    rows: list[tuple[Any, ...]] = []
    for key, meaning, unit in _ROWS:
        known = parameters.published.get(key) if published else None
        note = (None, "") if known is None else (known.value, f"{known.source} ({known.status})")
        rows.append((meaning, unit, values[key], *note))
    numbers = (Column("bandg", ".4f"), Column("published", "g"), "source")
    title = f"{name} ({parameters.material}), bulk at R" if published else f"{name}, bulk at R"
    show(f"{title}\n{crystal}" if crystal else title, ("quantity", "", *numbers), rows)


_RATIOS = (("X s", "Pb p"), ("X d", "Pb p"), ("Pb s", "X p"))
"""Ratios that compare with muffin-tin charges; s with s*."""

Weights = dict[str, float] | None


def _print_composition(result: Bulk, known: FirstPrinciples | None) -> None:
    own, edges = result.composition(), (result.conduction.irrep, result.valence.irrep)
    sides = [one for edge in edges for one in (own[edge], known.charges.get(edge) if known else None)]
    rows = [(name, *(_weight(one, name) for one in sides)) for name in own[edges[0]]]
    rows += [(f"{over} : {under}", *(_ratio(one, over, under) for one in sides)) for over, under in _RATIOS]
    headings = (Column(heading, ".3f", optional=True) for edge in edges for heading in (edge, "mBJ"))
    show(
        "composition of the band edges",
        ("", *headings),
        [row for row in rows if any(value is not None for value in row[1:])],
        "mBJ: charge inside muffin tins. Much lies between them, so that only ratios compare; they count s* with s."
        if known
        else "",
    )


def _weight(side: Weights, name: str) -> float | None:
    """Weight on a shell, None where it is nothing."""
    value = side.get(name, 0.0) if side else 0.0
    return value if value >= 5e-4 else None


def _ratio(side: Weights, over: str, under: str) -> float | None:
    """Ratio of two weights, None where the level has none of the second."""
    if side is None or _weight(side, under) is None:
        return None
    first, second = (side.get(name, 0.0) + side.get(f"{name}*", 0.0) for name in (over, under))
    return first / second


def _print_contributions(result: Bulk, known: FirstPrinciples | None, intra_atomic: bool) -> None:
    own, edges = result.contributions(), {"g_h": result.valence, "g_e": result.conduction}
    sides = [one for g in edges for one in (own[g], known.g[g] if known else {})]

    def row(label: str, name: str, energy: float | None = None) -> tuple[Any, ...]:
        """The row of one level: its energy in eV and its contributions to g, of the set and from first principles."""
        first = known.energies.get(name) if known else None
        shares = (sum(one.get(part, 0.0) for part in {name, *name.split("/")}) for one in sides)
        return (label, energy, first, *(share if abs(share) >= 5e-4 else None for share in shares))

    rows = [row("spin", "spin")]
    for level, name in zip(result.levels, result.level_names, strict=True):
        if name and max(abs(one.get(name, 0.0)) for one in sides) >= 5e-3:
            most = max(level.character, key=lambda shell: level.character[shell])
            rows.append(row(f"{name} ({most})", name, level.energy - result.valence.energy))
    rows.append(row("other levels", "rest"))
    name = "p shells" + ("" if intra_atomic else " (not in the sum)")
    atomic = [number for edge in edges.values() for number in (edge.atomic_g, None)]
    rows.append((name, None, None, *atomic))
    sums = [
        sum(one.values()) + intra_atomic * (more or 0.0) if one else None
        for one, more in zip(sides, atomic, strict=True)
    ]
    rows.append(("sum", None, None, *sums))
    caption = ""
    if known:
        g_h, g_e = known.corrected["g_h"], known.corrected["g_e"]
        caption = (
            f"mBJ: {known.reference}, conduction bands shifted to this gap, bare momenta. Scaled to the velocities of "
            f"its bands: g_h {g_h:+.2f}, g_e {g_e:+.2f}. It has levels that no set has (Cs d, Pb 5d)."
        )
    columns = (Column(heading, form, optional=True) for heading, form in _CONTRIBUTIONS)
    show("where the g-factors come from", ("level", *columns), rows, caption)


_CONTRIBUTIONS = (
    ("E (eV)", ".3f"),
    ("mBJ", ".3f"),
    ("to g_h", "+.3f"),
    ("mBJ", "+.3f"),
    ("to g_e", "+.3f"),
    ("mBJ", "+.3f"),
)
