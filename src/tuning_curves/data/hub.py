"""The Hugging Face hub, for studies that name it: a checkpoint or a data set at a revision.

Downloading, resuming after a broken connection and caching are `huggingface_hub`'s (a process that
was killed leaves its whole files, and starts the one that was under way anew); the rows are read
by `datasets`. What is added: every file is compared with the hash under which the hub keeps it, on
each use, so that a damaged cache is mended instead of believed; nothing of a repository is
executed; and what goes wrong is one clear error, which tells what may pass from what will not.
"""

import errno
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.data.hub_card import CARD, card_of, files_of
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import (
    FORBIDDEN,
    FULL,
    DataError,
    PassingError,
    ResourceError,
    TuningCurvesError,
    one_line,
    refused,
)
from tuning_curves.util.files import sha256_of_file

if TYPE_CHECKING:
    from tuning_curves.data.section import HubData

WAITS = (2.0, 8.0)  # seconds before each further attempt
PASSING = (408, 425, 429, 500, 502, 503, 504)
ROWS = ["*.parquet", "*.json", "*.jsonl", CARD]
NO_ROOM = "Not enough disk space"  # what `datasets` says before it begins, in a bare OSError
FIX_LATER = (
    "run again later: files that arrived whole are kept. Without a network, download it elsewhere "
    "and give the study `source: path`"
)
FIX = {
    401: "correct the repository's name; for a gated or private one, accept its terms on the hub "
    "and set HF_TOKEN",
    404: "correct repository and revision",
    None: "check the settings of the hub's client (HF_ENDPOINT, HF_HUB_OFFLINE, HF_HOME); without "
    "a hub, download it elsewhere and give the study `source: path`",
}


def download_checkpoint(repository: str, revision: str, names: list[str]) -> Path:
    """Download these files of a model repository (those that exist); returns their folder.

    Raises:
        PassingError: the hub is down, slow or overrun.
        ResourceError: the hub has no such repository or revision, or does not give it; no room
            here, or a folder that may not be written.
        DataError: it gives other bytes than it says, twice.
    """
    return _download(repository, revision, "model", names)


def list_files(repository: str, revision: str) -> list[str]:
    """The names of all files of a model repository; empty where the hub does not tell."""
    from huggingface_hub import HfApi

    try:
        return HfApi().list_repo_files(repository, revision=revision)
    except Exception:  # it is for a message only
        return []


def download_rows(
    data: "HubData", splits: list[str], fields: Sequence[Field]
) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """The rows of a data set repository's splits: each with its place, by the task's names.

    `datasets` reads the downloaded files in a scratch folder: what it prepared earlier is not
    trusted, since it keeps no hashes.

    Raises:
        PassingError, ResourceError: as above.
        DataError: as above, or no rows that can be read.
    """
    folder = _download_files(data)
    with tempfile.TemporaryDirectory(prefix="tuning-curves-") as scratch:
        folder = _of_configuration(folder, data.configuration, Path(scratch))
        return {split: _read_rows(folder, data, split, scratch, fields) for split in splits}


def _download_files(data: "HubData") -> Path:
    """The files of a data set repository: of the configuration alone where its card lists them."""
    if data.configuration is None:
        return _download(data.repository, data.revision, "dataset", ROWS)
    folder = _download(data.repository, data.revision, "dataset", [CARD])
    card = folder / CARD
    listed = files_of(card.read_text("utf-8"), data.configuration) if card.is_file() else []
    names = [CARD, *listed] if listed else ROWS
    return _download(data.repository, data.revision, "dataset", names)


def _read_rows(
    folder: Path, data: "HubData", split: str, scratch: str, fields: Sequence[Field]
) -> list[tuple[str, dict[str, Any]]]:
    from datasets import disable_progress_bars, load_dataset

    from tuning_curves.data.readers.hub_rows import hub_rows  # needs pydantic; encoders do not

    disable_progress_bars()
    try:
        loaded = load_dataset(str(folder), data.configuration, split=split, cache_dir=scratch)
        rows = list(loaded)
    except Exception as error:  # the library raises a dozen kinds
        if (own := _of_this_machine(error)) is not None:
            raise refused(own) from None
        cause = error.__cause__ or error
        raise DataError(
            f"{data.repository}: no rows can be read for {split!r} ({_reason(cause)})",
            fix="correct data.train and data.test, which name splits, or data.configuration",
        ) from None
    name = f"{data.repository} ({split})"
    return list(hub_rows(rows, loaded.features, data.columns, fields, name))


