"""What the data are like: labels, what the most frequent one would score, what limits scores."""

import pandas as pd

from tuning_curves.analysis.runs import Runs
from tuning_curves.analysis.statistics import PERCENT
from tuning_curves.study.paths import StudyPaths
from tuning_curves.tasks.ceiling import Limit, Limits, limits_from_json, limits_to_json
from tuning_curves.util.files import MANIFEST, read_json, write_json


def count_labels(runs: Runs) -> pd.DataFrame:
    """One row per label of the test part, in the task's order; none where there are no labels."""
    total = sum(runs.labels.values())
    rows = [
        {"label": label, "examples": count, "share": count / total}
        for label, count in runs.labels.items()
    ]
    return pd.DataFrame(rows)


def list_baseline(runs: Runs) -> pd.DataFrame:
    """One row per metric, in percent; none where the task has no baseline."""
    rows = [{"metric": name, "score": PERCENT * value} for name, value in runs.baseline.items()]
    return pd.DataFrame(rows)


def list_limits(limits: Limits) -> pd.DataFrame:
    """One row per limit of either part; `ceiling` is what it leaves of a metric, in percent."""
    rows = [
        {
            "part": split,
            "name": limit.name,
            "number": limit.count,
            "total": limit.total,
            "share": limit.share,
            "metric": limit.metric,
            "ceiling": PERCENT * (1 - limit.share) if limit.metric else None,
        }
        for split, found in limits.items()
        for limit in found
    ]
    return pd.DataFrame(rows)


def limits_of(table: pd.DataFrame, part: str) -> list[Limit]:
    """The limits of a part, from the table that `list_limits` made."""
    rows = table.loc[table["part"] == part].itertuples()
    return [
        Limit(name=str(r.name), count=int(r.number), total=int(r.total), metric=str(r.metric))
        for r in rows
    ]


def read_limits(paths: StudyPaths) -> Limits:
    """What limits a study's scores: as archived, else as its windows on this machine have it.

    Empty where neither is there, or where windows were made before their manifest said so.
    """
    archived, manifest = paths.results.limits, paths.windows / MANIFEST
    if archived.is_file():
        stated = read_json(archived, what="the archived limits")
        if stated["windows_sha256"] == paths.windows_sha256:
            return limits_from_json(stated["limits"])
    if not manifest.is_file():
        return {}
    stated = read_json(manifest, what="the windows' manifest")
    return limits_from_json(stated.get("limits", {}))


def archive_limits(paths: StudyPaths) -> None:
    """Keep what limits the study's scores beside its archived records, where it is known."""
    limits = read_limits(paths)
    if limits:
        value = {"windows_sha256": paths.windows_sha256, "limits": limits_to_json(limits)}
        write_json(paths.results.limits, value)
