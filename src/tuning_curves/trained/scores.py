"""How well a study's runs like this one do: the mean over seeds, as in its table of curves."""

from tuning_curves.analysis.comparisons import make_curves
from tuning_curves.analysis.runs import finished, make_runs, read_records_at_hand
from tuning_curves.analysis.selection import unite_subsets
from tuning_curves.study.grid import Study
from tuning_curves.study.job import training_identity
from tuning_curves.study.records import Record
from tuning_curves.tasks import make_task
from tuning_curves.trained.card import Interval
from tuning_curves.util.errors import UsageError


def scores_of_study(study: Study, record: Record) -> list[Interval]:
    """Each metric of the study's runs of a record's method, size, steps and learning rate.

    Raises:
        UsageError: the record is of another study.
        ResourceError: the study has no records.
        DataError: damaged ones.
    """
    wanted = training_identity(record.settings, record.run)
    like = [p for p in study.planned if training_identity(study.settings, p.run) == wanted]
    if not like:
        raise UsageError(
            f"{study.name} has no run that trains as the delta's does ({record.run.path}, of the "
            f"study {record.study})",
            fix="give the study that it was trained for",
        )
    task = make_task(study.config.task)
    runs = make_runs(*read_records_at_hand(study), task)
    frame, run = finished(runs.frame), like[0].run
    same = frame.loc[
        (frame["method"] == run.method)
        & (frame["n_train"] == run.n_train)
        & (frame["steps"] == run.steps)
        & (frame["learning_rate"] == run.learning_rate)
        & (frame["budget"] == like[0].budget)
    ]
    if same.empty:
        return []
    united, chosen = unite_subsets(runs, same)
    labels = {metric.name: metric.label for metric in task.metrics}
    return [
        Interval(
            metric=labels[row.metric],
            seeds=int(row.seeds),
            score=float(row.score),
            low=float(row.low),
            high=float(row.high),
        )
        for row in make_curves(united, chosen, study.config.analysis).itertuples()
    ]
