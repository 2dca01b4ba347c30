"""Sphinx configuration; the build needs no network, so there is no intersphinx."""

import sys
from pathlib import Path

import bandg

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_scripts"))

import generate  # noqa: E402

project = "bandg"
author = "the bandg developers"
copyright = "2026, the bandg developers"
release = version = bandg.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "sphinxcontrib.bibtex",
]
exclude_patterns = ["_build", "_generated", "paper"]

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

# a notebook whose cell fails is an error of the build; compute() fills the cache
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_generated" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_merge_streams = True

napoleon_use_ivar = True  # attributes that `:members:` lists too are not described twice
autodoc_member_order = "bysource"
autodoc_typehints = "description"

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrt"

html_theme = "furo"
html_title = f"bandg {release}"
PAGES = HERE / "_generated" / "pages"
PAGES.mkdir(parents=True, exist_ok=True)
html_extra_path = [str(PAGES)]  # what stands beside the pages as it is
html_static_path = ["_static"]
html_css_files = ["formulas.css"]


def compute(app):
    """Compute what the pages include, with a line of progress for each script and notebook."""
    from sphinx.util.display import status_iterator

    for _ in status_iterator(generate.generate(HERE / "_generated"), "computing... ", length=len(generate.work())):
        pass


def setup(app):
    app.connect("builder-inited", compute)


# authors and titles that nobody here could check are left out of references.bib
suppress_warnings = ["bibtex.missing_field"]
