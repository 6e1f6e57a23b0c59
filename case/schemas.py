"""Defines the Arrow schemas of a case's tables."""

import pyarrow as pa

__all__ = [
    "ACCOUNT_PROFILES",
    "GUESSED",
    "INTERVALS",
    "MEDIA",
    "POSTS",
    "POST_MEDIA",
    "SKIPPED",
    "TIME",
    "VIDEOS",
    "frame_table",
    "signal_table",
]

TIME = pa.timestamp("us", tz="UTC")

# One row per (platform, post_id). `caption_sha256` is the digest of the text's UTF-8 bytes, null
# for a post without text. `engagement` and `extra` are JSON objects.
POSTS = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("account_name", pa.string()),
        ("posted_at", TIME),
        pa.field("precision", pa.string(), nullable=False),
        ("text", pa.string()),
        ("caption_sha256", pa.string()),
        ("links", pa.list_(pa.string())),
        ("hashtags", pa.list_(pa.string())),
        ("repost_of", pa.string()),
        ("engagement", pa.string()),
        ("extra", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
    ]
)

# One row per profile of a users file: (platform, account_id).
ACCOUNT_PROFILES = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("account_kind", pa.string(), nullable=False),
        ("account_name", pa.string()),
        ("created_at", TIME),
        ("extra", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
    ]
)

# One row per distinct picture or video: where its bytes were first seen (root: folder or archive).
MEDIA = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("root", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
    ]
)

# Which post has which picture, and the picture's path in its media root.
POST_MEDIA = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
    ]
)

# The rows of POST_MEDIA that are guesses: by the file's name, or as a picture without a post. They
# are replaced by what a row or a media map says about the file at `place`.
GUESSED = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
    ]
)

# What could not be read. `sha256` is set if a picture's bytes can't be decoded: it is never
# tried again.
SKIPPED = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        ("sha256", pa.string()),
    ]
)

# One row per video that was read. The samples are PDQ hashes at regular times, for exact times of
# what two videos share: `hashes` has 32 bytes for each of the `sample_ms`, `qualities` one.
VIDEOS = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("duration_ms", pa.int64(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("sample_ms", pa.list_(pa.int32()), nullable=False),
        pa.field("hashes", pa.binary(), nullable=False),
        pa.field("qualities", pa.binary(), nullable=False),
    ]
)

# One row per interval of a video in which one of its kept frames is shown. `sha256` is the key of
# the frame in the tables of frames' values, `number` its place among the kept frames. `moving` are
# the cells in which the picture moves while that frame is shown, 16 x 16 bits row by row.
INTERVALS = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("video_sha256", pa.string(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("start_ms", pa.int64(), nullable=False),
        pa.field("end_ms", pa.int64(), nullable=False),
        pa.field("moving", pa.binary(32), nullable=False),
    ]
)


def signal_table(signal: str) -> str:
    """The name of the table that holds a signal's values of pictures or captions, one row each."""
    return f"signals/{signal}"


def frame_table(signal: str) -> str:
    """The name of the table that holds a signal's values of the frames of videos, one row each."""
    return f"frames/{signal}"
