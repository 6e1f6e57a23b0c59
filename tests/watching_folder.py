"""A watched folder for tests, with posts and pictures that reuse material of a tip."""

import http.server
import json
import os
import threading
import time
from contextlib import contextmanager

from click.testing import CliRunner
from making import jpeg, make_case, photo, write_jsonl

from frametrace.app.cli import frametrace
from frametrace.matcher.tips.export import export_tip
from frametrace.matcher.tips.export_selection import Selection

__all__ = ["WORDS", "Place", "arrived", "hooked", "make_tip"]

WORDS = "they broke the whole station again last night and we had enough"
AGO = 60  # seconds since a file arrived that is whole


def make_tip(folder):
    """A tip on photo 1 and on some words."""
    posts = [{"account_id": "sender", "media": ["1.jpg"], "text": WORDS}]
    case = make_case(folder, posts, {"1.jpg": jpeg(photo(1))})
    export_tip(case, Selection(accounts=("sender",)), folder / "tip.json")
    return folder / "tip.json"


def arrived(path, ago=AGO):
    """A file as it lies there some seconds after it arrived."""
    os.utime(path, (time.time() - ago,) * 2)
    return path


class Place:
    """A folder in which files arrive, and the case that watches it."""

    def __init__(self, folder, tip):
        self.tip, self.case, self.folder = tip, folder / "case", folder / "incoming"
        self.folder.mkdir()

    def export(self, name, *accounts, text=WORDS, media=(), ago=AGO):
        """Posts by some accounts, one each, that say what the tip holds or show a picture."""
        rows = [
            {
                **{"platform": "facebook", "post_id": f"{name}-{one}", "account_id": one},
                **{"text": text, "media": list(media), "posted_at": "2019-08-02T10:00:00Z"},
            }
            for one in accounts
        ]
        return arrived(write_jsonl(self.folder / name, rows), ago)

    def picture(self, name, seed=1, ago=AGO):
        path = self.folder / name
        path.write_bytes(jpeg(photo(seed), 60))
        return arrived(path, ago)

    def arguments(self, *options):
        found = ("watch", self.case, self.tip, "--folder", self.folder, *options, "--json")
        return [*map(str, found), "--workers", "1"]

    def once(self, *options):
        """Look once; returns the hits that were printed, and what was said besides."""
        done = CliRunner().invoke(frametrace, self.arguments("--once", *options))
        assert done.exit_code == 0, repr(done.exception)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def accounts(self, *options):
        return [hit["account_id"] for hit in self.once(*options)[0]]

    @property
    def state(self):
        return json.loads((self.case / "watch" / "state.json").read_text("utf-8"))


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.got.append((self.path, dict(self.headers), json.loads(body)))
        answer = server.answers.pop(0) if server.answers else b"HTTP/1.0 204 No Content\r\n\r\n"
        self.wfile.write(answer)

    def do_GET(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nhello")

    def log_message(self, *_):
        pass


@contextmanager
def hooked(*answers):
    """A web server on this machine that keeps what it gets; `answers` come before 204."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.got, server.answers = [], list(answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/hits"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
