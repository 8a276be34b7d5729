"""Download a file whose sha256 is known: resumed where it broke, kept by its hash, checked always.

Files lie in `$TUNING_CURVES_CACHE`, else in `tuning-curves` below the user's cache folder
(`$XDG_CACHE_HOME`, `~/.cache`), named by their sha256: what has been fetched once, or was put there
by hand, needs no network again. A killed download goes on where it ended, if the server can.
"""

import base64
import http.client
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import BinaryIO

from tuning_curves.data.hub import PASSING, WAITS
from tuning_curves.util.errors import DataError, PassingError, ResourceError, one_line
from tuning_curves.util.files import sha256_of_file
from tuning_curves.util.locks import try_lock

SECONDS = 60.0  # of silence, after which a server is given up
BLOCK = 1 << 20


class Broken(Exception):
    """A request that failed; `status` is the server's answer, if it gave one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status

    @property
    def passes(self) -> bool:
        """Whether it may go well later."""
        return self.status is None or self.status in PASSING


def cache_folder() -> Path:
    """Where downloaded files are kept."""
    if own := os.environ.get("TUNING_CURVES_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuning-curves"


def cached(sha256: str) -> Path | None:
    """The file with this hash, if it is here; a damaged one is removed."""
    path = cache_folder() / sha256
    if not path.is_file():
        return None
    if sha256_of_file(path) == sha256:
        return path
    print(f"{path}: damaged, fetching it again", file=sys.stderr, flush=True)
    path.unlink()
    return None


def download(url: str, sha256: str, cafile: str | None = None) -> Path:
    """The file at an address, on this machine.

    Args:
        cafile: certificates to trust, instead of the system's.

    Raises:
        PassingError: the server is down, slow or out of reach.
        ResourceError: it does not have the file, or does not give it.
        DataError: it gives other bytes, twice.
    """
    folder = cache_folder()
    with try_lock(folder / f".{sha256}.lock", wait=True):
        if (found := cached(sha256)) is not None:
            return found
        partial = folder / f"{sha256}.partial"
        print(f"fetching {shown(url)}", file=sys.stderr, flush=True)
        for _ in range(2):  # what a killed download left may be another file's beginning
            _complete(url, partial, folder / sha256, cafile)
            other = sha256_of_file(partial)
            if other == sha256:
                return partial.replace(folder / sha256)
            partial.unlink()
    raise DataError(
        f"{shown(url)}: sha256 {other}, expected {sha256}",
        fix="if the file was changed on purpose, look at it and write its new hash into the study",
    )


def _complete(url: str, partial: Path, target: Path, cafile: str | None) -> None:
    """Fetch what is missing of a file, again where the trouble may pass."""
    for wait in (*WAITS, None):
        try:
            return _append(url, partial, cafile)
        except Broken as error:
            message = f"{shown(url)} could not be fetched: {error}"
            by_hand = f"download it elsewhere and put it here as {target}, or give `source: path`"
            if not error.passes:
                raise ResourceError(message, fix=f"correct the address; or {by_hand}") from None
            if wait is None:
                fix = f"run again later: it goes on where it broke. Without a network, {by_hand}"
                raise PassingError(message, fix=fix) from None
        print(f"{message}; trying again", file=sys.stderr, flush=True)
        time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def _append(url: str, partial: Path, cafile: str | None) -> None:
    begun = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={begun}-"} if begun else {}
    try:
        response = request(url, headers, cafile)
    except Broken as error:
        if error.status != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return  # nothing is missing; the hash tells whether it is right
    with response, partial.open("ab") as stream:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            stream.truncate(0)
        _receive(response, stream)


def _receive(response: http.client.HTTPResponse, stream: BinaryIO) -> None:
    stated = response.headers.get("Content-Length")
    left = int(stated) if stated and stated.isdigit() else None
    while block := _read(response):
        stream.write(block)
        left = None if left is None else left - len(block)
    if left:
        raise Broken(f"the connection ended {left:,} bytes early")


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise Broken(_reason(error)) from None


def request(
    url: str, headers: dict[str, str], cafile: str | None = None
) -> http.client.HTTPResponse:
    """The answer to a GET request; a name and password in the address are sent as such.

    Raises:
        Broken: no answer, or one that says no.
    """
    address, login = _without_login(url)
    context = ssl.create_default_context(cafile=cafile) if address.startswith("https:") else None
    try:
        asked = urllib.request.Request(address, headers={"User-Agent": "tuning-curves", **headers})
        if login is not None:  # for this server alone, wherever it points to
            asked.add_unredirected_header("Authorization", f"Basic {login}")
        return urllib.request.urlopen(asked, timeout=SECONDS, context=context)
    except urllib.error.HTTPError as error:
        error.close()
        raise Broken(f"{error.code} {error.reason}", error.code) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        status = http.HTTPStatus.NOT_FOUND if address.startswith("file:") else None
        raise Broken(_reason(error), status) from None


def shown(url: str) -> str:
    """An address as messages show it: without a login."""
    return _without_login(url)[0]


def _without_login(url: str) -> tuple[str, str | None]:
    """An address and, as HTTP sends it, the name and password that it has inside."""
    parts = urllib.parse.urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    plain = urllib.parse.unquote(login).encode("utf-8")
    return parts._replace(netloc=host).geturl(), base64.b64encode(plain).decode("ascii")


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", error)
    said = one_line(cause) if isinstance(cause, BaseException) else str(cause)
    return said or type(error).__name__
