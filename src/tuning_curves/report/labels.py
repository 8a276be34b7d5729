"""The sentences on the test part: its labels, the baseline, and what no method can reach."""

import pandas as pd

from tuning_curves.analysis.labels import limits_of
from tuning_curves.analysis.tables import Tables, of_metric
from tuning_curves.report import wording
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import make_task
from tuning_curves.tasks.ceiling import ceiling_sentences

FEW = 6  # so many labels are counted one by one


def label_sentence(tables: Tables, study: StudyConfig) -> str:
    """Which labels the test part has, and what the most frequent one would score.

    "" where examples have no label each.
    """
    task, counts = make_task(study.task), tables["labels"]
    if counts.empty:
        return ""
    total = wording.plural(int(counts["examples"].sum()), task.nouns.example, task.nouns.examples)
    baseline = of_metric(tables["baseline"], task.metric.name)
    scored = ""
    if not baseline.empty:
        score = wording.points(baseline["score"].iloc[0])
        scored = f"; predicting it always would score {score} % {task.metric.label}"
    return f"The test set has {total} with {_counted(counts)}{scored}."


def limits_sentence(tables: Tables, study: StudyConfig) -> str:
    """What keeps scores down whatever is trained; "" where nothing does, or nothing is known."""
    labels = {metric.name: metric.label for metric in make_task(study.task).metrics}
    return " ".join(ceiling_sentences(limits_of(tables["limits"], "test"), labels))


def _counted(counts: pd.DataFrame) -> str:
    """`2 labels, bad (428) and good (444), of which good is the most frequent`."""
    most = counts.loc[counts["examples"].idxmax()]
    number = wording.plural(len(counts), "label")
    if len(counts) > FEW:
        most_often = wording.whole(most["examples"])
        return f"{number}, of which {most['label']} is the most frequent ({most_often})"
    each = wording.join(
        f"{row.label} ({wording.whole(row.examples)})" for row in counts.itertuples()
    )
    return f"{number}, {each}, of which {most['label']} is the most frequent"
