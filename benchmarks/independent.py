"""An independent check: the library's own `Trainer` beside this package, at the same settings.

    python -m benchmarks.independent --data FOLDER

For movie-review snippets and for parts of speech of UD English EWT (`FOLDER/ud-english-ewt/`),
MiniLM trained in full on the same 256 examples, 96 steps of 16 at one rate, linearly down to 0,
hidden dropout 0.1, no attention dropout, AdamW, gradients clipped to norm 1; scored on the same 500
test examples. Two seeds on either side, each with its own head, batches and masks: the mean
accuracies agree where their difference lies within the 95 % interval that the seeds' spread gives
it (pooled, Student's t). Then, without dropout, both sides start from one head and take the same
batches: what is left is rounding, and the share of equal predictions says how much it matters.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.start import ROOT, start

RATES = {"snippets": 1e-4, "pos": 3e-4}
N, STEPS, ALIGNED_STEPS, ASKED = 256, 96, 24, 500
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a trained model says of the test examples' labels, and what is true."""

    predicted: np.ndarray
    actual: np.ndarray

    @property
    def accuracy(self) -> float:
        """In percent."""
        return 100 * float((self.predicted == self.actual).mean())


def main() -> int:
    """Train and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="FOLDER")
    parser.add_argument("--only", choices=tuple(RATES), help="this task alone")
    parser.add_argument("--seeds", type=int, default=2, help="default: %(default)s")
    args = parser.parse_args()

    def compare() -> int:
        for name in [args.only] if args.only else RATES:
            with tempfile.TemporaryDirectory(prefix="independent-") as folder:
                check(name, args.data, range(args.seeds), Path(folder))
        return 0

    return start(compare)


def check(name: str, folder: Path, seeds: Sequence[int], scratch: Path) -> None:
    """Print both sides' scores, whether they agree, and how many predictions do."""
    from benchmarks.labelled import find_labelled

    material, rate = find_labelled(ROOT, name, ROOT / folder), RATES[name]
    pair = Pair(material, rate, scratch)
    ours, theirs = [], []
    for seed in seeds:
        ours.append(pair.ours(seed, STEPS, 0.1).accuracy)
        theirs.append(pair.theirs(seed, STEPS, 0.1).accuracy)
        print(f"{name}, seed {seed}: ours {ours[-1]:.1f}, the library {theirs[-1]:.1f}", flush=True)
    print(f"{name}: {verdict(ours, theirs)}", flush=True)
    own, other = pair.ours(0, ALIGNED_STEPS, 0.0), pair.theirs(0, ALIGNED_STEPS, 0.0, aligned=True)
    same = float((own.predicted == other.predicted).mean())
    print(
        f"{name}, same head and batches, no dropout, {ALIGNED_STEPS} steps: ours "
        f"{own.accuracy:.2f}, the library {other.accuracy:.2f}; {same:.2%} of "
        f"{len(own.predicted):,} predictions are equal",
        flush=True,
    )


def verdict(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Whether the means differ by more than the seeds' spread lets them, in words."""
    difference = statistics.mean(ours) - statistics.mean(theirs)
    half = half_width(ours, theirs)
    agree = "agree" if abs(difference) <= half else "DISAGREE"
    return (
        f"ours minus the library {difference:+.2f} points, 95 % interval of the seeds' spread "
        f"+-{half:.2f}: they {agree}"
    )


def half_width(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Half of the interval of a difference of means: Student's t with the pooled deviation."""
    from scipy.stats import t

    sides = (ours, theirs)
    freedom = sum(len(side) - 1 for side in sides)
    pooled = sum(statistics.variance(side) * (len(side) - 1) for side in sides) / freedom
    error = (pooled * sum(1 / len(side) for side in sides)) ** 0.5
    return float(t.ppf((1 + LEVEL) / 2, freedom)) * error


class Pair:
    """Both sides on one subset and one test sample."""

    def __init__(self, material: Any, rate: float, scratch: Path) -> None:
        self.material, self.rate, self.scratch = material, rate, scratch

    def prepare(self, seed: int, steps: int, dropout: float) -> tuple[Any, Any]:
        """A context of ours, and the run before its first step."""
        from benchmarks.engine import make_context, planned_run

        study = self.material.study(
            training={"hidden_dropout": dropout, "attention_dropout": 0.0, "precision": "float32"},
            evaluation={"test_examples": ASKED, "validation_examples": 1},
        )
        context = make_context(self.material, study, self.scratch)
        planned = planned_run(study, "full", N, steps=steps, rate=self.rate, init=seed)
        return context, context.prepare(planned)

    def ours(self, seed: int, steps: int, dropout: float) -> Answers:
        """Train and predict by this package."""
        context, prepared = self.prepare(seed, steps, dropout)
        prepared.trainer.train(lambda step, loss: None)
        evaluator = context.evaluators["test"]
        predicted = evaluator.predict(prepared.feeds["test"], "float32")
        if context.task.name == "text-classification":
            actual = evaluator.sample.source.labels[evaluator.sample.examples]
            return Answers(predicted=predicted.argmax(1), actual=actual)
        from tuning_curves.tasks.token_classification.tags import words_of

        actual = words_of(evaluator.sample).tags.numbers
        return Answers(predicted=predicted.numbers, actual=actual)

    def theirs(self, seed: int, steps: int, dropout: float, *, aligned: bool = False) -> Answers:
        """Train and predict by the library's trainer.

        Args:
            aligned: from our head, on our batches in their order.
        """
        from transformers import set_seed

        from benchmarks.peers import example
        from benchmarks.peers.ways import NOT_COUNTED

        context, prepared = self.prepare(seed, steps, dropout)
        way, numbers = self.material.way, prepared.trainer.examples
        set_seed(seed)
        model = way.model(attention_dropout=0.0, hidden_dropout=dropout)
        options: dict[str, Any] = {"data_collator": way.collator(padding=False)}
        if aligned:
            model.classifier.load_state_dict(prepared.model.head.state_dict())
            numbers = numbers[self.order(seed, steps)]
            options["train_sampling_strategy"] = "sequential"
        trainer = example.make_trainer(
            model, way.training_set(numbers, padding=False), self.scratch / "library",
            max_steps=steps, learning_rate=self.rate, seed=seed, **options,
        )  # fmt: skip
        trainer.train()
        found: Any = trainer.predict(way.asking_set(context.evaluators["test"].sample.examples))
        counted = found.label_ids != NOT_COUNTED
        predicted = found.predictions.argmax(-1)
        return Answers(predicted=predicted[counted], actual=found.label_ids[counted])

    def order(self, seed: int, steps: int) -> np.ndarray:
        """Our batches, one behind the other: numbers below N."""
        from benchmarks.peers.example import BATCH
        from tuning_curves.training.optimizer import batches

        return np.concatenate(list(batches(N, BATCH, steps, seed)))


if __name__ == "__main__":
    sys.exit(main())
