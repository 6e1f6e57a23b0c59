"""Makes larger cases for bench_query.py: pictures with local features; a million captions."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from bench_match import Planted
from captions import captions
from cases import put_described, put_synthetic
from copies.originals import ORIGINALS, photos
from copies.sources import Edited, Files
from synthetic import BASE_QUICK, Synthesis, described

from frametrace.case.schemas import POSTS, signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.caption_key import CaptionKey

__all__ = ["case_of_captions", "case_of_features"]

# Edits without text, which need no fonts.
_EDITS = (
    *("recompress", "resize", "crop", "rotate", "brightness", "letterbox", "collage_of_two"),
    "picture_in_picture",
)
_STEP, _FIRST = 90, 9  # every 90th photo gets each edit, beginning with one of the first nine
_ADDED, _EMBEDDED = 20_000, 4096  # rows of a unit, as `add` and `embed` write them


def case_of_features(place: Path, count: int, seed: int) -> tuple[Case, list[Path]]:
    """A case of `count` pictures with local features, and files of edits to query for.

    Real photos and their edits are among synthetic pictures, as in bench_match.py.
    """
    edits = [
        Edited(seed, name, 1, tuple(range(at % _FIRST, ORIGINALS, _STEP)))
        for at, name in enumerate(_EDITS)
    ]
    dealt = photos(seed)
    sources = Files("originals", tuple(dealt.originals)), Files("others", tuple(dealt.distractors))
    originals, others, *edited = described([*sources, *edits])
    make = Synthesis.of(originals, edits, edited, BASE_QUICK)
    planted = Planted.of(originals, edits, edited)
    case = Case.create(place / "features")
    put_described(case, "planted", planted.pictures)
    synthetic = count - len(planted.photo)
    if synthetic > 0:
        thumbnails = pa.array(others.thumbnails, pa.binary())
        put_synthetic(case, "synthetic", make.codes(synthetic, 0), thumbnails, 0)
    queries = [place / f"{edit.edit}.jpg" for edit in edits]
    for query, edit in zip(queries, edits, strict=True):
        query.write_bytes(next(edit.pictures()))
    return case, queries


def case_of_captions(place: Path, count: int, seed: int) -> tuple[Case, str]:
    """A case of `count` posts with distinct captions and their keys, and a copy among them."""
    texts, _ = captions(count, seed)
    case = Case.create(place / "captions")
    maker = CaptionKey()
    with case.writer() as writer:
        for start in range(0, count, _ADDED):
            posts = {"posts": _posts(texts[start : start + _ADDED], start)}
            writer.put(f"posts-{start}", posts)
        writer.describe(maker.name, maker.made_by)
        ordered = sorted((_digest(text), text) for text in texts)
        for start in range(0, count, _EMBEDDED):
            digests, some = zip(*ordered[start : start + _EMBEDDED], strict=True)
            keys = maker.compute(some).add_column(0, "sha256", pa.array(digests))
            writer.put(f"keys-{start}", {signal_table(maker.name): keys})
        writer.commit()
    return case, texts[-1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _posts(texts: Sequence[str], start: int) -> pa.Table:
    count = len(texts)
    numbers = range(start, start + count)
    columns = {
        "platform": ["x" if number % 2 else "facebook" for number in numbers],
        "post_id": [f"{10**15 + number}" for number in numbers],
        "account_id": [f"account-{number % 5_000}" for number in numbers],
        "account_kind": ["account"] * count,
        "precision": ["unknown"] * count,
        "text": list(texts),
        "caption_sha256": list(map(_digest, texts)),
        "source": ["posts.jsonl"] * count,
        "line": [number + 1 for number in numbers],
    }
    empty = {name: [None] * count for name in POSTS.names if name not in columns}
    return pa.Table.from_pydict({**columns, **empty}, POSTS)
