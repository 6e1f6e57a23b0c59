"""Reads the JSON document that gallery-dl writes beside each file (`--write-metadata`).

`a_1.jpg.json` is beside `a_1.jpg`. A post with several pictures has one document for each.
Fields: mikf/gallery-dl, gallery_dl/extractor/*.py and postprocessor/metadata.py.
"""

from collections.abc import Callable, Mapping

from frametrace.posts.model import Post
from frametrace.posts.readers import gallery_dl_sites, gallery_dl_social
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.sources.media_files import is_media

__all__ = ["READER"]

_PARSE: Mapping[str, Callable[[Row, tuple[str, ...]], Post]] = {
    "bluesky": gallery_dl_social.bluesky,
    "facebook": gallery_dl_sites.facebook,
    "instagram": gallery_dl_social.instagram,
    "pixiv": gallery_dl_sites.pixiv,
    "reddit": gallery_dl_sites.reddit,
    "tiktok": gallery_dl_social.tiktok,
    "tumblr": gallery_dl_sites.tumblr,
    "twitter": gallery_dl_social.twitter,
    "weibo": gallery_dl_sites.weibo,
}


def _parse(row: Row) -> Post:
    category = row.take("category").strip()
    parse = _PARSE.get(category)
    if parse is None:
        raise ValueError(
            f"posts of {category[:40]!r} are not read, only those of {', '.join(_PARSE)}"
        )
    return parse(row, _file(row.file))


def _file(file: str) -> tuple[str, ...]:
    """The picture or video beside a document; a whole gallery has none."""
    name = file.removesuffix(".json")
    return (name,) if name != file and is_media(name) else ()


READER = Reader(
    name="gallery-dl",
    title=f"gallery-dl metadata beside pictures and videos, of {', '.join(_PARSE)}",
    example="twitter/lin/1163000000000000001_1.jpg.json",
    platform=", ".join(_PARSE),
    time="second",
    shape=Shape.RECORDS,
    required=(
        ("category",),
        ("subcategory",),
        ("extension",),
        ("filename",),
        ("num", "count", "id", "post_id"),
    ),
    parse=_parse,
    beside=True,
)
