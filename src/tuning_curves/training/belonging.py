"""Whether the encoder and the features that a job is given are those that its cells are about.

A record carries the pins of its study. With another encoder, other questions or other windows it
would state what was never run, so that a job refuses them before the first step.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tuning_curves.util.errors import DataError
from tuning_curves.study.config import encoder_pin


class Folders(Protocol):
    """Where the two lie."""

    @property
    def encoder(self) -> Path: ...

    @property
    def features(self) -> Path: ...


def check_belongs(
    settings: Mapping[str, Any],
    encoder: Mapping[str, Any],
    features: Mapping[str, Any],
    folders: Folders,
) -> None:
    """Compare the manifests of encoder and features with a job's settings, and with each other.

    Raises:
        DataError: names the folder, what it holds and what the job is about.
    """
    fix = "give the folders of this job's study: the workflow's logs name them"
    stated = [(folders.encoder, "an encoder", encoder_pin(encoder["encoder"]), "encoder")]
    pin = settings["data"]["pin"]
    if isinstance(pin, Mapping):  # a hub's revision is checked where it is fetched
        stated.append((folders.features, "features of data", features["content"], "data"))
    for folder, what, found, key in stated:
        if found != settings[key]["pin"]:
            raise DataError(
                f"{folder}: {what} pinned {found}, expected {settings[key]['pin']}", fix=fix
            )
    _check_windows(settings["features"], features, folders.features, fix)
    _check_tokenizer(encoder, features, folders, fix)


def _check_windows(
    settings: Mapping[str, Any], features: Mapping[str, Any], folder: Path, fix: str
) -> None:
    for key, wanted in settings.items():
        if features.get(key) != wanted:
            raise DataError(
                f"{folder}: features with {key} {features.get(key)}, expected {wanted}", fix=fix
            )


def _check_tokenizer(
    encoder: Mapping[str, Any], features: Mapping[str, Any], folders: Folders, fix: str
) -> None:
    """Features made before their manifest named the tokenizer are taken as they are."""
    own = encoder["files"]["tokenizer.json"]["sha256"]
    if features.get("tokenizer_sha256", own) != own:
        raise DataError(
            f"{folders.features}: features of another encoder: their tokenizer.json has sha256 "
            f"{features['tokenizer_sha256']}, {folders.encoder} has {own}",
            fix=fix,
        )
