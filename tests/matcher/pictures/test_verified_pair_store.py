"""Pairs that were compared: kept in whole files, found again, damaged ones told by their names."""

from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from pairing import name_of, pairs_of

from frametrace.matcher.pictures import verified_pair_store
from frametrace.matcher.pictures.verified_pair_store import COMPARED, ComparedStore
from frametrace.matcher.pictures.verified_pair_table import PAIRS


def rows(*pairs: tuple[int, int]) -> list[dict[str, object]]:
    return pairs_of([(a, b, {"inliers": a + b}) for a, b in pairs]).to_pylist()


def nothing(a: int, b: int) -> dict[str, object]:
    return {"sha256_a": name_of(a), "sha256_b": name_of(b)}


def names(*numbers: int) -> pa.StringArray:
    return pa.array([name_of(number) for number in numbers])


def pairs_in(table: pa.Table) -> list[tuple[int, int]]:
    return [(int(r["sha256_a"], 16), int(r["sha256_b"], 16)) for r in table.to_pylist()]


def test_what_was_kept_is_there_for_the_next_process(tmp_path: Path) -> None:
    held = ComparedStore(tmp_path)
    held.put([*rows((3, 4), (1, 2)), nothing(1, 4)])
    held.put(rows((2, 3)))
    for again in (held, ComparedStore(tmp_path)):
        assert again.damaged == []
        assert sorted(pairs_in(again.compared())) == [(1, 2), (1, 4), (2, 3), (3, 4)]
        found = again.verified(names(1, 2, 3, 4))
        assert found.schema == PAIRS
        assert pairs_in(found) == [(1, 2), (2, 3), (3, 4)]
        assert found["inliers"].to_pylist() == [3, 5, 7]


def test_only_pairs_of_the_pictures_named_are_given(tmp_path: Path) -> None:
    held = ComparedStore(tmp_path)
    held.put(rows((1, 2), (1, 3), (2, 3)))
    assert pairs_in(held.verified(names(1, 3, 9))) == [(1, 3)]
    assert pairs_in(held.verified(names())) == []


def test_an_empty_folder_and_an_empty_unit_hold_nothing(tmp_path: Path) -> None:
    held = ComparedStore(tmp_path)
    held.put([])
    assert list(tmp_path.iterdir()) == []
    assert len(held.compared()) == len(held.verified(names(1))) == 0
    held.merge_small_files()
    assert ComparedStore(tmp_path / "absent").damaged == []


def test_two_shots_and_boxes_survive(tmp_path: Path) -> None:
    box = {"x0": 0.25, "y0": 0.5, "x1": 0.75, "y1": 1.0}
    ComparedStore(tmp_path).put(
        pairs_of(
            [
                (1, 2, {"altered": [box, box], "altered_part": 0.25}),
                (1, 3, {"relation": "same_scene", "same_photograph": False}),
            ]
        ).to_pylist()
    )
    one, other = ComparedStore(tmp_path).verified(names(1, 2, 3)).to_pylist()
    assert (one["altered"], one["altered_part"]) == ([box, box], 0.25)
    assert (other["relation"], other["same_photograph"]) == ("same_scene", False)


@pytest.mark.parametrize("how", ["cut", "changed", "empty", "renamed"])
def test_a_damaged_file_is_told_by_its_name_and_its_pairs_are_unknown(
    tmp_path: Path, how: str
) -> None:
    ComparedStore(tmp_path).put(rows((1, 2)))
    (damaged,) = tmp_path.iterdir()
    ComparedStore(tmp_path).put(rows((3, 4)))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "renamed":
        damaged = damaged.rename(tmp_path / f"{'0' * 32}.parquet")
    else:
        damaged.write_bytes({"cut": content[:50], "changed": content, "empty": b""}[how])
    held = ComparedStore(tmp_path)
    assert held.damaged == [damaged]
    assert pairs_in(held.compared()) == [(3, 4)]


def test_half_a_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".half.tmp").write_bytes(b"half")
    held = ComparedStore(tmp_path)
    assert (held.damaged, len(held.compared())) == ([], 0)


def test_the_same_pairs_make_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        ComparedStore(tmp_path).put(rows((1, 2)))
    assert len(list(tmp_path.iterdir())) == 1


def test_small_files_become_one_and_full_ones_stay(tmp_path: Path) -> None:
    with patch.object(verified_pair_store, "UNIT", 3):
        held = ComparedStore(tmp_path)
        held.put(rows((1, 2), (1, 3), (1, 4)))
        (full,) = tmp_path.iterdir()
        held.put(rows((2, 3)))
        held.put(rows((2, 4)))
        before = sorted(pairs_in(held.compared()))
        held.merge_small_files()
        assert sorted(pairs_in(held.compared())) == before
        assert full.exists()
        assert len(list(tmp_path.iterdir())) == 2
        files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        held.merge_small_files()
        ComparedStore(tmp_path).merge_small_files()
        assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    assert sorted(pairs_in(ComparedStore(tmp_path).compared())) == before


def test_all_but_the_digests_may_be_absent() -> None:
    assert COMPARED.names == PAIRS.names
    assert all(field.nullable for field in COMPARED)
