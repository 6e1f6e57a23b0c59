"""Files without posts: the message says what they are and what to do."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from workbooks import write_workbook

from frametrace.posts.errors import SourceError
from frametrace.posts.open_source import open_source


def _picture(format: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (50, 40), "red").save(held, format)
    return held.getvalue()


def _zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return held.getvalue()


_OFFICE = _zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml")


@pytest.mark.parametrize(
    ("name", "content", "what", "advice"),
    [
        ("a.jpg", _picture("JPEG"), "is a picture", "Name its folder"),
        ("posts.csv", _picture("PNG"), "is a picture", "frametrace query"),
        ("a.bmp", _picture("BMP"), "is a picture", "Name its folder"),
        ("a.webp", _picture("WEBP"), "is a picture", "Name its folder"),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", "is a PDF document", "CSV or JSON"),
        ("a.docx", _OFFICE, "is a Word document", "Save its table as CSV"),
        ("a.xlsx", _OFFICE, "is a Word document, though its name ends in .xlsx", "Save its"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "an Office document", "CSV"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "workbook can't be read", ""),
        ("a.xlsx", b"PK\x03\x04 cut off" * 99, "can't be opened: File is not a zip", "again"),
        ("a.xlsx", b"<html><table></table></html>", "web page, in which", "name ends in .xlsx"),
        ("a.html", b"\n<!-- x --><!DOCTYPE html><p>", "is a web page", "CSV or JSON"),
        ("a.xml", b'<?xml version="1.0"?><posts/>', "is an XML document", "CSV or JSON"),
        ("a.json", b"[]", "is JSON, but an empty list", "Posts are objects"),
        ("a.json", b"{}", "is JSON, but an empty object", "Posts are objects"),
        ("a.json", b"[1, 2, 3]", "a list without objects: 3 values", "Posts are objects"),
        ("a.json", b'"abc"', "is JSON, but a single value", "Posts are objects"),
        ("a.json", b'{"a": 1}', "JSON document, in which no format is recognised. Found: 'a'", ""),
        ("a.json", b'[{"a": ', "it is not JSON", ""),
        ("a.json", b'[1, {"a": 2}]', "no format is recognised. Found: 'a'", "inspect"),
        (
            "a.mp4",
            b"\0\0\0\x20ftypisom\0\0\2\0isomiso2" + bytes(500),
            "is a video",
            "Name its folder",
        ),
        ("a.avi", b"RIFF\0\0\1\0AVI LIST" + bytes(500), "is a video", "Name its folder"),
        ("a.m4a", b"\0\0\0\x20ftypM4A \0\0\2\0" + bytes(500), "is audio", "Export"),
        ("a.db", b"SQLite format 3\0" + bytes(500), "is an SQLite database", "CSV"),
        ("a.rar", b"Rar!\x1a\x07\x01\0" + bytes(500), "is a RAR archive", "Unpack it"),
        ("a.csv.gz", gzip.compress(b"%PDF-1.7\n1 0 obj\n", mtime=0), "is a PDF document", "Export"),
        ("a.pkl", b"\x80\4\x95" + bytes(50), "is a Python pickle", "never opened"),
        ("a.rds", gzip.compress(b"X\n\0\0\0\3\0\4", mtime=0), "is R's own data", "write.csv"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid x", "pointer", "git lfs pull"),
        ("a.dat", bytes(range(256)) * 40, "is neither text nor any", "Export"),
        ("a.csv", b"", "the file is empty", "Export it again"),
        ("a.csv", b"a,b,c\n1,2,3\n", "no format is recognised. Found: 'a', 'b', 'c'", "inspect"),
        (
            "a.csv",
            b"post_id,text\n1,2\n",
            "The closest is plain-csv, which also needs platform",
            "",
        ),
        ("a.txt", b"A letter to somebody.\n", "is text, in which no format", "frametrace inspect"),
    ],
)
def test_what_is_not_posts_is_named_with_what_to_do(
    name: str, content: bytes, what: str, advice: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path / name)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert what in message
    assert advice in message


def test_an_empty_workbook_is_one_without_a_table(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "empty.xlsx", {"Sheet1": []})
    with pytest.raises(SourceError, match="is a workbook without a table"):
        open_source(path)


def test_a_workbook_of_another_name_is_still_read(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "posts.csv", {"Sheet1": [["a", "b"], [1, 2]]})
    with pytest.raises(SourceError, match=r"is a workbook, .* Give it the suffix \.xlsx"):
        open_source(path)


def test_a_workbook_with_posts_is_read(tmp_path: Path) -> None:
    rows = [["platform", "post_id", "account_id"], ["x", "a1", "lin"]]
    path = write_workbook(tmp_path / "posts.xlsx", {"Notes": [["a"]], "Posts": rows})
    (part,) = open_source(path).parts
    assert (part.reader.name, part.head.part) == ("plain-csv", "Posts")
