"""A study: one YAML file, checked, and the cells that it asks for.

Checking happens before anything runs: the closed schema first, then what only shows across keys
(unknown methods, sizes beyond the generated data, a contrast of a method that is not there). A
cell's identity is a hash of everything material to its numbers, so that a changed hyperparameter
is another cell and a record can never be taken for another's.
"""

import contextlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.files import sha256_of
from tuning_curves.methods.registry import parse_name
from tuning_curves.schemas import explain, first_error
from tuning_curves.sources.pins import with_pins
from tuning_curves.yaml_files import read_yaml

MOST_CELLS = 1_000_000
CHUNK_CELLS = 200  # keeps a chunk's job within the length of a command line
ENGINE = 2  # raised whenever the engine's numbers change on purpose: old records no longer answer
SQUAD_DEV_QUESTIONS = 10_570
PAPER_ENCODERS = ("bert-base-cased", "bert-base-uncased")
SQUAD_NAMES = ("squad", "squad-hub")  # of data that is SQuAD itself
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TEXT_KEYS = {
    "study", "title", "name", "path", "folder", "train", "dev", "revision", "weights_sha256",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, order=True)
class Cell:
    """One training and its evaluation, within a study's settings."""

    method: str
    n_train: int
    steps: int
    learning_rate: float
    subset_seed: int
    init_seed: int

    @property
    def path(self) -> str:
        """The readable part of the record's path, `<method>/n…_steps…_lr…_subset…_init…`."""
        return (
            f"{self.method}/n{self.n_train}_steps{self.steps}_lr{self.learning_rate:g}"
            f"_subset{self.subset_seed}_init{self.init_seed}"
        )


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A cell of a study with the budget that asks for it; two budgets may ask for one cell."""

    budget: str
    cell: Cell
    id: str

    @property
    def record(self) -> str:
        """The record's path below a records folder."""
        return f"{self.cell.path}-{self.id[:8]}.json"

    def row(self) -> dict[str, Any]:
        """Budget, id and the cell's values as one flat mapping."""
        return {"budget": self.budget, "id": self.id, **asdict(self.cell)}


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Cells that one process trains one after the other: a pure function of the study."""

    id: str
    cells: tuple[Planned, ...]
    passes: int = field(compare=False)


@dataclass(frozen=True)
class Study:
    """A checked study."""

    config: dict[str, Any]

    @property
    def name(self) -> str:
        return self.config["study"]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything material to a cell's numbers besides the cell itself."""
        encoder, data = self.config["encoder"], self.config["data"]
        return {
            "engine": ENGINE,
            "encoder": {"name": encoder["name"], "pin": encoder_pin(encoder)},
            "data": {
                "name": data["name"],
                "pin": data_pin(data),
                "held_out_questions": data["held_out_questions"],
            },
            "features": self.config["features"],
            "training": self.config["training"],
            "evaluation": self.config["evaluation"],
        }

    @cached_property
    def planned(self) -> tuple[Planned, ...]:
        """Every cell under every budget, in the study's own order."""
        return tuple(self._plan())

    @cached_property
    def unique(self) -> tuple[Planned, ...]:
        """Each cell once, under the first budget that asks for it."""
        return tuple({p.id: p for p in reversed(self.planned)}.values())[::-1]

    def _plan(self) -> Iterator[Planned]:
        for method, budget, n in points(self.config):
            for rate in method["learning_rates"]:
                for seed in method.get("seeds", self.config["seeds"]):
                    subset, init = _pair_of(seed)
                    cell = Cell(
                        method=method["name"],
                        n_train=n,
                        steps=steps_of(n, budget, self.config["training"]["batch_size"]),
                        learning_rate=rate,
                        subset_seed=subset,
                        init_seed=init,
                    )
                    yield Planned(
                        budget=budget["name"], cell=cell, id=identity(self.settings, cell)
                    )

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The cells cut into chunks, none much above `execution.chunk_passes`.

        Cells of one method stand together, largest first, so that a chunk shares what lies below
        the first trained layer; small methods share a chunk, since starting one takes seconds.
        """
        limit = self.config["execution"]["chunk_passes"]
        chunks: list[list[Planned]] = []
        filled = 0
        ordered = sorted(self.unique, key=lambda p: (p.cell.method, -p.cell.steps, p.cell))
        for planned in ordered:
            cost = self.passes(planned.cell)
            if not chunks or filled + cost > limit or len(chunks[-1]) == CHUNK_CELLS:
                chunks.append([])
                filled = 0
            chunks[-1].append(planned)
            filled += cost
        return tuple(self._chunk(cells) for cells in chunks)

    def _chunk(self, cells: list[Planned]) -> Chunk:
        methods = {p.cell.method for p in cells}
        name = methods.pop() if len(methods) == 1 else "mixed"
        identity = sha256_of([p.id for p in cells])[:12]
        passes = sum(self.passes(p.cell) for p in cells)
        return Chunk(id=f"{name}-{identity}", cells=tuple(cells), passes=passes)

    def passes(self, cell: Cell) -> int:
        """Forward passes of one question that a cell costs; a backward pass counts as two.

        A guess from the study alone: `head` runs on what the frozen encoder gave once.
        """
        if cell.method == "head":
            return max(1, (cell.n_train + self.scored) // 20)
        return 3 * cell.steps * self.config["training"]["batch_size"] + self.scored

    @cached_property
    def scored(self) -> int:
        """Questions that a cell is evaluated on; SQuAD's own number stands for an unknown one."""
        evaluation, data = self.config["evaluation"], self.config["data"]
        dev = evaluation["dev_questions"]
        if dev == "all":
            generated = data.get("dev_articles", 0) * data.get("questions_per_article", 0)
            dev = generated or data.get("dev_from_train", SQUAD_DEV_QUESTIONS)
        selection = evaluation["selection_questions"]
        return dev + (data["held_out_questions"] if selection == "all" else selection)


