"""Answers a query by a picture or by a text with the posts of a case that match it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.media_kinds import max_media_bytes
from frametrace.embed.signals import (
    SIGNALS,
    CaptionSignal,
    Metric,
    PictureSignal,
    Signal,
    caption_key,
    copy_signals,
)
from frametrace.embed.text.ngrams import jaccard
from frametrace.embed.text.normalize import key_of
from frametrace.index.base import CodeIndex
from frametrace.index.index_store import check_signal, has_index, open_index
from frametrace.matcher.case_signals import open_signal
from frametrace.matcher.query.by_signal import codes_of, nearest
from frametrace.matcher.query.find_media import find_media
from frametrace.matcher.query.posts_with_items import (
    ANSWER,
    MatchingItem,
    QueryAnswer,
    answer_with_posts,
)
from frametrace.matcher.result_schemas import Relation
from frametrace.posts.errors import IndexMismatch, ModelMissing, UsageError
from frametrace.posts.media.identify_picture import read_media
from frametrace.work.progress import Progress

__all__ = ["ANSWER", "QueryAnswer", "find_picture", "find_text"]

# A person reviews the answers, nearest first, so the bound is below that for groups.
_MIN_JACCARD = 0.5

_MAX_DESCRIBED = 20  # pictures that a text describes, listed after captions
_MAX_DESCRIBED_ALONE = 1000  # if only such pictures are requested

_UNKNOWN_SCRIPT = (
    "the model of the case's captions can't read this text's script: captions were not searched by "
    "meaning"
)


def find_picture(
    case: Case,
    picture: Path,
    signal: str = "",
    limit: int = 20,
    progress: Progress | None = None,
) -> QueryAnswer:
    """The posts with pictures and videos that show what a file of a picture or video shows.

    Searches by all of the case's signals that are evidence of copies, or by the signal named. Files
    with the same bytes are always found. `limit` 0 gives all rows. Raises `DecodeError` if the file
    is not a picture, `UsageError` for an unknown signal.
    """
    if signal:
        _check(signal, lambda kind: issubclass(kind, PictureSignal))
        check_signal(case, signal)
    absolute = picture.resolve()
    data = read_media(str(absolute.parent), absolute.name, max_media_bytes())
    names = [signal] if signal else copy_signals()
    present = [name for name in names if name in case.epoch.signals]
    items, notes = find_media(case, data, present, progress)
    notes += [note for name in names for note in _missing_notes(case, name)]
    return answer_with_posts(case, items, "picture", limit, notes)


def _missing_notes(case: Case, signal: str) -> list[str]:
    """A note on pictures of the case that lack the signal, if there are any."""
    pictures = case.epoch.rows("media") - case.epoch.rows("videos")
    computed = case.epoch.rows(signal_table(signal))
    if pictures <= computed:
        return []
    if computed or case.epoch.rows("skipped"):
        from frametrace.embed.pictures import missing_pictures

        missing = sum(missing_pictures(case, [signal]).values())
    else:
        missing = pictures
    if not missing:
        return []
    command = f"frametrace embed {case.path} --signal {signal}"
    return [f"pictures that have no {signal} yet: {missing:,}. To search them as well: {command}"]


def find_text(case: Case, text: str, signal: str = "", limit: int = 20) -> QueryAnswer:
    """The posts whose captions contain a text or are similar to it, or whose pictures it describes.

    Searches by `caption_key` and by the case's other signals that answer a text, or by the signal
    named. `limit` 0 gives all rows. Raises `UsageError` for an unknown signal.
    """
    if signal:
        _check(signal, lambda kind: kind.answers_text)
        check_signal(case, signal)
    items: list[MatchingItem] = []
    notes: list[str] = []
    for name in [signal] if signal else _text_signals(case):
        try:
            more_items, more_notes = _find_text_by(case, name, text, alone=bool(signal))
            items += more_items
            notes += more_notes
        except (ModelMissing, IndexMismatch) as error:
            if signal or SIGNALS[name].metric is Metric.JACCARD:
                raise
            notes.append(f"{_not_searched(name)}: {error}")
    return answer_with_posts(case, items, "caption or picture", limit, notes)


def _text_signals(case: Case) -> list[str]:
    """The case's signals that a text can be searched by: wording first, then meaning, pictures."""
    always = caption_key.CaptionKey.name
    names = [name for name, kind in SIGNALS.items() if kind.answers_text]
    names = [name for name in names if name in case.epoch.signals or name == always]
    return sorted(
        names,
        key=lambda name: (
            issubclass(SIGNALS[name], PictureSignal),
            SIGNALS[name].metric is not Metric.JACCARD,
        ),
    )


