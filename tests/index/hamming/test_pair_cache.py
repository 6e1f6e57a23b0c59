"""Near pairs on disk: the same however many batches they came in, and however a run was killed."""

import json
import signal as signals
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import index_folder, put_codes
from trying import examples

from frametrace.case.store import Case
from frametrace.embed.signals.base import bits_distance
from frametrace.index.hamming import dense_blocks, hamming_join
from frametrace.index.hamming.pair_cache import near_pairs
from frametrace.index.index_store import check_index, open_index
from frametrace.index.numba_compile import has_numba
from frametrace.posts.errors import CaseError, IndexMismatch

Found = set[tuple[str, str, int]]


@contextmanager
def dense_blocks_of(size: int) -> Iterator[None]:
    """Compiled loops run at once, and so few hashes make a dense block."""
    with (
        patch.object(hamming_join, "_MIN_COMPILED", 0),
        patch.object(dense_blocks, "_MIN_SIZE", size),
    ):
        yield


def put(case: Case, codes: np.ndarray, first: int = 0) -> Case:
    """Add codes to a case as those of the items number `first` and on."""
    return put_codes(case, "pdq", {f"{first + at:064x}": code for at, code in enumerate(codes)})


def near_codes(seed: int, count: int) -> np.ndarray:
    """(count, 32) codes, many of them near others, some equal."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 256, (1 + count // 6, 32), np.uint8)
    noise = np.packbits(rng.random((count, 256)) < rng.choice([0, 0.03, 0.08]), axis=1)
    return centres[rng.integers(0, len(centres), count)] ^ noise


def pairs(case: Case, radius: int = 31) -> Found:
    """The pairs of a case, by their codes; asserts that no pair comes twice."""
    codes, batches = near_pairs(case, "pdq", radius)
    names = [bytes(code).hex() for code in codes.codes]
    found = []
    for hits in batches:
        assert (hits.query < hits.row).all()
        columns = hits.query.tolist(), hits.row.tolist(), hits.value.tolist()
        found += [(names[a], names[b], bits) for a, b, bits in zip(*columns, strict=True)]
    assert len(set(found)) == len(found)
    return set(found)


def expected(codes: np.ndarray, radius: int = 31) -> Found:
    distinct = np.unique(codes, axis=0)
    names = [bytes(code).hex() for code in distinct]
    bits = bits_distance(distinct, distinct)
    near = zip(*np.nonzero(np.triu(bits <= radius, 1)), strict=True)
    return {(names[a], names[b], int(bits[a, b])) for a, b in near}


@examples(40)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(0, 2**32), st.booleans())
def test_pairs_found_batch_by_batch_are_those_found_at_once(
    sizes: list[int], seed: int, repeated: bool
) -> None:
    codes = near_codes(seed, sum(sizes))
    with TemporaryDirectory() as folder:
        case, put_so_far = Case.create(Path(folder) / "case"), 0
        for size in sizes:
            batch = codes[put_so_far : put_so_far + size]
            case = put(case, batch, put_so_far)
            put_so_far += size
            for _ in range(1 + repeated):
                assert pairs(case) == expected(codes[:put_so_far])
        assert check_index(case, "pdq") == []


@pytest.mark.skipif(not has_numba(), reason="needs the extra `fast`")
def test_a_dense_block_is_kept_as_a_list_and_read_as_all_its_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    centres = rng.integers(0, 256, (2, 32), np.uint8)
    frames = np.repeat(centres, 150, axis=0) ^ np.packbits(rng.random((300, 256)) < 0.02, axis=1)
    codes = np.unique(np.concatenate([frames, near_codes(7, 200)]), axis=0)
    rng.shuffle(codes)
    case = put(Case.create(tmp_path / "case"), codes[:400])
    with (
        patch.object(hamming_join, "_MIN_COMPILED", 0),
        patch.object(dense_blocks, "_MIN_SIZE", 60),
    ):
        assert pairs(case) == expected(codes[:400])
        (kept,) = case.path.glob("index/pdq/*/pairs-31")
        assert sum(file.stat().st_size for file in kept.iterdir()) < 100_000  # 10 bytes a pair
        assert len(expected(codes[:400])) > 10_000
        assert pairs(put(case, codes[400:], 400)) == expected(codes)


@pytest.fixture
def joined(tmp_path: Path) -> Case:
    """A case whose pairs were found, and then more codes were added."""
    case = put(Case.create(tmp_path / "case"), near_codes(1, 300))
    pairs(case)
    return put(case, near_codes(2, 30), 300)


def test_only_what_was_added_is_joined_and_the_earlier_index_is_swept(joined: Case) -> None:
    earlier = index_folder(joined, "pdq")
    open_index(joined, "pdq")
    assert earlier.is_dir()  # a query builds the new index; the next join goes on from the old one
    assert pairs(joined) == expected(np.concatenate([near_codes(1, 300), near_codes(2, 30)]))
    folder = index_folder(joined, "pdq")
    assert folder != earlier
    assert not earlier.exists()
    plan = json.loads((folder / "pairs-31" / "plan.json").read_text("utf-8"))
    assert [name.split()[0] for name in plan] == ["carried", "across", "within"]


def test_another_radius_is_a_join_of_its_own(joined: Case) -> None:
    codes = np.concatenate([near_codes(1, 300), near_codes(2, 30)])
    assert pairs(joined, 31) == expected(codes, 31)
    assert pairs(joined, 8) == expected(codes, 8)
    assert pairs(joined, 31) == expected(codes, 31)


_FIND = """
import os, signal, sys
from pathlib import Path
from frametrace.case.store import Case
from frametrace.index.hamming import pair_cache
{before}
print(sum(len(hits) for hits in pair_cache.near_pairs(Case(Path(sys.argv[1])), "pdq", 31)[1]))
"""
_KILL = """
write = pair_cache._write
def deadly(batches):
    yield next(batches)
    os.kill(os.getpid(), signal.SIGKILL)
