"""Where everything of a study lies, and what the workflow still has to ask for."""

import json
from dataclasses import dataclass
from pathlib import Path

from tuning_curves.study.grid import Chunk, Study
from tuning_curves.study.job import PlannedRun
from tuning_curves.study.records import RecordStore, failure_path
from tuning_curves.util.files import GIB, sha256_of


class StudyPaths:
    """Folders of a study below one root, and the chunks without archived records."""

    def __init__(self, study: Study, root: Path = Path()) -> None:
        self.study, self.root = study, root
        self.store = RecordStore(study, root)
        self.chunks: dict[str, Chunk] = {chunk.id: chunk for chunk in study.chunks}

    @property
    def encoder(self) -> Path:
        """The fetched encoder; its folder's name carries the head of its pin's hash."""
        section = self.study.config.encoder
        return self._resource("encoders", section.name, section.pin)

    @property
    def data(self) -> Path:
        """The fetched questions."""
        section = self.study.config.data
        return self._resource("data", section.name, section.pin)

    def _resource(self, kind: str, name: str, pin: object) -> Path:
        return self.root / "resources" / kind / f"{name}-{sha256_of(pin)[:8]}"

    @property
    def windows(self) -> Path:
        """One folder for each encoder, data set and setting of the windows."""
        config = self.study.config
        key = [config.encoder.pin, config.data.pin, config.windows.model_dump(), config.task]
        return self.root / "runs" / "windows" / sha256_of(key)[:12]

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
    def results(self) -> Path:
        """Tables, figures, numbers, paper and archived records."""
        return self.root / "results" / self.study.name

    @property
    def largest_size(self) -> int:
        """The largest training size of the study."""
        return self.study.config.largest_size

    def wanted_markers(self) -> list[str]:
        """Markers of the chunks in which a run has no archived record.

        A marker that claims records which are gone is removed first, so that the chunk runs again.
        """
        wanted = []
        for chunk in self.chunks.values():
            if all(self.store.archived(planned) for planned in chunk.runs):
                continue
            marker = self.workspace / "chunks" / f"{chunk.id}.done"
            if marker.exists() and any(self.store.find(p) is None for p in chunk.runs):
                marker.unlink()
            wanted.append(str(marker))
        return wanted

    def job(self, chunk: str) -> str:
        """The chunk's job without its archived runs, as one line of JSON."""
        runs = [p for p in self.chunks[chunk].runs if not self.store.archived(p)]
        return self.study.job(tuple(runs)).dump()

    def records(self, *, archived_only: bool) -> list[str]:
        """Files of the study's records at hand, or of the archived ones alone."""
        return [
            str(path)
            for path in self.store.found().values()
            if not archived_only or path.is_relative_to(self.store.archive)
        ]

    def recorded_count(self) -> int:
        """How many of the study's runs have a record."""
        return len(self.records(archived_only=False))

    def closing_words(self) -> str:
        """Where the results are, and the main finding in a sentence."""
        numbers = self.results / "numbers.json"
        if not numbers.exists():
            return ""
        finding = json.loads(numbers.read_text("utf-8"))["main_finding"]
        return (
            f"\npaper    {self.results}/paper.pdf\nfigures  {self.results}/figures/\n"
            f"tables   {self.results}/tables/\n\n{finding}\n"
        )


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
    keep_deltas: bool = False  # whether what each run trained is kept beside its record

    @property
    def records(self) -> Path:
        return self.workspace / "records"

    def delta(self, planned: PlannedRun) -> Path:
        return (self.workspace / "deltas" / planned.record).with_suffix(".safetensors")

    def lock(self, planned: PlannedRun) -> Path:
        return self.workspace / "locks" / f"{planned.id}.lock"

    def checkpoint(self, planned: PlannedRun) -> Path:
        return self.workspace / "checkpoints" / f"{planned.id}.checkpoint"

    def written(self, planned: PlannedRun) -> tuple[Path, ...]:
        """All files that training a run writes."""
        return (
            self.records / planned.record,
            self.checkpoint(planned),
            self.delta(planned),
            failure_path(self.workspace, planned),
        )
