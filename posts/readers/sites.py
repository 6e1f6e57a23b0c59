"""Which platform a link belongs to, for formats that hold posts of many."""

from urllib.parse import urlsplit

__all__ = ["host_of", "platform_of"]

_PLATFORMS = {
    "bsky.app": "bluesky",
    "facebook.com": "facebook",
    "fb.watch": "facebook",
    "instagram.com": "instagram",
    "t.me": "telegram",
    "tiktok.com": "tiktok",
    "twitter.com": "twitter",
    "vk.com": "vk",
    "x.com": "twitter",
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
