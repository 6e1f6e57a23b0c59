"""Where else is this picture, who else wrote this: one question, answered by a case's posts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.embed.case import Case
from frametrace.embed.decode import MAX_BYTES, decode
from frametrace.embed.held import connect
from frametrace.embed.signals import (
    SIGNALS,
    CaptionSignal,
    ModelChoice,
    PictureSignal,
    Signal,
    caption_key,
    pdq,
    phash,
)
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Features, Local
from frametrace.index.binary import BinaryIndex
from frametrace.index.dense import DenseIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import Index, check_signal, open_index
from frametrace.matcher.results import EVIDENCE, POST_FIELDS, Relation
from frametrace.matcher.verifying import MIN_INLIERS, find_verified
from frametrace.posts.errors import IndexMismatch, ModelMissing, UsageError
from frametrace.posts.media import read_media

__all__ = ["FOUND", "Found", "find_picture", "find_text"]


# One row per post (and picture of it), the nearest first; columns as in the matches table. A is the
# picture that was asked for.
FOUND = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        *EVIDENCE,
        *POST_FIELDS,
        ("text", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        ("media_path", pa.string()),
    ]
)

_RADIUS = {pdq.Pdq.name: pdq.MAX_DISTANCE, phash.Phash.name: phash.MAX_DISTANCE}
_MOST_VECTORS = 1000  # that one question brings back, before posts are looked up
# A person judges the answers, nearest first, so the bounds are below those for groups. Of English
# captions (flickr8k, all-MiniLM-L6-v2) 9 paraphrases in 10 lie above 0.4, 2 unrelated pairs in 100.
_LEAST_COSINE = 0.4
_LEAST_JACCARD = 0.5

_TOO_FLAT = (
    f"the picture is too flat for PDQ (quality below {pdq.MIN_QUALITY} of 100): only files with "
    "the same bytes are found"
)
_FEATURELESS = (
    f"the picture is too plain for local features (fewer than {MIN_INLIERS}): only files with the "
    "same bytes are found"
)
_NOT_READ = "the model of the case's captions can't read this text's script: it was not asked"

_CARRIERS = {
    "picture": "SELECT sha256, platform, post_id, path FROM post_media",
    "caption": "SELECT caption_sha256 AS sha256, platform, post_id, NULL AS path FROM posts",
}

_POSTS_OF = """
WITH ranked AS (
    SELECT *, list_position(['copy', 'contains', 'similar', 'shares_element'], relation) AS rank
    FROM hits
)
SELECT h.* EXCLUDE (rank, sha256), p.platform, p.post_id, p.account_id, p.account_kind,
    p.account_name, p.posted_at, p.text, h.sha256, c.path AS media_path
FROM (
    SELECT * FROM ranked QUALIFY row_number()
    OVER (PARTITION BY sha256 ORDER BY rank, similarity DESC, signal DESC) = 1
) h JOIN carriers c USING (sha256) JOIN posts p USING (platform, post_id)
ORDER BY h.rank, h.similarity DESC, h.signal <> 'sha256',
    p.posted_at NULLS LAST, p.platform, p.post_id, c.path
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer: rows in the schema `FOUND`, how many there were before the limit, and remarks."""

    rows: pa.Table
    total: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """One item that answers, and by what evidence."""

    sha256: str
    signal: str
    relation: str
    distance: int | None
    similarity: float
    inliers: int | None = None
    mirrored: bool | None = None
    scale: float | None = None
    rotation: float | None = None
    shift_x: float | None = None
    shift_y: float | None = None
    part_a: float | None = None
    part_b: float | None = None


def find_picture(case: Case, picture: Path, signal: str = "pdq", limit: int = 20) -> Found:
    """The posts whose pictures are near-duplicates of a picture file, by one signal.

    Files with the same bytes are found whatever the signal says. `limit` 0 gives all rows. Raises
    `DecodeError` where the file is no picture, `UsageError` for an unknown signal.
    """
    _check(signal, PictureSignal)
    absolute = picture.resolve()
    data = read_media(str(absolute.parent), absolute.name, MAX_BYTES)
    same = _Hit(hashlib.sha256(data).hexdigest(), "sha256", str(Relation.COPY), 0, 1.0)
    check_signal(case, signal)
    opened = _opened(case, signal)
    assert isinstance(opened, PictureSignal)
    values = opened.finish([opened.preparer()(decode(data))])
    if signal == Local.name:
        return _by_features(case, Features.of(values["code"][0].as_py()), same, limit)
    index = open_index(case, signal)
    quality = values["quality"][0].as_py() if "quality" in values.column_names else 100
    if quality < pdq.MIN_QUALITY:
        return _answer(case, [same], "picture", limit, (_TOO_FLAT,))
    return _answer(case, [same, *_nearest(index, signal, _code(values))], "picture", limit, ())


def find_text(case: Case, text: str, signal: str = "", limit: int = 20) -> Found:
    """The posts whose captions hold a text, or read like it.

    By `caption_key` and, where the case has them, by caption vectors; or by the signal named.
    `limit` 0 gives all rows. Raises `UsageError` for an unknown signal.
    """
    if signal:
        _check(signal, CaptionSignal)
    hits: list[_Hit] = []
    notes: tuple[str, ...] = ()
    if signal in ("", caption_key.CaptionKey.name):
        hits += _by_key(case, text)
    if signal == Caption.name or (not signal and Caption.name in case.epoch.signals):
        try:
            similar = _by_vector(case, text)
            notes = () if similar is not None else (_NOT_READ,)
            hits += similar or []
        except (ModelMissing, IndexMismatch) as error:
            if signal:
                raise
            notes = (f"captions were searched by their wording alone: {error}",)
    return _answer(case, hits, "caption", limit, notes)


def _by_features(case: Case, asked: Features, same: _Hit, limit: int) -> Found:
    """The pictures that share pixels with the picture, compared with every one of the case."""
    hits = [same]
    for sha256, similarity, found in find_verified(case, asked):
        evidence = {field.name: getattr(found, field.name) for field in EVIDENCE}
        hits.append(_Hit(sha256, Local.name, str(found.relation), None, similarity, **evidence))
    notes = () if len(asked) >= MIN_INLIERS else (_FEATURELESS,)
    return _answer(case, hits, "picture", limit, notes)


def _check(signal: str, kind: type) -> None:
    if not issubclass(SIGNALS.get(signal, object), kind):
        names = ", ".join(name for name, known in SIGNALS.items() if issubclass(known, kind))
        raise UsageError(f"{signal!r} can't answer this question. Choose from: {names}")


def _opened(case: Case, signal: str) -> Signal:
    """The signal as the case's values were made with it."""
    made_by = case.epoch.signals[signal]
    model, weights = made_by.get("model", ""), made_by.get("weights", "")
    clip = signal == Clip.name
    opened = SIGNALS[signal].open(
        ModelChoice(model, weights) if clip else ModelChoice(caption_model=model)
    )
    if opened.made_by["fingerprint"] != made_by["fingerprint"]:
        raise IndexMismatch(
            f"{case.path} holds {signal} made by {made_by['fingerprint']}, this machine has "
            f"{opened.made_by['fingerprint']}: put the first model back, or compute all anew with: "
            f"frametrace embed {case.path} --signal {signal} --replace"
        )
    return opened


