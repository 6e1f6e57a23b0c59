import csv
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from frametrace.app.report.csv_tables import GROUPS_COLUMNS, rows_of, write_csv
from frametrace.matcher.result_schemas import FRAMINGS, MAP, MATCHES
from frametrace.posts.errors import UsageError


def test_a_file_that_is_something_else_is_not_written_over(tmp_path):
    assert rows_of(tmp_path / "none.csv", "ab", "table") == []
    for content in (b"", b"a,c\n1,2\n", b"\xff\xfe", b'a,b\n"'):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(UsageError, match="is not a table: name another file"):
            rows_of(tmp_path / "t.csv", "ab", "table")


def test_cells_are_spelled_in_one_way(tmp_path):
    table = pa.table(
        {
            "none": pa.nulls(1, pa.string()),
            "flag": [True],
            "count": [-3],
            "similarity": pa.array([0.5], pa.float32()),
            "list": [["a", "语"]],
            "time": pa.array([0], pa.timestamp("us", tz="UTC")),
            "text": ['a,"b"\n=c'],
        }
    )
    write_csv(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header == table.column_names
    assert row == ["", "true", "-3", "0.5", '["a", "语"]', "1970-01-01T00:00:00Z", 'a,"b"\n=c']


def test_lists_of_records_are_json_spelled_as_cells_are(tmp_path):
    record = {
        "signal": "=a",
        "similarity": 0.1,
        "at": datetime(2020, 1, 2, tzinfo=UTC),
        "none": None,
    }
    schema = pa.struct(
        [
            ("signal", pa.string()),
            ("similarity", pa.float32()),
            ("at", pa.timestamp("us", tz="UTC")),
            ("none", pa.string()),
        ]
    )
    write_csv(tmp_path / "t.csv", pa.table({"told": pa.array([[record]], pa.list_(schema))}))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        _, (cell,) = csv.reader(file)
    assert (
        cell == '[{"signal": "=a", "similarity": 0.1, "at": "2020-01-02T00:00:00Z", "none": null}]'
    )


def test_the_columns_are_those_that_were_promised():
    assert ", ".join(MATCHES.names) == (
        "sha256_a, sha256_b, relation, signal, distance, similarity, inliers, mirrored, scale, "
        "rotation, shift_x, shift_y, part_a, part_b, altered, altered_part"
    )
    assert ", ".join(GROUPS_COLUMNS) == (
        "group_id, kind, relation, platform, post_id, account_id, account_kind, posted_at, "
        "media_sha256, media_path, medoid_sha256, signal, distance, similarity, via_sha256, "
        "caption_sha256, change, previous_ids, new_post, new_account, inliers, mirrored, scale, "
        "rotation, shift_x, shift_y, part_a, part_b, altered, altered_part, decades, tied_by, "
        "via_platform, via_post_id, stance, stance_cue, spans, share_a, share_b, frames"
    )
    assert ", ".join(FRAMINGS.names) == (
        "group_id, terms, representatives, pictures, lettering, rise, asserts, disputes, unclear"
    )
    assert ", ".join(MAP.names) == "x, y, platform, post_id, posts, group_id"
