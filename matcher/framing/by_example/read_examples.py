"""Reading examples: posts of the case by name, pictures and texts by the case's own signals."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.signals import CaptionSignal, PictureSignal, Signal, pdq
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.embed.text.normalize import key_of
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.by_example.examples import (
    MOST_OF_TEXT,
    ExamplePicture,
    ExamplePost,
    Examples,
    ExampleText,
    Framing,
)
from frametrace.matcher.query.by_signal import opened
from frametrace.matcher.weights import weights_of
from frametrace.posts.errors import DecodeError, IndexMismatch, ModelMissing, UsageError
from frametrace.posts.media.picture_bytes import read_media
from frametrace.posts.sources.folders import printable

__all__ = ["Makers", "Named", "find_post", "read_examples", "renewed"]

_MOST_OF_NAME = 255  # characters of a file's name
_CALLED = """
SELECT platform, post_id, repost_of FROM posts
WHERE post_id = $name OR platform || '/' || post_id = $name ORDER BY platform
"""


@dataclass(frozen=True, slots=True)
class Named:
    """Examples as people name them: posts, picture files, texts."""

    posts: Sequence[str] = ()
    pictures: Sequence[Path] = ()
    texts: Sequence[str] = ()


class Makers:
    """The signals of a case, each opened once, when it is needed; `notes` say what can't be had."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.notes: list[str] = []
        self._opened: dict[str, Signal | None] = {}

    def get(self, name: str) -> Signal | None:
        """The signal as the case's values were made with it; None where it can't be had."""
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> Signal | None:
        if name not in self.case.epoch.signals:
            return None
        try:
            return opened(self.case, name)
        except (ModelMissing, IndexMismatch) as error:
            self.note(f"examples are not compared by {name}: {error}")
            return None

    def note(self, line: str) -> None:
        """Keep a sentence, once."""
        if line not in self.notes:
            self.notes.append(line)


def read_examples(makers: Makers, named: Named) -> Examples:
    """Find the posts, read the pictures and the texts.

    Raises `UsageError` for a post that the case doesn't have or that several platforms have, and
    for a text without letters or digits; `DecodeError` for a file that is no picture.
    """
    return Examples(
        tuple(find_post(makers.case, name) for name in named.posts),
        tuple(_picture(makers, path) for path in named.pictures),
        tuple(_text(makers, text) for text in named.texts),
    )


def find_post(case: Case, name: str) -> ExamplePost:
    """The post called `platform/post_id`, or else `post_id` where only one platform has it.

    Raises `UsageError` where none is called so, or several are, and for a repost.
    """
    with connect(case, "posts") as connection:
        rows = connection.execute(_CALLED, {"name": name}).fetchall()
    found = [row for row in rows if f"{row[0]}/{row[1]}" == name] or rows
    if not found:
        raise UsageError(
            f"the case has no post {name!r}: name one by its id, or as platform/id; groups.csv of "
            "its report has some"
        )
    if len(found) > 1:
        platforms = " and ".join(row[0] for row in found)
        whole = f"{found[0][0]}/{found[0][1]}"
        what_next = "its text with --text instead" if whole == name else f"one as {whole}"
        raise UsageError(f"{name!r} is a post on {platforms}: name {what_next}")
    platform, post_id, repost_of = found[0]
    if repost_of is not None:
        raise UsageError(f"{name!r} repeats the post {repost_of!r}: name that, or its text")
    return ExamplePost(platform, post_id)


