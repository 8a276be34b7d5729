"""The way of the library's own question-answering example, built of the library's parts.

As in `examples/pytorch/question-answering/run_qa.py` of `transformers`: a fast tokenizer with
windows of 384 tokens that overlap by 128, padded to 384; `AutoModelForQuestionAnswering` in
float32 with its own dropout; `Trainer` with its own AdamW, clipping and linear schedule, at 3e-5.
The text of the example is not copied: what it asks of the library is asked again here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    default_data_collator,
)
from transformers.utils import logging as library_logging

from benchmarks.peers.stepped import SteppedTraining

MAX_LENGTH, DOC_STRIDE, BATCH, RATE = 384, 128, 16, 3e-5
HEADS = ("qa_outputs.", "classifier.")  # how the library names the heads of its models
LONG = 1_000.0  # epochs of a training that is only ever stepped


def load_tokenizer(encoder: Path) -> Any:
    """The encoder's tokenizer."""
    return AutoTokenizer.from_pretrained(encoder, use_fast=True)


def load_model(
    encoder: Path,
    kind: Any = AutoModelForQuestionAnswering,
    *,
    attention_dropout: float = 0.1,
    hidden_dropout: float = 0.1,
    **options: Any,
) -> Any:
    """The encoder with a new head of the library's; its report of new weights is kept quiet.

    Args:
        kind: the library's class, by default that of spans. options: of its configuration.
    """
    verbosity = library_logging.get_verbosity()
    library_logging.set_verbosity_error()
    library_logging.disable_progress_bar()
    try:
        return kind.from_pretrained(
            encoder,
            attention_probs_dropout_prob=attention_dropout,
            hidden_dropout_prob=hidden_dropout,
            dtype=torch.float32,
            **options,
        )
    finally:
        library_logging.set_verbosity(verbosity)
        library_logging.enable_progress_bar()


def freeze(model: Any, trains: Callable[[str], bool]) -> Any:
    """Train the head and those parameters whose name says so, nothing else."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(HEADS) or trains(name))
    return model


def rows_of(squad: Any, questions: Sequence[int] | np.ndarray) -> list[dict[str, Any]]:
    """Questions of a `SquadData` as the hub's flat rows."""
    rows = []
    for number in questions:
        question = squad.questions[int(number)]
        answers = {
            "text": [a.text for a in question.answers],
            "answer_start": [a.start for a in question.answers],
        }
        context = squad.contexts[question.paragraph]
        rows.append(
            {
                "id": question.id,
                "context": context,
                "question": question.question,
                "answers": answers,
            }
        )
    return rows


def tokenise(tokenizer: Any, rows: dict[str, list[Any]], padding: bool | str) -> Any:
    """Windows of a batch of rows, with `overflow_to_sample_mapping` and `offset_mapping`."""
    return tokenizer(
        [question.lstrip() for question in rows["question"]],
        rows["context"],
        truncation="only_second",
        max_length=MAX_LENGTH,
        stride=DOC_STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding=padding,
    )


def training_set(
    tokenizer: Any, rows: list[dict[str, Any]], *, padding: bool | str = "max_length"
) -> Dataset:
    """Windows with labels; the first position where the answer is not wholly inside."""

    def prepare(batch: dict[str, list[Any]]) -> Any:
        windows = tokenise(tokenizer, batch, padding)
        owners = windows.pop("overflow_to_sample_mapping")
        offsets = windows.pop("offset_mapping")
        labels = [
            _label(windows, i, pairs, batch["answers"][owners[i]])
            for i, pairs in enumerate(offsets)
        ]
        windows["start_positions"] = [first for first, _ in labels]
        windows["end_positions"] = [last for _, last in labels]
        return windows

    dataset = Dataset.from_list(rows)
    return dataset.map(prepare, batched=True, remove_columns=dataset.column_names)


def _label(windows: Any, i: int, pairs: list[tuple[int, int]], answers: Any) -> tuple[int, int]:
    """First and last token of the first answer in window i, or the first position twice."""
    begin = answers["answer_start"][0]
    end = begin + len(answers["text"][0])
    parts = windows.sequence_ids(i)
    first = parts.index(1)
    last = len(parts) - 1 - parts[::-1].index(1)
    if pairs[first][0] > begin or pairs[last][1] < end:
        return 0, 0
    while first < len(pairs) and pairs[first][0] <= begin:
        first += 1
    while pairs[last][1] >= end:
        last -= 1
    return first - 1, last + 1


def asking_set(tokenizer: Any, rows: list[dict[str, Any]]) -> Dataset:
    """Windows to predict on: with their question's id, and offsets of the context's tokens only."""

    def prepare(batch: dict[str, list[Any]]) -> Any:
        windows = tokenise(tokenizer, batch, "max_length")
        owners = windows.pop("overflow_to_sample_mapping")
        windows["example_id"] = [batch["id"][owner] for owner in owners]
        windows["offset_mapping"] = [
            [pair if part == 1 else None
             for pair, part in zip(pairs, windows.sequence_ids(i), strict=True)]
            for i, pairs in enumerate(windows["offset_mapping"])
        ]  # fmt: skip
        return windows

    dataset = Dataset.from_list(rows)
    return dataset.map(prepare, batched=True, remove_columns=dataset.column_names)


def make_trainer(model: Any, dataset: Dataset, folder: Path, **options: Any) -> Trainer:
    """The library's trainer with its defaults, on the CPU; nothing is saved or reported."""
    collator = options.pop("data_collator", default_data_collator)
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=BATCH,
        learning_rate=options.pop("learning_rate", RATE),
        num_train_epochs=options.pop("num_train_epochs", LONG),
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **options,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=dataset, data_collator=collator)
    trainer.remove_callback(PrinterCallback)
    return trainer


def padding_collator(tokenizer: Any) -> DataCollatorWithPadding:
    """Pads to a batch's longest, in eights, as the example without `pad_to_max_length`."""
    return DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8)


def stepped(model: Any, dataset: Dataset, folder: Path, **options: Any) -> SteppedTraining:
    """A training in the library's own loop, a step at a time; the first one is done."""
    return SteppedTraining(make_trainer(model, dataset, folder, **options))
