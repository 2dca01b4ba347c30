"""What a fit leaves open about a set: the covariance of its parameters, and other minima that fit as well."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.files import read_text
from bandg.parameters.check import complaint
from bandg.parameters.sets import ParameterSet


@dataclass(frozen=True, eq=False)
class Covariance:
    """Covariance matrix (n, n) in eV^2 of the named parameters of a fit; those at a bound count as exact.

    Distance exponents ("scaling.Pb-X.s-p") have no unit.
    """

    paths: tuple[str, ...]
    matrix: NDArray[np.float64]

    def stderr(self, paths: Sequence[str], gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard error of quantities to first order.

        Parameters
        ----------
        paths : sequence of str
            Names of the parameters, at least those of the fit.
        gradient : array, shape (..., m)
            Derivatives of the quantities by `paths`, as `bandg.models.etb.derivatives` gives them.

        Returns
        -------
        array, shape (...)
            In the unit of the quantity.

        Raises
        ------
        BandgError
            Where the derivative by a parameter of the fit is missing.
        """
        place = {path: number for number, path in enumerate(paths)}
        missing = [path for path in self.paths if path not in place]
        if missing:
            raise BandgError(f"there is no derivative by {missing[0]}, which the fit varied: another set?")
        own = np.asarray(gradient)[..., [place[path] for path in self.paths]]
        return np.asarray(np.sqrt(np.maximum(np.sum((own @ self.matrix) * own, axis=-1), 0.0)))[()]


@dataclass(frozen=True, eq=False)
class Member:
    """A minimum of a fit: name, chi-square, the set with its values, and the covariance about it."""

    name: str
    chi2: float
    parameters: ParameterSet
    covariance: Covariance


_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Minimum(BaseModel):
    """values_eV: by path. covariance_eV2: in the order of the values; that of the set where there is none."""

    name: str
    chi2: _Finite
    values_eV: dict[str, float]
    covariance_eV2: list[list[float]] | None = None


class _FitFile(BaseModel):
    """What is read of the .json beside a fitted set; it has more."""

    name: str
    parameters_sha256: str
    paths: list[str]
    covariance_eV2: list[list[float]]
    chi2: _Finite
    ensemble: list[_Minimum] = []


def ensemble_of(parameters: ParameterSet) -> tuple[Member, ...]:
    """The minima of the fit that made a set, from the .json beside its file.

    Parameters
    ----------
    parameters : ParameterSet
        As `bandg.load_set` gives it.

    Returns
    -------
    tuple of Member
        The set itself, then the other minima that fit as well, if there are any.

    Raises
    ------
    BandgError
        Where there is no such file, it is damaged, it belongs to other numbers, or the fit varied distance exponents.

    Examples
    --------
    >>> import bandg
    >>> from bandg.parameters.covariance import ensemble_of
    >>> [(member.name, len(member.covariance.paths)) for member in ensemble_of(bandg.load_set("bandg-nn"))]
    [('bandg-nn', 19)]
    """
    label, text = _beside(parameters)
    try:
        found = _FitFile.model_validate(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BandgError(f"{label}: is not what bandg fit writes beside a set: {_first(error)}") from None
    if found.parameters_sha256 != parameters.digest():
        what = f"holds the covariance of other numbers than those of the set {parameters.name}"
        raise BandgError(f"{label}: {what}: fit the set again, or take the file as bandg fit wrote it")
    if exponents := [path for path in found.paths if path.startswith("scaling.")]:
        what = f"`band` is not known for a set whose fit varied distance exponents ({exponents[0]})"
        raise BandgError(f"{label}: {what}: hold them in the job")
    own = _covariance(label, found.paths, found.covariance_eV2)
    members = [Member(parameters.name, found.chi2, parameters, own)]
    for one in found.ensemble:
        chosen = _moved(label, parameters, one.name, one.values_eV)
        spread = own if one.covariance_eV2 is None else _covariance(label, list(one.values_eV), one.covariance_eV2)
        members.append(Member(one.name, one.chi2, chosen, spread))
    return tuple(members)


def _first(error: Exception) -> str:
    """The first thing that is wrong, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    return ": ".join(filter(None, [".".join(map(str, first["loc"])), complaint(first)]))


def _beside(parameters: ParameterSet) -> tuple[str, str]:
    """Name and text of the .json beside the file of a set."""
    fitted = resources.fitted_sets()
    needed = f"give a set that bandg fit has written, with its .json; of those that ship: {', '.join(fitted)}"
    if parameters.origin == "shipped":
        if parameters.name not in fitted:
            raise BandgError(f"the set {parameters.name} has no covariance: {needed}")
        return f"{parameters.name}.json", resources.read_covariance(parameters.name)
    path = Path(parameters.origin).with_suffix(".json")
    if not path.is_file():
        raise BandgError(f"the set {parameters.name} has no covariance, there is no file {path}: {needed}")
    return str(path), read_text(path, str(path), needed, "the .json that bandg fit writes beside a set")


def _covariance(label: str, paths: Sequence[str], rows: list[list[float]]) -> Covariance:
    if [len(row) for row in rows] != [len(paths)] * len(paths) or not np.isfinite(rows).all():
        raise BandgError(f"{label}: the covariance is not a finite matrix of its {len(paths)} parameters")
    return Covariance(tuple(paths), np.array(rows, dtype=float))


def _moved(label: str, parameters: ParameterSet, name: str, values: Mapping[str, float]) -> ParameterSet:
    try:
        return parameters.with_values(values, source=f"minimum {name} of {label}")
    except BandgError as error:
        raise BandgError(f"{label}: ensemble: {name}: {error}") from None
