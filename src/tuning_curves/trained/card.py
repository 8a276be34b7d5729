"""A model card: what a model is for, what it was trained on, how well it does, what may be done.

Numbers are the run's own record's and, where its study is given, those of all its seeds with their
interval, as in the study's table of curves. Licences are stated where they are known, and are said
to be unknown elsewhere.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuning_curves import __version__
from tuning_curves.encoders.known import KNOWN
from tuning_curves.methods.registry import describe
from tuning_curves.study.job import training_identity
from tuning_curves.study.records import Record
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Task
from tuning_curves.util.errors import plural

SHOWN = 40  # labels that a card names
LICENCES_OF_DATA = {  # as docs/licences.md has them, by the sha256 of the training part's content
    "4b4bfdd38e776fbf252806f19a8aabd45b0a6decd68e117fa2162f8753b1895e": "MIT",
    "f66842c37f690d17ceb2bf18affe42e6ff8f50fd5f06bd2388c789c7b38a694c": "MIT",
    "ae540f87fd1d77a8a403133c918084ae19f66ee785227c30fb627ef30886348b": "CC BY-SA 4.0",
    "5ecb3fcc4fb5ef05689e9722f4f56aab2a0a92b9a02fc08893d272f284cd8b61": (
        "not stated; sentences are quoted from publications, for research"
    ),
    "76c42776e1d0add1b710734e5b6417288bedee2aaa6e15bac9e7a50eb9e2f58e": "CC BY 4.0",
    "3cbfdf294439fa9a6a4b37a2cac387c2f9c49c0468f7059c1cb83a2a7de6c8d6": "CC BY-SA 4.0",
    "b26bac4b1c79a5f144d6d657e0e0db2c223479e262f313688850c808a2d0f5c1": "CC BY 4.0",
}
UNKNOWN = "unknown to this package: look it up before you pass the model on"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A metric's mean over a study's seeds, in percent; NaN ends where there is no interval."""

    metric: str
    seeds: int
    score: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What a card says besides what the record knows.

    Attributes:
        intervals: of the study's seeds at this method, size and rate; none without a study.
        confidence: their level.
        encoder_licence, data_licence: as a person states them; None where they do not.
    """

    intervals: Sequence[Interval] = ()
    confidence: float | None = None
    encoder_licence: str | None = None
    data_licence: str | None = None


def make_card(record: Record, form: str, code: str, facts: CardFacts) -> str:
    """The card of an exported model, in Markdown.

    Args:
        form: the format, which is its library's name.
        code: the snippet that loads it.
    """
    task = make_task(record.settings.task)
    label = describe(record.run.method).label
    settings = record.settings
    head = {
        "library_name": form,
        "pipeline_tag": task.name,
        "tags": ["tuning-curves", record.run.method],
    }
    title = f"{settings.encoder.name} for {task.name} on {settings.data.name}, tuned by {label}"
    parts = [
        *("---", *(f"{key}: {json.dumps(value)}" for key, value in head.items()), "---", ""),
        *(f"# {_line(title)}", "", *_about(record, task), ""),
        *("## Scores", "", *_scores(record, task, facts), ""),
        *("## Use", "", USE[form], "", "```python", code.rstrip(), "```", ""),
        *("## Licences", "", *_licences(record, facts), ""),
    ]
    return "\n".join(parts)


USE = {
    "transformers": "`my-model` is this folder.",
    "peft": "`my-model` is this folder, `encoder` the untouched encoder's.",
    "adapters": "`my-model` is this folder, `encoder` the untouched encoder's. The library "
    "`adapters` wants a `transformers` of its own version: give it an environment of its own.",
}


def _line(text: str) -> str:
    """Somebody's words on one line, with nothing that Markdown's tables end at."""
    return " ".join(text.split()).replace("|", "\\|")


def _about(record: Record, task: Task) -> list[str]:
    run, settings, entry = record.run, record.settings, describe(record.run.method)
    training, pins = settings.training, settings.data.pin
    known = pins if isinstance(pins, Mapping) else {"content": pins}
    content = ", ".join(f"{split} `{pin}`" for split, pin in known.items())
    parameters = record.parameters
    rows = {
        "task": f"{task.name}{_labels(task)}",
        "encoder": f"{settings.encoder.name}; sha256 of its weights `{settings.encoder.pin}`",
        "data": f"{settings.data.name}: {run.n_train:,} training {task.nouns.examples}; sha256 of "
        f"its content: {content}",
        "method": f"{entry.label} (`{run.method}`): {entry.equation}",
        "trained": f"{parameters.backbone + parameters.added + parameters.head:,} of "
        f"{parameters.total:,} parameters, {parameters.head:,} of them the head's",
        "training": f"{run.steps:,} steps of {training.batch_size}, learning rate "
        f"{run.learning_rate:g}, schedule {training.schedule}, warm-up {training.warmup:g}, weight "
        f"decay {training.weight_decay:g}, {training.precision}; seeds: subset "
        f"{run.subset_seed}, initialisation {run.init_seed}",
        "windows": f"{settings.windows.max_length} tokens"
        + (f", sharing {settings.windows.stride}" if settings.windows.stride else ""),
        "study": f"`{record.study}`, run `{record.id}`, training "
        f"`{training_identity(settings, run)}`, tuning-curves {__version__}",
    }
    return ["| | |", "|---|---|", *(f"| {key} | {_line(value)} |" for key, value in rows.items())]


def _labels(task: Task) -> str:
    labels = getattr(task, "labels", ())
    if not labels:
        return ""
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return f", {len(labels)} labels: {', '.join(labels[:SHOWN])}{more}"


def _scores(record: Record, task: Task, facts: CardFacts) -> list[str]:
    lines = []
    for split, score in (record.scores or {}).items():
        told = ", ".join(f"{m.label} {m.percent(score):.2f} %" for m in task.metrics)
        some = f"{score['total']:,} {task.nouns.examples} of the {split} part"
        lines.append(f"- This model on {some}: {told}.")
    for one in facts.intervals:
        over = f"mean over the study's {plural(one.seeds, 'seed')}"
        told = f"- {one.metric} on the test part, {over}: {one.score:.2f} %"
        if one.low == one.low and facts.confidence is not None:  # a number: there is an interval
            told += f" ({100 * facts.confidence:g} % interval {one.low:.2f} to {one.high:.2f})"
        lines.append(f"{told}.")
    if not facts.intervals:
        lines.append("- One training: how much another seed would change is not known here.")
    chosen = "The validation part chose learning rates" if record.scores else "It has no scores"
    return [*lines, "", f"{chosen}. Probabilities were not calibrated."]


def _licences(record: Record, facts: CardFacts) -> list[str]:
    encoder = record.settings.encoder
    known = {one.pin: one.licence for one in KNOWN.values()}
    of_encoder = facts.encoder_licence or known.get(encoder.pin) or UNKNOWN
    pins = record.settings.data.pin
    train = pins.get("train") if isinstance(pins, Mapping) else None
    of_data = facts.data_licence or LICENCES_OF_DATA.get(str(train)) or UNKNOWN
    return [
        f"- The encoder ({_line(encoder.name)}): {_line(of_encoder)}.",
        f"- The data ({_line(record.settings.data.name)}): {_line(of_data)}.",
        "- A model made of both is bound by both; this package states no licence for it.",
    ]
