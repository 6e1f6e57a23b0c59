"""Builds the keys in a row of 4CAT's tables: of the post, its account and the post it repeats."""

from frametrace.posts.model import AccountKind
from frametrace.posts.readers.fourcat_columns import Columns
from frametrace.posts.readers.shared.account_keys import (
    account_by_handle,
    facebook_page,
    unshared_account,
)
from frametrace.posts.readers.shared.linkedin_ids import account_at
from frametrace.posts.readers.shared.post_keys import canonical_id
from frametrace.posts.readers.vk_api import kind_of
from frametrace.posts.rows import Row

__all__ = ["account_in", "post_id_in", "repost_in"]

_YES = frozenset({"yes", "true", "1"})

# The author that imageboards show for a post without one.
_ANONYMOUS = "Anonymous"


def post_id_in(row: Row, platform: str) -> str:
    """Take a post's id, with the chat, wall or board before it where ids are unique only there."""
    post_id = row.key("id")
    if platform == "telegram":
        chat = row.values.get("chat", "").strip() or row.values.get("thread_id", "").strip()
        number = post_id.removeprefix(f"{chat}-")
        return canonical_id(platform, f"{chat}/{number}" if chat else post_id)
    if platform == "vk":
        wall = row.values.get("link", "").strip().rpartition("/wall")[2]
        return wall if wall.endswith(f"_{post_id}") else post_id
    if platform in {"4chan", "8kun", "8chan"} and (board := row.values.get("board", "").strip()):
        return f"{board}/{post_id}"
    return canonical_id(platform, post_id)


def account_in(
    row: Row, columns: Columns, platform: str, post_id: str
) -> tuple[str, AccountKind, str, dict[str, str]]:
    """Take the account: its key, kind and name, and what `extra` keeps of it."""
    names = [row.values.get(name, "").strip() for name in columns.name]
    name = next(filter(None, names), "")
    kind = AccountKind.ACCOUNT
    if columns.by_handle:
        account_id, account_extra = account_by_handle(
            name, row.take(*columns.account), columns.name[0]
        )
        row.take(*columns.name)
        return account_id, kind, name, account_extra
    if columns.platform == "4chan" and not row.values.get("author", "").strip():
        row.values["author"] = name = _ANONYMOUS
    if columns.platform == "telegram" and not row.values.get("author", "").strip():
        return row.key("chat", "thread_id"), AccountKind.CHANNEL, name, {}
    account_id = row.key(*columns.account)
    if columns.platform == "telegram":
        account_id, kind = _telegram(row, account_id)
    elif columns.platform == "linkedin":
        account_id = account_at(account_id) or account_id
        kind = AccountKind.PAGE if account_id.startswith("company/") else kind
    elif columns.platform == "vk":
        kind = kind_of(account_id, row.values.get("author_type", ""))
    elif columns.platform == "facebook":
        account_id = facebook_page(account_id)
        kind = AccountKind.PAGE if columns.account == ("page_id",) else kind
    for column in columns.name:
        if row.values.get(column, "").strip() == name:
            row.take(column)
    return unshared_account(platform, account_id, post_id), kind, name, {}


def _telegram(row: Row, number: str) -> tuple[str, AccountKind]:
    """The key and kind of a number; it is a channel's if the author is the chat itself."""
    chat = row.values.get("chat", "").strip()
    if chat and chat in {row.values.get("author_username", "").strip(), number}:
        return f"channel{number}", AccountKind.CHANNEL
    return f"user{number}", AccountKind.ACCOUNT


def repost_in(row: Row, platform: str) -> str:
    """Take the id of the post that this one repeats natively, or else the account of that post."""
    if platform == "telegram":
        handle = row.take("author_forwarded_from_username").strip()
        number = row.values.get("author_forwarded_from_id", "").strip()
        return f"@{handle}" if handle else number or row.take("author_forwarded_from_name").strip()
    if platform == "tumblr":
        parent = row.values.get("parent_post_url", "").strip()
        return _number_in(parent)
    original_author = row.take("retweeted_user").strip()
    is_repost = row.values.get("is_retweet", "").strip().lower() in _YES
    return f"@{original_author}" if is_repost else ""


def _number_in(link: str) -> str:
    """The number of a post in its link: `https://blog.tumblr.com/post/123/its-title`."""
    parts = link.split("/")
    return next((part for part in parts if part.isdecimal() and len(part) > 5), "")
