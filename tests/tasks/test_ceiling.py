"""What no method can get right is told before any training. All texts are ours."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.encoders.tokenizers_of_families import save_bytes, save_pieces
from tuning_curves.tasks import make_task
from tuning_curves.tasks.ceiling import Limit, limits_from_json, unknown_token
from tuning_curves.tasks.question_answering.limits import (
    FIRST_IN_NO_WINDOW,
    IN_NO_WINDOW,
    NOT_WHOLE,
    OUT_OF_REACH,
    TOO_LONG,
)
from tuning_curves.tasks.windows import make_windows, open_tokenizer, read_manifest
from tuning_curves.util.errors import DataError

QUESTIONS = {"name": "question-answering", "n_best": 20, "max_answer_tokens": 6}
CONTEXT = "the lighthouse was built in 1843 by the keeper and it burns coal and whale oil"


def squad(answers: list[list[str]], context: str = CONTEXT) -> dict[str, Any]:
    """A file's content with one passage: a question for each list of answers."""
    asked = [
        {
            "id": str(number),
            "question": "what?",
            "answers": [{"text": one, "answer_start": context.index(one)} for one in texts],
        }
        for number, texts in enumerate(answers)
    ]
    paragraphs = [{"context": context, "qas": asked}]
    return {
        "version": "1.1",
        "data": [{"title": f"about {context[-9:]}", "paragraphs": paragraphs}],
    }


def windows_of(
    folder: Path, encoder: Path, train: Any, test: Any, task: Mapping[str, Any], **sizes: Any
) -> tuple[list[str], dict[str, dict[str, Limit]]]:
    """What is told, and the limits of both parts by name."""
    read = make_task(task)
    data = {"train": read.parse(train, "train"), "test": read.parse(test, "test")}
    sizes = {"max_length": 40, "stride": 8} | sizes
    told = make_windows(read, data, encoder, folder, **sizes)
    limits = limits_from_json(read_manifest(folder)["limits"])
    return told, {split: {limit.name: limit for limit in all_} for split, all_ in limits.items()}


def test_each_fault_of_an_answer_is_counted(tiny_encoder: Path, tmp_path: Path) -> None:
    """1843 is four tokens, all else is a token a word."""
    train = squad([["keeper"]])
    test = squad(
        [
            ["keeper"],  # within reach
            ["1843", "84"],  # the second one lies inside of a word's token
            ["ghthou"],  # inside of a token
            ["built in 1843 by"],  # 7 tokens
            ["the lighthouse was built in 1843 by the keeper and it", "oil"],
            ["was built in 1843 by the keeper and it burns coal and whale"],
        ]
    )
    told, limits = windows_of(tmp_path, tiny_encoder, train, test, QUESTIONS, max_length=20)
    counts = {name: limit.count for name, limit in limits["test"].items()}
    assert counts == {
        "unknown tokens": 0,
        IN_NO_WINDOW: 1,
        TOO_LONG.format(6): 2,
        NOT_WHOLE: 1,
        OUT_OF_REACH: 3,
    }
    assert limits["test"][OUT_OF_REACH].total == 6
    assert limits["test"][OUT_OF_REACH].metric == "exact_match"
    assert f"test: 3 of 6 {OUT_OF_REACH} (50 %)" in told
    assert limits["train"][FIRST_IN_NO_WINDOW].count == 0


def test_what_exact_match_forgives_is_within_reach(tiny_encoder: Path, tmp_path: Path) -> None:
    """Articles and punctuation at an end cost tokens and no score; a text may stand twice."""
    context = "a lighthouse in winter, the market on the bridge is open. a light on the sea"
    answers = [
        ["the market on the bridge"],  # 5 tokens, without the first article 4
        ["lighthouse in winter, the"],  # 5 tokens, of which the last two are dropped
        ["light"],  # inside of a word's token, and then whole
        ["bridge is open. a light"],  # 6 tokens, none of them at an end
    ]
    task = QUESTIONS | {"max_answer_tokens": 4}
    test = squad(answers, context)
    told, limits = windows_of(tmp_path, tiny_encoder, squad([["keeper"]]), test, task)
    counts = {name: limit.count for name, limit in limits["test"].items()}
    assert (counts[TOO_LONG.format(4)], counts[NOT_WHOLE], counts[OUT_OF_REACH]) == (3, 1, 1)
    assert f"test: 1 of 4 {OUT_OF_REACH} (25 %)" in told


