"""Packs samples into containers, sound and hostile ones."""

import bz2
import csv
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
from contextlib import suppress
from random import Random

import zstandard
from mutations import mutated_bytes

__all__ = ["CONTAINERS", "as_parquet", "as_workbook", "recoded", "tarred", "zipped"]

_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1251", "gb18030")
_ENCODINGS += ("shift_jis", "latin-1", "cp1256", "euc-kr", "koi8-r")

_NAMES = (
    "../../escaped.csv",
    "/escaped.csv",
    "C:\\escaped.csv",
    "a/../../../b.json",
    "\\\\s\\x",
)
_NAMES += (
    "a\nb.csv",
    "\x1b[31m.csv",
    "\u202egpj.csv",
    "a" * 255,
    "x/" * 200 + "y.csv",
    "..",
    ".",
    "",
)
_NAMES += (
    "./posts.csv",
    "//posts.csv",
    "posts.csv/",
    "CON.csv",
    "é.csv",
    "e\u0301.csv",
    "\udcff.csv",
)
_NAMES += ("__MACOSX/._x.csv", ".metadata.json", "data/account.js", "a.csv.gz", "~.csv", "a:b.csv")

CONTAINERS = ("gz", "zst", "xz", "bz2", "zip", "tar", "tar.gz", "tar.zst", "zip in zip", "gz in gz")


def recoded(data: bytes, rng: Random) -> bytes:
    """The text in another encoding, or the mark of one somewhere in it."""
    encoding = rng.choice(_ENCODINGS)
    text = data.decode("utf-8", "replace")
    if rng.random() < 0.2:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + "\ufeff" + text[at:]
    return text.encode(encoding, "replace")


def packed(data: bytes, name: str, how: str, rng: Random) -> tuple[bytes, str]:
    """The file in a container, and its file name."""
    if how in ("gz", "zst", "xz", "bz2"):
        return _COMPRESSED[how](data), f"{name}.{how}"
    if how == "gz in gz":
        return gzip.compress(gzip.compress(data, 1, mtime=0), 1, mtime=0), f"{name}.gz"
    if how == "zip":
        return zipped([(name, data)], rng), f"{name}.zip"
    if how == "zip in zip":
        return zipped([("inner.zip", zipped([(name, data)], rng))], rng), "outer.zip"
    tar = tarred([(name, data)], rng)
    kind = how.rpartition(".")[2]
    return _COMPRESSED[kind](tar) if kind in _COMPRESSED else tar, f"posts.{how}"


_COMPRESSED = {
    "gz": lambda data: gzip.compress(data, 1, mtime=0),
    "zst": lambda data: zstandard.ZstdCompressor(1).compress(data),
    "xz": lambda data: lzma.compress(data, preset=0),
    "bz2": lambda data: bz2.compress(data, 1),
}


