"""What the `datasets` library makes of a repository: configurations, splits, classes by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.data.hub import _read_rows
from tuning_curves.data.hub_card import card_of, files_of
from tuning_curves.data.section import HubData
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError

FIELDS = (Field("text", "t"), Field("label", "l"))
README = """\
---
configs:
- config_name: first
  data_files: [{split: train, path: first/train.jsonl}]
- config_name: second
  data_files: [{split: train, path: second/train.jsonl}]
dataset_info:
- config_name: first
  features:
  - {name: sentence, dtype: string}
  - {name: label, dtype: {class_label: {names: {'0': 'no', '1': 'yes'}}}}
- config_name: second
  features:
  - {name: sentence, dtype: string}
  - {name: label, dtype: int64}
---
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of two configurations, one with named classes."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("first", "second"):
        (folder / name).mkdir()
        row = {"sentence": f"of the {name}", "label": 1}
        (folder / name / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    (folder / "README.md").write_text(README, "utf-8")
    return folder


def read(folder: Path, scratch: Path, split: str = "train", **keys: Any) -> Any:
    base = {"name": "x", "source": "hub", "repository": "lab/x", "revision": "a" * 40}
    columns = {"text": "sentence", "label": "label"}
    data = HubData(**base, held_out_examples=1, train=split, columns=columns, **keys)
    return _read_rows(folder, data, split, str(scratch), FIELDS)


def test_a_configuration_is_chosen_and_its_classes_are_named(
    repository: Path, tmp_path: Path
) -> None:
    assert read(repository, tmp_path, configuration="first") == [
        ("lab/x (train): row 1", {"text": "of the first", "label": "yes"})
    ]
    assert read(repository, tmp_path, configuration="second") == [
        ("lab/x (train): row 1", {"text": "of the second", "label": "1"})
    ]


def test_only_a_configurations_own_files_are_fetched() -> None:
    assert files_of(README, "first") == ["first/train.jsonl"]
    assert files_of(README, "third") == files_of("# no card", "first") == []
    glue = (
        "---\nconfigs:\n- config_name: cola\n  data_files:\n"
        "  - {split: test, path: cola/test-*}\n  - {split: train, path: [a, b]}\n---\n"
    )
    assert files_of(glue, "cola") == ["cola/test-*", "a", "b"]


def test_datasets_is_shown_the_configuration_that_was_fetched() -> None:
    own = card_of(README, "second")
    assert files_of(own, "second") == ["second/train.jsonl"]
    assert files_of(own, "first") == []
    assert "sentence" in own  # what the card says of features stays
    assert card_of(README, "third") == README


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "Config name is missing"),
        ({"configuration": "third"}, "BuilderConfig 'third' not found"),
        ({"configuration": "first", "split": "dev"}, 'Unknown split "dev"'),
    ],
)
def test_what_is_not_in_the_repository_is_told(
    repository: Path, tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match="lab/x: no rows can be read for") as caught:
        read(repository, tmp_path, **keys)
    assert said in caught.value.message
    assert "data.configuration" in str(caught.value.fix)
