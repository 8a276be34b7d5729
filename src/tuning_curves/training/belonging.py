"""Whether encoder and windows are those that a job is about."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from tuning_curves.study.job import Settings
from tuning_curves.util.errors import DataError


class Folders(Protocol):
    """Where the two lie."""

    @property
    def encoder(self) -> Path: ...

    @property
    def windows(self) -> Path: ...


def check_belongs(
    settings: Settings,
    encoder: Mapping[str, Any],
    windows: Mapping[str, Any],
    folders: Folders,
) -> None:
    """Compare the manifests of encoder and windows with a job's settings, and with each other.

    Raises:
        DataError: names the folder, what it holds and what the job is about.
    """
    fix = "give the folders of this job's study: the workflow's logs name them"
    stated: list[tuple[Path, str, Any, Any]] = [
        (folders.encoder, "an encoder", pin_of(encoder["encoder"]), settings.encoder.pin),
        *_files(encoder, settings.encoder.files, folders.encoder),
    ]
    pin = settings.data.pin
    content = windows["content"]
    if isinstance(pin, Mapping) and {*pin} == {*content}:  # a hub's rows are checked when fetched
        stated.append((folders.windows, "windows of data", content, pin))
    for folder, what, found, wanted in stated:
        if found != wanted:
            raise DataError(f"{folder}: {what} pinned {found}, expected {wanted}", fix=fix)
    stated_settings = {"task": settings.task["name"], **asdict(settings.windows)}
    _check_windows(stated_settings, windows, folders.windows, fix)
    _check_labels(settings, windows, folders.windows, fix)
    _check_tokenizer(encoder, windows, folders, fix)


def pin_of(encoder: Mapping[str, Any]) -> str:
    """What fixes a fetched encoder's weights, by its manifest's section."""
    return encoder.get("weights_sha256") or _origin(encoder)


def _origin(encoder: Mapping[str, Any]) -> str:
    """Where a fetched encoder comes from, by its manifest's section."""
    if encoder["source"] == "hub":
        return f"{encoder['repository']}@{encoder['revision']}"
    return f"{encoder.get('wheel_sha256')}/{encoder.get('folder')}"


def _files(
    encoder: Mapping[str, Any], wanted: Mapping[str, str] | str, folder: Path
) -> Iterator[tuple[Path, str, str, str]]:
    """What a fetched encoder's other files are, beside what a job says of them."""
    if isinstance(wanted, str):
        yield folder, "an encoder whose files are", _origin(encoder["encoder"]), wanted
    else:
        for name, sha256 in wanted.items():
            found = encoder["files"][name]["sha256"]
            yield folder, f"an encoder whose {name} is", found, sha256


def _check_windows(
    settings: Mapping[str, Any], windows: Mapping[str, Any], folder: Path, fix: str
) -> None:
    for key, wanted in settings.items():
        if windows.get(key) != wanted:
            raise DataError(
                f"{folder}: windows with {key} {windows.get(key)}, expected {wanted}", fix=fix
            )


def _check_labels(settings: Settings, windows: Mapping[str, Any], folder: Path, fix: str) -> None:
    """Labels are kept as numbers, by their order in the task's settings."""
    wanted = list(settings.task.get("labels", ()))
    found = windows.get("labels")
    if found != wanted:
        raise DataError(f"{folder}: windows with labels {found}, expected {wanted}", fix=fix)


def _check_tokenizer(
    encoder: Mapping[str, Any], windows: Mapping[str, Any], folders: Folders, fix: str
) -> None:
    own, found = encoder["files"]["tokenizer.json"]["sha256"], windows.get("tokenizer_sha256")
    if found != own:
        raise DataError(
            f"{folders.windows}: windows of another encoder: their tokenizer.json has sha256 "
            f"{found}, {folders.encoder} has {own}",
            fix=fix,
        )
