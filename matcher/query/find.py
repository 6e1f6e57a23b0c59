"""Where else is this picture, who else wrote this: one question, answered by a case's posts."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.decoding.decode import decode
from frametrace.embed.pictures import missing_pictures
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
from frametrace.index.store import check_signal, has_index, open_as, open_index
from frametrace.matcher.query.answer import FOUND, Found, Hit, answer
from frametrace.matcher.query.by_signal import Asked, Looked, codes_of, look, nearest, opened
from frametrace.matcher.results import Relation
from frametrace.posts.errors import IndexMismatch, ModelMissing, UsageError
from frametrace.posts.media.picture_bytes import read_media
from frametrace.work.progress import Progress

__all__ = ["FOUND", "Found", "find_picture", "find_text"]

# A person judges the answers, nearest first, so the bound is below that for groups.
_LEAST_JACCARD = 0.5

_MOST_DESCRIBED = 20  # pictures beside captions
_MOST_ALONE = 1000

_NOT_READ = "the model of the case's captions can't read this text's script: it was not asked"


def find_picture(
    case: Case,
    picture: Path,
    signal: str = "",
    limit: int = 20,
    progress: Progress | None = None,
) -> Found:
    """The posts whose pictures show what a picture file shows.

    By PDQ in all eight forms and by local features, as far as the case has them; or by the signal
    named. Files with the same bytes are found whatever the signal says. `limit` 0 gives all rows.
    Raises `DecodeError` where the file is no picture, `UsageError` for an unknown signal.
    """
    if signal:
        _check(signal, lambda kind: issubclass(kind, PictureSignal))
        check_signal(case, signal)
    absolute = picture.resolve()
    data = read_media(str(absolute.parent), absolute.name)
    asked = Asked(hashlib.sha256(data).hexdigest(), decode(data))
    hits = [Hit(asked.digest, "sha256", str(Relation.COPY), 0, 1.0)]
    computed = case.epoch.signals
    names = [name for name in copy_signals() if SIGNALS[name].by_default or name in computed]
    names = [signal] if signal else names
    looked = []
    for name in (name for name in names if name in case.epoch.signals):
        looked.append(look(case, asked, name, hits, progress))
        better = {hit.sha256 for hit in looked[-1].hits} - {asked.digest}
        hits = [hit for hit in hits if hit.sha256 not in better] + looked[-1].hits
    notes = [*_unfit(looked), *(one.more for one in looked if one.more)]
    notes += [note for name in names for note in _lacking(case, name)]
    return answer(case, hits, "picture", limit, notes)


def _unfit(looked: Sequence[Looked]) -> list[str]:
    """That signals can say nothing of the picture, if so."""
    if not (reasons := [one.unfit for one in looked if one.unfit]):
        return []
    alone = ": only files with the same bytes are found" if len(reasons) == len(looked) else ""
    return [f"the picture is {' and '.join(reasons)}{alone}"]


def _lacking(case: Case, signal: str) -> list[str]:
    """That the case holds pictures which were not looked at, if so."""
    if case.epoch.rows("media") <= case.epoch.rows(signal_table(signal)):
        return []
    missing = sum(missing_pictures(case, [signal]).values())
    if not missing:
        return []
    how = f"frametrace embed {case.path} --signal {signal}"
    return [f"pictures that have no {signal} yet: {missing:,}. To look for them as well: {how}"]


def find_text(case: Case, text: str, signal: str = "", limit: int = 20) -> Found:
    """The posts whose captions hold a text, or read like it, or whose pictures it describes.

    By `caption_key` and, where the case has them, by caption vectors and by `clip`; or by the
    signal named. `limit` 0 gives all rows. Raises `UsageError` for an unknown signal.
    """
    if signal:
        _check(signal, lambda kind: kind.answers_text)
        check_signal(case, signal)
    hits: list[Hit] = []
    notes: list[str] = []
    for name in [signal] if signal else _text_signals(case):
        try:
            found, told = _find_text_by(case, name, text, alone=bool(signal))
            hits += found
            notes += told
        except (ModelMissing, IndexMismatch) as error:
            if signal or SIGNALS[name].metric is Metric.JACCARD:
                raise
            notes.append(f"{_not_searched(name)}: {error}")
    return answer(case, hits, "caption or picture", limit, notes)


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


def _find_text_by(case: Case, name: str, text: str, *, alone: bool) -> tuple[list[Hit], list[str]]:
    kind = SIGNALS[name]
    if kind.metric is Metric.JACCARD:
        return _by_key(case, name, text), []
    if issubclass(kind, PictureSignal):
        return _by_description(case, name, text, alone=alone)
    return _by_vector(case, name, text)


def _not_searched(name: str) -> str:
    if issubclass(SIGNALS[name], PictureSignal):
        return "pictures were not searched by what they show"
    return "captions were searched by their wording alone"


def _check(signal: str, suits: Callable[[type[Signal]], bool]) -> None:
    if signal not in SIGNALS or not suits(SIGNALS[signal]):
        names = ", ".join(name for name, kind in SIGNALS.items() if suits(kind) and has_index(name))
        raise UsageError(f"{signal!r} can't answer this question. Choose from: {names}")


def _by_vector(case: Case, name: str, text: str) -> tuple[list[Hit], list[str]]:
    """Captions of similar meaning, and that the model can't read the text, if so."""
    index = open_index(case, name)
    maker = _caption_signal(case, name)
    values = maker.compute([text])
    if values[maker.column].null_count:
        return [], [_NOT_READ]
    return nearest(index, name, codes_of(maker, values)), []


def _caption_signal(case: Case, name: str) -> CaptionSignal:
    maker = opened(case, name)
    if not isinstance(maker, CaptionSignal):
        raise UsageError(f"{name} is not a signal of captions")
    return maker


def _by_description(
    case: Case, name: str, text: str, *, alone: bool
) -> tuple[list[Hit], list[str]]:
    """The pictures that a text describes best. No measurement says how well it has to."""
    index = open_as(CodeIndex, case, name)
    maker = opened(case, name)
    if not isinstance(maker, PictureSignal):
        raise UsageError(f"{name} is not a signal of pictures")
    count = _MOST_ALONE if alone else _MOST_DESCRIBED
    found = index.search(maker.encode_text(text)[None], limit=count)
    hits = [
        Hit(item, name, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(found.row.tolist(), found.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]
    told = "the pictures that the text describes best come after captions; alone: --signal clip"
    return hits, [told] if hits and not alone else []


def _by_key(case: Case, name: str, text: str) -> list[Hit]:
    """Captions whose key holds the text's key, or is similar to it."""
    key = key_of(text)
    index = open_as(CodeIndex, case, name)
    if not key:
        raise UsageError("the text holds no letters or digits to look for")
    values = _caption_signal(case, name).compute([text])
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
        relation, similarity = Relation.SIMILAR, jaccard(key, other)
        if key in other:
            relation = Relation.CONTAINS
        if key in other or similarity >= _LEAST_JACCARD:
            found.append(Hit(sha256, name, str(relation), None, similarity))
    return found
