"""What the library's example for each task reads is what this package reads."""

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from benchmarks import rows
from benchmarks.clock import Patience
from benchmarks.independent import half_width, verdict
from benchmarks.peers import example
from benchmarks.peers.tuned import tune
from benchmarks.peers.ways import NOT_COUNTED, Questions, Texts, Way, Words
from benchmarks.rows.labels import NAMES
from tuning_curves.encoders.model import load_encoder
from tuning_curves.methods import apply_method, resolve_method
from tuning_curves.tasks.text_classification import TextClassification
from tuning_curves.tasks.token_classification import TokenClassification

ROOT = Path(__file__).resolve().parents[2]
TEXTS = TextClassification(labels=("no", "yes"), pooling="pooler", main_metric="accuracy")
WORDS = TokenClassification(labels=("NOUN", "X"), main_metric="accuracy")


@pytest.fixture
def texts(tiny_encoder: Path) -> Way:
    given = [("the lighthouse of Orrin", "yes"), ("coal gas", "no"), ("the sea " * 90, "yes")]
    found = [("row", {"text": text, "label": label}) for text, label in given]
    parts = {split: TEXTS.read_rows(found, "texts") for split in ("train", "test")}
    return as_bert(Texts(tiny_encoder, parts, TEXTS.labels))


@pytest.fixture
def words(tiny_encoder: Path) -> Way:
    given = [(["the", "Orrin", "lighthouse"], ["X", "NOUN", "NOUN"]), (["coal"], ["NOUN"])]
    found = [("row", {"words": sentence, "labels": labels}) for sentence, labels in given]
    parts = {split: WORDS.read_rows(found, "words") for split in ("train", "test")}
    return as_bert(Words(tiny_encoder, parts, WORDS.labels))


def as_bert(way: Way) -> Way:
    """The tests' tokenizer is of no family: give it the inputs of BERT's."""
    way.tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    return way


def tokenizer_of(folder: Path) -> Any:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def test_padded_texts_have_our_tokens_and_labels(texts: Way, tiny_encoder: Path) -> None:
    ours = TEXTS.encode(
        texts.parts["train"], tokenizer_of(tiny_encoder), max_length=128, stride=None
    )
    theirs = texts.training_set([2, 0, 1])
    for number, row in zip([2, 0, 1], theirs, strict=True):
        laid_out = ours.lay_out([number])
        size = laid_out.lengths[0]
        assert len(row["input_ids"]) == 128 >= size
        assert row["input_ids"][:size] == laid_out.tokens.tolist()
        assert row["token_type_ids"][:size] == laid_out.types.tolist()
        assert row["attention_mask"] == [1] * size + [0] * (128 - size)
        assert row["label"] == ours.labels[number]


def test_words_have_our_tokens_and_labels(words: Way, tiny_encoder: Path) -> None:
    ours = WORDS.encode(words.parts["train"], tokenizer_of(tiny_encoder), max_length=96, stride=24)
    theirs = words.training_set([0, 1])
    for number, row in enumerate(theirs):
        laid_out = ours.lay_out([number])
        assert row["input_ids"] == laid_out.tokens.tolist()
        assert row["labels"] == ours.labels_of([number]).tolist()
    assert NOT_COUNTED in theirs[0]["labels"][1:-1]  # "orrin" has several pieces


def test_questions_are_read_as_the_example_reads_them(
    tiny_squad: Any, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "MAX_LENGTH", 96)
    monkeypatch.setattr(example, "DOC_STRIDE", 24)
    way = as_bert(Questions(tiny_encoder, {"train": tiny_squad, "test": tiny_squad}, ()))
    expected = example.training_set(way.tokenizer, example.rows_of(tiny_squad, [7, 2]))
    assert way.training_set([7, 2])[:] == expected[:]
    asked = way.asking_set([7, 2])
    assert asked["input_ids"] == expected["input_ids"]
    assert sorted(asked.column_names) == ["attention_mask", "input_ids", "token_type_ids"]


def test_best_flags_pad_to_the_longest_of_the_batch(texts: Way, words: Way) -> None:
    for way in (texts, words):
        short = way.training_set([0, 1], padding=False)
        batch = way.collator(padding=False)(list(short))
        assert batch["input_ids"].shape == (2, max(len(row["input_ids"]) for row in short))
        assert batch["labels"].shape[0] == 2


@pytest.mark.parametrize("method", ["full", "bitfit", "head"])
def test_the_fields_methods_train_as_many_numbers_of_words_as_ours(
    words: Way, tiny_encoder: Path, method: str
) -> None:
    theirs = tune(words.model(), method)
    ours = load_encoder(
        tiny_encoder, outputs=WORDS.outputs, hidden_dropout=0.0, attention_dropout=0.0
    )
    counts = apply_method(resolve_method(method), ours, None)
    trained = sum(p.numel() for p in theirs.parameters() if p.requires_grad)
    assert trained == counts.backbone + counts.added + counts.head


def test_rows_without_their_data_say_which_file_is_missing(tmp_path: Path) -> None:
    """And not where it was looked for: the results are committed."""
    bench = rows.Bench(ROOT, tmp_path, Patience(rounds=1, seconds=0.0), folder=tmp_path)
    wanted = [name for name in NAMES if not name.startswith("snippets-")]
    found = {row["name"]: row["skipped"] for row in rows.measure(bench, wanted)}
    assert list(found) == wanted
    assert found["cola-full"] == "no cola/in_domain_train.tsv in the folder of data"
    assert found["pos-head-column"] == (
        "no ud-english-ewt/en_ewt-ud-train.conllu in the folder of data"
    )


def test_the_interval_of_two_runs_a_side_by_hand() -> None:
    """Variances 2 and 2, so an error of sqrt(2 (1/2 + 1/2)); t of two degrees is 4.303."""
    assert half_width([70, 72], [74, 72]) == pytest.approx(4.3027 * 2**0.5, abs=1e-3)
    assert verdict([70, 72], [74, 72]) == (
        "ours minus the library -2.00 points, 95 % interval of the seeds' spread +-6.08: they agree"
    )
    assert verdict([70, 70.2], [74, 74.2]).endswith("they DISAGREE")
