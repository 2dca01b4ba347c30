"""Makes the stored results in theory_curves/computed again.

python docs/_scripts/stored.py            all of them: about half an hour on two processors
python docs/_scripts/stored.py NAME ...   some: curves, verdict, hypotheses, hypotheses-nnn, hypotheses-slow, joint-fit,
                                          joint-spin, joint-held, joint, joint-first, fitted, family, profile, held,
                                          refits, nanocrystals, reference, waterfall, decide, tilts, lines, spreads,
                                          emulators, synthetic
python docs/_scripts/waterfall.py --readme README.md   afterwards: the table of the README
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "theory_curves/computed"

_SIZES = "--size 3cells,4cells,5cells,6cells,8cells,11cells,16cells"
_BULK = "--bulk E_g=1.60..1.70eV --bulk g_h=first-principles"
_HALIDE = """--model "halide: termination=0, exciton=0" --model "halide, exciton: termination=0, exciton=0..0.227\""""
_EXCITON = """--model "halide, exciton: termination=0, exciton=0..0.227"
--model "mixed, exciton: termination=0..1, exciton=0..0.227\""""
_LEAD = """--model "lead, exciton: termination=1, exciton=0..0.227\""""

BANDG = {
    "curves": f"overlay --regenerate {FOLDER}",
    "hypotheses": f"""hypotheses --only quick --combine surface-occupancy,fitted-bands
--combine surface-occupancy,screening --out {FOLDER}/hypotheses.json""",
    "verdict": f"verdict --out {FOLDER}/verdict.json",
    "hypotheses-nnn": f"hypotheses --set bandg-nnn --termination halide --out {FOLDER}/hypotheses-nnn.json",
    "hypotheses-slow": f"""hypotheses --only surface-vacancies,lead-vacancies,tilt
--out {FOLDER}/hypotheses-slow.json""",
    "joint-fit": f"""infer --set bandg-nnn {_SIZES}
{_EXCITON}
--live 300 --out {FOLDER}/joint-fit.json""",
    "joint-spin": f"""infer --set bandg-nnn-spin {_SIZES}
{_EXCITON}
--live 300 --out {FOLDER}/joint-spin.json""",
    "joint-held": f"""infer --set bandg-nnn {_SIZES}
--vary spin_orbit.Pb.p=+-0.027eV --vary spin_orbit.X.p=0.28..0.314eV --vary hopping.Pb-X.p-p.sigma=+-0.08eV
--vary scale:hopping.X-X=0.85..1.15 --vary onsite.Pb.p=+-0.15eV {_BULK}
{_HALIDE}
--live 300 --out {FOLDER}/joint-held.json""",
    "joint": f"""infer --set bandg-nnn {_SIZES}
--vary spin_orbit.Pb.p=0.6..0.9eV --vary hopping.Pb-X.p-p.sigma=+-0.1eV --vary scale:hopping.X-X=0.6..1.3
--vary onsite.Pb.p=+-0.25eV {_BULK}
{_HALIDE}
--model "mixed, exciton: termination=0..1, exciton=0..0.227"
{_LEAD}
--live 300 --out {FOLDER}/joint.json""",
    "joint-first": f"""infer --set nestoklon2023-standin {_SIZES}
--vary spin_orbit.Pb.p=+-0.13eV --vary hopping.Pb-X.p-p.sigma=+-0.25eV --vary hopping.Pb-X.p-p.pi=+-0.15eV
--vary onsite.Pb.p=+-0.15eV {_BULK}
{_HALIDE}
{_LEAD}
--live 300 --out {FOLDER}/joint-first.json""",
}
"""Stored results that one bandg command makes."""

SCRIPTS = {
    "fitted": ["computed_curves.py"],
    "family": ["family.py", "--compute"],
    "profile": ["profile_g_h.py"],
    "held": ["held_fits.py"],
    "refits": ["refits.py"],
    "nanocrystals": ["nanocrystals.py", "--compute"],
    "reference": ["validation.py", "--compute"],
    "waterfall": ["waterfall.py", "--compute"],
    "decide": ["decide.py", "--compute"],
    "tilts": ["tilts.py", "--compute"],
    "lines": ["theory_lines.py", "--compute"],
    "spreads": ["spreads.py", "--compute"],
    "emulators": ["emulators.py"],
    "synthetic": ["synthetic.py", "--compute"],
}
"""Stored results that need more than one command."""


def command_text(name: str) -> str:
    """The command of a stored result as a reader would type it."""
    lines = [line.strip() for line in BANDG[name].splitlines()]
    return "bandg " + " \\\n  ".join(line for line in lines if line)


def make(name: str) -> None:
    """Make one stored result. Raises CalledProcessError where its command fails."""
    print(f"== {name}", flush=True)
    if name in BANDG:
        subprocess.run(["sh", "-c", command_text(name)], cwd=ROOT, check=True)
    else:
        script, *rest = SCRIPTS[name]
        subprocess.run([sys.executable, str(Path(__file__).with_name(script)), *rest], cwd=ROOT, check=True)


if __name__ == "__main__":
    known = [*BANDG, *SCRIPTS]
    wanted = sys.argv[1:] or known
    for name in wanted:
        if name not in known:
            raise SystemExit(f"{name!r} is no stored result; there are: {', '.join(known)}")
    for name in wanted:
        make(name)
