"""The Hugging Face hub, for studies that name it: a checkpoint or a data set at a revision.

Downloading, resuming and caching are `huggingface_hub`'s and `datasets`'. What is added is one
clear error, and that nothing of the repository is executed.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tuning_curves.errors import ResourceError

FIX = (
    "check the network (and HF_TOKEN for a gated repository); without a hub, download it elsewhere "
    "and give the study `source: path`"
)


def download_checkpoint(repository: str, revision: str, names: list[str]) -> Path:
    """Download these files of a model repository (those that exist); returns their folder.

    Raises:
        ResourceError: the hub cannot be reached, or has no such repository or revision.
    """
    from huggingface_hub import snapshot_download

    print(f"fetching {repository} at {revision[:12]} from the hub", file=sys.stderr, flush=True)
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=names))
    except Exception as error:  # the client raises a dozen kinds, down to the socket's own
        raise _unreachable("encoder", repository, revision, error) from None


def download_rows(repository: str, revision: str, split: str) -> Iterable[dict[str, Any]]:
    """Load a split of a data set repository as plain rows.

    Raises:
        ResourceError: the hub cannot be reached, or has no such repository or revision.
    """
    from datasets import load_dataset

    print(f"fetching {repository} ({split}) from the hub", file=sys.stderr, flush=True)
    try:
        return load_dataset(repository, revision=revision, split=split)
    except Exception as error:  # as above
        raise _unreachable("data set", repository, revision, error) from None


def _unreachable(what: str, repository: str, revision: str, error: Exception) -> ResourceError:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return ResourceError(
        f"the hub did not give the {what} {repository!r} at revision {revision!r}: {reason}",
        fix=FIX,
    )
