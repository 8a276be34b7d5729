"""Labelled words: every word is read once, by its first piece, however long its sentence is."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.tasks import make_task
from tuning_curves.tasks.token_classification.windows import (
    NOT_COUNTED,
    Pieces,
    cut_pieces,
    for_words,
)
from tuning_curves.tasks.windows import open_tokenizer, sentences
from tuning_curves.training.evaluate import sample_of
from tuning_curves.util.errors import DataError, UsageError

LABELS = ["O", "B-X", "I-X", "B-Y", "I-Y"]
SECTION = {"name": "token-classification", "labels": LABELS, "main_metric": "entity_f1"}


def read(*rows: tuple[str, str], **changes: Any) -> Any:
    """Sentences and their labels, with blanks between."""
    given = [{"words": words.split(), "labels": labels.split()} for words, labels in rows]
    task = make_task(SECTION | changes)
    return task.read_rows([(f"f: line {n}", row) for n, row in enumerate(given, 1)], "f")


def test_the_first_piece_of_a_word_carries_its_label(tiny_encoder: Path) -> None:
    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    data = read(("the Orrin lamp", "O B-X I-X"), ("coal", "B-Y"))
    windows = task.encode(data, tokenizer, max_length=16, stride=4)
    read_first = tokenizer.encode(["the", "Orrin", "lamp"], is_pretokenized=True)
    assert windows.tokens[: windows.lengths[0]].tolist() == read_first.ids
    owners = read_first.word_ids
    firsts = [owners.index(word) for word in range(3)]
    expected = np.full(len(owners), NOT_COUNTED)
    expected[firsts] = [0, 1, 2]
    assert windows.labels_of([0]).tolist() == expected.tolist()
    assert windows.labels_of([1, 0]).tolist() == [-100, 3, -100, *expected]


@pytest.mark.parametrize(("room", "stride"), [(5, 2), (7, 3), (4, 1), (30, 5), (29, 5)])
def test_every_word_is_read_once_where_it_has_most_context(room: int, stride: int) -> None:
    pieces = Pieces(ids=np.arange(100, 129), firsts=np.array([0, 1, 4, 9, 10, 11, 20, 27, 28]))
    labels = np.arange(9)
    windows = list(cut_pieces(pieces, labels, room, stride))
    assert [row for window in windows for row in window[1][window[1] >= 0]] == labels.tolist()
    covered = {int(token) for window in windows for token in window[0]}
    assert covered == set(range(100, 129))
    for before, after in itertools.pairwise(windows):
        assert before[0][-stride:].tolist() == after[0][:stride].tolist()
    for word, first in enumerate(pieces.firsts):
        held = {
            number: min(place, window.shape[1] - 1 - place)
            for number, window in enumerate(windows)
            for place in np.flatnonzero(window[0] == 100 + first)
        }
        reader = next(n for n, window in enumerate(windows) if word in window[1])
        assert held[reader] == max(held.values())


def test_long_sentences_are_told_and_words_without_pieces_are_unknown(tiny_encoder: Path) -> None:
    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    data = read(("lamp " * 20, "O " * 20), ("the \u200b lamp", "O B-X O"))
    windows = task.encode(data, tokenizer, max_length=12, stride=4)
    assert sentences(windows.notes) == [
        "1 of 2 sentences are longer than 12 tokens: cut in windows"
    ]
    last = windows.windows_of(np.array([1]))
    start, end = windows.token_bounds[last[0]], windows.token_bounds[last[0] + 1]
    unknown = tokenizer.token_to_id("[UNK]")
    assert windows.tokens[start:end].tolist()[2] == unknown
    assert windows.labels[start:end].tolist() == [-100, 0, 1, 0, -100]
    with pytest.raises(UsageError, match="stride is 10, expected less than 10"):
        task.encode(data, tokenizer, max_length=12, stride=10)


def test_counts_are_those_of_each_sentence(tiny_encoder: Path) -> None:
    task, tokenizer = make_task(SECTION), open_tokenizer(tiny_encoder)
    rows = [("the lamp burns", "O B-X I-X"), ("coal " * 12, "B-Y " + "O " * 11), ("ship", "B-X")]
    windows = task.encode(read(*rows), tokenizer, max_length=10, stride=3)
    sample = sample_of(windows, np.arange(3))
    task.prepare(sample)
    logits = np.zeros((int(sample.bounds[-1]), 5), np.float32)
    logits[:, 0] = 1.0  # all O ...
    first = int(sample.bounds[np.flatnonzero(sample.owner == 0)[0]])
    logits[first + 2, 1], logits[first + 3, 2] = 2.0, 2.0  # ... but for B-X I-X in the first one
    found = task.measure(task.predict(logits, sample), sample)
    assert {name: values.tolist() for name, values in found.items()} == {
        "words": [3, 12, 1],
        "correct": [3, 11, 0],
        "found": [1, 0, 0],
        "predicted": [1, 0, 0],
        "gold": [1, 1, 1],
    }
    values = {m.name: float(m.value(m.sums(found).sum(0))) for m in task.metrics}
    assert values == {"entity_f1": pytest.approx(2 / 4), "accuracy": pytest.approx(14 / 16)}


def test_labels_that_mark_no_entities_have_accuracy_alone() -> None:
    task = make_task(SECTION | {"labels": ["NOUN", "VERB"], "main_metric": "accuracy"})
    assert [metric.name for metric in task.metrics] == ["accuracy"]
    assert [part.name for part in task.parts] == ["words", "correct"]
    with pytest.raises(UsageError, match="entity_f1 needs labels O, B-… and I-…"):
        make_task(SECTION | {"labels": ["NOUN", "VERB"]})


@pytest.mark.parametrize(
    ("words", "labels", "said"),
    [
        (["a", "b"], ["O"], "f: line 1: 2 words and 1 label,"),
        ([], [], r"f: line 1: words is \[\], expected a list of texts"),
        (["a", " "], ["O", "O"], "f: line 1: word 2 is ' ', expected some text"),
        (["a", "b"], ["O", "B-Z"], 'f: line 1, word 2: label "B-Z", expected one of task.labels'),
        ("a b", ["O", "O"], "f: line 1: words is 'a b', expected a list"),
    ],
)
def test_a_sentence_that_cannot_be_meant_is_refused(words: Any, labels: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        make_task(SECTION).read_rows([("f: line 1", {"words": words, "labels": labels})], "f")


def test_a_byte_level_tokenizer_reads_a_word_behind_a_blank() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {"Ġcoal": 0, "coal": 1, "Ġ": 2, **{c: 3 + n for n, c in enumerate("coal")}}
    plain = Tokenizer(models.BPE(vocabulary, [], ignore_merges=True))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert plain.encode(["coal"], is_pretokenized=True).tokens == ["coal"]
    assert for_words(plain).encode(["coal"], is_pretokenized=True).tokens == ["Ġcoal"]
    assert plain.encode(["coal"], is_pretokenized=True).tokens == ["coal"]
