"""Whatever a file holds, importing ends with rows that the task reads, or with one clear error."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuning_curves.data.importing.drafts import NAMES
from tuning_curves.tasks import make_task
from tuning_curves.util.errors import TuningCurvesError

from .reading import TASKS, imported

KEYS = sorted(
    {name for names in NAMES.values() for name in names}
    | {"data", "paragraphs", "qas", "annotations", "result", "value", "choices", "start", "end"}
    | {"entities", "spans", "ents", "cats", "sentences", "fields", "responses", "annotation"}
    | {"prediction", "inputs", "status", "rows", "row", "features", "orth", "ner", "raw", "meta"}
    | {"is_impossible", "annotation_id", "annotator", "metadata", "_task_hash", "x.responses"}
)
LEAVES = st.none() | st.booleans() | st.integers(-2, 9) | st.floats(0, 3) | st.sampled_from(
    ["", " ", "a b", "accept", "B-X", "🚀\r\né", "\ud800", "[1, 2]", "{"]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)


@pytest.mark.parametrize("kind", sorted(TASKS))
@given(value=VALUES, lines=st.booleans(), fix=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_json(tmp_path: Path, kind: str, value: Any, lines: bool, fix: bool) -> None:
    items = value if lines and isinstance(value, list) else [value]
    _check(tmp_path, kind, "\n".join(map(json.dumps, items)), fix)


@pytest.mark.parametrize("kind", sorted(TASKS))
@given(
    content=st.text(st.sampled_from('a,"\t\n;|#1-é'), max_size=40)
    | st.binary(max_size=40)
    | st.sampled_from(["text,label\n", "words\tlabels\n", "1\t" * 9 + "x\n"]).flatmap(
        lambda head: st.text(st.sampled_from('a,"\t\n[]'), max_size=30).map(lambda t: head + t)
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_or_bytes(tmp_path: Path, kind: str, content: str | bytes) -> None:
    _check(tmp_path, kind, content, True)


def _check(folder: Path, kind: str, content: str | bytes, fix: bool) -> None:
    try:
        rows = imported(folder, kind, content, fix=fix, impossible="drop").rows
    except TuningCurvesError as error:
        assert error.fix
        return
    labels = sorted({one for r in rows for one in r.get("labels", [r.get("label")])} - {None})
    more: dict[str, Any] = {"n_best": 1, "max_answer_tokens": 9}
    if kind != "questions":
        more = {"labels": (*labels, "one more", "another"), "main_metric": "accuracy"}
        more |= {"pooling": "mean"} if kind == "texts" else {}
    task = make_task({"name": TASKS[kind], **more})
    read = json.loads(json.dumps(rows))  # as a file of JSON Lines gives them back
    assert len(task.read_rows((("row", row) for row in read), "f")) == len(rows)
