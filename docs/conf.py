"""Sphinx configuration; the build needs no network, so there is no intersphinx."""

from pathlib import Path

import bandg

HERE = Path(__file__).parent

project = "bandg"
author = "the bandg developers"
copyright = "2026, the bandg developers"
release = version = bandg.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrt"

html_theme = "furo"
html_title = f"bandg {release}"
html_static_path = [name for name in ("_static",) if (HERE / name).is_dir()]
