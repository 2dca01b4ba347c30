"""setup.cfg names every package and data file, constraints.txt every dependency; .ci/wheel_test.py builds for real."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = {".py", ".pyc"}

pytestmark = pytest.mark.skipif(not (ROOT / "setup.cfg").is_file(), reason="needs a checkout")


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def directories() -> dict[str, str]:
    """Package -> its directory, as setuptools will find it."""
    options = setup_cfg()["options"]
    mapped = dict(re.split(r"\s*=\s*", line) for line in options["package_dir"].split("\n") if line)
    return {name: mapped.get(name, name.replace(".", "/")) for name in options["packages"].split()}


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_listed():
    on_disk = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "bandg").rglob("*.py")}
    assert on_disk | {"params", "theory_curves"} == set(directories().values())


def test_every_package_has_an_init():
    for directory in directories().values():
        assert (ROOT / directory / "__init__.py").is_file(), directory


def test_every_data_file_is_matched():
    globs = setup_cfg()["options.package_data"]
    shipped = {
        file
        for package, directory in directories().items()
        for pattern in re.split(r"[,\s]+", globs.get(package, ""))
        if pattern
        for file in (ROOT / directory).glob(pattern)
    }
    present = {
        file
        for top in ("bandg", "params", "theory_curves")
        for file in (ROOT / top).rglob("*")
        if file.is_file() and file.suffix not in {*CODE, ".md"}
    }
    assert present == shipped


def test_params_and_curves_are_read_through_the_package():
    from importlib.resources import files

    assert {item.name for item in files("bandg.params").iterdir()} >= {p.name for p in (ROOT / "params").glob("*.toml")}
    measured = files("bandg.theory_curves").joinpath("measured")
    assert {item.name for item in measured.iterdir()} >= {
        p.name for p in (ROOT / "theory_curves" / "measured").glob("*.csv")
    }


def test_constraints_hold_names_and_versions_alone():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.]*( ; [a-z0-9_.<>='() ]+)?", line), line


def test_every_dependency_has_a_tested_version():
    project = pyproject()["project"]
    wanted = sum(project["optional-dependencies"].values(), start=list(project["dependencies"]))
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    names = {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in wanted}
    assert names <= pinned, names - pinned


def test_the_version_has_one_source_and_is_the_same_everywhere():
    import bandg

    assert pyproject()["project"]["dynamic"] == ["version"]
    assert pyproject()["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "bandg.__version__"}
    assert re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.M)[1] == bandg.__version__
    assert f"## [{bandg.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_workflows_call_steps_that_ci_has():
    script = (ROOT / ".ci" / "run").read_text()
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        steps = re.findall(r"(?:\.ci/run|steps:) ([a-z ]+)[\n}]", workflow.read_text())
        assert steps or "run: .ci/run\n" in workflow.read_text(), workflow.name
        for step in " ".join(steps).split():
            assert re.search(rf"^{step}\(\) {{", script, re.M), (workflow.name, step)
