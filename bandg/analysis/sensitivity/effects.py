"""What each parameter does to g: exact derivatives times a stated step, at chosen sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bandg import __version__
from bandg.base.errors import BandgError
from bandg.base.files import check_writable
from bandg.base.quantities import named
from bandg.base.show import Shown, plain
from bandg.base.text import quote
from bandg.models.etb.derivatives import DerivativeJob, Derivatives
from bandg.parameters.names import LATTICE, unit_of
from bandg.parameters.ranges import check_path, parse_step
from bandg.parameters.sets import ParameterSet
from bandg.runs import sweep
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Request
from bandg.solvers.registry import factorizing_solver

G_QUANTITIES = ("g_e", "g_h", "g_bx")
SHOWN = (*G_QUANTITIES, "E_gap_eV")
"""What the tables show the derivatives of."""

DEFAULT_STEP_EV = 0.1
"""Step of an energy without standard error: assumed, the same for all so that they can be compared."""

DEFAULT_STRAIN = 0.01
"""Step of the lattice constant relative to its value: assumed."""

FORMATS = (".csv", ".json")


@dataclass(frozen=True)
class Step:
    """How far a parameter is moved: `value` and `size` in `unit`; origin: given, stderr or assumed."""

    path: str
    value: float
    size: float
    unit: str
    origin: str


@dataclass(frozen=True, repr=False)
class Effects(Shown):
    """Derivatives of nanocrystals with the steps that turn them into effects.

    steps: in the order of `Derivatives.paths`. found: one for each nanocrystal.
    """

    parameters: ParameterSet
    neighbors: int
    intra_atomic: bool
    steps: tuple[Step, ...]
    found: tuple[Derivatives, ...]

    def rows(self, number: int) -> list[dict[str, Any]]:
        """Rows of one nanocrystal, the largest effect on a g-factor first.

        Keys: path, value, unit, step, step_origin, d_X by the parameter and effect_X = d_X * step for X in SHOWN.
        """
        derivative = self.found[number]
        table = []
        for index, step in enumerate(self.steps):
            row = {"path": step.path, "value": step.value, "unit": step.unit, "step": step.size}
            row["step_origin"] = step.origin
            slopes = {name: float(derivative.gradient(name)[index]) for name in SHOWN}
            row |= {f"d_{name}": slope for name, slope in slopes.items()}
            row |= {f"effect_{name}": slope * step.size for name, slope in slopes.items()}
            table.append(row)
        return sorted(table, key=lambda row: -strength(row))

    def table(self) -> list[dict[str, Any]]:
        """All rows, each with shape, termination, center, cells, size_nm and the values of SHOWN in front."""
        table = []
        for number, derivative in enumerate(self.found):
            crystal = derivative.nanocrystal
            head = {name: getattr(crystal, name) for name in ("shape", "termination", "center", "cells", "size_nm")}
            head |= {name: derivative.value(name) for name in SHOWN}
            table += [head | row for row in self.rows(number)]
        return table

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the largest effect on g of each nanocrystal as lines."""
        lines = {}
        for number, one in enumerate(self.found):
            row = self.rows(number)[0]
            effects = {name: row[f"effect_{name}"] for name in G_QUANTITIES}
            lines[f"{one.nanocrystal.size_nm:.4g} nm {one.nanocrystal.termination}"] = (
                f"{row['path']}: {plain(effects)}"
            )
        return f"effects of {len(self.steps)} parameters of {self.parameters.name}, the largest", lines


def strength(row: Mapping[str, Any]) -> float:
    """Largest effect of a row on a g-factor, by which tables are sorted."""
    return max(abs(float(row[f"effect_{name}"])) for name in G_QUANTITIES)


def resolve_steps(parameters: ParameterSet, given: Iterable[str] = ()) -> tuple[Step, ...]:
    """A step for every parameter: as given ("0.05eV" for all energies, "PATH=0.02eV" for one), its standard error,
    or assumed. Raises BandgError."""
    given = tuple(given)
    for_all = [item for item in given if "=" not in item]
    if len(for_all) > 1:
        raise BandgError(f"the step of every energy is given twice, {quote(for_all[0])} and {quote(for_all[1])}")
    common = parse_step(for_all[0], "step", "eV") if for_all else None
    own = {}
    for path, text in named((item for item in given if "=" in item), "step", "onsite.Pb.p=0.05eV").items():
        check_path(parameters, path)
        own[path] = parse_step(text, f"step of {path}", unit_of(path))
    return tuple(_step(parameters, path, common, own) for path in (LATTICE, *parameters.paths))


def _step(parameters: ParameterSet, path: str, common: float | None, own: Mapping[str, float]) -> Step:
    entry = parameters.entries[path]
    default = DEFAULT_STRAIN * entry.value if path == LATTICE else DEFAULT_STEP_EV
    if path in own:
        size, origin = own[path], "given"
    elif common is not None and path != LATTICE:
        size, origin = common, "given"
    elif entry.stderr:
        size, origin = entry.stderr, "stderr"
    else:
        size, origin = default, "assumed"
    return Step(path, entry.value, size, unit_of(path), origin)


def effects(
    asked: Request,
    steps: Sequence[Step] | None = None,
    run: Run = DEFAULT_RUN,
) -> Effects:
    """Exact derivatives of energies and g-factors by all parameters, for every nanocrystal of a request.

    steps: from `resolve_steps`, which has the defaults. Raises BandgError.
    """
    factorizing_solver(asked.solver)
    jobs = [
        DerivativeJob(asked.parameters, crystal, asked.neighbors, asked.intra_atomic, asked.solver)
        for crystal in asked.crystals
    ]
    chosen = tuple(steps) if steps is not None else resolve_steps(asked.parameters)
    found = tuple(result for result, _ in sweep.run_jobs(jobs, run))
    return Effects(asked.parameters, asked.neighbors, asked.intra_atomic, chosen, found)


def write_effects(found: Effects, path: Path) -> Path:
    """Write the table to .csv or .json (with provenance). Raises BandgError where it cannot be written."""
    head = {
        "units": {"effect_E_gap_eV": "eV", "d_X": "per unit of the parameter", "size_nm": "nm"},
        "neighbors": found.neighbors,
        "intra_atomic": found.intra_atomic,
        "steps": [asdict(step) for step in found.steps],
    }
    return write_table(found.table(), head, found.parameters, path)


def write_table(rows: list[dict[str, Any]], head: dict[str, Any], parameters: ParameterSet, path: Path) -> Path:
    """Write rows to .csv or, with what they were made of, to .json. Raises BandgError where it cannot be written."""
    from bandg.base.tables import write_csv
    from bandg.runs.dataset import write_json

    check_writable(path, FORMATS)
    if path.suffix.lower() == ".csv":
        write_csv(path, rows)
    else:
        content = {"schema": 1, "bandg": __version__, **head, "rows": rows, "parameters": parameters.to_dict()}
        write_json(content, path)
    return path
