"""Builds the key of an account, so that its posts share one key whichever tool exported them.

Some tools know accounts of Instagram, Pinterest, Threads and TikTok by their handles only, so every
reader uses the handle there, in lower case. On X it uses the number, and the handle if a tool
gives no number. On Reddit it uses the name, which never changes.
"""

import re

from frametrace.posts.model import ACCOUNT_NUMBER
from frametrace.posts.values import restored_id

__all__ = [
    "BY_HANDLE",
    "account_by_handle",
    "account_key",
    "facebook_page",
    "handle_in_link",
    "unshared_account",
]

# Platforms whose accounts are keyed by their handles.
BY_HANDLE = frozenset({"instagram", "pinterest", "threads", "tiktok"})

# Names that a platform shows for many different people.
_SHARED_NAMES = {
    "4chan": frozenset({"Anonymous"}),
    "8chan": frozenset({"Anonymous"}),
    "8kun": frozenset({"Anonymous"}),
    "9gag": frozenset({"9GAGGER"}),
    "reddit": frozenset({"[deleted]", "[removed]", "[deleted by user]"}),
    "telegram": frozenset({"Deleted Account"}),
}

_POST_LINKS = {
    "instagram": re.compile(r"https?://[^/?#]+/([\w.]{1,40})/(?:p|reel|tv)/", re.A | re.I),
    "threads": re.compile(r"https?://[^/?#]+/@([\w.]{1,40})/", re.A | re.I),
    "tiktok": re.compile(r"https?://[^/?#]+/@([\w.]{1,40})/", re.A | re.I),
}


def account_by_handle(handle: str, number: str, column: str) -> tuple[str, dict[str, str]]:
    """Key an account by its handle, else by its number, and return what `extra` keeps of it.

    `extra` keeps the number of an account that is keyed by its handle. Raises ValueError, which
    names `column` as empty, if there is neither.
    """
    handle, number = handle.strip().removeprefix("@"), number.strip()
    if handle:
        return handle.lower(), {ACCOUNT_NUMBER: number} if number else {}
    try:
        number = restored_id(number)
    except ValueError as error:
        raise ValueError(f"{column} is empty, and the account's number {error}") from None
    if not number:
        raise ValueError(f"{column} is empty")
    return number, {}


def facebook_page(link_tail: str) -> str:
    """The account in the tail of a link to its page on Facebook: its number if given, or name."""
    return link_tail.partition("profile.php?id=")[2].partition("&")[0] or link_tail


def unshared_account(platform: str, name: str, post_id: str) -> str:
    """Give each post its own account if the platform shows one name for many people."""
    return f"{name}/{post_id}" if name in _SHARED_NAMES.get(platform, ()) else name


def account_key(platform: str, written: str, post_id: str) -> str:
    """Normalise an account that a table names in its own way, as the platform's readers do."""
    name = written.removeprefix("@")
    if platform in BY_HANDLE or platform == "twitter":  # numbers of X have no letters
        return name.lower()
    if platform == "reddit":
        name = name.removeprefix("/").removeprefix("u/")
    return unshared_account(platform, name, post_id)


def handle_in_link(platform: str, link: str) -> str:
    """The account's handle in a link to its post, in lower case; empty if there is none."""
    match = _POST_LINKS[platform].match(link) if platform in _POST_LINKS else None
    return match[1].lower() if match else ""
