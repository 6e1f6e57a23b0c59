"""Sources that are damaged, or made to fill memory, to hang or to crash their reader."""

import bz2
import gzip
import io
import json
import lzma
import os
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts import json_lists
from frametrace.posts.layouts.json_lists import lists_in, objects_at
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import open_source, read_source
from frametrace.posts.rows import flatten
from frametrace.posts.source_parts import Entry
from frametrace.posts.sources.compression import READ_ERRORS, decompressed
from frametrace.posts.sources.paths import open_without_blocking
from frametrace.posts.sources.source import LINE_LIMIT, Source

POSTS = "platform,post_id,account_id,text\nx,1,a,one\nx,2,a,two\n"
MADE = random.Random(1).randbytes(70_000)

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
every_compressor = pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS)


def _read(path: Path) -> list[Entry]:
    return list(read_source(path))


def _reasons(entries: Iterable[Entry]) -> list[str]:
    return [entry.reason for entry in entries if isinstance(entry, Skipped)]


# Compression


@every_compressor
@pytest.mark.parametrize("content", [b"", b"a", b"abc" * 100_000, MADE, bytes(3_000_000)])
def test_members_that_follow_each_other_are_read_as_one(
    compress: Callable[[bytes], bytes], content: bytes
) -> None:
    packed = compress(content)
    assert decompressed(io.BytesIO(packed)).read() == content
    assert decompressed(io.BytesIO(packed * 3)).read() == content * 3
    if compress is not COMPRESSORS["zst"]:
        assert decompressed(io.BytesIO(packed + bytes(8))).read() == content


