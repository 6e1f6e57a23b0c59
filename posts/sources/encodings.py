"""Detects the encoding of a text: UTF-8 where possible, otherwise the likeliest by its bytes."""

import codecs
from dataclasses import dataclass

__all__ = ["SAMPLE_BYTES", "Encoding", "checked_encoding", "detect_encoding"]

SAMPLE_BYTES = 2**20  # bytes at a text's beginning that are examined
_DETECTOR_BYTES = 2**16  # bytes of lines with non-ASCII letters that the detector gets

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings of exports; not those of mainframes and old Macs, nor those almost identical to a
# Windows encoding (ISO 8859-1, 8859-15, 8859-9).
_CANDIDATES = (
    *("utf-8", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8-r", "koi8-u", "gb18030", "gbk"),
    *("gb2312", "big5", "big5hkscs", "shift_jis", "cp932", "euc-jp", "euc-kr"),
    *("cp949", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "tis-620"),
)
_HEADER_BYTES = 64  # column names and JSON punctuation are mostly ASCII
# Valid non-ASCII characters for each bad byte: above this, a text is damaged UTF-8, and not in
# another encoding.
_MIN_VALID_PER_BAD = 20


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding's name, as Python spells it, and whether it is a guess."""

    name: str
    guessed: bool = False


def detect_encoding(sample: bytes) -> Encoding:
    """Name the encoding of a text that begins with `sample`, which may be cut anywhere."""
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return Encoding(name)
    if utf16 := _utf16_without_mark(sample):
        return Encoding(utf16, guessed=True)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return Encoding("utf-8") if _is_damaged_utf8(sample) else _detected(sample)
    return Encoding("utf-8")


def checked_encoding(name: str) -> str:
    """An encoding's name as Python spells it. Raises ValueError for other names."""
    try:
        codec = codecs.lookup(name)
        "a".encode(codec.name)
    except (LookupError, ValueError, TypeError):
        raise ValueError(f"there is no encoding {name!r}; try utf-8, cp1252 or gb18030") from None
    return codec.name


def _utf16_without_mark(sample: bytes) -> str:
    """The name of UTF-16 without a byte order mark; empty for other encodings.

    It has a zero byte beside each Latin letter, punctuation mark and line end.
    """
    even, odd = sample[:_HEADER_BYTES:2], sample[1:_HEADER_BYTES:2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) * 2 > len(zeros) and not others.count(0):
            return name
    return ""


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - bad >= _MIN_VALID_PER_BAD * bad


def _detected(sample: bytes) -> Encoding:
    import chardet

    lines = (line for line in sample.splitlines(keepends=True) if not line.isascii())
    non_ascii, size = [], 0
    for line in lines:
        non_ascii.append(line)
        if (size := size + len(line)) > _DETECTOR_BYTES:
            break
    detected = chardet.detect(
        b"".join(non_ascii)[:_DETECTOR_BYTES], prefer_superset=True, include_encodings=_CANDIDATES
    )
    name = detected["encoding"]
    return Encoding(checked_encoding(name), guessed=True) if name else Encoding("utf-8")
