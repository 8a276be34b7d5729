"""A notebook as a page: its text, its code and what it printed and drew."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docsite.links import NOTEBOOK

Cell = Mapping[str, Any]


def read_cells(path: Path) -> list[Cell]:
    """A notebook's cells."""
    cells: list[Cell] = json.loads(path.read_text("utf-8"))["cells"]
    return cells


def page(path: Path) -> str:
    """The page, in Markdown."""
    parts = [part for cell in read_cells(path) for part in _cell(cell)]
    return "\n\n".join([*parts, f"The file is `{NOTEBOOK}`; a test runs it."]) + "\n"


def _cell(cell: Cell) -> Iterator[str]:
    source = "".join(cell["source"]).strip()
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield from _output(output)


def _output(output: Mapping[str, Any]) -> Iterator[str]:
    if "text" in output:
        yield f"```text\n{''.join(output['text']).rstrip()}\n```"
    data = output.get("data", {})
    if "image/png" in data:
        yield f"![What the cell above draws](data:image/png;base64,{_joined(data['image/png'])})"
    elif "text/plain" in data:
        yield f"```text\n{''.join(data['text/plain']).rstrip()}\n```"


def _joined(text: str | list[str]) -> str:
    return "".join(text).replace("\n", "")
