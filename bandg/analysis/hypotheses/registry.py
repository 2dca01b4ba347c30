"""The mechanisms of bandg, each with its range and the source of the range."""

from __future__ import annotations

from collections.abc import Sequence

from bandg.analysis.hypotheses.case import Case, bulk_of
from bandg.analysis.hypotheses.changes import Borrowed, OtherSet, Strain, Target, Values
from bandg.analysis.hypotheses.crystal_changes import Distorted, LeadVacancies, Occupancy, Share, Tilt, Vacancies
from bandg.analysis.hypotheses.energy_changes import After, Glass, HoleDispersion, Image, IntraAtomic, Screened
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.base.errors import BandgError
from bandg.base.text import nearest
from bandg.models.screening import GLASS_EPS, PRESETS
from bandg.parameters.loader import available_sets, load_set
from bandg.parameters.sets import ParameterSet

BARRIER_EV = 3.0
"""The barrier that others are compared with."""

ATOMIC_LAMBDA_I = 0.3142
"""A third of the splitting of the ground term of the iodine atom, 7603 cm^-1 [nist_asd], in eV."""


def default_mechanisms(case: Case) -> tuple[Mechanism, ...]:
    """The mechanisms that make sense for a baseline: what its set does not have is left out."""
    found = [*_energy(), *_geometry(case), *_surface(case), *_moment(), *_parameters(case)]
    return tuple(found)


