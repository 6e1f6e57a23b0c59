"""Joins rows of matches and members with what two videos, or a video and a picture, share."""

from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.matcher.result_schemas import SPANS, VIDEO_MATCHES, GroupKind

__all__ = ["SPAN_COLUMNS", "TIE_COLUMNS", "SharedSpans"]

# The columns of tables; the page shows the other two as well.
SPAN_COLUMNS = ("spans", "share_a", "share_b", "frames")
TIE_COLUMNS = (*SPAN_COLUMNS, "frame_a", "frame_b")

# The columns and fields of A that are those of B from B to A, and the reverse.
_OF_A = ("sha256_a", "share_a", "frame_a", "start_a_ms", "end_a_ms")
_TURNED = {name: name.replace("_a", "_b") for name in _OF_A}
_TURNED |= {b: a for a, b in _TURNED.items()}


_Rows = TypeVar("_Rows", pa.Table, pa.RecordBatch)


class SharedSpans:
    """What each pair of items shares, from either of them to the other."""

    def __init__(self, video_matches: pa.Table) -> None:
        """Index a table in the schema `VIDEO_MATCHES`."""
        rows = video_matches.combine_chunks()
        both = pa.concat_tables([rows, _turned(rows)])
        self._keys = _pairs(both["sha256_a"], both["sha256_b"])
        self._rows = both.select(TIE_COLUMNS).combine_chunks()

    def of_matches(self, matches: pa.Table | pa.RecordBatch) -> list[pa.Array]:
        """`TIE_COLUMNS` of rows with `sha256_a` and `sha256_b`; null where none is a video."""
        return self._of(matches["sha256_a"], matches["sha256_b"])

    def of_members(self, members: pa.Table) -> list[pa.Array]:
        """`TIE_COLUMNS` of rows of members; A is what the member's item is tied to.

        Null in framings, whose posts are tied by more than their videos.
        """
        tie = pc.coalesce(members["via_sha256"], members["medoid_sha256"])
        tie = pc.if_else(pc.equal(members["kind"], str(GroupKind.FRAMING)), None, tie)
        return self._of(tie, members["media_sha256"])

    def added_to(self, matches: _Rows) -> _Rows:
        """Rows with `sha256_a` and `sha256_b`, with `SPAN_COLUMNS` at the end."""
        columns = dict(zip(TIE_COLUMNS, self.of_matches(matches), strict=True))
        for name in SPAN_COLUMNS:
            matches = matches.append_column(VIDEO_MATCHES.field(name), columns[name])
        return matches

    def with_columns(self, members: pa.Table) -> pa.Table:
        """Rows of members with all `TIE_COLUMNS`."""
        for name, column in zip(TIE_COLUMNS, self.of_members(members), strict=True):
            members = members.append_column(VIDEO_MATCHES.field(name), column)
        return members

    def _of(self, a: pa.Array | pa.ChunkedArray, b: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
        if not len(self._rows):
            return [pa.nulls(len(a), VIDEO_MATCHES.field(name).type) for name in TIE_COLUMNS]
        found = self._rows.take(pc.index_in(_pairs(a, b), value_set=self._keys))
        return [found[name].combine_chunks() for name in TIE_COLUMNS]


def _pairs(a: pa.Array | pa.ChunkedArray, b: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One key for each two digests; null where one of them is."""
    sides = [
        side.combine_chunks() if isinstance(side, pa.ChunkedArray) else side for side in (a, b)
    ]
    return pc.binary_join_element_wise(*sides, "")


def _turned(rows: pa.Table) -> pa.Table:
    """The rows from B to A."""
    spans = rows["spans"].combine_chunks()
    parts = spans.flatten()
    names = SPANS.value_type.names
    other = [
        name.replace("_a_", "_x_").replace("_b_", "_a_").replace("_x_", "_b_") for name in names
    ]
    turned = pa.StructArray.from_arrays(
        [pc.struct_field(parts, name) for name in other], fields=list(SPANS.value_type.fields)
    )
    lengths = pc.list_value_length(spans).fill_null(0).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    columns = {
        name: rows[_TURNED.get(name, name)] for name in VIDEO_MATCHES.names if name != "spans"
    }
    columns["spans"] = pa.ListArray.from_arrays(offsets, turned)
    return pa.table(columns, VIDEO_MATCHES)
