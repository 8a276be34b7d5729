"""A study: one YAML file, checked, as a typed object.

Checking happens before anything runs: each key by its type first, then what only shows across keys
(unknown methods, sizes beyond the generated data, a contrast of a method that is not there). Every
key is required unless it may be None here (a study hides no default), or is newer than archived
records and stands in `DEFAULTS`. config/README.md explains each key.
"""

import contextlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Strict, Tag

from tuning_curves.data.check import check_data
from tuning_curves.data.section import (
    AnyData,
    Content,
    GeneratedData,
    HubData,
    PathData,
)
from tuning_curves.encoders.section import READ_FILES, AnyEncoder, PathEncoder
from tuning_curves.methods.plugins import MOST, Plugin, read_plugin, register_plugin
from tuning_curves.methods.registry import parse_name, plugin_sha256
from tuning_curves.study.grid import Study
from tuning_curves.study.job import DEFAULTS
from tuning_curves.tasks import make_task
from tuning_curves.tasks.base import Task
from tuning_curves.util.errors import ResourceError, UsageError, plural
from tuning_curves.util.files import read_json, sha256_of_file
from tuning_curves.util.validation import ONCE, LocalPath, Section, expected, validate
from tuning_curves.util.yaml_files import read_yaml

MOST_RUNS = 1_000_000
FIX_KEYS = "config/README.md explains every key"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TEXT_KEYS = {
    "study", "title", "name", "path", "folder", "train", "test", "revision", "weights_sha256",
    "configuration", "exclude", "file", "inside", "package", "sha256", "url",
    "text", "text_pair", "label", "labels", "words", "group", "plugins",
}  # fmt: skip

LIST = Strict(False)  # YAML's lists become tuples
Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
AboveZero = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=1, le=1_000_000_000)]
SeedNumber = Annotated[int, Field(ge=0, le=4_294_967_295)]  # 32 bits: what every generator takes
Rate = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Sizes = Annotated[tuple[Size, ...], LIST, Field(min_length=1), ONCE]
Names = Annotated[tuple[str, ...], LIST, Field(min_length=1), ONCE]


def _integer_or(other: Callable[[Any], bool], what: str) -> BeforeValidator:
    """An integer, or what `other` takes: told as `what` where it is neither."""

    def check(value: Any) -> Any:
        if type(value) is int or other(value):
            return value
        raise expected(what)

    return BeforeValidator(check)


Count = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Positive, Tag("count")],
    Discriminator(lambda value: "all" if value == "all" else "count"),
    _integer_or(lambda value: value == "all", "all or integer"),
]


class SeedPair(Section):
    """A seed of the subset of examples, and one of the head's start and the order of batches."""

    subset: SeedNumber
    init: SeedNumber


Seed = Annotated[
    Annotated[SeedNumber, Tag("number")] | Annotated[SeedPair, Tag("pair")],
    Discriminator(lambda value: "number" if isinstance(value, int) else "pair"),
    _integer_or(lambda value: isinstance(value, dict), "integer or object"),
]
Seeds = Annotated[tuple[Seed, ...], LIST, Field(min_length=1), ONCE]


class Windows(Section):
    """How texts are cut into what the encoder reads."""

    max_length: Annotated[int, Field(ge=8, le=4096)]
    stride: Positive | None = None


def _list_or_mapping(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return value
    raise expected("array or object")


Rates = Annotated[tuple[Rate, ...], LIST, Field(min_length=1), ONCE]
RatesByBudget = Annotated[dict[Name, Rates], Field(min_length=1)]
AnyRates = Annotated[
    Annotated[Rates, Tag("list")] | Annotated[RatesByBudget, Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict) else "list"),
    BeforeValidator(_list_or_mapping),
]


