"""The tight-binding model as a `bandg.models.base.Model`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bandg.base.errors import BandgError
from bandg.crystal.lattice import Lattice
from bandg.crystal.shapes import SHAPES, Nanocrystal
from bandg.models.base import Model, Options
from bandg.models.etb.job import Job
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.material import Material
from bandg.parameters.loader import load_set
from bandg.parameters.names import DEFAULT_SET
from bandg.parameters.sets import ParameterSet
from bandg.solvers.registry import check_solver

if TYPE_CHECKING:
    from bandg.crystal.cell import Cell
    from bandg.models.etb.bulk import Bulk
    from bandg.models.etb.cell import CellBulk


class TightBinding(Model):
    """Empirical tight binding of the atoms of a nanocrystal."""

    name = "etb"
    shapes = frozenset(SHAPES)
    options = frozenset(
        [
            *("neighbors", "levels", "intra_atomic", "solver", "truncation", "strain", "tilt", "angles", "keep"),
            *("second", "fraction", "offset_eV", "x_vacancies", "pb_vacancies", "occupancy", "seed", "seeds"),
            *("structure", "surface", "surface_bonds", "image", "observables", "band", "exciton", "eps_out"),
        ]
    )
    default_set = DEFAULT_SET

    def load(self, source: str | os.PathLike[str] | ParameterSet, /) -> ParameterSet:
        """A tight-binding set. Raises BandgError for a set of another model."""
        if isinstance(source, ParameterSet):
            return source
        if isinstance(source, str | os.PathLike):
            return load_set(source)
        name = getattr(source, "name", None) or repr(source)
        raise BandgError(f"{name:.60} is not a tight-binding set: give its name, a path or a ParameterSet")

    def complete(self, parameters: ParameterSet, options: Options, /) -> Options:
        """With the neighbor shells that the set has."""
        check_solver(options.solver)
        material(parameters, options)  # refuses two sets that do not mix
        options = super().complete(parameters, options)
        return replace(options, neighbors=resolve_neighbors(parameters, options.neighbors))

    def lattice(self, parameters: ParameterSet, /) -> Lattice:
        """The crystal that the set names."""
        return parameters.lattice

    def lattice_nm(self, parameters: ParameterSet, options: Options, /) -> float:
        """Lattice constant in nm, linear in the share of the second halide."""
        return material(parameters, options).lattice_nm(options.fraction)

    def bulk(self, parameters: ParameterSet, options: Options, /) -> Bulk:
        """Bulk bands. Raises BandgError for a set without a gap."""
        return material(parameters, options).bulk(resolve_neighbors(parameters, options.neighbors), options.fraction)

    def cell_bulk(self, parameters: ParameterSet, options: Options, cell: Cell, /) -> CellBulk:
        """Bulk of a periodic cell. Raises BandgError where the deformation closes the gap."""
        from bandg.models.etb.cell import cell_bulk  # slow to load

        return cell_bulk(material(parameters, options), cell, options.neighbors)

    def job(self, parameters: ParameterSet, nanocrystal: Nanocrystal, options: Options, /) -> Job:
        """One nanocrystal."""
        return Job(
            parameters,
            nanocrystal,
            resolve_neighbors(parameters, options.neighbors),
            options.levels,
            options.intra_atomic,
            options.solver,
            second=options.second,
            offset_eV=options.offset_eV,
            observables=options.observables,
        )


def material(parameters: ParameterSet, options: Any) -> Material:
    """The set, or both sets of a mixed halide; options: `Options` or a `Job`."""
    return Material(parameters, options.second, options.offset_eV)


MODEL = TightBinding()
