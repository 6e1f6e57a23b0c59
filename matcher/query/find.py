"""Where else is this picture, who else wrote this: one question, answered by a case's posts."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.decoding.decode import decode
from frametrace.embed.pictures import missing_pictures
from frametrace.embed.signals import SIGNALS, CaptionSignal, Metric, PictureSignal, caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import check_signal, open_index
from frametrace.index.vectors import DenseIndex
from frametrace.matcher.query.answer import FOUND, Found, Hit, answer
from frametrace.matcher.query.by_signal import Asked, Looked, codes_of, look, nearest, opened
from frametrace.matcher.results import Relation
from frametrace.posts.errors import IndexMismatch, ModelMissing, UsageError
from frametrace.posts.media.picture_bytes import read_media
from frametrace.work.progress import Progress

__all__ = ["FOUND", "Found", "find_picture", "find_text"]

_AT_ONCE = (Pdq.name, Local.name)  # what a picture is looked for by where no signal is named
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
        _check(signal, PictureSignal)
        check_signal(case, signal)
    absolute = picture.resolve()
    data = read_media(str(absolute.parent), absolute.name)
    asked = Asked(hashlib.sha256(data).hexdigest(), decode(data))
    hits = [Hit(asked.digest, "sha256", str(Relation.COPY), 0, 1.0)]
    names = (signal,) if signal else _AT_ONCE
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
        _check(signal, CaptionSignal, Clip)
        if signal != caption_key.CaptionKey.name:
            check_signal(case, signal)
    hits: list[Hit] = []
    notes: list[str] = []
    if signal in ("", caption_key.CaptionKey.name):
        hits += _by_key(case, text)
    for name, find, otherwise in (
        (Caption.name, _by_vector, "captions were searched by their wording alone"),
        (Clip.name, _by_looks, "pictures were not searched by what they show"),
    ):
        if signal == name or (not signal and name in case.epoch.signals):
            try:
                found, told = find(case, text, bool(signal))
                hits += found
                notes += told
            except (ModelMissing, IndexMismatch) as error:
                if signal:
                    raise
                notes.append(f"{otherwise}: {error}")
    return answer(case, hits, "caption or picture", limit, notes)


def _check(signal: str, *kinds: type) -> None:
    if not issubclass(SIGNALS.get(signal, object), kinds):
        names = ", ".join(
            name
            for name, known in SIGNALS.items()
            if issubclass(known, kinds) and known.metric is not Metric.TEXT
        )
        raise UsageError(f"{signal!r} can't answer this question. Choose from: {names}")


def _by_vector(case: Case, text: str, alone: bool) -> tuple[list[Hit], list[str]]:
    """Captions of similar meaning, and that the model can't read the text, if so."""
    index = open_index(case, Caption.name)
    maker = opened(case, Caption.name)
    assert isinstance(maker, CaptionSignal)
    values = maker.compute([text])
    if values["code"].null_count:
        return [], [_NOT_READ]
    return nearest(index, Caption.name, codes_of(values)), []


def _by_looks(case: Case, text: str, alone: bool) -> tuple[list[Hit], list[str]]:
    """The pictures that a text describes best. How well it has to, no measurement says."""
    index = open_index(case, Clip.name)
    maker = opened(case, Clip.name)
    assert isinstance(maker, Clip)
    assert isinstance(index, DenseIndex)
    found = index.search(maker.encode_text(text)[None], _MOST_ALONE if alone else _MOST_DESCRIBED)
    hits = [
        Hit(item, Clip.name, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(found.row.tolist(), found.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]
    told = "the pictures that the text describes best come after captions; alone: --signal clip"
    return hits, [told] if hits and not alone else []


def _by_key(case: Case, text: str) -> list[Hit]:
    """Captions whose key holds the text's key, or is similar to it."""
    name = caption_key.CaptionKey.name
    key = caption_key.key_of(text)
    index = open_index(case, name)
    assert isinstance(index, MinHashIndex)
    if not key:
        raise UsageError("the text holds no letters or digits to look for")
    maker = opened(case, name)
    assert isinstance(maker, CaptionSignal)
    values = maker.compute([text])
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
            found.append(Hit(sha256, name, str(relation), None, similarity))
    return found
