"""numbers.json: every number and every sentence of the paper that depends on results.

The paper's source holds no result. What it says about them is looked up here, so that the text is
right for any study: one seed, no crossover, a method that is missing.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from tuning_curves.analysis.tables import Tables, of_metric
from tuning_curves.methods.registry import describe
from tuning_curves.report import prose, style, wording
from tuning_curves.report.answer import answer_sentences
from tuning_curves.report.changes import change_sentences
from tuning_curves.report.figures.panels import budget_words, partial_budgets
from tuning_curves.report.gains import equal_steps_sentences, gain_sentences
from tuning_curves.report.labels import label_sentence, limits_sentence
from tuning_curves.report.plateau import plateau_sentences
from tuning_curves.report.synthesis.recommendation import recommend, take_sentences
from tuning_curves.report.synthesis.results import StudyResults
from tuning_curves.study.config import MethodEntry, StudyConfig
from tuning_curves.tasks import make_task
from tuning_curves.tasks.metrics import Mean


def make_numbers(tables: Tables, study: StudyConfig, reference: Path) -> dict[str, Any]:
    """What the prose needs, as text.

    Args:
        reference: the paper's Figure 2, read off its image.
    """
    trained, waiting = with_and_without_runs(tables, study)
    made: dict[str, Any] = {
        "study": study.study,
        "title": study.title,
        "scale": study.scale,
        "encoder": study.encoder.name,
        "data": study.data.name,
        "confidence": study.analysis.confidence,
        "scale_words": prose.scale_words(tables),
        "main_finding": prose.main_finding(tables, study),
        "sentences": _sentences(tables, study, trained),
        "facts": _facts(tables, study, trained.all_sizes),
        "task": _task(study),
        "budgets": [[name, budget_words(study, name)] for name in trained.budget_names],
        "partial": [name for name in partial_budgets(study) if name in trained.budget_names],
        "methods": _methods(tables, trained),
        "waiting": waiting,
        "method_deviations": _deviations(trained),
        "claims": prose.claim_groups(tables, study),
        "claim_kinds": prose.claim_kinds(tables),
        "published_figure": published_figure(pd.read_csv(reference)),
    }
    results = StudyResults(made, tables)
    made["sentences"]["take"] = list(take_sentences(results, recommend([results])))
    return made


def with_and_without_runs(tables: Tables, study: StudyConfig) -> tuple[StudyConfig, list[str]]:
    """The study as far as its methods, sizes and budgets have runs, and those that have none.

    A paper speaks of what was trained. Before the first run it shows the study as it is planned.
    """
    curves = tables["curves"]
    run = curves[curves["score"].notna() | (curves["failed"] > 0)]
    if run.empty:
        return study, []
    names, sizes, budgets = (set(run[key]) for key in ("method", "n_train", "budget"))

    def left(asked: Sequence[Any] | None, known: set[Any]) -> tuple[Any, ...] | None:
        return None if asked is None else tuple(one for one in asked if one in known)

    methods = [method for method in study.methods if method.name in names]
    trained = study.model_copy(
        update={
            "methods": tuple(
                method.model_copy(
                    update={
                        "sizes": left(method.sizes, sizes),
                        "budgets": left(method.budgets, budgets),
                    }
                )
                for method in methods
            ),
            "sizes": left(study.sizes, sizes),
            "budgets": tuple(budget for budget in study.budgets if budget.name in budgets),
        }
    )
    waiting = [style.label(name) for name in style.ordered(study.method_names) if name not in names]
    if without := [n for n in study.all_sizes if n not in sizes]:
        listed = wording.join(wording.whole(n) for n in without)
        waiting.append(f"{listed} {make_task(study.task).nouns.examples}")
    waiting += [f"the budget {name}" for name in study.budget_names if name not in budgets]
    return trained, waiting


def _deviations(study: StudyConfig) -> list[list[str]]:
    """Methods and where they depart from their sources; methods that depart alike share a row."""
    named: dict[str, list[str]] = {}
    for name in style.ordered(study.method_names):
        text = describe(name).deviations
        if text:
            named.setdefault(text, []).append(style.label(name))
    return [[wording.join(labels), text] for text, labels in named.items()]


def _sentences(tables: Tables, study: StudyConfig, trained: StudyConfig) -> dict[str, Any]:
    return {
        "answer": answer_sentences(tables, study),
        "changes": change_sentences(tables, study),
        "decided": prose.decided_sentences(tables, study),
        "best": prose.best_sentences(tables, study),
        "gains": gain_sentences(tables, study),
        "equal_steps": equal_steps_sentences(tables, study),
        "plateau": plateau_sentences(tables),
        "verdicts": prose.count_sentence(tables, study.scale),
        "seeds": prose.seeds(tables, study),
        "gaps": prose.gaps(tables, study),
        "failures": prose.failures(tables, study),
        "coinciding": prose.coinciding(study),
        "limits": prose.limits(trained),
        "edges": prose.edges(tables),
        "labels": label_sentence(tables, study),
        "ceiling": limits_sentence(tables, study),
    }


def _task(study: StudyConfig) -> dict[str, Any]:
    """The task's words: what examples and groups are called, and its metrics."""
    task = make_task(study.task)
    return {
        "name": study.task["name"],
        **asdict(task.nouns),
        "metric": task.metric.label,
        "metric_name": task.metric.name,
        "metrics": [metric.label for metric in task.metrics],
        "means": all(isinstance(metric, Mean) for metric in task.metrics),
        "papers_data": study.data.source != "generated" and study.data.name in task.published_data,
    }