class MethodEntry(Section):
    """A method with its learning rates; its own sizes, seeds or budgets instead of the study's."""

    name: str
    learning_rates: AnyRates
    sizes: Sizes | None = None
    seeds: Seeds | None = None
    budgets: Names | None = None

    def rates_of(self, budget: str) -> tuple[float, ...]:
        """The learning rates that are tried under a budget."""
        rates = self.learning_rates
        return rates[budget] if isinstance(rates, dict) else rates

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates that are tried under any budget."""
        found = self.learning_rates
        if not isinstance(found, dict):
            return found
        return tuple(dict.fromkeys(rate for listed in found.values() for rate in listed))


class PluginFile(Section):
    """A file that defines a method; `text` is what it holds, once it is read."""

    file: LocalPath
    text: str | None = None


def _file_or_section(value: Any) -> Any:
    if isinstance(value, str):
        return {"file": value}
    if isinstance(value, dict):
        return value
    raise expected("string")


AnyPlugin = Annotated[PluginFile, BeforeValidator(_file_or_section)]


class Budget(Section):
    """How long a run trains: epochs, and a floor of steps; only at its own sizes, if it has any."""

    name: Name
    epochs: Positive
    min_steps: Annotated[int, Field(ge=0)]
    sizes: Sizes | None = None


class Training(Section):
    """How every run trains."""

    batch_size: Positive
    schedule: Literal["linear", "constant"]
    warmup: Annotated[float, Field(ge=0, le=1)]
    weight_decay: NotNegative
    adam_epsilon: AboveZero
    clip_norm: AboveZero
    hidden_dropout: Share
    attention_dropout: Share
    precision: Literal["float32", "bfloat16"]
    pass_tokens: Positive = DEFAULTS["training.pass_tokens"]


class Evaluation(Section):
    """How many examples of either part a run is scored on: all, or a fixed sample."""

    test_examples: Count
    validation_examples: Count


class Pilot(Section):
    """Another study, and the methods whose rates that stand alone here were chosen in it."""

    study: Name
    methods: Names


class Analysis(Section):
    """What is compared, how intervals are taken, and where rates that stand alone were chosen."""

    contrasts: Annotated[tuple[Annotated[tuple[str, str], LIST], ...], LIST, ONCE]
    n_bootstrap: Annotated[int, Field(ge=100, le=1_000_000)]
    seed: Annotated[int, Field(ge=0)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    rates_from: Pilot | None = None


class Execution(Section):
    """How the runs are cut into jobs; no number depends on it."""

    chunk_passes: Positive
    keep_deltas: bool | None = None
    example_windows: Positive | None = None


class StudyConfig(Section):
    """A study's file."""

    study: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=80)]  # names folders
    title: Annotated[str, Field(min_length=1, max_length=300)]
    scale: Literal["demo", "reduced", "paper"]
    task: dict[str, Any]
    encoder: AnyEncoder
    data: AnyData
    windows: Windows
    plugins: Annotated[tuple[AnyPlugin, ...], LIST, Field(min_length=1, max_length=MOST)] | None = (
        None
    )
    methods: Annotated[tuple[MethodEntry, ...], LIST, Field(min_length=1)]
    sizes: Sizes
    budgets: Annotated[tuple[Budget, ...], LIST, Field(min_length=1)]
    seeds: Seeds
    training: Training
    evaluation: Evaluation
    analysis: Analysis
    execution: Execution

    def to_json(self) -> dict[str, Any]:
        """The study as its file has it."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def read_plugins(self) -> tuple[Plugin, ...]:
        """The files that define methods, which `check_study` has read."""
        return tuple(Plugin(p.file, p.text) for p in self.plugins or () if p.text is not None)

    def method(self, name: str) -> MethodEntry:
        """The entry of a method; `KeyError` where the study has none."""
        return {entry.name: entry for entry in self.methods}[name]

    def budget(self, name: str) -> Budget:
        """The entry of a budget; `KeyError` where the study has none."""
        return {entry.name: entry for entry in self.budgets}[name]

    @property
    def method_names(self) -> list[str]:
        return [method.name for method in self.methods]

    @property
    def budget_names(self) -> list[str]:
        return [budget.name for budget in self.budgets]

    def budgets_of(self, method: MethodEntry) -> list[str]:
        """The names of the budgets under which a method is trained."""
        return self.budget_names if method.budgets is None else list(method.budgets)

    def sizes_of(self, method: MethodEntry, budget: Budget | None = None) -> list[int]:
        """The sizes at which a method is trained, under a budget if it is trained under it."""
        own = self.sizes if method.sizes is None else method.sizes
        asked = None if budget is None else budget.sizes
        return [n for n in own if asked is None or n in asked]

    def seeds_of(self, method: MethodEntry) -> list[tuple[int, int]]:
        """The seeds of a method's runs: of the subset, and of the start."""
        return [pair_of(seed) for seed in (self.seeds if method.seeds is None else method.seeds)]

    @property
    def all_sizes(self) -> list[int]:
        """Every size of any method, ascending."""
        return sorted({*self.sizes, *(n for method in self.methods for n in method.sizes or ())})

    @property
    def largest_size(self) -> int:
        """The largest training size that any method of the study uses."""
        return max(n for method in self.methods for n in self.sizes_of(method))

    @property
    def whole_budgets(self) -> list[str]:
        """The budgets that draw a curve: those that leave out no size, or all if each does."""
        asked = {*self.all_sizes}
        whole = [b.name for b in self.budgets if asked <= {*(b.sizes or asked)}]
        return whole or self.budget_names


