"""Rows that have one of a few values: those of the whole table, in the same order."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.case.decoded_columns import DecodedColumns
from frametrace.case.row_lookup import rows_with
from frametrace.case.schemas import MEDIA
from frametrace.case.store import Case
from frametrace.posts.errors import CaseError


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Three shards with five pictures each, two of which have paths that other shards have too."""
    made = Case.create(tmp_path / "case")
    for unit in range(3):
        rows = [
            {"sha256": f"{unit}{at}", "root": "/r", "path": f"{at % 4}.jpg", "size": 10 * unit + at}
            for at in range(5)
        ]
        with made.writer() as writer:
            writer.put(f"unit-{unit}", {"media": pa.Table.from_pylist(rows, MEDIA)})
            writer.commit()
    return made


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sha256", ["11"]),
        ("sha256", ["20", "04", "00", "none"]),
        ("path", ["0.jpg", "3.jpg"]),
        ("path", []),
        ("path", ["none"]),
    ],
)
@pytest.mark.parametrize("columns", [("size", "sha256"), ("path",)])
def test_they_are_those_of_the_whole_table(
    case: Case, column: str, values: list[str], columns: tuple[str, ...]
) -> None:
    wanted = pa.array(values, pa.string())
    table = case.read("media")
    expected = table.filter(pc.is_in(table[column], value_set=wanted))
    for _ in range(3):  # decoded, decoded and kept, kept
        found = rows_with(case, "media", column, wanted, columns)
        assert found.column_names == list(dict.fromkeys([column, *columns]))
        assert found.equals(expected.select(found.column_names))


def test_rows_in_several_row_groups_are_found(tmp_path: Path) -> None:
    case = Case.create(tmp_path / "case")
    rows = [{"sha256": f"{at}", "root": "/r", "path": "a.jpg", "size": at} for at in range(9)]
    with case.writer() as writer:
        writer.put("one", {"media": pa.Table.from_pylist(rows, MEDIA)})
        writer.commit()
    (file,) = case.files("media")
    pq.write_table(case.read("media"), file, row_group_size=2)
    case.epoch.digests["media"].clear()  # as of a version that wrote none
    found = rows_with(case, "media", "sha256", pa.array(["7", "2", "3"]), ["size"])
    assert found["size"].to_pylist() == [2, 3, 7]


def test_a_case_without_such_a_table_has_no_rows(tmp_path: Path) -> None:
    case = Case.create(tmp_path / "case")
    found = rows_with(case, "posts", "post_id", pa.array(["1"]), ["text"])
    assert found.num_rows == 0
    assert found.column_names == ["post_id", "text"]


def test_a_damaged_shard_is_reported(case: Case) -> None:
    file = case.files("media")[1]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CaseError, match=r"a shard of media can't be read .*restore it"):
        rows_with(case, "media", "sha256", pa.array(["00"]), ["size"])
    file.unlink()
    with pytest.raises(CaseError, match="a shard of media can't be read"):
        rows_with(case, "media", "sha256", pa.array(["00"]), ["size"])


def _sizes(case: Case) -> list[int]:
    sizes: list[int] = rows_with(case, "media", "path", pa.array(["0.jpg"]), ["size"])[
        "size"
    ].to_pylist()
    return sizes


def test_nothing_that_was_kept_is_taken_for_another_shard(case: Case) -> None:
    assert [_sizes(case) for _ in range(3)] == [[0, 4, 10, 14, 20, 24]] * 3
    shutil.rmtree(case.path)
    again = Case.create(case.path)
    rows = [{"sha256": "00", "root": "/r", "path": "0.jpg", "size": 7}]
    with again.writer() as writer:
        writer.put("unit-0", {"media": pa.Table.from_pylist(rows, MEDIA)})
        writer.commit()
    assert [_sizes(again) for _ in range(3)] == [[7]] * 3


def test_a_shard_that_is_damaged_later_is_reported(case: Case) -> None:
    for _ in range(3):
        _sizes(case)
    file = case.files("media")[1]
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(CaseError, match="a shard of media can't be read"):
        _sizes(case)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_what_is_kept_never_takes_more_than_its_limit(used: list[tuple[int, int]]) -> None:
    kept, sizes = DecodedColumns(8 * 100), {}
    for key, rows in used:
        column = pa.chunked_array([pa.array(range(rows), pa.int64())])
        if (found := kept.get(key)) is None:
            kept.keep(key, column)
            sizes[key] = rows
        else:
            assert len(found) == sizes[key]
        assert key in kept
        assert sum(sizes[key] for key in sizes if key in kept) <= 100
    kept.keep("large", pa.chunked_array([pa.array(range(101), pa.int64())]))
    assert "large" not in kept
