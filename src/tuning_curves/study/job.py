"""What one training process is to do: runs, their settings and identities, as plain JSON.

A job holds everything resolved, so that a machine with torch, transformers and numpy can run it
without the study file, the workflow or their libraries. A run's identity is a hash of everything
material to its numbers, so that a changed hyperparameter is another run and a record can never be
taken for another's. A training's identity leaves the evaluation out: by it what was trained is
found again, to be scored on more examples.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from tuning_curves.methods.plugins import Plugin
from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.files import canonical, sha256_of

ENGINE = 2  # raised whenever the engine's numbers change on purpose: old records no longer answer
# What the engine does where a study says nothing, by dotted key of the settings. A key that stands
# at its default is left out of an identity's hash, so that a key that is new orphans no record.
DEFAULTS: dict[str, Any] = {
    "task.name": "question-answering",
    "encoder.files": {  # of all-MiniLM-L6-v2: the first identities named no files
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
    "training.pass_tokens": 16_384,
}
CLOSED = {"extra": "forbid", "strict": True}  # for pydantic, where a record's types are checked


@dataclass(frozen=True, kw_only=True, order=True)
class Run:
    """One training and its evaluation, within a study's settings.

    Attributes:
        plugin_sha256: of the file that defines the method; None: the package does.
    """

    __pydantic_config__: ClassVar[Any] = CLOSED
    method: str
    n_train: int
    steps: int
    learning_rate: float
    subset_seed: int
    init_seed: int
    plugin_sha256: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As records, jobs and identities have it: without a plug-in as before there were any."""
        value = asdict(self)
        if self.plugin_sha256 is None:
            del value["plugin_sha256"]
        return value

    @property
    def path(self) -> str:
        """The readable part of the record's path, `<method>/n…_steps…_lr…_subset…_init…`."""
        return (
            f"{self.method}/n{self.n_train}_steps{self.steps}_lr{self.learning_rate:g}"
            f"_subset{self.subset_seed}_init{self.init_seed}"
        )


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """The encoder: its name, and what fixes its weights and the other files that are read.

    Attributes:
        files: the sha256 of config.json and of tokenizer.json by name, or where they come from.
    """

    __pydantic_config__: ClassVar[Any] = CLOSED
    name: str
    pin: str
    files: Mapping[str, str] | str


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """The data: its name, what fixes its content, and the validation pool's least size."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    name: str
    pin: Any
    held_out_examples: int


@dataclass(frozen=True, kw_only=True)
class WindowSettings:
    """How texts are cut: tokens of a window at most, and how many neighbours share."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    max_length: int
    stride: int | None


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a run trains; config/README.md explains each key."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    batch_size: int
    schedule: str
    warmup: float
    weight_decay: float
    adam_epsilon: float
    clip_norm: float
    hidden_dropout: float
    attention_dropout: float
    precision: str
    pass_tokens: int = DEFAULTS["training.pass_tokens"]


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How many examples of either part a run is scored on."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    test_examples: int | Literal["all"]
    validation_examples: int | Literal["all"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything material to a run's numbers besides the run itself."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    engine: int
    task: Mapping[str, Any]  # its `name`, and what the task itself asks for
    encoder: EncoderSettings
    data: DataSettings
    windows: WindowSettings
    training: TrainingSettings
    evaluation: EvaluationSettings

    def to_json(self) -> dict[str, Any]:
        """As a record and a job hold them."""
        return asdict(self)

    @cached_property
    def material(self) -> dict[str, Any]:
        """What the identities of all runs under these settings depend on."""
        return material_of(self.to_json())

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Settings":
        """What `to_json` gave, now or before a key was there that stands at its default since.

        Raises:
            TypeError, KeyError: a key too many or too few.
        """
        kinds: dict[str, Any] = {
            "encoder": EncoderSettings,
            "data": DataSettings,
            "windows": WindowSettings,
            "training": TrainingSettings,
            "evaluation": EvaluationSettings,
        }
        parts = {key: kind(**_defaults(key, kind) | value[key]) for key, kind in kinds.items()}
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(value) - known):
            raise TypeError(f"unknown settings {unknown[0]!r}")
        return cls(engine=value["engine"], task=dict(value["task"]), **parts)


