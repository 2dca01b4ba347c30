"""Build sdist and wheel, assert that nothing is missing in the wheel, and run it from an empty directory.

Needs `uv` on the path and the standard library alone. The wheel is built from the sdist, so both are tested, and
installed by plain pip without compiling anything, with the versions of constraints.txt.
"""

import csv
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"bandg": "bandg", "params": "bandg/params", "theory_curves": "bandg/theory_curves"}
SUFFIXES = {".py", ".toml", ".csv", ".json", ".nc", ".mplstyle", ".html", ".js", ".typed"}


def expected() -> set[str]:
    """Names in the wheel of every module and data file of the checkout."""
    return {
        f"{inside}/{file.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in SOURCES.items()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in SUFFIXES and "__pycache__" not in file.parts
    }


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    print("$", *command, flush=True)
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\nexit code {done.returncode}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run("uv", "build", "--quiet", "--out-dir", str(work / "dist"), str(ROOT), cwd=work)
        (wheel,) = (work / "dist").glob("*.whl")
        packed = {entry for entry in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in entry}
        if packed != expected():
            missing, surplus = sorted(expected() - packed), sorted(packed - expected())
            sys.exit(f"the wheel lacks {missing}\nand should not have {surplus}: see setup.cfg")
        print(f"{wheel.name}: {len(packed)} modules and data files, all there")

        run(sys.executable, "-m", "venv", str(work / "venv"), cwd=work)
        bin_ = work / "venv" / ("Scripts" if os.name == "nt" else "bin")
        constraints = str(ROOT / "constraints.txt")
        install = ("-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--constraint", constraints)
        run(str(bin_ / "python"), *install, str(wheel), cwd=work)

        empty = work / "empty"
        empty.mkdir()
        # nothing of the caller's environment that could lead back to the checkout
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "UV_", "VIRTUAL_ENV"))}
        env["BANDG_CACHE_DIR"] = str(work / "cache")
        bandg = str(bin_ / "bandg")
        place = run(str(bin_ / "python"), "-c", "import bandg; print(bandg.__file__)", cwd=empty, env=env)
        assert Path(place.strip()).is_relative_to((work / "venv").resolve()), place
        assert "compute" in run(bandg, "--help", cwd=empty, env=env)
        sets = run(bandg, "params", "list", cwd=empty, env=env)
        for file in (ROOT / "params").glob("*.toml"):
            assert file.stem in sets, f"{file.stem} is not in the list:\n{sets}"
        cube = ("--size", "6cells", "--shape", "cube", "--termination", "halide", "--set", "nestoklon2023-standin")
        run(bandg, "compute", *cube, "--out", "levels.csv", cwd=empty, env=env)
        with (empty / "levels.csv").open(newline="") as stream:
            (row,) = csv.DictReader(line for line in stream if not line.startswith("#"))
        assert row["cells"] == "6", row
        # the tests hold the physics to all its digits; this only tells a number from nonsense
        for column, value in {"E_e_eV": 1.9650, "E_h_eV": -0.1703, "g_e": 1.174, "g_h": 1.290}.items():
            assert abs(float(row[column]) - value) < 2e-3, (column, row)
        print("the installed wheel computes from an empty directory")


if __name__ == "__main__":
    main()
