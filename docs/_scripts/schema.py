"""The table of the dataset's variables, from the list of observables."""

from __future__ import annotations

from pathlib import Path

from bandg.runs.observables import BUILT_IN

_KINDS = {"label": "label", "result": "", "detail": 'with `observables="details"`'}


def write(folder: Path) -> None:
    """Write schema.md into the folder."""
    text = ["| variable | dimensions | unit | meaning | CSV columns | |", "| --- | --- | --- | --- | --- | --- |"]
    for one in BUILT_IN:
        asked = f'with `observables="{one.name}"`' if one.states else _KINDS[one.kind]
        columns = ", ".join(f"`{name}`" for name in one.columns)
        text.append(f"| `{one.name}` | {', '.join(one.dims)} | {one.unit} | {one.meaning} | {columns} | {asked} |")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.md").write_text("\n".join(text) + "\n", encoding="utf-8")
