"""Tables have the spans of videos, each row from its own A to its own B."""

import pyarrow as pa

from frametrace.app.report.span_columns import TIE_COLUMNS, SharedSpans
from frametrace.matcher.result_schemas import VIDEO_MATCHES

SPAN = {"start_a_ms": 1, "end_a_ms": 2, "start_b_ms": 30, "end_b_ms": 40, "mirrored": True}
TURNED = {"start_a_ms": 30, "end_a_ms": 40, "start_b_ms": 1, "end_b_ms": 2, "mirrored": True}
ROWS = [
    {
        **{"sha256_a": "a", "sha256_b": "b", "relation": "copy", "share_a": 0.25, "share_b": 0.5},
        **{"frames": 3, "frame_a": "fa", "frame_b": "fb", "spans": [SPAN, SPAN]},
    },
    {
        **{"sha256_a": "a", "sha256_b": "c", "relation": "contains", "share_a": 1.0},
        **{"share_b": 0.1, "frames": 1, "frame_a": "a", "frame_b": "fc", "spans": [SPAN]},
    },
]
MATCHES = pa.Table.from_pylist(ROWS, VIDEO_MATCHES)


def rows(columns):
    return pa.table(dict(zip(TIE_COLUMNS, columns, strict=True))).to_pylist()


def members(*members, kind="photo"):
    names = ("medoid_sha256", "via_sha256", "media_sha256")
    rows = [dict(zip(names, member, strict=True)) for member in members]
    schema = pa.schema([(name, pa.string()) for name in (*names, "kind")])
    return pa.Table.from_pylist([{**row, "kind": kind} for row in rows], schema)


def test_a_match_has_its_spans_in_its_own_direction():
    pairs = pa.table({"sha256_a": ["b", "a", "b"], "sha256_b": ["a", "c", "c"]})
    there, here, none = rows(SharedSpans(MATCHES).of_matches(pairs))
    assert there == {
        **{"spans": [TURNED, TURNED], "share_a": 0.5, "share_b": 0.25, "frames": 3},
        **{"frame_a": "fb", "frame_b": "fa"},
    }
    assert here == {name: ROWS[1][name] for name in TIE_COLUMNS} | {"share_b": here["share_b"]}
    assert set(none.values()) == {None}


def test_a_member_has_those_of_what_it_is_tied_to_and_of_itself():
    table = members(("x", "a", "b"), ("a", None, "b"), ("a", None, "a"), ("b", "x", "a"))
    spans = [row["spans"] for row in rows(SharedSpans(MATCHES).of_members(table))]
    assert spans == [[SPAN, SPAN], [SPAN, SPAN], None, None]


def test_no_post_of_a_framing_is_tied_by_a_video():
    table = members(("a", None, "b"), kind="framing")
    assert [row["spans"] for row in rows(SharedSpans(MATCHES).of_members(table))] == [None]


def test_results_without_videos_have_empty_columns():
    added = SharedSpans(VIDEO_MATCHES.empty_table()).with_columns(members(("a", None, "b")))
    assert [added.schema.field(name).type for name in TIE_COLUMNS] == [
        VIDEO_MATCHES.field(name).type for name in TIE_COLUMNS
    ]
    assert all(added[name].null_count == 1 for name in TIE_COLUMNS)
