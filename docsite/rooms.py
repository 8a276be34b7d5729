"""The rooms of the package and what each imports, read from its modules and drawn as SVG.

A room is a package below `tuning_curves`; what it is stands in its docstring's first sentence.
Rooms stand on floors: one above the highest of those that it imports from. An arrow is drawn only
where no way through others leads to the same room (the transitive reduction); the table has all.
`python -m docsite.rooms` writes docs/rooms.svg and the table in docs/architecture.md, which the
repository's readers see too; a test compares both with what the imports say.
"""

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from docsite.writing import code, first_sentence, table

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "tuning_curves"
DRAWING = Path("docs/rooms.svg")
ARCHITECTURE = Path("docs/architecture.md")
BLOCK = re.compile(r"(<!-- rooms: .*?-->\n).*?(<!-- end of rooms -->)", re.DOTALL)
Imports = Mapping[str, frozenset[str]]

WIDTH, TITLE, LINE, MARGIN = 640, 30, 17, 10  # pixels: all, a box's name, a line, what is below it
GAP, BESIDE = 32, 18  # between floors, and between rooms of one
LETTER = 7.7  # what a letter of a sentence takes, at most, with any usual font
STYLE = """\
.rooms { --ink: #1f2328; --box: #eef2f8; --edge: #6b7a90; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  .rooms { --ink: #e6e9ee; --box: #2a313c; --edge: #93a1b5; }
}
.rooms rect { fill: var(--box); stroke: var(--edge); }
.rooms text { fill: var(--ink); text-anchor: middle; }
.rooms .name { font-weight: 700; font-size: 15px; }
.rooms path { fill: none; stroke: var(--edge); stroke-width: 1.6; marker-end: url(#rooms-arrow); }
.rooms marker path { fill: var(--edge); stroke: none; marker-end: none; }
"""


def read_sentences(package: Path = PACKAGE) -> dict[str, str]:
    """What each room is, by its name.

    Raises:
        ValueError: a room without a docstring.
    """
    found = {}
    for path in sorted(package.glob("*/__init__.py")):
        docstring = ast.get_docstring(ast.parse(path.read_bytes()))
        found[path.parent.name] = first_sentence(docstring)
    return found


def read_imports(package: Path = PACKAGE) -> Imports:
    """The rooms that each room's modules import from; imports for types alone do not count."""
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    found = {room: set[str]() for room in sorted(rooms)}
    for room, targets in found.items():
        for path in (package / room).rglob("*.py"):
            for name in _imported(ast.parse(path.read_bytes()), package.name):
                targets.update({name} & rooms - {room})
    return {room: frozenset(targets) for room, targets in found.items()}


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """The packages right below the whole one that a module imports from, anywhere in it."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        for branch in node.orelse:
            yield from _imported(branch, package)
        return
    names = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    yield from (name.split(".")[1] for name in names if name.startswith(f"{package}."))
    for part in ast.iter_child_nodes(node):
        yield from _imported(part, package)


def floors(imports: Imports) -> list[list[str]]:
    """The rooms from the top floor to the ground, each one above all that it imports from."""

    @cache
    def height(room: str) -> int:
        return max((height(below) + 1 for below in imports[room]), default=0)

    top = max(map(height, imports))
    return [[room for room in imports if height(room) == level] for level in range(top, -1, -1)]


def arrows(imports: Imports) -> list[tuple[str, str]]:
    """The imports that no way through other rooms stands for."""

    @cache
    def reached(room: str) -> frozenset[str]:
        return imports[room].union(*(reached(below) for below in imports[room]))

    return [
        (room, below)
        for room, direct in imports.items()
        for below in sorted(direct)
        if not any(below in reached(other) for other in direct)
    ]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A room in the drawing: its middle, its upper edge, its size, and its sentence by lines."""

    room: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


def draw(imports: Imports, sentences: Mapping[str, str]) -> str:
    """The drawing, an SVG document whose bytes follow from its arguments alone."""
    levels = floors(imports)
    boxes = {box.room: box for box in _boxes(levels, sentences)}
    height = max(box.y + box.height for box in boxes.values()) + 1
    drawn = [_arrow(boxes[above], boxes[below]) for above, below in arrows(imports)]
    words = "Rooms from top to bottom: " + "; ".join(" and ".join(level) for level in levels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rooms" viewBox="0 0 {WIDTH} {height:g}" '
        f'role="img" aria-label="{words}">\n<style>\n{STYLE}</style>\n'
        '<defs><marker id="rooms-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10Z"/></marker></defs>\n'
        + "\n".join([*drawn, *map(_room, boxes.values())])
        + "\n</svg>\n"
    )


def _boxes(levels: list[list[str]], sentences: Mapping[str, str]) -> Iterator[Box]:
    """Rooms of a floor side by side, all as high as the longest sentence asks for."""
    y = 1.0
    for level in levels:
        wide = WIDTH / len(level)
        width = wide - (2 if len(level) == 1 else BESIDE)
        letters = int(width / LETTER)
        lines = {room: textwrap.wrap(sentences[room].replace("`", ""), letters) for room in level}
        height = TITLE + LINE * max(map(len, lines.values())) + MARGIN
        for k, room in enumerate(level):
            yield Box(
                room=room,
                x=wide * (k + 0.5),
                y=y,
                width=width,
                height=height,
                lines=tuple(lines[room]),
            )
        y += height + GAP


def _arrow(above: Box, below: Box) -> str:
    """From a box's lower edge to the upper edge of one below."""
    start, end = above.y + above.height, below.y - 2
    bend = (end - start) / 2
    return (
        f'<path d="M{above.x:g} {start:g}C{above.x:g} {start + bend:g} '
        f'{below.x:g} {end - bend:g} {below.x:g} {end:g}"/>'
    )


def _room(box: Box) -> str:
    lines = "".join(
        f'<text x="{box.x:g}" y="{box.y + TITLE + LINE * (k + 0.5):g}">{escape(line)}</text>'
        for k, line in enumerate(box.lines)
    )
    left, title = box.x - box.width / 2, box.y + TITLE - LINE / 2
    return (
        f'<rect x="{left:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"/>'
        f'<text class="name" x="{box.x:g}" y="{title:g}">{box.room}</text>{lines}'
    )


def list_rooms(imports: Imports, sentences: Mapping[str, str]) -> str:
    """The rooms from the top floor to the ground, in Markdown, with all that each imports from."""
    order = [room for level in floors(imports) for room in level]
    rows = [
        (code(room), sentences[room], ", ".join(r for r in order if r in imports[room]) or "none")
        for room in order
    ]
    return table(("room", "what it is", "imports from"), rows)


def architecture(text: str, listed: str) -> str:
    """The text of the page with this table in its marked place.

    Raises:
        ValueError: the page has no marked place.
    """
    made, places = BLOCK.subn(lambda found: f"{found[1]}\n{listed}\n{found[2]}", text)
    if places != 1:
        raise ValueError(f"{ARCHITECTURE}: {places} places for the rooms, expected one")
    return made


def main() -> None:
    """Write the drawing and the table."""
    imports, sentences = read_imports(), read_sentences()
    (ROOT / DRAWING).write_text(draw(imports, sentences), "utf-8")
    page = ROOT / ARCHITECTURE
    listed = list_rooms(imports, sentences)
    page.write_text(architecture(page.read_text("utf-8"), listed), "utf-8")


if __name__ == "__main__":
    main()
