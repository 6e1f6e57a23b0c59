"""Delivers the hits of a watch to the terminal, a command and a webhook, each hit once.

A hit is an account or post that a watch reports. Hits stay in the watch's state until they have
reached every destination; failed deliveries are retried. A process that is killed after a delivery
and before it was recorded delivers the hit again, with the same `id`, by which the receiver
recognises it.
"""

import json
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from frametrace.app.output.console_output import json_line, print_json_line, print_line
from frametrace.app.output.video_words import is_still, when
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.watch_new_posts import WatchResult
from frametrace.matcher.tips.watch_state import PendingHit
from frametrace.posts.errors import UsageError
from frametrace.work.progress import Progress

__all__ = ["HitDelivery", "hits_of"]

_TIMEOUT = 30  # seconds for the delivery of one hit
_TERMINAL, _COMMAND, _WEBHOOK = "terminal", "command", "webhook"


@dataclass(frozen=True, slots=True)
class HitDelivery:
    """Where hits go besides the terminal; `as_json` prints each hit as one line of JSON."""

    as_json: bool = False
    command: str = ""
    webhook: str = ""

    def __post_init__(self) -> None:
        """Raise `UsageError` for a command or an address that can't be used."""
        try:
            arguments = shlex.split(self.command)
        except ValueError as error:
            raise UsageError(f"{self.command!r} is not a command: {error}") from None
        if self.command and not arguments:
            raise UsageError(f"{self.command!r} is not a command: it is empty")
        if self.webhook and not _is_web_address(self.webhook):
            raise UsageError(f"{self.webhook!r} is not a web address: name one like https://host/x")

    @property
    def destinations(self) -> list[str]:
        """The names of the destinations of every hit."""
        enabled = {_TERMINAL: True, _COMMAND: self.command, _WEBHOOK: self.webhook}
        return [name for name, value in enabled.items() if value]

    def deliver(
        self,
        pending: Sequence[PendingHit],
        progress: Progress,
        on_delivered: Callable[[str, str], None],
    ) -> list[PendingHit]:
        """Deliver pending hits; `on_delivered` gets the hit's id and the destination each time.

        Hits for a destination that is no longer configured are dropped. A destination that fails is
        not tried again before the next call. Returns the hits that are still pending.
        """
        still_pending = []
        failed: set[str] = set()
        for waiting in pending:
            remaining = []
            for destination in waiting.destinations:
                if destination in failed:
                    remaining.append(destination)
                    continue
                try:
                    self._send(destination, waiting.hit)
                except (OSError, HTTPException, subprocess.SubprocessError) as error:
                    failed.add(destination)
                    remaining.append(destination)
                    progress.note(
                        f"{destination} can't be reached ({error}): its hits are kept and sent in "
                        "the next pass"
                    )
                else:
                    on_delivered(waiting.hit["id"], destination)
            if remaining:
                still_pending.append(PendingHit(waiting.hit, remaining))
        return still_pending

    def _send(self, destination: str, hit: Mapping[str, Any]) -> None:
        if destination in self.destinations:
            senders = {_TERMINAL: self._print, _COMMAND: self._run, _WEBHOOK: self._post}
            senders[destination](hit)

    def _print(self, hit: Mapping[str, Any]) -> None:
        if self.as_json:
            print_json_line(hit)
        else:
            print_line(*_labelled_sentence(hit))
        sys.stdout.flush()

    def _run(self, hit: Mapping[str, Any]) -> None:
        """Run the command with the hit as JSON on its standard input, without a shell."""
        subprocess.run(
            shlex.split(self.command),
            input=json_line(hit).encode(),
            stdout=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=True,
        )

    def _post(self, hit: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": hit["id"]}
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            self.webhook, json_line(hit).encode(), headers, method="POST"
        )
        with _OPENER.open(request, timeout=_TIMEOUT):
            pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: the request would be repeated without its body, and the hit lost."""

    def redirect_request(self, *_: Any) -> None:
        """Return no request, which makes the redirect an error; the hit stays pending."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _is_web_address(text: str) -> bool:
    """Whether a text is an address that hits can be posted to."""
    try:
        address = urlsplit(text)
        port = address.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text
    return plain and address.scheme in ("http", "https") and bool(address.hostname) and port != 0


def hits_of(result: WatchResult) -> list[dict[str, Any]]:
    """The newcomers and the new posts of named framings as JSON objects, each with an id."""
    rows = [
        *({"kind": "account", **row} for row in _rows(result.newcomers)),
        *({"kind": "framing", **row} for row in _rows(result.named.drop_columns(["tied_by"]))),
    ]
    identity = ("kind", "name", "platform", "account_id", "post_id")
    return [{"id": short_digest([str(row.get(name)) for name in identity]), **row} for row in rows]


def _rows(table: pa.Table) -> Iterable[dict[str, Any]]:
    """The rows of a table as JSON values."""
    rows: list[dict[str, Any]] = [json.loads(json_line(row)) for row in table.to_pylist()]
    return rows


def _labelled_sentence(hit: Mapping[str, Any]) -> tuple[str, str]:
    """What a hit is, as a label and a sentence for the terminal."""
    who = f"{hit['platform']} {hit['account_kind']} {hit['account_name'] or hit['account_id']}"
    if hit["kind"] == "framing":
        return "named", f"{hit['name']}: post {hit['post_id']} by {who}"
    known = f"tip {hit['known_as'][:16]}" if hit["tlp"] else hit["known_as"]
    marking = f", {hit['tlp']}" if hit["tlp"] else ""
    evidence = f"{hit['signal']}, {hit['similarity']:.2f}{_times(hit)}"
    return "found", f"{who}: post {hit['post_id']} reuses {known} by {evidence}{marking}"


def _times(hit: Mapping[str, Any]) -> str:
    """From when to when a video of the post shows known material, or a known video the picture."""
    if not hit.get("spans"):
        return ""
    if is_still(hit["spans"], "b"):
        return f", {when(hit['spans'], 'a')} of the known video"
    return f", {when(hit['spans'], 'b')}"
