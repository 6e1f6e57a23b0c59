"""A server on loopback that answers as the model hub does, and fails as networks do."""

import hashlib
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote

__all__ = ["Hub", "git_digest"]


def git_digest(content: bytes) -> str:
    """The digest that Git gives a file."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Hub:
    """Serves files by their path; those of over 100 bytes are stored as the hub stores large files.

    `cut_after` bytes of a large file, the connection is closed, and every later request is refused
    until it is None again. `served` replaces what a path really gives. `requests` are the paths
    asked for, each with its Range.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.served: dict[str, bytes] = {}
        self.cut_after: int | None = None
        self.is_down = False
        self.requests: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def stated(self, path: str) -> dict[str, Any]:
        """What the hub says of a file."""
        content = self.files[path]
        entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content)}
        entry["oid"] = git_digest(content)
        if len(content) > 100:
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 130}
        return entry


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: Any) -> None:
            """Print nothing."""

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            hub.requests.append((self.path, ""))
            paths = [path for path in parse_qs(asked)["paths"] if path in hub.files]
            self.answer(200, json.dumps([hub.stated(path) for path in paths]).encode())

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            hub.requests.append((self.path, wanted))
            if hub.is_down:
                return self.answer(503, b"down")
            asked = unquote(self.path)
            name = max((p for p in hub.files if asked.endswith(f"/{p}")), key=len, default="")
            content = hub.served.get(name, hub.files.get(name))
            if content is None:
                return self.answer(404, b"nothing here")
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
            return self.answer(206 if wanted else 200, content[start:], start, len(content))

        def answer(self, code: int, body: bytes, start: int = 0, whole: int = 0) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            if code == 206:
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            self.end_headers()
            if hub.cut_after is not None and len(body) > hub.cut_after:
                self.wfile.write(body[: hub.cut_after])
                self.wfile.flush()
                hub.is_down, self.close_connection = True, True
                return
            self.wfile.write(body)

    return Handler