def pair_of(seed: int | SeedPair) -> tuple[int, int]:
    """Subset's and initialisation's seed."""
    return (seed, seed) if isinstance(seed, int) else (seed.subset, seed.init)


def read_study(path: Path, *, pinned: bool = True) -> Study:
    """Read and check a study file.

    Args:
        pinned: False where hashes that it lacks are not computed nor asked for: such a study can
            be looked at, and its runs have no identity.

    Raises:
        ResourceError: no such file.
        UsageError: not YAML, or a study that cannot be meant.
    """
    if not path.exists():
        near = sorted({str(p) for f in (path.parent, Path("config")) for p in _studies(f)})
        raise ResourceError(
            f"{path}: no such study file (there are: {', '.join(near) or 'none'})",
            fix="correct the path",
        )
    if path.suffix == ".json":
        value = read_json(path, what="study", fix="correct it")
    else:
        value = read_yaml(path, "no such study file")
    return check_study(value, str(path), pinned=pinned, folder=path.parent)


def _studies(folder: Path) -> Iterator[Path]:
    """The files of a folder that have a study's first key."""
    for path in folder.glob("[!.]*.yaml"):
        with contextlib.suppress(OSError):
            if "\nstudy:" in "\n" + path.read_text("utf-8", errors="replace"):
                yield path


def check_study(
    config: Any, source: str, *, pinned: bool = True, folder: Path | None = None
) -> Study:
    """Check a study's mapping; numbers that arrive as text (`1e-3`, `--config`) become numbers.

    Its plug-ins are run, and their methods are known to this process from then on.

    Args:
        folder: from which the paths of plug-ins lead: the study's file's; None: this process's.

    Raises:
        UsageError: the message names the key, its value and what was expected.
        ResourceError, DataError: files that it leaves unpinned are not there, or damaged.
    """
    try:
        config = _numbers(config)
        _check_texts_and_numbers(config, source)
        checked: StudyConfig = validate(StudyConfig, config, source, "the study", FIX_KEYS)
    except RecursionError:
        raise UsageError(f"{source}: nested too deep", fix="correct the study") from None
    checked = _with_plugins(checked, source, folder or Path())
    _check_across(checked, source)
    return Study(with_pins(checked, source) if pinned else checked)


def _with_plugins(config: StudyConfig, source: str, folder: Path) -> StudyConfig:
    """The study with the text of its plug-ins, whose methods have been added.

    Raises:
        ResourceError, UsageError: as `read_plugin`, `register_plugin`; a file that stands twice.
    """
    read: list[Plugin] = []
    for listed in config.plugins or ():
        if listed.text is None:
            read.append(read_plugin(folder / listed.file, listed.file))
        else:
            read.append(Plugin(listed.file, listed.text))
    twice = _first_twice(plugin.sha256 for plugin in read)
    if twice is not None:
        names = [plugin.file for plugin in read if plugin.sha256 == twice]
        raise UsageError(
            f"{source}: plugins list one file twice ({' and '.join(names)})", fix="list it once"
        )
    for plugin in read:
        _register(plugin, source)
    if not read:
        return config
    files = tuple(PluginFile(file=plugin.file, text=plugin.text) for plugin in read)
    return config.model_copy(update={"plugins": files})


def _register(plugin: Plugin, source: str) -> None:
    try:
        register_plugin(plugin)
    except UsageError as error:
        raise UsageError(f"{source}: plugins: {error.message}", fix=error.fix) from None


