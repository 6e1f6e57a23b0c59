"""Media maps: the files they name, for which posts, and which lines were not used."""

import gzip
from pathlib import Path

import pytest

from frametrace.posts.errors import SourceError
from frametrace.posts.media.media_map import MediaMap
from frametrace.posts.model import WRITTEN_ID, Post


def _map(tmp_path: Path, text: str, name: str = "map.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_lines_for_one_platform_come_before_lines_for_any(tmp_path: Path) -> None:
    path = _map(
        tmp_path,
        "path,post_id,platform\nany.jpg,1,\nx.jpg,1, Twitter \nf.jpg,1,facebook\nany.jpg,2,\n",
    )
    media_map = MediaMap([path])
    rows = list(media_map.rows_of(Post("twitter", "1", "a")))
    assert [(row.path, row.line, row.folder) for row in rows] == [
        ("x.jpg", 3, tmp_path),
        ("any.jpg", 2, tmp_path),
    ]
    assert [(left.line, left.item) for left in media_map.unused_entries()] == [
        (4, "f.jpg"),
        (5, "any.jpg"),
    ]


def test_platforms_and_ids_are_spelled_as_posts_spell_them(tmp_path: Path) -> None:
    number, code = "1929261108986102451", "BrGHMHIF8Kz"
    text = f"path,post_id,platform\na.jpg,{number},Insta\nb.jpg,{number},\nc.jpg,1,X\n"
    media_map = MediaMap([_map(tmp_path, text)])
    post = Post("instagram", code, "lin", extra={WRITTEN_ID: number})
    assert [row.path for row in media_map.rows_of(post)] == ["a.jpg", "b.jpg"]
    assert [row.path for row in media_map.rows_of(Post("twitter", "1", "a"))] == ["c.jpg"]
    assert list(media_map.unused_entries()) == []


def test_several_maps_are_one_and_may_be_packed(tmp_path: Path) -> None:
    first = _map(tmp_path, "post_id,path\n1,a.jpg\n")
    second = tmp_path / "more.csv.gz"
    second.write_bytes(gzip.compress(b"post_id,path\n1,b.jpg\n"))
    media_map = MediaMap([first, second])
    rows = media_map.rows_of(Post("twitter", "1", "a"))
    assert [(row.path, row.source) for row in rows] == [
        ("a.jpg", "map.csv"),
        ("b.jpg", "more.csv.gz"),
    ]
    assert list(media_map.unused_entries()) == []


def test_lines_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    path = _map(tmp_path, 'post_id,path\n,a.jpg\n1,\n1.1E+18,b.jpg\n2\n3,"c.jpg\n4,d.jpg\n')
    media_map = MediaMap([path])
    assert [row.path for row in media_map.rows_of(Post("x", "4", "a"))] == ["d.jpg"]
    reasons = [
        "post_id is empty",
        "path is empty",
        "post_id 1.1E+18 lost",
        "the row has 1",
        "the row",
    ]
    unused = list(media_map.unused_entries())
    assert sorted(left.line for left in unused) == [2, 3, 4, 5, 6]
    for left in unused:
        assert left.source == "map.csv"
        assert left.reason.startswith(reasons[left.line - 2])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "map.csv: the file is empty"),
        ("post,file\n1,a.jpg\n", "columns post_id and path.*Found: 'post', 'file'"),
        ('{"post_id": "1", "path": "a.jpg"}\n', "a media map is a CSV"),
    ],
)
def test_a_file_that_is_not_a_map_is_an_error(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=reason):
        MediaMap([_map(tmp_path, text)])


def test_a_map_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for absent in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(SourceError, match="there is no such media map"):
            MediaMap([absent])


def test_a_map_with_only_its_header_names_nothing(tmp_path: Path) -> None:
    media_map = MediaMap([_map(tmp_path, "post_id,path\n")])
    assert list(media_map.rows_of(Post("x", "1", "a"))) == []
    assert list(media_map.unused_entries()) == []
