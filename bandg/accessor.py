"""The accessor `levels.bandg`: curves, pictures and tables of a dataset of `bandg.compute`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np
import xarray

from bandg.base.arguments import strict
from bandg.base.errors import BandgError
from bandg.base.show import Table
from bandg.data.compare import QUANTITIES, TheoryCurve
from bandg.plot.curves import curves_of
from bandg.plot.levels import plot_levels
from bandg.plot.style import Look
from bandg.runs.rows import edge_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("size_nm", "termination", "E_e_eV", "E_h_eV", "E_gap_eV", "g_e", "g_h", "g_bx")


@xarray.register_dataset_accessor("bandg")
class Accessor:
    """Curves, pictures and tables of a dataset.

    Examples
    --------
    >>> import bandg
    >>> levels = bandg.compute("2..3cells", run=bandg.Run(workers=1))
    >>> levels.bandg.table().rows[0]["termination"]
    'halide'
    >>> levels.bandg.curve().range_eV[1] < 4
    True
    """

    def __init__(self, dataset: xarray.Dataset) -> None:
        self._dataset = dataset

    @strict
    def curves(self) -> tuple[TheoryCurve, ...]:
        """Theory curves of g against transition energy.

        Returns
        -------
        tuple of TheoryCurve
            One for each set, model, shape, termination and distortion. Random nanocrystals give means over seeds.

        Raises
        ------
        BandgError
            For a dataset without nanocrystals.
        """
        found = []
        for curve in curves_of(self._dataset):
            known = np.isfinite(curve.energy)
            order = np.flatnonzero(known)[np.argsort(curve.energy[known])]
            values = {name: curve.values[name][order] for name in QUANTITIES}
            stderr = {name: error[order] for name, error in curve.stderr.items() if np.isfinite(error[order]).all()}
            provenance = {"energy": "exciton"} if curve.exciton else {}
            found.append(TheoryCurve(curve.label, curve.energy[order], values, curve.size[order], provenance, stderr))
        return tuple(found)

    @strict
    def curve(self) -> TheoryCurve:
        """The theory curve of g against transition energy.

        Returns
        -------
        TheoryCurve
            ``at("g_h", 1.9)`` is g at an energy in eV; ``range_eV`` is the range in which it has values.

        Raises
        ------
        BandgError
            If there are several curves; the message has their names.
        """
        found = self.curves()
        if len(found) > 1:
            names = "; ".join(curve.name for curve in found)
            raise BandgError(f"the dataset holds {len(found)} curves ({names}): take `.bandg.curves()`, or select one")
        return found[0]

    @strict
    def plot(
        self,
        data: object = None,
        ax: Axes | Sequence[Axes] | None = None,
        title: str | None = None,
        **look: Unpack[Look],
    ) -> object:
        """Draw g against transition energy.

        Parameters
        ----------
        data, ax, title, **look
            As in `bandg.plot_levels`.

        Returns
        -------
        tuple of matplotlib.axes.Axes
            The axes; no file is written.
        """
        return plot_levels(self._dataset, data, title, ax, **look)

    @strict
    def table(self) -> Table:
        """The band edges, one row for each nanocrystal.

        Returns
        -------
        Table
            Has a readable representation; ``rows`` has all columns of the CSV file as dictionaries.
        """
        if "nc" not in self._dataset.dims:
            raise BandgError("the dataset has no dimension nc: select nanocrystals with a list, as `.isel(nc=[0])`")
        rows = edge_rows(self._dataset)
        name = str(self._dataset["set"].values.flat[0]) if "set" in self._dataset.variables else "levels"
        return Table(name, _COLUMNS, tuple(rows))