@every_compressor
def test_data_before_damage_is_read(compress: Callable[[bytes], bytes]) -> None:
    content = random.Random(2).randbytes(3_000_000)
    packed = compress(content)
    stream = decompressed(io.BytesIO(packed[: len(packed) // 2]))
    read = bytearray()
    with pytest.raises(READ_ERRORS):
        while piece := stream.read1(10_000):
            read += piece
    assert len(read) > 500_000
    assert content.startswith(read)


@pytest.mark.parametrize(("kind", "count"), [("gz", 300_000), ("bz2", 10**4), ("xz", 10**4)])
def test_millions_of_empty_members_end_at_once(kind: str, count: int) -> None:
    packed = COMPRESSORS[kind](b"") * count
    with pytest.raises(ValueError, match="empty members"):
        decompressed(io.BytesIO(packed)).read()


def test_an_xz_header_that_asks_for_four_gigabytes_is_refused() -> None:
    packed = bytearray(lzma.compress(b"abc", preset=0))
    begin = 12  # where the first block's header stands; it ends with its checksum
    size = 4 * (packed[begin] + 1)
    assert packed[begin + 2 : begin + 4] == b"\x21\x01"  # LZMA2, whose one byte is the dictionary's
    packed[begin + 4] = 40
    checksum = zlib.crc32(packed[begin : begin + size - 4])
    packed[begin + size - 4 : begin + size] = checksum.to_bytes(4, "little")
    with pytest.raises(lzma.LZMAError, match=r"[Mm]emory"):
        decompressed(io.BytesIO(bytes(packed)))


def zip_of_one_stream(members: int, content: bytes) -> bytes:
    """A zip archive whose members are all the same bytes of the file."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(content) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(content), len(data), len(content))
    name = b"p00000.csv"
    begin = struct.pack("<IHHHHH", 0x04034B50, 20, 0, 8, 0, 0x21)
    file = begin + sizes + struct.pack("<HH", len(name), 0) + name + data
    directory = b"".join(
        struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 8, 0, 0x21)
        + sizes
        + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0)
        + b"p%05d.csv" % at
        for at in range(members)
    )
    end = (0x06054B50, 0, 0, members, members, len(directory), len(file), 0)
    return file + directory + struct.pack("<IHHHHIIH", *end)


def test_a_zip_whose_members_share_their_bytes_is_refused(tmp_path: Path) -> None:
    rows = b"platform,post_id,account_id\nx,1,a\n"
    (tmp_path / "a.zip").write_bytes(zip_of_one_stream(1, rows))
    assert isinstance(_read(tmp_path / "a.zip")[0], Post)
    (tmp_path / "b.zip").write_bytes(zip_of_one_stream(20_000, rows))
    with pytest.raises(SourceError, match="overlap"):
        open_source(tmp_path / "b.zip")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst", "zip"])
def test_what_unpacks_to_a_hundred_times_its_size_ends(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"posts.csv.{suffix}"
    content = b"platform,post_id,account_id,text\nx,1,a,b\n" + b"x,2,a," + bytes(90_000_000)
    if suffix == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("posts.csv", content)
    else:
        path.write_bytes(COMPRESSORS[suffix](content))
    post, *_, skipped = _read(path)
    assert isinstance(post, Post)
    assert isinstance(skipped, Skipped)
    assert "unpacks to over" in skipped.reason


def test_empty_lines_without_end_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(b"platform,post_id,account_id\nx,1,a\n" + b"\n" * 3_000_000 + b"x,2,a\n")
    post, skipped = _read(path)
    assert isinstance(post, Post)
    assert isinstance(skipped, Skipped)
    assert "empty lines in a row" in skipped.reason


# Beginnings


@pytest.mark.parametrize("unit", ["a", "\0", "\n", "a\n"])
@pytest.mark.parametrize("size", [1000, 2**20 + 7, 3_000_000])
def test_no_more_than_a_beginning_is_examined(unit: str, size: int, tmp_path: Path) -> None:
    if unit == "\n":
        size = min(size, 2**21)  # more empty lines are refused
    (tmp_path / "a.txt").write_text(unit * 4_000_000)
    beginning = (unit * size)[:size]
    source = Source(tmp_path / "a.txt")
    with source.lines(size) as lines:
        assert "".join(lines) == beginning.replace("\0", "")
    with source.chunks(size) as chunks:
        assert "".join(chunks) == beginning.replace("\0", "")
    (tmp_path / "a.txt").write_bytes(gzip.compress(MADE.hex("\n").encode() * 20)[:-2000])
    for read in (source.lines, source.chunks):
        with read(2**30) as parts:
            assert len("".join(parts)) > 100_000
        with read() as parts, pytest.raises(SourceError, match="damaged"):
            list(parts)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".txt", ".js", ".html"])
@pytest.mark.parametrize("unit", [b"\0", b"\n", b" "])
def test_a_file_of_nothing_is_empty(suffix: str, unit: bytes, tmp_path: Path) -> None:
    source = tmp_path / f"posts{suffix}.gz"
    source.write_bytes(gzip.compress(unit * 2**26, 1))
    with pytest.raises(SourceError, match="the file is empty"):
        open_source(source)


# Tables


def test_a_table_of_a_million_columns_is_refused_soon(tmp_path: Path) -> None:
    source = tmp_path / "posts.csv"
    source.write_text("platform,post_id,account_id,text" + ",x" * 10**6 + "\n1,2,3\n")
    with pytest.raises(SourceError, match="no format is recognised"):
        open_source(source)
    source.write_text(f"platform,post_id,account_id,text{',x' * 10_000}\nx,1,a,b{',' * 10_000}\n")
    assert isinstance(_read(source)[0], Post)


# JSON


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists of a document, by the plainest rule."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _lists(inner, f"{path}.{name}" if path else name)


@given(_JSON, st.integers(1, 30), st.sampled_from((None, 1)), st.booleans())
def test_lists_are_those_of_the_document(
    document: Any, size: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    document = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    expected: dict[str, list[Any]] = {}
    for path, items in _lists(document):
        expected.setdefault(path, []).extend(items)
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    if isinstance(document, dict | list):
        for path, items in expected.items():
            rows = [item if isinstance(item, dict) else json_lists.NOT_AN_OBJECT for item in items]
            assert list(objects_at(chunks, path)) == rows
        found, more = lists_in(chunks, 100)
        objects = {p: [i for i in items if isinstance(i, dict)] for p, items in expected.items()}
        assert (found, more) == ({path: rows for path, rows in objects.items() if rows}, False)
    whole = list(objects_at([*chunks, "\n", *chunks], None))
    one = document if isinstance(document, dict) else json_lists.NOT_AN_OBJECT
    assert whole == [one, one]


def test_a_list_is_read_whatever_comes_before_it() -> None:
    before = chain(
        ['{"history": ['], repeat('{"date": "2024", "deep": [[{}]]},' * 1000, 400), ["1],"]
    )
    objects = '{"a":' * 9000 + "1" + "}" * 9000
    deep = f'"deep": {"[" * 100_000}{"]" * 100_000}, "objects": {objects},'
    texts = ['"long": "', *repeat("x" * 10**6, 3), '", "number": ', "9" * 9000, ","]
    posts = '"posts": [{"id": 1}, 2, {"id": 3}]}'
    rows = list(objects_at(chain(before, [deep], texts, [posts]), "posts"))
    assert rows == [{"id": 1}, json_lists.NOT_AN_OBJECT, {"id": 3}]


def test_an_object_that_cannot_be_read_affects_nothing_else() -> None:
    long = f'{{"a": "{"x" * 3 * LINE_LIMIT}"}}'
    many = f'{{"a": [{"{}," * (LINE_LIMIT // 2)}1]}}'
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    number = f'{{"a": {"9" * 5000}}}'
    text = f'[{{"id": 1}}, {many}, {deep}, {number}, {{"id": 2}}, {long}, {{"id": 3}}]'
    rows = objects_at([text[at : at + 2**16] for at in range(0, len(text), 2**16)], "")
    found = [next(rows) for _ in range(5)]
    reasons = [row for row in found if isinstance(row, str)]
    assert [row for row in found if isinstance(row, dict)] == [{"id": 1}, {"id": 2}]
    assert [reason.split()[3] for reason in reasons] == ["longer", "nested", "the"]
    with pytest.raises(ValueError, match="a text is longer than"):
        list(rows)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 10**6, "ends too early"),
        ('{"a":' * 10**5, "ends too early"),
        ('[{"a": 1} {"a": 2}]', "expected ',', found '{'"),
        ('[{"a": 1}', "found its end"),
        ('[{"a": 1}] []', "more after its end"),
        ('[{"a": 1}, }]', "expected a value"),
        ('[{"a": 1}, {"a": 1x}]', "Expecting ',' delimiter"),
        ("[1, '", "ends too early|expected a value|found"),
        ('{"a" 1}', "expected ':'"),
        ("{1: 2}", "expected '\"'"),
        ("", "found its end"),
        ("nul", "expected"),
    ],
)
def test_a_damaged_document_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"can't be read from here on: .*({reason})"):
        list(objects_at([text], ""))


def test_lone_surrogates_in_a_list_are_replaced() -> None:
    assert list(objects_at(['[{"a": "\\ud83d\\ude00 \\ud800"}]'], "")) == [{"a": "😀 \ufffd"}]


def test_names_without_end_are_refused() -> None:
    inner = {str(number): 1 for number in range(10_000)}
    with pytest.raises(ValueError, match="names in the row are too long"):
        flatten({"p" * 10_000: inner})
    assert len(flatten({"p" * 1000: inner})) == 10_000


def test_a_record_of_long_names_affects_nothing_else(tmp_path: Path) -> None:
    record = json.dumps({"p" * 1_000_000: {str(number): 1 for number in range(1000)}})
    sound = '{"platform": "x", "post_id": "1", "account_id": "a"}'
    for name, text in (("a.jsonl", f"{sound}\n{record}\n"), ("b.json", f"[{sound}, {record}]")):
        (tmp_path / name).write_text(text)
        post, skipped = _read(tmp_path / name)
        assert isinstance(post, Post)
        assert _reasons([skipped]) == ["the names in the row are too long"]


def test_lists_without_end_are_reported(tmp_path: Path) -> None:
    post = {"platform": "x", "post_id": "1", "account_id": "a"}
    document = {"posts": [post], **{str(number): [{"i": 1}] for number in range(2000)}}
    source = tmp_path / "posts.json"
    source.write_text(json.dumps(document))
    found = _read(source)
    assert any(isinstance(entry, Post) for entry in found)
    reasons = _reasons(found)
    assert len(reasons) == 22
    assert "979 more lists or sheets are not read, as no format fits their columns" in reasons
    assert reasons[-1] == "the lists of the document after the first 1,000 are not read"


# Workbooks


_NAMESPACE = "http://schemas.openxmlformats.org"
_SHEET = f'<worksheet xmlns="{_NAMESPACE}/spreadsheetml/2006/main"><sheetData>'


def _cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


_ROWS = "".join(f"<row>{''.join(map(_cell, line.split(',')))}</row>" for line in POSTS.split())


def _workbook(path: Path, *sheets: str) -> Path:
    """A workbook with the rows of each sheet, as XML."""
    related = f"{_NAMESPACE}/officeDocument/2006/relationships"
    packed = f"{_NAMESPACE}/package/2006/relationships"
    numbers = range(1, len(sheets) + 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{packed}"><Relationship Id="r1" '
            f'Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_NAMESPACE}/spreadsheetml/2006/main" xmlns:r="{related}">'
            f"<sheets>{listed}</sheets></workbook>",
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{related}/worksheet" Target="worksheets/{n}.xml"/>'
            for n in numbers
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{packed}">{targets}</Relationships>',
        )
        for number, rows in zip(numbers, sheets, strict=True):
            sheet = f"{_SHEET}{rows}</sheetData></worksheet>"
            archive.writestr(f"xl/worksheets/{number}.xml", sheet)
    return path


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    report = f"<row>{_cell('A report')}</row><row></row>{_ROWS}"
    found = _read(_workbook(tmp_path / "posts.xlsx", report, _ROWS, "<row/>"))
    assert [entry.text for entry in found if isinstance(entry, Post)] == ["one", "two"] * 2


@pytest.mark.parametrize(
    "rows",
    [
        f'{_ROWS}<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>',
        f'{_ROWS}<row><c t="b"><v>-11</v></c></row>',
        f"{_ROWS}<row><c><v>1x</v></c></row>",
        f"{_ROWS}<row>" * 3,
        f"{_ROWS}<row><c r='9A'/></row>",
    ],
    ids=["17 billion cells", "no truth value", "no number", "unclosed rows", "no cell"],
)
def test_a_sheet_that_cannot_be_read_affects_nothing_else(rows: str, tmp_path: Path) -> None:
    try:
        alone = _read(_workbook(tmp_path / "alone.xlsx", rows))
    except SourceError as error:
        assert str(error).startswith("alone.xlsx: ")
        alone = []
    posts = [entry for entry in alone if isinstance(entry, Post)]
    beside = _workbook(tmp_path / "beside.xlsx", _ROWS, rows)
    if "17 billion" in os.environ["PYTEST_CURRENT_TEST"]:
        with pytest.raises(SourceError, match="needs too much memory or time"):
            open_source(beside)
    else:
        assert sum(isinstance(entry, Post) for entry in _read(beside)) == 2 + len(posts)


def test_a_workbook_that_breaks_further_down_gives_the_rows_before(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "posts.xlsx", _ROWS)
    opened = open_source(path)
    path.write_bytes(path.read_bytes()[:-50])
    assert _reasons(opened.entries()) == [
        "posts.xlsx: the workbook can't be read: File is not a zip file. Save it as CSV (UTF-8), "
        "ids as text."
    ]


@pytest.mark.parametrize("begins", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods", ""])
def test_what_only_begins_like_a_workbook_is_refused(
    begins: bytes, suffix: str, tmp_path: Path
) -> None:
    source = tmp_path / f"posts{suffix}"
    for rest in (b"", bytes(5000), MADE):
        source.write_bytes(begins + rest)
        with pytest.raises(SourceError):
            open_source(source)


# Parquet


def test_a_small_parquet_file_of_large_rows_gives_rows_of_bounded_size(tmp_path: Path) -> None:
    long = pa.array(["x" * 3_000_000] * 30).dictionary_encode()
    short = pa.array([str(number) for number in range(30)])
    table = pa.table({"platform": short, "post_id": short, "account_id": short, "text": long})
    pq.write_table(table, tmp_path / "posts.parquet")
    found = read_source(tmp_path / "posts.parquet")
    assert sum(isinstance(entry, Post) for entry in found) == 30
    table = table.append_column("a", long).append_column("b", long)
    pq.write_table(table, tmp_path / "posts.parquet")
    reasons = _reasons(_read(tmp_path / "posts.parquet"))
    assert reasons == ["the row is longer than 8,388,608 characters"] * 30


def test_parquet_that_is_damaged_or_has_a_million_columns_is_refused(tmp_path: Path) -> None:
    one = pa.array(["1"])
    names = ("platform", "post_id", "account_id")
    wide = pa.table({**dict.fromkeys(names, one), **{str(n): one for n in range(20_000)}})
    pq.write_table(wide, tmp_path / "wide.parquet")
    with pytest.raises(SourceError, match="more than 16,384 columns"):
        open_source(tmp_path / "wide.parquet")
    pq.write_table(wide.select(range(100)), tmp_path / "posts.parquet")
    whole = (tmp_path / "posts.parquet").read_bytes()
    for at in range(4, len(whole), 997):
        damaged = bytearray(whole)
        damaged[at : at + 8] = b"\xff" * 8
        for suffix, data in (("parquet", damaged), ("gz", gzip.compress(damaged)[:-at])):
            (tmp_path / f"damaged.{suffix}").write_bytes(data)
            try:
                assert all(_read(tmp_path / f"damaged.{suffix}"))
            except SourceError:
                continue


# Archives and folders


def _tar_with_sizes(path: Path, *sizes: int) -> Path:
    """A tar whose members declare these sizes, with the checksums that they then have."""
    headers = b""
    for number, size in enumerate(sizes):
        header = bytearray(tarfile.TarInfo(f"{number}.csv").tobuf(tarfile.GNU_FORMAT))
        header[124:136] = size.to_bytes(12, "big", signed=True)
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        headers += header
    path.write_bytes(headers + bytes(20_480))
    return path


def test_a_tar_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    archive = _tar_with_sizes(tmp_path / "posts.tar", -0x7FFF_0000_0000_0000_0000_0000, -512)
    with pytest.raises(SourceError, match="can't be opened"):
        open_source(archive)
    header = tarfile.TarInfo("posts.csv")
    first = header.tobuf(tarfile.GNU_FORMAT)
    archive.write_bytes(first + _tar_with_sizes(tmp_path / "b.tar", -512).read_bytes())
    with pytest.raises(SourceError, match="a member's size is negative"):
        open_source(archive)


def test_a_folder_with_all_that_is_not_a_file_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text(POSTS)
    (folder / "posts.csv").write_text(POSTS)
    for name in ("pipe.csv", "pipe.json", "pipe.jpg", "pipe", "pipe.zip"):
        os.mkfifo(folder / name)
    (folder / "root").symlink_to("/")
    (folder / "up.csv").symlink_to("..")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "secret.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "waits").symlink_to("/proc/kmsg")
    library = MediaLibrary([folder])
    opened = open_source(folder)
    found = list(opened.entries())
    posts = [entry for entry in found if isinstance(entry, Post)]
    assert [post.source for post in posts] == ["folder/posts.csv"] * 2
    assert [list(library.find(post)) for post in posts] == [[], []]
    reported = "\n".join(_reasons(found))
    assert "secret.csv: can't be opened: it leads out of the folder" in reported
    assert "pipe.csv: can't be opened: it is not a file" in reported
    assert "loop.csv: can't be opened: " in reported


def test_a_file_that_never_answers_does_not_hold_up_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with open_without_blocking(tmp_path / "pipe") as file:
        assert not file.read(16)


def test_a_name_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(POSTS)
    odd = os.fsencode(tmp_path) + b"/\xff\xfe.csv"
    Path(os.fsdecode(odd)).write_text(POSTS)
    found = _read(tmp_path)
    assert sum(isinstance(entry, Post) for entry in found) == 2
    assert [reason.partition(": ")[2] for reason in _reasons(found)] == [
        "can't be opened: its name is not valid UTF-8; rename it"
    ]


@pytest.mark.parametrize(
    "name", ["a\nb.csv", "\x1b[2J.csv", "n" * 251 + ".csv", "-rf.csv", "'.csv"]
)
def test_odd_names_are_names(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(POSTS)
    assert [post.source for post in _read(tmp_path)] == [f"{tmp_path.name}/{name}"] * 2


def test_of_what_a_reason_repeats_no_more_is_kept_than_anybody_reads(tmp_path: Path) -> None:
    hosts = ", ".join(['"truthsocial.com"'] * 300)
    link = f"https://[{hosts}]/".replace('"', '""')
    (tmp_path / "sheet.csv").write_text(f'link,archive location\n"{link}",x\n')
    (found,) = read_source(tmp_path / "sheet.csv")
    assert isinstance(found, Skipped)
    assert found.reason.startswith("the link 'https://")
    assert len(found.reason) == 1000
