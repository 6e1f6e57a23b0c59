"""Reads LinkedIn posts that Zeeschuimer captured.

Fields: digitalmethodsinitiative/4cat, datasources/linkedin/search_linkedin.py. A name that begins
with `*` holds an object that Zeeschuimer put in the place of a reference to it.
"""

import re
from collections.abc import Iterator
from typing import Any

from frametrace.posts.model import AccountKind, Post
from frametrace.posts.readers.shared.json_paths import objects_at, text_at, value_at
from frametrace.posts.readers.shared.linkedin_ids import account_at, activity_in, activity_time
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, parse_objects

__all__ = ["parse"]

_TOTALS = "data.*socialDetail.*totalSocialActivityCounts."
_COUNTS = {
    "data.*socialDetail.likes.paging.total": "likes",
    "data.*socialDetail.comments.paging.total": "comments",
    "data.*socialDetail.totalShares": "shares",
    f"{_TOTALS}numLikes": "likes",
    f"{_TOTALS}numComments": "comments",
    f"{_TOTALS}numShares": "shares",
}
_URNS = ("data.updateMetadata.urn", "data.preDashEntityUrn", "data.id", "item_id")
_LISTS = ("data.content.images", "data.content.imageComponent.images")
_LARGE = "data.content.articleComponent.largeImage.attributes"
_VIDEOS = ("", "linkedInVideoComponent.", "externalVideoComponent.")
_PLAYED = "*videoPlayMetadata."
_TARGET = "navigationContext.actionTarget"
_RESHARED = re.compile(r"data\.\*?resharedUpdate\.")


def parse(row: Row) -> Post:
    """Make a Post of a row whose columns begin with `data.`."""
    activity = next(filter(None, [activity_in(row.take(name)) for name in _URNS]), "")
    account = account_at(row.take(f"data.actor.{_TARGET}"))
    if not activity:
        raise ValueError("no urn:li:activity:… names the post")
    if not account:
        raise ValueError(f"data.actor.{_TARGET} is empty")
    posted_at, precision = activity_time(activity)
    files = _files(row)
    is_company = account.startswith("company/")
    link = row.take(f"data.content.{_TARGET}", f"data.content.articleComponent.{_TARGET}")
    return Post(
        platform="linkedin",
        post_id=activity,
        account_id=account,
        account_kind=AccountKind.PAGE if is_company else AccountKind.ACCOUNT,
        account_name=row.take("data.actor.name.text"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("data.commentary.text.text"),
        media=files.media,
        stills=files.stills,
        links=(link.strip(),) if link.strip() else (),
        hashtags=distinct(_hashtags(row)),
        engagement=row.counts(_COUNTS),
        # The original of a share with comment, which someone else wrote, is left out.
        extra={name: text for name, text in row.rest().items() if not _RESHARED.match(name)},
        source=row.source,
        line=row.line,
    )


def _files(row: Row) -> Shown:
    """The pictures of a post, or of the page that it links to; or its video and the still."""
    links = [
        _picture(objects_at(item, "attributes")) for name in _LISTS for item in _objects(row, name)
    ]
    if not any(links):
        links = [_picture(_objects(row, _LARGE))]
    if any(links):
        return Shown(distinct(links))
    return shown_files(_video_and_still(row, f"data.content.{kind}{_PLAYED}") for kind in _VIDEOS)


def _video_and_still(row: Row, at: str) -> tuple[str, str]:
    streams = parse_objects(row.values.get(f"{at}progressiveStreams", ""))
    link = text_at(max(streams, key=_width, default={}), "streamingLocations", 0, "url")
    still = f"{at}thumbnail."
    return link, _widest(row.take(f"{still}rootUrl"), _objects(row, f"{still}artifacts"))


def _objects(row: Row, name: str) -> list[dict[str, Any]]:
    return parse_objects(row.take(name))


def _picture(attributes: list[dict[str, Any]]) -> str:
    first = attributes[0] if attributes else {}
    for vector in (value_at(first, "vectorImage"), value_at(first, "detailData", "vectorImage")):
        if link := _widest(text_at(vector, "rootUrl"), objects_at(vector, "artifacts")):
            return link
    return text_at(first, "imageUrl", "url")


def _widest(root: str, artifacts: list[dict[str, Any]]) -> str:
    """The link to the widest size of a picture, joined from its two parts."""
    widest = max(artifacts, key=_width, default={})
    path = text_at(widest, "fileIdentifyingUrlPathSegment")
    return root.strip() + path if path else ""


def _width(artifact: dict[str, Any]) -> int:
    width = artifact.get("width")
    return width if isinstance(width, int) else 0


def _hashtags(row: Row) -> Iterator[str]:
    parts = _objects(row, "data.commentary.text.attributes")
    urns = [text_at(part, "trackingUrn") for part in parts if part.get("type") == "HASHTAG"]
    newer = _objects(row, "data.commentary.text.attributesV2")
    urns += [text_at(part, "detailData", "*hashtag", "trackingUrn") for part in newer]
    return (urn.rpartition(":")[2] for urn in urns)
