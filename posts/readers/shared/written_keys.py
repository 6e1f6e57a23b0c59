"""Normalises the keys in tables that come from no particular tool.

Frametrace's own format and column maps use it, so that their posts share keys with other tools'.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from frametrace.posts.model import ACCOUNT_NUMBER, WRITTEN_ID
from frametrace.posts.readers.shared.account_keys import BY_HANDLE, account_key, handle_in_link
from frametrace.posts.readers.shared.platforms import is_link, platform_named, platform_or
from frametrace.posts.readers.shared.post_keys import post_key

__all__ = ["Keys", "Written", "another_account", "keys_of"]

_HANDLE = re.compile(r"[\w.]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Written:
    """What a row says, as it is written; `usual_platform` is used if it names no platform."""

    platform: str
    post_id: str
    account_id: str
    account_name: str = ""
    usual_platform: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of a post and its account; `extra` goes into the post's `extra`.

    `other_account`: the row names another account than the link to the post; the link's is used.
    """

    platform: str
    post_id: str
    account_id: str
    account_name: str
    extra: Mapping[str, str] = field(default_factory=dict)
    other_account: bool = False


def keys_of(written: Written) -> Keys:
    """Normalise the keys; a handle in the link to the post is the best name of its account.

    Raises ValueError if an id or an account consists of a sign such as `@` alone.
    """
    link = written.post_id if is_link(written.post_id) else ""
    platform = _platform(written, link)
    post_id = post_key(platform, written.post_id)
    account = account_key(platform, written.account_id, post_id)
    if not (post_id and account):
        raise ValueError("the post's id or the account's is only a sign, such as @")
    shown = written.account_id.removeprefix("@")
    name = written.account_name.strip()
    if not link:
        extra = {} if post_id == written.post_id else {WRITTEN_ID: written.post_id}
        return Keys(platform, post_id, account, name or ("" if shown == account else shown), extra)
    # A link that names no post, such as one made for sharing, doesn't name the account either.
    handle = handle_in_link(platform, link) if post_id != link else ""
    number = account if handle and account.isdecimal() and account != handle else ""
    if not name and not number and shown != (handle or account):
        name = shown
    is_other = bool(handle and not number and _is_other_handle(platform, account, handle))
    extra = {"link": link}
    if number:
        extra[ACCOUNT_NUMBER] = number
    return Keys(
        platform=platform,
        post_id=post_id,
        account_id=handle or account,
        account_name="" if is_other else name,
        extra=extra,
        other_account=is_other,
    )


def _platform(written: Written, link: str) -> str:
    """The platform that is named; if that is only a site, the link to the post is more precise."""
    platform = platform_named(written.platform) or written.usual_platform
    if platform and "." not in platform:
        return platform
    return platform_or(link, platform or "unknown")


def _is_other_handle(platform: str, named: str, handle: str) -> bool:
    """Whether the named account is another handle; what can't be a handle is a display name."""
    return platform in BY_HANDLE and named != handle and bool(_HANDLE.fullmatch(named))


def another_account(column: str) -> str:
    """The note on a row that names another account than the link to its post."""
    return (
        f"the link to the post names another account than {column}: the link's account is used, "
        f"and the value of {column} is kept with the post"
    )
