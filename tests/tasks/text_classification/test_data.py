"""Labelled texts: what is taken, what is refused, and what the windows hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.tasks import make_task
from tuning_curves.tasks.windows import open_tokenizer, sentences
from tuning_curves.util.errors import DataError, UsageError

SECTION = {
    "name": "text-classification",
    "labels": ["good", "bad"],
    "pooling": "mean",
    "main_metric": "accuracy",
}


def read(*rows: dict[str, Any], **changes: Any) -> Any:
    task = make_task(SECTION | changes)
    return task.read_rows([(f"f.csv: line {n}", row) for n, row in enumerate(rows, 2)], "f.csv")


def refusal(*rows: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(*rows, **changes)
    return caught.value.message


def test_rows_of_a_group_come_together_and_others_are_their_own() -> None:
    groups = {"a": "x", "b": "y", "c": "x"}
    data = read(*({"text": t, "label": "good", "group": group} for t, group in groups.items()))
    assert [row[1] for row in data.rows] == ["a", "c", "b"]
    assert (list(data.group_names), data.group_sizes.tolist()) == (["x", "y"], [2, 1])
    alone = read({"text": "a", "label": "good"}, {"text": "a", "label": "bad"})
    assert (list(alone.group_names), alone.group_sizes.tolist()) == (["", ""], [1, 1])
    assert [text for text, _ in alone.texts()] == ["a", "a"]


def test_what_it_writes_it_reads_back() -> None:
    data = read(
        {"text": "a, “b”\n", "text_pair": "c", "label": "bad", "group": 7},
        {"text": "d", "text_pair": "e", "label": "good", "group": 8},
    )
    again = make_task(SECTION).parse(data.to_json(), "train.json")
    assert again.rows == data.rows == [["7", "a, “b”\n", "c", "bad"], ["8", "d", "e", "good"]]
    assert again.content_sha256() == data.content_sha256()
    assert data.select([1], "f").rows == data.rows[1:]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "a", "label": "goood"}, 'line 2: label "goood", expected one of task.labels'),
        (
            {"text": "a", "label": None},
            "line 2: label None, expected one of task.labels: good, bad",
        ),
        ({"text": "a"}, "line 2: label None"),
        ({"text": " ", "label": "good"}, "line 2: text is ' ', expected some text"),
        ({"text": None, "label": "good"}, "line 2: text is None"),
        ({"text": "\ud800", "label": "good"}, "half a surrogate pair at offset 0"),
        ({"text": "a", "text_pair": "", "label": "good"}, "line 2: text_pair is ''"),
        ({"text": "a", "label": "good", "group": ""}, "line 2: group is ''"),
        ({"text": "a", "label": "good", "group": "\ud800"}, "group holds half a surrogate pair"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(row: dict[str, Any], said: str) -> None:
    assert said in refusal(row)


def test_pairs_and_groups_are_all_or_none() -> None:
    whole = {"text": "a", "label": "good"}
    assert "1 of 2 examples have a group" in refusal(whole, whole | {"group": "x"})
    assert "1 of 2 examples have a text_pair" in refusal(whole, whole | {"text_pair": "x"})
    assert "no examples" in refusal()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ["good"]}, "labels is ['good'], expected a list of two or more"),
        ({"labels": ["good", "good"]}, "labels has 'good' twice"),
        (
            {"labels": [True, False]},
            "labels has True, expected text in quotes, as the data has it: YAML",
        ),
        ({"labels": [0, 1]}, "labels has 0, expected text, in quotes: '0'"),
        ({"pooling": "max"}, "pooling is 'max', expected one of first, mean, pooler"),
        (
            {"main_metric": "f1"},
            "main_metric is 'f1', expected one of accuracy, matthews, macro_f1",
        ),
    ],
)
def test_a_section_that_cannot_be_meant_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=r"task\.") as caught:
        make_task(SECTION | changes)
    assert said in caught.value.message


def test_one_class_to_train_on_is_refused_and_an_unseen_label_is_told() -> None:
    task = make_task(SECTION)
    good, bad = ({"text": f"{label} one", "label": label} for label in ("good", "bad"))
    with pytest.raises(DataError, match='f: every training example is labelled "good"'):
        task.check_parts({"train": read(good), "test": read(good, bad)}, "f")
    three = make_task(SECTION | {"labels": ["good", "bad", "odd"]})
    odd = three.read_rows([("f", {"text": "hm", "label": "odd"})], "f")
    notes = three.check_parts({"train": read(good, bad), "test": odd}, "f")
    assert notes == ["1 label stands in the test part alone and cannot be learnt: odd"]


def test_pairs_in_one_part_alone_are_refused() -> None:
    good, bad = ({"text": f"{label} one", "label": label} for label in ("good", "bad"))
    pairs = read(good | {"text_pair": "x"}, bad | {"text_pair": "x"})
    with pytest.raises(DataError, match="f: only the train part has a text_pair, expected both"):
        make_task(SECTION).check_parts({"train": pairs, "test": read(good, bad)}, "f")


def test_windows_hold_whole_texts_or_their_beginning(tiny_encoder: Path) -> None:
    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    data = read(
        {"text": "the lighthouse", "label": "bad"},
        {"text": " ".join(["lamp"] * 30), "label": "good"},
    )
    windows = task.encode(data, tokenizer, max_length=10, stride=None)
    assert windows.lengths.tolist() == [4, 10]
    assert windows.labels.tolist() == [1, 0]
    assert sentences(windows.notes) == ["1 of 2 texts are longer than 10 tokens and were cut"]
    whole = tokenizer.encode("the lighthouse").ids
    assert windows.tokens[:4].tolist() == whole
    assert windows.tokens[13] == whole[-1]  # the separator stays


def test_pairs_have_two_segments_and_the_longer_text_is_cut(tiny_encoder: Path) -> None:
    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    pair = {"text": "the lamp", "text_pair": " ".join(["lamp"] * 30), "label": "good"}
    windows = task.encode(read(pair), tokenizer, max_length=12, stride=None)
    assert windows.types.tolist() == [0] * 4 + [1] * 8
    assert windows.tokens[:4].tolist() == tokenizer.encode("the lamp").ids


@pytest.mark.parametrize(("pair", "least"), [({}, 3), ({"text_pair": "the lamp"}, 5)])
def test_a_window_has_room_for_each_text(
    pair: dict[str, str], least: int, tiny_encoder: Path
) -> None:
    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    data = read({"text": "the lighthouse keeper", "label": "good"} | pair)
    said = rf"windows\.max_length is {least - 1}, expected {least} or more"
    with pytest.raises(UsageError, match=said):
        task.encode(data, tokenizer, max_length=least - 1, stride=None)
    assert task.encode(data, tokenizer, max_length=least, stride=None).lengths.tolist() == [least]


def test_measures_are_in_the_order_of_examples(tiny_encoder: Path) -> None:
    from tuning_curves.training.evaluate import sample_of

    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    rows = [{"text": "lamp " * n, "label": "good" if n % 2 else "bad"} for n in (1, 3, 2)]
    sample = sample_of(
        task.encode(read(*rows), tokenizer, max_length=16, stride=None), np.arange(3)
    )
    assert sample.examples[sample.owner].tolist() == [1, 2, 0]  # the longest first
    logits = np.array([[0.0, 1.0], [0.0, 2.0], [3.0, 0.0]], np.float32)  # bad, bad, good
    found = task.measure(task.predict(logits, sample), sample)
    assert found["predicted"].tolist() == [0, 1, 1]
    assert found["actual"].tolist() == [0, 0, 1]
    assert found["correct"].tolist() == [True, False, True]