def _of_configuration(folder: Path, configuration: str | None, scratch: Path) -> Path:
    """A folder with the files and a card that speaks of this configuration alone."""
    card = folder / CARD
    if configuration is None or not card.is_file():
        return folder
    own = scratch / "repository"
    own.mkdir()
    for path in folder.iterdir():
        if path.name != CARD:
            (own / path.name).symlink_to(path.absolute())
    (own / CARD).write_text(card_of(card.read_text("utf-8"), configuration), "utf-8")
    return own


def _download(repository: str, revision: str, kind: str, names: list[str]) -> Path:
    """Download, and once more where a file is not what the hub calls it."""
    print(f"fetching {repository} at {revision[:12]} from the hub", file=sys.stderr, flush=True)
    for _ in range(2):
        folder = _attempt(repository, revision, kind, names)
        damaged = list(_damaged(folder))
        if not damaged:
            return folder
        for path in damaged:
            print(f"{path.name}: damaged, fetching it again", file=sys.stderr, flush=True)
            path.resolve().unlink(missing_ok=True)  # two names may share one content
            path.unlink()
    raise DataError(
        f"{repository}: {damaged[0].name} has another hash than the hub states, twice",
        fix="run again; if it stays so, a proxy or mirror between here and the hub alters files",
    )


def _attempt(repository: str, revision: str, kind: str, names: list[str]) -> Path:
    """A download, tried again where the trouble may pass."""
    from huggingface_hub import snapshot_download

    for wait in (*WAITS, None):
        try:
            return Path(
                snapshot_download(
                    repository, revision=revision, repo_type=kind, allow_patterns=names
                )
            )
        except Exception as error:  # the client raises a dozen kinds, down to the socket's own
            failure = _failure(f"{kind} {repository!r} at revision {revision!r}", error)
            again = wait is not None and _refused_file(error)
        if not again:
            raise failure
        print(f"{failure.message}; trying again", file=sys.stderr, flush=True)
        time.sleep(wait or 0.0)
    raise AssertionError("the last attempt returns or raises")


def _damaged(folder: Path) -> Iterator[Path]:
    """Files whose content is not what they are called.

    The client's cache names a file by the hub's hash: sha256 for large files, git's for others.
    """
    for path in sorted(p for p in folder.rglob("*") if p.is_symlink()):
        stated = path.resolve().name
        if len(stated) == 64 and sha256_of_file(path) != stated:
            yield path
        if len(stated) == 40 and _git_hash(path.read_bytes()) != stated:
            yield path


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _failure(what: str, error: Exception) -> TuningCurvesError:
    """The one error for whatever the client raised."""
    if (own := _of_this_machine(error)) is not None:
        return refused(own)
    chain = list(_chain(error))
    statuses = [s for s in map(_status, chain) if s is not None]
    status = statuses[0] if statuses else None
    reason = _reason(chain[-1] if status is None else error)
    message = f"the hub did not give the {what}: {reason}"
    if status in PASSING or (status is None and any(map(_network, chain))):
        return PassingError(message, fix=FIX_LATER)
    return ResourceError(message, fix=FIX.get(401 if status == 403 else status, FIX[None]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _of_this_machine(error: BaseException) -> OSError | None:
    """The cause that is neither the hub's nor the repository's: a full disk, a forbidden folder.

    A socket may be forbidden too, which is about the network; a folder's error names it.
    """
    for one in _chain(error):
        if isinstance(one, OSError):
            if one.errno in FULL or (one.errno in FORBIDDEN and one.filename is not None):
                return one
            if one.errno is None and NO_ROOM in str(one):
                return OSError(errno.ENOSPC, str(one))
    return None


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _network(error: BaseException) -> bool:
    """A connection refused, lost or too slow, or a body that ended early."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return False
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"TransportError", "ConnectionError", "TimeoutError"}) or (
        "Consistency check failed" in str(error)
    )


def _refused_file(error: BaseException) -> bool:
    """A server error in place of a file: the one passing trouble that the client does not retry."""
    answers = [getattr(one, "response", None) for one in _chain(error)]
    return any(
        answer.status_code in PASSING and "/resolve/" in str(answer.request.url)
        for answer in answers
        if answer is not None
    )


def _reason(error: BaseException) -> str:
    return one_line(error)[:300] or type(error).__name__
