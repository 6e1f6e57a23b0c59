"""Who posted what, as a table of no tool says it: spelled as readers of the platform spell it."""

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
    """What a row says: the platform, or what stands in for it, and the rest as it is written."""

    platform: str
    post_id: str
    account_id: str
    account_name: str = ""
    usual_platform: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """The post's key and its account. `kept` belongs to what is kept with the post.

    `other_account`: the row names another account than the post's own link, which counts.
    """

    platform: str
    post_id: str
    account_id: str
    account_name: str
    kept: Mapping[str, str] = field(default_factory=dict)
    other_account: bool = False


def keys_of(written: Written) -> Keys:
    """Spell them; a handle in the link to the post is the best name of its account.

    Raises ValueError where an id or an account is a sign alone.
    """
    link = written.post_id if is_link(written.post_id) else ""
    platform = _platform(written, link)
    post_id = post_key(platform, written.post_id)
    own = account_key(platform, written.account_id, post_id)
    if not (post_id and own):
        raise ValueError("the post's id or the account's is a sign alone")
    # A link that names no post, such as one to share it, tells nothing of the account either.
    handle = handle_in_link(platform, link) if link and post_id != link else ""
    number = own if handle and own.isdecimal() and own != handle else ""
    shown = "" if number else written.account_id.removeprefix("@")
    name = written.account_name.strip() or ("" if shown == (handle or own) else shown)
    other = bool(handle and not number and _is_another(platform, own, handle))
    kept = {"link": link} if link else {}
    if not link and post_id != written.post_id:
        kept[WRITTEN_ID] = written.post_id
    if number:
        kept[ACCOUNT_NUMBER] = number
    return Keys(
        platform=platform,
        post_id=post_id,
        account_id=handle or own,
        account_name="" if other else name,
        kept=kept,
        other_account=other,
    )


def _platform(written: Written, link: str) -> str:
    """The platform that is named; of a site's name and a link of a post the link says more."""
    named = platform_named(written.platform) or written.usual_platform
    if named and "." not in named:
        return named
    return platform_or(link, named or "unknown")


def _is_another(platform: str, own: str, handle: str) -> bool:
    """Whether it is another handle; what can't be one is the name that people see."""
    return platform in BY_HANDLE and own != handle and bool(_HANDLE.fullmatch(own))


def another_account(column: str) -> str:
    """What is told of a row that names another account than the post's own link."""
    return (
        f"the link to the post names another account than {column}: that account counts, and what "
        f"{column} says is kept with the post"
    )
