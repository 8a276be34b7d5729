"""A hub on the loopback: enough of the Hugging Face hub's HTTP protocol for its real clients.

Serves folders as repositories, each at one revision. As on the real hub, a large file is known by
its sha256 and a small one by git's hash. `Fault`s go wrong a stated number of times.
"""

import dataclasses
import functools
import hashlib
import http.server
import json
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any

LARGE = (".safetensors", ".parquet", ".bin")


@dataclasses.dataclass
class Fault:
    """What goes wrong with requests whose path contains `where`, `times` times.

    status: answered in place of the file. cut: the body ends after so many bytes. stall: silence
    for so many seconds after that. alter: one byte is another one.
    """

    where: str
    times: int = 1_000
    status: int | None = None
    cut: int | None = None
    stall: float = 0.0
    alter: bool = False


class Hub:
    """Repositories by kind (`models`, `datasets`) and name; what was asked, in order."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], tuple[Path, str]] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.ranges: list[str] = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self})
        )
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def add(self, kind: str, name: str, folder: Path, revision: str) -> None:
        self.repositories[kind, name] = (folder, revision)

    def fault(self, command: str, path: str) -> Fault | None:
        """The fault that this request meets; it is used up by one."""
        with self.lock:
            for fault in self.faults:
                body = fault.cut is not None or fault.alter
                if fault.where in path and fault.times > 0 and not (body and command == "HEAD"):
                    fault.times -= 1
                    return fault
        return None

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@functools.cache
def known_as(path: Path) -> str:
    """The hash under which the hub keeps a file."""
    content = path.read_bytes()
    if path.suffix in LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = urllib.parse.parse_qs(self.rfile.read(length).decode())
        self._answer(body.get("paths", []))

    def _answer(self, paths: list[str] | None = None) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        fault = self.hub.fault(self.command, self.path)
        if fault is not None and fault.status is not None:
            code = {401: "GatedRepo", 404: "RepoNotFound"}.get(fault.status, "")
            return self._send(fault.status, b"{}", {"X-Error-Code": code})
        if fault is not None and fault.cut is None:
            time.sleep(fault.stall)
        parts = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api":
            return self._api(parts[1], "/".join(parts[2:4]), parts[4:], paths)
        kind = "datasets" if parts[0] == "datasets" else "models"
        parts = parts[1:] if kind == "datasets" else parts
        return self._file((kind, "/".join(parts[:2])), parts[3], "/".join(parts[4:]), fault)

    def _api(self, kind: str, name: str, rest: list[str], paths: list[str] | None) -> None:
        found = self._repository((kind, name), rest[1] if len(rest) > 1 else "main")
        if found is None:
            return None
        folder, revision = found
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        names = [p.relative_to(folder).as_posix() for p in files]
        if rest[:1] == ["tree"]:
            return self._json(self._tree(folder, "/".join(rest[2:])))
        if rest[:1] == ["paths-info"]:
            return self._json([self._entry(folder / n, n) for n in paths or [] if n in names])
        info = {"id": name, "sha": revision, "siblings": [{"rfilename": n} for n in names]}
        return self._json({**info, "private": False, "tags": [], "downloads": 0})

    def _repository(self, key: tuple[str, str], asked: str) -> tuple[Path, str] | None:
        """The repository at the revision asked for, or None after an answer that says why not."""
        found = self.hub.repositories.get(key)
        if found is None:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif asked not in ("main", found[1]):
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return None
        return found

    def _tree(self, folder: Path, below: str) -> list[dict[str, Any]]:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        deep = query.get("recursive", ["false"])[0].lower() in ("true", "1")
        start = folder / below
        inside = sorted(start.rglob("*") if deep else start.iterdir())
        return [self._entry(p, p.relative_to(folder).as_posix()) for p in inside]

    def _entry(self, path: Path, name: str) -> dict[str, Any]:
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
        size, digest = path.stat().st_size, known_as(path)
        entry = {"type": "file", "path": name, "oid": digest[:40], "size": size}
        if len(digest) == 64:
            entry["lfs"] = {"oid": digest, "size": size, "pointerSize": 134}
        return entry

    def _file(self, key: tuple[str, str], revision: str, file: str, fault: Fault | None) -> None:
        found = self._repository(key, revision)
        if found is None:
            return None
        path, commit = found[0] / file, {"X-Repo-Commit": found[1]}
        if not path.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", **commit})
        headers = {"ETag": f'"{known_as(path)}"', "Accept-Ranges": "bytes", **commit}
        content = path.read_bytes()
        if fault is not None and fault.alter:
            content = bytes([content[0] ^ 1]) + content[1:]
        return self._body(content, headers, fault)

    def _body(self, content: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        first, wanted = 0, self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            self.hub.ranges.append(wanted)
            first = int(wanted.removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        status = 206 if first else 200
        if fault is None or fault.cut is None or self.command == "HEAD":
            return self._send(status, content[first:], headers)
        self._head(status, len(content) - first, headers)
        self.wfile.write(content[first : first + fault.cut])
        self.wfile.flush()
        time.sleep(fault.stall)
        self.close_connection = True
        return None

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._head(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
