"""A hub on the loopback: enough of the Hugging Face hub's HTTP protocol for its real clients.

Serves folders as repositories at one revision each. Faults are switched on by name: `slow`,
`unauthorised`, `broken` (every answer 500), `cut` (a file's body ends half-way, once).
"""

import hashlib
import http.server
import json
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any


class Hub:
    """Repositories by kind (`models`, `datasets`) and name."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], tuple[Path, str]] = {}
        self.faults: set[str] = set()
        self.requests: list[str] = []
        hub = self

        class Handler(_Handler):
            owner = hub

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def add(self, kind: str, name: str, folder: Path, revision: str) -> None:
        self.repositories[kind, name] = (folder, revision)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    owner: Hub
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
        hub = self.owner
        hub.requests.append(f"{self.command} {self.path}")
        if "slow" in hub.faults:
            time.sleep(0.3)
        if "broken" in hub.faults:
            return self._send(500, b"broken")
        if "unauthorised" in hub.faults:
            return self._send(401, b"{}", {"X-Error-Code": "GatedRepo"})
        parts = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api":
            return self._api(parts[1], "/".join(parts[2:4]), parts[4:], paths)
        kind = "datasets" if parts[0] == "datasets" else "models"
        parts = parts[1:] if kind == "datasets" else parts
        return self._file(kind, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    def _api(self, kind: str, name: str, rest: list[str], paths: list[str] | None) -> None:
        found = self.owner.repositories.get((kind, name))
        if found is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        folder, revision = found
        asked = rest[1] if len(rest) > 1 else "main"
        if asked not in ("main", revision):
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        names = [p.relative_to(folder).as_posix() for p in files]
        if rest[:1] == ["tree"]:
            return self._json(self._tree(folder, "/".join(rest[2:])))
        if rest[:1] == ["paths-info"]:
            return self._json([self._entry(folder / n, n) for n in paths or [] if n in names])
        info = {"id": name, "sha": revision, "siblings": [{"rfilename": n} for n in names]}
        return self._json({**info, "private": False, "tags": [], "downloads": 0})

    def _tree(self, folder: Path, below: str) -> list[dict[str, Any]]:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        deep = query.get("recursive", ["false"])[0].lower() in ("true", "1")
        start = folder / below
        inside = sorted(start.rglob("*") if deep else start.iterdir())
        return [self._entry(p, p.relative_to(folder).as_posix()) for p in inside]

    def _entry(self, path: Path, name: str) -> dict[str, Any]:
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
        content = path.read_bytes()
        digest = hashlib.sha1(content).hexdigest()
        return {"type": "file", "path": name, "oid": digest, "size": len(content)}

    def _file(self, kind: str, name: str, revision: str, file: str) -> None:
        found = self.owner.repositories.get((kind, name))
        if found is None:
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        folder, known = found
        if revision not in ("main", known):
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        if not (folder / file).is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": known})
        content = (folder / file).read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": known,
            "Accept-Ranges": "bytes",
        }
        return self._body(content, headers)

    def _body(self, content: bytes, headers: dict[str, str]) -> None:
        first = 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            first = int(wanted.removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        if self.command == "GET" and "cut" in self.owner.faults and len(content) > 4000:
            self.owner.faults.discard("cut")
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self._send(206 if first else 200, content[first:], headers)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