def _find_text_by(
    case: Case, name: str, text: str, *, alone: bool
) -> tuple[list[MatchingItem], list[str]]:
    kind = SIGNALS[name]
    if kind.metric is Metric.JACCARD:
        return _by_key(case, name, text), []
    if issubclass(kind, PictureSignal):
        return _by_description(case, name, text, alone=alone)
    return _by_meaning(case, name, text)


def _not_searched(name: str) -> str:
    if issubclass(SIGNALS[name], PictureSignal):
        return "pictures were not searched by what they show"
    return "captions were searched by their wording alone"


def _check(signal: str, suits: Callable[[type[Signal]], bool]) -> None:
    if signal not in SIGNALS or not suits(SIGNALS[signal]):
        names = ", ".join(name for name, kind in SIGNALS.items() if suits(kind) and has_index(name))
        raise UsageError(f"{signal!r} can't answer this query. Choose from: {names}")


def _by_meaning(case: Case, name: str, text: str) -> tuple[list[MatchingItem], list[str]]:
    """Captions of similar meaning, and a note if the model can't read the text."""
    index = open_index(case, name, CodeIndex)
    maker = _caption_signal(case, name)
    values = maker.compute([text])
    if values[maker.column].null_count:
        return [], [_UNKNOWN_SCRIPT]
    return nearest(index, name, codes_of(maker, values)), []


def _caption_signal(case: Case, name: str) -> CaptionSignal:
    maker = open_signal(case, name)
    if not isinstance(maker, CaptionSignal):
        raise UsageError(f"{name} is not computed from captions")
    return maker


def _by_description(
    case: Case, name: str, text: str, *, alone: bool
) -> tuple[list[MatchingItem], list[str]]:
    """The pictures that a text describes best; there is no measured bound for this similarity."""
    index = open_index(case, name, CodeIndex)
    maker = open_signal(case, name)
    if not isinstance(maker, PictureSignal):
        raise UsageError(f"{name} is not computed from pictures")
    count = _MAX_DESCRIBED_ALONE if alone else _MAX_DESCRIBED
    hits = index.search(maker.encode_text(text)[None], limit=count)
    items = [
        MatchingItem(item, name, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(hits.row.tolist(), hits.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]
    note = f"the pictures that the text describes best come after captions; alone: --signal {name}"
    return items, [note] if items and not alone else []


def _by_key(case: Case, name: str, text: str) -> list[MatchingItem]:
    """Captions whose key contains the text's key, or is similar to it."""
    key = key_of(text)
    index = open_index(case, name, CodeIndex)
    if not key:
        raise UsageError("the text has no letters or digits to search for")
    values = _caption_signal(case, name).compute([text])
    near: list[str] = []
    if not values["code"].null_count:
        query = np.array([values["code"][0].as_py()], np.uint32)
        near = [i for row in index.search(query).row.tolist() for i in index.codes.items_of(row)]
    with connect(case, f"signals/{name}") as connection:
        connection.register("near", pa.table({"sha256": pa.array(near, pa.string())}))
        # Two scans are faster than one with OR, which decodes the digests of all keys.
        rows = connection.execute(
            f"SELECT sha256, key FROM {name} WHERE contains(key, $key) UNION "  # noqa: S608
            f"SELECT sha256, key FROM {name} WHERE sha256 IN (SELECT sha256 FROM near) "
            "ORDER BY sha256",
            {"key": key},
        ).fetchall()
    items = []
    for sha256, caption in rows:
        similarity = jaccard(key, caption)
        relation = Relation.CONTAINS if key in caption else Relation.SIMILAR
        if relation is Relation.CONTAINS or similarity >= _MIN_JACCARD:
            items.append(MatchingItem(sha256, name, str(relation), None, similarity))
    return items