def _text(makers: Makers, text: str) -> ExampleText:
    text = text.strip()
    if len(text) > MOST_OF_TEXT:
        raise UsageError(
            f"a text of {len(text):,} characters is too long: {MOST_OF_TEXT:,} at most"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("a text is not valid UTF-8: write it anew") from None
    if not key_of(text):
        raise UsageError(f"the text {text[:80]!r} holds no letters or digits to compare by")
    return _embedded(makers, text)


def _embedded(makers: Makers, text: str) -> ExampleText:
    """With its vector, where the case has such and the model can read the text."""
    if not {Caption.name, CaptionKey.name} & set(makers.case.epoch.signals):
        makers.note(
            f"texts are not compared: the case has no {CaptionKey.name}. Compute it with: "
            f"frametrace embed {makers.case.path}"
        )
    caption = makers.get(Caption.name)
    if caption is None:
        return ExampleText(text)
    assert isinstance(caption, CaptionSignal)
    vector = _vector(caption.compute([text]))
    if vector is None:
        makers.note(
            "the model of the case's captions can't read the script of some examples: these are "
            "compared by their wording alone"
        )
    return ExampleText(text, vector, weights_of(makers.case, Caption.name))


def _vector(values: pa.Table) -> np.ndarray | None:
    value = values["code"][0].as_py()
    return None if value is None else np.array(value, np.float32)


def _picture(makers: Makers, path: Path) -> ExamplePicture:
    absolute = _absolute(path)
    data = read_media(str(absolute.parent), absolute.name)
    try:
        picture = decode(data)
    except DecodeError as error:
        raise DecodeError(f"{printable(str(path))}: {error}") from None
    codes, quality = pdq.compute_orientations(np.asarray(picture.luma))
    name = "".join(c if c.isprintable() else " " for c in printable(path.name))
    weights = {each.name: each.made_by["fingerprint"] for each in (Local(), Thumbnail())}
    features, thumbnail = (_code(maker, picture) for maker in (Local(), Thumbnail()))
    weights[pdq.Pdq.name] = pdq.Pdq().made_by["fingerprint"]
    looks = None
    if (values := _computed(makers, Clip.name, picture)) is not None:
        looks = _vector(values)
        weights[Clip.name] = weights_of(makers.case, Clip.name)
    return ExamplePicture(
        name=name[:_MOST_OF_NAME] or "picture",
        sha256=hashlib.sha256(data).hexdigest(),
        forms=codes if quality >= pdq.Pdq.min_quality else None,
        features=features,
        thumbnail=thumbnail,
        lettering=_lettering(makers, picture),
        looks=looks,
        weights=weights,
    )


def _absolute(path: Path) -> Path:
    """A path with its links followed. Raises `DecodeError` where they can't be."""
    try:
        return path.resolve()
    except RuntimeError:  # of Python up to 3.12
        reason = "its links lead in a circle"
    except OSError as error:
        reason = error.strerror or str(error)
    raise DecodeError(f"{printable(str(path))}: can't be read: {reason}")


def _computed(makers: Makers, signal: str, picture: Picture) -> pa.Table | None:
    """The row of a signal that the case has."""
    if (maker := makers.get(signal)) is None:
        return None
    assert isinstance(maker, PictureSignal)
    return maker.finish([maker.preparer()(picture)])


def _code(maker: PictureSignal, picture: Picture) -> bytes:
    """The value of a signal without a model: it is there for a case that gets the signal later."""
    code: bytes = maker.finish([maker.preparer()(picture)])["code"][0].as_py()
    return code


def _lettering(makers: Makers, picture: Picture) -> ExampleText | None:
    values = _computed(makers, OcrText.name, picture)
    text = values["text"][0].as_py() if values is not None else None
    return _embedded(makers, text[:MOST_OF_TEXT]) if text and key_of(text) else None


def renewed(makers: Makers, framing: Framing) -> Framing:
    """With new vectors for texts whose own were made by other weights than the case's now."""
    return Framing(_renewed(makers, framing.like), _renewed(makers, framing.unlike), framing.least)


def _renewed(makers: Makers, examples: Examples) -> Examples:
    ours = weights_of(makers.case, Caption.name)

    def anew(text: ExampleText) -> ExampleText:
        return text if text.weights == ours or not ours else _embedded(makers, text.text)

    pictures = [
        each if each.lettering is None else replace(each, lettering=anew(each.lettering))
        for each in examples.pictures
    ]
    return Examples(examples.posts, tuple(pictures), tuple(map(anew, examples.texts)))
