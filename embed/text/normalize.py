"""Normalizes captions to keys, so that small changes of copies disappear, in any script.

A key is the text in NFKC (full width, ligatures, fancy letters), case folded, without links,
mentions, punctuation, emoji, spaces, accents that belong to no letter, and invisible characters
(zero-width and bidirectional controls). All variants of a Chinese character become one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.text.char_tables import INVISIBLE, key_characters

__all__ = ["MAX_LENGTH", "code_points", "key_of", "keys_of", "without_links"]

# Only this many characters of a caption are read. Facebook's limit of 63,206 is the longest of any
# platform; longer texts, made to be slow, are cut here.
MAX_LENGTH = 65_536
_BLOCK = 1 << 18  # characters that are normalized at a time; some 10 MB
# Consecutive combining marks. No language has more (Unicode's Stream-Safe Text Format, UAX 15), and
# NFKC sorts them in quadratic time: 80,000 of them take 14 seconds.
_MAX_MARKS = 30
_SHORT = 1_000  # characters; sorting the marks of shorter texts takes no time

_INVISIBLE_PATTERN = "".join(
    f"\\U{part.start:08x}-\\U{part.stop - 1:08x}" for part in INVISIBLE if part.start > 0x2000
)
# Links and mentions end where other scripts begin, because Chinese has no spaces around them.
# Invisible characters don't end a link; keycap digits are emoji. Each alternative begins with other
# characters, so that the rest of a text is skipped quickly.
_REMOVED = re.compile(
    rf"[0-9#*]\ufe0f?\u20e3|(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww][Ww][Ww]\.)[!-~{_INVISIBLE_PATTERN}]+"
    r"|@(?<![A-Za-z0-9_.]@)[A-Za-z0-9_]+"
)
_REPOST = re.compile(r"\s*RT\s+(?=@)", re.IGNORECASE)


def without_links(text: str) -> str:
    """A text in NFKC without links, mentions and the "RT" of a repost.

    Only its first `MAX_LENGTH` characters are read.
    """
    text = unicodedata.normalize("NFKC", _stream_safe(text[:MAX_LENGTH]))[:MAX_LENGTH]
    if repost := _REPOST.match(text):
        text = text[repost.end() :]
    if "@" in text or "://" in text or "\u20e3" in text or "www." in text.lower():
        return _REMOVED.sub(" ", text)
    return text


def key_of(text: str) -> str:
    """The key of a caption; empty if it has only links, mentions and symbols."""
    key: str = keys_of([text])[0].as_py()
    return key


def keys_of(texts: Iterable[str]) -> pa.StringArray:
    """The keys of many captions, in their order."""
    parts = [_keys(block) for block in _blocks(map(_fold, texts))]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())


def code_points(keys: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The characters of n keys, (c,) uint32, and where each key begins and ends, (n + 1,) int64."""
    ends = np.cumsum(pc.utf8_length(keys).fill_null(0).to_numpy(zero_copy_only=False))
    text = "".join(keys.fill_null("").to_pylist())
    return np.frombuffer(text.encode("utf-32-le"), "<u4"), np.append(0, ends).astype(np.int64)


def _fold(text: str) -> str:
    text = without_links(text).casefold()
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _stream_safe(text: str) -> str:
    if len(text) <= _SHORT:
        return text
    characters, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            characters.append(character)
    return "".join(characters)


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in blocks of about `_BLOCK` characters; a longer text gets its own block."""
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


def _keys(texts: list[str]) -> pa.StringArray:
    """Map the characters of folded texts to those of keys, as one array of code points."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
    points = key_characters()[points]
    counted = np.append(0, np.cumsum(points != 0))
    ends = counted[np.append(0, np.cumsum([len(text) for text in texts]))]
    points = points[points != 0]
    width = 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)  # bytes of UTF-8
    offsets = np.append(0, np.cumsum(width))[ends].astype(np.int32)
    text = points.astype("<u4").tobytes().decode("utf-32-le").encode()
    buffers = pa.py_buffer(offsets), pa.py_buffer(text)
    return pa.StringArray.from_buffers(len(texts), *buffers)
