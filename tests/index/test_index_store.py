"""Indexes on disk: the contract that every kind keeps, and what happens when things go wrong."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import xxhash
from making import index_folder, made_codes, put_codes

from frametrace.case.json_files import read_json
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.index.base import Index
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.index_store import check_index, open_index
from frametrace.index.minhash import MinHashIndex
from frametrace.posts.errors import UsageError


def held(index: Index) -> Mapping[bytes, list[str]]:
    return {code.tobytes(): index.codes.items_of(at) for at, code in enumerate(index.codes.codes)}


def test_an_index_is_built_where_it_is_missing_and_holds_every_value(
    case: Case, signal: str
) -> None:
    index = open_index(case, signal)
    expected: dict[bytes, list[str]] = {}
    for item, code in sorted(made_codes(signal, 40).items()):
        if code is not None:
            expected.setdefault(code.tobytes(), []).append(item)
    assert held(index) == expected

    folder = index_folder(case, signal)
    manifest = read_json(folder / "manifest.json")
    files = manifest.pop("files")
    assert manifest == {
        "signal": signal,
        "fingerprint": "made-for-a-test:1",
        "metric": SIGNALS[signal].metric,
        "technique": index.technique,
        "dimension": len(next(iter(made_codes(signal, 2).values()))),
        "codes": 38,
        "items": 39,
        "recall": 1.0,
    }
    for file, digest in files.items():
        assert xxhash.xxh3_128((folder / file).read_bytes()).hexdigest() == digest
        np.load(folder / file, allow_pickle=False)
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *files}
    assert check_index(case, signal) == []


def test_every_value_finds_itself_first(case: Case, signal: str) -> None:
    index = open_index(case, signal)
    queries = np.asarray(index.codes.codes)
    hits = index.search(queries, limit=1)
    first = np.flatnonzero(np.diff(hits.query, prepend=-1))
    assert hits.query[first].tolist() == hits.row[first].tolist() == list(range(38))
    same = 0 if SIGNALS[signal].metric is Metric.HAMMING else 1
    np.testing.assert_allclose(hits.value[first], same, atol=1e-6)


def test_an_index_that_is_there_is_opened_and_not_built_again(case: Case, signal: str) -> None:
    first = held(open_index(case, signal))
    before = {path: path.stat().st_mtime_ns for path in index_folder(case, signal).iterdir()}
    assert held(open_index(Case(case.path), signal)) == first
    assert {
        path: path.stat().st_mtime_ns for path in index_folder(case, signal).iterdir()
    } == before


@pytest.mark.parametrize("values", ["none", "all-null"])
def test_a_signal_without_values_has_an_empty_index(
    tmp_path: Path, signal: str, values: str
) -> None:
    codes = {} if values == "none" else dict.fromkeys(made_codes(signal, 3))
    case = put_codes(Case.create(tmp_path / "case"), signal, codes)
    for _ in range(2):  # once built, once opened
        index = open_index(case, signal)
        assert len(index.codes) == 0
        query = np.stack([c for c in made_codes(signal, 4).values() if c is not None])
        assert len(index.search(query, limit=5)) == 0
        if isinstance(index, HammingIndex):
            assert [*index.pairs_between(query, 5)] == []
        if isinstance(index, MinHashIndex):
            assert len(index.candidates()) == 0


def test_more_values_make_a_new_index_and_the_old_one_is_swept(case: Case, signal: str) -> None:
    open_index(case, signal)
    old = index_folder(case, signal)
    (old.parent / ".left-by-a-killed-build").mkdir()
    case = put_codes(case, signal, made_codes(signal, 6, seed=1))
    index = open_index(case, signal)
    assert len(index.codes.items) == 39 + 5
    assert index_folder(case, signal) != old  # and there is no other


def test_another_maker_makes_a_new_index(case: Case, signal: str) -> None:
    open_index(case, signal)
    old = index_folder(case, signal)
    with case.writer() as writer:
        writer.describe(signal, {"fingerprint": "another:2"})
        writer.commit()
    open_index(case, signal)
    assert index_folder(case, signal) != old
    assert "another:2" in (index_folder(case, signal) / "manifest.json").read_text("utf-8")


def test_a_signal_that_the_case_lacks_is_named_with_the_command_that_adds_it(
    tmp_path: Path,
) -> None:
    case = Case.create(tmp_path / "case")
    with pytest.raises(UsageError, match=r"frametrace embed .*case --signal phash"):
        open_index(case, "phash")
