"""The drawing and the list of rooms are those of the imports."""

import re
from pathlib import Path

import pytest

from docsite import rooms

MODULES = {
    "top/__init__.py": '"""The top."""',
    "top/one.py": (
        "from typing import TYPE_CHECKING\n"
        "from package.middle import two\n"
        "if TYPE_CHECKING:\n"
        "    from package.aside import types\n"
        "def f() -> None:\n"
        "    import package.ground.late\n"
    ),
    "middle/__init__.py": '"""The middle: it stands on the ground. And more."""',
    "middle/two.py": "from package.ground import three\nfrom package.middle import own",
    "aside/__init__.py": '"""Aside."""',
    "ground/__init__.py": '"""The ground."""',
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "package"


def test_the_committed_drawing_and_list_are_those_of_the_imports() -> None:
    imports, sentences = rooms.read_imports(), rooms.read_sentences()
    drawn = (rooms.ROOT / rooms.DRAWING).read_text("utf-8")
    assert drawn == rooms.draw(imports, sentences), "run `python -m docsite.rooms`"
    text = (rooms.ROOT / rooms.ARCHITECTURE).read_text("utf-8")
    listed = rooms.list_rooms(imports, sentences)
    assert text == rooms.architecture(text, listed), "run `python -m docsite.rooms`"


def test_imports_within_functions_count_and_those_for_types_do_not(package: Path) -> None:
    imports = rooms.read_imports(package)
    assert imports["top"] == {"middle", "ground"}
    assert imports["middle"] == {"ground"}
    assert imports["aside"] == imports["ground"] == frozenset()


def test_rooms_stand_above_what_they_import_and_arrows_say_it_once(package: Path) -> None:
    imports = rooms.read_imports(package)
    assert rooms.floors(imports) == [["top"], ["middle"], ["aside", "ground"]]
    assert rooms.arrows(imports) == [("middle", "ground"), ("top", "middle")]
    drawn = rooms.draw(imports, rooms.read_sentences(package))
    assert drawn.count('<path d="M') == 1 + 2  # the arrow's head, and two arrows
    assert re.findall(r'class="name"[^>]*>(\w+)', drawn) == ["top", "middle", "aside", "ground"]
    assert "The middle: it stands on the ground." in drawn
    assert "And more" not in drawn


def test_a_room_without_a_sentence_is_told(package: Path) -> None:
    (package / "ground" / "__init__.py").write_text("", "utf-8")
    with pytest.raises(ValueError, match="no docstring"):
        rooms.read_sentences(package)


def test_a_page_without_a_place_for_the_rooms_is_told() -> None:
    with pytest.raises(ValueError, match="0 places for the rooms, expected one"):
        rooms.architecture("# Architecture", "| a |")


def test_contributing_lists_the_same_rooms() -> None:
    text = (rooms.ROOT / "CONTRIBUTING.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)/` \|", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(rooms.read_sentences())
