"""The public names: what they are, what they cost, what their documentation says, and that its examples run."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import bandg

HOME = Path(bandg.__file__).parent
NAMES = [
    *("BandgError", "KpSet", "Lattice", "Mechanism", "Model", "Nanocrystal", "Observable", "ParameterSet", "Run"),
    *("Solver", "available_sets"),
    *("bulk", "compute", "density_of_states", "fit", "full_hamiltonian", "hypotheses", "infer", "load_measured"),
    *("load_set", "load_spreads", "match", "overlay", "plot_levels", "read_structure", "sensitivity", "tight_binding"),
]
MODULES = [
    f"bandg.{'.'.join(file.relative_to(HOME).with_suffix('').parts)}"
    for file in sorted(HOME.rglob("*.py"))
    if ">>>" in file.read_text(encoding="utf-8")
]
FUNCTIONS = [name for name in bandg.__all__ if not isinstance(getattr(bandg, name), type)]


def test_the_public_names_are_frozen_and_shown_to_completion():
    assert bandg.__all__ == NAMES
    assert sorted(bandg._HOME) == NAMES
    assert set(NAMES) <= set(dir(bandg))
    with pytest.raises(AttributeError, match="no attribute 'compte'"):
        _ = bandg.compte


def test_no_public_name_is_a_room():
    """A function bandg.hamiltonian would be replaced by the package of that name as soon as one imports it."""
    assert not {module.name for module in pkgutil.iter_modules(bandg.__path__)} & set(NAMES)


def test_importing_bandg_loads_nothing_heavy_and_compute_brings_the_accessor():
    code = "import sys, bandg; print(len([m for m in sys.modules if m.split('.')[0] in ('numpy', 'scipy', 'rich')]))"
    code += "; import bandg.api.compute"  # what a command loads whose results are all in the cache
    code += "; print({'scipy', 'xarray', 'bandg.models.etb.bulk'}.isdisjoint(sys.modules))"
    code += "; bandg.compute; print('bandg.accessor' in sys.modules)"
    code += "; import xarray; print(hasattr(xarray.Dataset, 'bandg'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True", "True", "True"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


@pytest.mark.parametrize("name", sorted({*NAMES} - {"BandgError", "Solver"}))
def test_a_public_name_has_an_example(name):
    assert ">>>" in (inspect.getdoc(getattr(bandg, name)) or "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_takes_gives_and_refuses(name):
    text = inspect.getdoc(getattr(bandg, name)) or ""
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section


def test_every_argument_is_documented():
    for name in FUNCTIONS:
        found = getattr(bandg, name)
        head = (inspect.getdoc(found) or "").split("\nReturns\n")[0]
        missing = [one for one in inspect.signature(found).parameters if one not in head]
        if "..." not in head:
            assert missing == [], name
    assert "offset_eV" in inspect.signature(bandg.compute).parameters
    assert typing.get_type_hints(bandg.Run)["workers"] == int | None