def _facts(tables: Tables, study: StudyConfig, sizes: list[int]) -> dict[str, str]:
    return {
        "level": wording.percent_level(study.analysis.confidence),
        "least_size": wording.whole(sizes[0]),
        "greatest_size": wording.whole(sizes[-1]),
        "sizes": wording.join(wording.whole(n) for n in sizes),
        "runs": wording.whole(prose.count_runs(tables, study)),
        "epsilon": wording.rate(study.training.adam_epsilon),
        "warmup": f"{100 * study.training.warmup:g}",
        "draws": wording.whole(study.analysis.n_bootstrap),
    }


def _methods(tables: Tables, study: StudyConfig) -> list[dict[str, str]]:
    """One row per method of the study, in the order of the tables: label, counts, rates, seeds."""
    counts = tables["counts"].set_index("method")
    tried = tables["learning_rates"]
    tried = tried[tried["seeds"] + tried["diverged"] > 0]
    curves = of_metric(tables["curves"], make_task(study.task).metric.name)
    rows = []
    for name in style.ordered(study.method_names):
        method = study.method(name)
        row = counts.loc[name] if name in counts.index else None
        rows.append({
            "name": name,
            "label": style.label(name),
            "trained": wording.NOTHING if row is None
            else wording.whole(row["trainable_backbone"] + row["trainable_added"]),
            "share": wording.NOTHING if row is None else wording.percent(row["share"]),
            "rates": _rates(method, study.budgets_of(method), tried),
            "seeds": _seeds(curves.loc[curves["method"] == name, "seeds"]),
        })  # fmt: skip
    return rows


def _rates(method: MethodEntry, budgets: Sequence[str], tried: pd.DataFrame) -> str:
    """The learning rates that have runs under these budgets; by budget where they differ.

    Before the first run, those that are planned.
    """
    own = tried[tried["method"] == method.name]
    known = {name: {*own.loc[own["budget"] == name, "learning_rate"]} for name in budgets}
    if own.empty:
        known = {name: {*method.rates_of(name)} for name in budgets}
    said = {
        name: ", ".join(map(wording.rate, sorted(rates))) for name, rates in known.items() if rates
    }
    if len({*said.values()}) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {rates}" for name, rates in said.items())


def _seeds(counts: pd.Series) -> str:
    """`3`, `1 to 3`: on how many seeds a method's points rest; a dash before the first run."""
    run = counts[counts > 0]
    return wording.NOTHING if run.empty else wording.span(run)


def published_figure(paper: pd.DataFrame) -> dict[str, str]:
    """What the image of the paper's Figure 2 shows, in numbers that were read off it.

    Args:
        paper: columns n_train, method, score, reading_error, source.
    """
    scores = paper.pivot(index="n_train", columns="method", values="score")
    gap = scores["bitfit"] - scores["full"]
    above, below = gap.index[gap > 0], gap.index[gap < 0]
    errors = paper["reading_error"]
    smallest = scores.index[0]
    return {
        "sizes": wording.whole(len(gap)),
        "least_size": wording.whole(smallest),
        "greatest_size": wording.whole(scores.index[-1]),
        "last_above": wording.whole(above.max()),
        "first_below": wording.whole(below.min()),
        "gap_least_size": wording.difference(gap.iloc[0]),
        "gap_greatest_size": wording.difference(gap.iloc[-1]),
        "full_least_size": wording.points(scores["full"].iloc[0]),
        "full_greatest_size": wording.points(scores["full"].iloc[-1]),
        "reading_error": f"{wording.points(errors.min())} to {wording.points(errors.max())}",
    }
