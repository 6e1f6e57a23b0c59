"""Broken, hostile and huge sources: valid rows are kept, the rest reported, memory is bounded."""

import gzip
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from workbooks import write_workbook

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import detect, read_source

HEADER = "platform,post_id,account_id,text\n"
MEGABYTE = 2**20


def _read(path: Path) -> tuple[list[str], list[Skipped]]:
    """The ids of the posts that are read, and what isn't."""
    entries = list(read_source(path))
    posts = [entry.post_id for entry in entries if isinstance(entry, Post)]
    return posts, [entry for entry in entries if isinstance(entry, Skipped)]


def _table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "posts.csv"
    path.write_text(HEADER + "".join(row + "\n" for row in rows), "utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("rows", "read", "lost"),
    [
        pytest.param(
            ['x,1,a,"open', 'x,2,a,"closed"', "x,3,a,plain"],
            ["2", "3"],
            {2: "the row can't be read: ',' expected after '\"'"},
            id="until the next quote",
        ),
        pytest.param(
            ["x,1,a,plain", 'x,2,a,"open', "x,3,a,plain", "x,4,a,plain"],
            ["1", "3", "4"],
            {3: "the row can't be read: unexpected end of data"},
            id="until the end",
        ),
        pytest.param(
            ['x,1,a,"open', 'x,2,a,"open', 'x,3,a,"open', 'x,4,a,"closed"'],
            ["4"],
            dict.fromkeys((2, 3, 4), "the row can't be read: ',' expected after '\"'"),
            id="one after another",
        ),
        pytest.param(
            ['x,1,a,"he said "so" to', "everybody", '"', "x,2,a,plain"],
            ["2"],
            {
                2: "the row can't be read: ',' expected after '\"'",
                3: "the row has 1 values, the header 4",
                4: "the row can't be read",
            },
            id="quotes that are not doubled",
        ),
        pytest.param(
            ["x,1,a,b,c", "x,2,a", "", "x,3,a,plain"],
            ["3"],
            {2: "the row has 5 values, the header 4", 3: "the row has 3 values, the header 4"},
            id="too many and too few values",
        ),
    ],
)
def test_a_broken_row_does_not_affect_its_neighbours(
    rows: list[str], read: list[str], lost: dict[int, str], tmp_path: Path
) -> None:
    posts, skipped = _read(_table(tmp_path, *rows))
    assert posts == read
    assert [entry.line for entry in skipped] == list(lost)
    for entry in skipped:
        assert entry.reason.startswith(lost[entry.line])


AGAIN = "platform,post_id,account_id,text"
TURNED = "platform,account_id, post_id,text"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "read", "reported"),
    [
        (["x,1,a,t", AGAIN, "x,2,a,t"], ["1", "2"], [(3, True)]),
        (["x,1,a,t", TURNED, "x,b,2,t", "x,c,3,t"], ["1"], [(3, True), (4, False), (5, False)]),
        (["x,1,a,t", TURNED, "x,b,2,t", AGAIN, "x,3,a,t"], ["1", "3"],
         [(3, True), (4, False), (5, True)]),
        (["x,post_id,account_id,text", "x,text,text,text"], ["post_id", "text"], []),
    ],
)  # fmt: skip
def test_a_header_among_the_rows_is_not_a_post_and_no_other_order_is_read_by_the_first(
    rows: list[str], read: list[str], reported: list[tuple[int, bool]], kind: str, tmp_path: Path
) -> None:
    path = _table(tmp_path, *rows)
    if kind == "xlsx":
        cells = [line.split(",") for line in path.read_text().splitlines()]
        path = write_workbook(tmp_path / "posts.xlsx", {"posts": cells})
    posts, skipped = _read(path)
    assert posts == read
    assert [(entry.line, entry.kept) for entry in skipped] == reported


