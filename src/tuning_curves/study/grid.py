"""The runs that a study asks for: its grid, their identities, and the chunks they are cut into.

A run's identity is a hash of everything material to its numbers, so that a changed hyperparameter
is another run and a record can never be taken for another's.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.files import canonical, sha256_of

CHUNK_RUNS = 200  # keeps a chunk's job within the length of a command line
ENGINE = 2  # raised whenever the engine's numbers change on purpose: old records no longer answer
SQUAD_DEV_QUESTIONS = 10_570


@dataclass(frozen=True, kw_only=True, order=True)
class Run:
    """One training and its evaluation, within a study's settings."""

    method: str
    n_train: int
    steps: int
    learning_rate: float
    subset_seed: int
    init_seed: int

    @property
    def path(self) -> str:
        """The readable part of the record's path, `<method>/n…_steps…_lr…_subset…_init…`."""
        return (
            f"{self.method}/n{self.n_train}_steps{self.steps}_lr{self.learning_rate:g}"
            f"_subset{self.subset_seed}_init{self.init_seed}"
        )


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """A run of a study with the budget that asks for it; two budgets may ask for one run."""

    budget: str
    run: Run
    id: str

    @property
    def record(self) -> str:
        """The record's path below a records folder."""
        return f"{self.run.path}-{self.id[:8]}.json"

    def row(self) -> dict[str, Any]:
        """Budget, id and the run's values as one flat mapping."""
        return {"budget": self.budget, "id": self.id, **asdict(self.run)}


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Runs that one process trains one after the other: a pure function of the study."""

    id: str
    runs: tuple[PlannedRun, ...]
    passes: int = field(compare=False)


@dataclass(frozen=True)
class Study:
    """A checked study."""

    config: dict[str, Any]

    @property
    def name(self) -> str:
        return self.config["study"]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything material to a run's numbers besides the run itself."""
        encoder, data = self.config["encoder"], self.config["data"]
        return {
            "engine": ENGINE,
            "encoder": {"name": encoder["name"], "pin": encoder_pin(encoder)},
            "data": {
                "name": data["name"],
                "pin": data_pin(data),
                "held_out_examples": data["held_out_examples"],
            },
            "features": self.config["features"],
            "training": self.config["training"],
            "evaluation": self.config["evaluation"],
        }

    @cached_property
    def planned(self) -> tuple[PlannedRun, ...]:
        """Every run under every budget, in the study's own order."""
        return tuple(self._plan())

    @cached_property
    def unique(self) -> tuple[PlannedRun, ...]:
        """Each run once, under the first budget that asks for it."""
        return tuple({p.id: p for p in reversed(self.planned)}.values())[::-1]

    def _plan(self) -> Iterator[PlannedRun]:
        for method, budget, n in points(self.config):
            for rate in method["learning_rates"]:
                for seed in method.get("seeds", self.config["seeds"]):
                    subset, init = _pair_of(seed)
                    run = Run(
                        method=method["name"],
                        n_train=n,
                        steps=steps_of(n, budget, self.config["training"]["batch_size"]),
                        learning_rate=rate,
                        subset_seed=subset,
                        init_seed=init,
                    )
                    yield PlannedRun(
                        budget=budget["name"], run=run, id=identity(self.settings, run)
                    )

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The runs cut into chunks, none much above `execution.chunk_passes`.

        Runs of one method stand together, largest first, so that a chunk shares what lies below
        the first trained layer; small methods share a chunk, since starting one takes seconds.
        """
        limit = self.config["execution"]["chunk_passes"]
        chunks: list[list[PlannedRun]] = []
        filled = 0
        ordered = sorted(self.unique, key=lambda p: (p.run.method, -p.run.steps, p.run))
        for planned in ordered:
            cost = self.passes(planned.run)
            if not chunks or filled + cost > limit or len(chunks[-1]) == CHUNK_RUNS:
                chunks.append([])
                filled = 0
            chunks[-1].append(planned)
            filled += cost
        return tuple(self._chunk(runs) for runs in chunks)

    def _chunk(self, runs: list[PlannedRun]) -> Chunk:
        methods = {p.run.method for p in runs}
        name = methods.pop() if len(methods) == 1 else "mixed"
        identity = sha256_of([p.id for p in runs])[:12]
        passes = sum(self.passes(p.run) for p in runs)
        return Chunk(id=f"{name}-{identity}", runs=tuple(runs), passes=passes)

    def passes(self, run: Run) -> int:
        """Forward passes of one question that a run costs; a backward pass counts as two.

        A guess from the study alone: `head` runs on what the frozen encoder gave once.
        """
        if run.method == "head":
            return max(1, (run.n_train + self.scored) // 20)
        return 3 * run.steps * self.config["training"]["batch_size"] + self.scored

    @cached_property
    def scored(self) -> int:
        """Questions that a run is evaluated on; SQuAD's own number stands for an unknown one."""
        evaluation, data = self.config["evaluation"], self.config["data"]
        test = evaluation["test_examples"]
        if test == "all":
            generated = data.get("test_articles", 0) * data.get("questions_per_article", 0)
            test = generated or data.get("test_from_train", SQUAD_DEV_QUESTIONS)
        selection = evaluation["validation_examples"]
        return test + (data["held_out_examples"] if selection == "all" else selection)


