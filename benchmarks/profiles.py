"""Where the time of a training step goes: ours, and the Hugging Face example's.

    python -m benchmarks.profiles full bitfit

Prints, for the example's `full` and for each method named, milliseconds an example by kind of
operation, as PyTorch's profiler counts the time inside each (float32, one thread, batches of 16).
The profiler costs some time itself, so that sums lie above the benchmark's.
"""

import argparse
import contextlib
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clock import Patience, Turn
from benchmarks.start import ROOT, start

# Kinds of operation by what an operation's name holds; the first that fits.
KINDS = (
    ("attention", ("scaled_dot_product", "flash_attention")),
    ("matrix products", ("::mm", "::addmm", "::bmm", "::baddbmm", "::matmul", "::linear")),
    ("optimizer and clipping", ("adam", "_foreach", "norm_cpu", "linalg_vector_norm")),
    ("LayerNorm", ("layer_norm",)),
    ("GELU", ("gelu",)),
    ("softmax", ("softmax",)),
    ("dropout and random numbers", ("dropout", "bernoulli", "random")),
    ("embeddings", ("embedding", "index")),
    ("copies and sums", ("copy", "cat", "clone", "add", "mul", "sum", "fill", "zero", "where")),
)
REST = "the rest"
STEPS = 3


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="+", metavar="METHOD")
    args = parser.parse_args()
    return start(lambda: profile_steps(args.methods))


def profile_steps(methods: Sequence[str]) -> int:
    """Print the table; 0."""
    from benchmarks.rows import Bench
    from benchmarks.rows.steps import Step, example_steps, our_steps, stepped_turn

    with tempfile.TemporaryDirectory(prefix="profiles-") as folder:
        bench = Bench(ROOT, Path(folder), Patience(rounds=1, seconds=0))
        columns: dict[str, dict[str, float]] = {}
        with contextlib.closing(example_steps(bench)) as peer:
            columns["the example, `full`"] = milliseconds(stepped_turn(peer, STEPS))
        for method in methods:
            step = Step(method=method, precision="float32", target=None)
            columns[f"ours, `{method}`"] = milliseconds(our_steps(bench, step, STEPS))
    print(table(columns))
    return 0


def milliseconds(turn: Turn) -> dict[str, float]:
    """Milliseconds a unit by kind of operation, of a turn after one that is not counted."""
    from torch._C._profiler import _ExperimentalConfig
    from torch.profiler import ProfilerActivity, profile

    turn()
    # All threads: the example's steps run in one of their own.
    everywhere = _ExperimentalConfig(profile_all_threads=True)
    with profile(activities=[ProfilerActivity.CPU], experimental_config=everywhere) as profiler:
        units = turn().work.units
    spent: Counter[str] = Counter()
    for event in profiler.key_averages():
        spent[kind_of(event.key)] += event.self_cpu_time_total / 1000 / units
    return dict(spent)


def kind_of(operation: str) -> str:
    """The kind of an operation, by its name."""
    name = operation.lower()
    if not name.startswith("aten::"):  # autograd's own time and the profiler's
        return REST
    return next((kind for kind, parts in KINDS if any(part in name for part in parts)), REST)


def table(columns: dict[str, dict[str, float]]) -> str:
    """Markdown: one row per kind, a column a contestant, and the sums."""
    kinds = [kind for kind, _ in KINDS] + [REST]
    lines = [f"| ms an example | {' | '.join(columns)} |", f"|---{'|---:' * len(columns)}|"]
    for kind in kinds:
        runs = [f"{spent.get(kind, 0.0):.1f}" for spent in columns.values()]
        lines.append(f"| {kind} | {' | '.join(runs)} |")
    sums = [f"{sum(spent.values()):.1f}" for spent in columns.values()]
    return "\n".join([*lines, f"| together | {' | '.join(sums)} |"])


if __name__ == "__main__":
    sys.exit(main())
