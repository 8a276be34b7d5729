"""How far the library's loss, whose softmax runs over padding too, is from one over real tokens.

One model and the same windows, three losses: over real tokens (ours), and the library's own for
question answering, on batches padded to their longest window and to the study's `max_length`; at
the start, and after a short training of all parameters. Writes padding_loss.csv of
src/tuning_curves/report/reference, from which the paper takes its numbers. Run it after the study's
windows are made:

    python benchmarks/padding_loss.py config/squad-steps.yaml
"""

import argparse
import csv
import io
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertForQuestionAnswering

from tuning_curves.encoders.batches import embed_windows
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.study.config import read_study
from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun, Run, identity
from tuning_curves.study.paths import StudyPaths, WorkerPaths
from tuning_curves.tasks.question_answering.loss import span_loss
from tuning_curves.tasks.windows import PackedWindows, Windows
from tuning_curves.training.run import RunContext
from tuning_curves.util.files import write_text

BATCH, BATCHES = 8, 16
RUN = Run(
    method="full", n_train=200, steps=75, learning_rate=3e-4, subset_seed=0, init_seed=0
)  # fmt: skip
OUT = Path("src/tuning_curves/report/reference/padding_loss.csv")
COLUMNS = ("steps", "real_tokens", "padded_to_longest", "padded_to_max_length")


def main() -> None:
    """Measure before and after training, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    study = read_study(parser.parse_args().study)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        rows = list(measure(study, Path(scratch)))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(OUT, stream.getvalue())
    print(stream.getvalue())


def measure(study: Study, scratch: Path) -> Iterator[dict[str, Any]]:
    """A row before training and one after it: mean losses in nats over held-out windows."""
    own = StudyPaths(study)
    paths = WorkerPaths(encoder=own.encoder, windows=own.windows, workspace=scratch)
    planned = PlannedRun(budget="", run=RUN, id=identity(study.settings, RUN))
    context = RunContext(study.settings, paths, torch.device("cpu"))
    prepared = context.prepare(planned)
    model = prepared.model
    train = context.windows["train"]
    chosen = context.evaluators["validation"].sample.windows[: BATCH * BATCHES]
    chosen = np.random.default_rng(0).permutation(chosen)
    longest = study.config.windows.max_length
    yield {"steps": 0, **losses(model, train, chosen, longest)}
    prepared.trainer.train(lambda step, loss: None)
    yield {"steps": RUN.steps, **losses(model, train, chosen, longest)}


@torch.inference_mode()
def losses(
    model: EncoderModel, windows: Windows, numbers: np.ndarray, longest: int
) -> dict[str, float]:
    """The three losses, each the mean over the same batches, in float32."""
    model.eval()
    library = library_model(model)
    found: dict[str, list[float]] = {name: [] for name in COLUMNS[1:]}
    for chosen in numbers.reshape(-1, BATCH):
        batch = embed_windows(model, windows, chosen, torch.device("cpu"))
        laid_out = windows.lay_out(chosen)
        starts, ends = torch.from_numpy(laid_out.labels).unbind(1)
        logits = model(batch.hidden, batch.packing)
        found["real_tokens"].append(float(span_loss(logits, batch.packing, starts, ends)))
        for name, width in (
            ("padded_to_longest", batch.packing.longest),
            ("padded_to_max_length", longest),
        ):
            given = {"start_positions": starts, "end_positions": ends}
            found[name].append(float(library(**pad(laid_out, width), **given).loss))
    return {name: round(float(np.mean(values)), 3) for name, values in found.items()}


def library_model(model: EncoderModel) -> Any:
    """The library's question-answering model with the same weights."""
    config = type(model.encoder.config)(**model.encoder.config.to_dict())
    config._attn_implementation = "sdpa"
    library = BertForQuestionAnswering(config)
    state = {f"bert.{name}": value for name, value in model.encoder.state_dict().items()}
    state |= {f"qa_outputs.{name}": v for name, v in model.head.state_dict().items()}
    library.load_state_dict(state)
    return library.eval()


def pad(windows: PackedWindows, width: int) -> dict[str, torch.Tensor]:
    """The packed row as the library's padded batch, [BATCH, width]."""
    inputs = {
        name: torch.zeros(len(windows.lengths), width, dtype=torch.int64)
        for name in ("input_ids", "token_type_ids", "attention_mask")
    }
    bounds = np.concatenate(([0], np.cumsum(windows.lengths)))
    for row, (first, last) in enumerate(itertools.pairwise(bounds)):
        size = last - first
        inputs["input_ids"][row, :size] = torch.from_numpy(windows.tokens[first:last])
        inputs["token_type_ids"][row, :size] = torch.from_numpy(windows.types[first:last])
        inputs["attention_mask"][row, :size] = 1
    return inputs


if __name__ == "__main__":
    main()
