"""Recognizes video files by their bytes, and whether such a file is cut off.

Layouts: ISO/IEC 14496-12 (boxes of MP4, MOV, 3GP), RFC 8794 (EBML of WebM and Matroska), RIFF
(AVI), ISO/IEC 13818-1 (packets of MPEG-TS).
"""

from collections.abc import Iterator
from enum import StrEnum

__all__ = ["VideoFormat", "has_no_index", "is_cut", "video_format"]


class VideoFormat(StrEnum):
    """The formats that are read, by the names of their demuxers."""

    MP4 = "mov"
    WEBM = "matroska"
    AVI = "avi"
    TS = "mpegts"


# Brands of pictures in such boxes: HEIF (ISO/IEC 23008-12), AVIF, JPEG XL, JPEG 2000, Canon's raw.
_PICTURE_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"}
    | {b"avif", b"avis", b"jxl ", b"jp2 ", b"jpx ", b"jpm ", b"crx "}
)
_FIRST_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_MAX_FIRST_BOX = 2**30  # bytes; text whose fifth letter begins such a word declares more
_MAX_BOXES = 100_000  # fragments of a second or less: a day
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_TS_PACKETS = ((0, 188), (4, 192))  # where the first sync byte is, bytes of a packet
_SYNC = 0x47
_HOLDS = 0x30  # the bits of adaptation field and payload


def video_format(data: bytes) -> VideoFormat | None:
    """The format of a video file; None for all other bytes."""
    if _is_iso(data):
        return VideoFormat.MP4
    if data.startswith(_EBML):
        return VideoFormat.WEBM
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return VideoFormat.AVI
    if any(_has_ts_packets(data, first, length) for first, length in _TS_PACKETS):
        return VideoFormat.TS
    return None


def is_cut(data: bytes) -> bool:
    """Whether the file ends before the end that it declares."""
    match video_format(data):
        case VideoFormat.MP4:
            return any(end > len(data) for _, _, end in _boxes(data))
        case VideoFormat.WEBM:
            return _segment_end(data) > len(data)
        case VideoFormat.AVI:
            return 8 + int.from_bytes(data[4:8], "little") > len(data)
    return False


def has_no_index(data: bytes) -> bool:
    """Whether an MP4 file lacks the box `moov`, without which nothing of it can be read."""
    if video_format(data) != VideoFormat.MP4:
        return False
    return all(kind != b"moov" for kind, _, _ in _boxes(data))


def _is_iso(data: bytes) -> bool:
    kind, size = data[4:8], int.from_bytes(data[:4], "big")
    if kind == b"ftyp":
        brands = {data[at : at + 4] for at in range(8, min(size, 256, len(data)), 4)}
        return brands.isdisjoint(_PICTURE_BRANDS)
    return kind in _FIRST_BOXES and (size <= 1 or 8 <= size <= _MAX_FIRST_BOX)


def _has_ts_packets(data: bytes, first: int, length: int) -> bool:
    """Whether four packets begin with the sync byte, and each says that it holds something."""
    heads = [data[at : at + 4] for at in range(first, first + 4 * length, length)]
    return all(len(head) == 4 and head[0] == _SYNC and head[3] & _HOLDS for head in heads)


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The kind, start and declared end of each box at the top level."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data):
            return
        length, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = len(data) if length == 0 else at + length
        if end < at + head:
            return
        yield kind, at, end
        at = end


def _segment_end(data: bytes) -> int:
    """Where the segment of a WebM file ends; 0 if it doesn't say so."""
    at = data.find(_SEGMENT, 4, 4096)
    if at < 0:
        return 0
    at += len(_SEGMENT)
    if at >= len(data) or not data[at]:
        return 0
    width = 9 - data[at].bit_length()  # the number of leading zeros gives the number of bytes
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return 0 if value == (1 << 7 * width) - 1 else at + width + value
