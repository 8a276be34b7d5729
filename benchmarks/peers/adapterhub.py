"""AdapterHub's `adapters` in an environment of its own: a training that is stepped through a pipe.

`adapters` pins an older `transformers` than the package's, so this file runs under the Python of
another environment, and imports nothing of the package. For each line on its standard input it
makes a step and answers with the CPU and wall seconds that the step took.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.peers import example
from benchmarks.peers.stepped import SteppedTraining

REDUCTION = 6  # MiniLM's width over this is 64, the bottleneck of `adapter-houlsby`


def make_training(encoder: Path, dataset: Any, folder: Path) -> SteppedTraining:
    """Houlsby's adapters by AdapterHub, trained by its own trainer on padded batches."""
    import adapters
    from adapters import AdapterTrainer, DoubleSeqBnConfig

    model = example.load_model(encoder)
    adapters.init(model)
    model.add_adapter("squad", config=DoubleSeqBnConfig(reduction_factor=REDUCTION))
    model.train_adapter("squad")
    arguments = example.make_trainer(model, dataset, folder).args
    trainer = AdapterTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=example.default_data_collator,
    )
    return SteppedTraining(trainer)


def main() -> None:
    """Serve steps until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    dataset = example.Dataset.load_from_disk(str(args.dataset))
    training = make_training(args.encoder, dataset, args.folder)
    answer("ready")
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        training.step()
        answer(f"{time.process_time() - cpu} {time.perf_counter() - wall}")
    training.close()


def answer(text: str) -> None:
    """One line on the standard output, marked, since libraries print there too."""
    print(f"> {text}", flush=True)


if __name__ == "__main__":
    main()
