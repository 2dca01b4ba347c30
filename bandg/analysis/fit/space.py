"""The set from which a fit starts, and the linear map from the free parameters to all parameters of the set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.job import FitJob, Held
from bandg.base.errors import BandgError
from bandg.crystal.lattice import require_perovskite
from bandg.parameters.loader import load_set
from bandg.parameters.names import LATTICE, exponent_of, hopping_of, required_integrals, shells_of, unit_of
from bandg.parameters.sets import Parameter, ParameterSet, orbitals_of


@dataclass(frozen=True, eq=False)
class Space:
    """Free parameters as a vector theta (n,); all parameters of the set are base + slope @ theta.

    The exponents of all parameters are exponent_base + exponent_slope @ theta. start, lower, upper: (n,) in eV,
    exponents without unit. prior: (n, 2) value and width, NaN where there is none. scale: (n,) what counts as the whole
    range of a parameter: the width of its bounds, or else its size, 0.5 eV at least.
    """

    parameters: ParameterSet
    paths: tuple[str, ...]
    start: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    prior: NDArray[np.float64]
    base: NDArray[np.float64]
    slope: NDArray[np.float64]
    exponent_base: NDArray[np.float64]
    exponent_slope: NDArray[np.float64]

    @property
    def scale(self) -> NDArray[np.float64]:
        """Range of each free parameter in eV, (n,)."""
        width = self.upper - self.lower
        return np.where(np.isfinite(width), width, np.maximum(np.abs(self.start), 0.5))

    def vector(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """All parameters of the set (in the order of `parameters.paths`)."""
        return self.base + self.slope @ theta

    def exponents(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """The exponents of all parameters, in the same order; 0 for one that is no hopping."""
        return self.exponent_base + self.exponent_slope @ theta

    def values(self, theta: NDArray[np.float64]) -> dict[str, float]:
        """All parameters of the set and the exponents of its hoppings, by their paths."""
        paths = self.parameters.paths
        found = dict(zip(paths, self.vector(theta).tolist(), strict=True))
        exponents = zip(paths, self.exponents(theta).tolist(), strict=True)
        return found | {exponent_of(path): n for path, n in exponents if path.startswith("hopping.")}

    def row(self, path: str) -> NDArray[np.float64]:
        """Derivatives (n,) of a parameter or an exponent by the free ones."""
        of, slope = (hopping_of(path), self.exponent_slope) if hopping_of(path) else (path, self.slope)
        return slope[self.parameters.paths.index(of)]


def space_of(job: FitJob, folder: Path | None = None) -> Space:
    """The start set with what the job adds, and its free parameters.

    folder: where a start set given as a file is looked up. Raises BandgError for what does not fit together.
    """
    parameters = start_set(job, folder)
    paths = tuple(job.free)
    index = {path: number for number, path in enumerate(parameters.paths)}
    values = parameters.vector, np.zeros((len(index), len(paths)))
    exponents = np.array(parameters.exponents), np.zeros((len(index), len(paths)))
    start = np.zeros(len(paths))
    bounds = np.tile([-np.inf, np.inf], (len(paths), 1))
    prior = np.full((len(paths), 2), np.nan)
    for column, (path, entry) in enumerate(job.free.items()):
        start[column] = parameters.value(path)
        _set(*(exponents if hopping_of(path) else values), index[hopping_of(path) or path], column, 0.0, 1.0)
        bounds[column] = [
            -np.inf if entry.lower is None else entry.lower,
            np.inf if entry.upper is None else entry.upper,
        ]
        if not bounds[column, 0] <= start[column] <= bounds[column, 1]:
            low, high = bounds[column]
            unit = "" if hopping_of(path) else " eV"
            raise BandgError(f"{path} starts at {start[column]:g}{unit}, outside of its bounds {low:g} to {high:g}")
        if entry.prior is not None:
            prior[column] = entry.prior.value, entry.prior.width
    for path, link in job.link.items():
        column, of = paths.index(link.to), exponents if hopping_of(path) else values
        _set(*of, index[hopping_of(path) or path], column, link.offset, link.factor)
    return Space(parameters, paths, start, bounds[:, 0], bounds[:, 1], prior, *values, *exponents)


def _set(
    base: NDArray[np.float64], slope: NDArray[np.float64], row: int, column: int, offset: float, factor: float
) -> None:
    base[row], slope[row, column] = offset, factor


def start_set(job: FitJob, folder: Path | None = None) -> ParameterSet:
    """The start set in the basis of the job, with the integrals that it lacks and the values that the job sets."""
    name = job.start
    if folder is not None and (name.endswith(".toml") or "/" in name):
        name = str(folder / name)
    parameters = load_set(name)
    require_perovskite(parameters.lattice, "a fit")
    entries = _in_basis(parameters, job)
    orbitals = orbitals_of(entries)
    wanted = {path: entry.start for path, entry in job.free.items()}
    wanted |= dict.fromkeys(job.link)
    wanted |= {path: held.value if isinstance(held, Held) else held for path, held in job.set.items()}
    for path in wanted:
        if hopping_of(path) and hopping_of(path) not in entries:
            raise BandgError(f"{path} has no hopping that it could scale in the set {job.start}")
        if path not in entries and not hopping_of(path):
            entries |= _added(path, orbitals, entries)
    parameters = replace(parameters, entries=entries, base=None, material=job.material or parameters.material)
    for path, entry in job.free.items():
        if entry.start is None and path in entries and entries[path].source == _ADDED:
            raise BandgError(f"{path} is not in the set {job.start}: give it a start, as in {{ start = 0.1 }}")
    values = {path: value for path, value in wanted.items() if value is not None}
    parameters = parameters.with_values(values, source=f"fixed or started in the job {job.name}")
    entries = dict(parameters.entries)
    for path, held in job.set.items():
        if isinstance(held, Held):
            entries[path] = replace(entries[path], source=held.source, status=held.status, note=held.note)
    return replace(parameters, entries=entries)


_ADDED = "absent from the start set: taken as 0"


def _in_basis(parameters: ParameterSet, job: FitJob) -> dict[str, Parameter]:
    """Entries of the set without the shells that the job leaves out."""
    kept = dict(parameters.orbitals)
    for species, shells in job.basis.items():
        lacking = [shell for shell in shells if shell not in kept[species]]
        if lacking:
            raise BandgError(
                f"basis: the set {job.start} has no {lacking[0]} on {species}, only {', '.join(kept[species])}"
            )
        kept[species] = tuple(shells)
    return {
        path: entry
        for path, entry in parameters.entries.items()
        if all(shell in kept[species] for species, shell in _orbitals_in(path))
    }


def _orbitals_in(path: str) -> list[tuple[str, str]]:
    """(species, shell) that a path speaks of."""
    if path == LATTICE:
        return []
    section, _, rest = path.partition(".")
    table, _, name = rest.partition(".")
    return list(zip(table.split("-"), shells_of(name), strict=True)) if section == "hopping" else [(table, name)]


def _added(path: str, orbitals: dict[str, tuple[str, ...]], known: Iterable[str]) -> dict[str, Parameter]:
    """The entries that adding `path` brings: itself and what its table must have, all zero."""
    section, _, rest = path.partition(".")
    for species, shell in _orbitals_in(path):
        if section == "onsite" or shell not in orbitals[species]:
            raise BandgError(f"{path}: the start set has no {shell} on {species}; a fit adds integrals, no orbitals")
    paths = [path]
    if section == "hopping":
        table = rest.partition(".")[0]
        paths += [f"hopping.{table}.{name}" for name in required_integrals(table, orbitals)]
    return {one: Parameter(one, 0.0, unit_of(one), _ADDED, "assumed") for one in paths if one not in set(known)}
