"""What `tuning-curves new` finds out: of the encoder, of the files and of the machine."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.util.errors import UsageError, plural
from tuning_curves.util.log import say

if TYPE_CHECKING:
    from tuning_curves.study.facts import DataFacts, EncoderFacts, Given, Machine
    from tuning_curves.study.propose import Proposal
    from tuning_curves.tasks.base import Task
    from tuning_curves.tasks.dataset import Dataset

CPU_FLOPS, GPU_FLOPS = 45e9, 5e12  # a core of an EPYC in float32 (docs/costs.md); a guess
SAMPLE = 500  # texts whose tokens are counted
MUCH_LOAD = 0.75  # of the cores: what is timed then is not what the machine can do alone
CHARACTERS = 4  # of a token, about, in English
QUESTION = 15  # tokens of a question, about


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for.

    Attributes:
        columns: by the task's field, the column that a person named.
        ask: from a question to a person's answer, empty for none; None where nobody can be asked.
    """

    name: str
    task: "type[Task]"
    train: str
    test: str | None
    columns: dict[str, str]
    hours: float
    ask: Callable[[str], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """What is known of the encoder.

    Attributes:
        tokenizer_of: the folder of its files, if they are here.
        fetched: whether that is the folder of a fetched encoder.
    """

    facts: "EncoderFacts"
    tokenizer_of: Path | None
    fetched: bool


def encoder_named(named: str | None) -> Encoder:
    """The encoder of a name or a folder.

    Raises:
        UsageError: neither, or an encoder that is not covered.
        ResourceError, DataError: a folder without a whole checkpoint.
    """
    from tuning_curves.encoders.known import DEFAULT, KNOWN

    name = named or DEFAULT
    if name in KNOWN:
        return _known(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _of_folder(name, folder)
    raise UsageError(
        f"--encoder is {name!r}, expected a checkpoint's folder or one of {', '.join(KNOWN)}",
        fix="download the encoder into a folder (config.json, model.safetensors, tokenizer.json) "
        "and name that",
    )


def _known(name: str) -> Encoder:
    from tuning_curves.encoders.known import KNOWN
    from tuning_curves.encoders.section import AnyEncoder
    from tuning_curves.methods.counting import published_shape
    from tuning_curves.study.facts import EncoderFacts
    from tuning_curves.study.paths import encoder_folder
    from tuning_curves.util.files import MANIFEST
    from tuning_curves.util.validation import validate

    known = KNOWN[name]
    kind: Any = AnyEncoder
    section = validate(kind, known.section, "the encoder", "the section encoder", "")
    folder = encoder_folder(section)
    facts = EncoderFacts(
        section=known.section,
        shape=published_shape(known.shape),
        positions=known.positions,
        pooling=known.pooling,
    )
    here = (folder / MANIFEST).is_file()
    return Encoder(facts=facts, tokenizer_of=folder if here else None, fetched=here)


def _of_folder(name: str, folder: Path) -> Encoder:
    from tuning_curves.encoders.architecture import read_architecture
    from tuning_curves.encoders.verify import check_checkpoint, check_complete
    from tuning_curves.study.facts import EncoderFacts

    check_complete(folder, [path.name for path in folder.iterdir()], str(folder))
    check_checkpoint(folder)
    family, stated = read_architecture(folder / "config.json")
    called = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")[:100]
    pooling = ("first", "the first token stands for the text, as in Devlin et al. 2019")
    if (folder / "1_Pooling").is_dir():
        pooling = ("mean", "the folder's 1_Pooling: it was trained to be averaged")
    facts = EncoderFacts(
        section={"name": called or "encoder", "source": "path", "path": name},
        shape=family.shape(stated),
        positions=family.setting(stated, "positions") - family.first_position(stated),
        pooling=pooling,
    )
    return Encoder(facts=facts, tokenizer_of=folder, fetched=False)


def propose_for(asked: Asked, encoder: Encoder) -> "tuple[Proposal, Machine]":
    """The study, from what the files and a few steps tell."""
    from tuning_curves.data.fetch_data import check_together
    from tuning_curves.data.parts import read_parts
    from tuning_curves.data.section import PathData
    from tuning_curves.data.subsets import split_pools
    from tuning_curves.study.facts import Given
    from tuning_curves.study.propose import propose
    from tuning_curves.study.sections import data_section, split_file, task_section
    from tuning_curves.tasks import make_task

    facts = _facts(asked, encoder)
    splits = split_file(facts)
    section = PathData(**data_section(facts, splits))
    task = make_task(task_section(facts.task, facts.labels, encoder.facts)[0])
    parts = read_parts(task, section)
    for line in check_together(task, section, parts):
        say(line)
    facts = replace(facts, repeats=parts.told["train"].total())
    pool, held = split_pools(parts.data["train"].group_sizes, section.held_out_examples)
    given = Given(
        data=facts,
        encoder=encoder.facts,
        machine=_reckoned(),
        splits=splits,
        parts={"train": len(pool), "validation": len(held), "test": len(parts.data["test"])},
    )
    if encoder.tokenizer_of is not None:
        given = replace(given, machine=_timed(given, encoder, parts.data))
    return propose(given, asked.hours), given.machine


def _facts(asked: Asked, encoder: Encoder) -> "DataFacts":
    """What the files tell."""
    from tuning_curves.data.look import OF_WORDS, content_of, in_order
    from tuning_curves.study.facts import DataFacts
    from tuning_curves.study.sections import task_section
    from tuning_curves.tasks import make_task

    content = content_of(Path(asked.train))
    form = _format(asked, content)
    contents = {asked.train: content}
    if asked.test is not None:
        contents[asked.test] = content_of(Path(asked.test))
    counts = _labels(asked, form, contents)
    labels = {label: counts[label] for label in in_order(counts)}
    task = make_task(task_section(asked.task.name, labels, encoder.facts)[0])
    data = {name: _read(task, form, name, content) for name, content in contents.items()}
    if form is not None and form["kind"] in OF_WORDS and _few_documents(data[asked.train]):
        form |= {"documents": False}
        data = {name: _read(task, form, name, content) for name, content in contents.items()}
    train = data[asked.train]
    return DataFacts(
        name=asked.name,
        task=asked.task.name,
        train=asked.train,
        test=asked.test,
        format=form,
        group_sizes=train.group_sizes,
        grouped=any(train.group_names),
        test_examples=None if asked.test is None else len(data[asked.test]),
        labels=labels,
        **_reading(_sample(train), encoder, asked.task.name),
    )


def _few_documents(train: "Dataset") -> bool:
    """Whether a file is of one or two documents: its sentences are then groups of their own."""
    from tuning_curves.data.subsets import LEAST_GROUPS

    few = len(train.group_sizes) < LEAST_GROUPS < len(train)
    if few:
        say(f"{plural(len(train.group_sizes), 'document')} cannot be divided: sentences are")
    return few


def _format(asked: Asked, content: bytes) -> dict[str, Any] | None:
    """The file's format; in a terminal columns that nobody has named are asked for."""
    from tuning_curves.data.look import Missing, guess_format

    columns, ask = dict(asked.columns), asked.ask
    while True:
        try:
            form = guess_format(asked.task, asked.train, content, columns)
        except Missing as error:
            question = f"Column for {error.field} ({', '.join(error.there)})"
            answer = "" if ask is None else ask(question)
            if not answer:
                raise
            columns[error.field] = answer
        else:
            break
    if ask is None or form is None or "header" not in form or "group" in columns:
        return form
    group = ask("Column of what belongs together, such as an author [none]")
    return guess_format(
        asked.task, asked.train, content, columns | ({"group": group} if group else {})
    )


def _rows(asked_task: Any, form: Mapping[str, Any], name: str, content: bytes) -> Any:
    from tuning_curves.data.formats import AnyFormat
    from tuning_curves.data.readers import read_rows
    from tuning_curves.util.validation import validate

    kind: Any = AnyFormat
    checked = validate(kind, form, name, "the format", "config/README.md explains data.format")
    return read_rows(content, name, checked, asked_task.fields, "train")


def _labels(
    asked: Asked, form: Mapping[str, Any] | None, contents: Mapping[str, bytes]
) -> dict[str, int]:
    """How often each label occurs in all files; those of the training file must be labels."""
    from tuning_curves.data.look import check_labels, count_labels

    names = {field.name for field in asked.task.fields}
    if form is None or not names & {"label", "labels"}:
        return {}
    column = str(form.get("labels") or form["columns"]["label" if "label" in names else "labels"])
    counts = {
        name: count_labels(_rows(asked.task, form, name, content), name)
        for name, content in contents.items()
    }
    check_labels(counts[asked.train], asked.train, f"column {column}")
    total = sum(counts.values(), start=type(counts[asked.train])())
    return dict(total)


def _read(task: "Task", form: Mapping[str, Any] | None, name: str, content: bytes) -> "Dataset":
    from tuning_curves.util.files import parse_json

    if form is None:
        return task.parse(parse_json(content, name, what="the data"), name)
    return task.read_rows(_rows(task, form, name, content), name)


def _sample(train: "Dataset") -> list[str]:
    texts = [text for text, _ in train.texts()]
    return texts[:: max(1, len(texts) // SAMPLE)]


def _reading(texts: list[str], encoder: Encoder, task: str) -> dict[str, Any]:
    """What the encoder makes of texts: `tokens`, `counted`, `per_word`, `unknown` of `DataFacts`.

    A question has its passage. Where the encoder's tokenizer is not here, tokens are guessed.
    """
    import numpy as np

    from tuning_curves.study.facts import QA
    from tuning_curves.tasks.ceiling import unknown_token
    from tuning_curves.tasks.question_answering.metric import UNSPACED
    from tuning_curves.tasks.windows import open_tokenizer

    asked = QUESTION if task == QA else 0
    if encoder.tokenizer_of is None:
        guessed = np.array([len(text) // CHARACTERS + 2 for text in texts])
        return {"tokens": guessed + asked, "counted": False}
    tokenizer = open_tokenizer(encoder.tokenizer_of)
    read = [one.ids for one in tokenizer.encode_batch(texts, add_special_tokens=False)]
    lengths = np.array([len(ids) for ids in read])
    unknown = unknown_token(tokenizer)
    lost = sum(ids.count(unknown) for ids in read) if unknown is not None else 0
    unspaced = sum(UNSPACED.search(text) is not None for text in texts) > len(texts) / 2
    words = sum(len(text.split()) for text in texts)
    return {
        "tokens": lengths + tokenizer.num_special_tokens_to_add(is_pair=False) + asked,
        "counted": True,
        "per_word": None if unspaced else lengths.sum() / words,
        "unknown": lost / max(lengths.sum(), 1),
    }


def _reckoned() -> "Machine":
    """What such machines do, without a look at this one."""
    from tuning_curves.study.facts import Machine
    from tuning_curves.training.devices import choose_device, processes

    device = choose_device("auto").type
    flops = GPU_FLOPS if device == "cuda" else CPU_FLOPS
    how = (
        f"reckoned from the encoder's size at {flops / 1e9:,.0f} GFLOP/s a process: it is not here "
        "to be timed"
    )
    return Machine(workers=processes(device), device=device, flops=flops, how=how)


def _timed(given: "Given", encoder: Encoder, data: "Mapping[str, Dataset]") -> "Machine":
    """How fast this machine trains, from a few steps."""
    from tuning_curves.commands.pace import STEPS, measure
    from tuning_curves.study.propose import propose

    say(f"timing {STEPS} steps of {given.encoder.section['name']} on this machine")
    draft = propose(given, hours=0)
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    flops = measure(draft.config, data, encoder.tokenizer_of if encoder.fetched else None)
    how = f"timed in {STEPS} steps here: {flops / 1e9:,.1f} GFLOP/s a process"
    if load > MUCH_LOAD * cores:
        how += (
            f", beside other work (a load of {load:.0f} on {cores} cores), which counts against it"
        )
    return replace(given.machine, flops=flops, how=how)
