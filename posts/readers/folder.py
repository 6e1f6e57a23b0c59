"""Reads a folder of pictures and videos: each is a post, and its folder is the account."""

from pathlib import PurePosixPath

from frametrace.posts.model import MEDIA_FOLDER, Post
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]


def _parse(row: Row) -> Post:
    path = row.key("path")
    parent = PurePosixPath(path).parent.as_posix()
    return Post(
        platform=MEDIA_FOLDER,
        post_id=f"{row.source}/{path}",  # many folders hold an IMG_0001.jpg
        account_id=row.source if parent == "." else parent,
        media=(path,),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="folder",
    title="A folder of pictures and videos",
    example="pictures/",
    platform=MEDIA_FOLDER,
    time="none",
    shape=Shape.FOLDER,
    required=(("path",),),
    parse=_parse,
)
