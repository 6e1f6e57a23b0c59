"""Near pairs where other processes are at work on the case, its files are damaged, or numba is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from unittest.mock import patch

import numpy as np
import pytest
from making import index_folder, put_codes

from frametrace.case.locks import exclusive_lock
from frametrace.case.store import Case
from frametrace.embed.signals.base import bits_distance
from frametrace.index.base import Hits
from frametrace.index.hamming import dense_blocks, hamming_join, pair_cache
from frametrace.index.hamming.pair_cache import near_pairs
from frametrace.index.index_store import open_index
from frametrace.index.numba_compile import has_numba
from frametrace.work.progress import Silent


def codes_of(seed: int, count: int) -> np.ndarray:
    """(count, 32) codes in threes that are near each other."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 256, (-(-count // 3), 32), np.uint8)
    noise = np.packbits(rng.random((count, 256)) < 0.03, axis=1)
    return np.repeat(centres, 3, axis=0)[:count] ^ noise


@contextmanager
def dense_blocks_of(size: int) -> Iterator[None]:
    """Compiled loops run at once, and so few hashes make a dense block."""
    with (
        patch.object(hamming_join, "_MIN_COMPILED", 0),
        patch.object(dense_blocks, "_MIN_SIZE", size),
    ):
        yield


def put(case: Case, codes: np.ndarray, first: int = 0) -> Case:
    return put_codes(case, "pdq", {f"{first + at:064x}": code for at, code in enumerate(codes)})


def read(codes: np.ndarray, batches: Iterator[Hits]) -> list[tuple[int, int]]:
    """The pairs as rows of the distinct codes in order."""
    found = Hits.concatenate(list(batches), np.int32)
    return sorted(zip(found.query.tolist(), found.row.tolist(), strict=True))


def pairs(case: Case) -> list[tuple[int, int]]:
    codes, batches = near_pairs(case, "pdq", 31)
    return read(codes.codes, batches)


def expected(*parts: np.ndarray) -> list[tuple[int, int]]:
    distinct = np.unique(np.concatenate(parts), axis=0)
    near = np.argwhere(np.triu(bits_distance(distinct, distinct) <= 31, 1))
    return [(a, b) for a, b in near.tolist()]


OLD, NEW = codes_of(1, 300), codes_of(2, 30)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return put(Case.create(tmp_path / "case"), OLD)


def test_an_index_built_meanwhile_does_not_sweep_the_one_that_is_being_joined(case: Case) -> None:
    write = pair_cache._write

    def write_while_others_add(path: Path, batches: Iterator[Hits]) -> None:
        write(path, batches)
        open_index(put(case, NEW, 300), "pdq")

    with patch.object(pair_cache, "_write", write_while_others_add):
        assert pairs(case) == expected(OLD)
    assert pairs(Case(case.path)) == expected(OLD, NEW)
    assert index_folder(case, "pdq").is_dir()  # one index is left


def test_an_index_that_a_later_join_swept_is_read_to_the_end(case: Case) -> None:
    codes, batches = near_pairs(case, "pdq", 31)
    earlier = index_folder(case, "pdq")
    pairs(put(case, NEW, 300))
    assert not earlier.exists()
    assert read(codes.codes, batches) == expected(OLD)


def test_who_waits_for_another_join_sees_a_note_and_then_continues_from_it(case: Case) -> None:
    said = []
    with ExitStack() as other:
        other.enter_context(exclusive_lock(case.path / "index"))

        class Listening(Silent):
            def note(self, line: str) -> None:
                said.append(line)
                pair_cache._join_missing(folder, index.codes, 31, Silent())
                other.close()

        index = open_index(case, "pdq")
        folder = index_folder(case, "pdq") / "pairs-31"
        codes, batches = near_pairs(case, "pdq", 31, Listening())
    assert read(codes.codes, batches) == expected(OLD)
    assert ["waiting" in line for line in said] == [True]


@pytest.mark.parametrize("name", ["manifest.json", "codes.npy", "pairs-31/0000.arrow"])
@pytest.mark.parametrize("damage", ["absent", "cut", "changed"])
def test_pairs_of_a_damaged_earlier_index_are_found_again(
    case: Case, name: str, damage: str
) -> None:
    pairs(case)
    path = index_folder(case, "pdq") / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    match damage:
        case "absent":
            path.unlink()
        case "cut":
            path.write_bytes(content[:100])
        case "changed":
            path.write_bytes(content)
    assert pairs(put(case, NEW, 300)) == expected(OLD, NEW)
    assert index_folder(Case(case.path), "pdq").is_dir()  # the damaged one is swept


def test_a_damaged_plan_is_made_again(case: Case) -> None:
    pairs(case)
    folder = index_folder(case, "pdq") / "pairs-31"
    (folder / "done.json").unlink()
    (folder / "plan.json").write_bytes(b"\xff\xfe")
    assert pairs(case) == expected(OLD)


def test_files_do_not_become_more_with_every_addition(case: Case) -> None:
    parts = [OLD]
    for seed in range(2, 6):
        pairs(case)
        parts.append(codes_of(seed, 30))
        case = put(case, parts[-1], 300 * seed)
    assert pairs(case) == expected(*parts)
    assert len(list(case.path.glob("index/pdq/*/pairs-31/*.arrow"))) == 3


_WITHOUT_NUMBA = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from frametrace.case.store import Case
from frametrace.index.hamming import hamming_join
from frametrace.index.hamming.pair_cache import near_pairs
hamming_join._MIN_COMPILED = 0
print(sum(len(hits) for hits in near_pairs(Case(Path(sys.argv[1])), "pdq", 31)[1]))
"""


@pytest.mark.skipif(not has_numba(), reason="needs the extra `fast`")
@pytest.mark.parametrize("begun", [True, False], ids=["dense blocks on disk", "nothing on disk"])
def test_where_numba_cannot_be_imported_any_more_the_same_pairs_are_found(
    tmp_path: Path, begun: bool
) -> None:
    rng = np.random.default_rng(4)
    centres = rng.integers(0, 256, (2, 32), np.uint8)
    frames = np.repeat(centres, 150, axis=0) ^ np.packbits(rng.random((300, 256)) < 0.02, axis=1)
    case = put(Case.create(tmp_path / "case"), frames)
    with (
        patch.object(hamming_join, "_MIN_COMPILED", 0),
        patch.object(dense_blocks, "_MIN_SIZE", 60),
    ):
        found = pairs(case)
    assert found == expected(frames)
    if not begun:
        rmtree(case.path / "index")
    # What numba itself raises where NumPy is newer than it knows.
    (tmp_path / "numba.py").write_text('raise ImportError("Numba needs NumPy 2.2 or less")')
    command = [sys.executable, "-c", _WITHOUT_NUMBA, str(case.path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", f"{len(found)}\n")
