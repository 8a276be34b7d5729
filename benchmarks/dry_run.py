"""How long Snakemake takes to plan a study of many runs, nothing of which exists yet.

Writes a study with five methods, two rates, ten sizes and as many seeds as give the runs asked
for, and times a dry run of it in this checkout, start and imports included:

    python benchmarks/dry_run.py 5000
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tuning_curves.study.config import check_study

METHODS = ("full", "bitfit", "adapter-houlsby", "adapter-pfeiffer", "lora")
SIZES = (500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000)
RUNS_A_SEED = 2 * len(METHODS) * len(SIZES)


def main() -> None:
    """Plan and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, help=f"a multiple of {RUNS_A_SEED}")
    study = large_study(parser.parse_args().runs // RUNS_A_SEED)
    checked = check_study(study, "the generated study")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as stream:
        yaml.safe_dump(study, stream)
        stream.flush()
        wall, own = timed(["--dry-run", "--quiet", "all", "--configfile", stream.name])
    runs, chunks = len(checked.unique), len(checked.chunks)
    print(f"{runs} runs in {chunks} chunks: {wall:.1f} s, of which {own:.1f} s of processor time")


def large_study(seeds: int) -> dict:
    """The paper's own study with so many seeds, and methods and sizes as above."""
    study = yaml.safe_load(Path("config/bert-base-squad.yaml").read_text("utf-8"))
    study["study"] = "many-runs"
    study["methods"] = [{"name": name, "learning_rates": [1e-4, 1e-3]} for name in METHODS]
    study["sizes"], study["seeds"] = list(SIZES), list(range(seeds))
    study["budgets"] = study["budgets"][:1]
    study["analysis"]["contrasts"] = [["bitfit", "full"]]
    return study


def timed(arguments: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of Snakemake."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "snakemake", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begin, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
