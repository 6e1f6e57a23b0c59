"""The index of thumbnails: found by digest, kept and damaged as every other index is."""

from pathlib import Path

import numpy as np
import pytest
from making import index_folder, jpeg, photo, put_codes

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.thumbnail import Thumbnail, pixels
from frametrace.index.feature_shards import CodeShards, NumberedPictures
from frametrace.index.index_store import check_index, open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError


def code(seed: int) -> bytes:
    return Thumbnail().preparer()(decode(jpeg(photo(seed, 60 + 4 * seed, 48))))


def name(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}" + "0" * 56


CODES = {name(number): code(number) for number in range(9)}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """In two shards."""
    case = put_codes(Case.create(tmp_path / "case"), "thumbnail", dict(list(CODES.items())[:5]))
    return put_codes(case, "thumbnail", dict(list(CODES.items())[5:]))


def opened(case: Case) -> ThumbnailIndex:
    index = open_index(case, "thumbnail", ThumbnailIndex)
    return index


def test_every_picture_is_found_by_its_digest_and_no_other(case: Case) -> None:
    for _ in range(2):  # once built, once opened
        index = opened(case)
        assert len(index) == len(CODES)
        for digest, value in CODES.items():
            found = index.pixels(digest)
            assert found is not None
            np.testing.assert_array_equal(found, pixels(value))
        assert index.pixels("f" * 64) is None
        assert index.pixels("0" * 63 + "1") is None
    assert check_index(case, "thumbnail") == []


def test_more_thumbnails_make_a_new_index(case: Case) -> None:
    opened(case)
    old = index_folder(case, "thumbnail")
    case = put_codes(case, "thumbnail", {name(50): code(3)})
    assert len(opened(case)) == len(CODES) + 1
    assert index_folder(case, "thumbnail") != old


def test_a_case_without_any_has_an_empty_index(tmp_path: Path) -> None:
    case = put_codes(Case.create(tmp_path / "case"), "thumbnail", {})
    index = opened(case)
    assert len(index) == 0
    assert index.pixels(name(1)) is None
    with pytest.raises(UsageError, match="--signal thumbnail"):
        open_index(Case.create(tmp_path / "other"), "thumbnail")


@pytest.mark.parametrize("array", ["items", "rows"])
def test_files_of_another_size_are_refused(case: Case, array: str) -> None:
    opened(case)
    path = index_folder(case, "thumbnail") / f"{array}.npy"
    np.save(path, np.load(path)[:-1])
    assert len(check_index(case, "thumbnail")) == 1
    with pytest.raises(IndexMismatch, match="delete it, it will be rebuilt"):
        opened(case)


def test_a_damaged_shard_is_reported(case: Case) -> None:
    index = opened(case)
    for shard in (case.path / "signals" / "thumbnail").glob("*.parquet"):
        shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(CaseError, match="restore it from a copy"):
        index.pixels(name(3))


def test_pictures_are_numbered_by_their_digests_and_read_from_their_shards(case: Case) -> None:
    shards = CodeShards(case.files("signals/thumbnail"))
    assert len(shards) == 2
    numbered = NumberedPictures.of(shards)
    ordered = sorted(CODES)
    assert [bytes(item).hex() for item in numbered.items] == ordered
    for digest, (shard, row) in zip(ordered, numbered.rows.tolist(), strict=True):
        assert shards.code(shard, row) == CODES[digest]
    read = {}
    for shard, numbers in enumerate(numbered.numbers):
        wanted = numbers % 2 == 0
        for rows, codes in shards.codes(shard, wanted):
            read |= dict(zip(numbers[rows].tolist(), codes, strict=True))
    assert read == {at: CODES[digest] for at, digest in enumerate(ordered) if at % 2 == 0}
    assert not list(shards.codes(0, np.zeros(len(numbered.numbers[0]), bool)))
