"""Damage is found where files are opened; files of versions before 0.9 have nothing to verify."""

import json
import os
import zlib
from pathlib import Path

import pytest
from making import make_case

from frametrace.case.epochs import current_epoch
from frametrace.case.file_digests import (
    digest_of,
    has_checksum,
    is_intact,
    note_checksum,
    sha256_of,
)
from frametrace.case.json_files import parse_json, read_json, sealed_json, write_json
from frametrace.case.saved_column_maps import save_column_maps, saved_column_maps
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.posts.columns.column_map import ColumnMap
from frametrace.posts.errors import CaseError, UsageError


def flip(path: Path, bit: int, *, keep_time: bool = False) -> None:
    status, content = path.stat(), bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    posts = [{"text": f"text number {at} of some length, and no two alike"} for at in range(50)]
    return make_case(tmp_path, posts)


@pytest.mark.parametrize("compute", [digest_of, sha256_of])
def test_a_digest_is_that_of_the_content(tmp_path: Path, compute) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    digest = compute(path)
    assert is_intact(path, digest)
    flip(path, 3)
    assert not is_intact(path, digest)
    flip(path, 3)
    assert is_intact(path, digest)
    with pytest.raises(FileNotFoundError):
        is_intact(tmp_path / "absent", digest)


def test_a_file_is_read_once_as_long_as_it_stays_the_same(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    digest, reads = digest_of(path), []
    monkeypatch.setattr(
        "frametrace.case.file_digests.digest_of", lambda file: reads.append(file) or digest
    )
    for _ in range(3):
        assert is_intact(path, digest)
    assert reads == [path]
    os.utime(path, ns=(1, 1))
    assert is_intact(path, digest)
    assert reads == [path, path]


def test_the_checksum_of_a_growing_file_is_that_of_its_committed_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"committed, and more")
    assert has_checksum(path, 9, zlib.crc32(b"committed"))
    assert not has_checksum(path, 9, zlib.crc32(b"Committed"))
    assert not has_checksum(path, 99, zlib.crc32(b"committed, and more"))
    note_checksum(path, 3, 5)
    assert has_checksum(path, 3, 5)  # this process wrote it
    path.write_bytes(b"another content")
    assert not has_checksum(path, 3, 5)


@pytest.mark.parametrize("value", [{}, {"a": 1.1, "é": [None, {"b": "\x00"}]}, {"checksums": {}}])
def test_json_is_read_as_it_was_written(tmp_path: Path, value: dict) -> None:
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert parse_json(json.dumps(value)) == value  # of a version that wrote no checksum


def test_no_flipped_bit_changes_what_json_says() -> None:
    value = {"number": 12, "shards": {"posts": {"a.parquet": 7}}, "signals": {}}
    content = sealed_json(value).encode()
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            read = parse_json(damaged.decode())
        except (UnicodeDecodeError, ValueError):
            continue
        # Only the checksum's own name can be damaged without being noticed.
        assert {name: read[name] for name in value} == value


def test_a_damaged_shard_is_refused_by_tables_and_queries(case: Case) -> None:
    (shard,) = case.files("posts")
    size = shard.stat().st_size
    flip(shard, 8 * (size // 2), keep_time=True)
    damaged = Case(case.path)
    os.utime(shard)
    with pytest.raises(CaseError, match=r"doesn't have its digest.*restore it"):
        damaged.read("posts")
    with (
        pytest.raises(CaseError, match=r"doesn't have its digest.*doctor"),
        connect(damaged, "posts"),
    ):
        pass


def test_current_can_only_name_an_epoch_that_it_was_made_for(case: Case) -> None:
    current = case.path / "CURRENT"
    content = current.read_bytes()
    for bit in range(8 * len(content)):
        flip(current, bit)
        try:
            epoch = current_epoch(case.path)
        except CaseError:
            pass
        else:
            assert epoch == case.epoch
        current.write_bytes(content)
    current.write_text(content.split()[0].decode() + "\n")  # of a version that wrote no checksum
    assert current_epoch(case.path) == case.epoch


def test_shards_of_an_earlier_version_get_their_digests_when_somebody_writes(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = case.path / "epochs" / f"epoch-{case.epoch.number:06d}.json"
    content = read_json(manifest)
    assert content.pop("digests")
    manifest.write_text(json.dumps(content))
    old = Case(case.path)
    assert not old.epoch.digest("posts", old.files("posts")[0].name)
    assert len(old.posts) == 50
    with old.writer():  # adds nothing: the results of this epoch stay valid
        pass
    assert Case(case.path).epoch == case.epoch
    with monkeypatch.context() as patch:  # and no shard is read a second time for that
        patch.delattr(Case, "read_shard")
        with Case(case.path).writer():
            pass
    make_case(tmp_path, [{"post_id": "new", "text": "another text of the same length as those"}])
    new = Case(case.path)
    assert all(
        new.epoch.digest("posts", file.name) == digest_of(file) for file in new.files("posts")
    )


def test_a_damaged_column_map_is_refused(tmp_path: Path) -> None:
    columns = {"post_id": ("nr",), "account_id": ("who",), "text": ("said",)}
    saved = ColumnMap("mine", columns=columns, header="0123")
    save_column_maps(tmp_path, [saved])
    (kept,) = saved_column_maps(tmp_path)
    assert dict(kept.columns) == columns
    (path,) = (tmp_path / "columns").iterdir()
    text = path.read_text("utf-8")
    path.write_text(text.replace("said", "sade"), "utf-8")
    with pytest.raises(UsageError, match="checksum"):
        saved_column_maps(tmp_path)
    path.write_text(text.replace("said", "sade").partition("\n")[2], "utf-8")  # changed on purpose
    assert saved_column_maps(tmp_path)
