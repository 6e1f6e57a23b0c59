"""Reads a folder of pictures: each picture is a post, and its folder is the account."""

from pathlib import PurePosixPath

from frametrace.posts.model import PICTURES_ALONE, Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]


def _parse(row: Row) -> Post:
    path = row.key("path")
    parent = PurePosixPath(path).parent.as_posix()
    return Post(
        platform=PICTURES_ALONE,
        post_id=f"{row.source}/{path}",  # many folders hold an IMG_0001.jpg
        account_id=row.source if parent == "." else parent,
        media=(path,),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="folder",
    title="A folder of pictures",
    example="pictures/",
    platform=PICTURES_ALONE,
    time="none",
    shape=Shape.FOLDER,
    required=(("path",),),
    parse=_parse,
)