def identity(settings: Mapping[str, Any], run: Run) -> str:
    """16 hex digits of the hash of a run and all its settings."""
    return sha256_of({"settings": settings, "run": asdict(run)})[:16]


def encoder_pin(encoder: Mapping[str, Any]) -> str:
    """What fixes the encoder's bytes: the weights' sha256, or the hub's repository and revision."""
    if "weights_sha256" in encoder:
        return encoder["weights_sha256"]
    return f"{encoder['repository']}@{encoder['revision']}"


def data_pin(data: Mapping[str, Any]) -> Any:
    """What fixes the data's content: its hashes, or the hub's repository at a revision."""
    if "content_sha256" in data:
        return data["content_sha256"]
    return f"{data['repository']}@{data['revision']}"


def points(config: Mapping[str, Any]) -> Iterator[tuple[Mapping, Mapping, int]]:
    """The points that a study's mapping asks for: method, budget and size, in its own order."""
    for method in config["methods"]:
        names = method.get("budgets", [budget["name"] for budget in config["budgets"]])
        for budget in config["budgets"]:
            if budget["name"] in names:
                for n in sizes_of(method, budget, config):
                    yield method, budget, n


def sizes_of(method: Mapping, budget: Mapping, config: Mapping) -> list[int]:
    """The sizes at which a study trains a method under a budget, if it does so at all."""
    own = method.get("sizes", config["sizes"])
    return [n for n in own if n in budget.get("sizes", own)]


def whole_budgets(config: Mapping[str, Any]) -> list[str]:
    """The budgets that draw a curve: those that leave out no size, or all if each does."""
    asked = {*config["sizes"], *(n for m in config["methods"] for n in m.get("sizes", ()))}
    whole = [b["name"] for b in config["budgets"] if asked <= {*b.get("sizes", asked)}]
    return whole or [budget["name"] for budget in config["budgets"]]


def steps_of(n: int, budget: Mapping[str, Any], batch_size: int) -> int:
    """Training steps of a run with n questions under a budget: its epochs, or its floor."""
    return max(budget["epochs"] * math.ceil(n / batch_size), budget["min_steps"])


def _pair_of(seed: int | Mapping[str, int]) -> tuple[int, int]:
    """Subset's and initialisation's seed."""
    return (seed, seed) if isinstance(seed, int) else (seed["subset"], seed["init"])


def largest_size(config: Mapping) -> int:
    """The largest training size that any method of the study uses."""
    return max(n for m in config["methods"] for n in m.get("sizes", config["sizes"]))


@dataclass(frozen=True, kw_only=True)
class Job:
    """Runs of one study to train and evaluate, one after the other."""

    study: str
    settings: dict[str, Any]
    runs: tuple[PlannedRun, ...]

    def dump(self) -> str:
        """One line of JSON."""
        runs = [planned.row() for planned in self.runs]
        whole = {"study": self.study, "settings": self.settings, "runs": runs}
        return canonical(whole)


def job_of(study: Study, runs: tuple[PlannedRun, ...]) -> Job:
    """The job of training these runs of a study."""
    return Job(study=study.name, settings=study.settings, runs=runs)


def load_job(text: str) -> Job:
    """Read what `dump` wrote, and check that each run's id belongs to it.

    Raises:
        UsageError: not a job, or one that was edited by hand.
    """
    fix = "make the job again with `tuning-curves plan`"
    try:
        whole = json.loads(text)
        rows = [dict(row) for row in whole["runs"]]
        runs = tuple(
            PlannedRun(budget=row.pop("budget"), id=row.pop("id"), run=Run(**row)) for row in rows
        )
        job = Job(study=whole["study"], settings=whole["settings"], runs=runs)
        found = [identity(job.settings, planned.run) for planned in runs]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"not a training job ({error})", fix=fix) from None
    for planned, its in zip(job.runs, found, strict=True):
        if its != planned.id:
            raise UsageError(f"run {planned.run.path} has not the id {planned.id}", fix=fix)
    return job


def read_job(path: Path) -> Job:
    """`load_job` from a file.

    Raises:
        ResourceError: it cannot be read.
        UsageError: as `load_job`; not UTF-8.
    """
    try:
        return load_job(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: not a training job: not UTF-8 ({error})",
            fix="make the job again with `tuning-curves plan`",
        ) from None
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be read ({error.strerror})", fix="correct the path"
        ) from None
