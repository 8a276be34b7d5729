"""Peer and package agree where they must: windows, labels, loss, answers, scores, steps."""

import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmarks.peers import answers, example
from benchmarks.peers.stepped import SteppedTraining
from benchmarks.peers.tuned import METHODS, tuned_model
from benchmarks.rows.evaluating import made_up_logits, pad_logits
from tuning_curves.encoders.batches import Feed
from tuning_curves.encoders.model import load_encoder
from tuning_curves.methods import apply_method, resolve_method
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.metric import percent
from tuning_curves.tasks.question_answering.windows import WindowSet
from tuning_curves.tasks.windows import open_windows
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.passes import losses_of

WIDTH, STRIDE = 96, 24
TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)
pytestmark = pytest.mark.slow  # trains the library's own way


@pytest.fixture(autouse=True)
def _short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' tiny encoder has windows of 96 tokens, so that a long context needs several."""
    monkeypatch.setattr(example, "MAX_LENGTH", WIDTH)
    monkeypatch.setattr(example, "DOC_STRIDE", STRIDE)


@pytest.fixture
def features(tiny_windows: tuple[Path, Path]) -> WindowSet:
    return open_windows(tiny_windows[1])["train"]


@pytest.fixture
def rows(tiny_squad: Any) -> list[dict[str, Any]]:
    return example.rows_of(tiny_squad, range(len(tiny_squad.questions)))


@pytest.fixture
def windows(tiny_encoder: Path, rows: list[dict[str, Any]]) -> Any:
    tokenizer = example.load_tokenizer(tiny_encoder)
    tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]  # BERT's own
    return example.training_set(tokenizer, rows)


def test_the_examples_windows_and_labels_are_ours(windows: Any, features: WindowSet) -> None:
    assert len(windows) == len(features.lengths) > len(features.group_sizes)
    for number, theirs in enumerate(windows):
        ours = features.lay_out([number])
        size = ours.lengths[0]
        assert len(theirs["input_ids"]) == WIDTH
        assert theirs["input_ids"][:size] == ours.tokens.tolist()
        assert theirs["token_type_ids"][:size] == ours.types.tolist()
        assert theirs["attention_mask"] == [1] * size + [0] * (WIDTH - size)
        labels = (theirs["start_positions"], theirs["end_positions"])
        assert labels == tuple(ours.labels[0])


def test_with_pads_masked_and_dropout_off_the_losses_agree(
    tiny_encoder: Path, windows: Any, features: WindowSet
) -> None:
    ours = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    apply_method(resolve_method("full"), ours, torch.Generator().manual_seed(3))
    theirs = example.load_model(tiny_encoder).eval()
    theirs.qa_outputs.load_state_dict(ours.head.state_dict())
    batch = windows.with_format("torch")[:]
    given = {name: batch[name] for name in ("input_ids", "token_type_ids", "attention_mask")}
    with torch.no_grad():
        found = theirs(**given)
        masked = [
            logits.masked_fill(batch["attention_mask"] == 0, float("-inf"))
            for logits in (found.start_logits, found.end_logits)
        ]
        entropies = [
            functional.cross_entropy(logits, batch[f"{side}_positions"])
            for side, logits in zip(("start", "end"), masked, strict=True)
        ]
        questions = np.arange(len(features.window_bounds) - 1)
        feed = Feed(ours, features, None)
        (mine,) = losses_of(TASK, ours, feed, questions, "float32", most=sys.maxsize)
    assert float(mine) == pytest.approx(float(sum(entropies)) / 2, abs=2e-5)


def test_answers_and_scores_agree_on_the_same_logits(
    tiny_encoder: Path, rows: list[dict[str, Any]], features: WindowSet
) -> None:
    from datasets import Dataset

    evaluator = Evaluator(TASK, features, np.arange(len(rows)))
    flat = made_up_logits(evaluator)
    asked = example.asking_set(example.load_tokenizer(tiny_encoder), rows)
    chosen = answers.choose_answers(
        Dataset.from_list(rows), asked, *pad_logits(evaluator, flat, WIDTH)
    )
    outcomes = evaluator.score(flat)
    assert outcomes.predictions.texts == list(chosen.values())
    assert 0 < outcomes.parts["exact"].sum() < len(rows)
    scores = answers.score(answers.golds_of(rows), chosen)
    assert scores["exact_match"] == pytest.approx(percent(outcomes.parts["exact"]))
    assert scores["f1"] == pytest.approx(percent(outcomes.parts["f1"]))


def test_a_halted_training_is_the_librarys_own(
    tiny_encoder: Path, windows: Any, tmp_path: Path
) -> None:
    model = example.load_model(tiny_encoder)
    whole, halted = copy.deepcopy(model), copy.deepcopy(model)
    example.make_trainer(whole, windows, tmp_path, max_steps=3).train()
    stepped = SteppedTraining(example.make_trainer(halted, windows, tmp_path, max_steps=3))
    for number in range(1, 4):
        assert stepped.trainer.state.global_step == number
        if number < 3:
            stepped.step()
    stepped.close()
    for name, parameter in halted.named_parameters():
        assert torch.equal(parameter, whole.get_parameter(name)), name
    assert not torch.equal(halted.qa_outputs.weight, model.qa_outputs.weight)


def test_a_training_that_is_closed_makes_no_further_step(
    tiny_encoder: Path, windows: Any, tmp_path: Path
) -> None:
    trainer = example.make_trainer(example.load_model(tiny_encoder), windows, tmp_path)
    SteppedTraining(trainer).close()
    assert trainer.state.global_step == 1


def test_a_training_that_has_ended_is_no_step(
    tiny_encoder: Path, windows: Any, tmp_path: Path
) -> None:
    model = example.load_model(tiny_encoder)
    stepped = SteppedTraining(example.make_trainer(model, windows, tmp_path, max_steps=1))
    with pytest.raises(RuntimeError, match="has ended"):
        stepped.step()


def test_a_training_that_fails_says_why(tiny_encoder: Path, windows: Any, tmp_path: Path) -> None:
    broken = windows.remove_columns(["start_positions"])
    trainer = example.make_trainer(example.load_model(tiny_encoder), broken, tmp_path)
    with pytest.raises(RuntimeError, match="has ended") as failure:
        SteppedTraining(trainer)
    assert "loss" in str(failure.value.__cause__)


@pytest.mark.parametrize("method", METHODS)
def test_the_fields_methods_train_as_many_numbers_as_ours(tiny_encoder: Path, method: str) -> None:
    theirs = tuned_model(tiny_encoder, method)
    ours = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    counts = apply_method(resolve_method(method), ours, None)
    trained = sum(p.numel() for p in theirs.parameters() if p.requires_grad)
    assert trained == counts.backbone + counts.added + counts.head
