"""What the workflow asks of a study: which chunks, with which jobs, and from which records."""

import json
from pathlib import Path

from tuning_curves.study.grid import Chunk, Study
from tuning_curves.study.job import Job
from tuning_curves.study.paths import StudyPaths
from tuning_curves.study.records import RecordStore
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import canonical, sha256_of, write_text


class StudyWorkflow:
    """A study's chunks, jobs and records, as the rules ask for them."""

    def __init__(self, study: Study, root: Path = Path()) -> None:
        self.study = study
        self.paths = StudyPaths(study, root)
        self.store = RecordStore(study, root)
        self.chunks: dict[str, Chunk] = {chunk.id: chunk for chunk in study.chunks}

    def wanted_markers(self) -> list[str]:
        """Markers of the chunks in which a run has no archived record.

        A marker that claims records which are gone is removed first, so that the chunk runs again.
        """
        wanted = []
        for chunk in self.chunks.values():
            if all(self.store.archived(planned) for planned in chunk.runs):
                continue
            marker = self.paths.marker(chunk.id)
            if marker.exists() and any(self.store.find(p) is None for p in chunk.runs):
                marker.unlink()
            wanted.append(str(marker))
        return wanted

    def job(self, chunk: str) -> Job:
        """The chunk's job without its archived runs.

        Raises:
            UsageError: no chunk of the study, as it is now.
        """
        if chunk not in self.chunks:
            raise UsageError(
                f"{self.study.name} has no chunk {chunk} of runs: the study or a plug-in of it has "
                "changed since this workflow was started",
                fix="start the workflow again",
            )
        runs = [p for p in self.chunks[chunk].runs if not self.store.archived(p)]
        return self.study.job(tuple(runs))

    def job_file(self, chunk: str, *, write: bool) -> str:
        """The chunk's job as a file, written now unless it is there with this content.

        Whoever is about to run the chunk asks for it: the main process or, on a cluster, the
        node's own Snakemake, so that the file is there where it is read.

        Args:
            write: whether this process runs jobs; a dry run writes nothing.
        """
        path = self.paths.job(chunk)
        return _kept(path, self.job(chunk).dump()) if write else str(path)

    def job_sha256(self, chunk: str) -> str:
        """The hash of the chunk's job: with another one the chunk runs again."""
        return sha256_of(self.job(chunk).dump())

    def study_file(self, *, write: bool) -> str:
        """The checked study as a file, overridden keys and all, written as jobs are."""
        path = self.paths.study_file
        return _kept(path, canonical(self.study.config.to_json())) if write else str(path)

    @property
    def study_sha256(self) -> str:
        """The hash of the checked study; the order of its keys does not matter."""
        return sha256_of(self.study.config.to_json())

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
        results = self.paths.results
        if not results.numbers.exists():
            return ""
        numbers = json.loads(results.numbers.read_text("utf-8"))
        says = numbers["sentences"]
        found = [numbers["main_finding"], *says["decided"], *says["gains"][:1]]
        finding = "\n".join(found)
        return (
            f"\npaper    {results.paper}\nfigures  {results.figures}/\n"
            f"tables   {results.tables}/\n\n{finding}\n"
        )


def _kept(path: Path, line: str) -> str:
    """Make sure that a file holds this line and nothing else; returns its path."""
    text = line + "\n"
    if not path.exists() or path.read_bytes() != text.encode("utf-8"):
        write_text(path, text)
    return str(path)
