"""A fit as a TOML file: free parameters, targets and weights."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from bandg.analysis.fit.targets import POSITIVE
from bandg.analysis.fit.targets import parse as parse_target
from bandg.base.errors import BandgError
from bandg.base.files import read_text
from bandg.base.text import nearest
from bandg.base.toml import parse_toml
from bandg.data.bands import POINTS
from bandg.parameters.check import complaint
from bandg.parameters.names import hopping_of, order, out_of_range

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\z")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Shell = Literal["s", "p", "d", "s*"]

GROUPS = {
    "upper-valence": (0, 0),
    "halide-valence": (-8, -1),
    "valence": (-8, 0),
    "conduction": (1, 1),
    "upper-conduction": (2, 3),
    "lead-s": None,
    "halide-s": None,
}
"""Named groups of bands as doublets above the upper valence band; X p with Pb s are nine, Pb p three."""


SHIFTED = (
    *("E_g", "Delta", "level.R8+.1", "level.R6+.1", "level.R8+.2", "level.R7+.1", "level.R8+.3", "level.R6+.2"),
    *("level.R6-.1", "level.R8-.1"),
)
"""Energies at R whose changes under strain can be targets, counted from the gap."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Prior(_Strict):
    """A parameter is held near `value` (eV) with the width of one standard deviation."""

    value: Finite
    width: Positive


class Free(_Strict):
    """A free parameter; `start` is needed only where the start set lacks it or should not be followed."""

    start: Finite | None = None
    lower: Finite | None = None
    upper: Finite | None = None
    prior: Prior | None = None


class Held(_Strict):
    """A value that stays as the job sets it, with where it comes from."""

    value: Finite
    source: Text
    status: Literal["published", "transcribed", "assumed"] = "assumed"
    note: Text | None = None


class Link(_Strict):
    """value = offset + factor * (value of the free parameter `to`)."""

    to: Text
    factor: Finite = 1.0
    offset: Finite = 0.0


class Reference(_Strict):
    """Bands to fit, and the rigid shifts of the conduction bands that make E_g and Delta at R what they should be."""

    bands: Text
    E_g_eV: Finite | None = None
    Delta_eV: Finite | None = None
    source: Text | None = None

    @model_validator(mode="after")
    def _shift_has_source(self) -> Reference:
        if (self.E_g_eV is not None or self.Delta_eV is not None) and self.source is None:
            raise ValueError("E_g_eV or Delta_eV shifts the conduction bands: say in source where the number is from")
        return self


def _bands(raw: Any) -> Any:
    if isinstance(raw, str):
        if raw not in GROUPS:
            raise ValueError(f"{raw!r} is unknown{nearest(raw, GROUPS)}; there are: {', '.join(GROUPS)}")
    elif not (isinstance(raw, list) and [type(one) for one in raw] == [int, int] and raw[0] <= raw[1]):
        raise ValueError(f"must be a name or [first, last] in the numbers of the reference, not {raw!r}"[:120])
    return raw


class BandGroup(_Strict):
    """One group of bands: residual (model - reference) / error_meV at every k point of the window."""

    name: Text
    bands: Annotated[str | list[int], BeforeValidator(_bands)]
    error_meV: Positive
    section: Literal["path", "mesh", "line"] = "path"
    near: Annotated[list[Text], BeforeValidator(lambda raw: [raw] if isinstance(raw, str) else raw)] = []
    within: Positive | None = None
    every: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _known(self) -> BandGroup:
        unknown = [point for point in self.near if point not in POINTS]
        if unknown:
            raise ValueError(f"near = {unknown[0]!r} is not a known point; known are {', '.join(POINTS)}")
        if bool(self.near) != (self.within is not None):
            raise ValueError('near and within go together: near = "R", within = 0.1 (in 2 pi/a)')
        return self


def _number_or_reference(raw: Any) -> Any:
    if isinstance(raw, str) and raw != "reference":
        raise ValueError(f'must be a number or "reference", not {raw!r}'[:120])
    return raw


class FitTarget(_Strict):
    """A scalar that the set should have: value with its error, in eV or without unit.

    factor: multiplies the value of the reference, as where its momenta are known to be too large.
    """

    value: Annotated[Finite | Literal["reference"], BeforeValidator(_number_or_reference)]
    error: Positive
    factor: Positive = 1.0
    source: Text | None = None

    @model_validator(mode="after")
    def _factor_of_reference(self) -> FitTarget:
        if self.factor != 1 and self.value != "reference":
            raise ValueError('factor multiplies value = "reference": give the number itself')
        if self.factor != 1 and self.source is None:
            raise ValueError("factor changes the value of the reference: say in source where it is from")
        return self


class Strain(_Strict):
    """Changes of levels at R under hydrostatic strain as targets, each with the error in eV."""

    cells: Text
    error: Positive
    levels: Annotated[list[Text], Field(min_length=1)] = list(SHIFTED)

    @model_validator(mode="after")
    def _known(self) -> Strain:
        for name in self.levels:
            if name not in SHIFTED or self.levels.count(name) > 1:
                what = "given twice" if name in SHIFTED else f"unknown{nearest(name, SHIFTED)}"
                raise ValueError(f"level {name!r} is {what}; there are: {', '.join(SHIFTED)}")
        return self


