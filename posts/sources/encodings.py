"""Which encoding a text is in: UTF-8 where it can be, else what its bytes look like."""

import codecs
from dataclasses import dataclass

__all__ = ["SAMPLE_BYTES", "Encoding", "checked_encoding", "detect_encoding"]

SAMPLE_BYTES = 2**20  # bytes at a text's beginning that are looked at
_DETECTED = 2**16  # bytes of lines with other letters than A to Z that the detector is given

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What exports are written in, without encodings of mainframes and old Macs, and without those that
# differ from a Windows encoding in next to nothing (ISO 8859-1, 8859-15, 8859-9).
_USUAL = (
    *("utf-8", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8-r", "koi8-u", "gb18030", "gbk"),
    *("gb2312", "big5", "big5hkscs", "shift_jis", "cp932", "euc-jp", "euc-kr"),
    *("cp949", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "tis-620"),
)
_HEADER = 64  # bytes: names of columns and signs of JSON are mostly ASCII
_DAMAGE = 20  # sound characters for each bad byte, from where UTF-8 is damaged rather than other


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding's name, as Python knows it, and whether it is only likely."""

    name: str
    guessed: bool = False


def detect_encoding(sample: bytes) -> Encoding:
    """Name the encoding of a text that begins with `sample`, which may be cut anywhere."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return Encoding(name)
    if wide := _without_mark(sample):
        return Encoding(wide, guessed=True)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return Encoding("utf-8") if _is_damaged_utf8(sample) else _detected(sample)
    return Encoding("utf-8")


def checked_encoding(name: str) -> str:
    """An encoding's name as Python spells it. Raises ValueError if it is not one of text."""
    try:
        found = codecs.lookup(name)
        "a".encode(found.name)
    except (LookupError, ValueError, TypeError):
        raise ValueError(
            f"there is no encoding {name!r}; utf-8, cp1252 and gb18030 are some"
        ) from None
    return found.name


def _without_mark(sample: bytes) -> str:
    """UTF-16 without its mark has a zero byte beside each Latin letter, sign and line end."""
    even, odd = sample[:_HEADER:2], sample[1:_HEADER:2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) * 2 > len(zeros) and not others.count(0):
            return name
    return ""


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(sign > "\x7f" for sign in text) - bad >= _DAMAGE * bad


def _detected(sample: bytes) -> Encoding:
    import chardet

    lines = (line for line in sample.splitlines(keepends=True) if not line.isascii())
    other, size = [], 0
    for line in lines:
        other.append(line)
        if (size := size + len(line)) > _DETECTED:
            break
    found = chardet.detect(
        b"".join(other)[:_DETECTED], prefer_superset=True, include_encodings=_USUAL
    )
    name = found["encoding"]
    return Encoding(checked_encoding(name), guessed=True) if name else Encoding("utf-8")
