"""Which platform a link belongs to, for formats that hold posts of many."""

from urllib.parse import urlsplit

__all__ = ["host_of", "platform_of", "platform_or"]

_PLATFORMS = {
    "bsky.app": "bluesky",
    "douyin.com": "douyin",
    "facebook.com": "facebook",
    "fb.watch": "facebook",
    "iesdouyin.com": "douyin",
    "instagram.com": "instagram",
    "redd.it": "reddit",
    "reddit.com": "reddit",
    "t.me": "telegram",
    "tiktok.com": "tiktok",
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


def platform_or(url: str, default: str) -> str:
    """Name the platform of a link, or `default` where it can't be told by it."""
    try:
        return platform_of(url.strip())
    except ValueError:
        return default
