"""Makes archives, workbooks and compressed files that expand beyond any memory."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import zstandard

__all__ = ["bombs"]

Make = Callable[[Path], Path]

_ZEROS = 2**26  # bytes compressed once and then repeated
_TIMES = 32

_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 9, mtime=0),
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=6),
    "zst": lambda data: zstandard.ZstdCompressor(19).compress(data),
}


def bombs() -> Iterator[tuple[str, Make]]:
    """The name of each, and the function that makes it in an empty folder."""
    for kind in _COMPRESSORS:
        for begins, name in ((b"", "z.csv"), (b'{"a": "', "z.json"), (b"PAR1", "z.parquet")):
            yield f"2 GB of zeros: {name}.{kind}", partial(_repeated, name, kind, begins)
    for kind in ("gz", "zst"):
        for unit in (b"\n", b" ", b",", b"[", b"x"):
            what = f"2 GB of {unit.decode()!r}: z.csv.{kind}"
            yield what, partial(_repeated, "z.csv", kind, b"", unit=unit)
        yield f"2 GB of zeros: z.tar.{kind}", partial(_zero_tar, kind)
    for suffix in ("csv", "json", "xlsx", "parquet", "txt", "html", "js"):
        yield f"2 GB of zeros: zip with z.{suffix}", partial(_zero_zip, f"z.{suffix}")
    yield "zip in zip in zip", _nested_zip
    yield "gz of 50 million empty gz members", _empty_members
    yield "tar: pax header of 4 GB", partial(_odd_tar, b"x", 2**32)
    yield "tar: long name of 4 GB", partial(_odd_tar, b"L", 2**32)
    yield "tar: a member that leads back to itself", _circular_tar
    yield "tar: 100,000 long names in a chain", _chained_tar
    yield "xlsx that unpacks to 10 GB", _large_workbook
    yield "xlsx: 1,048,576 x 16,384 cells claimed", _wide_workbook
    yield "xlsx: 900 MB of rows", _long_workbook
    yield "parquet of 2 kB: 8,000 texts of 2 MB, all alike", _long_parquet


def _bytes(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _repeated(name: str, kind: str, begins: bytes, folder: Path, *, unit: bytes = b"\0") -> Path:
    path = folder / f"{name}.{kind}"
    packed = _COMPRESSORS[kind](unit * _ZEROS)
    with path.open("wb") as file:
        file.write(_COMPRESSORS[kind](begins) if begins else b"")
        for _ in range(_TIMES):
            file.write(packed)
    return path


def _zero_tar(kind: str, folder: Path) -> Path:
    info = tarfile.TarInfo("z.csv")
    info.size = _ZEROS * _TIMES
    path = folder / f"z.tar.{kind}"
    packed = _COMPRESSORS[kind](bytes(_ZEROS))
    with path.open("wb") as file:
        file.write(_COMPRESSORS[kind](info.tobuf()))
        for _ in range(_TIMES):
            file.write(packed)
        file.write(_COMPRESSORS[kind](bytes(1024)))
    return path


def _zero_zip(name: str, folder: Path) -> Path:
    path = folder / "z.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        begins = {
            "z.xlsx": b"PK\x03\x04",
            "z.parquet": b"PAR1",
            "z.json": b'{"a": "',
            "z.html": b"<",
        }
        file.write(begins.get(name, b""))
        for _ in range(_TIMES):
            file.write(bytes(_ZEROS))
    return path


def _nested_zip(folder: Path) -> Path:
    data = bytes(2**24)
    for level in range(6):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}.{'zip' if level else 'csv'}", data)
        data = sink.getvalue()
    return _bytes(folder / "z.zip", data)


def _empty_members(folder: Path) -> Path:
    empty = gzip.compress(b"", mtime=0)
    return _bytes(folder / "z.csv.gz", gzip.compress(empty * 50_000_000, 1, mtime=0))


def _odd_tar(kind: bytes, size: int, folder: Path) -> Path:
    header = bytearray(tarfile.TarInfo("posts.csv").tobuf(tarfile.GNU_FORMAT))
    number = size.to_bytes(12, "big", signed=True)
    header[124:136] = b"\x80" + number[1:] if size >= 0 else number
    header[156:157] = kind
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return _bytes(folder / "z.tar", bytes(header) + bytes(10 * 512))


def _circular_tar(folder: Path) -> Path:
    path = _odd_tar(b"0", -512, folder)
    return _bytes(path, tarfile.TarInfo("first.csv").tobuf(tarfile.GNU_FORMAT) + path.read_bytes())


def _chained_tar(folder: Path) -> Path:
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = b"L", 10
    return _bytes(folder / "z.tar", (name.tobuf() + b"a".ljust(512, b"\0")) * 100_000)


def _workbook(folder: Path, sheet: Iterable[bytes]) -> Path:
    path = folder / "z.xlsx"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{kind}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{kind}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'<worksheet xmlns="{main}"><sheetData>'.encode())
            for piece in sheet:
                part.write(piece)
            part.write(b"</sheetData></worksheet>")
    return path


def _large_workbook(folder: Path) -> Path:
    return _workbook(folder, (b" " * 2**26 for _ in range(160)))


def _wide_workbook(folder: Path) -> Path:
    cell = b'<row r="1"><c r="A1" t="inlineStr"><is><t>post_id</t></is></c></row>'
    last = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    return _workbook(folder, [cell, last])


def _long_workbook(folder: Path) -> Path:
    row = b"<row>" + b"<c><v>1</v></c>" * 4000 + b"</row>"
    return _workbook(folder, (row for _ in range(15_000)))


def _long_parquet(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    value = pa.array(["x" * 2_000_000] * 2000).dictionary_encode()
    names = ("platform", "post_id", "account_id", "text")
    pq.write_table(pa.table(dict.fromkeys(names, value)), folder / "z.parquet", compression="zstd")
    return folder / "z.parquet"
