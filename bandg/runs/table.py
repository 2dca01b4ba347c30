"""The labelled table of computed nanocrystals, which becomes an xarray dataset on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Variable:
    """An array with the name of each dimension, its unit and its meaning."""

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: Mapping[str, str]


@dataclass(frozen=True)
class LevelTable:
    """The dataset of computed nanocrystals without xarray, which is slow to load.

    variables: by name; a name that is a dimension too is its index. labels: names of those that are coordinates.
    sizes: length of each dimension. attrs: of the whole. more: makes further attributes, which a file or a picture
    needs and the screen does not.
    """

    variables: Mapping[str, Variable]
    labels: tuple[str, ...]
    sizes: Mapping[str, int]
    attrs: Mapping[str, Any]
    more: Callable[[], Mapping[str, Any]] = dict

    def to_dataset(self) -> xarray.Dataset:
        """The same as a dataset: dimensions nc, carrier, axis, and field and level where there is something over them.

        Labels are coordinates.
        """
        import xarray

        made = {
            name: xarray.Variable(one.dims, one.values, dict(one.attrs), fastpath=True)
            for name, one in self.variables.items()
        }
        coordinates = {name: made.pop(name) for name in self.labels}
        return xarray.Dataset(made, coordinates, {**self.attrs, **self.more()})
