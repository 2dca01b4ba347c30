"""The 8-band envelope model as a `bandg.models.base.Model`."""

from __future__ import annotations

import os
from dataclasses import astuple, replace

from bandg.base.errors import BandgError
from bandg.crystal.shapes import Nanocrystal
from bandg.models.base import Model, Options
from bandg.models.kp.bulk import KpBulk
from bandg.models.kp.envelope import Barrier, elliptic
from bandg.models.kp.job import KpJob
from bandg.models.kp.sets import KpSet, load_kp, of_etb
from bandg.parameters.names import DEFAULT_SET
from bandg.parameters.sets import ParameterSet

DEFAULT_BARRIER = (3.0, 3.0)
"""Heights of the glass above the conduction band and below the valence band in eV where none is given: assumed."""


class EnvelopeModel(Model):
    """Eight bands near R with envelopes, behind hard walls or in glass."""

    name = "kp"
    shapes = frozenset(("cube", "sphere"))
    terminations = ("hard-wall", "glass")
    options = frozenset(("barrier",))
    default_set = DEFAULT_SET

    def load(self, source: str | os.PathLike[str] | ParameterSet | KpSet, /) -> KpSet:
        """A k.p set, extracted from a tight-binding set where one is given."""
        if isinstance(source, KpSet):
            return source
        if isinstance(source, ParameterSet):
            return of_etb(source)
        if isinstance(source, str | os.PathLike):
            return load_kp(source)
        raise BandgError(f"{source!r:.60} is not a k.p set: give its name, a path, a KpSet or a ParameterSet")

    def complete(self, parameters: KpSet, options: Options, /) -> Options:
        """With hard walls by default, or glass if a barrier is given; the default barrier is DEFAULT_BARRIER."""
        glass = options.barrier is not None
        options = replace(options, terminations=options.terminations or self.terminations[glass : 1 + glass])
        if glass and "glass" not in options.terminations:
            raise BandgError("a barrier belongs to the termination glass; hard walls have none")
        elliptic(parameters.values, parameters.name)
        if "glass" not in options.terminations:
            return options
        return replace(options, barrier=astuple(Barrier(*(options.barrier or DEFAULT_BARRIER))))

    def bulk(self, parameters: KpSet, options: Options, /) -> KpBulk:
        """The bulk laws at the gap of the set."""
        return KpBulk(parameters)

    def job(self, parameters: KpSet, nanocrystal: Nanocrystal, options: Options, /) -> KpJob:
        """One nanocrystal."""
        return KpJob(parameters, nanocrystal, options.barrier if nanocrystal.termination == "glass" else None)


MODEL = EnvelopeModel()
