"""Records: what a run leaves behind, where it lies, and which ones answer a study.

A record is one JSON file, written whole, whose path carries the head of its identity. A study's
records lie in its archive (`results/<study>/records`, committed) or in its workspace
(`runs/<study>/records`); the archive answers first. A record carries the sha256 of its own
content. Beside the records of those runs that have one lie failures: why a run has none yet. A
failure is no result: `tuning-curves status` shows it, nothing collects it, the next run tries the
run again, and its record removes it. A run whose loss is no number has a record: that is a result.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tuning_curves.study.grid import Study
from tuning_curves.study.job import CLOSED, PlannedRun, Run, Settings, material_of
from tuning_curves.study.paths import StudyPaths, delta_path, failure_path, records_folder
from tuning_curves.util.errors import DataError, ResourceError, UsageError
from tuning_curves.util.files import read_json, sha256_of, write_json

SCHEMA = 2
SEAL = "record_sha256"  # where a record's provenance has the hash of all else in it


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """How many parameters a run trained, by place; `total` is of encoder and head."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    backbone: int
    added: int
    head: int
    total: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run cost (docs/costs.md); None: the device cannot tell."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    train_seconds: float
    evaluate_seconds: float
    seconds_per_step: float
    peak_memory_bytes: int | None
    optimizer_bytes: int
    delta_bytes: int
    step_tokens: int
    flops_per_step: int
    activation_bytes: int
    activation_bytes_one: int
    gradient_bytes: int


Terms = dict[str, list[float | None]]  # by bias term, lowest layer first


@dataclass(frozen=True, kw_only=True)
class Biases:
    """Mean absolute values by bias term and layer: how far each moved, and its first gradient."""

    __pydantic_config__: ClassVar[Any] = CLOSED
    change: Terms
    first_gradient: Terms


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The process that made numbers of a record, and what it ran.

    Attributes:
        commit, dirty: of the checkout; None outside of one.
        niceness: above 0: it ran beside other work by declaration (`nice -n 19`), and its seconds
            are no measurement.
        formats: the number formats that the device has units for, in words: without units for
            bfloat16 its products are made in float32 and rounded. None in older records.
    """

    __pydantic_config__: ClassVar[Any] = CLOSED
    versions: dict[str, str]
    device: str
    threads: int
    precision: Literal["float32", "bfloat16"]
    commit: str | None
    dirty: bool | None
    code_sha256: str
    started: str
    niceness: int
    formats: str | None = None


@dataclass(frozen=True, kw_only=True)
class Scoring(Origin):
    """Where the scores of a record come from that were made later, from a kept delta.

    Attributes:
        trained_as: the id of the run whose record was made when it was trained.
    """

    trained_as: str


@dataclass(frozen=True, kw_only=True)
class Provenance(Origin):
    """Where a record's numbers come from: the process that trained.

    Attributes:
        scored: of a run that was scored later than it was trained; None: at once.
    """

    scored: Scoring | None = None
    record_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class PackedOutcomes:
    """Outcomes of the test examples, as `outcomes` packs them.

    Attributes:
        group_sizes: examples of each group, in the order of the data.
        parts: base64 text by the name of a part.
    """

    __pydantic_config__: ClassVar[Any] = CLOSED
    group_sizes: list[int]
    parts: dict[str, str]


# `total`: examples; by a part's name: its sum over them; by the name of a metric that is no mean:
# its value as a fraction.
Score = dict[str, int | float]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a run leaves behind.

    Attributes:
        status, failure: whether it finished, and why not.
        scores: of either part, `test` and `validation`; None for a run that diverged.
        outcomes: of the test part, example by example; None likewise.
        losses: [last step of a stretch, mean loss in nats] pairs.
        validation_curve: [step, score] pairs: the study's metric in percent after so many steps, on
            a sample of the validation split that hangs on no setting of the evaluation
            (`training.loop`).
    """

    __pydantic_config__: ClassVar[Any] = CLOSED
    id: str
    study: str
    run: Run
    settings: Settings
    status: Literal["finished", "diverged"]
    failure: str | None
    scores: dict[Literal["test", "validation"], Score] | None
    outcomes: PackedOutcomes | None
    parameters: Parameters
    cost: Cost
    biases: Biases
    losses: list[tuple[int, float]]
    validation_curve: list[tuple[int, float]]
    provenance: Provenance

    @property
    def finished(self) -> bool:
        """Whether it has scores."""
        return self.status == "finished"

    def to_json(self) -> dict[str, Any]:
        """The record as its file has it, with the hash of its content."""
        value = {"schema": SCHEMA, **asdict(self), "run": self.run.to_json()}
        value["provenance"] = _without_nones(value["provenance"])
        if "scored" in value["provenance"]:
            scored = value["provenance"]["scored"]
            value["provenance"]["scored"] = _without_nones(scored)
        return sealed(value)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Record":
        """The record of a file's content, whose types are taken as they are.

        Raises:
            TypeError, KeyError: a key too many or too few.
        """
        fields = {key: part for key, part in value.items() if key != "schema"}
        kinds = {"run": Run, "parameters": Parameters, "cost": Cost, "biases": Biases}
        parts: dict[str, Any] = {key: kind(**fields[key]) for key, kind in kinds.items()}
        parts["settings"] = Settings.from_json(fields["settings"])
        parts["provenance"] = _provenance(fields["provenance"])
        packed = fields["outcomes"]
        parts["outcomes"] = None if packed is None else PackedOutcomes(**packed)
        parts["losses"] = [(step, loss) for step, loss in fields["losses"]]
        parts["validation_curve"] = [(step, of) for step, of in fields["validation_curve"]]
        return cls(**{**fields, **parts})


