"""Reads and commits epochs, the manifests that say which shards of a case are committed.

`CASE/epochs/epoch-000012.json` lists every committed shard and its rows; `CASE/CURRENT` names the
epoch that readers trust. An epoch is written whole before CURRENT names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from frametrace.case.atomic_files import (
    delete_unused,
    read_json,
    to_json,
    when_free,
    write_atomically,
)
from frametrace.posts.errors import CaseError

__all__ = [
    "EPOCHS",
    "Epoch",
    "commit_epoch",
    "current_epoch",
    "delete_old_epochs",
    "epoch_files",
    "read_epoch",
]

EPOCHS = "epochs"
_CURRENT = "CURRENT"
_MAX_KEPT = 5  # epochs; a reader that began on one of them still finds its shards


@dataclass(frozen=True, slots=True)
class Epoch:
    """Which shards of a case are committed.

    `shards` maps a table to its files' names and row counts; `signals` maps a signal's name to what
    made it: `fingerprint` and a description for people.
    """

    number: int = 0
    shards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    signals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def rows(self, table: str) -> int:
        """The number of committed rows of a table."""
        return sum(self.shards.get(table, {}).values())

    def updated(self, rows: Mapping[str, Mapping[str, int | None]]) -> "Epoch":
        """This epoch with more shards, by table and file; a shard without a count is left out."""
        shards = dict(self.shards)
        for table, files in rows.items():
            counts = {**shards.get(table, {}), **files}
            shards[table] = {name: count for name, count in counts.items() if count is not None}
        return replace(self, shards=shards)


def current_epoch(case: Path) -> Epoch:
    """The epoch that CURRENT names; without CURRENT, the newest one; without any, an empty one.

    Raises `CaseError` if it can't be read, or if a case with shards has no epoch.
    """
    current = case / _CURRENT
    try:
        name = when_free(lambda: current.read_text("utf-8")).strip()
    except FileNotFoundError:
        if not (files := epoch_files(case)):
            return _empty_epoch(case)
        name = files[-1].name
    except (OSError, ValueError) as error:
        raise CaseError(f"{current} can't be read ({error}): delete it") from None
    if Path(name).name != name or not name:
        raise CaseError(f"{current} names {name!r}, which is not an epoch of this case: delete it")
    return read_epoch(case / EPOCHS / name)


def _empty_epoch(case: Path) -> Epoch:
    if shard := next(case.glob("*/*.parquet"), None):
        raise CaseError(
            f"{case} holds {shard.parent.name}/{shard.name} but neither CURRENT nor epochs, which "
            "say what is committed: restore them from a copy of the case"
        )
    return Epoch()


def read_epoch(file: Path) -> Epoch:
    """Read a manifest. Raises `CaseError` if it is missing or damaged."""
    manifest = read_json(file)
    try:
        return Epoch(manifest["number"], manifest["shards"], manifest["signals"])
    except KeyError as missing:
        raise CaseError(f"{file} lacks {missing}: restore it from a copy of the case") from None


def epoch_files(case: Path) -> list[Path]:
    """The manifests on disk, oldest first."""
    return sorted((case / EPOCHS).glob(f"epoch-{'[0-9]' * 6}.json"))


def commit_epoch(case: Path, epoch: Epoch) -> Epoch:
    """Write an epoch and have CURRENT name it; one that changes nothing is not written.

    Returns it with the number under which it was committed.
    """
    committed = current_epoch(case)
    changed = (committed.shards, committed.signals) != (epoch.shards, epoch.signals)
    if not changed and (case / _CURRENT).exists():
        return epoch
    newest = max([committed.number, *(int(file.stem[-6:]) for file in epoch_files(case))])
    epoch = replace(epoch, number=newest + 1 if changed else committed.number)
    name = f"epoch-{epoch.number:06d}.json"
    manifest = {"number": epoch.number, "shards": epoch.shards, "signals": epoch.signals}
    write_atomically(case / EPOCHS / name, to_json(manifest))
    write_atomically(case / _CURRENT, name + "\n")
    return epoch


def delete_old_epochs(case: Path) -> None:
    """Delete all manifests but the newest few."""
    for file in epoch_files(case)[:-_MAX_KEPT]:
        delete_unused(file)
