"""A delta's file: every tensor that a run trained, and what must be known to use them.

It is one safetensors file. Whole tensors stand under their names in `EncoderModel`, the head
among them; of tensors with chosen entries alone their flat positions and what is added there
(`methods.sparse`). The header says what they are of: the record that the run's training left, the
files of its encoder with their sha256, and a sha256 of all of it, so that a torn or altered file is
refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods import trained_tensors
from tuning_curves.methods.sparse import plain_name
from tuning_curves.study.job import Run, Settings, training_identity
from tuning_curves.study.records import Record
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import canonical, write_whole

KIND = "tuning-curves delta"
FORMAT = 3  # raised whenever tensors or header change their meaning
FIX = "train the run again with --keep-delta (`tuning-curves train --help` shows how)"


@dataclass(frozen=True, kw_only=True)
class About:
    """What a delta is of.

    Attributes:
        record: of the run that trained it. Other evaluations of the same training have records
            of their own.
        encoder: sha256 of each of the encoder's files, by name.
    """

    record: Record
    encoder: dict[str, str]

    @property
    def run(self) -> Run:
        """The run that trained it."""
        return self.record.run

    @property
    def settings(self) -> Settings:
        """That run's settings."""
        return self.record.settings


@dataclass(frozen=True, kw_only=True)
class Delta:
    """A delta as read: where it lies, what it is of, and its tensors by name."""

    path: Path
    about: About
    tensors: dict[str, Tensor]

    @property
    def positions(self) -> dict[str, Tensor]:
        """Flat positions of chosen entries, by parameter name relative to the encoder."""
        return {
            plain_name(name).removeprefix("encoder."): tensor
            for name, tensor in self.tensors.items()
            if not tensor.is_floating_point()
        }


def write_delta(path: Path, about: About, tensors: Mapping[str, Tensor]) -> None:
    """Write a delta; it appears whole or not at all."""
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = canonical({"record": about.record.to_json(), "encoder": about.encoder})
    header = {"kind": KIND, "format": str(FORMAT), "about": text, "sha256": _digest(text, kept)}
    payload = save(kept, header)
    with write_whole(path) as stream:
        stream.write(payload)


def read_delta(path: Path) -> Delta:
    """Read a delta and check all of it.

    Raises:
        ResourceError: no such file.
        DataError: torn, altered, of another format, or no delta at all.
    """
    if not path.is_file():
        raise ResourceError(f"{path}: no such delta", fix=f"correct the path, or {FIX}")
    try:
        with safe_open(path, framework="pt") as stored:
            header = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        message = f"{path}: torn, or not a safetensors file ({error})"
        raise DataError(message, fix=FIX) from None
    _check_kind(path, header)
    if _digest(header.get("about", ""), tensors) != header.get("sha256"):
        raise DataError(f"{path}: altered since it was written (its sha256 differs)", fix=FIX)
    about = json.loads(header["about"])
    return Delta(path=path, about=_about(about), tensors=tensors)


def _about(value: dict[str, Any]) -> About:
    return About(record=Record.from_json(value["record"]), encoder=value["encoder"])


def _check_kind(path: Path, header: Mapping[str, str]) -> None:
    if header.get("kind") != KIND:
        raise DataError(
            f"{path}: a safetensors file, but no delta of this package (its header's kind is "
            f"{header.get('kind')!r}, expected {KIND!r})",
            fix="give a file that `tuning-curves train --keep-delta` wrote",
        )
    if header.get("format") != str(FORMAT):
        raise DataError(
            f"{path}: a delta of format {header.get('format')}, expected {FORMAT}",
            fix="use the version of this package that wrote it, or train the run again",
        )


def _digest(about: str, tensors: Mapping[str, Tensor]) -> str:
    """Hex sha256 of the description and of every tensor with its name, type and shape."""
    digest = hashlib.sha256(about.encode("utf-8"))
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\0{name} {tensor.dtype} {list(tensor.shape)}\0".encode())
        digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def check_training(
    delta: Delta, run: Run, settings: Settings, encoder: Mapping[str, Mapping[str, Any]]
) -> None:
    """Make sure that a delta is what a run's training gives, however it is evaluated.

    Args:
        encoder: the encoder's files, by name, as its manifest has them.

    Raises:
        DataError: of another training, or of another encoder's files.
    """
    about = delta.about
    found, wanted = training_identity(about.settings, about.run), training_identity(settings, run)
    if found != wanted:
        raise DataError(f"{delta.path}: of the training {found}, expected {wanted}", fix=FIX)
    if about.encoder != {name: file["sha256"] for name, file in encoder.items()}:
        raise DataError(f"{delta.path}: trained on other files of the encoder", fix=FIX)


@torch.no_grad()
def put_delta(model: EncoderModel, delta: Delta) -> None:
    """Make a model with the run's method, and with the delta's `positions`, the trained one.

    Raises:
        DataError: tensors that do not fit the method.
    """
    own = trained_tensors(model)
    expected = {name: tuple(tensor.shape) for name, tensor in own.items()}
    found = {name: tuple(tensor.shape) for name, tensor in delta.tensors.items()}
    if found != expected:
        first = min(name for name in {**found, **expected} if found.get(name) != expected.get(name))
        raise DataError(
            f"{delta.path}: not what {delta.about.run.method} trains: tensor {first!r} has the "
            f"shape {found.get(first)}, expected {expected.get(first)}",
            fix=FIX,
        )
    for name, tensor in own.items():
        tensor.copy_(delta.tensors[name])
