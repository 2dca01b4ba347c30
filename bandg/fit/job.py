"""A fit as a TOML file: what is free, what it is fitted to, and with what weight."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from bandg._paths import ORDER, nearest, one_line, out_of_range
from bandg.errors import BandgError
from bandg.reference import POINTS

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

QUANTITIES = ("E_g", "Delta", "m_e", "m_h", "E_p_R6", "E_p_R8", "g_e", "g_h", "E_v")
"""Scalar targets besides `level.IRREP.N`: the N-th level of that irrep at R, counted from the gap."""

LEVELS = {"R6+": 2, "R7+": 1, "R8+": 3, "R6-": 1, "R8-": 1}
"""How many levels of each irrep a target may name; R6+.2 is the bonding Pb s, R6- and R8- are those of X s."""


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


class Bands(_Strict):
    """One group of bands: residual (model - reference) / error_meV at every k point of the window."""

    name: Text
    bands: str | list[int]
    error_meV: Positive
    section: Literal["path", "mesh", "line"] = "path"
    near: list[Text] | Text | None = None
    within: Positive | None = None
    every: int = Field(default=1, ge=1)

    @property
    def points(self) -> tuple[str, ...]:
        """The high-symmetry points about which the window lies, none for all k."""
        return (self.near,) if isinstance(self.near, str) else tuple(self.near or ())

    @model_validator(mode="after")
    def _known(self) -> Bands:
        if isinstance(self.bands, str) and self.bands not in GROUPS:
            raise ValueError(f"bands {self.bands!r} is unknown{nearest(self.bands, GROUPS)}; {', '.join(GROUPS)}")
        if isinstance(self.bands, list) and not (len(self.bands) == 2 and self.bands[0] <= self.bands[1]):
            raise ValueError("bands must be a name or [first, last] in the numbers of the reference")
        unknown = [point for point in self.points if point not in POINTS]
        if unknown:
            raise ValueError(f"near = {unknown[0]!r} is no point; there are {', '.join(POINTS)}")
        if (self.near is None) != (self.within is None):
            raise ValueError('near and within go together: near = "R", within = 0.1 (in 2 pi/a)')
        return self


class Target(_Strict):
    """A scalar that the set should have: value with its error, in eV or without unit."""

    value: Finite | Literal["reference"]
    error: Positive
    source: Text | None = None


class Job(_Strict):
    """The whole file; see docs/fitting.md."""

    version: int = Field(alias="schema")
    name: Name
    description: str = ""
    start: Text
    material: Text | None = None
    basis: dict[Literal["Pb", "X"], list[Shell]] = {}
    set: dict[str, Finite] = {}
    free: dict[str, Free]
    link: dict[str, Link] = {}
    reference: Reference | None = None
    bands: list[Bands] = []
    targets: dict[str, Target] = {}
    starts: int = Field(default=1, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)
    spread: float = Field(default=0.3, gt=0, le=1)
    errors: Literal["scaled", "stated"] = "scaled"

    @model_validator(mode="after")
    def _consistent(self) -> Job:
        if self.version != 1:
            raise ValueError(f"schema {self.version} is not known: this version of bandg reads schema = 1")
        if not self.free:
            raise ValueError("nothing is free: name parameters in [free]")
        for path in (*self.free, *self.link, *self.set):
            if path not in ORDER:
                raise ValueError(f"{path!r} is no parameter{nearest(path, ORDER)}")
        for path in (*self.free, *self.link):
            if path == "lattice.a":
                raise ValueError("lattice.a cannot be fitted, since H is not linear in it: give it in [set]")
            if path in self.set or (path in self.free and path in self.link):
                raise ValueError(f"{path} stands in two of [free], [link] and [set]")
        for path, link in self.link.items():
            if link.to not in self.free:
                raise ValueError(f"{path} is linked to {link.to!r}, which is not in [free]")
        for path, entry in self.free.items():
            _check_free(path, entry)
        for name in self.targets:
            check_quantity(name)
        if not (self.bands or self.targets):
            raise ValueError("there is nothing to fit: give [[bands]] or [targets]")
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


def check_quantity(name: str) -> None:
    """Raise ValueError unless `name` is a quantity that can be a target."""
    if name in QUANTITIES:
        return
    head, _, rest = name.partition(".")
    irrep, _, number = rest.partition(".")
    if head == "level" and irrep in LEVELS and number.isascii() and number.isdigit():
        if 1 <= int(number) <= LEVELS[irrep]:
            return
        raise ValueError(f"target {name!r}: of {irrep} there is level 1 to {LEVELS[irrep]}, counted from the gap")
    known = (*QUANTITIES, *(f"level.{irrep}.1" for irrep in LEVELS))
    raise ValueError(f"target {name!r} is unknown{nearest(name, known)}; there are: {', '.join(known)}")


def read_job(path: str) -> Job:
    """The job in a TOML file. Raises BandgError, one line that starts with the file name, for whatever is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BandgError(one_line(f"{path}: no such file; give the TOML file of a fit (see docs/fitting.md)")) from None
    except (OSError, ValueError) as error:
        raise BandgError(
            one_line(f"{path}: cannot be read as UTF-8 text: {getattr(error, 'strerror', None) or error}")
        ) from None
    return parse_job(text, path)


def parse_job(text: str, label: str) -> Job:
    """The job of a TOML text; `label` opens the line of an error."""
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BandgError(one_line(f"{label}: is not valid TOML: {error}")) from None
    try:
        return Job.model_validate(raw)
    except ValidationError as error:
        raise BandgError(one_line(f"{label}: {_explain(error)}")) from None


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("str", "list[int]", "float", "literal"))
    given = repr(first["input"])[:60]
    kind = first["type"]
    if kind == "extra_forbidden":
        known = [info.alias or name for model in _MODELS for name, info in model.model_fields.items()]
        nested = isinstance(first["input"], dict) and where.startswith(("free.", "link.", "set."))
        hint = '; a dotted path needs quotes: "onsite.Pb.p"' if nested else nearest(where.rsplit(".", 1)[-1], known)
        return f"{where}: is an unknown key{hint}"
    if kind == "value_error":
        text = str(first["msg"]).removeprefix("Value error, ")
        return f"{where}: {text}" if where else text
    if kind == "missing":
        return f"{where}: is missing"
    return f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}, not {given}"


_MODELS = (Job, Free, Link, Prior, Reference, Bands, Target)
