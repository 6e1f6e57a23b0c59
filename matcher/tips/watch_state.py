"""Stores the state of a watch in CASE/watch: what was compared, reported, and still has to be sent.

`state.json` is written last, atomically: a watch that is killed before that compares the same posts
again, so that no account is missed. Later deliveries are appended to `reported.txt`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from frametrace.case.json_files import read_json, write_json
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.posts.errors import CaseError

__all__ = [
    "WATCHED_TABLES",
    "PendingHit",
    "WatchState",
    "check_watch",
    "current_state",
    "open_watch",
    "record_delivery",
    "save_state",
]

_FOLDER = "watch"
_STATE = "state.json"
_DELIVERED = "reported.txt"  # since the state was written: a line for each hit and destination
WATCHED_TABLES = ("posts", "post_media")  # the picture of a known post may arrive later


@dataclass(frozen=True, slots=True)
class PendingHit:
    """A hit, as JSON, and the destinations that it still has to be sent to."""

    hit: Mapping[str, Any]
    destinations: Sequence[str]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read an element of `pending`."""
        return cls(dict(value["hit"]), list(value["places"]))

    def to_json(self) -> dict[str, Any]:
        """An element of `pending`."""
        return {"hit": dict(self.hit), "places": list(self.destinations)}


@dataclass(frozen=True, slots=True)
class WatchState:
    """What was compared so far: the epoch, shard names by table, and the accounts reported.

    A watch of a folder also keeps the hits that it still has to send, and the size and time of the
    files that it has read from the folder.
    """

    epoch: int
    shards: Mapping[str, Sequence[str]]
    reported: Sequence[Sequence[str]] = ()  # (platform, account_id)
    pending: Sequence[PendingHit] = ()
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read `state.json`. Raises `KeyError`, `TypeError` and the like if it is damaged."""
        return cls(
            epoch=int(value["epoch"]),
            shards={name: list(value["shards"][name]) for name in WATCHED_TABLES},
            reported=[list(account) for account in value["told"]],
            pending=[PendingHit.from_json(hit) for hit in value.get("pending", [])],
            files={name: list(stat) for name, stat in value.get("files", {}).items()},
        )

    def to_json(self) -> dict[str, Any]:
        """The content of `state.json`."""
        return {
            "epoch": self.epoch,
            "shards": {name: list(shards) for name, shards in self.shards.items()},
            "told": [list(account) for account in self.reported],
            "pending": [hit.to_json() for hit in self.pending],
            "files": {name: list(stat) for name, stat in self.files.items()},
        }


def current_state(case: Case, reported: Sequence[Sequence[str]] = ()) -> WatchState:
    """The state after everything in the case was compared."""
    shards = {name: sorted(case.epoch.shards.get(name, {})) for name in WATCHED_TABLES}
    return WatchState(case.epoch.number, shards, reported)


@contextmanager
def open_watch(case: Case) -> Iterator[WatchState]:
    """Lock the watch of a case and read its state; all posts of a first watch count as seen.

    Raises `CaseLocked` if another process watches the case.
    """
    folder = case.path / _FOLDER
    folder.mkdir(exist_ok=True)
    with writer_lock(folder):
        path = folder / _STATE
        if not path.is_file():
            save_state(case, current_state(case))
        state = _read(path)
        yield replace(state, pending=_undelivered(folder, state.pending))


def check_watch(case: Case) -> None:
    """Raises `CaseError` if the case is watched and its state is damaged."""
    path = case.path / _FOLDER / _STATE
    if path.is_file():
        _read(path)


def _read(path: Path) -> WatchState:
    try:
        return WatchState.from_json(read_json(path))
    except (CaseError, AttributeError, KeyError, TypeError, ValueError):
        raise CaseError(f"{path} is damaged: restore it, or delete it to start again") from None


def save_state(case: Case, state: WatchState) -> None:
    """Save the state; call this only after the results have been reported."""
    write_json(case.path / _FOLDER / _STATE, state.to_json())
    (case.path / _FOLDER / _DELIVERED).unlink(missing_ok=True)


def record_delivery(case: Case, hit_id: str, destination: str) -> None:
    """Note that a hit has reached a destination; the note is kept until the next `save_state`.

    Raises `CaseError` if it can't be written.
    """
    path = case.path / _FOLDER / _DELIVERED
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{hit_id} {destination}\n")
    except OSError as error:
        raise CaseError(f"{path} can't be written: {error.strerror or error}") from None


def _undelivered(folder: Path, pending: Sequence[PendingHit]) -> list[PendingHit]:
    """The pending hits without the deliveries that a killed watch has noted."""
    lines: set[str] = set()
    with suppress(FileNotFoundError):
        lines = set((folder / _DELIVERED).read_text("utf-8", "replace").splitlines())
    hits = [
        PendingHit(
            pending_hit.hit,
            [
                name
                for name in pending_hit.destinations
                if f"{pending_hit.hit['id']} {name}" not in lines
            ],
        )
        for pending_hit in pending
    ]
    return [pending_hit for pending_hit in hits if pending_hit.destinations]
