"""States of one parity by their values on half of the sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.hamiltonian.sites import SiteSystem


@dataclass(frozen=True, eq=False)
class Half:
    """One site of each pair that the inversion exchanges; or all sites, where nothing is known of the parity.

    The values on a kept site are sqrt(2) times those of the state there, on a site that is its own image the values
    themselves, so that scalar products are those of the whole states.

    kept: (n_kept,) sites, rising. home: (n_sites,) place in `kept` of a site or of its image. image: (n_sites,) the
    site that the inversion makes of each. signs: (n_kinds, most) what the state on the image is, orbital by orbital,
    beside the state on the site: +1 or -1.
    """

    system: SiteSystem
    kept: NDArray[np.int64]
    home: NDArray[np.int64]
    image: NDArray[np.int64]
    signs: NDArray[np.float64]

    @classmethod
    def of(
        cls, system: SiteSystem, kept: NDArray[np.int64], image: NDArray[np.int64], signs: NDArray[np.float64]
    ) -> Half:
        """Of the kept sites (n_kept,), rising, of which every other site is the image."""
        home = np.empty(system.n_sites, dtype=np.int64)
        home[image[kept]] = np.arange(len(kept))
        home[kept] = np.arange(len(kept))
        return cls(system, kept, home, image, signs)

    @classmethod
    def whole(cls, system: SiteSystem) -> Half:
        """All sites, each its own image."""
        every = np.arange(system.n_sites)
        return cls(system, every, every, every, np.ones((len(system.dimensions), int(system.dimensions.max()))))

    @cached_property
    def count(self) -> NDArray[np.int64]:
        """Number of sites that each site of the system stands for, itself and its image: (n_sites,)."""
        return np.bincount(self.home)[self.home]

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """Kind of each kept site."""
        return self.system.kind[self.kept]

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """First orbital of each kept site, and the number of all: (n_kept + 1,)."""
        return np.concatenate([[0], np.cumsum(self.system.dimensions[self.kind])])

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """First orbital of each site of the system, -1 where it is not kept, and the number of all: (n_sites + 1,)."""
        found = np.full(self.system.n_sites + 1, -1)
        found[np.append(self.kept, -1)] = self.offsets
        return found

    def fold(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """The part of this parity of states (n_orbitals, ...), on the kept sites."""
        result = np.empty((self.offsets[-1], *psi.shape[1:]), dtype=complex)
        for rows, here, there, signs, scale in self._kinds():
            signs, scale = signs.reshape(-1, *[1] * (psi.ndim - 1)), scale.reshape(-1, *[1] * psi.ndim)
            result[rows] = (psi[here] + signs * psi[there]) * scale / 2
        return result

    def unfold(self, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """The whole state (n_orbitals,) of one on the kept sites."""
        result = np.empty(self.system.n_orbitals, dtype=complex)
        for rows, here, there, signs, scale in self._kinds():
            result[there] = signs * psi[rows] / scale[:, None]
            result[here] = psi[rows] / scale[:, None]
        return result

    def _kinds(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """For each kind: rows of the kept sites, of them and of their images in the system, signs, sqrt(count)."""
        offsets, scale = self.offsets[:-1], np.sqrt(self.count[self.kept])
        for number, dimension in enumerate(self.system.dimensions.tolist()):
            mine, inside = np.flatnonzero(self.kind == number), np.arange(dimension)
            sites = self.kept[mine]
            here, there = (self.system.offsets[of][:, None] + inside for of in (sites, self.image[sites]))
            yield offsets[mine][:, None] + inside, here, there, self.signs[number, :dimension], scale[mine]
