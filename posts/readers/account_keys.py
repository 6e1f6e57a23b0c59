"""What an account is called, so that it has one key whatever tool tells of it.

Of Instagram, Pinterest, Threads and TikTok some tools know an account by its handle only, so every
reader names it by that, in lower case; one of X by its number, and by its handle where a tool tells
no number. Reddit's are named by their names, which never change.
"""

import re

from frametrace.posts.model import ACCOUNT_NUMBER
from frametrace.posts.values import restored_id

__all__ = ["BY_HANDLE", "account_key", "account_of", "handle_in_link", "one_of_many", "page_of"]

# Platforms on which accounts go by their handles.
BY_HANDLE = frozenset({"instagram", "pinterest", "threads", "tiktok"})

# Names that platforms show in the place of many people's.
_MANY = {
    "4chan": frozenset({"Anonymous"}),
    "8chan": frozenset({"Anonymous"}),
    "8kun": frozenset({"Anonymous"}),
    "9gag": frozenset({"9GAGGER"}),
    "reddit": frozenset({"[deleted]", "[removed]", "[deleted by user]"}),
    "telegram": frozenset({"Deleted Account"}),
}

_LINKS = {
    "instagram": re.compile(r"https?://[^/?#]+/([\w.]{1,40})/(?:p|reel|tv)/", re.A | re.I),
    "threads": re.compile(r"https?://[^/?#]+/@([\w.]{1,40})/", re.A | re.I),
    "tiktok": re.compile(r"https?://[^/?#]+/@([\w.]{1,40})/", re.A | re.I),
}


def account_of(handle: str, number: str, missing: str) -> tuple[str, dict[str, str]]:
    """Name an account by its handle, else by its number; also give what is kept beside the name.

    That is the number of an account which is named by its handle. Raises ValueError, which names
    the column `missing`, if there is neither.
    """
    handle, number = handle.strip().removeprefix("@"), number.strip()
    if handle:
        return handle.lower(), {ACCOUNT_NUMBER: number} if number else {}
    try:
        number = restored_id(number)
    except ValueError as error:
        raise ValueError(f"{missing} is empty, and the account's number {error}") from None
    if not number:
        raise ValueError(f"{missing} is empty")
    return number, {}


def page_of(tail: str) -> str:
    """The account of Facebook by what the link to it ends in: its name, or its number if told."""
    return tail.partition("profile.php?id=")[2].partition("&")[0] or tail


def one_of_many(platform: str, name: str, post_id: str) -> str:
    """Name who posted, where a platform shows one name for many people: each is one for itself."""
    return f"{name}/{post_id}" if name in _MANY.get(platform, ()) else name


def account_key(platform: str, written: str, post_id: str) -> str:
    """Spell what a table says of who posted as readers of the platform do."""
    name = written.removeprefix("@")
    if platform in BY_HANDLE or platform == "twitter":  # whose number has no letters
        return name.lower()
    if platform == "reddit":
        name = name.removeprefix("/").removeprefix("u/")
    return one_of_many(platform, name, post_id)


def handle_in_link(platform: str, link: str) -> str:
    """The handle of an account in the link to a post, in lower case; empty where it is not told."""
    found = _LINKS[platform].match(link) if platform in _LINKS else None
    return found[1].lower() if found else ""