def _numbers(value: Any, key: str = "") -> Any:
    """Numbers as they are meant: YAML 1.1 reads `1e-3` as text, as --config gives all, `16.0` not.

    A whole number is one however it is written; where a fraction may stand it becomes one again.
    """
    if isinstance(value, Mapping):
        return {k: _numbers(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_numbers(v, key) for v in value]
    if (
        isinstance(value, str)
        and key not in TEXT_KEYS
        and len(value) < 40
        and NUMBER.fullmatch(value)
    ):
        value = int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
    if isinstance(value, float) and value.is_integer() and key not in TEXT_KEYS:
        return int(value)
    return value


def _check_texts_and_numbers(value: Any, source: str, place: str = "") -> None:
    """No infinite number, and no text that cannot be written as UTF-8: both pass any type."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{source}: {place} is {value}, expected a number", fix="write one")
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise UsageError(
            f"{source}: {place} holds half a surrogate pair", fix="write the text anew, as UTF-8"
        )
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            _check_texts_and_numbers(part, source, f"{place}.{key}".lstrip("."))


def _check_across(config: StudyConfig, source: str) -> None:
    check_data(make_task(config.task, source), config.data, source)
    _check_extent(config, source)
    _check_files(config, source)
    _check_scale(config, source)
    _check_names(config, source)
    _check_budget_sizes(config, source)
    _check_seeds(config, source)
    task, windows = make_task(config.task, source), config.windows
    check_windows(task, windows.max_length, windows.stride, source)
    _check_contrasts(config, source)
    _check_rates_from(config, source)
    _check_sizes(config, source)


def _check_extent(config: StudyConfig, source: str) -> None:
    """A slip of the pen, such as seeds from 0 to 100,000, is told before anything is planned."""
    runs = sum(
        len(method.rates)
        * len(config.sizes_of(method))
        * len(config.seeds_of(method))
        * len(config.budgets_of(method))
        for method in config.methods
    )
    if runs > MOST_RUNS:
        raise UsageError(
            f"{source}: the lists ask for {runs:,} runs, expected {MOST_RUNS:,} or fewer",
            fix="shorten methods, sizes, seeds or budgets, or make several studies of it",
        )


def _first_twice(values: Iterable[Any]) -> Any:
    """The first value that comes a second time; None if there is none."""
    return next((value for value, count in Counter(values).items() if count > 1), None)


def _check_names(config: StudyConfig, source: str) -> None:
    for name in config.method_names:
        _check_name(name, source, {plugin.sha256 for plugin in config.read_plugins})
    budgets = config.budget_names
    for kind, listed in (("method", config.method_names), ("budget", budgets)):
        twice = _first_twice(listed)
        if twice is not None:
            raise UsageError(f"{source}: {kind} {twice!r} is listed twice", fix="list it once")
    for method in config.methods:
        for budget in method.budgets or ():
            if budget not in budgets:
                raise UsageError(
                    f"{source}: method {method.name!r} names the budget {budget!r} (the study "
                    f"has {', '.join(budgets)})",
                    fix="correct the name",
                )
        _check_rates(method, config.budgets_of(method), source)


def _check_rates(method: MethodEntry, budgets: list[str], source: str) -> None:
    """Rates by budget are those of exactly the budgets that the method is trained under."""
    if not isinstance(method.learning_rates, dict) or {*method.learning_rates} == {*budgets}:
        return
    raise UsageError(
        f"{source}: method {method.name!r} has learning rates for the budgets "
        f"{', '.join(method.learning_rates)}, expected {', '.join(budgets)}",
        fix="give rates for each budget that the method is trained under, or one list for all",
    )


def _check_budget_sizes(config: StudyConfig, source: str) -> None:
    """A budget's own sizes are some of those that its methods have."""
    for budget in config.budgets:
        asked = {
            n
            for method in config.methods
            if budget.name in config.budgets_of(method)
            for n in config.sizes_of(method)
        }
        unknown = sorted({*(budget.sizes or ())} - asked)
        if unknown:
            known = ", ".join(map(str, sorted(asked))) or "none"
            raise UsageError(
                f"{source}: budget {budget.name!r} names the size {unknown[0]}, at which no "
                f"method is trained under it (there are {known})",
                fix="add it to sizes, or correct it",
            )


def _check_files(config: StudyConfig, source: str) -> None:
    """Hashes that fix some files and leave open with which others they are read."""
    encoder = config.encoder
    given = encoder.files_sha256
    if given is None or isinstance(encoder, PathEncoder):
        return
    for name in READ_FILES:
        if name not in given:
            raise UsageError(
                f"{source}: encoder.files_sha256 has no {name}, expected the sha256 of "
                f"{' and of '.join(READ_FILES)}: numbers hang on both",
                fix="`tuning-curves pin --encoder` with the checkpoint's folder prints them",
            )


def _check_scale(config: StudyConfig, source: str) -> None:
    """Only the paper's own encoder and data may speak of the paper; made-up ones of nothing."""
    encoder, data = config.encoder.name, config.data.name
    task = make_task(config.task, source)
    generated = config.data.source == "generated"
    others = (
        (generated, "generated passages"),
        (encoder not in task.published_encoders, f"the encoder {encoder!r}"),
        (data not in task.published_data, f"data {data!r}"),
    )
    other = next((what for is_other, what in others if is_other), None)
    if config.scale == "paper" and other is not None:
        named = [" or ".join(names) for names in (task.published_encoders, task.published_data)]
        expected = " on data named ".join(named) if all(named) else f"no {task.name}: it has none"
        raise UsageError(
            f"{source}: scale is 'paper' with {other}, expected {expected}",
            fix="say `scale: demo` for generated passages, `scale: reduced` for another encoder or "
            "other data",
        )
    if config.scale == "reduced" and generated:
        raise UsageError(
            f"{source}: scale is 'reduced' with generated passages, expected real data",
            fix="say `scale: demo`",
        )


def _check_seeds(config: StudyConfig, source: str) -> None:
    for method in config.methods:
        twice = _first_twice(config.seeds_of(method))
        if twice is not None:
            raise UsageError(
                f"{source}: the seeds list subset {twice[0]} with init {twice[1]} twice (a number "
                "k is short for {subset: k, init: k})",
                fix="list it once",
            )


def _check_name(name: str, source: str, plugins: set[str]) -> None:
    try:
        base, _ = parse_name(name)
    except UsageError as error:
        raise UsageError(f"{source}: {error.message}", fix=error.fix) from None
    if plugin_sha256(base) not in {None, *plugins}:  # another study of this process has added it
        raise UsageError(
            f"{source}: unknown method {name!r}", fix="name the file that defines it in `plugins`"
        )


def check_windows(task: Task, length: int, stride: int | None, source: str) -> None:
    """Windows that overlap where the task reads all of a long text, and only there.

    Raises:
        UsageError: opens with `source`.
    """
    if (stride is not None) != task.overlaps:
        raise UsageError(
            f"{source}: windows.stride is {stride}, expected "
            + ("the tokens that neighbouring windows share" if task.overlaps else "none")
            + f": {task.name} reads {'all' if task.overlaps else 'the beginning'} of a long text",
            fix="add it, such as 128" if task.overlaps else "leave the key out",
        )
    if stride is not None and stride >= length:
        raise UsageError(
            f"{source}: windows.stride is {stride}, expected less than max_length, {length}",
            fix="BERT's own values are 128 and 384",
        )


def _check_contrasts(config: StudyConfig, source: str) -> None:
    names = config.method_names
    for pair in config.analysis.contrasts:
        for name in pair:
            if name not in names:
                raise UsageError(
                    f"{source}: the contrast {list(pair)} names {name!r}, which the study does not "
                    "train",
                    fix=f"use two of {', '.join(names)}, or add the method",
                )
        if pair[0] == pair[1]:
            raise UsageError(
                f"{source}: the contrast {list(pair)} is of one method", fix="name two"
            )


def _check_rates_from(config: StudyConfig, source: str) -> None:
    """A study cannot have its own rates from itself, nor those of a method that it searches."""
    pilot = config.analysis.rates_from
    if pilot is None:
        return
    if pilot.study == config.study:
        raise UsageError(
            f"{source}: analysis.rates_from.study is {pilot.study!r}, expected another study than "
            "this one",
            fix="name the study that tried other rates, or leave the key out",
        )
    alone = {
        m.name
        for m in config.methods
        if any(len(m.rates_of(budget)) == 1 for budget in config.budgets_of(m))
    }
    for name in pilot.methods:
        if name not in alone:
            raise UsageError(
                f"{source}: analysis.rates_from.methods has {name!r}, expected methods of this "
                "study that have one learning rate only",
                fix="leave it out: this study does not train it, or chooses its rate itself",
            )


def _check_sizes(config: StudyConfig, source: str) -> None:
    data = config.data
    if not isinstance(data, GeneratedData):
        return  # checked against the data itself, when its hash is taken or its windows are made
    pool = data.train_examples - data.held_out_examples
    if config.largest_size > pool:
        raise UsageError(
            f"{source}: size {config.largest_size} is larger than the data: {pool} examples are "
            "left to train on beside the validation split",
            fix="lower the size, or raise data.train_articles",
        )


def with_pins(config: StudyConfig, source: str) -> StudyConfig:
    """The study with the hashes of its encoder's and its data's files on this machine.

    Raises:
        ResourceError, DataError, UsageError: a file that is not there, or not what it must be;
            content that would have to be fetched to be known.
    """
    encoder, data = config.encoder, config.data
    if isinstance(encoder, PathEncoder):
        config = config.model_copy(update={"encoder": pinned_encoder(encoder)})
    if data.content_sha256 is None and not isinstance(data, PathData | HubData):
        raise UsageError(
            f"{source}: data lacks the key 'content_sha256', which data of source {data.source!r} "
            "needs: its content is part of every run's identity",
            fix="`tuning-curves pin --study` with this file reads the data and prints the hashes",
        )
    if isinstance(data, PathData) and data.content_sha256 is None:
        from tuning_curves.data.parts import read_parts

        parts = read_parts(make_task(config.task, source), data)
        _check_counts(config, {s: part.group_sizes for s, part in parts.data.items()}, source)
        content = Content(**parts.content)
        config = config.model_copy(
            update={"data": data.model_copy(update={"content_sha256": content})}
        )
    return config


def _check_counts(config: StudyConfig, group_sizes: Mapping[str, Any], source: str) -> None:
    """Numbers of examples that a study asks for are there, as its data is divided.

    Args:
        group_sizes: by part (`train` and `test`), examples of each group, int64 [groups].

    Raises:
        UsageError: a size, or a part to score on, beyond the data; or nothing left to train on.
    """
    from tuning_curves.data.subsets import split_pools

    try:
        pool, held = split_pools(group_sizes["train"], config.data.held_out_examples)
    except UsageError as error:
        raise UsageError(f"{source}: data: {error.message}", fix=error.fix) from None
    if config.largest_size > len(pool):
        raise UsageError(
            f"{source}: size {config.largest_size} is larger than the data: "
            f"{plural(len(pool), 'example')} of {config.data.name} are left to train on, beside "
            f"{len(held):,} that choose learning rates",
            fix=f"lower sizes to {len(pool)} and less, or data.held_out_examples, or label more",
        )
    there = {"test": int(group_sizes["test"].sum()), "validation": len(held)}
    for part, count in there.items():
        asked = getattr(config.evaluation, f"{part}_examples")
        if asked != "all" and asked > count:
            raise UsageError(
                f"{source}: evaluation.{part}_examples is {asked}, expected 1 to {count}, so "
                f"many as the {part} part has, or all",
                fix=f"write `{part}_examples: all`",
            )


def pinned_encoder(encoder: PathEncoder) -> PathEncoder:
    """The encoder with the hashes that it does not give, of its files on this machine.

    Raises:
        ResourceError: no such file.
    """
    given = encoder.files_sha256 or {}
    weights = encoder.weights_sha256 or _sha256_in(encoder, "model.safetensors")
    files = {name: _sha256_in(encoder, name) for name in READ_FILES if name not in given}
    return encoder.model_copy(update={"weights_sha256": weights, "files_sha256": given | files})


def _sha256_in(encoder: PathEncoder, name: str) -> str:
    path = Path(encoder.path) / name
    if not path.is_file():
        raise ResourceError(
            f"{path}: no such file (expected a Hugging Face checkpoint with config.json, "
            "model.safetensors and tokenizer.json; pickled weights are refused)",
            fix="correct encoder.path, which is relative to the project's root",
        )
    return sha256_of_file(path)
