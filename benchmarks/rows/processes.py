"""Whole processes: starting one, and a small study against one process a run.

CPU time is that of the child processes as the system accounts for it.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from benchmarks.clock import Sample, Work, interleave, timed
from benchmarks.engine import planned_run
from benchmarks.machine import formats
from benchmarks.peers.tuned import METHODS
from benchmarks.rows.common import Bench, Row, Subject, compared
from benchmarks.rows.steps import products, products_of
from tuning_curves.data.subsets import split_pools, stratified_sample, subset
from tuning_curves.study.grid import Study
from tuning_curves.study.job import PlannedRun
from tuning_curves.tasks import make_task
from tuning_curves.tasks.windows import make_windows
from tuning_curves.util.errors import TuningCurvesError
from tuning_curves.util.files import write_json, write_text

NAMES = ("start-up", "small-study")
SIZES, WHOLE_SIZES, SEEDS, EPOCHS, BATCH = (16, 32, 64), (100, 200, 400), (0, 1), 2, 16
ASKED, SELECTED = 50, 10  # test questions of either side, and those of our validation split
START_UP = Subject(
    name="start-up",
    ours="`tuning-curves train`: a run of one question, one step",
    peer="a process of the example: the same question, one step, one question asked",
    unit="process",
    note="From the call to the end: imports, encoder, data, one step, one evaluation.",
)


def measure(bench: Bench, wanted: Set[str]) -> Iterator[Row]:
    """The wanted rows."""
    if "start-up" in wanted:
        yield measure_start(bench)
    if "small-study" in wanted:
        yield measure_study(bench)


def measure_start(bench: Bench) -> Row:
    """A process with next to nothing to do, on both sides."""
    study = small_study(bench, "float32", asked=1, selected=1)
    run = planned_run(study, "full", 1, steps=1)
    rows = write_rows(bench, study, run)
    turns = {
        "ours": lambda: our_process(bench, study, [run], bench.material.paths.windows),
        "peer": lambda: peer_process(bench, "full", rows)[0],
        **products(),
    }
    samples = interleave(turns, bench.patience)
    return compared(START_UP, samples["ours"], samples["peer"], products_of(samples))


def measure_study(bench: Bench) -> Row:
    """Five methods, three sizes, two seeds: our one process, and thirty of the field's."""
    sizes = WHOLE_SIZES if bench.whole else SIZES
    products_before = {name: [turn()] for name, turn in products().items()}
    precision = formats()[0]
    study = small_study(bench, precision, asked=ASKED, selected=SELECTED)
    runs = [
        planned_run(
            study, method, n, steps=EPOCHS * -(-n // BATCH), rate=1e-3, subset=seed, init=seed
        )
        for method in METHODS
        for n in sizes
        for seed in SEEDS
    ]
    with tempfile.TemporaryDirectory(dir=bench.scratch) as folder:
        windows = windows_made(bench, Path(folder))
        trained = our_process(bench, study, runs, Path(folder))
    cpu, wall = windows.cpu + trained.cpu, windows.wall + trained.wall
    ours = Sample(cpu=cpu, wall=wall, work=Work(units=len(runs)))
    peer = peer_study(bench, study, sizes)
    parts = {"windows_s": round(windows.cpu, 1), "runs_s": round(trained.cpu, 1)}
    subject = _study_subject(sizes, precision)
    return compared(subject, [ours], [peer], products_before, parts=parts)


def _study_subject(sizes: tuple[int, ...], precision: str) -> Subject:
    """precision: the number format in which this processor is quicker."""
    methods = ", ".join(METHODS)
    return Subject(
        name="small-study",
        ours=f"{methods}; n = {', '.join(map(str, sizes))}; two seeds; {EPOCHS} epochs: SQuAD "
        f"tokenised whole, then one process, {precision} (the quicker one here)",
        peer="one process per run in the example's way, padded to 384, float32; lora by peft",
        unit="run, trained and evaluated",
        target=8,
        precision=precision,
        note=f"The peer's thirty processes are extrapolated from {len(METHODS)} measured ones, one "
        f"a method at n = {sizes[0]}: start and evaluation as measured, training in proportion to "
        "n. Tokenising all of SQuAD, which serves every later study, counts on our side in full.",
    )


def small_study(bench: Bench, precision: str, *, asked: int, selected: int) -> Study:
    """Settings under which both rows run."""
    return bench.material.study(
        training={"precision": precision},
        evaluation={"test_examples": asked, "validation_examples": selected},
    )


def windows_made(bench: Bench, folder: Path) -> Sample:
    """All of SQuAD tokenised anew, in this process."""
    material = bench.material
    study = material.study()
    task, settings = make_task(study.config.task), study.config.windows.model_dump()

    def work() -> Work:
        make_windows(task, material.parts, material.paths.encoder, folder, **settings)
        return Work(units=1)

    return timed(work)()


def our_process(bench: Bench, study: Study, runs: list[PlannedRun], windows: Path) -> Sample:
    """`tuning-curves train` on these runs, in a workspace of its own."""
    with tempfile.TemporaryDirectory(dir=bench.scratch) as folder:
        job = Path(folder) / "job.json"
        write_text(job, study.job(tuple(runs)).dump())
        options = ["--job", job, "--encoder", bench.material.paths.encoder]
        options += ["--windows", windows, "--workspace", folder, "--device", "cpu"]
        options += ["--cache", Path(folder) / "activations"]
        return child([sys.executable, "-m", "tuning_curves", "train", *options])[0]


def peer_study(bench: Bench, study: Study, sizes: tuple[int, ...]) -> Sample:
    """What thirty processes of the field take, from one measured process per method."""
    cpu = wall = measured = 0.0
    for method in METHODS:
        run = planned_run(study, method, sizes[0])
        sample, found = peer_process(bench, method, write_rows(bench, study, run), EPOCHS)
        fixed, per_question = sample.cpu - found["train"], found["train"] / sizes[0]
        cpu += len(SEEDS) * sum(fixed + per_question * n for n in sizes)
        wall, measured = wall + sample.wall, measured + sample.cpu
    runs = len(METHODS) * len(SEEDS) * len(sizes)
    return Sample(cpu=cpu, wall=wall * cpu / measured, work=Work(units=runs))


def peer_process(
    bench: Bench, method: str, rows: Path, epochs: int = 1
) -> tuple[Sample, dict[str, Any]]:
    """A run of the field's; its time, and what it says of itself."""
    options = ["--encoder", bench.material.paths.encoder, "--rows", rows]
    options += ["--method", method, "--epochs", epochs]
    sample, said = child([sys.executable, "-m", "benchmarks.peers.process", *options])
    return sample, json.loads(said.splitlines()[-1])


def write_rows(bench: Bench, study: Study, planned: PlannedRun) -> Path:
    """The run's training and test questions as flat rows, ready for the field to read."""
    from benchmarks.peers.example import rows_of
    from tuning_curves.tasks.question_answering.data import article_sizes

    settings, squad = study.settings, bench.material.parts
    sizes = {split: article_sizes(data) for split, data in squad.items()}
    pool, _ = split_pools(sizes["train"], settings.data.held_out_examples)
    questions = subset(pool, planned.run.n_train, planned.run.subset_seed)
    count = settings.evaluation.test_examples
    asked = stratified_sample(sizes["test"], None if count == "all" else count)
    path = bench.scratch / f"rows-{planned.id}.json"
    rows = {"train": rows_of(squad["train"], questions), "test": rows_of(squad["test"], asked)}
    write_json(path, rows, indent=None)
    return path


def child(command: list[Any]) -> tuple[Sample, str]:
    """Run a process to its end: its CPU and wall time, and its standard output.

    Raises:
        TuningCurvesError: it failed; carries its last words.
    """
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise TuningCurvesError(f"{command[2]}: exit status {done.returncode} ({last})")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sample = Sample(cpu=cpu, wall=time.perf_counter() - begin, work=Work(units=1))
    return sample, done.stdout