def identity(settings: Mapping[str, Any], cell: Cell) -> str:
    """16 hex digits of the hash of a cell and all its settings."""
    return sha256_of({"settings": settings, "cell": asdict(cell)})[:16]


def encoder_pin(encoder: Mapping[str, Any]) -> str:
    """What fixes the encoder's bytes: the weights' sha256, or the hub's repository and revision."""
    if "weights_sha256" in encoder:
        return encoder["weights_sha256"]
    return f"{encoder['repository']}@{encoder['revision']}"


def data_pin(data: Mapping[str, Any]) -> Any:
    """What fixes the data's content: its hashes, or the hub's repository at a revision."""
    if "content_sha256" in data:
        return data["content_sha256"]
    return f"{data['repository']}@{data['revision']}"


def points(config: Mapping[str, Any]) -> Iterator[tuple[Mapping, Mapping, int]]:
    """The points that a study's mapping asks for: method, budget and size, in its own order."""
    for method in config["methods"]:
        names = method.get("budgets", [budget["name"] for budget in config["budgets"]])
        for budget in config["budgets"]:
            if budget["name"] in names:
                for n in sizes_of(method, budget, config):
                    yield method, budget, n


def sizes_of(method: Mapping, budget: Mapping, config: Mapping) -> list[int]:
    """The sizes at which a study trains a method under a budget, if it does so at all."""
    own = method.get("sizes", config["sizes"])
    return [n for n in own if n in budget.get("sizes", own)]


def whole_budgets(config: Mapping[str, Any]) -> list[str]:
    """The budgets that draw a curve: those that leave out no size, or all if each does."""
    asked = {*config["sizes"], *(n for m in config["methods"] for n in m.get("sizes", ()))}
    whole = [b["name"] for b in config["budgets"] if asked <= {*b.get("sizes", asked)}]
    return whole or [budget["name"] for budget in config["budgets"]]


def steps_of(n: int, budget: Mapping[str, Any], batch_size: int) -> int:
    """Training steps of a cell with n questions under a budget: its epochs, or its floor."""
    return max(budget["epochs"] * math.ceil(n / batch_size), budget["min_steps"])


def read_study(path: Path) -> Study:
    """Read and check a study file.

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
    return check_study(read_yaml(path, "no such study file"), str(path))


def _studies(folder: Path) -> Iterator[Path]:
    """The files of a folder that have a study's first key."""
    for path in folder.glob("[!.]*.yaml"):
        with contextlib.suppress(OSError):
            if "\nstudy:" in "\n" + path.read_text("utf-8", errors="replace"):
                yield path


