"""Which platform a link belongs to, for formats that hold posts of many."""

from urllib.parse import urlsplit

__all__ = ["host_of", "platform_of"]

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
    "reddit.com": "reddit",
    "t.me": "telegram",
    "threads.com": "threads",
    "threads.net": "threads",
    "tiktok.com": "tiktok",
    "truthsocial.com": "truthsocial",
    "tumblr.com": "tumblr",
    "twitter.com": "twitter",
    "vk.com": "vk",
    "x.com": "twitter",
    "xiaohongshu.com": "xiaohongshu",
    "youtu.be": "youtube",
    "youtube.com": "youtube",
}


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
