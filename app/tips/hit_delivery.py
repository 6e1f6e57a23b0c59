"""Where the hits of a watch go: the terminal, a command, a web address. Each gets each hit once.

Hits wait in the watch's state until every place has them: what can't be reached is tried again. A
process that is killed between reporting a hit and noting that finds it waiting, so each carries an
`id`, the same every time, by which a receiver can tell that it has it already.
"""

import json
import shlex
import subprocess
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from frametrace.app.output.render import json_line, printable
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.watch import Watched
from frametrace.posts.errors import UsageError
from frametrace.work.progress import Progress

__all__ = ["Reporting", "hits_of"]

_SECONDS = 30  # that a command or a web address may take over one hit
_TERMINAL, _COMMAND, _WEBHOOK = "terminal", "command", "webhook"


@dataclass(frozen=True, slots=True)
class Reporting:
    """Where hits go besides the terminal. `as_json` prints each as one line of JSON."""

    as_json: bool = False
    command: str = ""
    webhook: str = ""

    def __post_init__(self) -> None:
        """Raises `UsageError` where hits could never be sent there."""
        try:
            arguments = shlex.split(self.command)
        except ValueError as error:
            raise UsageError(f"{self.command!r} is not a command: {error}") from None
        if self.command and not arguments:
            raise UsageError(f"{self.command!r} is not a command: it is empty")
        if self.webhook and not _is_address(self.webhook):
            raise UsageError(f"{self.webhook!r} is not a web address: name one like https://host/x")

    @property
    def places(self) -> list[str]:
        """The names of the places that every hit goes to."""
        chosen = {_TERMINAL: True, _COMMAND: self.command, _WEBHOOK: self.webhook}
        return [name for name, wanted in chosen.items() if wanted]

    def deliver(
        self,
        pending: Sequence[Mapping[str, Any]],
        progress: Progress,
        keep: Callable[[str, str], None],
    ) -> list[dict[str, Any]]:
        """Report what waits; `keep` is called after each report, with the hit's id and the place.

        What waits for a place that is no longer named is dropped. A place that fails is not tried
        again before the next call. Returns what still waits.
        """
        left = [{"hit": one["hit"], "places": list(one["places"])} for one in pending]
        failed: set[str] = set()
        for one in left:
            for place in [name for name in one["places"] if name not in failed]:
                try:
                    self._send(place, one["hit"])
                except (OSError, HTTPException, subprocess.SubprocessError) as error:
                    failed.add(place)
                    progress.note(f"{place} can't be reached ({error}): its hits wait")
                    continue
                one["places"].remove(place)
                keep(one["hit"]["id"], place)
        return [each for each in left if each["places"]]

    def _send(self, place: str, hit: Mapping[str, Any]) -> None:
        if place in self.places:
            {_TERMINAL: self._print, _COMMAND: self._run, _WEBHOOK: self._post}[place](hit)

    def _print(self, hit: Mapping[str, Any]) -> None:
        print(json_line(hit) if self.as_json else printable(_sentence(hit)), flush=True)

    def _run(self, hit: Mapping[str, Any]) -> None:
        """The command gets the hit as JSON on its standard input; no shell sees it."""
        subprocess.run(
            shlex.split(self.command),
            input=json_line(hit).encode(),
            stdout=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )

    def _post(self, hit: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": hit["id"]}
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            self.webhook, json_line(hit).encode(), headers, method="POST"
        )
        with _OPENER.open(request, timeout=_SECONDS):
            pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected request is sent again without its body: the hit would be lost."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none: it is an error, and the hit waits."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _is_address(text: str) -> bool:
    """Whether hits can be posted to a text."""
    try:
        address = urlsplit(text)
        port = address.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text
    return plain and address.scheme in ("http", "https") and bool(address.hostname) and port != 0


def hits_of(watched: Watched) -> list[dict[str, Any]]:
    """Accounts that newly reuse known material, and posts of named framings, each with an id."""
    rows = [
        *({"kind": "account", **row} for row in _rows(watched.newcomers)),
        *({"kind": "framing", **row} for row in _rows(watched.named.drop_columns(["tied_by"]))),
    ]
    who = ("kind", "name", "platform", "account_id", "post_id")
    return [{"id": short_digest([str(row.get(name)) for name in who]), **row} for row in rows]


def _rows(table: pa.Table) -> Iterable[dict[str, Any]]:
    """Rows as JSON holds them."""
    rows: list[dict[str, Any]] = [json.loads(json_line(row)) for row in table.to_pylist()]
    return rows


def _sentence(hit: Mapping[str, Any]) -> str:
    who = f"{hit['platform']} {hit['account_kind']} {hit['account_name'] or hit['account_id']}"
    if hit["kind"] == "framing":
        return f"named     {hit['name']}: post {hit['post_id']} by {who}"
    known = f"tip {hit['known_as'][:16]}" if hit["tlp"] else hit["known_as"]
    marking = f", {hit['tlp']}" if hit["tlp"] else ""
    how = f"{hit['signal']}, {hit['similarity']:.2f}"
    return f"found     {who}: post {hit['post_id']} reuses {known} by {how}{marking}"