def check_study(config: Any, source: str) -> Study:
    """Check a study's mapping; numbers that arrive as text (`1e-3`, `--config`) become numbers.

    Raises:
        UsageError: the message names the key, its value and what was expected.
        ResourceError, DataError: files that it leaves unpinned are not there, or damaged.
    """
    try:
        config = _numbers(config)
    except RecursionError:
        raise UsageError(f"{source}: nested too deep", fix="correct the study") from None
    _check_texts_and_numbers(config, source)
    if error := first_error("study", config):
        raise UsageError(
            explain(error, source, "the study"), fix="config/README.md explains every key"
        )
    study = Study(_floats(config))
    _check_across(study, source)
    return Study(with_pins(study.config))


def _numbers(value: Any, key: str = "") -> Any:
    """YAML 1.1 reads `1e-3` as text, and Snakemake's --config gives text throughout."""
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
        return int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
    return value


def _check_texts_and_numbers(value: Any, source: str, place: str = "") -> None:
    """No infinite number, and no text that cannot be written as UTF-8: both pass any schema."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{source}: {place} is {value}, expected a number", fix="write one")
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise UsageError(
            f"{source}: {place} holds half a surrogate pair", fix="write the text anew, as UTF-8"
        )
    if isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            _check_texts_and_numbers(part, source, f"{place}.{key}".lstrip("."))


def _floats(config: dict[str, Any]) -> dict[str, Any]:
    """Numbers that are real by meaning become floats, so that `0` and `0.0` are one identity."""
    whole = {"batch_size"}
    training = {
        key: float(value) if isinstance(value, int | float) and key not in whole else value
        for key, value in config["training"].items()
    }
    methods = [
        {**method, "learning_rates": [float(rate) for rate in method["learning_rates"]]}
        for method in config["methods"]
    ]
    return {**config, "training": training, "methods": methods}


def _check_across(study: Study, source: str) -> None:
    config = study.config
    _check_extent(config, source)
    _check_scale(config, source)
    _check_dev(config, source)
    _check_names(config, source)
    _check_budget_sizes(config, source)
    _check_seeds(config, source)
    _check_features(config, source)
    _check_contrasts(config, source)
    _check_sizes(config, source)


def _check_extent(config: Mapping, source: str) -> None:
    """A slip of the pen, such as seeds from 0 to 100,000, is told before anything is planned."""
    cells = sum(
        len(method["learning_rates"])
        * len(method.get("sizes", config["sizes"]))
        * len(method.get("seeds", config["seeds"]))
        * len(method.get("budgets", config["budgets"]))
        for method in config["methods"]
    )
    if cells > MOST_CELLS:
        raise UsageError(
            f"{source}: the lists ask for {cells:,} cells, expected {MOST_CELLS:,} or fewer",
            fix="shorten methods, sizes, seeds or budgets, or make several studies of it",
        )


def _first_twice(values: Iterable[Any]) -> Any:
    """The first value that comes a second time; None if there is none."""
    return next((value for value, count in Counter(values).items() if count > 1), None)


def _check_names(config: Mapping, source: str) -> None:
    names = [method["name"] for method in config["methods"]]
    for name in names:
        _check_name(name, source)
    budgets = [budget["name"] for budget in config["budgets"]]
    for kind, listed in (("method", names), ("budget", budgets)):
        twice = _first_twice(listed)
        if twice is not None:
            raise UsageError(f"{source}: {kind} {twice!r} is listed twice", fix="list it once")
    for method in config["methods"]:
        for budget in method.get("budgets", []):
            if budget not in budgets:
                raise UsageError(
                    f"{source}: method {method['name']!r} names the budget {budget!r} (the study "
                    f"has {', '.join(budgets)})",
                    fix="correct the name",
                )


def _check_budget_sizes(config: Mapping, source: str) -> None:
    """A budget's own sizes are some of those that its methods have."""
    for budget in config["budgets"]:
        asked = {
            n
            for method in config["methods"]
            if budget["name"] in method.get("budgets", [budget["name"]])
            for n in method.get("sizes", config["sizes"])
        }
        unknown = sorted(set(budget.get("sizes", [])) - asked)
        if unknown:
            known = ", ".join(map(str, sorted(asked))) or "none"
            raise UsageError(
                f"{source}: budget {budget['name']!r} names the size {unknown[0]}, at which no "
                f"method is trained under it (there are {known})",
                fix="add it to sizes, or correct it",
            )


