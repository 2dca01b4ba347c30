"""Makes the picture of the explorer for the README: python docs/_scripts/explorer_picture.py [STATE].

Takes a screenshot of the page in an installed Chromium, driven by playwright.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from bandg.explore.page import explore

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PICTURE = Path(__file__).resolve().parents[1] / "_static" / "explore.png"


def browser() -> str | None:
    """Path of an installed browser of the Chromium family, None where there is none."""
    return next((found for name in (*BROWSERS, *PLACES) if (found := shutil.which(name))), None)


def write(path: Path = PICTURE, state: str = "", width: int = 1200, height: int = 720) -> Path:
    """Write the screenshot as PNG, in pixels of twice the density."""
    from playwright.sync_api import sync_playwright

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        page_file = Path(folder) / "page.html"
        page_file.write_text(explore(state=state), encoding="utf-8")
        context = driver.chromium.launch_persistent_context(
            str(Path(folder) / "user"),
            executable_path=browser(),
            args=OPTIONS,
            viewport={"width": width, "height": height},
            device_scale_factor=2,
        )
        page = context.pages[0]
        page.goto(page_file.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        page.wait_for_timeout(500)
        page.screenshot(path=str(path))
        context.close()
    return path


if __name__ == "__main__":
    print(f"wrote {write(state=sys.argv[1] if len(sys.argv) > 1 else '')}")
