"""Folders, archives and packed files: the same posts and pictures, whatever holds them."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
import zstandard
from workbooks import write_workbook

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts.detection import heads_of
from frametrace.posts.media.identify_picture import read_media
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import open_source, read_source
from frametrace.posts.sources.archives import TarArchive
from frametrace.posts.sources.containers import SourceLocation, container_at
from frametrace.posts.sources.source import Source

HEADER = "platform,post_id,account_id,text,media\n"
JPEG = b"\xff\xd8\xff\xe0picture "
FILES = {
    "export/posts.csv": (HEADER + "x,1,a,one,pics/1.jpg\nx,2,b,two,\n").encode(),
    "export/pics/1.jpg": JPEG + b"1",
    "export/pics/2-a.jpg": JPEG + b"2",
    "export/readme.txt": b"nothing to see",
}


def _folder(path: Path) -> Path:
    for name, data in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path, pack: Callable[[bytes], bytes] = bytes) -> Path:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, data in FILES.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path.write_bytes(pack(sink.getvalue()))
    return path


CONTAINERS = {
    "saved": _folder,
    "saved.zip": _zip,
    "saved.tar": _tar,
    "saved.tar.gz": lambda path: _tar(path, gzip.compress),
    "saved.tar.bz2": lambda path: _tar(path, bz2.compress),
    "saved.tar.xz": lambda path: _tar(path, lzma.compress),
    "saved.tar.zst": lambda path: _tar(path, zstandard.compress),
}


def _joined(path: Path) -> dict[str, list[str]]:
    """The bytes of each post's pictures, found without naming a media folder."""
    opened = open_source(path)
    library = MediaLibrary([])
    library.add_sources(opened.path)
    found: dict[str, list[str]] = {}
    for base, entries in opened.readings():
        for entry in entries:
            if isinstance(entry, Post):
                files = [f for f in library.find(entry, base) if isinstance(f, MediaFile)]
                found[entry.post_id] = list(map(_bytes_of, files))
    for (_, post_id), _, _, file in library.resolve_guesses(lambda _: ()):
        assert isinstance(file, MediaFile)
        found[post_id].append(_bytes_of(file))
    return found


