"""An evaluation in bulk against one window at a time and a loop over all spans."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tuning_curves.encoders.batches import Batch, Feed
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.tasks.question_answering.metric import GoldAnswers
from tuning_curves.tasks.question_answering.windows import WindowSet
from tuning_curves.tasks.windows import make_windows, open_windows
from tuning_curves.training import evaluate as evaluate_module
from tuning_curves.training.evaluate import Evaluator

ASKED = np.array([0, 1, 4, 11, 24])
LONGEST = 6
TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)


@pytest.fixture(scope="module")
def split(
    tiny_encoder: Path, tiny_squad: SquadData, tmp_path_factory: pytest.TempPathFactory
) -> WindowSet:
    folder = tmp_path_factory.mktemp("features")
    data = {"train": tiny_squad, "test": tiny_squad}
    make_windows(TASK, data, tiny_encoder, folder, max_length=80, stride=16)
    return open_windows(folder)["test"]


@pytest.fixture(scope="module")
def model(tiny_encoder: Path) -> EncoderModel:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.3, attention_dropout=0.0)
    model.initialise_head(torch.Generator().manual_seed(0))
    return model


def answer_by_hand(model: EncoderModel, split: WindowSet, data: SquadData, question: int) -> str:
    """The text of the best span of all of a question's windows."""
    best, text = -np.inf, ""
    context = data.contexts[data.questions[question].paragraph]
    for number in split.windows_of(np.array([question])):
        window = split.lay_out([number])
        rows = (window.tokens, window.positions, window.types)
        hidden = model.embed(*(torch.from_numpy(row)[None] for row in rows))
        logits = model(hidden, Packing.of(window.lengths, torch.device("cpu")))
        start, end = logits.detach().numpy().T
        begins, last = int(window.context_start[0]), window.lengths[0] - 2
        to_flat = int(window.first_token[0]) - begins
        for i in range(begins, last + 1):
            for j in range(i, min(last + 1, i + LONGEST)):
                if start[i] + end[j] > best:
                    best = start[i] + end[j]
                    span = slice(split.char_start[to_flat + i], split.char_end[to_flat + j])
                    text = context[span]
    return text


@pytest.fixture(params=[90, 4_096])
def tokens_together(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many tokens may pass the model together: one window's, or all of them."""
    monkeypatch.setitem(evaluate_module.PACK_TOKENS, "cpu", request.param)
    return request.param


@pytest.mark.usefixtures("tokens_together")
def test_answers_are_the_best_spans(
    model: EncoderModel, split: WindowSet, tiny_squad: SquadData
) -> None:
    """With n_best 200 no pair of a window is left out. Dropout must be off in an evaluation."""
    task = QuestionAnswering(n_best=200, max_answer_tokens=LONGEST)
    evaluator = Evaluator(task, split, ASKED)
    outcomes = evaluator.evaluate(Feed(model.train(), split, None), "float32")
    expected = [answer_by_hand(model.eval(), split, tiny_squad, int(q)) for q in ASKED]
    assert outcomes.predictions.texts == expected
    assert all(expected)
    golds = GoldAnswers([[a.text for a in tiny_squad.questions[q].answers] for q in ASKED])
    exact, f1 = golds.score(expected)
    assert np.array_equal(outcomes.parts["exact"], exact)
    assert np.array_equal(outcomes.parts["f1"], f1)


class Oracle(torch.nn.Module):
    """A model that knows the labels: logits of 5 where the answer lies.

    The question's tokens and all separators get 9: they are no answers.
    """

    def forward(self, labels: torch.Tensor, packing: Packing, first: int) -> torch.Tensor:
        logits = torch.zeros(packing.bounds[-1], 2)
        for piece, (start, end, context) in zip(packing.pieces, labels.tolist(), strict=True):
            begin = piece.start
            logits[begin : begin + context] = logits[piece.stop - 1] = 9.0
            if start > 0:
                logits[begin + start, 0] = logits[begin + end, 1] = 5.0
        return logits


class OracleFeed(Feed):
    """Hands the labels to the oracle in place of hidden states."""

    def __init__(self, split: WindowSet) -> None:
        self.model, self.windows, self.cache = Oracle(), split, None
        self.first, self.device = 0, torch.device("cpu")

    def batch(self, chosen: np.ndarray) -> Batch:
        windows = self.windows.lay_out(chosen)
        labels = torch.from_numpy(np.column_stack((windows.labels, windows.context_start)))
        packing = Packing.of(windows.lengths, self.device)
        return Batch(hidden=labels, packing=packing)


def test_a_model_that_knows_the_labels_scores_all(split: WindowSet, tiny_squad: SquadData) -> None:
    everything = np.arange(len(tiny_squad.questions))
    task = QuestionAnswering(n_best=80, max_answer_tokens=80)
    evaluator = Evaluator(task, split, everything)
    outcomes = evaluator.evaluate(OracleFeed(split), "float32")
    assert outcomes.predictions.texts == [q.answers[0].text for q in tiny_squad.questions]
    assert outcomes.parts["exact"].all()
    assert (outcomes.parts["f1"] == 1.0).all()


def test_logits_that_are_no_numbers_are_no_answers(tiny_encoder: Path, split: WindowSet) -> None:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    with torch.no_grad():
        model.head.bias.fill_(float("nan"))
    evaluator = Evaluator(TASK, split, ASKED)
    with pytest.raises(FloatingPointError, match="the model's logits are not finite"):
        evaluator.evaluate(Feed(model, split, None), "float32")
