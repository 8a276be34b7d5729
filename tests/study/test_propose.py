"""What `tuning-curves new` proposes, from what is known of data, encoder and machine."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import yaml

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import EncoderShape
from tuning_curves.encoders.known import DEFAULT, KNOWN
from tuning_curves.methods.counting import published_shape
from tuning_curves.methods.registry import describe
from tuning_curves.study.config import check_study
from tuning_curves.study.draft import text_of
from tuning_curves.study.facts import QA, TEXTS, DataFacts, EncoderFacts, Given, Machine
from tuning_curves.study.ladder import RATES, operations
from tuning_curves.study.propose import Proposal, in_words, propose
from tuning_curves.study.sections import split_file, windows
from tuning_curves.util.errors import UsageError

WORDS = "token-classification"
FORMATS: dict[str, Any] = {
    TEXTS: {"kind": "csv", "header": True, "columns": {"text": "text", "label": "label"}},
    WORDS: {"kind": "conllu", "labels": "UPOS"},
    QA: None,
}
LABELS = {TEXTS: {"bad": 500, "good": 500}, WORDS: {"NOUN": 4000, "VERB": 2000}, QA: {}}


def facts(task: str = TEXTS, examples: int = 1000, **changes: Any) -> DataFacts:
    known: dict[str, Any] = {
        "name": "mine",
        "task": task,
        "train": "data.file",
        "test": None,
        "format": FORMATS[task],
        "group_sizes": np.full(examples // 5, 5) if task == QA else np.ones(examples, int),
        "grouped": task == QA,
        "test_examples": None,
        "labels": LABELS[task],
        "tokens": np.full(100, 30),
        "counted": True,
    }
    return DataFacts(**known | changes)


def encoder(name: str = "MiniLM", **changes: Any) -> EncoderFacts:
    known: dict[str, Any] = {
        "section": KNOWN[DEFAULT].section,
        "shape": published_shape(name),
        "positions": 512,
        "pooling": ("mean", "what it was trained with"),
    }
    return EncoderFacts(**known | changes)


def machine(**changes: Any) -> Machine:
    known: dict[str, Any] = {"workers": 2, "device": "cpu", "flops": 45e9, "how": "so"}
    return Machine(**known | changes)


def study(
    data: DataFacts, hours: float = 2, of: EncoderFacts | None = None, **changes: Any
) -> Proposal:
    splits = split_file(data)
    held, test = splits["held_out_examples"], splits.get("test_from_train", 0)
    parts = {
        "train": data.examples - held - test,
        "validation": held,
        "test": test or data.test_examples or 0,
    }
    given = Given(
        data=data,
        encoder=of or encoder(),
        machine=machine(**changes),
        splits=splits,
        parts=parts,
    )
    return propose(given, hours)


@pytest.mark.parametrize("task", [TEXTS, WORDS, QA])
@pytest.mark.parametrize("examples", [30, 333, 100_000])
@pytest.mark.parametrize("hours", [0, 2, 200])
@pytest.mark.parametrize("size", ["MiniLM", "BERT-large"])
def test_every_proposal_is_a_study_that_reads_back(
    task: str, examples: int, hours: float, size: str
) -> None:
    found = study(facts(task, examples), hours, encoder(size))
    read = yaml.safe_load(text_of(found, "Written for a test."))
    checked = check_study(read, "mine.yaml", pinned=False).config
    assert checked == check_study(found.config, "mine.yaml", pinned=False).config
    pool = examples - sum(split_file(facts(task, examples)).values())
    assert checked.largest_size <= pool
    assert checked.method_names[0] == "full"
    assert len({pair[0] for pair in checked.analysis.contrasts}) == len(checked.methods) - 1
    assert len(checked.seeds) >= 3
    assert (found.seconds <= hours * 3600) == (not any("takes about" in n for n in found.notes))


def test_the_runs_that_are_told_are_those_that_the_study_plans(tmp_path: Any) -> None:
    found = study(facts())
    config = {**found.config, "data": {**found.config["data"], "content_sha256": PINS}}
    assert len(check_study(config, "s").unique) == found.runs


PINS = {"train": "0" * 64, "test": "1" * 64}


def test_more_hours_compare_more_and_steps_go_late() -> None:
    extents = [study(facts(), hours).extent for hours in (0, 0.3, 1, 2, 4, 8, 16, 200)]
    for key in ("seeds", "rates", "steps", "sizes", "largest"):
        values = [getattr(extent, key) for extent in extents]
        assert values == sorted(values)
    assert [len(extent.methods) for extent in extents] == sorted(len(e.methods) for e in extents)
    assert extents[-1].seeds == 10 and len(extents[-1].methods) == 5
    for extent in extents:
        if extent.steps < 600:
            assert (extent.seeds, extent.rates) == (3, 1)
        if extent.sizes < 4:
            assert extent.steps <= 300


def test_equal_steps_stand_beside_equal_epochs() -> None:
    budgets = study(facts(QA), 40).config["budgets"]
    assert budgets == [
        {"name": "steps", "epochs": 1, "min_steps": 1500},
        {"name": "epochs", "epochs": 3, "min_steps": 0},
    ]


def test_rates_are_those_of_the_table_and_larger_for_a_small_encoder() -> None:
    for name, rates in RATES.items():
        known = describe(name).rates
        assert all(min(known) / 5 <= rate <= max(known) * 2 for rate in rates) or not known
    small = {m["name"]: m["learning_rates"] for m in study(facts(), 200).config["methods"]}
    base = study(facts(), 2000, encoder("BERT-base")).config["methods"]
    assert small["full"] == [1e-4, 3e-4]
    assert {m["name"]: m["learning_rates"] for m in base}["full"] == [1e-5, 3e-5]


def test_one_rate_is_the_lower_one_of_texts_and_the_higher_one_of_words() -> None:
    found = {
        task: study(facts(task), 0).config["methods"][0]["learning_rates"]
        for task in (TEXTS, QA, WORDS)
    }
    assert found == {TEXTS: [1e-4], QA: [1e-4], WORDS: [3e-4]}


def test_an_encoder_without_biases_gets_methods_that_apply() -> None:
    shape: EncoderShape = find_family("modernbert").shape({})
    found = study(facts(), 5000, encoder(shape=shape))
    names = [method["name"] for method in found.config["methods"]]
    assert names == ["full", "value-bias", "adapter-houlsby", "lora-all", "head"]
    assert ["value-bias", "full"] in found.config["analysis"]["contrasts"]


def test_windows_hold_nearly_all_texts_and_no_more_than_the_encoder_reads() -> None:
    assert windows(facts(), encoder()) == {"max_length": 32}
    assert windows(facts(tokens=np.full(9, 70)), encoder()) == {"max_length": 96}
    assert windows(facts(tokens=np.full(9, 9000)), encoder()) == {"max_length": 512}
    assert windows(facts(WORDS), encoder()) == {"max_length": 32, "stride": 8}
    assert windows(facts(QA), encoder()) == {"max_length": 384, "stride": 128}
    assert windows(facts(QA), encoder(positions=96)) == {"max_length": 96, "stride": 32}


def test_operations_are_those_of_the_docs() -> None:
    # docs/costs.md: a step on 1,198 tokens in sequences of 75 does 78.8 GFLOP, 76.3 without
    # attention; the exact lengths there are not these
    found = 16 * 6 * operations(facts(tokens=np.full(16, 1198 / 16)), encoder())
    assert found == pytest.approx(76.3e9 + 12 * 6 * 384 * 1198 * 75, rel=0.01)


def test_time_is_that_of_its_runs() -> None:
    one, two = study(facts(), 0, workers=1), study(facts(), 0, workers=2)
    assert one.seconds == pytest.approx(2 * two.seconds)
    faster = study(facts(), 0, flops=90e9)
    assert two.seconds == pytest.approx(2 * faster.seconds, rel=0.1)
    assert faster.config["execution"]["chunk_passes"] > two.config["execution"]["chunk_passes"]


def test_a_lopsided_set_is_not_judged_by_accuracy() -> None:
    assert study(facts(labels={"no": 900, "yes": 100})).config["task"]["main_metric"] == "macro_f1"
    assert study(facts()).config["task"]["main_metric"] == "accuracy"
    entities = facts(WORDS, labels={"O": 90, "B-PER": 6, "I-PER": 4})
    assert study(entities).config["task"]["main_metric"] == "entity_f1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"examples": 60}, "60 examples are few"),
        ({"labels": {"a": 500, "b": 498, "c": 2}}, "1 label has fewer than 3 examples"),
        ({"group_sizes": np.full(6, 100), "grouped": True}, "6 groups are few"),
        ({"per_word": 2.5}, "cuts words into 2.5 tokens each (MiniLM in English: 1.2"),
        ({"unknown": 0.3}, "does not know 30.0% of the texts' tokens (MiniLM in"),
    ],
)
def test_what_is_wanting_is_told(changes: Mapping[str, Any], words: str) -> None:
    assert any(words in note for note in study(facts(**changes)).notes)


def test_nothing_is_told_of_a_sound_file() -> None:
    assert study(facts()).notes == []
    assert study(facts(per_word=1.5, unknown=0.001)).notes == []


def test_too_few_examples_or_groups_are_refused() -> None:
    with pytest.raises(UsageError, match="29 examples, expected 30 or more"):
        split_file(facts(examples=29))
    with pytest.raises(UsageError, match="2 groups, expected 3 or more"):
        split_file(facts(group_sizes=np.array([50, 50]), grouped=True))
    with pytest.raises(UsageError, match="the largest of 3 groups has 980 of 1,000 examples"):
        split_file(facts(group_sizes=np.array([980, 10, 10]), grouped=True))


def test_a_test_file_leaves_the_training_file_whole_but_for_the_validation_part() -> None:
    assert split_file(facts(test="t.csv", test_examples=200)) == {"held_out_examples": 150}
    assert split_file(facts()) == {"held_out_examples": 150, "test_from_train": 300}


def test_large_groups_ask_for_less() -> None:
    sizes = np.array([400, 100, 100, 100, 100, 100, 100])
    asked = split_file(facts(group_sizes=sizes, grouped=True))
    assert asked["test_from_train"] <= 300


def test_a_gpu_computes_in_bfloat16() -> None:
    assert study(facts(), device="cuda").config["training"]["precision"] == "bfloat16"
    assert study(facts()).config["training"]["precision"] == "float32"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "a minute"), (600, "10 minutes"), (7200, "2.0 hours"), (400_000, "5 days")],
)
def test_times_are_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_labels_that_yaml_would_read_as_something_else_stay_texts() -> None:
    labels = {"no": 300, "1": 300, "null": 300, "a: b": 100, "ja, # nein": 100}
    found = study(facts(labels=labels))
    assert yaml.safe_load(text_of(found, "x"))["task"]["labels"] == list(labels)


def test_every_reason_stands_in_the_file() -> None:
    found = study(facts(), 2)
    text = " ".join(line.strip(" #") for line in text_of(found, "x").splitlines())
    for place, reason in found.reasons.items():
        assert reason in text, place


@pytest.mark.parametrize(
    ("name", "file"), [(DEFAULT, "demo"), ("bert-base-cased", "bert-base-squad")]
)
def test_known_encoders_are_those_of_the_projects_studies(name: str, file: str) -> None:
    from tests.conftest import ROOT

    section = yaml.safe_load((ROOT / "config" / f"{file}.yaml").read_text("utf-8"))["encoder"]
    assert KNOWN[name].section == section


def test_long_texts_are_counted_in_windows() -> None:
    short, long = (study(facts(QA, tokens=np.full(900, n)), 0) for n in (200, 13_000))
    assert "example_windows" not in short.config["execution"]
    # 13,000 tokens: one window of 384, and one more for each 256 of the rest
    assert long.config["execution"]["example_windows"] == 1 + -(-(13_000 - 384) // 256)
    assert long.config["windows"] == {"max_length": 384, "stride": 128}
