"""The public function `bulk`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bandg.api.plan import Set, given_options, in_own_crystal, load, options_of, refuse_unknown
from bandg.base.arguments import strict
from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted
from bandg.crystal.lattice import require_perovskite
from bandg.crystal.shapes import cube
from bandg.models import base as models
from bandg.models.base import Model, Options
from bandg.runs.request import Variation, checked

if TYPE_CHECKING:
    from bandg.crystal.cell import Cell


@strict
def bulk(
    set: Set | None = None,
    *,
    model: str | Model = "etb",
    neighbors: int | None = None,
    second: Set | None = None,
    fraction: float | None = None,
    offset_eV: float | None = None,
    strain: str | None = None,
    tilt: str | None = None,
    angles: str | float | Sequence[float] | None = None,
    keep: str | None = None,
    structure: str | os.PathLike[str] | Cell | None = None,
) -> Any:
    """The bulk crystal of a parameter set, cubic or in a periodic cell.

    Parameters
    ----------
    set, model, neighbors, second, fraction, offset_eV, strain, tilt, angles, keep
        As in `bandg.compute`. A set with a crystal of its own (``set.crystal``) has that tilt by default; ``"a0a0a0"``
        is the cubic crystal.
    structure : path or Cell, optional
        A file with a periodic cell of the perovskite (CIF, POSCAR, extxyz; needs ase), or a `bandg.crystal.cell.Cell`.
        With `second` it may hold two halides.

    Returns
    -------
    Bulk
        `bandg.models.etb.bulk.Bulk`, or `bandg.models.etb.cell.CellBulk` of a strained or tilted crystal or of a
        structure, or the bulk of another model: `E_g` in eV, `g_factors()` of electron and hole, and `values()` with
        all properties as plain numbers.

    Raises
    ------
    BandgError
        For any wrong input, and for a set without a gap.

    Examples
    --------
    >>> import bandg
    >>> crystal = bandg.bulk("nestoklon2023-standin")
    >>> f"{crystal.E_g:.3f} eV"
    '1.652 eV'
    >>> g_e, g_h = crystal.g_factors()
    >>> tilted = bandg.bulk("nestoklon2023-standin", tilt="a-b+a-", angles=(9, 8))
    >>> f"{tilted.E_g:.3f} eV"
    '1.975 eV'
    """
    chosen = models.find(model)
    given = given_options(neighbors, 1, False, None, "auto")
    asked = checked(
        {
            "second": second,  # type: ignore[typeddict-item]
            "fraction": fraction,
            "offset_eV": offset_eV,
            "strain": strain,
            "tilt": tilt,
            "angles": angles,
            "keep": keep,
        }
    )
    if structure is not None:
        asked["structure"] = structure  # type: ignore[typeddict-item]
    refuse_unknown(chosen, {**given, **asked})
    parameters = load(chosen, set)
    asked = in_own_crystal(parameters, asked)
    options = chosen.complete(parameters, options_of(chosen, parameters, None, given, asked))
    cell = _cell_of(chosen, parameters, options, asked)
    found = chosen.bulk(parameters, options) if cell is None else chosen.cell_bulk(parameters, options, cell)
    if found is None:
        raise BandgError(f"the model {chosen.name} has no bulk crystal")
    return found


def _cell_of(model: Model, parameters: Any, options: Options, asked: Variation) -> Cell | None:
    """The cell that is asked for, None for the cubic crystal. Raises BandgError."""
    from bandg.crystal.cell import Cell, cell_of  # slow to load

    distortion: dict[str, Any] = {name: asked.get(name) for name in ("strain", "tilt", "angles", "keep")}
    cell: Any = asked.get("structure")
    if cell is None:
        ideal = cube(2, parameters.a_nm, lattice=model.lattice(parameters))
        one = distorted(ideal, **{name: value for name, value in distortion.items() if value is not None})
        if not (one.strain or one.tilt):
            return None
        if options.second is not None:
            raise BandgError(
                "the bulk of a random alloy is computed for the cubic crystal alone: leave strain and tilt out, or "
                "give an ordered cell with both halides by `structure`"
            )
        return cell_of(one)
    for name, value in {**distortion, "fraction": asked.get("fraction")}.items():
        if value is not None:
            raise BandgError(f"a structure has its own {name}: leave `{name}` out")
    require_perovskite(model.lattice(parameters), "a structure")
    sets = [one for one in (parameters, options.second) if one is not None]
    if not isinstance(cell, Cell):
        from bandg.crystal.files import read_cell

        cell = read_cell(cell, halides=[one.halide for one in sets])
    from bandg.crystal.files import check_lattice_constant

    a_nm = model.lattice_nm(parameters, replace(options, fraction=cell.fraction))
    check_lattice_constant(cell.a_nm, a_nm, " and ".join(one.name for one in sets))
    return cell
