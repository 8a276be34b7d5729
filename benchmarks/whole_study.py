"""What a whole study would cost: its operations, counted, and this machine's time for them.

    python -m benchmarks.whole_study config/bert-base-squad.yaml --tflops 82

Counts the operations of one training step of each of the study's methods with the package's own
engine on real SQuAD questions, for the mean number of tokens of a question, and times `full`,
`bitfit` and an evaluation in batches of four. For a BERT-base study the encoder has BERT-base's
shapes and random weights, whose work is that of the real ones, and MiniLM's uncased tokenizer. What
is made once and then read again is left out: the frozen lower layers' output, and what
`fisher-mask` chooses. `--tflops` turns the operations into hours at a rate that you give; it
measures nothing.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.clock import Patience, Turn, interleave
from benchmarks.start import start
from tuning_curves.study.config import read_study
from tuning_curves.study.grid import Study

BATCH, POOL, ASKED = 4, 64, 32  # questions of a step, to draw from, and of an evaluation
ROUNDS = 3
TIMED = ("full", "bitfit")
CACHED = ("head", "top")  # what they are evaluated on comes from a cache up to the first layer


@dataclass(frozen=True, kw_only=True)
class Share:
    """A method's part of a study: runs, questions seen in training and in evaluation."""

    runs: int
    trained: int
    scored: int


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, help="the study's file")
    parser.add_argument("--tflops", type=float, nargs="*", default=[], help="useful rates of a GPU")
    args = parser.parse_args()

    def account() -> int:
        print("\n".join(report(args.study, args.tflops)))
        return 0

    return start(account)


def report(path: Path, tflops: list[float]) -> Iterator[str]:
    """The lines of the account."""
    from benchmarks.machine import describe

    study = read_study(path)
    shares = shares_of(study)
    base = has_bases_shapes(study)
    with tempfile.TemporaryDirectory(prefix="whole-study-") as folder:
        gflop, rates = measure(Path(folder), list(shares), base)
    yield f"{study.name}: {len(study.unique):,} runs. {describe()}"
    yield ""
    heads = ("runs", "questions trained (M)", "GFLOP each", "scored (M)", "GFLOP each", "PFLOP")
    yield f"| method | {' | '.join(heads)} |"
    yield f"|---{'|---:' * len(heads)}|"
    whole = 0.0
    for method, share in sorted(shares.items(), key=lambda item: -item[1].trained):
        step, scoring = gflop[method]
        total = (share.trained * step + share.scored * scoring) / 1e6
        whole += total
        yield (
            f"| `{method}` | {share.runs:,} | {share.trained / 1e6:.2f} | {step:.3g} | "
            f"{share.scored / 1e6:.2f} | {scoring:.3g} | {total:,.0f} |"
        )
    yield ""
    yield f"In all {whole:,.0f} PFLOP."
    yield "Measured here, float32, one thread, GFLOP/s: " + ", ".join(
        f"{name} {rate:.1f}" for name, rate in rates.items()
    )
    hours = whole * 1e6 / rates["full"] / 3600
    yield f"At the rate of `full` that is {hours:,.0f} hours of one such core."
    for rate in tflops:
        yield f"At {rate:g} TFLOP/s, which nobody measured here: {whole * 1e3 / rate / 3600:.1f} h."


def has_bases_shapes(study: Study) -> bool:
    """Whether the encoder is a BERT-base, and not MiniLM.

    Raises:
        UsageError: it is neither.
    """
    from tuning_curves.util.errors import UsageError

    name = study.config.encoder.name
    if name != "all-MiniLM-L6-v2" and not name.startswith("bert-base"):
        raise UsageError(
            f"the study's encoder is {name!r}, expected all-MiniLM-L6-v2 or a bert-base",
            fix="count for one of these: operations grow with layers and the square of the width",
        )
    return name.startswith("bert-base")


def shares_of(study: Study) -> dict[str, Share]:
    """Each method's runs, the questions that they train on, and those that they are scored on."""
    batch = study.config.training.batch_size
    runs: Counter[str] = Counter()
    trained: Counter[str] = Counter()
    for planned in study.unique:
        runs[planned.run.method] += 1
        trained[planned.run.method] += planned.run.steps * batch
    return {
        method: Share(runs=count, trained=trained[method], scored=count * study.scored)
        for method, count in runs.items()
    }


def measure(
    folder: Path, methods: list[str], base: bool
) -> tuple[dict[str, tuple[float, float]], Mapping[str, float]]:
    """GFLOP of a question trained and of one scored, by method; GFLOP/s of what is timed."""
    from benchmarks.compare import rate_of
    from benchmarks.engine import make_context, planned_run, stepping
    from benchmarks.material import find_material, prepare
    from benchmarks.rows.evaluating import evaluation
    from tuning_curves.encoders.fetch_encoder import fetch_encoder

    material = find_material(Path())
    if base:
        encoder = save_base_encoder(material.paths.encoder, folder / "base")
        material = replace(material, config={**material.config, "encoder": encoder}, root=folder)
        fetch_encoder(material.study().config.encoder, material.paths.encoder)
        prepare(material.paths)
    study = material.study(
        training={"batch_size": BATCH, "precision": "float32"},
        evaluation={"test_examples": ASKED, "validation_examples": 1},
    )
    context = make_context(material, study, folder / "scratch")
    tokens = {
        split: windows.lengths.sum() / (len(windows.window_bounds) - 1)
        for split, windows in context.windows.items()
    }
    forward = 0.0
    gflop: dict[str, tuple[float, float]] = {}
    turns: dict[str, Turn] = {}
    for method in sorted({*methods, "full"}, key=lambda name: name != "full"):
        prepared = context.prepare(planned_run(study, method, POOL))
        profile = prepared.trainer.profile()
        step = profile.flops_per_step / profile.step_tokens / 1e9
        forward = forward or step / 3  # of `full`, whose backward pass is twice its forward pass
        cached = method.partition("-")[0] in CACHED
        scoring = step / 3 if cached else forward
        gflop[method] = (step * tokens["train"], scoring * tokens["test"])
        if method in TIMED:
            turns[method] = stepping(prepared, 2)
        if method == "full":
            turns["evaluation"] = evaluation(context, prepared, "float32")
    samples = interleave(turns, Patience(rounds=ROUNDS, seconds=600))
    return gflop, {name: rate_of(each) for name, each in samples.items()}


def save_base_encoder(small: Path, folder: Path) -> dict[str, str]:
    """BERT-base's shapes with random weights and this tokenizer; its section of a study."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    vocabulary = json.loads((small / "config.json").read_text("utf-8"))["vocab_size"]
    config = BertConfig(vocab_size=vocabulary)  # all else is BERT-base's by default
    torch.manual_seed(0)
    model = BertModel(config, add_pooling_layer=False)
    config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((small / name).read_bytes())
    return {"name": "base-shapes", "source": "path", "path": str(folder)}


if __name__ == "__main__":
    sys.exit(main())
