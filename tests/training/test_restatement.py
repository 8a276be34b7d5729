"""The engine, restated from docs/streams.md alone: padded, with the library's model, no packing.

Nothing of the package computes anything here: texts, subsets, windows, weights, dropout, steps,
losses and answers are made anew from the files and the seeds, and must be what a run records.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.random import SFC64
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, BertModel

from tuning_curves.study.paths import WorkerPaths
from tuning_curves.training.run import RunContext

RATES = {"full": 1e-3, "bitfit": 1e-2, "head": 1e-2}
N, BATCH, EPOCHS, DROPOUT, STEPS = 8, 4, 4, 0.1, 8
WARMUP, DECAY, EPSILON, CLIP = 0.25, 0.01, 1e-6, 1.0
MAX_LENGTH, STRIDE, N_BEST, LONGEST = 96, 24, 20, 30


class PackedDropout(nn.Module):
    """Masks of the packed row, [tokens, width], drawn in order and laid into the padded batch."""

    state: ClassVar[dict[str, Any]] = {}  # the step's generator and the batch's mask

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return hidden
        threshold, inside = round(DROPOUT * 65536), self.state["mask"]
        size = int(inside.sum()) * hidden.shape[-1]
        bits = np.frombuffer(self.state["generator"].bytes(2 * size), "<u2")
        keep = torch.ones_like(hidden)
        keep[inside] = torch.from_numpy(bits >= threshold).view(-1, hidden.shape[-1]).float()
        return hidden * keep * (65536 / (65536 - threshold))


def read(path: str) -> list[tuple[int, str, dict[str, Any]]]:
    """(article, context, question) in the file's order."""
    articles = json.loads(Path(path).read_text("utf-8"))["data"]
    return [
        (number, paragraph["context"], question)
        for number, article in enumerate(articles)
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def cut(tokenizer: Any, context: str, question: dict[str, Any]) -> list[dict[str, Any]]:
    """Windows of a question with their labels: tokens, types, offsets, context, start, end."""
    answer = question["answers"][0]
    begin, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    made = tokenizer(
        question["question"].strip(), context, truncation="only_second", max_length=MAX_LENGTH,
        stride=STRIDE, return_overflowing_tokens=True, return_offsets_mapping=True,
        return_token_type_ids=True,
    )  # fmt: skip
    windows = []
    for row, (ids, pairs) in enumerate(zip(made["input_ids"], made["offset_mapping"], strict=True)):
        inside = [i for i, part in enumerate(made.sequence_ids(row)) if part == 1]
        touched = [i for i in inside if pairs[i][1] > begin and pairs[i][0] < end]
        whole = pairs[inside[0]][0] <= begin and pairs[inside[-1]][1] >= end
        label = (touched[0], touched[-1]) if whole else (0, 0)
        types = made["token_type_ids"][row]
        windows.append({"ids": ids, "types": types, "at": pairs, "inside": inside, "label": label})
    return windows


class Restated:
    """One run."""

    def __init__(self, encoder: Path, method: str, seed: int = 0) -> None:
        self.seed, self.method, self.training = seed, method, True
        self.tokenizer = AutoTokenizer.from_pretrained(encoder)
        self.encoder = BertModel.from_pretrained(
            encoder, add_pooling_layer=False, attention_probs_dropout_prob=0.0
        )
        for module in self.encoder.modules():  # attention's own dropout is 0
            if hasattr(module, "dropout") and "SelfAttention" not in type(module).__name__:
                module.dropout = PackedDropout()
        self.head = nn.Linear(32, 2)
        generator = torch.Generator().manual_seed(seed)
        nn.init.normal_(self.head.weight, 0.0, 0.02, generator=generator)
        nn.init.zeros_(self.head.bias)
        for name, parameter in self.encoder.named_parameters():
            parameter.requires_grad_(method == "full" or (method == "bitfit" and "bias" in name))

    def logits(self, windows: list[dict[str, Any]]) -> torch.Tensor:
        """[windows, longest, 2], -inf on padding."""
        ids, types = (
            pad_sequence([torch.tensor(window[key]) for window in windows], batch_first=True)
            for key in ("ids", "types")
        )
        lengths = torch.tensor([len(window["ids"]) for window in windows])
        mask = PackedDropout.state["mask"] = torch.arange(ids.shape[1]) < lengths[:, None]
        frozen = self.method == "head"  # its encoder runs once, without dropout, kept as float16
        self.encoder.train(self.training and not frozen)
        hidden = self.encoder(ids, mask.long(), types).last_hidden_state
        hidden = hidden.detach().half().float() if frozen else hidden
        return self.head(hidden).masked_fill(~mask[..., None], float("-inf"))

    def train(self, examples: list[list[dict[str, Any]]]) -> list[float]:
        """The loss of each step."""
        every = (*self.encoder.parameters(), *self.head.parameters())
        trained = [parameter for parameter in every if parameter.requires_grad]
        large, small = ([p for p in trained if (p.ndim > 1) == big] for big in (True, False))
        groups = [{"params": large, "weight_decay": DECAY}, {"params": small, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=0.0, eps=EPSILON)
        generator, losses = np.random.default_rng([4, self.seed]), []
        order = np.concatenate([generator.permutation(N) for _ in range(EPOCHS)])
        rising = int(WARMUP * STEPS)
        for step, batch in enumerate(order.reshape(STEPS, BATCH)):  # n is a multiple of the batch
            PackedDropout.state["generator"] = np.random.Generator(SFC64([5, self.seed, step]))
            windows = [window for example in batch for window in examples[example]]
            labels = torch.tensor([w["label"] for w in windows])
            loss = nn.functional.cross_entropy(self.logits(windows), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, CLIP)
            share = min((step + 1) / (rising + 1), (STEPS - step) / (STEPS - rising))
            for group in optimizer.param_groups:
                group["lr"] = RATES[self.method] * share
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        return losses

    @torch.no_grad()
    def answer(self, context: str, windows: list[dict[str, Any]]) -> str:
        """The text of the best of the n-best pairs of all windows."""
        self.training, found = False, []
        for window, logits in zip(windows, self.logits(windows).numpy(), strict=True):
            starts, ends = np.argsort(-logits, axis=0, kind="stable")[:N_BEST].T
            pairs = [(i, j) for i in starts for j in ends if {i, j} <= set(window["inside"])]
            found += [
                (logits[i, 0] + logits[j, 1], context[window["at"][i][0] : window["at"][j][1]])
                for i, j in pairs if 0 <= j - i < LONGEST
            ]  # fmt: skip
        return max(found, default=(0.0, ""), key=lambda pair: pair[0])[1]


@pytest.mark.parametrize("method", RATES)
def test_a_run_is_what_its_description_says(
    make_study: Any, places: WorkerPaths, method: str
) -> None:
    study = make_study(
        {
            "methods": [{"name": method, "learning_rates": [RATES[method]]}], "sizes": [N],
            "budgets": [{"name": "b", "epochs": EPOCHS, "min_steps": 0}],
            "training": {"warmup": WARMUP}, "analysis": {"contrasts": []},
        }
    )  # fmt: skip
    (planned,) = study.unique
    context = RunContext(study.settings, places, torch.device("cpu"))
    prepared = context.prepare(planned)
    trace = prepared.trainer.train(lambda step, loss: None)
    outcomes = context.evaluators["test"].evaluate(prepared.feeds["test"], "float32")

    data, restated = study.config.data, Restated(places.encoder, method)
    train, test = read(data.train), read(data.test)
    held = np.random.default_rng([1, 0]).permutation(5)[:1]  # an article has 5 questions: one do
    pool = np.array([i for i, (article, _, _) in enumerate(train) if article not in held])
    subset = np.random.default_rng([2, 0]).permutation(pool)[:N]
    losses = restated.train([cut(restated.tokenizer, *train[number][1:]) for number in subset])
    assert [loss for _, loss in trace.losses] == pytest.approx(losses, abs=3e-6)
    said = [restated.answer(c, cut(restated.tokenizer, c, q)) for _, c, q in test]
    assert outcomes.predictions.texts == said
    assert len(set(said)) > 3
