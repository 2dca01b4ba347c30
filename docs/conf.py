"""Sphinx configuration; the build needs no network, so there is no intersphinx."""

import sys
from pathlib import Path

import bandg

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_scripts"))

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
exclude_patterns = ["_build", "_generated", "paper"]

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

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
html_static_path = [name for name in ("_static",) if (HERE / name).is_dir()]


def generate(app):
    """Compute the numbers that the pages include."""
    import confinement
    import decide
    import effects
    import family
    import hole
    import nanocrystals
    import schema
    import second_neighbors
    import spreads
    import surfaces
    import theory_lines
    import tilts
    import validation
    import verdict
    import waterfall

    from bandg.explore.page import explore

    validation.write(HERE / "_generated")
    confinement.write(HERE / "_generated")
    schema.write(HERE / "_generated")
    effects.write(HERE / "_generated")
    hole.write(HERE / "_generated")
    second_neighbors.write(HERE / "_generated")
    family.write(HERE / "_generated")
    tilts.write(HERE / "_generated")
    nanocrystals.write(HERE / "_generated")
    surfaces.write(HERE / "_generated")
    verdict.write(HERE / "_generated")
    waterfall.write(HERE / "_generated")
    decide.write(HERE / "_generated")
    theory_lines.write(HERE / "_generated")
    spreads.write(HERE / "_generated")
    (PAGES / "explorer.html").write_text(explore(), encoding="utf-8")


def setup(app):
    app.connect("builder-inited", generate)


# authors and titles that nobody here could check are left out of references.bib
suppress_warnings = ["bibtex.missing_field"]
