"""Files that browsers show though Pillow doesn't: their end is missing, or metadata are broken.

Pillow could be told to accept them, by flags that hold for the whole process and that leave nobody
knowing how much of a picture is there. Here such a file becomes one that Pillow reads as it is.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Mended", "has_end", "mended"]

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"acTL", b"fcTL", b"IDAT", b"fdAT")
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the colour type of a PNG
_PART = 1024  # bytes that are unpacked at once, so that what comes before damage is counted

_JPEG = b"\xff\xd8"
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
# A marker with content. Within a scan's data 0xff is followed by 0, by a restart marker (d0 to d7)
# or by another 0xff.
_MARKER = re.compile(rb"\xff[^\0\x01\xd0-\xd8\xff]")
_MOST_SEGMENTS = 10_000  # metadata of 100 MB come in 1,600
_PADDING = 16  # zeros at the end that are more than the last pixels
# Made-up data of a scan, with the markers at which a decoder may have to start anew.
_NOISE = b"".join(
    hashlib.shake_256(b"%d" % at).digest(256).replace(b"\xff", b"") + bytes((0xFF, 0xD0 + at % 8))
    for at in range(32)
)


@dataclass(frozen=True, slots=True)
class Mended:
    """A file that can be read in another's place.

    Of a PNG it holds the first `rows` of `height` rows. Of a JPEG it holds all, some perhaps made
    up; `other` is then the same with others made up: rows that differ between both are missing.
    """

    data: bytes
    rows: int = 0
    height: int = 0
    other: bytes = b""
    is_cut: bool = True


def has_end(data: bytes) -> bool:
    """Whether a file may be read as it is: false for a JPEG or PNG whose end is missing.

    Where zeros fill the place of what was never downloaded, decoders take them for pixels.
    """
    if data.startswith(_PNG):
        return data.rfind(b"IEND") > 0
    if not data.startswith(_JPEG):
        return True
    scan = next(_scans(data), None)
    return scan is None or data.rfind(_END_OF_IMAGE) > scan


def mended(data: bytes, most: int) -> Mended | None:
    """A JPEG or PNG with its end put back, a PNG without its metadata; None where that's no use.

    `most` is the limit of pixels.
    """
    if data.startswith(_JPEG):
        return _mended_jpeg(data)
    return _mended_png(data, most) if data.startswith(_PNG) else None


def _scans(data: bytes) -> Iterator[int]:
    """Where the data of each scan of a JPEG begin."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.search(data, at)
        if not marker or marker[0] == _END_OF_IMAGE:
            return
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        if at > len(data):
            return
        if marker[0] == _START_OF_SCAN:
            yield at


def _mended_jpeg(data: bytes) -> Mended | None:
    """End it after the last scan that has begun: what is missing decodes to a flat colour.

    Once another scan has begun, the first has shown every row.
    """
    whole = _unpadded(data).rstrip(b"\xff")
    scans = list(_scans(whole))
    if not scans:
        return None
    if following := _MARKER.search(whole, scans[-1]):
        whole = whole[: following.start()]
    other = b"" if len(scans) > 1 else whole + _NOISE + _END_OF_IMAGE
    return Mended(whole + _END_OF_IMAGE, other=other)


def _unpadded(data: bytes) -> bytes:
    """A file without the zeros at its end, where these are more than its last pixels."""
    stripped = data.rstrip(b"\0")
    return data if len(data) - len(stripped) < _PADDING else stripped


def _mended_png(data: bytes, most: int) -> Mended | None:
    """Keep the chunks that pixels are made of, and as many rows as their data hold."""
    data = _unpadded(data)
    chunks: list[tuple[bytes, bytes]] = []
    kept, at, ended = [_PNG], len(_PNG), False
    while at + 12 <= len(data) and not ended:
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + length]
        if kind in _PNG_KEPT and (len(content) == length or kind == b"IDAT"):
            chunks.append((kind, content))
            kept.append(data[at : at + 12 + length])
        ended = kind == b"IEND"
        at += 12 + length
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        return None
    end = _chunk(b"IEND", b"")
    if ended:
        return Mended(b"".join((*kept, end)), is_cut=False)
    header = chunks[0][1]
    width, height = struct.unpack(">II", header[:8])
    if width * height > most:
        return None
    rows, whole = _rows([content for kind, content in chunks if kind == b"IDAT"], header)
    if whole:
        return Mended(b"".join((_PNG, *(_chunk(*chunk) for chunk in chunks), end)))
    if not rows or header[12]:  # of an interlaced picture every row would have gaps
        return None
    chunks[0] = b"IHDR", struct.pack(">II", width, rows) + header[8:]
    still = (_chunk(*chunk) for chunk in chunks if chunk[0] not in _ANIMATION)
    return Mended(b"".join((_PNG, *still, end)), rows, height)


def _rows(parts: list[bytes], header: bytes) -> tuple[int, bool]:
    """How many rows of a PNG its packed data hold, and whether they hold all of them."""
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    row = 1 + (width * depth * _CHANNELS.get(colour, 4) + 7) // 8
    unpacker, count = zlib.decompressobj(), 0
    try:
        for part in parts:
            for at in range(0, len(part), _PART):
                waiting = part[at : at + _PART]
                while waiting and not unpacker.eof:
                    count += len(unpacker.decompress(waiting, _PART))
                    waiting = unpacker.unconsumed_tail
                if unpacker.eof:
                    return min(count // row, height), True
                if count > 2 * row * height:  # interlaced rows take more, but not twice as much
                    break
    except zlib.error:
        pass
    interlaced = header[12]
    return min(count // row, height), count >= row * height and not interlaced


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum
