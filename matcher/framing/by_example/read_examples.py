"""Reads examples: finds posts by name, and computes the case's signals of pictures and texts."""

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
from frametrace.matcher.case_signals import open_signal, weights_of
from frametrace.matcher.framing.by_example.examples import (
    MAX_TEXT_CHARS,
    ExamplePicture,
    ExamplePost,
    Examples,
    ExampleText,
    Framing,
)
from frametrace.posts.errors import DecodeError, IndexMismatch, ModelMissing, UsageError
from frametrace.posts.media.identify_picture import read_media
from frametrace.posts.sources.paths import printable

__all__ = ["ExampleNames", "SignalMakers", "find_post", "read_examples", "reembedded"]

_MAX_NAME_CHARS = 255  # of a file's name
_POSTS_BY_NAME = """
SELECT platform, post_id, repost_of FROM posts
WHERE post_id = $name OR platform || '/' || post_id = $name ORDER BY platform
"""


@dataclass(frozen=True, slots=True)
class ExampleNames:
    """Examples as users name them: posts, picture files, texts."""

    posts: Sequence[str] = ()
    pictures: Sequence[Path] = ()
    texts: Sequence[str] = ()


class SignalMakers:
    """The signals of a case, each opened once when needed; `notes` name the unavailable ones."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.notes: list[str] = []
        self._opened: dict[str, Signal | None] = {}

    def get(self, name: str) -> Signal | None:
        """The signal with the case's settings; None if it is not available."""
        if name not in self._opened:
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> Signal | None:
        if name not in self.case.epoch.signals:
            return None
        try:
            return open_signal(self.case, name)
        except (ModelMissing, IndexMismatch) as error:
            self.note(f"examples are not compared by {name}: {error}")
            return None

    def note(self, sentence: str) -> None:
        """Add a note, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


def read_examples(makers: SignalMakers, names: ExampleNames) -> Examples:
    """Find the posts, and read the pictures and texts.

    Raises `UsageError` for a post that the case doesn't have or that several platforms have, and
    for a text without letters or digits; `DecodeError` for a file that is not a picture.
    """
    return Examples(
        tuple(find_post(makers.case, name) for name in names.posts),
        tuple(_picture(makers, path) for path in names.pictures),
        tuple(_text(makers, text) for text in names.texts),
    )


def find_post(case: Case, name: str) -> ExamplePost:
    """The post named `platform/post_id`, or `post_id` if only one platform has it.

    Raises `UsageError` if no post or several posts have that name, and for a repost.
    """
    with connect(case, "posts") as connection:
        rows = connection.execute(_POSTS_BY_NAME, {"name": name}).fetchall()
    matches = [row for row in rows if f"{row[0]}/{row[1]}" == name] or rows
    if not matches:
        raise UsageError(
            f"the case has no post {name!r}: name a post by its id, or as platform/id; groups.csv "
            "of the report lists ids"
        )
    if len(matches) > 1:
        platforms = " and ".join(row[0] for row in matches)
        full_name = f"{matches[0][0]}/{matches[0][1]}"
        advice = "its text with --text instead" if full_name == name else f"one as {full_name}"
        raise UsageError(f"{name!r} is a post on {platforms}: name {advice}")
    platform, post_id, repost_of = matches[0]
    if repost_of is not None:
        raise UsageError(f"{name!r} is a repost of {repost_of!r}: name that post, or its text")
    return ExamplePost(platform, post_id)


def _text(makers: SignalMakers, text: str) -> ExampleText:
    text = text.strip()
    if len(text) > MAX_TEXT_CHARS:
        raise UsageError(
            f"a text of {len(text):,} characters is too long: use at most {MAX_TEXT_CHARS:,}"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("a text is not valid UTF-8: enter it again") from None
    if not key_of(text):
        raise UsageError(f"the text {text[:80]!r} has no letters or digits to compare")
    return _embedded(makers, text)


def _embedded(makers: SignalMakers, text: str) -> ExampleText:
    """A text with its vector, if the case has caption vectors and the model reads its script."""
    if not {Caption.name, CaptionKey.name} & set(makers.case.epoch.signals):
        makers.note(
            f"texts are not compared: the case has no {CaptionKey.name}. Compute it with: "
            f"frametrace embed {makers.case.path}"
        )
    caption = makers.get(Caption.name)
    if caption is None:
        return ExampleText(text)
    if not isinstance(caption, CaptionSignal):
        raise IndexMismatch(f"{Caption.name} is not a signal of captions")
    vector = _vector(caption.compute([text]))
    if vector is None:
        makers.note(
            "the case's caption model doesn't support the script of some examples: these are "
            "compared by their wording alone"
        )
    return ExampleText(text, vector, weights_of(makers.case, Caption.name))


def _vector(values: pa.Table) -> np.ndarray | None:
    value = values["code"][0].as_py()
    return None if value is None else np.array(value, np.float32)


def _picture(makers: SignalMakers, path: Path) -> ExamplePicture:
    absolute = _absolute(path)
    data = read_media(str(absolute.parent), absolute.name)
    try:
        picture = decode(data)
    except DecodeError as error:
        raise DecodeError(f"{printable(str(path))}: {error}") from None
    hashes, quality = pdq.compute_orientations(np.asarray(picture.luma))
    name = "".join(c if c.isprintable() else " " for c in printable(path.name))
    without_model = (Local(), Thumbnail(), pdq.Pdq())
    weights = {signal.name: signal.made_by["fingerprint"] for signal in without_model}
    features, thumbnail = (_code(signal, picture) for signal in (Local(), Thumbnail()))
    clip = None
    if (values := _computed(makers, Clip.name, picture)) is not None:
        clip = _vector(values)
        weights[Clip.name] = weights_of(makers.case, Clip.name)
    return ExamplePicture(
        name=name[:_MAX_NAME_CHARS] or "picture",
        sha256=hashlib.sha256(data).hexdigest(),
        pdq=hashes if quality >= pdq.Pdq.min_quality else None,
        features=features,
        thumbnail=thumbnail,
        ocr_text=_ocr_text(makers, picture),
        clip=clip,
        weights=weights,
    )


def _absolute(path: Path) -> Path:
    """A path with its links resolved. Raises `DecodeError` if they can't be."""
    try:
        return path.resolve()
    except RuntimeError:  # up to Python 3.12
        reason = "its links form a loop"
    except OSError as error:
        reason = error.strerror or str(error)
    raise DecodeError(f"{printable(str(path))}: can't be read: {reason}")


