"""Links of pages that are written for the repository, as the site needs them.

A page of docs/ may link to any file of the repository. On the site a link to what has a page leads
there (of a module that declares something, to the page that is made from it), any other file is
copied to `files/`, and a link that is called by its file's name is called by its page's title.
The explorer is no file of the repository, so that pages name it without a link; the site has it.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "notebooks/curves.ipynb"
OUTSIDE = ("config/README.md", "CONTRIBUTING.md", "CHANGELOG.md")  # pages that are not in docs/
SOURCES = {  # where the text of a page lies; of all others, in docs/
    **{path: path for path in OUTSIDE},
    "notebook.md": NOTEBOOK,
}
PAGES = {  # where a link to a file of the repository leads on the site
    **{path: page for page, path in SOURCES.items()},
    "README.md": "index.md",
    "config/claims.yaml": "reference/claims.md",
    "src/tuning_curves/analysis/columns.py": "reference/columns.md",
    "src/tuning_curves/cli.py": "reference/commands.md",
    "src/tuning_curves/study/config.py": "reference/keys.md",
    "src/tuning_curves/util/errors.py": "reference/exit-statuses.md",
}
EXPLORER, EXPLORER_PAGE = "`results/explorer.html`", "results.html"
LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


@dataclass(kw_only=True)
class Mended:
    """A page whose links are mended, the files that they ask for, and what they name in vain."""

    markdown: str = ""
    copied: set[str] = field(default_factory=set)  # paths in the repository
    missing: list[str] = field(default_factory=list)  # targets as they are written


def mend(markdown: str, page: str, titles: Mapping[str, str]) -> Mended:
    """Mend the links of a page; what stands in fences is left as it is.

    Args:
        page: its place on the site, such as `reference/keys.md`.
        titles: of pages, by their places.
    """
    mended = Mended()

    def one(found: re.Match[str]) -> str:
        return _one(found, page, titles, mended)

    explorer = f"[{EXPLORER}]({posixpath.relpath(EXPLORER_PAGE, posixpath.dirname(page) or '.')})"
    for place, text in enumerate(FENCE.split(markdown)):  # every other one is a fence
        mended.markdown += text if place % 2 else LINK.sub(one, text).replace(EXPLORER, explorer)
    return mended


def _one(found: re.Match[str], page: str, titles: Mapping[str, str], mended: Mended) -> str:
    text, target, anchor = found["text"], found["target"], found["anchor"] or ""
    if "://" in target or target.startswith(("mailto:", "data:")):
        return found[0]
    folder = posixpath.dirname(SOURCES.get(page, f"docs/{page}"))
    path = posixpath.normpath(posixpath.join(folder, target))
    if path.startswith("docs/"):
        place = path.removeprefix("docs/")
    elif path in PAGES:
        place = PAGES[path]
    elif (ROOT / path).is_file():
        place = f"files/{path}"
        mended.copied.add(path)
    else:
        mended.missing.append(target)
        return found[0]
    if text in (path, target, posixpath.basename(path)):
        text = titles.get(place, text)
    return f"[{text}]({posixpath.relpath(place, posixpath.dirname(page) or '.')}{anchor})"
