"""Which media items have a signal: pictures have values of their own, videos those of frames."""

from collections.abc import Sequence

from frametrace.case.schemas import frame_table, signal_table

__all__ = ["items_with_values", "value_tables"]


def value_tables(signals: Sequence[str]) -> list[str]:
    """The tables that `items_with_values` needs for some signals of pictures, for `connect`."""
    tables = [table for name in signals for table in (signal_table(name), frame_table(name))]
    return ["intervals", *tables]


def items_with_values(signal: str) -> str:
    """An SQL query: the digests, `sha256`, of the pictures and videos that have a signal's values.

    The values of one video are computed and written together, so one frame speaks for all.
    """
    return (
        f"SELECT sha256 FROM {signal} UNION ALL SELECT video_sha256 AS sha256 FROM intervals "  # noqa: S608
        f"SEMI JOIN frames_{signal} USING (sha256) WHERE number = 0"
    )
