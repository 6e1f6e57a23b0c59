"""Repairs JPEG and PNG files that are cut off, or whose metadata are broken.

Browsers show such files, Pillow doesn't. Pillow could be set to accept them, but for the whole
process, and without reporting how much of a picture is there. So a repaired copy of the file is
made that Pillow reads.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["RepairedFile", "has_end", "repair"]

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"acTL", b"fcTL", b"IDAT", b"fdAT")
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the colour type of a PNG
_PART = 1024  # bytes that are unpacked at a time, so that rows before the damage are counted

_JPEG = b"\xff\xd8"
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
# A marker with content. Within a scan's data 0xff is followed by 0, by a restart marker (d0 to d7)
# or by another 0xff.
_MARKER = re.compile(rb"\xff[^\0\x01\xd0-\xd8\xff]")
_MAX_SEGMENTS = 10_000  # 100 MB of metadata take 1,600
_MIN_PADDING = 16  # zeros at the end; fewer may belong to the last pixels
# Pseudo-random data of a scan, with the restart markers that a decoder may expect.
_NOISE = b"".join(
    hashlib.shake_256(b"%d" % at).digest(256).replace(b"\xff", b"") + bytes((0xFF, 0xD0 + at % 8))
    for at in range(32)
)


@dataclass(frozen=True, slots=True)
class RepairedFile:
    """A readable copy of a damaged file.

    A PNG holds the first `rows` of `height` rows. A JPEG holds all rows, of which some may be
    invented; `alternative` is the same file with other rows invented: rows that differ are missing.
    """

    data: bytes
    rows: int = 0
    height: int = 0
    alternative: bytes = b""
    is_cut: bool = True


def has_end(data: bytes) -> bool:
    """Whether a file can be read as it is: false for a JPEG or PNG whose end is missing.

    Downloads that were cut off may be padded with zeros, which decoders take for pixels.
    """
    if data.startswith(_PNG):
        return data.rfind(b"IEND") > 0
    if not data.startswith(_JPEG):
        return True
    scan = next(_scans(data), None)
    return scan is None or data.rfind(_END_OF_IMAGE) > scan


def repair(data: bytes, max_pixels: int) -> RepairedFile | None:
    """A JPEG or PNG with an end, a PNG also without its metadata; None if that doesn't help."""
    if data.startswith(_JPEG):
        return _repair_jpeg(data)
    return _repair_png(data, max_pixels) if data.startswith(_PNG) else None


def _scans(data: bytes) -> Iterator[int]:
    """The positions at which the data of each scan of a JPEG begin."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        marker = _MARKER.search(data, at)
        if not marker or marker[0] == _END_OF_IMAGE:
            return
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        if at > len(data):
            return
        if marker[0] == _START_OF_SCAN:
            yield at


def _repair_jpeg(data: bytes) -> RepairedFile | None:
    """End the file after its last scan: missing pixels then decode to a flat colour.

    A file with a second scan has every row in the first.
    """
    whole = _unpadded(data).rstrip(b"\xff")
    scans = list(_scans(whole))
    if not scans:
        return None
    if following := _MARKER.search(whole, scans[-1]):
        whole = whole[: following.start()]
    alternative = b"" if len(scans) > 1 else whole + _NOISE + _END_OF_IMAGE
    return RepairedFile(whole + _END_OF_IMAGE, alternative=alternative)


def _unpadded(data: bytes) -> bytes:
    """A file without the padding zeros at its end."""
    stripped = data.rstrip(b"\0")
    return data if len(data) - len(stripped) < _MIN_PADDING else stripped


def _repair_png(data: bytes, max_pixels: int) -> RepairedFile | None:
    """Keep the chunks that make pixels, and the rows whose data is present."""
    data = _unpadded(data)
    chunks: list[tuple[bytes, bytes]] = []
    parts, at, ended = [_PNG], len(_PNG), False
    while at + 12 <= len(data) and not ended:
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + length]
        if kind in _PNG_CHUNKS and (len(content) == length or kind == b"IDAT"):
            chunks.append((kind, content))
            parts.append(data[at : at + 12 + length])
        ended = kind == b"IEND"
        at += 12 + length
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        return None
    end = _chunk(b"IEND", b"")
    if ended:
        return RepairedFile(b"".join((*parts, end)), is_cut=False)
    header = chunks[0][1]
    width, height = struct.unpack(">II", header[:8])
    if width * height > max_pixels:
        return None
    rows, whole = _rows([content for kind, content in chunks if kind == b"IDAT"], header)
    if whole:
        return RepairedFile(b"".join((_PNG, *(_chunk(*chunk) for chunk in chunks), end)))
    if not rows or header[12]:  # every row of an interlaced picture would have gaps
        return None
    chunks[0] = b"IHDR", struct.pack(">II", width, rows) + header[8:]
    still = (_chunk(*chunk) for chunk in chunks if chunk[0] not in _ANIMATION)
    return RepairedFile(b"".join((_PNG, *still, end)), rows, height)


def _rows(parts: list[bytes], header: bytes) -> tuple[int, bool]:
    """How many rows the compressed data of a PNG hold, and whether these are all."""
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    row = 1 + (width * depth * _CHANNELS.get(colour, 4) + 7) // 8
    unpacker, count = zlib.decompressobj(), 0
    try:
        for part in parts:
            for at in range(0, len(part), _PART):
                remaining = part[at : at + _PART]
                while remaining and not unpacker.eof:
                    count += len(unpacker.decompress(remaining, _PART))
                    remaining = unpacker.unconsumed_tail
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
