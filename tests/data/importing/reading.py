"""How the tests of this folder import: from content, by a task's name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.data.importing import Imported, import_file
from tuning_curves.data.importing.drafts import Request
from tuning_curves.tasks import task_class
from tuning_curves.util.errors import DataError

TASKS = {
    "questions": "question-answering",
    "texts": "text-classification",
    "sentences": "token-classification",
}


def lines(*values: Any) -> str:
    """JSON Lines."""
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def imported(
    folder: Path, kind: str, content: Any, *, fix: bool = False, **request: Any
) -> Imported:
    """What is read from a file of this content: text, bytes, or a value for JSON."""
    if not isinstance(content, str | bytes):
        content = json.dumps(content, ensure_ascii=False)
    path = folder / "export"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return import_file(path, Request(task=task_class(TASKS[kind]), **request), fix=fix)


def rows(folder: Path, kind: str, content: Any, **more: Any) -> list[dict[str, Any]]:
    return imported(folder, kind, content, **more).rows


def refusal(folder: Path, kind: str, content: Any, **more: Any) -> str:
    with pytest.raises(DataError) as caught:
        imported(folder, kind, content, **more)
    return str(caught.value)


def sentence(words: str, labels: str, **more: Any) -> Mapping[str, Any]:
    return {"words": words.split(), "labels": labels.split(), **more}
