"""Where everything of a study lies: the one owner of folders and file names.

resources/encoders/<name>-<pin>/    a fetched encoder and its manifest
resources/data/<name>-<pin>/        fetched examples and their manifest
runs/windows/<key>/                 windows, tokenised once for an encoder and a data set
runs/activations/                   what frozen layers make of windows, for all studies
runs/gpus/                          locks: which GPUs are taken
runs/<study>/                       the workspace: what training writes here and now
results/<study>/                    archived records, tables, figures, numbers, paper
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.study.grid import Study, encoder_settings
from tuning_curves.study.job import PlannedRun, Run, Settings, material_of, training_identity
from tuning_curves.tasks.windows import LAYOUT
from tuning_curves.util.files import GIB, sha256_of

if TYPE_CHECKING:
    from tuning_curves.encoders.section import EncoderSection


def archived_studies() -> list[Path]:
    """The files in config/ of the studies that have tables, as seen from the repository's root."""
    files = sorted(Path("config").glob("*.yaml"))
    return [file for file in files if Path("results", file.stem, "tables").is_dir()]


class StudyPaths:
    """Folders and files of a study below one root."""

    def __init__(self, study: Study, root: Path = Path()) -> None:
        self.study, self.root = study, root

    @property
    def encoder(self) -> Path:
        """The fetched encoder; its folder's name carries the head of a hash of its files."""
        return encoder_folder(self.study.config.encoder, self.root)

    @property
    def data(self) -> Path:
        """The fetched examples."""
        section = self.study.config.data
        return _resource(self.root, "data", section.name, section.pin)

    @property
    def windows(self) -> Path:
        """One folder for each encoder, data set, task and setting of the windows."""
        key = [LAYOUT, *self._material_of_windows()]
        return self.root / "runs" / "windows" / sha256_of(key)[:12]

    @property
    def windows_sha256(self) -> str:
        """The hash of all that windows are made from, whatever files they are kept in."""
        return sha256_of(self._material_of_windows())

    def _material_of_windows(self) -> list[object]:
        config = self.study.config
        encoder = config.encoder
        return [
            encoder.pin,
            encoder_settings(encoder).files,
            config.data.pin,
            config.windows.model_dump(),
            config.task,
        ]

    @property
    def cache(self) -> Path:
        """What frozen lower parts make of the windows, for all studies."""
        return self.root / "runs" / "activations"

    @property
    def gpu_locks(self) -> Path:
        """Which GPUs are taken, by all studies of this checkout."""
        return self.root / "runs" / "gpus"

    @property
    def workspace(self) -> Path:
        """What training writes here and now."""
        return self.root / "runs" / self.study.name

    @property
    def study_file(self) -> Path:
        """The checked study, as the workflow's commands read it."""
        return self.workspace / "study.json"

    def job(self, chunk: str) -> Path:
        """The job of a chunk."""
        return self.workspace / "jobs" / f"{chunk}.json"

    def marker(self, chunk: str) -> Path:
        """Says that a chunk of runs has all its records."""
        return self.workspace / "chunks" / f"{chunk}.done"

    def log(self, step: str) -> Path:
        """What a step of the workflow says."""
        return self.workspace / "logs" / f"{step}.log"

    def benchmark(self, chunk: str) -> Path:
        """What Snakemake measures of a chunk."""
        return self.workspace / "benchmarks" / f"{chunk}.jsonl"

    @property
    def collected(self) -> "CollectedPaths":
        """All runs of the study in a few files."""
        return CollectedPaths(self.workspace / "collected")

    @property
    def results(self) -> "ResultPaths":
        """Tables, figures, numbers, paper and archived records."""
        return ResultPaths(self.root / "results" / self.study.name)


def encoder_folder(section: "EncoderSection", root: Path = Path()) -> Path:
    """Where a fetched encoder lies."""
    settings = asdict(encoder_settings(section))
    files = material_of({"encoder": settings})["encoder"].get("files")
    return _resource(
        root, "encoders", section.name, section.pin if files is None else [section.pin, files]
    )


def _resource(root: Path, kind: str, name: str, pin: object) -> Path:
    return root / "resources" / kind / f"{name}-{sha256_of(pin)[:8]}"


@dataclass(frozen=True)
class CollectedPaths:
    """What `collect` writes into a folder."""

    folder: Path

    @property
    def runs(self) -> Path:
        """One row per run and budget."""
        return self.folder / "runs.csv"

    @property
    def biases(self) -> Path:
        """One row per run, bias term and layer."""
        return self.folder / "biases.csv"


@dataclass(frozen=True)
class ResultPaths:
    """What analysis and report write into a study's results."""

    folder: Path

    @property
    def records(self) -> Path:
        """The archive."""
        return self.folder / "records"

    @property
    def limits(self) -> Path:
        """What limits scores, as the windows' manifest had it when records were archived."""
        return self.folder / "limits.json"

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    @property
    def figures(self) -> Path:
        return self.folder / "figures"

    @property
    def numbers(self) -> Path:
        """Every number and finding of the paper's prose."""
        return self.folder / "numbers.json"

    @property
    def paper(self) -> Path:
        return self.folder / "paper.pdf"


def records_folder(workspace: Path) -> Path:
    """The records that are not archived yet."""
    return workspace / "records"


def lock_path(workspace: Path, planned: PlannedRun) -> Path:
    """Held by the process that attends to a run."""
    return workspace / "locks" / f"{planned.id}.lock"


def failure_path(workspace: Path, planned: PlannedRun) -> Path:
    """Why a run has no record."""
    return workspace / "failures" / f"{planned.id}.json"


def delta_path(workspace: Path, run: Run, settings: Settings) -> Path:
    """What a run trained, where it is kept: the same for all evaluations of one training."""
    head = training_identity(settings, run)[:8]
    return workspace / "deltas" / f"{run.path}-{head}.safetensors"


@dataclass(frozen=True, kw_only=True)
class WorkerPaths:
    """Folders that a worker reads (encoder, windows) and writes (all else).

    Without `cache` the frozen parts' output stays in memory; `cache_bytes` is all it may take.
    """

    encoder: Path
    windows: Path
    workspace: Path
    cache: Path | None = None  # where the frozen parts' output is kept on disk
    cache_bytes: int = 16 * GIB
    checkpoint_seconds: float | None = None  # None: as often as the loop does by itself
    archive: Path | None = None  # records that are found here are not made again
    keep_deltas: bool = False  # whether what each run trains is kept beside its record
    retrain_for_deltas: bool = False  # and whether a recorded run is trained again for it

    @property
    def records(self) -> Path:
        return records_folder(self.workspace)

    def delta(self, run: Run, settings: Settings) -> Path:
        return delta_path(self.workspace, run, settings)

    def lock(self, planned: PlannedRun) -> Path:
        return lock_path(self.workspace, planned)

    def training_lock(self, run: Run, settings: Settings) -> Path:
        """Held by the process that attends to a training, whatever evaluation it is for."""
        return self.workspace / "locks" / f"{training_identity(settings, run)}.lock"

    def checkpoint(self, planned: PlannedRun) -> Path:
        return self.workspace / "checkpoints" / f"{planned.id}.checkpoint"

    def written(self, planned: PlannedRun, settings: Settings) -> tuple[Path, ...]:
        """All files that training a run writes."""
        return (
            self.records / planned.record,
            self.checkpoint(planned),
            self.delta(planned.run, settings),
            failure_path(self.workspace, planned),
        )
