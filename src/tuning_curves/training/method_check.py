"""A method tried on an encoder: what it trains, counted, and three steps on made-up tokens.

The steps are the engine's own (`loop.Trainer`), on a CPU and in float32. Scores say nothing here:
what is looked at is which tensors move.
"""

import copy
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tuning_curves.encoders.batches import Feed, Room
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.precision import settle_arithmetic
from tuning_curves.methods import (
    Counts,
    Method,
    apply_method,
    resolve_method,
    trained_tensors,
)
from tuning_curves.methods.counting import count_entry
from tuning_curves.methods.sparse import plain_name
from tuning_curves.study.job import Run, TrainingSettings
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.windows import Windows, bounds_of
from tuning_curves.training.evaluate import make_feed
from tuning_curves.training.loop import Diverged, Trainer
from tuning_curves.util.files import GIB

STEPS, RATE, SEED = 3, 1e-3, 0
EXAMPLES, LENGTHS = 8, (8, 24)  # made-up texts of a step, and tokens of the shortest and longest
NAMED = 3  # tensors of a failure
TRAINING = TrainingSettings(
    batch_size=EXAMPLES,
    schedule="constant",
    warmup=0.0,
    weight_decay=0.0,
    adam_epsilon=1e-6,
    clip_norm=1.0,
    hidden_dropout=0.1,
    attention_dropout=0.0,
    precision="float32",
)


@dataclass(frozen=True)
class Finding:
    """What was looked at, in words, and whether it is as it must be; None: it may be either."""

    sound: bool | None
    words: str


@dataclass(frozen=True, kw_only=True)
class MethodReport:
    """A method's counts on an encoder, the losses of its steps in nats, and what was found."""

    counts: Counts
    losses: list[float]
    findings: list[Finding]

    @property
    def faults(self) -> int:
        """How many findings are not as they must be."""
        return sum(finding.sound is False for finding in self.findings)


def check_method(name: str, encoder: Path, *, pooler: bool = False) -> MethodReport:
    """Count a method on an encoder, train it and look at what has moved.

    Args:
        encoder: a checkpoint's folder.
        pooler: whether the head reads the pooler, which is then a part of the encoder.

    Raises:
        UsageError: the method does not apply to the encoder, or its code stops.
        DataError: no checkpoint.
    """
    settle_arithmetic(TRAINING.precision)
    pooling = "pooler" if pooler else "mean"
    section = {"name": "text-classification", "labels": ["0", "1"], "pooling": pooling}
    task, method = make_task(section | {"main_metric": "accuracy"}), resolve_method(name)
    original = load_encoder(
        encoder,
        outputs=task.outputs,
        hidden_dropout=TRAINING.hidden_dropout,
        attention_dropout=TRAINING.attention_dropout,
        pooling=pooling,
        head_dropout=TRAINING.hidden_dropout,
    )
    original.eval().requires_grad_(False)
    (model, counts), (again, _) = (_make(method, original) for _ in range(2))
    windows = _made_up(original.setting("vocabulary"))
    start = [
        _count(method, original, counts),
        _one_start(trained_tensors(model), trained_tensors(again)),
        _first_output(model, original, windows),
    ]
    before = {key: tensor.clone() for key, tensor in trained_tensors(model).items()}
    losses, failure = _train(task, model, original, windows, name)
    ended = [Finding(False, failure)] if failure else []
    moved = [
        _frozen(model, original),
        _moved(before, trained_tensors(model)),
        _put_back(method, model, original, windows),
    ]
    return MethodReport(counts=counts, losses=losses, findings=start + ended + moved)


def _make(method: Method, original: EncoderModel) -> tuple[EncoderModel, Counts]:
    model = copy.deepcopy(original)
    return model, apply_method(method, model, torch.Generator().manual_seed(SEED))


def _made_up(vocabulary: int) -> Windows:
    """Texts of tokens drawn from all that there are, a window each; every other one has label 1."""
    draw = np.random.default_rng(SEED)
    lengths = draw.integers(*LENGTHS, size=EXAMPLES, endpoint=True)
    arrays = {
        "tokens": draw.integers(vocabulary, size=lengths.sum()),
        "token_bounds": bounds_of(lengths),
        "types": np.zeros(lengths.sum(), np.int64),
        "labels": np.arange(EXAMPLES, dtype=np.int32) % 2,
        "window_bounds": np.arange(EXAMPLES + 1),
        "group_sizes": np.ones(EXAMPLES, np.int64),
    }
    return Windows(arrays)