def _bytes_of(file: MediaFile) -> str:
    return read_media(file.root, file.path, 99).decode("latin-1")


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_table_and_its_pictures_find_each_other_in_any_container(
    name: str, tmp_path: Path
) -> None:
    path = CONTAINERS[name](tmp_path / name)
    assert _joined(path) == {
        "1": [(JPEG + b"1").decode("latin-1")],
        "2": [(JPEG + b"2").decode("latin-1")],
    }
    reported = [entry for entry in read_source(path) if isinstance(entry, Skipped)]
    assert [(entry.source, entry.kept) for entry in reported] == [(name, True)]
    assert "readme.txt" in reported[0].reason


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_packed_file_reads_like_the_plain_one_and_keeps_the_data_before_damage(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    rows = "".join(f"x,{n},a,text {n * 7919 % 10007},\n" for n in range(50_000))
    packed = pack((HEADER + rows).encode())
    path = tmp_path / "posts.csv.packed"
    path.write_bytes(packed)
    assert sum(isinstance(entry, Post) for entry in read_source(path)) == 50_000
    if pack is bz2.compress:
        return  # its blocks are larger than the file
    path.write_bytes(packed[: len(packed) * 3 // 4])
    *posts, last = read_source(path)
    assert len(posts) > 1000
    assert isinstance(last, Skipped)
    assert "damaged from here on" in last.reason


def test_pictures_alone_in_an_archive_are_posts_as_in_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("lin/1.jpg", JPEG)
        archive.writestr("lin/notes.pdf", b"%PDF")
    (post,) = read_source(tmp_path / "photos.zip")
    assert isinstance(post, Post)
    assert (post.post_id, post.account_id) == ("photos.zip/lin/1.jpg", "lin")
    base = SourceLocation(container_at(tmp_path / "photos.zip"))
    (file,) = MediaLibrary([]).find(post, base)
    assert isinstance(file, MediaFile)
    assert read_media(file.root, file.path, 99) == JPEG


def test_a_path_in_a_row_may_begin_at_a_folder_above_the_table(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "data" / "posts").mkdir(parents=True)
    (folder / "media").mkdir()
    (folder / "media" / "a.jpg").write_bytes(JPEG)
    (folder / "data" / "posts" / "posts.csv").write_text(HEADER + "x,1,a,t,media/a.jpg\n")
    assert _joined(folder) == {"1": [JPEG.decode("latin-1")]}


def test_links_and_odd_files_of_a_tar_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(JPEG + b"secret")
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for kind, name, target in (
            (tarfile.SYMTYPE, "link.jpg", str(tmp_path / "secret.jpg")),
            (tarfile.LNKTYPE, "hard.jpg", "../secret.jpg"),
            (tarfile.FIFOTYPE, "pipe.jpg", ""),
            (tarfile.REGTYPE, "../outside.jpg", ""),
            (tarfile.REGTYPE, "inside.jpg", ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            if kind == tarfile.REGTYPE:
                info.size = len(JPEG)
            archive.addfile(info, io.BytesIO(JPEG))
    path = tmp_path / "bad.tar"
    path.write_bytes(sink.getvalue())
    entries = list(read_source(path))
    posts = [entry.post_id for entry in entries if isinstance(entry, Post)]
    assert posts == ["bad.tar/inside.jpg"]
    assert [e.item for e in entries if isinstance(e, Skipped)] == ["../outside.jpg"]
    assert list(TarArchive(path).paths()) == ["../outside.jpg", "inside.jpg"]


def test_a_long_name_in_a_tar_is_refused_before_it_is_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**32
    (tmp_path / "bomb.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 2048)
    with pytest.raises(SourceError, match="can't be opened"):
        read_source(tmp_path / "bomb.tar")


def test_a_tar_that_was_cut_gives_what_is_whole(tmp_path: Path) -> None:
    path = _tar(tmp_path / "cut.tar")
    data = path.read_bytes()
    path.write_bytes(data[: 512 + 512 + 200])  # inside of the second member's header
    posts = [entry.post_id for entry in read_source(path) if isinstance(entry, Post)]
    assert posts == ["1", "2"]


def test_a_pipe_or_a_folder_that_is_gone_is_an_error_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceError, match="there is no such file"):
        read_source(tmp_path / "pipe.csv")


def test_documents_arrays_and_lists_read_like_lines(tmp_path: Path) -> None:
    posts = [
        {"platform": "x", "post_id": str(n), "account_id": "a", "text": f"t{n}"} for n in range(3)
    ]
    written = {
        "lines.jsonl": "\n".join(map(json.dumps, posts)),
        "array.json": json.dumps(posts),
        "pretty.json": json.dumps(posts, indent=1),
        "wrapped.json": json.dumps({"meta": {"n": 3}, "data": {"posts": posts}}, indent=1),
        "broken-lines.json": '{"posts":[\n' + ",\n".join(map(json.dumps, posts)) + "\n]}",
        "following.json": "\n".join(json.dumps(post, indent=1) for post in posts),
        "script.js": "window.YTD.tweets.part0 = " + json.dumps(posts, indent=1),
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text, "utf-8")
        read = list(read_source(tmp_path / name))
        assert [(p.post_id, p.text) for p in read if isinstance(p, Post)] == [
            ("0", "t0"),
            ("1", "t1"),
            ("2", "t2"),
        ], name
        assert len(read) == 3


def test_an_array_that_was_cut_keeps_the_rows_before(tmp_path: Path) -> None:
    posts = [{"platform": "x", "post_id": str(n), "account_id": "a"} for n in range(5)]
    text = json.dumps(posts)
    (tmp_path / "cut.json").write_text(text[: len(text) * 7 // 10])
    *read, last = read_source(tmp_path / "cut.json")
    assert [post.post_id for post in read if isinstance(post, Post)] == ["0", "1", "2"]
    assert isinstance(last, Skipped)
    assert "can't be read from here on" in last.reason


def test_archives_in_a_folder_are_read_as_its_folders_are(tmp_path: Path) -> None:
    """Each with its own pictures: both have a post of a short number and a picture of its name."""
    root = tmp_path / "all"
    root.mkdir()
    (root / "posts.csv").write_text(HEADER + "x,p1,a,one,\n")
    for name in ("lin", "mei"):
        with zipfile.ZipFile(root / f"{name}.zip", "w") as archive:
            archive.writestr("posts.csv", HEADER + f"{name},1,{name},t,pics/a.jpg\n")
            archive.writestr("pics/a.jpg", JPEG + name.encode())
            archive.writestr("pics/1.jpg", JPEG + b"1" + name.encode())
            archive.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    (root / ".hidden.zip").write_bytes((root / "lin.zip").read_bytes())
    opened = open_source(root)
    library = MediaLibrary([])
    library.add_sources(*opened.searched, siblings=opened.siblings)
    found: dict[str, list[str]] = {}
    for base, entries in opened.readings():
        for post in (entry for entry in entries if isinstance(entry, Post)):
            files = [f for f in library.find(post, base) if isinstance(f, MediaFile)]
            found[post.platform] = list(map(_bytes_of, files))
    for (platform, _), _, _, file in library.resolve_guesses(lambda _: ()):
        assert isinstance(file, MediaFile)
        found[platform].append(_bytes_of(file))
    picture = JPEG.decode("latin-1")
    assert found == {"twitter": [], "lin": [f"{picture}lin"], "mei": [f"{picture}mei"]}
    reported = [f"{skipped.source}/{skipped.item}" for skipped in library.unused_entries()]
    assert reported == ["lin.zip/inner.zip", "mei.zip/inner.zip"]


def test_a_folder_of_damaged_archives_says_so(tmp_path: Path) -> None:
    (tmp_path / "chat.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(SourceError, match=r"chat\.zip: the archive can't be opened"):
        open_source(tmp_path)


def test_an_archive_of_archives_alone_says_what_to_do(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("lin.zip", b"PK\x05\x06" + bytes(18))
    with pytest.raises(SourceError, match=r"pictures or videos\. An archive in it .* lin\.zip"):
        open_source(tmp_path / "all.zip")


@pytest.mark.parametrize(
    ("name", "text"),
    [("own.csv", "帖子,谁\n1,lin\n"), ("own.json", '[{"number": 1, "who": "lin"}]')],
)
def test_pictures_beside_what_may_be_their_posts_are_not_posts_by_themselves(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "1.jpg").write_bytes(JPEG)
    (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "a.txt").write_text("Call Jo\n")
    with pytest.raises(SourceError, match=rf"/{name}: .* --format folder .*frametrace inspect"):
        open_source(tmp_path)
    (post,) = (e for e in read_source(tmp_path, "folder") if isinstance(e, Post))
    assert post.account_id == "pics"


def test_pictures_beside_notes_are_posts_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(JPEG)
    (tmp_path / "notes.txt").write_text("Call Jo\n")
    (tmp_path / "~$posts.xlsx").write_bytes(b"\5Lin")
    (tmp_path / "sizes.json").write_text("[1, 2]")
    posts = [entry for entry in read_source(tmp_path) if isinstance(entry, Post)]
    assert [post.post_id for post in posts] == [f"{tmp_path.name}/1.jpg"]


def _keyed(count: int, text: str = "t") -> dict[str, dict[str, str]]:
    own = {"platform": "x1", "account_id": "lin", "text": text}
    return {f"17{n:09}": {**own, "post_id": f"p{n}"} for n in range(count)}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("around", ["", "posts", "data.posts"])
@pytest.mark.parametrize("text", ["t", "long " * 50_000])
def test_records_by_their_ids_read_like_a_list(
    indent: int | None, around: str, text: str, tmp_path: Path
) -> None:
    """The document with long texts is longer than anything that is decoded at once."""
    document: object = _keyed(40, text)
    for name in reversed(around.split(".") if around else ()):
        document = {"made": {"by": "x"}, name: document}
    path = tmp_path / "keyed.json"
    path.write_text(json.dumps(document, indent=indent))
    opened = open_source(path)
    assert [part.head.part for part in opened.parts] == [around]
    posts = [entry for entry in opened.entries() if isinstance(entry, Post)]
    assert [post.post_id for post in posts] == [f"p{n}" for n in range(40)]
    assert posts[1].extra == {"key": "17000000001"}
    assert opened.unread == ()


def test_records_by_their_ids_that_were_cut_keep_the_records_before(tmp_path: Path) -> None:
    text = json.dumps(_keyed(5))
    (tmp_path / "cut.json").write_text(text[: len(text) * 7 // 10])
    *read, last = read_source(tmp_path / "cut.json")
    assert [post.post_id for post in read if isinstance(post, Post)] == ["p0", "p1", "p2"]
    assert isinstance(last, Skipped)
    assert "can't be read from here on" in last.reason


def test_objects_by_words_or_unlike_each_other_are_not_records(tmp_path: Path) -> None:
    for number, document in enumerate(
        (
            {"german": {"name": "a", "code": "de"}, "french": {"name": "b", "code": "fr"}},
            {"1": {"name": "a", "code": "de"}, "2": {"text": "b", "time": "fr"}},
            {"1": {"name": "a", "code": "de"}},
            {"1": {"name": "a", "code": "de"}, "2": 7},
        )
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document, indent=1))
        (head,) = heads_of(Source(path)).alternatives
        assert "key" not in head.names
        assert not heads_of(Source(path)).parts


@pytest.mark.parametrize("names", [(), ("a.png",), ("a.png", "b.jpeg")])
def test_pictures_inside_of_a_workbook_are_reported(names: Collection[str], tmp_path: Path) -> None:
    rows = [["platform", "post_id", "account_id"], ["facebook", "a1", "lin"]]
    path = write_workbook(tmp_path / "posts.xlsx", {"Posts": rows})
    with zipfile.ZipFile(path, "a") as parts:
        for name in names:
            parts.writestr(f"xl/media/{name}", JPEG)
    entries = list(read_source(path))
    assert [entry.post_id for entry in entries if isinstance(entry, Post)] == ["a1"]
    reasons = [entry.reason for entry in entries if isinstance(entry, Skipped) and entry.kept]
    count = f"{len(names)} picture{'s' * (len(names) > 1)}"
    said = f"holds {count} itself, which can't be read: save each as a file that the row names"
    assert reasons == ([said] if names else [])
