"""What a file is in which no posts are recognised, by its first bytes, and what to do with it."""

import re
from collections.abc import Mapping

from frametrace.posts.errors import SourceError
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.encodings import detect_encoding
from frametrace.posts.sources.picture_files import is_picture_data
from frametrace.posts.sources.source import LINE_LIMIT, Source
from frametrace.posts.values import parse_json

__all__ = ["describe_unsupported"]

_BEGINNING = 2**16  # bytes
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BINARY = 0.02  # of the bytes are control characters; texts with some NUL have less

_EXPORT = "Export the posts themselves as CSV or JSON."
_UNPACK = "Unpack it and name the folder."
_FOLDER = (
    "Name the folder it lies in, whose pictures are then posts; `frametrace query CASE FILE` looks "
    "for it in a case."
)
_RENAME = "Give it the suffix .xlsx (or .xls, .ods)."
_OBJECTS = "Posts are objects, in a list or one a line."
_PICKLED = "Pickles are never opened: write its table with to_csv()."
_TABLE = "Save its table as CSV (UTF-8), ids as text."

# What a file begins with, what it is, what to do.
_MAGICS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", _EXPORT),
    (b"Rar!\x1a\x07", "a RAR archive, which is not read", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not read", _UNPACK),
    (b"SQLite format 3\0", "an SQLite database", _TABLE),
    (b"\x1aE\xdf\xa3", "a video (WebM or Matroska)", _EXPORT),
    (b"OggS", "a sound or a video (Ogg)", _EXPORT),
    (b"ID3", "a sound (MP3)", _EXPORT),
    (b"FLV\x01", "a video (Flash)", _EXPORT),
    (b"ARROW1", "a Feather file", "Save it as Parquet or CSV."),
    (b"FEA1", "a Feather file", "Save it as Parquet or CSV."),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _TABLE),
    (b"RDX", "R's own data", "Write its table with write.csv(), ids as text."),
    (b"X\n\0\0\0", "R's own data", "Write its table with write.csv(), ids as text."),
    (b"$FL2@(#)", "an SPSS file", _TABLE),
    (b"<stata_dta>", "a Stata file", _TABLE),
    (b"{\\rtf", "a text document (RTF)", _TABLE),
    (b"version https://git-lfs", "a pointer of Git LFS to a file", "Get that: git lfs pull."),
    (b"<?xml", "an XML document", _EXPORT),
)
# In a zip archive: the member by which it is told what it is.
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
_KNOWN = (_ZIP, _OLE, b"PAR1")  # whose readers say what is wrong with them
_WIDE = ("utf-16", "utf-32")
_IN_RIFF: Mapping[bytes, str] = {b"AVI ": "a video (AVI)", b"WAVE": "a sound (WAV)"}
_COMMENT = rb"(?:<!--.{0,1000}?-->\s*)?"
_HTML = re.compile(rb"\s*" + _COMMENT + rb"<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})


def describe_unsupported(source: Source) -> str:
    """What a file is that holds no posts, and what to do, in a sentence or two; empty if unknown.

    The sentence goes on from the file's name: "is a PDF document. Export …".
    """
    if source.is_folder:
        return ""
    try:
        with source.opened() as file:
            begins = file.read(_BEGINNING)
    except (SourceError, *READ_ERRORS):
        return ""
    if not begins.strip(b"\0 \t\r\n"):
        return ""
    named = f", though its name ends in {source.suffix}" if source.suffix in _WORKBOOKS else ""
    for what, advice in (
        _by_bytes(begins, source.suffix),
        _by_text(begins),
        _in_json(source, begins),
    ):
        if what:
            return f"is {what}{named}. {advice}"
    return ""


def _by_bytes(begins: bytes, suffix: str) -> tuple[str, str]:
    riff = _IN_RIFF.get(begins[8:12], "") if begins.startswith(_RIFF) else ""
    tried = (
        (is_picture_data(begins[:16]) or _is_bitmap(begins), "a picture", _FOLDER),
        (begins.startswith(_ZIP), *_by_member(begins, suffix)),
        (begins.startswith(_OLE) and suffix not in _WORKBOOKS, "a document of Office", _TABLE),
        (begins[4:8] == b"ftyp", "a video", _EXPORT),
        (bool(riff), riff, _EXPORT),
        (begins[:1] == _PICKLE and begins[1:2] in _PROTOCOLS, "a pickle of Python", _PICKLED),
        *((begins.startswith(sign), what, advice) for sign, what, advice in _MAGICS),
    )
    return next(((what, advice) for fits, what, advice in tried if fits), ("", ""))


def _by_member(begins: bytes, suffix: str) -> tuple[str, str]:
    """What a zip archive is by the names of its first members."""
    for sign, what, advice in _IN_ZIP:
        if sign in begins and not (advice == _RENAME and suffix in _WORKBOOKS):
            return what, advice
    return "", ""


def _is_bitmap(begins: bytes) -> bool:
    """Whether it begins as BMP does, with a size and two numbers that are 0."""
    return begins[:2] == b"BM" and begins[6:10] == b"\0\0\0\0"


def _by_text(begins: bytes) -> tuple[str, str]:
    found = detect_encoding(begins)
    if _HTML.match(begins.removeprefix(b"\xef\xbb\xbf")):
        return "a web page, in which no posts are recognised", _EXPORT
    if not found.name.startswith(_WIDE) and not begins.startswith(_KNOWN):
        controls = len(_CONTROL.findall(begins))
        if controls > _BINARY * len(begins):
            return "neither text nor anything else that is known", _EXPORT
    return "", ""


def _in_json(source: Source, begins: bytes) -> tuple[str, str]:
    """JSON without an object that could be a post."""
    if begins.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"[", b'"'}:
        return "", ""
    with source.pieces() as pieces:
        text, size = [], 0
        for piece in pieces:
            text.append(piece)
            if (size := size + len(piece)) > LINE_LIMIT:
                return "", ""
    try:
        value = parse_json("".join(text))
    except (ValueError, RecursionError):
        return "", ""
    what = "an empty list" if value == [] else "an empty object" if value == {} else ""
    if isinstance(value, list) and not any(isinstance(each, dict) for each in value):
        what = what or f"a list without objects: {len(value):,} values"
    elif not isinstance(value, dict | list):
        what = "a single value"
    return (
        (f"JSON, but {what}", "Posts are objects, in a list or one a line.") if what else ("", "")
    )
