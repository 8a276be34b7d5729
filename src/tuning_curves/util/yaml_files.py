"""Read YAML that a person wrote: one document, each key once, nothing that unfolds without end.

YAML's own rules let the last of two equal keys win and let anchors multiply a few lines into
billions of values. Both are refused here, before anything is built. Anchors as such are fine.
"""

from pathlib import Path
from typing import Any

import yaml

from tuning_curves.util.errors import ResourceError, UsageError, one_line

LARGEST_BYTES = 1 << 20
LARGEST_VALUES = 1_000_000  # with every anchor unfolded; a study has a few hundred


class Refused(ValueError):
    """YAML that could be read, and would not mean what it seems to."""

    def __init__(self, problem: str, node: yaml.Node, fix: str) -> None:
        super().__init__(f"{problem} (line {_line(node)})")
        self.fix = fix


def read_yaml(path: Path, missing: str) -> Any:
    """Read a YAML file.

    Args:
        missing: what to say where there is none.

    Raises:
        ResourceError: no such file, or a folder.
        UsageError: not YAML, a key twice, or anchors that unfold without end; names the file and
            the line.
    """
    try:
        return parse_yaml(_text(path))
    except FileNotFoundError:
        raise ResourceError(f"{path}: {missing}", fix="correct the path") from None
    except IsADirectoryError:
        raise ResourceError(f"{path}: a folder, expected a file", fix="name a file in it") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deep", fix="correct the file") from None
    except Refused as error:
        raise UsageError(f"{path}: {error}", fix=error.fix) from None
    except (yaml.YAMLError, ValueError, OSError) as error:  # ValueError: no UTF-8, no such date
        where = one_line(error)
        raise UsageError(f"{path}: not a YAML file ({where})", fix="correct the file") from None


def parse_yaml(text: str) -> Any:
    """The value of a YAML text of one document; None where it is empty."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _unfolded(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise UsageError(
            f"{path}: longer than {LARGEST_BYTES:,} bytes, which no study is",
            fix="give a study file, config/<study>.yaml",
        )
    return content.decode("utf-8")


def _unfolded(node: yaml.Node, counts: dict[int, int]) -> int:
    """How many values a node has with every anchor unfolded; refuses what has no end."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in counts:
        counts[id(node)] = LARGEST_VALUES  # stands while it is counted: met again, it has no end
        counts[id(node)] = 1 + sum(_unfolded(part, counts) for part in _parts(node))
    if counts[id(node)] > LARGEST_VALUES:
        problem = f"anchors (&, *) unfold to more than {LARGEST_VALUES:,} values"
        raise Refused(problem, node, "write the values out")
    return counts[id(node)]


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return node.value
    seen: dict[tuple[str, Any], int] = {}
    for key, _ in node.value:
        place = (key.tag, str(key.value))
        if place in seen:
            problem = f"the key {key.value!r} stands twice, first in line {seen[place]}"
            raise Refused(problem, key, "keep one of them")
        seen[place] = _line(key)
    return [part for pair in node.value for part in pair]


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
