"""Which platform a link belongs to, for formats that hold posts of many."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

__all__ = ["PLATFORMS", "host_of", "leads_to_post", "platform_of", "platform_or", "post_id_of"]

_PLATFORMS = {
    "4chan.org": "4chan",
    "4channel.org": "4chan",
    "8kun.top": "8kun",
    "9gag.com": "9gag",
    "bitchute.com": "bitchute",
    "bsky.app": "bluesky",
    "douban.com": "douban",
    "douyin.com": "douyin",
    "facebook.com": "facebook",
    "fb.watch": "facebook",
    "gab.com": "gab",
    "imgur.com": "imgur",
    "instagram.com": "instagram",
    "linkedin.com": "linkedin",
    "parler.com": "parler",
    "pinterest.com": "pinterest",
    "iesdouyin.com": "douyin",
    "redd.it": "reddit",
    "reddit.com": "reddit",
    "t.me": "telegram",
    "threads.com": "threads",
    "threads.net": "threads",
    "tiktok.com": "tiktok",
    "truthsocial.com": "truthsocial",
    "tumblr.com": "tumblr",
    "twitter.com": "twitter",
    "vk.com": "vk",
    "vk.ru": "vk",
    "vkvideo.ru": "vk",
    "weibo.cn": "weibo",
    "weibo.com": "weibo",
    "x.com": "twitter",
    "xiaohongshu.com": "xiaohongshu",
    "youtu.be": "youtube",
    "youtube.com": "youtube",
}

# The names of platforms as posts have them, those included that no site belongs to.
PLATFORMS = frozenset({*_PLATFORMS.values(), "mastodon", "whatsapp"})

# Where the links of a platform hold the post's id.
_IDS: Mapping[str, re.Pattern[str]] = {
    "twitter": re.compile(r"/status(?:es)?/(\d+)"),
    "instagram": re.compile(r"/(?:p|reel|reels|tv)/([\w-]+)"),
    "tiktok": re.compile(r"/(?:video|photo)/(\d+)"),
    "telegram": re.compile(r"^/(?:s/)?([\w-]+/\d+)"),
    "youtube": re.compile(r"^/(?:shorts/|live/|embed/)?([\w-]{11})$"),
    "reddit": re.compile(r"/comments/(\w+)"),
    "vk": re.compile(r"wall(-?\d+_\d+)"),
}
_FACEBOOK_QUERY = ("story_fbid", "fbid", "v")
_FACEBOOK_ID = re.compile(r"\d{5,}|pfbid\w+", re.ASCII)


def host_of(url: str) -> str:
    """Name the site that a link leads to. Raises ValueError if it leads to none."""
    try:
        host = urlsplit(url).hostname
    except ValueError as error:
        raise ValueError(f"the link {url[:80]!r} can't be read: {error}") from None
    if not host or not host.strip():
        raise ValueError(f"the link {url[:80]!r} leads to no site")
    return host.strip().removeprefix("www.")


def platform_of(url: str) -> str:
    """Name the platform of a link, or else its site. Raises ValueError if it leads to none."""
    host = host_of(url)
    known = (name for site, name in _PLATFORMS.items() if f".{host}".endswith(f".{site}"))
    return next(known, host)


def post_id_of(url: str) -> str:
    """The id that a platform gave the post which a link leads to; else the link itself.

    Raises ValueError, with a plain reason, if the link leads to no site.
    """
    platform = platform_of(url)
    parts = urlsplit(url)
    try:
        query = parse_qs(parts.query, max_num_fields=100)
    except ValueError:
        query = {}
    if platform == "facebook":
        tail = parts.path.rstrip("/").rpartition("/")[2]
        return next((query[name][0] for name in _FACEBOOK_QUERY if name in query), tail) or url
    if platform == "youtube" and "v" in query:
        return query["v"][0]
    known = _IDS.get(platform)
    found = known.search(parts.path) if known else None
    return found[1] if found else url


def leads_to_post(url: str) -> bool:
    """Whether a link leads to a post of a platform that is known, and not to an account."""
    try:
        platform, found = platform_of(url), post_id_of(url)
        path = urlsplit(url).path
    except ValueError:
        return False
    if platform not in PLATFORMS or not url.startswith(("http://", "https://")):
        return False
    steps = [step for step in path.split("/") if step]
    if platform == "facebook":
        below = len(steps) > (2 if steps[:1] == ["groups"] else 1)
        return bool(_FACEBOOK_ID.fullmatch(found)) and (below or found not in steps)
    return found != url if platform in _IDS else len(steps) > 1


def platform_or(url: str, default: str) -> str:
    """Name the platform of a link, or `default` where it can't be told by it."""
    try:
        return platform_of(url.strip())
    except ValueError:
        return default
