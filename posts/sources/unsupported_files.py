"""Describes files that hold no posts (PDF, RAR, videos, …) by their first bytes, and what to do."""

import re

from frametrace.posts.errors import SourceError
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.encodings import detect_encoding
from frametrace.posts.sources.media_files import HEAD_BYTES, is_picture_data, is_video_data
from frametrace.posts.sources.source import LINE_LIMIT, Source
from frametrace.posts.values import parse_json

__all__ = ["describe_unsupported"]

_HEAD = 2**16  # bytes
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Share of control characters in a binary file; texts with some NUL have less.
_MIN_CONTROL_SHARE = 0.02

_EXPORT = "Export the posts themselves as CSV or JSON."
_UNPACK = "Unpack it and name the folder."
_FOLDER = (
    "Name its folder to add each picture and video in it as a post; `frametrace query CASE FILE` "
    "searches a case for it."
)
_RENAME = "Give it the suffix .xlsx (or .xls, .ods)."
_OBJECTS = "Posts are objects, in a list or one per line."
_PICKLED = "Pickles are never opened: write the table with to_csv()."
_TABLE = "Save its table as CSV (UTF-8), ids as text."

# The first bytes of a file, what it is, what to do.
_MAGICS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", _EXPORT),
    (b"Rar!\x1a\x07", "a RAR archive, which is not read", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not read", _UNPACK),
    (b"SQLite format 3\0", "an SQLite database", _TABLE),
    (b"OggS", "an audio or video file (Ogg)", _EXPORT),
    (b"ID3", "an audio file (MP3)", _EXPORT),
    (b"FLV\x01", "a video (Flash)", _EXPORT),
    (b"ARROW1", "a Feather file", "Save it as Parquet or CSV."),
    (b"FEA1", "a Feather file", "Save it as Parquet or CSV."),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _TABLE),
    (b"RDX", "R's own data", "Write its table with write.csv(), ids as text."),
    (b"X\n\0\0\0", "R's own data", "Write its table with write.csv(), ids as text."),
    (b"$FL2@(#)", "an SPSS file", _TABLE),
    (b"<stata_dta>", "a Stata file", _TABLE),
    (b"{\\rtf", "a text document (RTF)", _TABLE),
    (b"version https://git-lfs", "a Git LFS pointer to a file", "Fetch the file: git lfs pull."),
    (b"<?xml", "an XML document", _EXPORT),
)
# In a zip archive: the name of a member by which it is recognised.
_IN_ZIP: tuple[tuple[bytes, str, str], ...] = (
    (b"word/", "a Word document", _TABLE),
    (b"ppt/", "a PowerPoint document", _TABLE),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "a text document (ODT)", _TABLE),
    (b"mimetypeapplication/epub", "a book (EPUB)", _EXPORT),
    (b"xl/", "a workbook, whose name does not say so", _RENAME),
    (b"mimetypeapplication/vnd.oasis.opendocument.sp", "a workbook (ODS)", _RENAME),
)
_ZIP, _RIFF, _PICKLE, _PROTOCOLS = b"PK\x03\x04", b"RIFF", b"\x80", (b"\2", b"\3", b"\4", b"\5")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KNOWN = (_ZIP, _OLE, b"PAR1")  # their readers say what is wrong
_WIDE = ("utf-16", "utf-32")
_COMMENT = rb"(?:<!--.{0,1000}?-->\s*)?"
_HTML = re.compile(rb"\s*" + _COMMENT + rb"<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})


def describe_unsupported(source: Source) -> str:
    """Say what a file without posts is, and what to do; empty if it is not a known kind.

    The sentence continues the file's name: "is a PDF document. Export …".
    """
    if source.is_folder:
        return ""
    try:
        with source.opened() as file:
            first_bytes = file.read(_HEAD)
    except (SourceError, *READ_ERRORS):
        return ""
    if not first_bytes.strip(b"\0 \t\r\n"):
        return ""
    named = f", though its name ends in {source.suffix}" if source.suffix in _WORKBOOKS else ""
    for what, advice in (
        _by_bytes(first_bytes, source.suffix),
        _by_text(first_bytes),
        _in_json(source, first_bytes),
    ):
        if what:
            return f"is {what}{named}. {advice}"
    return ""


def _by_bytes(first_bytes: bytes, suffix: str) -> tuple[str, str]:
    is_wave = first_bytes.startswith(_RIFF) and first_bytes[8:12] == b"WAVE"
    tried = (
        (is_picture_data(first_bytes[:16]) or _is_bitmap(first_bytes), "a picture", _FOLDER),
        (first_bytes.startswith(_ZIP), *_by_member(first_bytes, suffix)),
        (first_bytes.startswith(_OLE) and suffix not in _WORKBOOKS, "an Office document", _TABLE),
        (is_video_data(first_bytes[:HEAD_BYTES]), "a video", _FOLDER),
        (
            first_bytes[4:8] == b"ftyp",
            "audio, or a picture that is not read",
            _EXPORT,
        ),
        (is_wave, "an audio file (WAV)", _EXPORT),
        (
            first_bytes[:1] == _PICKLE and first_bytes[1:2] in _PROTOCOLS,
            "a Python pickle",
            _PICKLED,
        ),
        *((first_bytes.startswith(magic), what, advice) for magic, what, advice in _MAGICS),
    )
    return next(((what, advice) for fits, what, advice in tried if fits), ("", ""))


def _by_member(first_bytes: bytes, suffix: str) -> tuple[str, str]:
    """What a zip archive is by the names of its first members."""
    for magic, what, advice in _IN_ZIP:
        if magic in first_bytes and not (advice == _RENAME and suffix in _WORKBOOKS):
            return what, advice
    return "", ""


def _is_bitmap(first_bytes: bytes) -> bool:
    """Whether a file begins like a BMP: with a size and two numbers that are 0."""
    return first_bytes[:2] == b"BM" and first_bytes[6:10] == b"\0\0\0\0"


def _by_text(first_bytes: bytes) -> tuple[str, str]:
    encoding = detect_encoding(first_bytes)
    if _HTML.match(first_bytes.removeprefix(b"\xef\xbb\xbf")):
        return "a web page, in which no posts are recognised", _EXPORT
    if not encoding.name.startswith(_WIDE) and not first_bytes.startswith(_KNOWN):
        controls = len(_CONTROL.findall(first_bytes))
        if controls > _MIN_CONTROL_SHARE * len(first_bytes):
            return "neither text nor any other known kind of file", _EXPORT
    return "", ""


def _in_json(source: Source, first_bytes: bytes) -> tuple[str, str]:
    """Recognise JSON without an object that could be a post."""
    if first_bytes.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"[", b'"'}:
        return "", ""
    with source.chunks() as chunks:
        text, size = [], 0
        for chunk in chunks:
            text.append(chunk)
            if (size := size + len(chunk)) > LINE_LIMIT:
                return "", ""
    try:
        value = parse_json("".join(text))
    except (ValueError, RecursionError):
        return "", ""
    what = "an empty list" if value == [] else "an empty object" if value == {} else ""
    if isinstance(value, list) and not any(isinstance(item, dict) for item in value):
        what = what or f"a list without objects: {len(value):,} values"
    elif not isinstance(value, dict | list):
        what = "a single value"
    return (f"JSON, but {what}", _OBJECTS) if what else ("", "")