def _computed(makers: SignalMakers, signal: str, picture: Picture) -> pa.Table | None:
    """The value of a signal as a table of one row; None if the case lacks the signal."""
    if (maker := makers.get(signal)) is None:
        return None
    if not isinstance(maker, PictureSignal):
        raise IndexMismatch(f"{signal} is not a signal of pictures")
    return maker.finish([maker.preparer()(picture)])


def _code(signal: PictureSignal, picture: Picture) -> bytes:
    """The value of a signal that needs no model, even if the case does not have the signal yet."""
    code: bytes = signal.finish([signal.preparer()(picture)])["code"][0].as_py()
    return code


def _ocr_text(makers: SignalMakers, picture: Picture) -> ExampleText | None:
    values = _computed(makers, OcrText.name, picture)
    text = values["text"][0].as_py() if values is not None else None
    return _embedded(makers, text[:MAX_TEXT_CHARS]) if text and key_of(text) else None


def reembedded(makers: SignalMakers, framing: Framing) -> Framing:
    """The framing with new vectors for texts embedded with other weights than the case's."""
    like, unlike = (_reembedded(makers, side) for side in (framing.like, framing.unlike))
    return replace(framing, like=like, unlike=unlike)


def _reembedded(makers: SignalMakers, examples: Examples) -> Examples:
    weights = weights_of(makers.case, Caption.name)

    def current(text: ExampleText) -> ExampleText:
        return text if text.weights == weights or not weights else _embedded(makers, text.text)

    pictures = [
        picture
        if picture.ocr_text is None
        else replace(picture, ocr_text=current(picture.ocr_text))
        for picture in examples.pictures
    ]
    return Examples(examples.posts, tuple(pictures), tuple(map(current, examples.texts)))
