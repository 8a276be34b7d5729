"""One run as the field runs it: a process that loads, tokenises, trains, predicts and scores.

Prints one line of JSON: CPU seconds of the whole process, of its training and of its evaluation,
and the scores.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch


def main() -> None:
    """Run the run that the options describe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True, help="JSON: train and test rows")
    parser.add_argument("--method", required=True)
    parser.add_argument("--epochs", type=float, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = json.loads(args.rows.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        found = run_run(args.encoder, rows, args.method, args.epochs, Path(folder))
    print(json.dumps({**found, "process": time.process_time()}))


def run_run(
    encoder: Path, rows: dict[str, Any], method: str, epochs: float, folder: Path
) -> dict[str, float]:
    """Train and evaluate; CPU seconds of both, and the scores."""
    from datasets import Dataset

    from benchmarks.peers import answers, example
    from benchmarks.peers.tuned import tuned_model

    tokenizer = example.load_tokenizer(encoder)
    dataset = example.training_set(tokenizer, rows["train"])
    windows = example.asking_set(tokenizer, rows["test"])
    model = tuned_model(encoder, method)
    trainer = example.make_trainer(model, dataset, folder, num_train_epochs=epochs)
    begin = time.process_time()
    trainer.train()
    trained = time.process_time()
    asked = windows.remove_columns(["example_id", "offset_mapping"])
    logits: Any = trainer.predict(asked).predictions
    chosen = answers.choose_answers(Dataset.from_list(rows["test"]), windows, *logits)
    scores = answers.score(answers.golds_of(rows["test"]), chosen)
    evaluated = time.process_time()
    return {"train": trained - begin, "evaluate": evaluated - trained, **scores}


if __name__ == "__main__":
    main()
