"""One spelling for what copies of a caption change: from a text to its key, in any script.

A key is the text in NFKC (full width, ligatures, fancy letters), case folded, without links,
mentions, punctuation, emoji, spaces, accents that belong to no letter, and what is not seen
(zero-width and bidirectional controls); one Chinese character stands for all its forms.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.text.char_tables import INVISIBLE, said_as

__all__ = ["MAX_LENGTH", "code_points", "key_of", "keys_of", "set_aside"]

# Characters of a caption that are read. Facebook's 63,206 is the longest that a platform allows;
# a text pasted together to be slow ends there.
MAX_LENGTH = 65_536
_BLOCK = 1 << 18  # characters turned into keys at a time; some 10 MB
# Marks that follow each other: more are no language (Unicode's Stream-Safe Text Format, UAX 15),
# and NFKC sorts them in quadratic time, 80,000 of them in 14 seconds.
_MAX_MARKS = 30
_SHORT = 1_000  # characters in which marks are sorted at once

_UNSEEN = "".join(
    f"\\U{part.start:08x}-\\U{part.stop - 1:08x}" for part in INVISIBLE if part.start > 0x2000
)
# Links and mentions end where other scripts begin: Chinese is written without spaces around them.
# What is not seen doesn't end a link; a figure on a key cap is an emoji like others. Alternatives
# begin with characters of their own: all others are skipped without a try.
_SET_ASIDE = re.compile(
    rf"[0-9#*]\ufe0f?\u20e3|(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww][Ww][Ww]\.)[!-~{_UNSEEN}]+"
    r"|@(?<![A-Za-z0-9_.]@)[A-Za-z0-9_]+"
)
_REPOST = re.compile(r"\s*RT\s+(?=@)", re.IGNORECASE)


def set_aside(text: str) -> str:
    """A text in the spelling NFKC without links, mentions and the mark of a repost.

    No more than `MAX_LENGTH` characters of it are read.
    """
    text = unicodedata.normalize("NFKC", _stream_safe(text[:MAX_LENGTH]))[:MAX_LENGTH]
    if repost := _REPOST.match(text):
        text = text[repost.end() :]
    if "@" in text or "://" in text or "\u20e3" in text or "www." in text.lower():
        return _SET_ASIDE.sub(" ", text)
    return text


def key_of(text: str) -> str:
    """The key of a caption; empty where nothing but links, mentions and signs is in it."""
    key: str = keys_of([text])[0].as_py()
    return key


def keys_of(texts: Iterable[str]) -> pa.StringArray:
    """The keys of many captions, in their order."""
    parts = [_keys(block) for block in _blocks(map(_spelled, texts))]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())


def code_points(keys: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """All characters of n keys, (c,) uint32, and where each key begins and ends, (n + 1,) int64."""
    ends = np.cumsum(pc.utf8_length(keys).fill_null(0).to_numpy(zero_copy_only=False))
    text = "".join(keys.fill_null("").to_pylist())
    return np.frombuffer(text.encode("utf-32-le"), "<u4"), np.append(0, ends).astype(np.int64)


def _spelled(text: str) -> str:
    text = set_aside(text).casefold()
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _stream_safe(text: str) -> str:
    if len(text) <= _SHORT:
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts of some `_BLOCK` characters together, or a longer one alone."""
    block: list[str] = []
    size = 0
    for text in texts:
        if block and size + len(text) > _BLOCK:
            yield block
            block, size = [], 0
        block.append(text)
        size += len(text)
    if block:
        yield block


def _keys(spelled: list[str]) -> pa.StringArray:
    """Keep what counts of each text, as one array of code points."""
    points = np.frombuffer("".join(spelled).encode("utf-32-le", "surrogatepass"), "<u4")
    points = said_as()[points]
    counted = np.append(0, np.cumsum(points != 0))
    ends = counted[np.append(0, np.cumsum([len(text) for text in spelled]))]
    points = points[points != 0]
    width = 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)  # bytes of UTF-8
    offsets = np.append(0, np.cumsum(width))[ends].astype(np.int32)
    text = points.astype("<u4").tobytes().decode("utf-32-le").encode()
    buffers = pa.py_buffer(offsets), pa.py_buffer(text)
    return pa.StringArray.from_buffers(len(spelled), *buffers)
