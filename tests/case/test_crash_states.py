"""After a power failure at any moment, a case is as it was before a commit or after it.

A file's bytes survive once the file was flushed, and an entry of a folder (a new file or folder, a
new name, a deletion) once the folder was flushed. Of the others any may survive, without the rest.
Every such state is made, opened, and finished by doing the same work again.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from frametrace.case.case_writer import CaseWriter
from frametrace.case.schemas import MEDIA
from frametrace.case.store import Case

SIGNAL = pa.schema([("sha256", pa.string()), ("code", pa.binary(2))])


@dataclass(frozen=True)
class Operation:
    """A change of a folder's entries, or a flush of the folder."""

    kind: str  # "write", "delete", "make" or "flush"
    path: Path
    content: bytes = b""


@contextmanager
def recorded(root: Path) -> Iterator[list[Operation]]:
    """What is done to the files and folders below a folder. Temporary files don't matter."""
    operations: list[Operation] = []
    flushed: set[Path] = set()
    fsync, replace, unlink, mkdir = os.fsync, Path.replace, Path.unlink, Path.mkdir

    def record(kind: str, path: Path, content: bytes = b"") -> None:
        if path == root or path.is_relative_to(root):
            operations.append(Operation(kind, path.relative_to(root), content))

    def on_fsync(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            record("flush", path)
        else:
            flushed.add(path)

    def on_replace(self: Path, target: Path) -> Path:
        assert self in flushed, f"{target} would get bytes that a power failure may lose"
        record("write", Path(target), self.read_bytes())
        return replace(self, target)

    def on_unlink(self: Path, missing_ok: bool = False) -> None:
        if self.exists() and self.suffix != ".tmp":
            record("delete", self)
        unlink(self, missing_ok)

    def on_mkdir(self: Path, *arguments: object, **options: object) -> None:
        if not self.exists():
            record("make", self)
        mkdir(self, *arguments, **options)  # type: ignore[arg-type]

    with (
        patch.object(os, "fsync", on_fsync),
        patch.object(Path, "replace", on_replace),
        patch.object(Path, "unlink", on_unlink),
        patch.object(Path, "mkdir", on_mkdir),
    ):
        yield operations


def crash_states(operations: list[Operation]) -> Iterator[list[Operation]]:
    """The operations that survive, in order, for every state that a power failure can leave."""
    seen = set()
    for end in range(len(operations) + 1):
        done = list(enumerate(operations[:end]))
        last_flush = {op.path: at for at, op in done if op.kind == "flush"}
        changes = [(at, op) for at, op in done if op.kind != "flush"]
        sure = {at for at, op in changes if at < last_flush.get(op.path.parent, -1)}
        unsure = [at for at, _ in changes if at not in sure]
        assert len(unsure) < 12
        for some in chain.from_iterable(combinations(unsure, n) for n in range(len(unsure) + 1)):
            state = frozenset(sure | set(some))
            if state not in seen:
                seen.add(state)
                yield [operations[at] for at in sorted(state)]


def apply(operations: list[Operation], root: Path) -> None:
    for operation in operations:
        path = root / operation.path
        if not path.parent.is_dir():
            continue  # the folder that it was in did not survive
        if operation.kind == "make":
            path.mkdir(exist_ok=True)
        elif operation.kind == "write":
            path.write_bytes(operation.content)
        else:
            path.unlink(missing_ok=True)


def tables(*names: str) -> dict[str, pa.Table]:
    media = [{"sha256": name, "root": "/r", "path": f"{name}.jpg", "size": 1} for name in names]
    codes = [{"sha256": name, "code": name.encode() * 2} for name in names]
    return {
        "media": pa.Table.from_pylist(media, MEDIA),
        "signals/pdq": pa.Table.from_pylist(codes, SIGNAL),
    }


def put_missing(writer: CaseWriter, unit: str, *names: str) -> None:
    """Put the rows that the case lacks, as stages do when they go on."""
    rows = {}
    for table, wanted in tables(*names).items():
        has = writer.case.read(table, ["sha256"])["sha256"]
        rows[table] = wanted.filter(pc.invert(pc.is_in(wanted["sha256"], value_set=has)))
    writer.put(unit, rows)


def one_unit(root: Path) -> None:
    with Case.create(root).writer() as writer:
        put_missing(writer, "one", "a", "b")
        writer.describe("pdq", {"fingerprint": "pdq:1"})
        writer.commit()


def a_second_unit(root: Path) -> None:
    with Case.create(root).writer() as writer:
        put_missing(writer, "two", "c")
        writer.commit()


def two_units_and_a_replaced_shard(root: Path) -> None:
    """Two units of one commit; the second replaces a row of a shard."""
    with Case.create(root).writer() as writer:
        put_missing(writer, "three", "d")
        for file in writer.case.files("media"):
            rows = writer.case.read_shard("media", file)
            old = pc.and_(pc.equal(rows["sha256"], "a"), pc.equal(rows["root"], "/r"))
            if pc.any(old).as_py():
                roots = pc.if_else(old, "/elsewhere", rows["root"])
                changed = rows.set_column(1, MEDIA.field("root"), roots)
                writer.put("four", {"media": changed}, {"media": [file.name]})
        writer.commit()


def contents(root: Path) -> dict[str, list[str]] | None:
    if not (root / "case.json").exists():
        return {}
    case = Case(root)
    return {
        name: sorted(map(repr, case.read(name).to_pylist()))
        for name in ("media", "signals/pdq")
        if case.epoch.rows(name)
    }


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("before", "work", "least"),
    [
        ([], one_unit, 15),
        ([one_unit], a_second_unit, 7),
        ([one_unit, a_second_unit], two_units_and_a_replaced_shard, 10),
    ],
    ids=["first", "second", "replacing"],
)
def test_every_state_that_a_power_failure_leaves_is_whole(
    before: list[Callable[[Path], None]],
    work: Callable[[Path], None],
    least: int,
    tmp_path: Path,
) -> None:
    root, start = tmp_path / "case", tmp_path / "start"
    for step in before:
        step(root)
    if root.exists():
        shutil.copytree(root, start)
    else:
        start.mkdir()
    old = contents(start)
    with recorded(root) as operations:
        work(root)
    new = contents(root)
    assert old != new
    count = 0
    for count, survived in enumerate(crash_states(operations), start=1):  # noqa: B007
        state = tmp_path / "state"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(start, state)
        apply(survived, state)
        assert contents(state) in (old, new), survived
        work(state)
        assert contents(state) == new, survived
    assert count >= least
