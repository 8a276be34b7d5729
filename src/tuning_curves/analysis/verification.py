"""A study that is run again, against the stored numbers of its first time (docs/verify.md).

Where the same kind of processor computes with the same libraries, every number of a record must
come out digit for digit. Elsewhere sums are taken in another order, which trainings amplify; there
losses, scores and changes of biases may differ by `BOUNDS`. Counts and identities may not differ
anywhere. Seconds and memory are not compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from tuning_curves.study.job import PlannedRun
from tuning_curves.study.records import Record
from tuning_curves.tasks.metrics import Metric
from tuning_curves.util.errors import DataError
from tuning_curves.util.files import sha256_of

DETERMINED = (  # of a record: what a run's settings and the arithmetic determine
    *["id", "status", "scores", "outcomes", "parameters", "biases", "losses", "validation_curve"],
)
FIX_RUN = "run `make verify`, which trains anew"
FIX_STORED = "run `make renew-verify`, and say in the commit why the numbers have changed"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """How far a number may lie from the stored one on another kind of processor.

    Attributes:
        most: the greatest difference; `relative` ones are fractions of the stored number.
    """

    most: float
    unit: str
    relative: bool = False

    def difference(self, found: float, stored: float) -> float:
        """How far apart two numbers are, in this bound's unit."""
        apart = abs(found - stored)
        return apart / abs(stored) if self.relative and apart else apart


# A hundred times what was measured between instruction sets; scores: a validation example
# (docs/verify.md).
BOUNDS = {
    "losses": Bound(most=1e-4, unit="nats"),
    "scores": Bound(most=1.0, unit="points"),
    "bias_change": Bound(most=2.5e-4, unit="of it", relative=True),
}


def kind_of(records: Mapping[str, Record], instructions: str) -> dict[str, Any]:
    """What decides whether numbers come out digit for digit.

    Args:
        instructions: the vector instructions that torch uses here (`util.provenance`).

    Raises:
        DataError: the records are of several kinds.
    """
    made = [record.provenance for record in records.values()]
    origins = {(m.device, m.threads, v) for m in made for v in m.versions.items()}
    versions = {name: version for _, _, (name, version) in origins if name != "python"}
    if len(origins) > len({name for _, _, (name, _) in origins}):
        raise DataError("the records were made on several kinds of machine", fix=FIX_RUN)
    return {
        "device": made[0].device,
        "instructions": instructions,
        "threads": made[0].threads,
        "versions": dict(sorted(versions.items())),  # a method may need one more library
    }


def words_of(kind: Mapping[str, Any]) -> str:
    """A kind of machine in a few words."""
    return f"{kind['device']} ({kind['instructions']}, torch {kind['versions'].get('torch')})"


def numbers_of(
    planned: list[PlannedRun], records: Mapping[str, Record], metric: Metric
) -> dict[str, dict[str, Any]]:
    """What is stored of each run, by its path; scores in percent, losses in nats.

    Raises:
        DataError: a run diverged: it has no scores to compare.
    """
    return {p.run.path: _numbers(records[p.id], metric) for p in planned}


def _numbers(record: Record, metric: Metric) -> dict[str, Any]:
    if record.scores is None:
        raise DataError(
            f"run {record.run.path} diverged: {record.failure}",
            fix="choose rates at which every run of the study finishes",
        )
    whole = asdict(record)
    moved = [c for layers in record.biases.change.values() for c in layers if c is not None]
    return {
        "id": record.id,
        "sha256": sha256_of({key: whole[key] for key in DETERMINED}),
        "parameters": whole["parameters"],
        "losses": [loss for _, loss in record.losses],
        "scores": [round(metric.percent(record.scores[s]), 6) for s in ("test", "validation")],
        "bias_change": [fmean(moved)] if moved else [],
    }


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What comparing found.

    Attributes:
        same_kind: whether every digit was to be the same.
        faults: one line for each number that is not what it must be.
        largest: by the name of a bound, the greatest difference, in the bound's unit.
    """

    same_kind: bool
    faults: tuple[str, ...]
    largest: Mapping[str, float]


def compare(
    stored: Mapping[str, Any], kind: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]
) -> Comparison:
    """Compare the numbers of runs (`numbers_of`) with a stored file's content.

    Raises:
        DataError: the stored numbers are of other runs.
    """
    known = stored["runs"]
    _check_runs(known, runs)
    same_kind = dict(kind) == stored["kind"]
    faults: list[str] = []
    largest = dict.fromkeys(BOUNDS, 0.0)
    for path, numbers in runs.items():
        before = known[path]
        if numbers["parameters"] != before["parameters"]:
            faults.append(f"{path}: other counts of parameters than stored")
        if same_kind and numbers["sha256"] != before["sha256"]:
            faults.append(f"{path}: not digit for digit what is stored for this processor")
        for name, apart in _differences(numbers, before):
            largest[name] = max(largest[name], apart)
            if not apart <= BOUNDS[name].most:
                faults.append(f"{path}: {_amount(name, apart)}")
    return Comparison(same_kind=same_kind, faults=tuple(faults), largest=largest)


def _check_runs(stored: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    ids, known = (
        {(path, numbers["id"]) for path, numbers in runs.items()} for runs in (found, stored)
    )
    if ids != known:
        path, _ = min(ids ^ known)
        raise DataError(
            f"the stored numbers are of other runs, {path} among them: the study or the engine's "
            "version has changed since they were stored",
            fix=FIX_STORED,
        )


def _differences(
    found: Mapping[str, Any], stored: Mapping[str, Any]
) -> Iterator[tuple[str, float]]:
    """The greatest difference for each bound; lists of other lengths are infinitely far apart."""
    for name, bound in BOUNDS.items():
        here, before = found[name], stored[name]
        if len(here) != len(before):
            yield name, float("inf")
        else:
            yield name, max(map(bound.difference, here, before), default=0.0)


def _amount(name: str, apart: float) -> str:
    bound = BOUNDS[name]
    return (
        f"{name.replace('_', ' ')}: {apart:.3g} {bound.unit} from what is stored, "
        f"expected {bound.most:g} at most"
    )


def largest_in_words(comparison: Comparison) -> str:
    """The greatest differences beside their bounds."""
    return "; ".join(
        f"{name.replace('_', ' ')} {apart:.2g} {BOUNDS[name].unit} (bound {BOUNDS[name].most:g})"
        for name, apart in comparison.largest.items()
    )
