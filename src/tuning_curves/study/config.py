"""A study: one YAML file, checked, and the runs that it asks for.

Checking happens before anything runs: the closed schema first, then what only shows across keys
(unknown methods, sizes beyond the generated data, a contrast of a method that is not there). A
run's identity is a hash of everything material to its numbers, so that a changed hyperparameter
is another run and a record can never be taken for another's.
"""

import contextlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tuning_curves.methods.registry import parse_name
from tuning_curves.study.grid import Study, _pair_of, largest_size
from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.files import sha256_of_file
from tuning_curves.util.schemas import explain, first_error
from tuning_curves.util.yaml_files import read_yaml

MOST_RUNS = 1_000_000
PAPER_ENCODERS = ("bert-base-cased", "bert-base-uncased")
SQUAD_NAMES = ("squad", "squad-hub")  # of data that is SQuAD itself
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TEXT_KEYS = {
    "study", "title", "name", "path", "folder", "train", "test", "revision", "weights_sha256",
}  # fmt: skip


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
    _check_test(config, source)
    _check_names(config, source)
    _check_budget_sizes(config, source)
    _check_seeds(config, source)
    _check_features(config, source)
    _check_contrasts(config, source)
    _check_sizes(config, source)


def _check_extent(config: Mapping, source: str) -> None:
    """A slip of the pen, such as seeds from 0 to 100,000, is told before anything is planned."""
    runs = sum(
        len(method["learning_rates"])
        * len(method.get("sizes", config["sizes"]))
        * len(method.get("seeds", config["seeds"]))
        * len(method.get("budgets", config["budgets"]))
        for method in config["methods"]
    )
    if runs > MOST_RUNS:
        raise UsageError(
            f"{source}: the lists ask for {runs:,} runs, expected {MOST_RUNS:,} or fewer",
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


def _check_test(config: Mapping, source: str) -> None:
    """Two files, or one and how much of it is the test part."""
    data = config["data"]
    if data["source"] == "path" and ("test" in data) == ("test_from_train" in data):
        both = "both" if "test" in data else "neither"
        raise UsageError(
            f"{source}: data has {both} of test and test_from_train, expected one of the two",
            fix="give test: a file, or test_from_train: so many questions of the training file",
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
    pool = data["train_articles"] * data["questions_per_article"] - data["held_out_examples"]
    largest = largest_size(config)
    if largest > pool:
        raise UsageError(
            f"{source}: size {largest} is larger than the data: {pool} questions are left to "
            "train on beside the validation split",
            fix="lower the size, or raise data.train_articles",
        )


def with_pins(config: Mapping[str, Any]) -> dict[str, Any]:
    """The study with `weights_sha256` and `content_sha256` of its files on this machine.

    Raises:
        ResourceError, DataError, UsageError: a file that is not there, or not what it must be.
    """
    encoder, data = dict(config["encoder"]), dict(config["data"])
    if encoder["source"] == "path" and "weights_sha256" not in encoder:
        encoder["weights_sha256"] = weights_pin(Path(encoder["path"]))
    if data["source"] == "path" and "content_sha256" not in data:
        data["content_sha256"] = content_pin(data)
    return {**config, "encoder": encoder, "data": data}


def weights_pin(folder: Path) -> str:
    """The sha256 of an encoder's weights.

    Raises:
        ResourceError: no such file.
    """
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ResourceError(
            f"{weights}: no such file (expected a Hugging Face checkpoint with config.json, "
            "model.safetensors and tokenizer.json; pickled weights are refused)",
            fix="correct encoder.path, which is relative to the project's root",
        )
    return sha256_of_file(weights)


def content_pin(data: Mapping[str, Any]) -> dict[str, str]:
    """The hashes of a `path` source's content, after it has been checked in full."""
    from tuning_curves.data.fetch_data import read_paths
    from tuning_curves.tasks.question_answering.data import content_sha256

    return {split: content_sha256(part) for split, part in read_paths(data).items()}
