"""Evaluation: logits by number format, and from logits to exact match and F1."""

from collections.abc import Iterator, Set
from typing import Any

import numpy as np

from benchmarks.clock import Turn, Work, interleave, timed
from benchmarks.engine import make_context, planned_run
from benchmarks.rows.common import Bench, Row, Subject, by_format, compared
from benchmarks.rows.steps import products, products_of
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.run import PreparedRun, RunContext

ASKED, PEER_WINDOWS, DECODED = 160, 32, 2_000  # questions, windows, questions
FORMATS = {"evaluation-fp32": ("float32", 2.8), "evaluation-bf16": ("bfloat16", 4.9)}
NAMES = (*FORMATS, "decoding")
DECODING = Subject(
    name="decoding",
    ours="all questions at once by array operations, gold answers normalised beforehand",
    peer="the example's loop over questions and pairs, then the official script's arithmetic",
    unit="test question",
    target=8,
    note="Both sides decode the same made-up logits: noise with peaks at the gold answer in 70 % "
    "of the windows.",
)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows."""
    quick, slow = by_format(_subject(name) for name in FORMATS if name in wanted)
    yield from slow
    if quick:
        yield from measure_logits(bench, quick)
    if "decoding" in wanted:
        yield measure_decoding(bench)


def measure_logits(bench: Bench, names: list[str]) -> Iterator[Row]:
    """From windows to logits, against the library's `predict`."""
    turns = {name: our_logits(bench, FORMATS[name][0]) for name in names}
    turns |= {"peer": example_logits(bench), **products()}
    samples = interleave(turns, bench.patience)
    for name in names:
        yield compared(_subject(name), samples[name], samples["peer"], products_of(samples))


def _subject(name: str) -> Subject:
    precision, target = FORMATS[name]
    return Subject(
        name=name,
        ours=f"{precision}, packed by length, unpadded",
        peer="the example's `Trainer.predict`, padded to 384, float32, batches of 8",
        unit="window of the test questions",
        target=target,
        share_target=0.8,
        precision=precision,
    )


def our_logits(bench: Bench, precision: str) -> Turn:
    """A turn of our own forward passes over a fixed sample of questions."""
    return evaluation(*evaluated(bench, precision, ASKED), precision)


def evaluation(context: RunContext, prepared: PreparedRun, precision: str) -> Turn:
    """A turn of forward passes of a prepared run of `full` over its test examples."""
    evaluator = context.evaluators["test"]
    profile = prepared.trainer.profile()
    # A third of a training step's operations are its forward pass's.
    gflop = evaluator.sample.bounds[-1] * profile.flops_per_step / profile.step_tokens / 3e9

    def work() -> Work:
        evaluator.logits(prepared.feeds["test"], precision)
        return Work(units=len(evaluator.sample.windows), gflop=gflop)

    return timed(work)


def evaluated(bench: Bench, precision: str, questions: int) -> tuple[RunContext, PreparedRun]:
    """A context that asks this many test questions, and an untrained model."""
    study = bench.material.study(
        training={"precision": precision}, evaluation={"test_examples": questions}
    )
    context = make_context(bench.material, study, bench.scratch)
    return context, context.prepare(planned_run(study, "full", 16))


def example_logits(bench: Bench, count: int = PEER_WINDOWS) -> Turn:
    """A turn of the library's forward passes over windows of the same sample."""
    from benchmarks.peers import example

    way = bench.material.way
    context, _ = evaluated(bench, "float32", ASKED)
    asked = way.asking_set(context.evaluators["test"].sample.examples).select(range(count))
    folder, options = bench.scratch / "predict", {"data_collator": way.collator()}
    trainer = example.make_trainer(way.model(), asked, folder, **options)

    def work() -> Work:
        trainer.predict(asked)
        return Work(units=count)

    return timed(work)


def measure_decoding(bench: Bench) -> Row:
    """From the same logits to scores on both sides; says how far the answers agree."""
    from benchmarks.peers import answers

    context, _ = evaluated(bench, "float32", DECODED)
    evaluator = context.evaluators["test"]
    flat = made_up_logits(evaluator)
    case = padded_case(bench, evaluator, flat)

    def theirs() -> Work:
        chosen = answers.choose_answers(case["examples"], case["windows"], *case["logits"])
        answers.score(case["golds"], chosen)
        return Work(units=DECODED)

    def ours() -> Work:
        evaluator.score(flat)
        return Work(units=DECODED)

    turns = {"ours": timed(ours), "peer": timed(theirs), **products()}
    samples = interleave(turns, bench.patience)
    return compared(
        DECODING,
        samples["ours"],
        samples["peer"],
        products_of(samples),
        **agreement(evaluator, case),
    )


def made_up_logits(evaluator: Evaluator) -> np.ndarray:
    """Start and end logits in the evaluator's order, float32 [T, 2]."""
    generator, labels = np.random.default_rng(0), evaluator.sample.source.labels
    logits = generator.standard_normal((evaluator.sample.bounds[-1], 2)).astype(np.float32)
    for row in np.flatnonzero(generator.random(len(evaluator.sample.windows)) < 0.7):
        window, first = evaluator.sample.windows[row], evaluator.sample.bounds[row]
        logits[first + labels[window, 0], 0] += 8
        logits[first + labels[window, 1], 1] += 8
    return logits


def padded_case(bench: Bench, evaluator: Evaluator, flat: np.ndarray) -> dict[str, Any]:
    """The same questions, windows and logits as the example has them."""
    from datasets import Dataset

    from benchmarks.peers import answers, example

    rows = example.rows_of(bench.material.parts["test"], evaluator.sample.examples)
    tokenizer = example.load_tokenizer(bench.material.paths.encoder)
    return {
        "examples": Dataset.from_list(rows),
        "windows": example.asking_set(tokenizer, rows),
        "logits": pad_logits(evaluator, flat, example.MAX_LENGTH),
        "golds": answers.golds_of(rows),
    }


def pad_logits(evaluator: Evaluator, flat: np.ndarray, width: int) -> list[np.ndarray]:
    """Start and end logits [windows, width] in the questions' order; low where there is padding."""
    padded = np.full((2, len(evaluator.sample.windows), width), -10, np.float32)
    for place, row in enumerate(np.argsort(evaluator.sample.windows, kind="stable")):
        first, last = evaluator.sample.bounds[row], evaluator.sample.bounds[row + 1]
        padded[:, place, : last - first] = flat[first:last].T
    return list(padded)


def agreement(evaluator: Evaluator, case: dict[str, Any]) -> dict[str, float]:
    """The share of equal answers; ours and the peer's exact match in percent."""
    from benchmarks.peers import answers

    flat = made_up_logits(evaluator)
    outcomes = evaluator.score(flat)
    chosen = answers.choose_answers(case["examples"], case["windows"], *case["logits"])
    same = np.mean(
        [a == b for a, b in zip(outcomes.predictions.texts, chosen.values(), strict=True)]
    )
    return {
        "same_answers": float(same),
        "ours_exact": 100 * float(outcomes.parts["exact"].mean()),
        "peer_exact": answers.score(case["golds"], chosen)["exact_match"],
    }
