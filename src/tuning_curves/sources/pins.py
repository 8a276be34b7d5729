"""Pins that a study leaves out, taken from its own files.

A record is tied to the content of its data and to its encoder's weights: their hashes are part of
every cell's identity. A study of files on this machine may leave them out; they are computed
whenever the study is read, so that other content makes other cells. Written down, they save that
time, refuse other content, and let figures be redrawn where the files are not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuning_curves.util.errors import ResourceError
from tuning_curves.util.files import sha256_of_file


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
    from tuning_curves.data.fetch import read_paths
    from tuning_curves.tasks.question_answering.data import content_sha256

    return {split: content_sha256(part) for split, part in read_paths(data).items()}
