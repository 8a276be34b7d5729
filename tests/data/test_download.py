"""Downloads over the loopback: resumed, cached by hash, never believed unchecked."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.data import download as module
from tuning_curves.data.download import download
from tuning_curves.data.package_index import Places, _links, fetch_distribution
from tuning_curves.data.parts import read_parts
from tuning_curves.data.section import AnyData
from tuning_curves.util.errors import DataError, PassingError, ResourceError
from tuning_curves.util.validation import validate

from .toys.opinions import Opinions

CONTENT = b"text,label\n" + b"".join(b"line %d,good\n" % n for n in range(20_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
JSON = "application/vnd.pypi.simple.v1+json"


class Server:
    """Files by path; what was asked for; what goes wrong with the next requests."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {"/a/train.csv": (CONTENT, "text/csv")}
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.faults: list[dict[str, int]] = []  # `status`, or `cut`: the body ends there
        self.ranges = True
        handler = type("Handler", (_Handler,), {"server_": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str, login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.server.server_address[1]}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server_: Server

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        wanted, login = self.headers.get("Range"), self.headers.get("Authorization")
        self.server_.asked.append((self.path, wanted, login))
        fault = self.server_.faults.pop(0) if self.server_.faults else {}
        content, kind = self.server_.files.get(self.path, (b"", ""))
        status = fault.get("status", 200 if kind else 404)
        first = int(wanted[6:-1]) if wanted and self.server_.ranges else 0
        if status == 200 and first:
            status = 206 if first < len(content) else 416
        body = content[first:] if status < 300 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind or "text/plain")
        self.end_headers()
        self.wfile.write(body[: fault.get("cut", len(body))])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setattr(module, "WAITS", (0.0, 0.0))
    monkeypatch.setenv("TUNING_CURVES_CACHE", str(tmp_path))
    served = Server()
    yield served
    served.server.shutdown()
    served.server.server_close()


def ranges(server: Server) -> list[str | None]:
    return [wanted for _, wanted, _ in server.asked]


def test_a_file_is_fetched_once_and_then_comes_from_the_cache(
    server: Server, tmp_path: Path
) -> None:
    for _ in range(2):
        assert download(server.url("/a/train.csv"), SHA256) == tmp_path / SHA256
    assert (tmp_path / SHA256).read_bytes() == CONTENT
    assert ranges(server) == [None]
    (tmp_path / SHA256).write_bytes(CONTENT[:-1])
    assert download(server.url("/a/train.csv"), SHA256).read_bytes() == CONTENT


def test_a_broken_download_goes_on_where_it_broke(server: Server) -> None:
    server.faults = [{"cut": 1000}, {"status": 503}]
    assert download(server.url("/a/train.csv"), SHA256).read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=1000-", "bytes=1000-"]


def test_what_a_killed_download_left_is_used(server: Server, tmp_path: Path) -> None:
    partial = tmp_path / f"{SHA256}.partial"
    for left, asked in ((CONTENT[:5], ["bytes=5-"]), (CONTENT, [f"bytes={len(CONTENT)}-"])):
        partial.write_bytes(left)
        assert download(server.url("/a/train.csv"), SHA256).read_bytes() == CONTENT
        assert ranges(server) == asked
        (tmp_path / SHA256).unlink()
        server.asked.clear()


def test_a_beginning_of_something_else_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{SHA256}.partial").write_bytes(b"other")
    assert download(server.url("/a/train.csv"), SHA256).read_bytes() == CONTENT
    assert ranges(server) == ["bytes=5-", None]


def test_a_server_without_ranges_is_asked_for_all_of_it(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / f"{SHA256}.partial").write_bytes(CONTENT[:5])
    assert download(server.url("/a/train.csv"), SHA256).read_bytes() == CONTENT


def test_other_bytes_are_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"train.csv: sha256 {SHA256}, expected 0000") as caught:
        download(server.url("/a/train.csv"), "0" * 64)
    assert "write its new hash into the study" in str(caught.value.fix)
    assert [path.name for path in tmp_path.iterdir()] == [f".{'0' * 64}.lock"]


def test_what_may_pass_is_told_from_what_will_not(server: Server, tmp_path: Path) -> None:
    server.faults = [{"status": 500}] * 3
    with pytest.raises(PassingError, match=r"train\.csv could not be fetched: 500") as caught:
        download(server.url("/a/train.csv"), SHA256)
    assert f"put it here as {tmp_path / SHA256}" in str(caught.value.fix)
    assert len(server.asked) == 3
    with pytest.raises(ResourceError, match=r"none\.csv could not be fetched: 404") as refused:
        download(server.url("/none.csv"), SHA256)
    assert "fix: correct the address" in str(refused.value)
    with pytest.raises(PassingError, match="refused") as offline:
        download("http://127.0.0.1:9/train.csv", SHA256)
    assert "Without a network, download it elsewhere" in str(offline.value.fix)


def test_a_login_is_sent_and_never_shown(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ResourceError) as caught:
        download(server.url("/none.csv", "ann:s%40t@"), SHA256)
    assert [login for *_, login in server.asked] == ["Basic YW5uOnNAdA=="]  # ann:s@t
    assert "ann" not in str(caught.value) + capsys.readouterr().err


def test_a_study_reads_files_at_addresses(server: Server) -> None:
    test = b"text,label\nlovely,good\n"
    server.files["/b%20c/test.csv?v=1"] = (test, "text/csv")
    section = {
        "name": "mine",
        "source": "url",
        "held_out_examples": 1,
        "format": {"kind": "csv", "header": True},
        "train": {"url": server.url("/a/train.csv"), "sha256": SHA256},
        "test": {
            "url": server.url("/b%20c/test.csv?v=1"),
            "sha256": hashlib.sha256(test).hexdigest(),
        },
    }
    data = validate(AnyData, section, "s", "the section", "fix")
    parts = read_parts(Opinions(labels=("good",)), data)
    assert [len(parts.data[split]) for split in ("train", "test")] == [20_000, 1]
    with pytest.raises(DataError, match=r"^train\.csv: line 2: 'good' or 'line 0'"):
        read_parts(Opinions(labels=("bad",)), data)


def test_an_index_is_read_as_json_and_as_html(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [{"filename": "a-1.tar.gz", "url": "../../a/train.csv"}]
    server.files["/json/a/"] = (json.dumps({"files": files}).encode(), JSON)
    page = b"<a href='/a/a-1.tar.gz#sha256=0'>x</a><a name='b'>"
    server.files["/html/a/"] = (page, "text/html")
    assert _links(server.url("/json/a/"), None) == {"a-1.tar.gz": server.url("/a/train.csv")}
    assert _links(server.url("/html/a/"), None) == {"a-1.tar.gz": server.url("/a/a-1.tar.gz")}
    package_index = "tuning_curves.data.package_index"
    places = Places(links=(), indexes=(server.url("/none"), server.url("/json")))
    monkeypatch.setattr(f"{package_index}.pip_settings", dict)
    monkeypatch.setattr(f"{package_index}.find_places", lambda _: places)
    assert fetch_distribution("A==1", "a-1.tar.gz", SHA256).read_bytes() == CONTENT
    server.faults = [{"status": 503}]
    with pytest.raises(PassingError, match=r"could not be asked: .*none/a/ \(503"):
        fetch_distribution("A==1", "a-2.tar.gz", "1" * 64)
