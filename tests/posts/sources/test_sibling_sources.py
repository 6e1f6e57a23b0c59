"""A picture between several sources belongs to the nearest, or in doubt to none."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest

from frametrace.posts.media.guesses_by_file_name import is_named_after
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import open_source

HEADER = "platform,post_id,account_id,text,media\n"
NEXT = "is not in the media folders; --media FOLDER names the one that holds it"


def _put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"\xff\xd8\xff" + f"{root.name}/{path}".encode())
    return root


def _table(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def _read(*paths: Path, media: Collection[Path] = ()) -> tuple[dict[str, list[str]], list[str]]:
    """The pictures of each post by its id, as folder and path, and why others have none."""
    opened = [open_source(path) for path in paths]
    library = MediaLibrary(list(media))
    library.add_sources(
        *(found.path for found in opened if found.holds_media),
        siblings=[group for found in opened for group in found.siblings],
    )
    files: dict[str, list[str]] = {}
    reported: list[str] = []

    def take(post_id: str, item: MediaFile | Skipped) -> None:
        if isinstance(item, MediaFile):
            files.setdefault(post_id, []).append(f"{Path(item.root).name}/{item.path}")
        else:
            reported.append(item.reason)

    for found in opened:
        for base, entries in found.readings():
            for entry in entries:
                if isinstance(entry, Post):
                    for item in library.find(entry, base):
                        take(entry.post_id, item)
    for (_, post_id), _, _, item in library.resolve_guesses(lambda _: ()):
        take(post_id, item)
    return files, reported


# Folders above


def test_a_picture_above_two_sources_that_both_name_it_is_given_to_no_post(tmp_path: Path) -> None:
    root = _put(tmp_path / "root", "images/1.jpg", "images/2.jpg", "mei/images/1.jpg")
    _table(root / "tables" / "lin.csv", "f,l1,lin,,images/1.jpg", "f,l2,lin,,images/2.jpg")
    _table(root / "mei" / "posts.csv", "f,m1,mei,,images/1.jpg", "f,m2,mei,,images/2.jpg")
    files, reported = _read(root)
    assert files == {"l1": ["root/images/1.jpg"], "m1": ["root/mei/images/1.jpg"]}
    assert (
        reported == ["is not in its own folder; posts of several sources name the one in root"] * 2
    )


def test_tables_of_one_folder_and_posts_of_one_account_may_share_a_picture_above(
    tmp_path: Path,
) -> None:
    root = _put(tmp_path / "root", "images/1.jpg")
    _table(root / "tables" / "a.csv", "f,1,lin,,images/1.jpg")
    _table(root / "tables" / "b.csv", "t,2,mei,,images/1.jpg")
    assert _read(root) == ({"1": ["root/images/1.jpg"], "2": ["root/images/1.jpg"]}, [])
    _table(root / "tables" / "b.csv", "f,2,lin,,")
    _table(root / "albums" / "c.csv", "f,3,lin,,images/1.jpg")
    assert _read(root) == ({"1": ["root/images/1.jpg"], "3": ["root/images/1.jpg"]}, [])


def test_a_picture_above_that_an_unread_table_may_name_is_given_to_no_post(tmp_path: Path) -> None:
    root = _put(tmp_path / "root", "images/1.jpg")
    _table(root / "mei" / "posts.csv", "f,m1,mei,,images/1.jpg")
    (root / "kai.csv").write_text("nr,was,bild\n1,kai,images/1.jpg\n")
    assert _read(root) == ({}, [NEXT])
    (root / "kai").mkdir()
    (root / "kai.csv").rename(root / "kai" / "kai.csv")
    files, reported = _read(root)
    assert files == {}
    assert "unreadable rows of another table may name it" in reported[0]
    (root / "kai" / "kai.csv").unlink()
    assert _read(root) == ({"m1": ["root/images/1.jpg"]}, [])


def test_a_picture_above_is_not_taken_where_a_source_of_others_is_nearer(tmp_path: Path) -> None:
    root = _put(tmp_path / "root", "images/1.jpg")
    _table(root / "mei" / "posts.csv", "f,m1,mei,,images/1.jpg")
    _table(root / "images" / "list.csv", "f,l1,lin,,")
    files, reported = _read(root)
    assert files == {}
    assert "may belong to the posts in images, which are nearer" in reported[0]
    _table(root / "images" / "list.csv", "f,l1,mei,,")
    assert _read(root) == ({"m1": ["root/images/1.jpg"]}, [])


def _document(path: Path, tweet: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        **{"category": "twitter", "subcategory": "timeline", "extension": "jpg", "filename": "x"},
        **{"num": 1, "count": 1, "tweet_id": tweet, "retweet_id": 0, "content": "text"},
        **{"date": "2019-08-19 14:03:22", "author": {"id": 11, "name": "lin"}},
    }
    path.write_text(json.dumps(record))


def test_a_document_beside_a_picture_means_no_file_elsewhere(tmp_path: Path) -> None:
    root = _put(tmp_path / "g", "2.jpg", "lin/deeper/2.jpg")
    _document(root / "lin" / "2.jpg.json", 1163000000000000002)
    assert _read(root) == ({}, [NEXT])
    mei = _put(tmp_path / "mei", "2.jpg", "3.jpg")
    _document(mei / "3.jpg.json", 1163000000000000003)
    assert _read(root / "lin", mei) == ({"1163000000000000003": ["mei/3.jpg"]}, [NEXT])
    # A media folder that was named is another matter.
    files, _ = _read(root / "lin", media=[mei])
    assert files == {"1163000000000000002": ["mei/2.jpg"]}


def test_chats_in_one_folder_that_name_one_file_do_not_get_it(tmp_path: Path) -> None:
    names = [f"IMG-20190819-WA000{number}.jpg" for number in (1, 2)]
    root = _put(tmp_path / "chats", *names)
    for who, named in (("Lin", names), ("Mei", names[:1])):
        lines = (f"19/08/2019, 14:0{at} - {who}: {n} (file attached)" for at, n in enumerate(named))
        (root / f"WhatsApp Chat with {who}.txt").write_text("\n".join(lines) + "\n")
    files, reported = _read(root)
    assert list(files.values()) == [[f"chats/{names[1]}"]]
    reason = "several chats share its folder; posts of several sources name the one in chats"
    assert reported == [reason] * 2


# Other sources


def test_nothing_is_borrowed_from_a_source_with_unread_rows_nor_by_a_bare_name(
    tmp_path: Path,
) -> None:
    lin = _table(tmp_path / "lin" / "posts.csv", "f,l1,lin,,images/1.jpg").parent
    mei = _put(tmp_path / "mei", "images/1.jpg")
    _table(mei / "posts.csv", "f,m1,mei,,", "f,m2,mei,one, too many,images/1.jpg")
    _put(lin, "x.jpg")
    files, reported = _read(lin, mei)
    assert files == {}
    assert "unreadable rows of mei may name it" in reported[0]
    _table(mei / "posts.csv", "f,m1,mei,,")
    assert _read(lin, mei)[0] == {"l1": ["mei/images/1.jpg"]}
    _put(mei, "1.jpg", "FaaBBccXwAA1.jpg")
    _table(lin / "posts.csv", "f,l1,lin,,1.jpg", "f,l2,lin,,FaaBBccXwAA1.jpg")
    assert _read(lin, mei) == ({"l2": ["mei/FaaBBccXwAA1.jpg"]}, [NEXT])


# Short ids


@pytest.mark.parametrize("together", [True, False])
def test_a_short_id_names_files_of_its_own_folder(together: bool, tmp_path: Path) -> None:
    root = _put(tmp_path / "root", *(f"{who}/{n}.jpg" for who in ("lin", "mei") for n in (1, 2, 3)))
    _table(root / "lin" / "posts.csv", "f,1,lin,,", "f,2,lin,,")
    _table(root / "mei" / "posts.csv", "f,3,mei,,")
    files, reported = _read(root) if together else _read(root / "lin", root / "mei")
    assert [[Path(path).name for path in paths] for paths in files.values()] == [
        ["1.jpg"],
        ["2.jpg"],
        ["3.jpg"],
    ]
    assert all(("mei" in path) == (key == "3") for key, paths in files.items() for path in paths)
    assert reported == []
    # Nor those of a folder with a source of its own, whose rows may all be lost.
    _table(root / "posts.csv", "f,4,kai,,")
    _put(root, "mei/4.jpg")
    assert "4" not in _read(root)[0]


def test_a_short_name_in_several_folders_is_given_to_no_post(tmp_path: Path) -> None:
    root = _put(tmp_path / "pics", "lin/1.jpg", "mei/1.jpg", "mei/2.jpg")
    table = _table(tmp_path / "posts.csv", "f,1,lin,,", "f,2,mei,,")
    files, reported = _read(table, media=[root])
    assert files == {"2": ["pics/mei/2.jpg"]}
    assert reported == [
        "a file of this name is in several folders: lin, mei: "
        "a media map can say which post has which"
    ]
    beside = _put(_table(root / "posts.csv", "f,1,lin,,").parent, "1.jpg")
    assert _read(beside) == ({"1": ["pics/1.jpg"]}, [])


def test_a_name_that_may_be_another_posts_is_not_given_by_a_guess(tmp_path: Path) -> None:
    root = _put(tmp_path / "ab", "lena/1.jpg", "otto/1.jpg")
    table = _table(tmp_path / "t.csv", "f,1,lena,,1.jpg", "f,2,otto,,1.jpg")
    for media in ([root / "lena", root / "otto"], [root]):
        files, reported = _read(table, media=media)
        assert files == {}
        assert len(reported) == 2
        assert all(reason.startswith("is in several folders: lena, otto") for reason in reported)


def test_the_files_of_rows_that_cannot_be_read_are_given_to_no_post(tmp_path: Path) -> None:
    root = _put(tmp_path / "media", "7-1.jpg", "7-2.jpg")
    table = _table(tmp_path / "posts.csv", "f,7,lin,,", "f,7-1,mei,one, too many,")
    assert _read(table, media=[root])[0] == {"7": ["media/7-2.jpg"]}
    record = {"platform": "f", "post_id": "7-2", "text": "whose?"}
    (tmp_path / "posts.jsonl").write_text(
        f'{{"platform": "f", "post_id": "7", "account_id": "lin"}}\n{json.dumps(record)}\n'
    )
    assert _read(tmp_path / "posts.jsonl", media=[root])[0] == {"7": ["media/7-1.jpg"]}
    # In a media folder beside a source with such rows a short id says too little.
    first, second = tmp_path / "first", _put(tmp_path / "second", "5.jpg")
    _table(first / "posts.csv", "f,5,lin,,")
    _table(second / "posts.csv", "f,6,mei,,", "f,5,mei,one, too many,")
    files, reported = _read(first, second, media=[second])
    assert files == {}
    assert "an unreadable row in its folder" in reported[0]


# Names of files


FIRST, SECOND = "1690773347334800009", "1690773347334800001"


def test_a_name_that_begins_with_another_id_is_that_ones_alone(tmp_path: Path) -> None:
    names = f"{FIRST}_{SECOND}.jpg", f"mei_{FIRST}_re_{SECOND}.jpg", f"mei_{SECOND}_{FIRST}.jpg"
    root = _put(tmp_path / "m", *names, f"17000000000000001_{SECOND}.jpg")
    table = _table(tmp_path / "posts.csv", f"x,{SECOND},17000000000000001,,")
    files, reported = _read(table, media=[root])
    assert files == {SECOND: [f"m/17000000000000001_{SECOND}.jpg", f"m/{names[2]}"]}
    assert [reason.partition(":")[0] for reason in reported] == [
        "its name has another long number before the post's id"
    ]


@pytest.mark.parametrize(
    ("name", "post_id", "named"),
    [
        ("20190819_140322.jpg", "20190819", False),
        ("20190819-WA0007.jpg", "20190819", False),
        ("20190819.jpg", "20190819", True),
        ("20190819_1.jpg", "20190819_1", True),
        ("20191319_1.jpg", "20191319", True),
        ("120190819_1.jpg", "120190819", True),
    ],
)
def test_eight_digits_that_are_a_day_are_not_an_id(name: str, post_id: str, named: bool) -> None:
    assert is_named_after(name, post_id) is named


def test_a_time_to_the_millisecond_before_an_id_is_not_an_id(tmp_path: Path) -> None:
    name = f"lin_20190819140322123_{FIRST}.jpg"
    root = _put(tmp_path / "m", name)
    table = _table(tmp_path / "posts.csv", f"x,{FIRST},1,,")
    assert _read(table, media=[root]) == ({FIRST: [f"m/{name}"]}, [])


# Names alone


@pytest.mark.parametrize(
    "named",
    [
        "Foto 1.JPG",
        "bilder/foto 1.jpg",
        "C:\\Users\\Lin\\Bilder\\Foto 1.jpg",
        "/home/lin/Foto 1.JPG",
    ],
)
@pytest.mark.parametrize("as_media", [True, False])
def test_the_only_file_of_a_name_is_found_wherever_it_is(
    named: str, as_media: bool, tmp_path: Path
) -> None:
    root = _put(tmp_path / "root", "Bilder/Foto 1.JPG", "Bilder/Foto 11.JPG")
    table = tmp_path / "posts.csv" if as_media else root / "posts.csv"
    _table(table, f"f,a,lin,,{named}")
    files, reported = _read(table, media=[root]) if as_media else _read(root)
    assert (files, reported) == ({"a": ["root/Bilder/Foto 1.JPG"]}, [])


@pytest.mark.parametrize("named", ["Foto 1.JPG", "foto 1.jpg", "C:\\Bilder\\Foto 1.JPG"])
def test_a_name_of_two_files_or_of_another_source_is_given_to_no_post(
    named: str, tmp_path: Path
) -> None:
    root = _put(tmp_path / "root", "Bilder/Foto 1.JPG", "copy/Foto 1.JPG")
    _table(root / "posts.csv", f"f,a,lin,,{named}")
    files, reported = _read(root)
    assert files == {}
    assert reported[0].startswith("is in several folders: Bilder, copy")
    (root / "copy" / "Foto 1.JPG").unlink()
    _table(root / "Bilder" / "posts.csv", "f,b,mei,,")
    files, reported = _read(root)
    assert files == {}
    assert "--media FOLDER" in reported[0]


def test_a_path_in_other_letters_is_the_same_path(tmp_path: Path) -> None:
    root = _put(tmp_path / "root", "Bilder/Foto1.JPG")
    rows = "f,a,lin,,Bilder/Foto1.JPG", "f,b,mei,,bilder\\foto1.jpg", "f,c,kai,,foto1.jpg"
    _table(root / "posts.csv", *rows)
    files, reported = _read(root)
    assert files == {"a": ["root/Bilder/Foto1.JPG"], "b": ["root/Bilder/Foto1.JPG"]}
    assert reported == ["is not in its own folder; in root it belongs to another post"]


def test_a_path_of_another_computer_names_the_next_step(tmp_path: Path) -> None:
    table = _table(tmp_path / "posts.csv", "f,a,lin,,C:\\Users\\Lin\\x.jpg", "f,b,lin,,x.jpg")
    reported = _read(table)[1]
    assert len(reported) == 2
    assert all("--media FOLDER" in reason for reason in reported)