def write_and_die(path, batches):
    write(path, deadly(batches) if path.name.startswith("0001") else batches)
pair_cache._write = write_and_die
"""
_NO_ROOM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
"""


def finding(case: Case, before: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", _FIND.format(before=before), str(case.path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_killed_join_goes_on_from_the_parts_that_it_finished(joined: Case) -> None:
    open_index(joined, "pdq")
    assert finding(joined, _KILL).returncode == -signals.SIGKILL
    both = joined.path.glob("index/pdq/*/pairs-31/0000.arrow")
    (first,) = (file for file in both if not (file.parent / "done.json").exists())
    written = first.stat().st_mtime_ns
    assert pairs(joined) == expected(np.concatenate([near_codes(1, 300), near_codes(2, 30)]))
    assert first.stat().st_mtime_ns == written
    assert check_index(joined, "pdq") == []
    assert not list(first.parent.glob(".*.tmp"))  # the file that it was writing


def test_a_full_disk_is_a_plain_error_and_the_next_run_goes_on(joined: Case) -> None:
    open_index(joined, "pdq")
    stopped = finding(joined, _NO_ROOM)
    assert stopped.returncode == 1
    assert CaseError.__name__ in stopped.stderr.splitlines()[-1]
    assert "Make room" in stopped.stderr
    assert pairs(joined) == expected(np.concatenate([near_codes(1, 300), near_codes(2, 30)]))


@pytest.mark.parametrize("name", ["0000.arrow", "done.json"])
def test_damaged_pairs_are_reported_and_found_again_once_deleted(joined: Case, name: str) -> None:
    codes = np.concatenate([near_codes(1, 300), near_codes(2, 30)])
    assert pairs(joined) == expected(codes)
    folder = index_folder(joined, "pdq") / "pairs-31"
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(IndexMismatch) as raised:
        pairs(joined)
    assert f"delete {folder}" in str(raised.value)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert pairs(joined) == expected(codes)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": 3}'])
def test_damage_of_the_list_of_pair_files_is_reported(joined: Case, content: bytes) -> None:
    pairs(joined)
    folder = index_folder(joined, "pdq") / "pairs-31"
    (folder / "done.json").write_bytes(content)
    with pytest.raises(IndexMismatch, match=f"delete {folder}"):
        check_index(joined, "pdq")
