"""Finds the platform of a link or of a written name, for formats with posts of many platforms."""

import re
from urllib.parse import urlsplit

__all__ = ["PLATFORMS", "host_of", "is_link", "platform_named", "platform_of", "platform_or"]

_SITES = {
    "4chan.org": "4chan",
    "4channel.org": "4chan",
    "8kun.top": "8kun",
    "9gag.com": "9gag",
    "bitchute.com": "bitchute",
    "bsky.app": "bluesky",
    "douban.com": "douban",
    "douyin.com": "douyin",
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "fb.watch": "facebook",
    "gab.com": "gab",
    "iesdouyin.com": "douyin",
    "imgur.com": "imgur",
    "instagram.com": "instagram",
    "linkedin.com": "linkedin",
    "parler.com": "parler",
    "pinterest.com": "pinterest",
    "redd.it": "reddit",
    "reddit.com": "reddit",
    "t.me": "telegram",
    "telegram.me": "telegram",
    "telegram.org": "telegram",
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

# Other names of platforms that people and tools write, without spaces, dashes and underscores.
_ALIASES = {
    "bsky": "bluesky",
    "blueskysocial": "bluesky",
    "fb": "facebook",
    "ig": "instagram",
    "insta": "instagram",
    "redbook": "xiaohongshu",
    "rednote": "xiaohongshu",
    "sinaweibo": "weibo",
    "tg": "telegram",
    "truth": "truthsocial",
    "vkontakte": "vk",
    "вк": "vk",
    "вконтакте": "vk",
    "инстаграм": "instagram",
    "телеграм": "telegram",
    "фейсбук": "facebook",
    "x": "twitter",
    "xhs": "xiaohongshu",
    "yt": "youtube",
    "小红书": "xiaohongshu",
    "微博": "weibo",
    "抖音": "douyin",
    "推特": "twitter",
    "脸书": "facebook",
}
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_WORD = re.compile(r"[^\W_]+")
# Words beside a platform's name that don't change it: `Facebook Pages`, `Twitter, now X`.
_FILLER_WORDS = frozenset(
    {
        *("account", "accounts", "channel", "channels", "group", "groups", "page", "pages"),
        *("post", "posts", "profile", "profiles", "public", "reel", "reels", "shorts", "stories"),
        *("story", "tweet", "tweets", "user", "users", "video", "videos"),
        *("app", "by", "com", "corp", "formerly", "from", "meta", "now", "the"),
    }
)
_MAX_NAME = 60  # characters
_SITE = re.compile(r"[\w-]+(?:\.[\w-]+)+")
PLATFORMS = frozenset(_SITES.values())


def host_of(url: str) -> str:
    """The site that a link leads to. Raises ValueError if it doesn't lead to a site."""
    try:
        host = urlsplit(url).hostname
    except ValueError as error:
        raise ValueError(f"the link {url[:80]!r} can't be read: {error}") from None
    if site := (host or "").strip().removeprefix("www."):
        return site
    raise ValueError(f"the link {url[:80]!r} doesn't lead to a site")


def platform_of(url: str) -> str:
    """The platform of a link, or else its site. Raises ValueError if it doesn't lead to a site."""
    host = host_of(url)
    platforms = (name for site, name in _SITES.items() if f".{host}".endswith(f".{site}"))
    return next(platforms, host)


def platform_named(written: str) -> str:
    """The platform that a cell names, by its usual name: `X` and `twitter.com` are `twitter`.

    An unknown platform is returned as it was written, in lower case.
    """
    lower = written.strip().lower()
    if platform := _known(lower):
        return platform
    if len(lower) > _MAX_NAME and not is_link(lower):
        return lower
    name = _BETWEEN_WORDS.sub("", lower)
    if platform := _known(name):
        return platform
    if is_link(lower) or _SITE.fullmatch(lower):
        return platform_or(lower if is_link(lower) else f"https://{lower}", lower)
    return _in_words(lower) or lower


def _known(name: str) -> str:
    return _ALIASES.get(name, name if name in PLATFORMS else "")


def _in_words(lower: str) -> str:
    """The one platform that all words name; empty if they name several, or one is unknown."""
    words = [word for word in _WORD.findall(lower) if word not in _FILLER_WORDS]
    if platform := _known("".join(words)):
        return platform
    platforms = {_known(word) for word in words}
    return platforms.pop() if len(platforms) == 1 else ""


def is_link(text: str) -> bool:
    """Whether a text is a link to a site."""
    return text[:8].lower().startswith(("http://", "https://"))


def platform_or(url: str, default: str) -> str:
    """The platform of a link, or `default` if it doesn't lead to a site."""
    try:
        return platform_of(url.strip())
    except ValueError:
        return default