def _provenance(value: Mapping[str, Any]) -> Provenance:
    scored = value.get("scored")
    return Provenance(**{**value, "scored": None if scored is None else Scoring(**scored)})


def _without_nones(value: Mapping[str, Any]) -> dict[str, Any]:
    """A process's origin without what is not known of it; of a commit that stands there."""
    kept = ("commit", "dirty")
    return {key: part for key, part in value.items() if part is not None or key in kept}


class RecordStore:
    """Where a study's records are, below one root folder."""

    def __init__(self, study: Study, root: Path = Path()) -> None:
        paths = StudyPaths(study, root)
        self.study, self.folder = study, paths.workspace
        self.archive = paths.results.records
        self.workspace = records_folder(paths.workspace)

    def archived(self, planned: PlannedRun) -> bool:
        """Whether the archive has this run's record."""
        return (self.archive / planned.record).exists()

    def find(self, planned: PlannedRun) -> Path | None:
        """The run's record, from the archive or else the workspace; None where neither has it."""
        for folder in (self.archive, self.workspace):
            if (folder / planned.record).exists():
                return folder / planned.record
        return None

    def keeps_training(self, planned: PlannedRun) -> bool:
        """Whether what the run trains is kept already, so that it needs only scoring."""
        return delta_path(self.folder, planned.run, self.study.settings).exists()

    def found(self) -> dict[str, Path]:
        """The records at hand of the study's runs, by id."""
        paths = {planned.id: self.find(planned) for planned in self.study.unique}
        return {identity: path for identity, path in paths.items() if path is not None}


def no_records(study: Study) -> ResourceError:
    """The error of a command that needs a record, and finds none of the study's."""
    return ResourceError(
        f"no run of {study.name} has a record",
        fix=f"train some: `snakemake --cores all --configfile config/{study.name}.yaml`",
    )


def write_record(folder: Path, planned: PlannedRun, record: Record) -> Path:
    """Write a record whole, at its place below `folder`."""
    path = folder / planned.record
    write_json(path, record.to_json())
    return path


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """A record's content with the hash of all else in its provenance."""
    provenance = {key: part for key, part in value["provenance"].items() if key != SEAL}
    bare = {**value, "provenance": provenance}
    return {**bare, "provenance": provenance | {SEAL: sha256_of(bare)}}


def read_record(path: Path, planned: PlannedRun, settings: Settings) -> Record:
    """Read a record and make sure that it is this run's, under these settings.

    Raises:
        DataError: missing, torn, altered, of another schema, or of another run or other settings;
            names what differs.
    """
    return _as_record(path, _read_checked(path, planned, settings))


def _as_record(path: Path, value: Mapping[str, Any]) -> Record:
    try:
        return Record.from_json(value)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise damaged(path, str(error)) from None


def validate_record(path: Path, value: Any) -> Record:
    """A file's content as a record, each value checked by its type: for those who collect.

    Raises:
        DataError: a key too many or too few, a value of another type, a negative count.
    """
    from tuning_curves.util.validation import validate

    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise damaged(path, f"expected an object of schema {SCHEMA}")
    content = {key: part for key, part in value.items() if key != "schema"}
    try:
        content["settings"] = Settings.from_json(content["settings"]).to_json()
        record = validate(Record, content, str(path), "the record", fix_of(path))
    except UsageError as error:
        raise DataError(error.message, fix=fix_of(path)) from None
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise damaged(path, f"its settings: {error}") from None
    negative = next(_negative({key: content[key] for key in COUNTED}), None)
    if negative is not None:
        raise DataError(f"{path}: {negative}, expected 0 or more", fix=fix_of(path))
    return record


