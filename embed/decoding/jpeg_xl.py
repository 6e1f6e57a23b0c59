"""Reads the size of JPEG XL files before decoding, and extracts their codestream.

The package that decodes JPEG XL decodes the whole file when it opens it, and unpacks compressed
metadata. So it is given only the codestream, after the size in its header was checked.
Layout: ISO/IEC 18181-1 (codestream, `SizeHeader`) and 18181-2 (boxes), as in libjxl.
"""

__all__ = ["codestream", "is_jxl", "size"]

_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_WIDTHS = (9, 13, 18, 30)  # bits of a side, by a selector of two bits
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width to height


def is_jxl(data: bytes) -> bool:
    """Whether these are the bytes of a JPEG XL file."""
    return data.startswith((_CODESTREAM, _CONTAINER))


def codestream(data: bytes) -> bytes:
    """The codestream of a file; in a container, the parts in its boxes joined.

    Raises `ValueError` for a file without one.
    """
    if data.startswith(_CODESTREAM):
        return data
    parts, at = [], 0
    while at + 8 <= len(data):
        length, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = len(data) if length == 0 else at + length
        if end < at + head:
            raise ValueError("a box is shorter than its head")
        if kind == b"jxlc":
            parts.append(data[at + head : end])
        elif kind == b"jxlp":
            parts.append(data[at + head + 4 : end])
        at = end
    joined = b"".join(parts)
    if not joined.startswith(_CODESTREAM):
        raise ValueError("no codestream")
    return joined


def size(stream: bytes) -> tuple[int, int]:
    """The width and height that a codestream declares."""
    bits, at = int.from_bytes(stream[2:16], "little"), 0

    def read(count: int) -> int:
        nonlocal at
        value = bits >> at & ((1 << count) - 1)
        at += count
        return value

    def side(in_eights: int) -> int:
        return 8 * (read(5) + 1) if in_eights else 1 + read(_WIDTHS[read(2)])

    in_eights = read(1)
    height = side(in_eights)
    if ratio := read(3):
        wide, high = _RATIOS[ratio - 1]
        return height * wide // high, height
    return side(in_eights), height
