"""What a post is called, so that it has one key whatever tool tells of it.

A tool gives the platform's id, an id with something around it, or the link to the post. Facebook's
APIs write `<page>_<post>`, its links end in `<post>`; a post of Instagram or Threads has a number,
and the shortcode of its link; one of Weibo a number and a short name.
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
# Where no tool says that an id is of Facebook's API, only long numbers are: those of pages, which
# came in 2007, have 10 digits and more, and those of posts since 2009 12 and more
# (developers.facebook.com/docs/pages/publishing has 546349135390552_1116689038356556).
_SURELY_WITH_PAGE = re.compile(r"\d{10,20}_\d{12,20}", re.ASCII)

# The digits of a shortcode, which is the number in base 64 (RFC 4648, section 5).
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# A media's number of at most 64 bits, alone or before its author's: `123` or `123_456`.
_MEDIA = re.compile(r"(\d{1,20})(?:_\d{1,20})?", re.ASCII)
# It begins with 41 bits of milliseconds since August 2011 (Instagram's "Sharding & IDs"), so since
# January 2012 it has 18 digits and more; a time that is written without signs has 17 at most.
_LEAST_MEDIA, _MOST_MEDIA = 10**17, 2**63

# A short name of Weibo holds the number: from the right, four signs for each seven digits.
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT = re.compile(r"[0-9a-zA-Z]{8,10}", re.ASCII)

_LONGEST_LINK = 2048  # characters; browsers allow some more

# Where links hold the id, after `site/path#fragment`; groups are joined by a slash.
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
# Where the link's query holds it instead, the first that is there.
_IN_QUERY: Mapping[str, tuple[str, ...]] = {
    "douyin": ("modal_id",),
    "facebook": ("story_fbid", "fbid", "multi_permalinks", "v"),
    "vk": ("w",),
    "youtube": ("v",),
}
_OF_FACEBOOK = re.compile(r"(?:\d+_)?\d+|pfbid\w+", re.ASCII)
_ADS = "/ads/"  # pages of Facebook's Ad Library, which say by `id` what they show
# By these in its query a link leads to a comment below the post, whose author is another.
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
_BLUESKY = re.compile(r"/profile/(did:[\w:.%-]+)/post/([\w.~-]+)", re.ASCII)


def facebook_post_id(id: str) -> str:
    """Name a post of Facebook by what its link ends in; another id is returned unchanged."""
    match = _WITH_PAGE.fullmatch(id)
    return match[1] if match else id


def shortcode_of(id: str) -> str:
    """Name a post of Instagram or Threads by its shortcode, given its number; else unchanged."""
    match = _MEDIA.fullmatch(id)
    if match is None:
        return id
    number = int(match[1])
    code = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        code = _DIGITS[digit] + code
    return code or _DIGITS[0]


def weibo_number(id: str) -> str:
    """Name a post of Weibo by its number, given its short name (`ImTGkcdDn`); else unchanged."""
    if id.isdecimal() or not _SHORT.fullmatch(id):
        return id
    number = 0
    for at in range(len(id) % 4 - 4, len(id), 4):
        part = 0
        for sign in id[max(at, 0) : at + 4]:
            part = part * len(_SIGNS) + _SIGNS.index(sign)
        if part >= 10**7:
            return id
        number = number * 10**7 + part
    return str(number)


def _bare(id: str) -> str:
    return id.lower().removeprefix("t3_").removeprefix("t1_")


def _wall(id: str) -> str:
    return id.removeprefix("wall")


_SPELLED: Mapping[str, Callable[[str], str]] = {
    "facebook": facebook_post_id,
    "instagram": shortcode_of,
    "reddit": _bare,
    "telegram": str.lower,
    "threads": shortcode_of,
    "vk": _wall,
    "weibo": weibo_number,
}


def canonical_id(platform: str, id: str) -> str:
    """Spell the id of a post of a platform as all readers do."""
    spelled = _SPELLED.get(platform)
    return spelled(id) if spelled else id


def id_in_link(platform: str, link: str) -> str:
    """The id of the post of a platform that a link leads to.

    Raises ValueError, with a plain reason, if the link names no post, or a comment on one.
    """
    shown = f"the link {link[:80]!r}"
    if len(link) > _LONGEST_LINK:
        raise ValueError(f"{shown} is longer than {_LONGEST_LINK:,} characters")
    try:
        parts = urlsplit(link.replace("/#!/", "/", 1))  # how X's links once were
        query = parse_qs(parts.query, max_num_fields=100)
    except ValueError as error:
        raise ValueError(f"{shown} can't be read: {error}") from None
    path = unquote(parts.path)
    if any(name in query for name in _COMMENTS.get(platform, ())) or (
        platform == "instagram" and _INSTAGRAM_COMMENT.search(path)
    ):
        raise ValueError(f"{shown} leads to a comment on a post")
    named = _IN_PATH.get(platform)
    match = named.search(f"{parts.netloc}{path}#{parts.fragment}") if named else None
    found = next((query[name][0] for name in _IN_QUERY.get(platform, ()) if name in query), "")
    if match:
        found = "/".join(filter(None, match.groups()))
    elif platform == "bluesky" and (post := _BLUESKY.search(path)):
        found = f"at://{post[1]}/app.bsky.feed.post/{post[2]}"
    elif platform == "facebook":
        found = query.get("id", [""])[0] if path.startswith(_ADS) else found
        found = found if _OF_FACEBOOK.fullmatch(found) else ""
    elif platform == "vk":
        found = found if found.startswith("wall") else ""
    if not found.strip():
        raise ValueError(f"{shown} does not name a post")
    return canonical_id(platform, found.strip())


def post_key(platform: str, written: str) -> str:
    """Name a post by its id, or by the link to it; a link that names none stays as it is.

    An id that needn't be the platform's, such as `20190819_1`, is somebody's own and stays, too.
    """
    if not is_link(written):
        return canonical_id(platform, written) if _is_of(platform, written) else written
    try:
        return id_in_link(platform, written) if platform_of(written) == platform else written
    except ValueError:
        return written


def _is_of(platform: str, id: str) -> bool:
    """Whether an id can only be one that the platform gave."""
    if platform == "facebook":
        return bool(_SURELY_WITH_PAGE.fullmatch(id))
    if platform in ("instagram", "threads") and (media := _MEDIA.fullmatch(id)):
        return _LEAST_MEDIA <= int(media[1]) < _MOST_MEDIA
    return True