def test_lines_that_a_broken_row_takes_with_it_are_named(tmp_path: Path) -> None:
    # Each line leaves a quote open, whether or not it begins in one: rows of a megabyte overlap.
    lines = [f'x","""{"y" * 4000}'] * 600
    posts, skipped = _read(_table(tmp_path, *lines, "x,1,a,b", 'x,2,a,"c"', "x,3,a,d"))
    assert posts[-1] == "3"
    reported = {line for entry in skipped for line in range(entry.line, _last_line(entry) + 1)}
    assert reported | {len(lines) + 1 + int(post) for post in posts} == set(
        range(2, len(lines) + 5)
    )
    assert any(_last_line(entry) > entry.line + 200 for entry in skipped)


def _last_line(entry: Skipped) -> int:
    _, named, rest = entry.reason.partition("which goes on to line ")
    return int(rest.partition(",")[0]) if named else entry.line


def test_columns_of_one_name_hide_nothing(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("platform,post_id,account_id,post_id,,\nx,first,a,second,b,c\n")
    (post,) = read_source(path)
    assert isinstance(post, Post)
    assert post.post_id == "first"
    assert post.extra == {"post_id (2)": "second", "": "b", " (2)": "c"}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_encodings_and_line_ends_make_no_difference(
    line_end: str, encoding: str, suffix: str, tmp_path: Path
) -> None:
    rows = [HEADER.strip(), "", 'x,1,a,"黑衣人, 🔥"', " ", "x,2,a,شكرا"]
    content = (line_end.join(rows)).encode(encoding)
    path = tmp_path / f"posts.{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    posts = [entry for entry in read_source(path) if isinstance(entry, Post)]
    assert [(post.post_id, post.text, post.line) for post in posts] == [
        ("1", "黑衣人, 🔥", 3),
        ("2", "شكرا", 5),
    ]


def test_records_are_recognised_though_the_first_ones_lack_fields_or_are_damaged(
    tmp_path: Path,
) -> None:
    sound = {"platform": "x", "post_id": "2", "account_id": "a"}
    lines = ['{"platform": "x", "po', json.dumps(sound | {"account_id": None}), json.dumps(sound)]
    (tmp_path / "posts.jsonl").write_text("\n".join(lines))
    posts, skipped = _read(tmp_path / "posts.jsonl")
    assert posts == ["2"]
    assert [entry.line for entry in skipped] == [1, 2]


def test_what_was_read_before_the_damage_is_kept(tmp_path: Path) -> None:
    rows = [f"x,{n},a,{n * 7919 % 10007}" for n in range(20_000)]
    record = '{{"platform":"x","post_id":"{0}","account_id":"a","text":"{1}"}}'
    texts = {
        "posts.csv.gz": HEADER + "\n".join(rows),
        "posts.jsonl.gz": "\n".join(record.format(n, n * 7919 % 10007) for n in range(20_000)),
    }
    for name, text in texts.items():
        packed = gzip.compress(text.encode())
        (tmp_path / name).write_bytes(packed[: len(packed) // 2])
        posts, skipped = _read(tmp_path / name)
        assert posts == [str(n) for n in range(len(posts))]
        assert len(posts) > 5_000
        assert "damaged from here on" in skipped[-1].reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("posts.csv", b"", "the file is empty"),
        ("posts.csv", b"\n \n\r\n", "the file is empty"),
        ("posts.csv", b"\0" * 100, "the file is empty"),
        ("posts.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("posts.csv", b",,,\n, ,,\n", "no format is recognised"),
        ("posts.csv", b'"platform,post_id\n', "no format is recognised"),
        ("posts.csv", b"\x89PNG\r\n\x1a\n\0\0", "is a picture"),
        ("posts.csv", b"a;b;c\n1;2;3\n", "no format is recognised"),
        ("posts.jsonl", b"{}\n", "is JSON, but an empty object"),
        ("posts.jsonl", b'{"platform": \n', "it is not JSON"),
        ("posts.json", b'[{"platform": "x"}]', "no format is recognised"),
        ("posts.csv.gz", b"\x1f\x8b\x08\0garbage", "damaged|can't be opened"),
        ("posts.zip", b"PK\x03\x04garbage", "can't be opened: File is not a zip file"),
        ("posts.zip", b"PK\x05\x06" + b"\0" * 18, "holds no posts"),
    ],
)
def test_a_source_that_cannot_be_read_at_all_is_an_error_that_names_it(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=reason) as caught:
        read_source(tmp_path / name)
    assert str(caught.value).startswith(f"{name}: ")


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    for missing in (tmp_path / "absent.csv", tmp_path / "nul\0.csv", tmp_path / ("long" * 100)):
        with pytest.raises(SourceError, match=r"there is no such file|can't be opened"):
            read_source(missing)


def test_members_that_are_not_posts_are_skipped_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a-readme.txt", "Nothing to see here.\n")
        archive.writestr("b-empty.csv", "")
        archive.writestr("c/posts.csv", HEADER + "x,1,a,b\n")
        archive.writestr("picture.jpg", b"\xff\xd8\xff")
    assert detect(path) == "plain-csv"
    posts, skipped = _read(path)
    assert posts == ["1"]
    assert [(entry.source, entry.kept) for entry in skipped] == [
        (f"{path.name}/b-empty.csv", False),
        (path.name, True),
    ]
    assert skipped[0].reason.startswith(f"{skipped[0].source}: the file is empty")
    assert skipped[1].reason.startswith("no posts are recognised in 1 other file beside them: a-r")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_without_bounds_is_refused(method: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("posts.csv", HEADER + "x,1,a," + "a" * (64 * MEGABYTE))
    assert path.stat().st_size < MEGABYTE
    with pytest.raises(SourceError, match="its compression is not read; pack it again"):
        read_source(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sound.csv", HEADER + "x,1,a,b\n")
    posts, skipped = _read(path)
    assert posts == ["1"]
    assert [entry.source for entry in skipped] == ["bomb.zip/posts.csv"]


@pytest.mark.parametrize(
    ("name", "beginning", "repeated", "end"),
    [
        ("one-line.csv", "", "a", ""),
        ("no-header.csv", "", ",", ""),
        ("cell.csv", HEADER + 'x,1,a,"', "a", '"\nx,2,a,b\n'),
        ("cells.csv", HEADER + "x,1,a", ",", "\nx,2,a,b\n"),
        ("open-quote.csv", HEADER + 'x,1,a,"', "a" * 2**14 + "\n", "\nx,2,a,b\n"),
        ("chained.csv", HEADER + "x,1,a,", '"' + "a" * 2**14 + '\n",', "\nx,2,a,b\n"),
        ("text.jsonl", '{"a":1}\n{"text":"', "a", '"}\n'),
        ("nested.jsonl", '{"a":1}\n', "[", "\n"),
        ("wide.jsonl", '{"a":1}\n{"text":[', "[],", "1]}\n"),
        ("nul.csv", HEADER, "\0", "\nx,2,a,b\n"),
    ],
)
def test_memory_is_bounded_whatever_an_archive_unpacks_to(
    name: str, beginning: str, repeated: str, end: str, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.zip"
    block = (repeated * (MEGABYTE // len(repeated))).encode()
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w") as member,
    ):
        member.write(beginning.encode())
        for _ in range(64):
            member.write(block)
        member.write(end.encode())
    format = "plain-jsonl" if name.endswith("jsonl") else "plain-csv"
    assert _peak(lambda: _drain(path, format)) < 48


def _drain(path: Path, format: str) -> None:
    try:
        for entry in read_source(path, format):
            assert isinstance(entry, Skipped) or entry.line > 2
    except SourceError as error:
        assert str(error).startswith("bomb.zip/")


def _peak(work: Callable[[], object]) -> float:
    """The most memory, in megabytes, that Python held for a piece of work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()
