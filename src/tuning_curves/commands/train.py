"""`tuning-curves train`: train and evaluate the cells of a job, a record each."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add
from tuning_curves.errors import UsageError

DESCRIPTION = """\
Train and evaluate cells one after the other in this process. A cell with a record is
passed over; a killed one resumes from its checkpoint. Needs torch, transformers and
numpy only, so that a job can be carried to a machine with nothing else.
"""
EPILOG = """\
example:
  $ tuning-curves plan config/minilm-squad.yaml --method full --size 500 > job.json
  $ tuning-curves train --job-file job.json --encoder resources/encoders/... \\
      --features runs/features/... --workspace runs/minilm-squad

A diverged cell (NaN or infinite loss) is a result: it is recorded and the exit status is 0.
One that runs out of memory, or whose record is damaged, is passed over and named at the end.
On SIGTERM or Ctrl-C a checkpoint is written at once, and the exit status is 75: try later.
docs/faults.md has more.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "train",
        run,
        help="train and evaluate the cells of a job",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    job = parser.add_mutually_exclusive_group(required=True)
    job.add_argument("--job", metavar="JSON", help="the job itself")
    job.add_argument("--job-file", type=Path, metavar="FILE", help="a file with the job")
    parser.add_argument("--encoder", type=Path, required=True, metavar="DIR")
    parser.add_argument("--features", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--workspace",
        type=Path,
        required=True,
        metavar="DIR",
        help="records, locks and checkpoints go below it",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="keep the output of frozen lower parts here, for all processes (default: in memory)",
    )
    parser.add_argument(
        "--cache-gib",
        type=float,
        default=16.0,
        metavar="GIB",
        help="all that the cache may take (default: %(default)s)",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--done", type=Path, metavar="FILE", help="write this when all is done")


def run(args: argparse.Namespace) -> int:
    """Run the job."""
    from tuning_curves.files import write_text
    from tuning_curves.interrupts import listening
    from tuning_curves.training.job import load_job, read_job
    from tuning_curves.training.progress import say
    from tuning_curves.training.worker import Places, run_job

    job = load_job(args.job) if args.job is not None else read_job(args.job_file)
    if not job.cells:
        raise UsageError("the job has no cells", fix="plan a job with at least one")
    places = Places(
        encoder=args.encoder,
        features=args.features,
        workspace=args.workspace,
        cache=args.cache,
        cache_bytes=int(args.cache_gib * (1 << 30)),
    )
    with listening():
        summary = run_job(job, places, args.device)
    line = f"{summary.trained} trained, {summary.diverged} diverged, {summary.found} had records"
    say(line)
    if args.done is not None:
        write_text(args.done, line + "\n")
    return 0
