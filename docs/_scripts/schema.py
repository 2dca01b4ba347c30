"""The table of the dataset's variables, from its schema."""

from __future__ import annotations

from pathlib import Path

from bandg.runs.dataset import SCHEMA


def write(folder: Path) -> None:
    """Write schema.md into the folder."""
    rows = [f"| `{name}` | {', '.join(v.dims)} | {v.unit} | {v.meaning} |" for name, v in SCHEMA.items()]
    text = "\n".join(["| variable | dimensions | unit | meaning |", "| --- | --- | --- | --- |", *rows])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.md").write_text(text + "\n", encoding="utf-8")
