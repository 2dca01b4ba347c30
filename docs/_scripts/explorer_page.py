"""The explorer as a page that stands beside the others as it is."""

from __future__ import annotations

from pathlib import Path

from bandg.explore.page import explore


def write(folder: Path) -> None:
    """Write pages/explorer.html into the folder."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "pages" / "explorer.html").write_text(explore(), encoding="utf-8")