def _feed(model: EncoderModel, original: EncoderModel, windows: Windows) -> Feed:
    return make_feed(model, original, windows, TRAINING.precision, Room(GIB))


def _train(
    task: Task, model: EncoderModel, original: EncoderModel, windows: Windows, name: str
) -> tuple[list[float], str]:
    """The losses of the steps, and why there are no more of them."""
    run = Run(
        method=name,
        n_train=EXAMPLES,
        steps=STEPS,
        learning_rate=RATE,
        subset_seed=SEED,
        init_seed=SEED,
    )
    with tempfile.TemporaryDirectory(prefix="method-check-") as folder:
        trainer = Trainer(
            task,
            model,
            _feed(model, original, windows),
            np.arange(EXAMPLES),
            run,
            TRAINING,
            Path(folder) / "none",
        )
        failure = ""
        try:
            trainer.train(lambda _step, _loss: None)
        except Diverged as error:
            failure = str(error)
    return [loss for _, loss in trainer.trace.losses], failure


@torch.no_grad()
def _outputs(model: EncoderModel, original: EncoderModel, windows: Windows) -> Tensor:
    """The logits of all made-up texts, without dropout."""
    model.eval()
    feed = _feed(model, original, windows)
    batch = feed.batch(np.arange(EXAMPLES))
    return model(batch.hidden, batch.packing, feed.first)


def _count(method: Method, original: EncoderModel, counts: Counts) -> Finding:
    backbone, added = count_entry(method.entry, original.shape())
    if (backbone, added) == (counts.backbone, counts.added):
        return Finding(True, "counts from the encoder's shape are those of the model")
    return Finding(
        False,
        f"`adds` says {added:,} and `extend` added {counts.added:,}"
        if backbone == counts.backbone
        else f"of the encoder {backbone:,} by its shape, and {counts.backbone:,} in the model",
    )


def _one_start(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> Finding:
    unlike = [key for key in one if not torch.equal(one[key], other[key])]
    if not unlike:
        return Finding(True, "one seed gives one start")
    return Finding(
        False,
        f"one seed gives two starts: {_named(unlike)}: draw from the generator of `initialise`",
    )


def _first_output(model: EncoderModel, original: EncoderModel, windows: Windows) -> Finding:
    untouched = copy.deepcopy(original)
    untouched.head.load_state_dict(model.head.state_dict())
    here, there = (_outputs(one, original, windows) for one in (model, untouched))
    furthest = float((here - there).abs().max())
    if furthest < 1e-4:
        return Finding(None, "it starts from what the untouched encoder gives")
    return Finding(
        None, f"its first logits are up to {furthest:.2g} from those of the untouched encoder"
    )


def _frozen(model: EncoderModel, original: EncoderModel) -> Finding:
    before = dict(original.named_parameters())
    frozen = {plain_name(k): p for k, p in model.named_parameters() if not p.requires_grad}
    unlike = [key for key, p in frozen.items() if not torch.equal(p, before[key])]
    if unlike:
        return Finding(False, f"frozen tensors are not what they were: {_named(unlike)}")
    return Finding(True, f"frozen: all {len(frozen)} tensors are what they were, byte for byte")


def _moved(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> Finding:
    still = [key for key in before if torch.equal(before[key], after[key])]
    if still:
        return Finding(
            False,
            f"trained, but not moved (does the output hang on them?): {_named(still)}",
        )
    return Finding(True, f"trained: all {len(before)} tensors have moved")


def _put_back(
    method: Method, model: EncoderModel, original: EncoderModel, windows: Windows
) -> Finding:
    """Whether a kept delta gives the trained model again, as `predict` and `export` need it."""
    fresh = copy.deepcopy(original)
    apply_method(method, fresh, None)
    kept = trained_tensors(model)
    with torch.no_grad():
        for key, tensor in trained_tensors(fresh).items():
            tensor.copy_(kept[key])
    here, there = (_outputs(one, original, windows) for one in (model, fresh))
    if torch.equal(here, there):
        return Finding(True, "kept and put back, it gives the same outputs to the bit")
    return Finding(
        False,
        "kept and put back, it gives other outputs: it holds more than its parameters",
    )


def _named(names: list[str]) -> str:
    return ", ".join(_shown(names))


def _shown(names: list[str]) -> Iterator[str]:
    yield from names[:NAMED]
    if len(names) > NAMED:
        yield f"and {len(names) - NAMED} more"