def _code(values: pa.Table) -> np.ndarray:
    """The only row's `code` as (1, k)."""
    value = values["code"][0].as_py()
    return (
        np.frombuffer(value, np.uint8)[None]
        if isinstance(value, bytes)
        else np.array([value], np.float32)
    )


def _nearest(index: Index, signal: str, query: np.ndarray) -> list[_Hit]:
    if isinstance(index, BinaryIndex):
        hits, relation = index.search(query, _RADIUS[signal]), Relation.COPY
    else:
        assert isinstance(index, DenseIndex)
        hits, relation = index.search(query, _MOST_VECTORS), Relation.SIMILAR
        hits = hits.where(hits.value >= _LEAST_COSINE)
    return [
        _Hit(item, signal, str(relation), *_evidence(value, query))
        for row, value in zip(hits.row.tolist(), hits.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]


def _evidence(value: float, query: np.ndarray) -> tuple[int | None, float]:
    if query.dtype == np.uint8:
        return int(value), 1 - value / (8 * query.shape[1])
    return None, value


def _by_vector(case: Case, text: str) -> list[_Hit] | None:
    """Captions of similar meaning; None where the model can't read the text."""
    index = open_index(case, Caption.name)
    opened = _opened(case, Caption.name)
    assert isinstance(opened, CaptionSignal)
    values = opened.compute([text])
    return None if values["code"].null_count else _nearest(index, Caption.name, _code(values))


def _by_key(case: Case, text: str) -> list[_Hit]:
    """Captions whose key holds the text's key, or is similar to it."""
    name = caption_key.CaptionKey.name
    key = caption_key.key_of(text)
    index = open_index(case, name)
    assert isinstance(index, MinHashIndex)
    if not key:
        raise UsageError("the text holds no letters or digits to look for")
    values = caption_key.CaptionKey().compute([text])
    near: list[str] = []
    if not values["code"].null_count:
        query = np.array([values["code"][0].as_py()], np.uint32)
        near = [i for row in index.search(query).row.tolist() for i in index.codes.items_of(row)]
    with connect(case, f"signals/{name}") as connection:
        connection.register("near", pa.table({"sha256": pa.array(near, pa.string())}))
        rows = connection.execute(
            f"SELECT sha256, key FROM {name} WHERE contains(key, $key) "  # noqa: S608
            "OR sha256 IN (SELECT sha256 FROM near) ORDER BY sha256",
            {"key": key},
        ).fetchall()
    found = []
    for sha256, other in rows:
        relation, similarity = Relation.SIMILAR, caption_key.jaccard(key, other)
        if key in other:
            relation = Relation.CONTAINS
        if key in other or similarity >= _LEAST_JACCARD:
            found.append(_Hit(sha256, name, str(relation), None, similarity))
    return found


def _answer(
    case: Case, hits: list[_Hit], carriers: str, limit: int, notes: tuple[str, ...]
) -> Found:
    columns = {name: [getattr(hit, name) for hit in hits] for name in _Hit.__slots__}
    schema = pa.schema([FOUND.field(name) for name in _Hit.__slots__])
    with connect(case, "posts", "post_media") as connection:
        connection.register("hits", pa.Table.from_pydict(columns, schema))
        connection.execute(f"CREATE VIEW carriers AS {_CARRIERS[carriers]}")
        rows = connection.sql(_POSTS_OF).to_arrow_table().cast(FOUND)
    return Found(rows.slice(0, limit) if limit else rows, rows.num_rows, notes)
