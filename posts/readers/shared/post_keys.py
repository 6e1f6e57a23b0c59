"""Builds the key of a post, so that it has the same key whichever tool exported it.

A tool gives the platform's id, an id with something around it, or the link to the post. Facebook's
APIs write `<page>_<post>`, its links end in `<post>`. A post of Instagram or Threads has a number
and the shortcode in its link. A post of Weibo has a number and a short name.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from frametrace.posts.readers.shared.platforms import is_link, platform_of

__all__ = [
    "canonical_id",
    "facebook_post_id",
    "id_in_link",
    "post_key",
    "shortcode_of",
    "weibo_number",
]

_WITH_PAGE = re.compile(r"\d+_(\d+)", re.ASCII)
# Where no tool says that an id comes from Facebook's API, only long numbers do: those of pages
# (since 2007) have 10 digits and more, those of posts (since 2009) 12 and more
# (developers.facebook.com/docs/pages/publishing has 546349135390552_1116689038356556).
_CERTAINLY_WITH_PAGE = re.compile(r"\d{10,20}_\d{12,20}", re.ASCII)

# The digits of a shortcode, which is the number in base 64 (RFC 4648, section 5).
_BASE64_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# A post's number of at most 64 bits, alone or before its author's: `123` or `123_456`.
_MEDIA_ID = re.compile(r"(\d{1,20})(?:_\d{1,20})?", re.ASCII)
# It begins with 41 bits of milliseconds since August 2011 (Instagram's "Sharding & IDs"), so since
# January 2012 it has 18 digits and more; a time written in digits alone has 17 at most.
_MIN_MEDIA_ID, _MEDIA_ID_LIMIT = 10**17, 2**63

# A short name of Weibo encodes the number: from the right, four characters for seven digits.
_BASE62_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT_NAME = re.compile(r"[0-9a-zA-Z]{8,10}", re.ASCII)

_MAX_LINK = 2048  # characters; browsers allow slightly more

# Where a link, written as `site/path#fragment`, holds the id; groups are joined by a slash.
_PATHS: Mapping[str, str] = {
    "4chan": r"/(\w+)/thread/\d+[^#]*#p(\d+)|/(\w+)/thread/(\d+)",
    "9gag": r"/gag/(\w+)",
    "bitchute": r"/video/([\w-]+)",
    "douyin": r"/(?:video|note)/(\d+)",
    "gab": r"/posts/(\d+)",
    "facebook": r"/(?:posts|permalink|photos|videos|reels?|events|notes|activity)/"
    r"(?:[^/#]+/){0,2}(\d+(?:_\d+)?|pfbid\w+)/?(?:#|$)|^[^/]+/(\d+(?:_\d+)?)/?(?:#|$)",
    "instagram": r"(?<!/share)/(?:p|reels?|tv|stories/[\w.]+)/([\w-]+)",
    "linkedin": r"(?:urn:li:activity:|[-/]activity[-:])(\d+)",
    "pinterest": r"/pin/(?:[\w-]*--)?(\d+)",
    "reddit": r"/comments/\w+/[^/]*/(\w+)|/comments/(\w+)|^redd\.it/(\w+)",
    "telegram": r"^[^/]+/(?:s/|c/)?([\w-]+)/(?:\d+/)?(\d+)/?(?:#|$)",
    "threads": r"/(?:post|t)/([\w-]+)",
    "tiktok": r"/(?:video|photo|v)/(\d+)",
    "truthsocial": r"/(?:posts|statuses|@\w+)/(\d+)",
    "tumblr": r"/(?:post/|[\w-]+/)(\d{6,})",
    "twitter": r"/status(?:es)?/(\d+)",
    "vk": r"/wall(-?\d+_\d+)",
    "weibo": r"/(?:detail|status|\d+)/(\w+)/?(?:#|$)",
    "xiaohongshu": r"/(?:explore|item)/(\w+)",
    "youtube": r"(?:^(?:www\.)?youtu\.be|/shorts|/live|/embed|/v)/([\w-]{11})/?(?:#|$)",
}
_IN_PATH = {name: re.compile(pattern, re.ASCII) for name, pattern in _PATHS.items()}
# Parameters of the query that hold the id instead, in order of preference.
_IN_QUERY: Mapping[str, tuple[str, ...]] = {
    "douyin": ("modal_id",),
    "facebook": ("story_fbid", "fbid", "multi_permalinks", "v"),
    "vk": ("w",),
    "youtube": ("v",),
}
_FACEBOOK_ID = re.compile(r"(?:\d+_)?\d+|pfbid\w+", re.ASCII)
_AD_LIBRARY = "/ads/"  # pages of Facebook's Ad Library name the ad by the parameter `id`
# Parameters of links to a comment below the post, whose author is someone else.
_COMMENTS: Mapping[str, tuple[str, ...]] = {
    "facebook": ("comment_id", "reply_comment_id"),
    "instagram": ("comment_id",),
    "linkedin": ("commentUrn", "dashCommentUrn"),
    "telegram": ("comment",),
    "tiktok": ("share_comment_id",),
    "vk": ("reply",),
    "youtube": ("lc",),
}
_INSTAGRAM_COMMENT = re.compile(r"/c/\d+/?(?:r/\d+/?)?", re.ASCII)
_BLUESKY_POST = re.compile(r"/profile/(did:[\w:.%-]+)/post/([\w.~-]+)", re.ASCII)


def facebook_post_id(id: str) -> str:
    """Reduce `<page>_<post>` of Facebook to `<post>`; any other id is returned unchanged."""
    match = _WITH_PAGE.fullmatch(id)
    return match[1] if match else id


def shortcode_of(id: str) -> str:
    """Turn the number of an Instagram or Threads post into its shortcode; else unchanged."""
    match = _MEDIA_ID.fullmatch(id)
    if match is None:
        return id
    number = int(match[1])
    code = ""
    while number:
        number, digit = divmod(number, len(_BASE64_DIGITS))
        code = _BASE64_DIGITS[digit] + code
    return code or _BASE64_DIGITS[0]


def weibo_number(id: str) -> str:
    """Turn the short name of a Weibo post (`ImTGkcdDn`) into its number; else unchanged."""
    if id.isdecimal() or not _SHORT_NAME.fullmatch(id):
        return id
    number = 0
    for at in range(len(id) % 4 - 4, len(id), 4):
        part = 0
        for digit in id[max(at, 0) : at + 4]:
            part = part * len(_BASE62_DIGITS) + _BASE62_DIGITS.index(digit)
        if part >= 10**7:
            return id
        number = number * 10**7 + part
    return str(number)


def _reddit_id(id: str) -> str:
    return id.lower().removeprefix("t3_").removeprefix("t1_")


def _vk_id(id: str) -> str:
    return id.removeprefix("wall")


_NORMALISERS: Mapping[str, Callable[[str], str]] = {
    "facebook": facebook_post_id,
    "instagram": shortcode_of,
    "reddit": _reddit_id,
    "telegram": str.lower,
    "threads": shortcode_of,
    "vk": _vk_id,
    "weibo": weibo_number,
}


def canonical_id(platform: str, id: str) -> str:
    """Normalise the id of a post, as all readers of the platform do."""
    normalise = _NORMALISERS.get(platform)
    return normalise(id) if normalise else id


def id_in_link(platform: str, link: str) -> str:
    """The id of the post that a link leads to.

    Raises ValueError, with a plain reason, if the link names no post, or a comment on one.
    """
    shown = f"the link {link[:80]!r}"
    if len(link) > _MAX_LINK:
        raise ValueError(f"{shown} is longer than {_MAX_LINK:,} characters")
    try:
        parts = urlsplit(link.replace("/#!/", "/", 1))  # the old form of X's links
        query = parse_qs(parts.query, max_num_fields=100)
    except ValueError as error:
        raise ValueError(f"{shown} can't be read: {error}") from None
    path = unquote(parts.path)
    if any(name in query for name in _COMMENTS.get(platform, ())) or (
        platform == "instagram" and _INSTAGRAM_COMMENT.search(path)
    ):
        raise ValueError(f"{shown} leads to a comment on a post")
    pattern = _IN_PATH.get(platform)
    match = pattern.search(f"{parts.netloc}{path}#{parts.fragment}") if pattern else None
    id = next((query[name][0] for name in _IN_QUERY.get(platform, ()) if name in query), "")
    if match:
        id = "/".join(filter(None, match.groups()))
    elif platform == "bluesky" and (post := _BLUESKY_POST.search(path)):
        id = f"at://{post[1]}/app.bsky.feed.post/{post[2]}"
    elif platform == "facebook":
        id = query.get("id", [""])[0] if path.startswith(_AD_LIBRARY) else id
        id = id if _FACEBOOK_ID.fullmatch(id) else ""
    elif platform == "vk":
        id = id if id.startswith("wall") else ""
    if not id.strip():
        raise ValueError(f"{shown} does not name a post")
    return canonical_id(platform, id.strip())


def post_key(platform: str, written: str) -> str:
    """Key a post by its id or by the link to it; a link that names no post stays as it is.

    So does an id that may not be the platform's, such as `20190819_1`.
    """
    if not is_link(written):
        return canonical_id(platform, written) if _is_platform_id(platform, written) else written
    try:
        return id_in_link(platform, written) if platform_of(written) == platform else written
    except ValueError:
        return written


def _is_platform_id(platform: str, id: str) -> bool:
    """Whether only the platform itself can have given an id."""
    if platform == "facebook":
        return bool(_CERTAINLY_WITH_PAGE.fullmatch(id))
    if platform in ("instagram", "threads") and (media := _MEDIA_ID.fullmatch(id)):
        return _MIN_MEDIA_ID <= int(media[1]) < _MEDIA_ID_LIMIT
    return True
