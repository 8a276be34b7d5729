"""The MkDocs hook: hands over the pages that are made, and mends links that lead out of docs/.

A link to what is not there is left as it is: MkDocs warns of it, which ends the strict build.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # MkDocs loads a hook by its path, whatever folder it was called in

from mkdocs.structure.files import File  # noqa: E402

from docsite import (  # noqa: E402
    claims,
    columns,
    commands,
    explorer,
    keys,
    notebook,
    rooms,
    statuses,
)
from docsite.links import EXPLORER_PAGE, NOTEBOOK, OUTSIDE, mend  # noqa: E402

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DRAWING = re.compile(r"^!\[[^\]]*\]\(rooms\.svg\)$", re.MULTILINE)
MADE: dict[str, Callable[[], str]] = {  # pages that follow from the code or from results/
    "reference/keys.md": keys.page,
    "reference/claims.md": claims.page,
    "reference/columns.md": columns.page,
    "reference/commands.md": commands.page,
    "reference/exit-statuses.md": statuses.page,
    "notebook.md": lambda: notebook.page(ROOT / NOTEBOOK),
    EXPLORER_PAGE: lambda: explorer.page(ROOT),
}


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Add the pages that docs/ does not hold."""
    for uri, make in MADE.items():
        files.append(File.generated(config, uri, content=make()))
    for uri in OUTSIDE:
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / uri)))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Mend the page's links, and set the drawing of the rooms into it where it is shown."""
    mended = mend(markdown, page.file.src_uri, dict(titles(config.nav)))
    for path in sorted(mended.copied):
        if files.get_file_from_path(f"files/{path}") is None:
            place = f"files/{path}"
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    drawing = (ROOT / rooms.DRAWING).read_text("utf-8")  # within the page it follows its theme
    return DRAWING.sub(lambda _: f'<div class="rooms-frame">\n{drawing}</div>', mended.markdown)


def titles(navigation: Any) -> Iterator[tuple[str, str]]:
    """The pages of a navigation, as mkdocs.yml has it, with their titles."""
    for entry in navigation:
        for title, below in entry.items():
            if isinstance(below, str):
                yield below, title
            else:
                yield from titles(below)
