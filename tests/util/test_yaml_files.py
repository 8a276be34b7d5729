"""YAML by its strict reader: what means what it seems to comes through, all else is refused."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.yaml_files import parse_yaml, read_yaml


def refusal(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UsageError) as caught:
        read_yaml(path, "no such file")
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def bomb(levels: int) -> str:
    """Ten times as many values with every line."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines)


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    assert refusal(tmp_path / "s.yaml", "seeds: [0]\nsizes: [1]\nseeds: [1]\n") == (
        "the key 'seeds' stands twice, first in line 1 (line 3)\nfix: keep one of them"
    )
    nested = "training:\n  batch_size: 8\n  batch_size: 16\n"
    assert "the key 'batch_size' stands twice" in refusal(tmp_path / "s.yaml", nested)


def test_anchors_are_fine_and_a_bomb_of_them_is_not(tmp_path: Path) -> None:
    assert parse_yaml("a: &r [1, 2]\nb: *r\n") == {"a": [1, 2], "b": [1, 2]}
    assert parse_yaml("a: &r {x: 1}\nb: {<<: *r, y: 2}\n")["b"] == {"x": 1, "y": 2}
    assert len(parse_yaml(bomb(5))["a4"]) == 10
    for levels in (9, 60):  # a billion, and more than there are atoms
        assert "anchors (&, *) unfold to more than 1,000,000 values" in refusal(
            tmp_path / "s.yaml", bomb(levels)
        )


@pytest.mark.parametrize("content", ["&a [*a]", "&a {k: *a}", "seeds: &s [0, *s]"])
def test_a_value_inside_itself_is_refused(tmp_path: Path, content: str) -> None:
    assert "anchors (&, *) unfold" in refusal(tmp_path / "s.yaml", content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [1", "not a YAML file (while parsing a flow sequence"),
        ("a: 1\n---\nb: 2\n", "not a YAML file (expected a single document"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor"),
        ("a: 2020-13-45", "not a YAML file (month must be in 1..12)"),
        ("a: " + "9" * 5000, "not a YAML file (Exceeds the limit"),
        ("[" * 20_000, "nested too deep"),
        (b"a: \xe9", "not a YAML file ('utf-8' codec"),
        (b"# " + b"x" * (1 << 20), "longer than 1,048,576 bytes, which no study is"),
    ],
)
def test_what_is_no_such_file_is_one_error(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    assert words in refusal(tmp_path / "s.yaml", content)


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="a folder, expected a file\nfix: name a file in it"):
        read_yaml(tmp_path, "no such file")
    with pytest.raises(ResourceError, match="nothing here"):
        read_yaml(tmp_path / "no.yaml", "nothing here")


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert parse_yaml("# only a comment\n") is None


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=20
)


@given(VALUES)
def test_whatever_is_written_is_read(value: Any) -> None:
    assert parse_yaml(yaml.safe_dump(copy.deepcopy(value))) == value


@given(st.text(alphabet="ab:-[]{}&*<>!|'\"? \n\t#,0.~%@\x00\ud800é"))
def test_no_text_at_all_makes_the_reader_fall_over(text: str) -> None:
    """What PyYAML reads, the reader reads to the same value or refuses."""
    try:
        value = parse_yaml(text)
    except (yaml.YAMLError, ValueError):
        return
    assert value == yaml.safe_load(text)
