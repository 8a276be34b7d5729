"""`tuning-curves train`: train and evaluate the runs of a job, a record each."""

import argparse
import dataclasses
import gc
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.commands.options import CHOICE, add, add_choice, chosen_runs, not_negative
from tuning_curves.util.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from tuning_curves.study.job import Job
    from tuning_curves.study.paths import WorkerPaths

DESCRIPTION = """\
Train and evaluate runs one after the other in this process. A run with a record is
passed over; a killed one resumes from its checkpoint. Needs torch, transformers and
numpy only, so that a job can be carried to a machine with nothing else.
"""
EPILOG = """\
example:
  $ tuning-curves plan config/minilm-squad.yaml --method full --size 500 > job.json
  $ tuning-curves train --job job.json --encoder resources/encoders/... \\
      --windows runs/windows/... --workspace runs/minilm-squad

with --study the runs are chosen as `plan` chooses them, and the folders are the study's:
  $ tuning-curves train --study config/demo.yaml --method bitfit --size 128 --seed 0 \\
      --keep-delta

--keep-delta writes what each run trained to <workspace>/deltas/<method>/....safetensors,
for `tuning-curves predict` and `export`; a run with a record and without a delta is
trained again for it, and its record stays as it is. A run that differs from a kept one in
its study's `evaluation` alone is not trained: the kept model is scored.

A diverged run (NaN or infinite loss) is a result: it is recorded and the exit status is 0.
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
        help="train and evaluate the runs of a job",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    job = parser.add_mutually_exclusive_group(required=True)
    job.add_argument("--job", type=Path, metavar="FILE", help="a job, as `plan` makes one")
    job.add_argument("--study", type=Path, metavar="FILE", help="runs of config/<study>.yaml:")
    add_choice(parser)
    parser.add_argument("--encoder", type=Path, metavar="DIR")
    parser.add_argument("--windows", type=Path, metavar="DIR")
    parser.add_argument(
        "--workspace",
        type=Path,
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
        type=not_negative,
        default=16.0,
        metavar="GIB",
        help="all that the cache may take (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint-seconds",
        type=not_negative,
        metavar="S",
        help="keep what a run has reached this often (default: every minute)",
    )
    parser.add_argument(
        "--gpu-locks",
        type=Path,
        metavar="DIR",
        help="take a free GPU by lock files here, and wait for one (default: CUDA's first)",
    )
    parser.add_argument(
        "--gpu-workers",
        type=int,
        default=1,
        metavar="N",
        help="with --gpu-locks: so many processes share a GPU (default: %(default)s)",
    )
    parser.add_argument("--keep-delta", action="store_true", help="keep what each run trains")
    parser.add_argument(
        "--keep-new-deltas",
        action="store_true",
        help="the same, and train no run again that has its record",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--done", type=Path, metavar="FILE", help="write this when all is done")


def run(args: argparse.Namespace) -> int:
    """Run the job."""
    from tuning_curves.util.files import write_text
    from tuning_curves.util.interrupts import listening
    from tuning_curves.util.log import say

    job, paths = _of_study(args) if args.study is not None else _of_job(args)
    if not job.runs:
        raise UsageError("the job has no runs", fix="plan a job with at least one")
    run_job = _engine()
    with listening():
        summary = run_job(job, paths, args.device, _slots(args))
    line = f"{summary.trained} trained, {summary.diverged} diverged, {summary.found} had records"
    if summary.scored:
        line += f", {summary.scored} scored from what was kept of their training"
    say(line)
    if args.done is not None:
        write_text(args.done, line + "\n")
    if args.keep_delta:
        _say_kept(job, paths)
    return 0


def _say_kept(job: "Job", paths: "WorkerPaths") -> None:
    """Where what the runs trained lies, and what asks it; a diverged run has left nothing."""
    from tuning_curves.util.log import say

    deltas = [paths.delta(planned.run, job.settings) for planned in job.runs]
    kept = [shlex.quote(str(delta)) for delta in deltas if delta.exists()]
    for delta in kept:
        say(f"kept {delta}")
    if kept:
        asked = f"--delta {kept[-1]} --encoder {shlex.quote(str(paths.encoder))}"
        say(f"next:\n  tuning-curves predict {asked} --file FILE")
        say(f"  tuning-curves export {asked} --out my-model")


def _engine() -> Any:
    """The engine's `run_job`, imported without looking for garbage: there is none, and a tenth of
    the time would go into it."""
    gc.disable()
    try:
        from tuning_curves.training.worker import run_job
    finally:
        gc.freeze()
        gc.enable()
    return run_job


def _slots(args: argparse.Namespace) -> Any:
    """The `GpuSlots` that the options name, or None.

    Raises:
        UsageError: no worker at all may have a GPU.
    """
    from tuning_curves.training.devices import GpuSlots

    if args.gpu_workers < 1:
        raise UsageError(
            f"--gpu-workers is {args.gpu_workers}, expected at least 1", fix="leave it out for 1"
        )
    if args.gpu_locks is None:
        return None
    return GpuSlots(folder=args.gpu_locks, workers=args.gpu_workers)


def _of_job(args: argparse.Namespace) -> "tuple[Job, WorkerPaths]":
    """The job and its folders as the options give them."""
    from tuning_curves.study.job import read_job

    for name in ("encoder", "windows", "workspace"):
        if getattr(args, name) is None:
            raise UsageError(f"--{name} is missing", fix=f"give --{name} DIR, or --study FILE")
    for name in CHOICE:
        if getattr(args, name) is not None:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} with a job, whose runs are chosen", fix="use --study")
    paths = _worker_paths(args, args.encoder, args.windows, args.workspace, args.cache)
    return read_job(args.job), paths


def _of_study(args: argparse.Namespace) -> "tuple[Job, WorkerPaths]":
    """The chosen runs of a study, and its own folders where the options name no other."""
    from tuning_curves.study.config import read_study
    from tuning_curves.study.paths import StudyPaths
    from tuning_curves.util.files import MANIFEST

    study = read_study(args.study)
    own = StudyPaths(study)
    encoder, windows = args.encoder or own.encoder, args.windows or own.windows
    for folder in (encoder, windows):
        if not (folder / MANIFEST).is_file():
            raise ResourceError(
                f"{folder}: not there yet",
                fix=f"snakemake --cores all {shlex.quote(f'{windows}/{MANIFEST}')} "
                f"--configfile {shlex.quote(str(args.study))}",
            )
    paths = _worker_paths(
        args, encoder, windows, args.workspace or own.workspace, args.cache or own.cache
    )
    paths = dataclasses.replace(paths, archive=own.results.records)
    return study.job(chosen_runs(args, study)), paths


def _worker_paths(
    args: argparse.Namespace, encoder: Path, windows: Path, workspace: Path, cache: Path | None
) -> "WorkerPaths":
    from tuning_curves.study.paths import WorkerPaths
    from tuning_curves.util.files import GIB

    return WorkerPaths(
        encoder=encoder,
        windows=windows,
        workspace=workspace,
        cache=cache,
        cache_bytes=int(args.cache_gib * GIB),
        keep_deltas=args.keep_delta or args.keep_new_deltas,
        retrain_for_deltas=args.keep_delta,
        checkpoint_seconds=args.checkpoint_seconds,
    )