@pytest.mark.parametrize("part", ["train", "test"])
def test_where_no_question_is_in_reach_the_study_stops(
    tiny_encoder: Path, tmp_path: Path, part: str
) -> None:
    parts = {"train": squad([["keeper"]]), "test": squad([["keeper"]])}
    parts[part] = squad([["ghthou"], ["built in 1843 by"]])
    with pytest.raises(DataError) as caught:
        windows_of(tmp_path, tiny_encoder, parts["train"], parts["test"], QUESTIONS)
    said = str(caught.value)
    assert f"{part}: 2 of 2 {OUT_OF_REACH} (100 %): nothing can be learnt" in said
    assert f"\n  1 of 2 {TOO_LONG.format(6)} (50 %)\n  1 of 2 {NOT_WHOLE} (50 %)\nfix:" in said
    assert not list(tmp_path.iterdir())


def test_unknown_writing_is_told_and_what_is_all_unknown_stops(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    task = {"name": "text-classification", "labels": ["a", "b"], "pooling": "first"}
    task |= {"main_metric": "accuracy"}
    known = [["1", "the lighthouse was built", None, "a"], ["2", "the keeper", None, "b"]]
    some = [["3", "the кит was built", None, "a"], ["4", "it burns кит coal", None, "b"]]
    told, limits = windows_of(tmp_path, tiny_encoder, known, some, task, stride=None)
    assert limits["train"]["unknown tokens"].count == 0
    unknown = limits["test"]["unknown tokens"]
    assert (unknown.count, unknown.total) == (2, 8)
    assert any(line.startswith("warning: test: 2 of 8 unknown tokens (25 %)") for line in told)
    strange = [["5", "кит кот", None, "a"], ["6", "кот", None, "b"]]
    with pytest.raises(DataError, match=r"train: 3 of 3 unknown tokens .* reads almost nothing"):
        windows_of(tmp_path / "other", tiny_encoder, strange, some, task, stride=None)


def test_labels_that_are_never_trained_are_counted(tiny_encoder: Path, tmp_path: Path) -> None:
    task = {"name": "text-classification", "labels": ["a", "b", "c"], "pooling": "first"}
    task |= {"main_metric": "accuracy"}
    train = [["1", "the lighthouse", None, "a"], ["2", "the keeper", None, "b"]]
    test = [["3", "coal", None, "a"], ["4", "whale oil", None, "c"]]
    _, limits = windows_of(tmp_path, tiny_encoder, train, test, task, stride=None)
    (unseen,) = [limit for limit in limits["test"].values() if limit.metric]
    assert (unseen.metric, unseen.count, unseen.total) == ("accuracy", 1, 2)
    task = {"name": "token-classification", "labels": ["x", "y", "z"], "main_metric": "accuracy"}
    train = [["1", ["the", "keeper"], ["x", "y"]]]
    test = [["2", ["the", "coal", "oil"], ["x", "z", "z"]]]
    _, limits = windows_of(tmp_path / "words", tiny_encoder, train, test, task)
    (unseen,) = [limit for limit in limits["test"].values() if limit.metric]
    assert (unseen.count, unseen.total) == (2, 3)


def test_a_vocabulary_that_its_tokenizer_never_reaches_is_told(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    """A cased vocabulary under a tokenizer that lower-cases."""
    folder = Path(shutil.copytree(tiny_encoder, tmp_path / "encoder"))
    path = folder / "tokenizer.json"
    spec = json.loads(path.read_text("utf-8"))
    spec["model"]["vocab"] = {
        name if name.startswith("[") else name.title(): number
        for name, number in spec["model"]["vocab"].items()
    } | {letter: 900 + number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    path.write_text(json.dumps(spec), "utf-8")
    train = squad([["1843"]])
    told, _ = windows_of(tmp_path / "windows", folder, train, train, QUESTIONS)
    (line,) = [line for line in told if "are never found" in line]
    assert line.startswith("warning: ")
    assert "lower-cased" in line


def test_the_unknown_token_is_read_off_each_kind_of_vocabulary(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    """Byte-level vocabularies have none: every text falls apart into bytes."""
    for name in ("bytes", "pieces"):
        (tmp_path / name).mkdir()
    save_bytes(tmp_path / "bytes")
    save_pieces(tmp_path / "pieces", "XLMRobertaTokenizer")
    folders = (tiny_encoder, tmp_path / "pieces", tmp_path / "bytes")
    tokenizers = [open_tokenizer(folder) for folder in folders]
    found = [unknown_token(tokenizer) for tokenizer in tokenizers]
    expected = [tokenizers[0].token_to_id("[UNK]"), tokenizers[1].token_to_id("<unk>"), None]
    assert found == expected