def _check_scale(config: Mapping, source: str) -> None:
    """Only BERT-base on SQuAD may speak of the paper, and generated passages of nothing else."""
    encoder, data = config["encoder"]["name"], config["data"]["name"]
    generated = config["data"]["source"] == "generated"
    others = (
        (generated, "generated passages"),
        (encoder not in PAPER_ENCODERS, f"the encoder {encoder!r}"),
        (data not in SQUAD_NAMES, f"data {data!r}"),
    )
    other = next((what for is_other, what in others if is_other), None)
    if config["scale"] == "paper" and other is not None:
        raise UsageError(
            f"{source}: scale is 'paper' with {other}, expected "
            f"{' or '.join(PAPER_ENCODERS)} on data named {' or '.join(SQUAD_NAMES)}",
            fix="say `scale: demo` for generated passages, `scale: reduced` for another encoder or "
            "other data",
        )
    if config["scale"] == "reduced" and generated:
        raise UsageError(
            f"{source}: scale is 'reduced' with generated passages, expected SQuAD",
            fix="say `scale: demo`",
        )


def _check_dev(config: Mapping, source: str) -> None:
    """Two files, or one and how much of it is the dev part."""
    data = config["data"]
    if data["source"] == "path" and ("dev" in data) == ("dev_from_train" in data):
        both = "both" if "dev" in data else "neither"
        raise UsageError(
            f"{source}: data has {both} of dev and dev_from_train, expected one of the two",
            fix="give dev: a file, or dev_from_train: questions of the training file to measure on",
        )


def _check_seeds(config: Mapping, source: str) -> None:
    for method in [{}, *config["methods"]]:
        twice = _first_twice(_pair_of(seed) for seed in method.get("seeds", config["seeds"]))
        if twice is not None:
            raise UsageError(
                f"{source}: the seeds list subset {twice[0]} with init {twice[1]} twice (a number "
                "k is short for {subset: k, init: k})",
                fix="list it once",
            )


def _pair_of(seed: int | Mapping[str, int]) -> tuple[int, int]:
    """Subset's and initialisation's seed."""
    return (seed, seed) if isinstance(seed, int) else (seed["subset"], seed["init"])


def _check_name(name: str, source: str) -> None:
    try:
        parse_name(name)
    except UsageError as error:
        raise UsageError(f"{source}: {error.message}", fix=error.fix) from None


def _check_features(config: Mapping, source: str) -> None:
    length, stride = config["features"]["max_length"], config["features"]["doc_stride"]
    if stride >= length:
        raise UsageError(
            f"{source}: features.doc_stride is {stride}, expected less than max_length, {length}",
            fix="BERT's own values are 128 and 384",
        )


def _check_contrasts(config: Mapping, source: str) -> None:
    names = [method["name"] for method in config["methods"]]
    for pair in config["analysis"]["contrasts"]:
        for name in pair:
            if name not in names:
                raise UsageError(
                    f"{source}: the contrast {pair} names {name!r}, which the study does not train",
                    fix=f"use two of {', '.join(names)}, or add the method",
                )
        if pair[0] == pair[1]:
            raise UsageError(f"{source}: the contrast {pair} is of one method", fix="name two")


def _check_sizes(config: Mapping, source: str) -> None:
    data = config["data"]
    if data["source"] != "generated":
        return  # checked against the data itself when its features are made
    pool = data["train_articles"] * data["questions_per_article"] - data["held_out_questions"]
    largest = largest_size(config)
    if largest > pool:
        raise UsageError(
            f"{source}: size {largest} is larger than the data: {pool} questions are left to "
            "train on beside the selection split",
            fix="lower the size, or raise data.train_articles",
        )


def largest_size(config: Mapping) -> int:
    """The largest training size that any method of the study uses."""
    return max(n for m in config["methods"] for n in m.get("sizes", config["sizes"]))