def choose(mechanisms: Sequence[Mechanism], names: Sequence[str]) -> tuple[Mechanism, ...]:
    """Mechanisms by name, in the order of the names. Raises BandgError for an unknown one, with the nearest."""
    known = {mechanism.name: mechanism for mechanism in mechanisms}
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            raise BandgError(f"no mechanism is called {name!r}{hint}; there are: {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


_CORRELATION = (
    "the correlation of the pair or of the charged exciton, 5 to 20 meV, which is 0.01 to 0.02 in g_h at 2.25 eV and "
    "0.04 to 0.08 in g_e at 1.911 eV"
)


def _energy() -> list[Mechanism]:
    inside = PRESETS["middle"].eps_inf
    return [
        Mechanism(
            "screening",
            "A resident hole makes the transition that of a charged exciton, h to X+, and to first order its shift "
            "is that of the neutral one, with Haken's attraction of the computed densities in glass of eps 2.25. "
            "The value goes from weak screening (eps_inf 4.4, static 15, radius 4 nm) to strong (5, 25, 3 nm).",
            Screened(PRESETS["weak"], PRESETS["strong"], GLASS_EPS),
            lower=0.0,
            upper=1.0,
            baseline=None,
            source=(
                "frost2017: eps_inf 4.5 and 5.0, static 18.1 to 33.5 of iodides, in its program; mapbi2015: 2.10^2, "
                "the square of the lowest refractive index of an iodide; radii and the lower static eps second-hand"
            ),
            omits=f"{_CORRELATION}; that image charges push a single carrier from the surface (image-potential)",
        ),
        Mechanism(
            "image-potential",
            "Image charges push each carrier from the surface: their self-energy is a potential in H, and the energy "
            f"is that of the pair. The value is eps outside at {inside:g} inside, from no contrast to glass.",
            Image(inside),
            lower=GLASS_EPS,
            upper=inside,
            baseline=inside,
            source="schott_nbk7: n = 1.517 of a borosilicate glass; mapbi2015: 4.4 and more inside",
            omits="that the interface is not sharp; the attraction of electron and hole (screening)",
        ),
        Mechanism(
            "non-parabolicity",
            "The hole's confinement energy is changed from that of its own band to that of a parabola at the same k. "
            "1 is the parabola, 0 tight binding, and below zero the band is more non-parabolic than computed.",
            HoleDispersion(),
            lower=0.0,
            upper=1.0,
            baseline=0.0,
            definition=True,
        ),
        Mechanism(
            "band-gap",
            "The bulk gap is shifted, and with it the energy axis and the g-factors. "
            "It is not known for these nanocrystals at 6 K.",
            Target("E_g", "onsite.Pb.p"),
            lower=1.60,
            upper=1.66,
            baseline=None,
            unit="eV",
            source="arxiv1905.12486: 1.63(3) eV for gamma-CsPbI3 at room temperature",
        ),
    ]


def _geometry(case: Case) -> list[Mechanism]:
    other = "halide" if case.termination == "lead" else "lead"
    shape = "sphere" if case.shape == "cube" else "cube"
    return [
        Mechanism(
            f"termination-{other}",
            f"A share of the nanocrystals ends in {other} planes instead of {case.termination} planes. "
            "The value is that share at equal transition energy.",
            Share((("termination", other),)),
            lower=0.0,
            upper=1.0,
            baseline=0.0,
            definition=True,
        ),
        Mechanism(
            f"shape-{shape}",
            f"A share of the nanocrystals has the shape of a {shape} instead of a {case.shape}. "
            "The value is that share at equal transition energy.",
            Share((("shape", shape),)),
            lower=0.0,
            upper=1.0,
            baseline=0.0,
            definition=True,
        ),
        Mechanism(
            "aspect-ratio",
            "A share of the nanocrystals are cuboids whose long edge is 1.5 times the two short ones. "
            "The value is that share at equal transition energy, and g the mean over the directions.",
            Share((("shape", "cuboid"), ("aspect", 1.5))),
            lower=0.0,
            upper=1.0,
            baseline=0.0,
        ),
        Mechanism(
            "envelope-model",
            "The 8-band k.p envelope model of the same bulk bands behind hard walls takes the place of tight binding. "
            "The value is the share of the way there at equal energy; what is left is the atomic surface.",
            Share((("model", "kp"),)),
            lower=0.0,
            upper=1.0,
            baseline=0.0,
            definition=True,
        ),
        Mechanism(
            "finite-barrier",
            "The glass is a barrier of this height for both carriers, and the change is that against one of 3 eV in "
            "the k.p envelope model, size by size. Hard walls are no reference: g nears its value there very slowly.",
            Glass(BARRIER_EV),
            lower=1.0,
            upper=BARRIER_EV,
            baseline=BARRIER_EV,
            unit="eV",
        ),
        Mechanism(
            "lattice-constant",
            "The lattice is strained, hoppings follow as the inverse square of the distance, at the same bulk gap. "
            "Lattice constants of CsPbI3 nanocrystals were found to vary by 3 % with size.",
            Strain(),
            lower=-0.03,
            upper=0.03,
            baseline=0.0,
            source="zhao2020: 3 % over all sizes (2.1 % in volume); harrison1980: exponent of s and p, assumed for d",
        ),
    ]


SEEDS = 4
_SMALL = (4, 5, 6, 7)
_TILTED = (4, 5, 6, 8, 11)
_TILT_SOURCE = (
    "sutton2018: lattice constants at 293 K, which with rigid bonds of 0.318 nm are 11.9 degrees in phase and 8.2 "
    "about the other axes; relaxed cell: 13.2 and 9.3; 0 is the cubic crystal"
)


def _surface(case: Case) -> list[Mechanism]:
    own = 1.0 if case.termination == "halide" else 0.0
    return [
        Mechanism(
            "surface-occupancy",
            "A share of the halide sites of the surface is filled, in mean field, so that the symmetry stays. "
            "0 is the lead termination, 1 the halide one.",
            Occupancy(),
            lower=0.0,
            upper=1.0,
            baseline=own,
            definition=True,
        ),
        *_potential(case),
        Mechanism(
            "surface-vacancies",
            "A share of the halide sites of the surface is filled at random; the curve is the mean over seeds. "
            "Small nanocrystals alone are computed, so the curve ends above the lower energies.",
            Vacancies(SEEDS, _SMALL),
            lower=0.0,
            upper=1.0,
            baseline=None,
            definition=True,
            slow=True,
        ),
        Mechanism(
            "lead-vacancies",
            "A share of the surface Pb is missing at random; the curve is the mean over seeds. "
            "Small nanocrystals alone are computed, so the curve ends above the lower energies.",
            LeadVacancies(SEEDS, _SMALL),
            lower=0.0,
            upper=0.5,
            baseline=None,
            slow=True,
        ),
        Mechanism(
            "tilt",
            "The octahedra turn as in the gamma phase (a-b+a-), by this angle in phase and 0.7 of it about both other "
            "axes. Bonds Pb-X keep their length, the gap of the tilted bulk is held by Pb p, its g is what comes out.",
            Tilt("a-b+a-", (0.7, 1.0), _TILTED),
            lower=0.0,
            upper=13.2,
            baseline=0.0,
            unit="deg",
            source=_TILT_SOURCE,
            omits="the shear of the real cell, and what surfaces do to tilts",
            slow=True,
        ),
    ]


SCREENED_CHARGES = 2.0
"""Scale of the CsI slab whose outermost halide is shifted as by point charges in a dielectric constant of 4.4."""


def _potential(case: Case) -> list[Mechanism]:
    """What the surface does to onsite energies and bonds."""
    slabs = "bandg: core-level shifts of slabs, first principles, whose inner planes differ by 0.03 to 0.05 eV"
    charges = "; mapbi2015: point charges screened by 2.10^2 shift the outermost halide by +0.25 eV, 1.9 times as much"
    halide = case.termination == "halide"
    return [
        Mechanism(
            "surface-potential",
            "The potential at the surface shifts the onsite energies of the outer three planes, as in first-principles "
            "slabs of CsPbI3 that end as the nanocrystals do. The value multiplies those shifts, 0 is the bulk's.",
            Distorted("surface", "slabs:scale={:.9g}"),
            lower=0.0,
            upper=SCREENED_CHARGES if halide else 1.0,
            baseline=None if case.parameters.surface or "surface" in dict(case.distortion) else 0.0,
            source=slabs + (charges if halide else ""),
            omits="that the slabs are not relaxed and face a vacuum; what a glass does to the shifts is not known",
        ),
        Mechanism(
            "surface-bonds",
            "The outermost bonds Pb-X have another length, and their hoppings follow as in any distortion. "
            "The value is the relative change of the length, of halides with a single Pb or of planes PbX2.",
            Distorted("surface_bonds"),
            lower=-0.05,
            upper=0.05,
            baseline=0.0,
        ),
    ]


def _moment() -> list[Mechanism]:
    return [
        Mechanism(
            "intra-atomic-moment",
            "The angular momentum within the p shells, which the published g-factors leave out, is added. "
            "The value is the share of a free atom's moment.",
            After(IntraAtomic),
            lower=0.0,
            upper=1.0,
            baseline=0.0,
            definition=True,
        )
    ]


FAMILIES = ("nestoklon2021-corrected", "kashikar2021")
"""One set of each of the two published families, which put the halide p levels differently against Pb s."""


def s_to_p(parameters: ParameterSet) -> float:
    """Onsite energy of X p above that of Pb s in eV."""
    return parameters.value("onsite.X.p") - parameters.value("onsite.Pb.s")


def _parameters(case: Case) -> list[Mechanism]:
    own = case.parameters
    crystal = bulk_of(own, case.neighbors)
    low, high = (s_to_p(load_set(name)) for name in FAMILIES)
    found = [
        Mechanism(
            "interband-momentum",
            "The momentum between the band edges is changed by the Pb p - X p sigma integral, at the same gap. "
            "The value is E_p of R6+ and R6-.",
            Target("E_p", "hopping.Pb-X.p-p.sigma"),
            lower=11.8,
            upper=17.0,
            baseline=crystal.kane_energy("R6-"),
            unit="eV",
            source="0.90 x 13.1 eV of the first-principles bands of bandg; arxiv2004.05093: 17 eV",
        ),
        Mechanism(
            "halide-onsite",
            "The halide p levels are raised against all others, which mixes more of them into the band edges, at the "
            "same gap. The value is how much; the range is between the two published families of sets.",
            Values(("onsite.X.p",), "add"),
            lower=low - s_to_p(own),
            upper=high - s_to_p(own),
            baseline=0.0,
            unit="eV",
            source="E_p(X) - E_s(Pb) of CsPbI3: nestoklon2021 3.56 eV, kashikar2021 5.07 eV",
        ),
    ]
    found += _halide_mixing(case)
    if "spin_orbit.X.p" in own.entries:
        found.append(
            Mechanism(
                "spin-orbit-X",
                "The spin-orbit coupling of the halide is changed at the same gap. "
                "The value is a third of the splitting of its p shell.",
                Values(("spin_orbit.X.p",)),
                lower=0.28,
                upper=ATOMIC_LAMBDA_I,
                baseline=own.value("spin_orbit.X.p"),
                unit="eV",
                source="nestoklon2021: 0.2836 eV; nist_asd: 7603 cm^-1 / 3 in the atom",
            )
        )
    if "spin_orbit.Pb.p" in own.entries:
        found.append(
            Mechanism(
                "spin-orbit-Pb",
                "The spin-orbit coupling of lead is changed at the same gap. "
                "The value is what it makes of the splitting of the conduction band, R8- minus R6-.",
                Target("Delta", "spin_orbit.Pb.p"),
                lower=1.258,
                upper=1.55,
                baseline=crystal.Delta,
                unit="eV",
                source="nestoklon2023: 1.258 eV; first-principles bands of bandg with Dirac correction: 1.50(5) eV",
            )
        )
    return found


FITTED = "bandg-nnn"
"""The set with X-X hopping that was fitted to first-principles bands."""


def _halide_mixing(case: Case) -> list[Mechanism]:
    """Hopping between halides: of the baseline's own set, or borrowed; and the fitted set in its place."""
    own = case.parameters
    source = f"{FITTED}: our fit to first-principles bands is 1; half as much again is past any that fits them"
    text = "Hopping between neighboring halides mixes their p bands into the hole at finite k, at the same gap. "
    paths = tuple(path for path in own.paths if path.startswith("hopping.X-X.") and own.value(path))
    if case.neighbors == 2 and paths:
        scaled = text + "The value multiplies all of its integrals."
        return [
            Mechanism(
                "halide-hopping",
                scaled,
                Values(paths, "scale"),
                lower=0.0,
                upper=1.5,
                baseline=1.0,
                source=source,
            )
        ]
    if FITTED not in available_sets():
        return []
    fitted = load_set(FITTED)
    paths = tuple(path for path in fitted.paths if path.startswith("hopping.X-X.") and fitted.value(path))
    return [
        Mechanism(
            "halide-hopping",
            text + f"The value multiplies that of {FITTED}, and the set is not fitted again to any bands.",
            Borrowed(FITTED, "X-X"),
            lower=0.0,
            upper=1.5,
            baseline=0.0,
            source=source,
        ),
        Mechanism(
            "fitted-bands",
            f"{FITTED}, our fit to first-principles bands with halide hopping, takes the place of the baseline's set. "
            "The value multiplies its halide hopping, 1 is the set as it is.",
            OtherSet(FITTED, paths),
            lower=0.0,
            upper=1.5,
            baseline=None,
            source=source,
        ),
    ]