class FitJob(_Strict):
    """The whole file; see docs/fitting.md."""

    version: int = Field(alias="schema")
    name: Name
    description: str = ""
    source: Text | None = None
    start: Text
    material: Text | None = None
    basis: dict[Literal["Pb", "X"], list[Shell]] = {}
    set: dict[str, Finite | Held] = {}
    free: dict[str, Free]
    link: dict[str, Link] = {}
    reference: Reference | None = None
    bands: list[BandGroup] = []
    targets: dict[str, FitTarget] = {}
    strain: Strain | None = None
    published: Text | None = None
    starts: int = Field(default=1, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)
    spread: float = Field(default=0.3, gt=0, le=1)
    errors: Literal["scaled", "stated"] = "scaled"
    comparable: float = Field(default=0.1, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _consistent(self) -> FitJob:
        if self.version != 1:
            raise ValueError(f"schema {self.version} is not known: this version of bandg reads schema = 1")
        if not self.free:
            raise ValueError("nothing is free: name parameters in [free]")
        for path in (*self.free, *self.link, *self.set):
            if path not in order() and (hopping_of(path) not in order() or path in self.set):
                raise ValueError(f"{path!r} is not a parameter{nearest(path, order())}")
            if hopping_of(path) and self.strain is None:
                raise ValueError(f"{path} plays a part in a strained crystal alone: write [strain]")
        for path in (*self.free, *self.link):
            if path == "lattice.a":
                raise ValueError("lattice.a cannot be fitted, since H is not linear in it: give it in [set]")
            if path in self.set or (path in self.free and path in self.link):
                raise ValueError(f"{path} stands in two of [free], [link] and [set]")
        for path, link in self.link.items():
            if link.to not in self.free:
                raise ValueError(f"{path} is linked to {link.to!r}, which is not in [free]")
            if bool(hopping_of(path)) != bool(hopping_of(link.to)):
                raise ValueError(f"{path} is linked to {link.to}: an exponent follows exponents alone")
        for path, entry in self.free.items():
            _check_free(path, entry)
        for path, held in self.set.items():
            if problem := out_of_range(path, held.value if isinstance(held, Held) else held):
                raise ValueError(f"set.{path}: {problem}")
        for species, shells in self.basis.items():
            for shell in shells:
                if shells.count(shell) > 1:
                    raise ValueError(f"basis.{species}: the shell {shell} is given twice")
        for name, target in self.targets.items():
            kind = parse_target(name).kind
            if isinstance(target.value, str):
                continue
            if name in POSITIVE and target.value <= 0:
                raise ValueError(f"targets.{name}: must be above zero, not {target.value:g}")
            if kind in ("E_p", "character") and target.value < 0:
                raise ValueError(f"targets.{name}: cannot be below zero, as {target.value:g} is")
        if not (self.bands or self.targets or self.strain):
            raise ValueError("there is nothing to fit: give [[bands]], [targets] or [strain]")
        if self.bands and self.reference is None:
            raise ValueError('[[bands]] need a reference: write [reference] with bands = "cspbi3_cubic_mbj_soc"')
        if self.reference is None and any(target.value == "reference" for target in self.targets.values()):
            raise ValueError('value = "reference" needs a [reference]')
        return self


def _check_free(path: str, entry: Free) -> None:
    low, high = entry.lower, entry.upper
    if low is not None and high is not None and low >= high:
        raise ValueError(f"{path}: lower {low:g} is not below upper {high:g}")
    for value in (entry.start, low, high):
        if value is not None and (problem := out_of_range(path, value)):
            raise ValueError(f"{path}: {problem}")
    center = entry.prior.value if entry.prior else None
    if center is not None and ((low is not None and center < low) or (high is not None and center > high)):
        raise ValueError(f"{path}: the prior {center:g} lies outside of its bounds")


def read_job(path: str) -> FitJob:
    """The job in a TOML file. Raises BandgError, one line that starts with the file name, for whatever is wrong."""
    wanted = "the TOML file of a fit (see docs/fitting.md)"
    return parse_job(read_text(path, path, f"give {wanted}", wanted), path)


def parse_job(text: str, label: str) -> FitJob:
    """The job of a TOML text; `label` opens the line of an error. Raises BandgError."""
    raw = parse_toml(text, label)
    try:
        return FitJob.model_validate(raw)
    except ValidationError as error:
        raise BandgError(f"{label}: {_explain(error)}") from None


_MODELS = (FitJob, Free, Held, Link, Prior, Reference, BandGroup, FitTarget, Strain)
_EXAMPLES = {
    "Free": "{} or { lower = -5.0, upper = 5.0 }",
    "Link": '{ to = "hopping.X-X.p-p.sigma", factor = -0.25 }',
    "Prior": "{ value = 0.28, width = 0.03 }",
    "FitTarget": "{ value = 1.65, error = 0.01 }",
    "Strain": '{ cells = "cspbi3_strain_tilt_pbe", error = 0.02 }',
}


def _explain(error: ValidationError) -> str:
    """The first complaint of pydantic as "key: what is wrong"."""
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"] if part not in ("float", "Held")]  # a branch of a union
    where = ".".join(place)
    if len(place) > 1 and place[0] == "bands":
        where = ": ".join([f"[[bands]] number {int(place[1]) + 1}", *place[2:]])
    kind, what = first["type"], complaint(first)
    if kind == "value_error":
        what = str(first["msg"]).removeprefix("Value error, ")
    elif kind == "extra_forbidden":
        known = [info.alias or name for model in _MODELS for name, info in model.model_fields.items()]
        name = where.rsplit(".", 1)[-1]
        nested = isinstance(first["input"], dict) and where.startswith(("free.", "link.", "set."))
        hint = (
            '; a dotted path needs quotes: "onsite.Pb.p"'
            if nested
            else nearest(name, [one for one in known if one != name])
        )
        what = f"is an unknown key{hint}"
    elif kind == "missing":
        what = "is missing"
    elif kind == "model_type" and (example := _EXAMPLES.get(first["ctx"]["class_name"])):
        what = f"must be a table such as {example}"
    elif first["loc"] == ("bands",):
        what = "must be written [[bands]], once for each group"
    return f"{where}: {what}" if where else what
