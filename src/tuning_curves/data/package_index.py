"""Fetch one file of a package from the index that pip is set to use, without running its code.

`pip download` of a source distribution runs its `setup.py`. Here the index's own pages are read
(PEP 503 in HTML, PEP 691 in JSON), the file is found by its name and checked by its sha256. Pip's
own settings hold: index-url, extra-index-url, find-links, no-index and cert.
"""

import ast
import html.parser
import json
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuning_curves.data.download import Broken, cache_folder, cached, download, request, shown
from tuning_curves.util.errors import PassingError, ResourceError

DEFAULT_INDEX = "https://pypi.org/simple"
ACCEPTED = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
SECTIONS = ("global", "download", ":env:")  # of pip's settings; a later one overrules
SETTING = re.compile(r"(?P<section>global|download|:env:)\.(?P<key>[a-z-]+)=(?P<value>.+)")


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where packages are looked for: folders and pages with links to files, and indexes."""

    links: tuple[str, ...]
    indexes: tuple[str, ...]
    cafile: str | None = None


def fetch_distribution(package: str, file: str, sha256: str) -> Path:
    """A file of a package (`name==version`), on this machine.

    Raises:
        PassingError: an index is out of reach, and no other one has the file.
        ResourceError: no index has it.
        DataError: it has another hash.
    """
    if (found := cached(sha256)) is not None:
        return found
    places = find_places(pip_settings())
    failures = []
    for page in _pages(places, package.partition("==")[0]):
        try:
            url = _links(page, places.cafile).get(file)
        except Broken as error:
            failures.append((page, error))
            continue
        if url is not None:
            return download(url, sha256, places.cafile)
    by_hand = f"download it elsewhere and put it here as {cache_folder() / sha256}"
    passing = [f"{shown(page)} ({error})" for page, error in failures if error.passes]
    if passing:
        raise PassingError(
            f"{file} of {package}: the package index could not be asked: {'; '.join(passing)}",
            fix=f"run again later; without a network, {by_hand}",
        )
    raise ResourceError(
        f"{package}: the package index has no file {file}",
        fix="correct data.package and data.file, or pip's settings (`pip config list`); or "
        + by_hand,
    )


def pip_settings() -> dict[str, str]:
    """The settings that `pip download` would use, by key; none where there is no pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return parse_settings(done.stdout)


def parse_settings(listed: str) -> dict[str, str]:
    """What `pip config list` prints, `global.index-url='https://…'`, as one mapping."""
    found = [match for line in listed.splitlines() if (match := SETTING.fullmatch(line))]
    ordered = sorted(found, key=lambda match: SECTIONS.index(match["section"]))
    return {match["key"]: str(ast.literal_eval(match["value"])) for match in ordered}


def find_places(settings: Mapping[str, str]) -> Places:
    """Where to look by pip's settings: its own index unless they name another, or none."""
    many = {key: settings.get(key, "").split() for key in ("find-links", "extra-index-url")}
    indexes = [settings.get("index-url", DEFAULT_INDEX), *many["extra-index-url"]]
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        indexes = []
    return Places(
        links=tuple(many["find-links"]), indexes=tuple(indexes), cafile=settings.get("cert")
    )


def _pages(places: Places, name: str) -> list[str]:
    """The pages that may link to the package's files; those on this machine first."""
    project = re.sub(r"[-_.]+", "-", name).lower()
    pages = [*places.links, *(f"{index.rstrip('/')}/{project}/" for index in places.indexes)]
    return sorted(pages, key=lambda page: page.startswith(("http:", "https:")))


def _links(page: str, cafile: str | None) -> dict[str, str]:
    """The addresses of the files that a page or a folder has, by name.

    Raises:
        Broken: it cannot be read.
    """
    if not page.startswith(("http:", "https:")):
        return dict(_on_disk(page))
    with request(page, {"Accept": ACCEPTED}, cafile) as response:
        base, kind = response.url, response.headers.get_content_type()
        try:
            content = response.read().decode("utf-8")
            if kind.endswith("json"):
                files = json.loads(content)["files"]
                return {one["filename"]: urllib.parse.urljoin(page, one["url"]) for one in files}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Broken(f"no index page: {error}") from None
    return dict(_of_html(content, page if "@" in page else base))


def _on_disk(place: str) -> Iterator[tuple[str, str]]:
    """A folder's own files, and those that its `index.html` (or the page itself) links to."""
    is_url = place.startswith("file:")
    path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(place).path) if is_url else place)
    page = path / "index.html" if path.is_dir() else path
    if path.is_dir():
        yield from ((one.name, one.resolve().as_uri()) for one in path.iterdir() if one.is_file())
    if page.suffix in (".html", ".htm") and page.is_file():
        yield from _of_html(page.read_text("utf-8"), page.resolve().as_uri())


def _of_html(content: str, base: str) -> Iterator[tuple[str, str]]:
    parser = _Anchors()
    parser.feed(content)
    for target in parser.targets:
        url = urllib.parse.urldefrag(urllib.parse.urljoin(base, target)).url
        yield urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2]), url


class _Anchors(html.parser.HTMLParser):
    """The targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an anchor's target."""
        self.targets += [value for name, value in attrs if tag == "a" and name == "href" and value]