def zipped(files: list[tuple[str, bytes]], rng: Random) -> bytes:
    """A zip archive; in some, names lead out, members are doubled, sizes or offsets lie."""
    sink = io.BytesIO()
    hostile = rng.random() < 0.5
    with zipfile.ZipFile(sink, "w", rng.choice((0, 8, 8, 8, 12, 14))) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(
                rng.choice(_NAMES) or "x" if hostile and rng.random() < 0.3 else name
            )
            info.compress_type = archive.compression
            if hostile and rng.random() < 0.1:
                info.external_attr = 0o120777 << 16  # a link
                content = b"/etc/passwd"  # noqa: PLW2901
            info.filename = info.filename.encode("utf-8", "replace").decode()
            archive.writestr(info, content)
            if hostile and rng.random() < 0.2:
                archive.writestr(zipfile.ZipInfo(info.filename), content[: len(content) // 2])
        if hostile and rng.random() < 0.2:
            archive.writestr(
                "bomb.csv", bytes(rng.choice((10**6, 5 * 10**7))), zipfile.ZIP_DEFLATED
            )
    data = sink.getvalue()
    if hostile and rng.random() < 0.5:
        data = _lying(data, rng)
    return data


def _lying(data: bytes, rng: Random) -> bytes:
    """Sizes, offsets, methods and flags in the directory of a zip changed."""
    changed = bytearray(data)
    places = [(b"PK\x01\x02", 46), (b"PK\x03\x04", 30), (b"PK\x05\x06", 22)]
    for _ in range(rng.choice((1, 2))):
        magic, size = rng.choice(places)
        at = changed.find(magic)
        if at >= 0:
            field = at + 4 + 2 * rng.randrange((size - 4) // 2)
            value = rng.choice((0, 1, 12, 0xFFFF, 0x7FFF, rng.randrange(65536)))
            changed[field : field + 2] = struct.pack("<H", value)
    return bytes(changed)


def tarred(files: list[tuple[str, bytes]], rng: Random) -> bytes:
    """A tar archive; in some are links, devices, pipes, names that lead out, odd headers."""
    sink = io.BytesIO()
    hostile = rng.random() < 0.6
    form = rng.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT))
    with tarfile.open(fileobj=sink, mode="w", format=form) as archive:
        for name, data in files:
            named = rng.choice(_NAMES) if hostile and rng.random() < 0.3 else name
            _add(archive, named, data, tarfile.REGTYPE)
            if hostile:
                for kind in rng.sample(_KINDS, 2):
                    _add(
                        archive, rng.choice((name, "x.csv", "x.jpg")), b"", kind, rng.choice(_NAMES)
                    )
                if rng.random() < 0.3:
                    _add(archive, name, data[: len(data) // 2], tarfile.REGTYPE)
    data = sink.getvalue()
    return _with_odd_header(data, rng) if hostile and rng.random() < 0.5 else data


_KINDS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
_KINDS += (tarfile.DIRTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"V", b"\xff")


def _add(archive: tarfile.TarFile, name: str, data: bytes, kind: bytes, link: str = "") -> None:
    info = tarfile.TarInfo(name.encode("utf-8", "replace").decode())
    info.size, info.type, info.linkname = len(data), kind, link.encode("utf-8", "replace").decode()
    with suppress(ValueError):  # names that the format can't hold
        archive.addfile(info, io.BytesIO(data))


def _with_odd_header(data: bytes, rng: Random) -> bytes:
    """A field of a header changed, with the matching checksum."""
    changed = bytearray(data)
    at = 512 * rng.randrange(max(1, len(data) // 512 - 2))
    start, size = rng.choice(
        ((0, 100), (100, 8), (124, 12), (156, 1), (157, 100), (257, 8), (345, 155))
    )
    filler = rng.choice((b"\xff", b"\x80", b"7", b"\0", b" ", b"x", b"L", b"K", b"g", b"S", b"-1"))
    changed[at + start : at + start + size] = (filler * size)[:size]
    header = changed[at : at + 512]
    header[148:156] = b" " * 8
    changed[at + 148 : at + 156] = b"%06o\0 " % (sum(header) & 0o777777)
    return bytes(changed)


def as_workbook(data: bytes, rng: Random) -> bytes:
    """The rows of a table as an xlsx workbook; in some a part is changed."""
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in _rows(data):
        cells = [cell.translate(_NO_CONTROLS)[:30_000] for cell in row]
        sheet.append([_typed(cell, rng) if rng.random() < 0.3 else cell for cell in cells])
    if rng.random() < 0.2:
        workbook.create_sheet(rng.choice(("Sheet2", "é", "a" * 31))).append(["post_id", "x"])
    sink = io.BytesIO()
    workbook.save(sink)
    whole = sink.getvalue()
    if rng.random() < 0.3:
        return mutated_bytes(whole, rng)
    if rng.random() < 0.4:
        return whole
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(changed, "w", 8) as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, _part(part, rng) if name == chosen or "sheet1" in name else part)
    return changed.getvalue()


_NO_CONTROLS = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)]
)
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def _part(part: bytes, rng: Random) -> bytes:  # noqa: PLR0911
    """A part of a workbook, in XML, with something odd in it."""
    match rng.randrange(7):
        case 0:
            return mutated_bytes(part, rng)
        case 1:
            return part.replace(b"?>", b"?>" + _ENTITIES, 1).replace(b"<v>", b"<v>&b;", 1)
        case 2:
            return part.replace(b'r="A1"', b'r="XFD1048576"', 1)
        case 3:
            return part.replace(b"<v>", b"<v>" + rng.choice((b"-1", b"1e400", b"9" * 400, b"NaN")))
        case 4:
            return part.replace(
                b't="s"', rng.choice((b't="d"', b't="e"', b't="b"', b't="str"', b""))
            )
        case 5:
            return part.replace(b's="', b's="99999', 3).replace(b'r="', b'r="ZZZZZZ', 1)
        case _:
            return part.replace(b"<row", b"<row>" * 500 + b"<row", 1)


def _typed(cell: str, rng: Random) -> object:
    from datetime import datetime, timedelta

    number = rng.choice((0.5, -1.0, 1e300, 1e15, float(rng.randrange(10**9))))
    moment = datetime(1900, 1, 1) + timedelta(days=rng.random() * 2_900_000)
    return rng.choice((number, moment, True, None, "=1/0", cell))


def as_parquet(data: bytes, rng: Random) -> bytes:
    """The rows of a table as a Parquet file, with columns of many types; some are changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _rows(data)
    header = dict.fromkeys(rows[0])
    columns: dict[str, object] = {}
    for at, name in enumerate(header):
        cells = [row[at] if at < len(row) else None for row in rows[1:]]
        made = pa.array([c and c.encode("utf-8", "replace").decode() for c in cells], pa.string())
        columns[name.encode("utf-8", "replace").decode()] = _column(made, rng)
    sink = pa.BufferOutputStream()
    kind = rng.choice(("snappy", "zstd", "gzip", "none", "brotli"))
    pq.write_table(pa.table(columns), sink, compression=kind, row_group_size=3)
    whole = sink.getvalue().to_pybytes()
    return whole if rng.random() < 0.3 else mutated_bytes(whole, rng)


def _column(made: object, rng: Random) -> object:  # noqa: PLR0911
    import pyarrow as pa

    size = len(made)  # type: ignore[arg-type]
    numbers = [rng.randrange(-(2**63), 2**63) for _ in range(size)]
    match rng.randrange(12):
        case 0:
            return pa.array(numbers, pa.int64())
        case 1:
            moments = pa.array([number % 2**53 for number in numbers], pa.int64())
            return moments.cast(pa.timestamp(rng.choice(("ms", "us", "ns"))))
        case 2:
            return pa.array([[n, None] for n in numbers])
        case 3:
            return pa.array([{"a": {"b": str(n)}, "c": [{"d": b"\xff"}]} for n in numbers])
        case 4:
            return pa.array([b"\xff\xfe" for _ in numbers])
        case 5:
            return pa.array([[("k", n)] for n in numbers], pa.map_(pa.string(), pa.int64()))
        case 6:
            return pa.array([n % 2**31 for n in numbers], pa.date32())
        case 7:
            return pa.array([n / 3 for n in numbers]).cast(pa.float32())
    return made


def _rows(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8-sig", "replace").replace("\0", "")
    csv.field_size_limit(2**31)
    if text.lstrip().startswith("{"):
        records = [json.loads(line) for line in text.splitlines()[:5] if line.startswith("{")]
        header = [str(name) for name in records[0]] if records else ["a"]
        return [header, *([json.dumps(r.get(name)) for name in header] for r in records)]
    return list(csv.reader(io.StringIO(text, newline=""))) or [["a"]]