def identity(settings: Settings, run: Run) -> str:
    """16 hex digits of the hash of a run and all its settings, but those at their default."""
    return sha256_of({"settings": settings.material, "run": run.to_json()})[:16]


def training_identity(settings: Settings, run: Run) -> str:
    """As `identity`, of the training alone: how a run is evaluated is no part of it."""
    material = {key: part for key, part in settings.material.items() if key != "evaluation"}
    return sha256_of({"settings": material, "run": run.to_json()})[:16]


def _defaults(section: str, kind: Any) -> dict[str, Any]:
    """The engine's defaults of a section's keys."""
    places = {field.name: f"{section}.{field.name}" for field in fields(kind)}
    return {name: DEFAULTS[place] for name, place in places.items() if place in DEFAULTS}


def material_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What an identity depends on: the settings but for what stands at the engine's defaults."""
    return dict(_material(settings))


def _material(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The settings as they stand but for those at the engine's defaults; emptied groups go too."""
    for key, part in value.items():
        place = f"{above}{key}"
        if place in DEFAULTS and part == DEFAULTS[place]:
            continue
        if isinstance(part, Mapping):
            inner = dict(_material(part, f"{place}."))
            if inner or not part:
                yield key, inner
        else:
            yield key, part


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
        return {"budget": self.budget, "id": self.id, **self.run.to_json()}


@dataclass(frozen=True, kw_only=True)
class Job:
    """Runs of one study to train and evaluate, one after the other.

    Attributes:
        plugins: the files that define methods of these runs, with their text.
    """

    study: str
    settings: Settings
    runs: tuple[PlannedRun, ...]
    plugins: tuple[Plugin, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As its file holds it."""
        runs = [planned.row() for planned in self.runs]
        value = {"study": self.study, "settings": self.settings.to_json(), "runs": runs}
        return value | ({"plugins": [p.to_json() for p in self.plugins]} if self.plugins else {})

    def dump(self) -> str:
        """The text of a job's file: one line of JSON, the same for equal jobs."""
        return canonical(self.to_json())


FIX_JOB = "make the job again with `tuning-curves plan`"


def load_job(text: str) -> Job:
    """The job of a file's text, once each run's id is known to belong to it.

    Raises:
        UsageError: not a job, or one that was edited by hand.
    """
    try:
        whole = json.loads(text)
        if unknown := sorted({*whole} - {"study", "settings", "runs", "plugins"}):
            raise ValueError(f"unknown key {unknown[0]!r}")
        rows = [dict(row) for row in whole["runs"]]
        runs = tuple(
            PlannedRun(budget=row.pop("budget"), id=row.pop("id"), run=Run(**row)) for row in rows
        )
        settings = Settings.from_json(whole["settings"])
        plugins = tuple(Plugin(**plugin) for plugin in whole.get("plugins", ()))
        job = Job(study=whole["study"], settings=settings, runs=runs, plugins=plugins)
        found = [identity(job.settings, planned.run) for planned in runs]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"not a training job ({error})", fix=FIX_JOB) from None
    at_hand = {None, *(plugin.sha256 for plugin in plugins)}
    for planned, its in zip(job.runs, found, strict=True):
        if its != planned.id:
            raise UsageError(f"run {planned.run.path} has not the id {planned.id}", fix=FIX_JOB)
        if planned.run.plugin_sha256 not in at_hand:
            raise UsageError(
                f"run {planned.run.path} is of a plug-in's method, and the job has not the plug-in",
                fix=FIX_JOB,
            )
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
        raise UsageError(f"{path}: not a training job: not UTF-8 ({error})", fix=FIX_JOB) from None
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be read ({error.strerror})", fix="correct the path"
        ) from None
