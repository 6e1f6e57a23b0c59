"""Files that lead out of their folder, lie about their size or don't open are refused."""

import os
import shutil
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.errors import DecodeError
from frametrace.posts.media.identify_picture import identify, read_media
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.archives import escapes_folder
from frametrace.posts.sources.containers import Folder, SourceLocation

LIMIT = 100_000
LEAVES = "leaves the media folder"


@given(st.text("aC./\\:~ \0", max_size=8))
def test_a_path_leaves_where_any_system_would_follow_it_out(path: str) -> None:
    spelled = PureWindowsPath(path)
    assert escapes_folder(path) == (bool(spelled.anchor) or ".." in spelled.parts or "\0" in path)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder with a picture, links out of it, and a secret beside it."""
    root = tmp_path / "media"
    (root / "pictures").mkdir(parents=True)
    (root / "pictures" / "a.jpg").write_bytes(b"a picture")
    (tmp_path / "secret.jpg").write_bytes(b"a secret")
    (root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "9-link.jpg").symlink_to("../secret.jpg")
    (root / "folder").symlink_to(tmp_path)
    (root / "inside.jpg").symlink_to("pictures/a.jpg")
    return root


@pytest.mark.parametrize(
    "path",
    (
        *("../secret.jpg", "pictures/../../secret.jpg", "./../secret.jpg", "..", "/../secret.jpg"),
        *("..\\secret.jpg", "pictures\\..\\..\\secret.jpg", "C:\\secret.jpg", "C:secret.jpg"),
        *("\\secret.jpg", "\\\\server\\share\\secret.jpg", "//server/share/secret.jpg"),
        *("link.jpg", "folder/secret.jpg", "pictures/a.jpg\0.png", "\0", "/etc/passwd"),
    ),
)
def test_no_path_leads_out_of_the_folder(path: str, media: Path, tmp_path: Path) -> None:
    post = Post("x", "1", "a", media=(path,))
    for found in (
        MediaLibrary([media]).find(post),
        MediaLibrary([]).find(post, SourceLocation(Folder(media))),
    ):
        reported = [item for item in found if isinstance(item, Skipped)]
        assert [(item.item, item.reason.partition(";")[0]) for item in reported] == [(path, LEAVES)]
    with pytest.raises(DecodeError, match=LEAVES):
        read_media(str(media), path, LIMIT)
    absolute = str(tmp_path / "secret.jpg")
    (reported,) = MediaLibrary([media]).find(Post("x", "1", "a", media=(absolute,)))
    assert isinstance(reported, Skipped)
    assert reported.reason.startswith(LEAVES)


def test_a_media_map_leads_nowhere_else_either(media: Path, tmp_path: Path) -> None:
    rows = ["../secret.jpg", "link.jpg", "folder/secret.jpg", "C:\\secret.jpg", "inside.jpg"]
    (media / "map.csv").write_text("post_id,path\n" + "".join(f"1,{row}\n" for row in rows))
    found = list(MediaLibrary([media], [media / "map.csv"]).find(Post("x", "1", "a")))
    reason = f"the media map names a file that {LEAVES}"
    assert found == [
        *(Skipped("map.csv", line, row, reason) for line, row in enumerate(rows[:4], start=2)),
        MediaFile(str(media), "inside.jpg"),
    ]


def test_a_link_that_leaves_is_refused_though_its_name_is_right(media: Path) -> None:
    found = MediaLibrary([media]).find(Post("x", "9", "a", source="posts.csv", line=3))
    assert list(found) == [Skipped("posts.csv", 3, "9-link.jpg", LEAVES)]


@pytest.mark.parametrize("member", ["../9-a.jpg", "/9-a.jpg", "C:/9-a.jpg", "x/../../9-a.jpg"])
def test_a_member_whose_name_leads_out_of_its_archive_is_refused(
    member: str, tmp_path: Path
) -> None:
    archive = tmp_path / "media.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(member, b"a picture")
    post = Post("x", "9", "a", source="posts.csv", line=3)
    assert list(MediaLibrary([archive]).find(post)) == [Skipped("posts.csv", 3, member, LEAVES)]
    with pytest.raises(DecodeError, match=LEAVES):
        read_media(str(archive), member, LIMIT)


def _packed(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.jpg", content)
    return path


def _declaring(path: Path, content: bytes, size: int) -> Path:
    """An archive whose member declares another size than it has, in both of its headers."""
    sound = _packed(path, content).read_bytes()
    lying = sound.replace(struct.pack("<L", len(content)), struct.pack("<L", size))
    assert lying.count(struct.pack("<L", size)) == 2
    path.write_bytes(lying)
    return path


def _encrypted(path: Path) -> Path:
    packed = bytearray(_packed(path, b"a picture").read_bytes())
    for at in (packed.index(b"PK\x03\x04") + 6, packed.index(b"PK\x01\x02") + 8):
        packed[at] |= 1
    path.write_bytes(packed)
    return path


def _damaged(path: Path) -> Path:
    packed = _packed(path, os.urandom(1000), zipfile.ZIP_STORED).read_bytes()
    path.write_bytes(packed[:500] + bytes([packed[500] ^ 1]) + packed[501:])
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda path: _packed(path, bytes(LIMIT + 1)),
            "100,001 bytes are over the limit of 100,000",
        ),
        (lambda path: _packed(path, bytes(2**28)), "268,435,456 bytes are over the limit"),
        (lambda path: _declaring(path, bytes(2**27 + 5), 54321), "Bad CRC-32"),
        (lambda path: _declaring(path, b"a picture" * 9, 2**31 + 5), "over the limit"),
        (lambda path: _packed(path, bytes(2**27), zipfile.ZIP_BZIP2), "compression is not read"),
        (lambda path: _packed(path, bytes(2**24), zipfile.ZIP_LZMA), "compression is not read"),
        (_encrypted, "is encrypted"),
        (_damaged, "Bad CRC-32"),
        (lambda path: _packed(path, b""), "there is no such file"),
        (lambda path: path.write_bytes(b"PK\x03\x04"), "the archive can't be opened"),
        (lambda path: path.write_bytes(b""), "the archive can't be opened"),
    ],
    ids=[
        *("over the limit", "a bomb", "a bomb that lies", "a giant that is none", "bzip2", "lzma"),
        *("encrypted", "damaged", "without the member", "cut off", "empty"),
    ],
)
def test_an_archive_that_is_too_much_is_refused_without_unpacking_it(
    make: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    archive = tmp_path / "media.zip"
    make(archive)
    member = "b.jpg" if reason == "there is no such file" else "a.jpg"
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=reason) as caught:
            identify(MediaFile(str(archive), member), LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{member}: ")


def test_a_member_that_declares_more_than_it_has_gives_no_more(tmp_path: Path) -> None:
    archive = _declaring(tmp_path / "media.zip", b"a picture" * 9, 54321)
    assert len(read_media(str(archive), "a.jpg", LIMIT)) <= 81


def test_files_that_are_not_pictures_at_all_are_refused(tmp_path: Path) -> None:
    (tmp_path / "big.jpg").write_bytes(bytes(LIMIT + 1))
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    reasons = {
        "big.jpg": "100,001 bytes are over the limit of 100,000",
        "folder.jpg": "it is not a file",
        "pipe.jpg": "it is not a file",
        "loop.jpg": "leaves the media folder|can't be read",
        "absent.jpg": "there is no such file",
        "big.jpg/a.jpg": "can't be read|there is no such file",
    }
    for path, reason in reasons.items():
        with pytest.raises(DecodeError, match=reason):
            read_media(str(tmp_path), path, LIMIT)


def test_a_root_that_is_gone_or_changed_is_reported_plainly(tmp_path: Path) -> None:
    root = tmp_path / "media"
    gone = f"a.jpg: there is no such file in {root}, which does not exist"
    with pytest.raises(DecodeError, match=f"^{gone}$"):
        read_media(str(root), "a.jpg", LIMIT)
    root.mkdir()
    with pytest.raises(DecodeError, match=f"^a.jpg: there is no such file in {root}$"):
        read_media(str(root), "a.jpg", LIMIT)
    (root / "a.jpg").write_bytes(b"a picture")
    assert read_media(str(root), "a.jpg", LIMIT) == b"a picture"
    shutil.rmtree(root)
    with pytest.raises(DecodeError, match=f"^{gone}$"):
        read_media(str(root), "a.jpg", LIMIT)
    _packed(root, b"packed")
    assert read_media(str(root), "a.jpg", LIMIT) == b"packed"
    root.unlink()
    os.mkfifo(root)
    with pytest.raises(DecodeError, match="neither a folder nor an archive"):
        read_media(str(root), "a.jpg", LIMIT)


def test_a_part_of_the_path_that_becomes_a_link_is_refused(media: Path, tmp_path: Path) -> None:
    (media / "deep" / "er").mkdir(parents=True)
    (media / "deep" / "er" / "secret.jpg").write_bytes(b"a picture")
    assert read_media(str(media), "deep/er/secret.jpg", LIMIT) == b"a picture"
    assert read_media(str(media), "deep//./er/secret.jpg", LIMIT) == b"a picture"
    shutil.rmtree(media / "deep" / "er")
    (media / "deep" / "er").symlink_to(tmp_path)
    with pytest.raises(DecodeError, match=LEAVES):
        read_media(str(media), "deep/er/secret.jpg", LIMIT)
    (media / "deep" / "er").unlink()
    (media / "deep" / "er").symlink_to(media, target_is_directory=True)
    assert read_media(str(media), "deep/er/inside.jpg", LIMIT) == b"a picture"


def test_a_root_that_is_a_link_keeps_its_files_in(media: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(media)
    assert read_media(str(tmp_path / "elsewhere"), "inside.jpg", LIMIT) == b"a picture"
    with pytest.raises(DecodeError, match=LEAVES):
        read_media(str(tmp_path / "elsewhere"), "link.jpg", LIMIT)


@pytest.mark.parametrize("size", [0, 1, LIMIT])
def test_up_to_the_limit_all_bytes_are_read(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    (tmp_path / "a.jpg").write_bytes(content)
    for root in (tmp_path, _packed(tmp_path / "media.zip", content)):
        assert read_media(str(root), "a.jpg", LIMIT) == content


def test_an_archive_that_changes_is_read_anew(tmp_path: Path) -> None:
    archive = tmp_path / "media.zip"
    for content in (b"before", b"and afterwards"):
        _packed(archive, content)
        assert read_media(str(archive), "a.jpg", LIMIT) == content
