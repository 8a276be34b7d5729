"""The same methods by the libraries that the field takes them from, as their users run them."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Set
from pathlib import Path

from benchmarks.clock import Sample, Turn, Work, interleave
from benchmarks.rows.common import Bench, Row, Subject, compared, skipped
from benchmarks.rows.steps import (
    Step,
    example_steps,
    our_steps,
    products,
    products_of,
    sample_of,
    stepped_turn,
)
from tuning_curves.util.errors import ResourceError

SUBJECTS = {
    "lora-vs-peft": Subject(
        name="lora-vs-peft",
        ours="`lora`, rank 8, float32, unpadded",
        peer="`peft`, rank 8 on query and value, by the Trainer, padded to 384, float32",
        unit="example and training step, batches of 16",
        note="Both sides train peft's own layers. Attention dropout is off on our side alone.",
    ),
    "adapters-vs-adapterhub": Subject(
        name="adapters-vs-adapterhub",
        ours="`adapter-houlsby`, bottleneck 64, float32, unpadded",
        peer="AdapterHub's `adapters` 1.3 with transformers 4.57, the same bottleneck, by its own "
        "trainer, padded to 384, float32",
        unit="example and training step, batches of 16",
        note="Ours trains the LayerNorms too, as the paper does. Attention dropout is off on our "
        "side alone.",
    ),
}
NAMES = tuple(SUBJECTS)
START_SECONDS = 300.0
MARK = "> "  # before a line that is an answer


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows, one after the other."""
    if "lora-vs-peft" in wanted:
        yield measure_lora(bench)
    if "adapters-vs-adapterhub" in wanted:
        yield measure_adapters(bench)


def measure_lora(bench: Bench) -> Row:
    """Our unpadded LoRA against peft's model in the library's training loop."""
    with contextlib.closing(example_steps(bench, "lora")) as peer:
        ours = our_steps(bench, Step(method="lora", precision="float32", target=None))
        turns = {"ours": ours, "peer": stepped_turn(peer), **products()}
        samples = interleave(turns, bench.patience)
    subject = SUBJECTS["lora-vs-peft"]
    return compared(subject, samples["ours"], samples["peer"], products_of(samples))


def measure_adapters(bench: Bench) -> Row:
    """Our adapters against AdapterHub's, which run in a process of their own."""
    subject = SUBJECTS["adapters-vs-adapterhub"]
    python = bench.environments / "adapterhub" / "bin" / "python"
    if not python.exists():
        return skipped(
            subject, f"no environment {python.parents[1]}: `make bench-adapterhub` makes it"
        )
    try:
        peer = Remote(python, bench)
    except ResourceError as error:
        return skipped(subject, str(error))
    step = Step(method="adapter-houlsby", precision="float32", target=None)
    with contextlib.closing(peer):
        turns = {"ours": our_steps(bench, step), "peer": peer.turn(), **products()}
        samples = interleave(turns, bench.patience)
    return compared(subject, samples["ours"], samples["peer"], products_of(samples))


class Remote:
    """A training in another environment; its steps are timed there, by its own process's clock."""

    def __init__(self, python: Path, bench: Bench) -> None:
        """Start it and wait until its first step is done.

        Raises:
            ResourceError: it does not start; carries its last words.
        """
        dataset = bench.scratch / "adapterhub-windows"
        _save_windows(bench, dataset)
        self.log = bench.scratch / "adapterhub.log"
        command = [
            str(python), "-m", "benchmarks.peers.adapterhub",
            "--encoder", str(bench.material.paths.encoder.resolve()),
            "--dataset", str(dataset), "--folder", str(bench.scratch / "adapterhub"),
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(bench.root.resolve())}
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                text=True, env=environment, cwd=bench.root,
            )  # fmt: skip
        self._answer(START_SECONDS)

    def turn(self) -> Turn:
        """A turn of one step."""

        def step() -> Sample:
            assert self.process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has ended: its answer says so
                self.process.stdin.write("step\n")
                self.process.stdin.flush()
            cpu, wall = map(float, self._answer(START_SECONDS).split())
            return Sample(cpu=cpu, wall=wall, work=Work(units=16))

        return step

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        with killed_after(self.process, START_SECONDS):
            self.process.wait()

    def _answer(self, seconds: float) -> str:
        answer = next_answer(self.process, seconds)
        if answer is not None:
            return answer
        words = self.log.read_text("utf-8").strip().splitlines()
        last = words[-1] if words else "it said nothing"
        raise ResourceError(
            f"AdapterHub's process ended, or was silent for {seconds:.0f} seconds: {last}",
            fix=f"{self.log} has all it said; `make bench-adapterhub` makes its environment anew",
        )


def next_answer(process: subprocess.Popen[str], seconds: float) -> str | None:
    """Its next marked line, without the mark; other output is passed over.

    None where it has ended, or has not answered in time and was therefore killed.
    """
    assert process.stdout is not None
    with killed_after(process, seconds):
        for line in iter(process.stdout.readline, ""):
            if line.startswith(MARK):
                return line.removeprefix(MARK).strip()
    process.kill()
    process.wait()
    return None


@contextlib.contextmanager
def killed_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """So long, and no longer, the block may wait for the process."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _save_windows(bench: Bench, folder: Path) -> None:
    """The example's padded windows of the common sample, for a process to read."""
    from benchmarks.engine import make_context

    material = bench.material
    context = make_context(material, material.study(), bench.scratch)
    material.way.training_set(sample_of(context)).save_to_disk(str(folder))
