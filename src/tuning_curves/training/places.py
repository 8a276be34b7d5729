"""The folders of a worker: what it reads, and where what it writes goes."""

from dataclasses import dataclass
from pathlib import Path

from tuning_curves.failures import failure_path
from tuning_curves.study.config import Planned
from tuning_curves.training.sizes import GIB


@dataclass(frozen=True, kw_only=True)
class Places:
    """Folders that a worker reads (encoder, features) and writes (all else).

    Without `cache` the frozen parts' output stays in memory; `cache_bytes` is all it may take.
    """

    encoder: Path
    features: Path
    workspace: Path
    cache: Path | None = None  # where the frozen parts' output is kept on disk
    cache_bytes: int = 16 * GIB
    checkpoint_seconds: float | None = None  # None: as often as the loop does by itself
    archive: Path | None = None  # records that are found here are not made again
    keep_deltas: bool = False  # whether what each cell trained is kept beside its record

    @property
    def records(self) -> Path:
        return self.workspace / "records"

    def delta(self, planned: Planned) -> Path:
        return (self.workspace / "deltas" / planned.record).with_suffix(".safetensors")

    def lock(self, planned: Planned) -> Path:
        return self.workspace / "locks" / f"{planned.id}.lock"

    def checkpoint(self, planned: Planned) -> Path:
        return self.workspace / "checkpoints" / f"{planned.id}.checkpoint"

    def written(self, planned: Planned) -> tuple[Path, ...]:
        """All files that training a cell writes."""
        return (
            self.records / planned.record,
            self.checkpoint(planned),
            self.delta(planned),
            failure_path(self.workspace, planned),
        )