COUNTED = ("run", "parameters", "cost", "biases")  # where no number is below zero


def _negative(value: Any, place: str = "") -> Iterator[str]:
    """The places of negative numbers, with the number."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _negative(part, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _negative(part, f"{place}.{number}")
    elif isinstance(value, int | float) and value < 0:
        yield f"{place} is {value}"


def read_agreeing(
    path: Path,
    planned: PlannedRun,
    settings: Settings,
    agrees: Callable[[Mapping[str, Any]], None],
) -> Record:
    """`read_record` for those who average records: each value's type is checked as well.

    Args:
        agrees: raises DataError for a content that does not agree with itself.

    Raises:
        DataError: as `read_record`; or a value of another type, named by its place.
    """
    value = _read_checked(path, planned, settings)
    agrees(value)
    return validate_record(path, value)


def _read_checked(path: Path, planned: PlannedRun, settings: Settings) -> dict[str, Any]:
    """A record's content, once it is known to be whole and this run's."""
    value = read_json(path, what="record", fix=fix_of(path))
    expected = {
        "schema": SCHEMA,
        "id": planned.id,
        "run": planned.run.to_json(),
        "settings": settings.material,
    }
    for key, wanted in expected.items():
        found = value.get(key) if isinstance(value, dict) else None
        if key == "settings" and isinstance(found, dict):
            found = material_of(found)
        if found != wanted:
            name, got, needed = _difference(key, found, wanted)
            raise DataError(
                f"{path}: not the record of this run: {name} is {got!r}, expected {needed!r}",
                fix=fix_of(path),
            )
    _check_seal(path, value)
    return value


def damaged(path: Path, what: str) -> DataError:
    """The error of a record that does not hold together."""
    return DataError(f"{path}: the record is damaged: {what}", fix=fix_of(path))


def fix_of(path: Path) -> str:
    """What helps against a record that cannot be used."""
    return f"delete {path} and run again: the run is trained anew"


def _check_seal(path: Path, value: dict[str, Any]) -> None:
    provenance = value.get("provenance")
    stated = provenance.get(SEAL) if isinstance(provenance, dict) else None
    if stated is None:
        raise damaged(path, f"provenance.{SEAL} is missing")
    try:
        found = f"its content has sha256 {sealed(value)['provenance'][SEAL]}"
    except (ValueError, RecursionError) as error:  # NaN, half a surrogate pair: never written
        found = f"its content cannot be hashed ({error})"
    if found != f"its content has sha256 {stated}":
        raise DataError(
            f"{path}: altered since it was written: {found}, expected {stated}", fix=fix_of(path)
        )


def _difference(name: str, found: Any, expected: Any) -> tuple[str, Any, Any]:
    """The first place where two nested mappings differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            if found.get(key) != expected.get(key):
                return _difference(f"{name}.{key}", found.get(key), expected.get(key))
    return name, found, expected


def archive_records(store: RecordStore) -> int:
    """Move the study's workspace records to its archive, each checked; returns how many.

    Raises:
        DataError: a record that is torn or not this study's; nothing after it is moved.
    """
    moved = 0
    for planned in store.study.unique:
        source, target = store.workspace / planned.record, store.archive / planned.record
        if not source.exists() or target.exists():
            continue
        value = _read_checked(source, planned, store.study.settings)
        _as_record(source, value)
        write_json(target, value)  # written whole before the other goes: two file systems may do
        source.unlink()
        moved += 1
    return moved


def write_failure(
    workspace: Path, planned: PlannedRun, reason: str, details: dict[str, Any]
) -> dict[str, Any]:
    """Write a failure whole, in place of an earlier one; returns it.

    Args:
        reason: a word or two, as `status` counts them.
        details: what was needed, what there was; JSON.
    """
    failure = {
        "id": planned.id,
        "run": planned.run.to_json(),
        "reason": reason,
        **details,
        "failed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    write_json(failure_path(workspace, planned), failure)
    return failure


def read_failure(workspace: Path, planned: PlannedRun) -> dict[str, Any] | None:
    """The run's last failure; None where there is none."""
    path = failure_path(workspace, planned)
    if not path.exists():
        return None
    return read_json(path, what="failure", fix=f"delete {path}: the run is tried again anyhow")
