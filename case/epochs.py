"""Reads and commits epochs, the manifests that say which shards of a case are committed.

`CASE/epochs/epoch-000012.json` lists every committed shard, its rows and its digest; `CASE/CURRENT`
names the epoch that readers trust. An epoch is written whole before CURRENT names it. Both carry a
checksum.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import xxhash

from frametrace.case.atomic_files import delete_unused, when_free, write_atomically
from frametrace.case.json_files import read_json, write_json
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

    `shards` maps a table to its files' names and row counts, and `digests` to their digests; shards
    that were committed before version 0.9 may have none. `signals` maps a signal's name to what
    made it: `fingerprint` and a description for people.
    """

    number: int = 0
    shards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    signals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def rows(self, table: str) -> int:
        """The number of committed rows of a table."""
        return sum(self.shards.get(table, {}).values())

    def digest(self, table: str, file: str) -> str:
        """The digest of a shard; empty if it was committed without one."""
        return self.digests.get(table, {}).get(file, "")

    def updated(
        self,
        rows: Mapping[str, Mapping[str, int | None]],
        digests: Mapping[str, Mapping[str, str]] = {},
    ) -> "Epoch":
        """This epoch with more shards, by table and file; a shard without a count is left out."""
        shards = {table: dict(files) for table, files in self.shards.items()}
        of_shards = {table: dict(files) for table, files in self.digests.items()}
        for table, files in rows.items():
            for name, count in files.items():
                if count is None:
                    shards.get(table, {}).pop(name, None)
                else:
                    shards.setdefault(table, {})[name] = count
        for table, named in digests.items():
            of_shards.setdefault(table, {}).update(named)
        return replace(self, shards=shards, digests=of_shards)

    def with_needed_digests(self) -> "Epoch":
        """This epoch without the digests of shards that it doesn't have."""
        digests = {
            table: {name: digest for name, digest in files.items() if name in self.shards[table]}
            for table, files in self.digests.items()
            if table in self.shards
        }
        return replace(self, digests={table: files for table, files in digests.items() if files})


def current_epoch(case: Path) -> Epoch:
    """The epoch that CURRENT names; without CURRENT, the newest one; without any, an empty one.

    Raises `CaseError` if it can't be read, or if a case with shards has no epoch.
    """
    current = case / _CURRENT
    try:
        name = _verified_name(when_free(lambda: current.read_text("utf-8")))
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
        digests = manifest.get("digests", {})
        return Epoch(manifest["number"], manifest["shards"], manifest["signals"], digests)
    except KeyError as missing:
        raise CaseError(f"{file} lacks {missing}: restore it from a copy of the case") from None


def epoch_files(case: Path) -> list[Path]:
    """The manifests on disk, oldest first."""
    return sorted((case / EPOCHS).glob(f"epoch-{'[0-9]' * 6}.json"))


def commit_epoch(case: Path, epoch: Epoch) -> Epoch:
    """Write an epoch and have CURRENT name it; one that changes nothing is not written.

    Returns it with the number under which it was committed. One that only adds digests keeps its
    number: what was made from it is still up to date.
    """
    committed, epoch = current_epoch(case), epoch.with_needed_digests()
    changed = (committed.shards, committed.signals) != (epoch.shards, epoch.signals)
    if not changed and committed.digests == epoch.digests and (case / _CURRENT).exists():
        return epoch
    newest = max([committed.number, *(int(file.stem[-6:]) for file in epoch_files(case))])
    number = newest + 1 if changed else committed.number
    epoch = replace(epoch, number=number)
    name = f"epoch-{epoch.number:06d}.json"
    write_json(case / EPOCHS / name, asdict(epoch))
    write_atomically(case / _CURRENT, f"{name} {_checksum(name)}\n")
    return epoch


def delete_old_epochs(case: Path) -> None:
    """Delete all manifests but the newest few."""
    for file in epoch_files(case)[:-_MAX_KEPT]:
        delete_unused(file)


def _verified_name(content: str) -> str:
    """The name in the content of CURRENT; versions before 0.9 wrote no checksum after it."""
    name, _, checksum = content.strip().partition(" ")
    if checksum not in ("", _checksum(name)):
        raise ValueError("its content doesn't have its checksum")
    return name


def _checksum(name: str) -> str:
    return xxhash.xxh3_64(name.encode()).hexdigest()
